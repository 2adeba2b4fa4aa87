//! The pool of sessions with a token. Sessions are logged in; lost ones are replaced.

use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use cryptoki::context::Pkcs11;
use cryptoki::error::{Error, RvError};
use cryptoki::object::ObjectHandle;
use cryptoki::session::UserType;
use cryptoki::slot::{Limit, Slot};
use provkey::process::Process;

use crate::module::{Module, Run};
use crate::{SESSIONS_MAX, TokenError, TokenPin, TokenSelector};

/// How long a caller waits for a session.
const SESSION_WAIT: Duration = Duration::from_secs(30);

/// The sessions of one token.
pub(crate) struct Pool {
    process: Process,
    module: Arc<Module>,
    selector: TokenSelector,
    pin: TokenPin,
    state: Mutex<State>,
    permit_returned: Condvar,
}

struct State {
    /// How many more sessions may be in use.
    permits: usize,
    idle: Vec<Session>,
    /// Why the token rejected the PIN.
    pin_refused: Option<TokenError>,
}

/// A session. One thread uses it at a time.
pub(crate) struct Session {
    pub(crate) inner: cryptoki::session::Session,
    /// Private keys by the hash of their public key.
    pub(crate) keys: BTreeMap<[u8; 32], ObjectHandle>,
    run: Run,
}

#[derive(Clone, Copy)]
pub(crate) enum Access {
    Read,
    /// Read and write, to generate keys. Many tokens permit few such sessions, so they are not
    /// pooled.
    Write,
}

impl Pool {
    /// Logs in, and pools the session.
    pub(crate) fn open(
        module: Arc<Module>,
        selector: TokenSelector,
        pin: TokenPin,
    ) -> Result<Self, TokenError> {
        let state = State { permits: SESSIONS_MAX, idle: Vec::new(), pin_refused: None };
        let mut pool = Self {
            process: Process::current(),
            module,
            selector,
            pin,
            state: Mutex::new(state),
            permit_returned: Condvar::new(),
        };
        pool.call(Access::Read, |_| Ok(()))?;
        let permits = pool.session_limit()?;
        pool.state.get_mut().unwrap_or_else(PoisonError::into_inner).permits = permits;
        Ok(pool)
    }

    pub(crate) fn selector(&self) -> &TokenSelector {
        &self.selector
    }

    /// Calls the token. If the session fails, retries in a new session and then after a restart
    /// of the module, so `work` may run up to three times. In a forked child, fails without a call.
    pub(crate) fn call<T>(
        &self,
        access: Access,
        work: impl Fn(&mut Session) -> Result<T, TokenError>,
    ) -> Result<T, TokenError> {
        self.process.check()?;
        let _permit = self.permit()?;
        let (run, result) = self.attempt(access, &work);
        if !is_lost(&result) {
            return result;
        }
        self.close_idle();
        let (_, result) = self.attempt(access, &work);
        if !is_lost(&result) || !self.module.restart(run)? {
            return result;
        }
        self.attempt(access, &work).1
    }

    fn attempt<T>(
        &self,
        access: Access,
        work: &impl Fn(&mut Session) -> Result<T, TokenError>,
    ) -> (Run, Result<T, TokenError>) {
        self.module.with(|pkcs11, run| (run, self.with_session(pkcs11, run, access, work)))
    }

    fn with_session<T>(
        &self,
        pkcs11: &Pkcs11,
        run: Run,
        access: Access,
        work: &impl Fn(&mut Session) -> Result<T, TokenError>,
    ) -> Result<T, TokenError> {
        let idle = match access {
            Access::Read => self.take_idle(run),
            Access::Write => None,
        };
        let mut session = match idle {
            Some(session) => session,
            None => self.connect(pkcs11, run, access)?,
        };
        let result = work(&mut session);
        match access {
            Access::Read if result.is_ok() => self.lock().idle.push(session),
            // After an error, the session may be in the middle of an operation.
            Access::Read | Access::Write => session.close(),
        }
        result
    }

    /// Discards sessions of an earlier run: their handles may now name other sessions.
    fn take_idle(&self, run: Run) -> Option<Session> {
        let mut state = self.lock();
        state.idle.retain(|session| session.run == run);
        state.idle.pop()
    }

    fn close_idle(&self) {
        self.module.with(|_, run| {
            while let Some(session) = self.take_idle(run) {
                session.close();
            }
        });
    }

    fn connect(&self, pkcs11: &Pkcs11, run: Run, access: Access) -> Result<Session, TokenError> {
        if let Some(refused) = &self.lock().pin_refused {
            return Err(refused.clone());
        }
        let slot = self.find_slot(pkcs11)?;
        let inner = match access {
            Access::Read => pkcs11.open_ro_session_no_drop(slot),
            Access::Write => pkcs11.open_rw_session_no_drop(slot),
        };
        let inner = inner.map_err(TokenError::from_module)?;
        let session = Session { inner, keys: BTreeMap::new(), run };
        match self.log_in(&session) {
            Ok(()) => Ok(session),
            Err(error) => {
                session.close();
                Err(error)
            }
        }
    }

    fn log_in(&self, session: &Session) -> Result<(), TokenError> {
        // Either all sessions of a process with a token are logged in, or none (PKCS #11 2.40,
        // 5.6).
        let error = match session.inner.login(UserType::User, Some(self.pin.expose())) {
            Ok(()) | Err(Error::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => return Ok(()),
            Err(error) => TokenError::from_module(error),
        };
        if matches!(error, TokenError::PinWrong | TokenError::PinLocked | TokenError::PinNotSet) {
            self.lock().pin_refused = Some(error.clone());
        }
        Err(error)
    }

    fn find_slot(&self, pkcs11: &Pkcs11) -> Result<Slot, TokenError> {
        let slots = pkcs11.get_slots_with_token().map_err(TokenError::from_module)?;
        let mut found = slots.into_iter().filter(|&slot| match &self.selector {
            TokenSelector::Slot(id) => slot.id() == *id,
            // A token that does not respond does not match.
            TokenSelector::Label(label) => {
                pkcs11.get_token_info(slot).is_ok_and(|token| token.label() == label)
            }
            TokenSelector::Serial(serial) => {
                pkcs11.get_token_info(slot).is_ok_and(|token| token.serial_number() == serial)
            }
        });
        match (found.next(), found.next()) {
            (Some(slot), None) => Ok(slot),
            (None, _) => Err(TokenError::NotFound(self.selector.clone())),
            (Some(_), Some(_)) => Err(TokenError::Ambiguous(self.selector.clone())),
        }
    }

    /// How many sessions the token permits, up to our own limit.
    fn session_limit(&self) -> Result<usize, TokenError> {
        self.module.with(|pkcs11, _| {
            let slot = self.find_slot(pkcs11)?;
            let token = pkcs11.get_token_info(slot).map_err(TokenError::from_module)?;
            Ok(match token.max_session_count() {
                Limit::Max(limit) => limit.clamp(1, SESSIONS_MAX as u64) as usize,
                Limit::Infinite | Limit::Unavailable => SESSIONS_MAX,
            })
        })
    }

    fn permit(&self) -> Result<Permit<'_>, TokenError> {
        let wait = self
            .permit_returned
            .wait_timeout_while(self.lock(), SESSION_WAIT, |state| state.permits == 0);
        let (mut state, timeout) = wait.unwrap_or_else(PoisonError::into_inner);
        if timeout.timed_out() {
            return Err(TokenError::Busy);
        }
        state.permits -= 1;
        Ok(Permit(self))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_lost<T>(result: &Result<T, TokenError>) -> bool {
    result.as_ref().is_err_and(TokenError::is_lost)
}

impl Drop for Pool {
    fn drop(&mut self) {
        // The sessions belong to the process that opened them.
        if self.process.is_current() {
            self.close_idle();
        }
    }
}

impl Session {
    /// Closes the session, unless the module was restarted since it was opened.
    fn close(self) {
        // If closing fails, the session is lost anyway.
        let _ = self.inner.close();
    }
}

struct Permit<'a>(&'a Pool);

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        self.0.lock().permits += 1;
        self.0.permit_returned.notify_one();
    }
}
