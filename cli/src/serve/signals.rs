//! What each signal does. None kills a server but those that cannot be caught.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// The signals of a process, caught from the moment on at which this is made.
pub(crate) struct Signals {
    pub(crate) end: End,
    pub(crate) others: Others,
}

impl Signals {
    /// Needs a runtime to be entered. SIGPIPE is ignored already, by Rust.
    pub(crate) fn catch() -> io::Result<Self> {
        let end = End {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            // What it does by default is a core file, with the master keys in it.
            quit: signal(SignalKind::quit())?,
        };
        let others = Others {
            hangup: signal(SignalKind::hangup())?,
            user1: signal(SignalKind::user_defined1())?,
            user2: signal(SignalKind::user_defined2())?,
        };
        Ok(Self { end, others })
    }
}

/// Those that end it.
pub(crate) struct End {
    terminate: Signal,
    interrupt: Signal,
    quit: Signal,
}

impl End {
    /// The next of them.
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
