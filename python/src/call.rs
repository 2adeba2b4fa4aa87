//! The way from Python into the library, and from the library back into Python.

use std::cell::{Cell, RefCell};

use pyo3::exceptions::PyException;
use pyo3::prelude::*;

use crate::errors::{self, Failure};
use crate::owned::Misuse;

thread_local! {
    /// What Python raised within the call that this thread is making.
    static RAISED: RefCell<Option<PyErr>> = const { RefCell::new(None) };
    /// Whether this thread is in a signer or an observer that an authority has called.
    static IN_HELPER: Cell<bool> = const { Cell::new(false) };
}

/// Calls the library, detached from the interpreter. An error of the library's has as its cause
/// what Python raised on this thread meanwhile.
pub(crate) fn detached<T: Send, E: Failure + Send>(
    py: Python<'_>,
    work: impl FnOnce() -> Result<T, E> + Send,
) -> PyResult<T> {
    let result = py.detach(work);
    match (result, RAISED.take()) {
        // An interrupt or an exit is for the program, not for the store that it happened to meet.
        (_, Some(raised)) if !raised.is_instance_of::<PyException>(py) => Err(raised),
        (Ok(value), _) => Ok(value),
        (Err(error), raised) => {
            let exception = errors::exception(py, &error);
            if raised.is_some() {
                exception.set_cause(py, raised);
            }
            Err(exception)
        }
    }
}

/// What Python raised, as far as the library has to know.
pub(crate) struct Raised {
    /// For people.
    pub(crate) message: String,
    /// The code, and whether it is not known what was done, of an error of our own.
    pub(crate) code: Option<(String, bool)>,
}

/// Calls Python from within the library. What it raises is kept for the caller of the library.
pub(crate) fn back<T>(
    what: &str,
    work: impl for<'py> FnOnce(Python<'py>) -> PyResult<T>,
) -> Result<T, Raised> {
    let done = Python::try_attach(|py| {
        work(py).map_err(|raised| {
            let told = describe(py, what, &raised);
            RAISED.set(Some(raised));
            told
        })
    });
    done.unwrap_or_else(|| {
        Err(Raised { message: format!("{what} is gone: the interpreter shuts down"), code: None })
    })
}

/// The kind of an exception, and not its words, which may hold anything; of our own, its words.
fn describe(py: Python<'_>, what: &str, raised: &PyErr) -> Raised {
    match errors::of_our_own(py, raised) {
        Some((message, code, unknown)) => Raised { message, code: Some((code, unknown)) },
        None => {
            let kind = raised.get_type(py).fully_qualified_name();
            let kind = kind.map_or_else(|_| "an exception".into(), |name| name.to_string());
            Raised { message: format!("{what} raised {kind}"), code: None }
        }
    }
}

/// Calls a signer or an observer, which must not call an authority in its turn: the library may
/// hold a lock that the call would wait for.
pub(crate) fn back_to_helper<T>(
    what: &str,
    work: impl for<'py> FnOnce(Python<'py>) -> PyResult<T>,
) -> Result<T, Raised> {
    let before = IN_HELPER.replace(true);
    let done = back(what, work);
    IN_HELPER.set(before);
    done
}

pub(crate) fn check_not_in_helper() -> Result<(), Misuse> {
    if IN_HELPER.get() { Err(Misuse::Reentrant) } else { Ok(()) }
}
