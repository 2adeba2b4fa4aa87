//! What each signal does. Only signals that cannot be caught kill a server.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// The signals that shut the server down.
pub(crate) struct ShutdownSignals {
    terminate: Signal,
    interrupt: Signal,
    quit: Signal,
}

impl ShutdownSignals {
    /// Catches them from now on, in the runtime that is entered.
    pub(crate) fn catch() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            // By default SIGQUIT writes a core file, which would hold the master keys.
            quit: signal(SignalKind::quit())?,
        })
    }

    /// Waits for the next one.
    pub(crate) async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
            _ = self.quit.recv() => {}
        }
    }
}

/// The signals after which the server goes on.
pub(crate) struct OtherSignals {
    hangup: Signal,
    user1: Signal,
    user2: Signal,
}

impl OtherSignals {
    /// Catches them from now on, in the runtime that is entered. Rust ignores SIGPIPE already.
    pub(crate) fn catch() -> io::Result<Self> {
        Ok(Self {
            hangup: signal(SignalKind::hangup())?,
            user1: signal(SignalKind::user_defined1())?,
            user2: signal(SignalKind::user_defined2())?,
        })
    }

    /// Waits for the next SIGHUP.
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
