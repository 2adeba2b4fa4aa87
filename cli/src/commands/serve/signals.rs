//! What each signal does. Only signals that cannot be caught kill a server.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// The signals of this process, caught from when this is created.
pub(crate) struct Signals {
    pub(crate) shutdown: ShutdownSignals,
    pub(crate) others: OtherSignals,
}

impl Signals {
    /// Must be called within a runtime. Rust ignores SIGPIPE already.
    pub(crate) fn catch() -> io::Result<Self> {
        let shutdown = ShutdownSignals {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            // By default SIGQUIT writes a core file, which would hold the master keys.
            quit: signal(SignalKind::quit())?,
        };
        let others = OtherSignals {
            hangup: signal(SignalKind::hangup())?,
            user1: signal(SignalKind::user_defined1())?,
            user2: signal(SignalKind::user_defined2())?,
        };
        Ok(Self { shutdown, others })
    }
}

/// The signals that shut the server down.
pub(crate) struct ShutdownSignals {
    terminate: Signal,
    interrupt: Signal,
    quit: Signal,
}

impl ShutdownSignals {
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
