//! Modules: the shared libraries that drive tokens.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::error::{Error, RvError};
use provkey::process::UsedAfterFork;

use crate::TokenError;

/// The pause after a restart of a module, so that callers whose token is gone do not delay the
/// others.
const RESTART_INTERVAL: Duration = Duration::from_millis(500);

/// The modules of this process. A process has one instance of a module (PKCS #11 2.40, 5.4), so
/// each is loaded once and stays until the process ends.
static LOADED: Mutex<BTreeMap<PathBuf, Arc<Module>>> = Mutex::new(BTreeMap::new());
/// The process that loaded the first module, or 0. A forked child inherits the locks and
/// connections of a module in an arbitrary state, so it uses no module until it executes another
/// program.
static LOADED_BY: AtomicU32 = AtomicU32::new(0);

pub(crate) struct Module(RwLock<State>);

struct State {
    pkcs11: Pkcs11,
    /// Whether this crate initialized the module. Only then it finalizes it.
    ours: bool,
    /// The number of the run. Sessions and objects are valid only in the run that created them.
    run: Run,
    restarted: Option<Instant>,
}

/// The number of starts of a module.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Run(u64);

impl Module {
    pub(crate) fn load(path: &Path) -> Result<Arc<Self>, TokenError> {
        check_not_inherited()?;
        let unusable = |reason: String| TokenError::ModuleUnusable { path: path.into(), reason };
        let path = path.canonicalize().map_err(|error| unusable(error.to_string()))?;
        let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(module) = loaded.get(&path) {
            return Ok(Arc::clone(module));
        }
        let pkcs11 = Pkcs11::new(&path).map_err(|error| unusable(error.to_string()))?;
        let ours = initialize(&pkcs11).map_err(TokenError::from_module)?;
        let state = State { pkcs11, ours, run: Run(0), restarted: None };
        let module = Arc::new(Self(RwLock::new(state)));
        loaded.insert(path, Arc::clone(&module));
        Ok(module)
    }

    /// Calls the module. It is not restarted meanwhile.
    pub(crate) fn with<T>(&self, call: impl FnOnce(&Pkcs11, Run) -> T) -> T {
        let state = self.0.read().unwrap_or_else(PoisonError::into_inner);
        call(&state.pkcs11, state.run)
    }

    /// Restarts the module after a failure in this run: many modules look for tokens only when
    /// they start. Returns whether a retry may help.
    pub(crate) fn restart(&self, lost_in: Run) -> Result<bool, TokenError> {
        // The lock waits until no thread is inside the module, which must not be finalized before.
        let mut state = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if state.run != lost_in {
            return Ok(true);
        }
        if state.restarted.is_some_and(|moment| moment.elapsed() < RESTART_INTERVAL) {
            return Ok(false);
        }
        state.restarted = Some(Instant::now());
        state.run.0 += 1;
        if state.ours {
            // An error means that it is not running.
            let _ = state.pkcs11.clone().finalize();
        }
        state.ours = initialize(&state.pkcs11).map_err(TokenError::from_module)?;
        Ok(true)
    }
}

fn check_not_inherited() -> Result<(), UsedAfterFork> {
    let this = process::id();
    match LOADED_BY.compare_exchange(0, this, Ordering::Relaxed, Ordering::Relaxed) {
        Err(first) if first != this => Err(UsedAfterFork),
        _ => Ok(()),
    }
}

/// Starts the module. Returns whether it was not running before.
fn initialize(pkcs11: &Pkcs11) -> Result<bool, Error> {
    match pkcs11.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)) {
        Ok(()) => Ok(true),
        Err(Error::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) => Ok(false),
        Err(error) => Err(error),
    }
}
