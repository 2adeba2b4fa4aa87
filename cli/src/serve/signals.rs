//! What each signal does. None kills a server but those that cannot be caught.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// The signals that end the server.
pub(crate) struct End {
    terminate: Signal,
    interrupt: Signal,
    quit: Signal,
}

impl End {
    /// Catches them from now on, in the runtime that is entered.
    pub(crate) fn catch() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            // By default it writes a core file, which contains the master keys.
            quit: signal(SignalKind::quit())?,
        })
    }

    /// Waits for the next of them.
    pub(crate) async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
            _ = self.quit.recv() => {}
        }
    }
}

/// Those after which it goes on.
pub(crate) struct Others {
    hangup: Signal,
    user1: Signal,
    user2: Signal,
}

impl Others {
    /// Catches them from now on, in the runtime that is entered. Rust ignores SIGPIPE.
    pub(crate) fn catch() -> io::Result<Self> {
        Ok(Self {
            hangup: signal(SignalKind::hangup())?,
            user1: signal(SignalKind::user_defined1())?,
            user2: signal(SignalKind::user_defined2())?,
        })
    }

    /// The next SIGHUP.
    pub(crate) async fn hangup(&mut self) {
        loop {
            let ignored = tokio::select! {
                _ = self.hangup.recv() => return,
                _ = self.user1.recv() => "SIGUSR1",
                _ = self.user2.recv() => "SIGUSR2",
            };
            tracing::info!("{ignored} is ignored");
        }
    }
}
