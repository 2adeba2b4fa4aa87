//! The connection pool of one store. Lost connections are replaced.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use provkey::store::{FaultKind, StoreError};

use crate::PostgresOptions;
use crate::address::Address;
use crate::error::{Failed, because};
use crate::session::Session;
use crate::tls::Tls;

/// A connection that was idle for longer is tested before it is used: servers restart, and networks
/// drop idle connections.
const IDLE_MAX: Duration = Duration::from_secs(5);
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);
/// The pause before a transaction is retried after a conflict.
const RETRY_PAUSE: Duration = Duration::from_millis(1);

pub(crate) struct Pool {
    pub(crate) address: Arc<Address>,
    tls: Tls,
    options: PostgresOptions,
    state: Mutex<State>,
    returned: Condvar,
}

struct State {
    /// How many more connections may be in use.
    permits: usize,
    idle: Vec<Session>,
}

impl Pool {
    pub(crate) fn new(address: Address, tls: Tls, options: PostgresOptions) -> Self {
        let permits = options.connections_max.max(1);
        Self {
            address: Arc::new(address),
            tls,
            options,
            state: Mutex::new(State { permits, idle: Vec::new() }),
            returned: Condvar::new(),
        }
    }

    /// Runs a read. After a lost connection it is retried once.
    pub(crate) fn read<T>(
        &self,
        mut read: impl FnMut(&mut Session) -> Result<T, Failed>,
    ) -> Result<T, StoreError> {
        let answer = self.with_session(|session| match read(session) {
            Err(Failed::Lost(_)) => {
                *session = self.connect()?;
                read(session)
            }
            answer => answer,
        })?;
        answer.map_err(|failed| failed.not_applied(&self.address))
    }

    /// Runs what commits. After a conflict it is retried, until the timeout.
    pub(crate) fn write<T>(
        &self,
        mut write: impl FnMut(&mut Session) -> Result<T, Failed>,
    ) -> Result<T, StoreError> {
        let started = Instant::now();
        let answer = self.with_session(|session| {
            loop {
                match write(session) {
                    Err(Failed::Conflict(_)) if started.elapsed() < self.options.busy_timeout => {
                        std::thread::sleep(RETRY_PAUSE);
                    }
                    answer => return answer,
                }
            }
        })?;
        answer.map_err(|failed| failed.of_commit(&self.address))
    }

    /// A connection that the pool does not count.
    pub(crate) fn connect_anew(&self) -> Result<postgres::Client, Failed> {
        Session::client(&self.address, &self.tls)
    }

    /// Closes the idle connections.
    pub(crate) fn close(&self) {
        let idle = std::mem::take(&mut self.state().idle);
        drop(idle);
    }

    fn with_session<T>(
        &self,
        work: impl FnOnce(&mut Session) -> Result<T, Failed>,
    ) -> Result<Result<T, Failed>, StoreError> {
        let _permit = self.permit()?;
        let mut session = match self.idle() {
            Some(session) => session,
            None => self.connect().map_err(|failed| failed.not_applied(&self.address))?,
        };
        let answer = work(&mut session);
        match &answer {
            // The idle connections go to the same server, which is down or no longer the primary.
            Err(failed) if failed.ends_sessions() => self.close(),
            _ => {
                session.mark_used();
                self.state().idle.push(session);
            }
        }
        Ok(answer)
    }

    /// An idle connection. If it turns out to be dead, all of them are closed.
    fn idle(&self) -> Option<Session> {
        let mut session = self.state().idle.pop()?;
        if session.is_alive(IDLE_MAX, ANSWER_TIMEOUT) {
            return Some(session);
        }
        self.close();
        None
    }

    fn connect(&self) -> Result<Session, Failed> {
        Session::connect(&self.address, &self.tls, self.options.busy_timeout)
    }

    /// Waits until a connection may be used.
    fn permit(&self) -> Result<Permit<'_>, StoreError> {
        let timeout = self.options.busy_timeout;
        let none_left = |state: &mut State| state.permits == 0;
        let waited = self.returned.wait_timeout_while(self.state(), timeout, none_left);
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        if state.permits == 0 {
            let why = format!("all {} connections are in use", self.options.connections_max);
            return Err(because(&self.address, FaultKind::Busy, &why));
        }
        state.permits -= 1;
        Ok(Permit(self))
    }

    // Nothing panics while it holds the lock, so a poisoned lock is sound.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The right to use one connection. Returned even when the work panics.
struct Permit<'p>(&'p Pool);

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        self.0.state().permits += 1;
        self.0.returned.notify_one();
    }
}
