//! Calls from Python into the library, and from the library into Python.

use std::cell::{Cell, RefCell};

use pyo3::exceptions::PyException;
use pyo3::prelude::*;

use crate::errors::{self, Failure};
use crate::owned::Misuse;

thread_local! {
    /// The exception that Python raised during the call that this thread is making.
    static RAISED: RefCell<Option<PyErr>> = const { RefCell::new(None) };
    /// Whether this thread is in a signer or an observer that an authority has called.
    static IN_HELPER: Cell<bool> = const { Cell::new(false) };
}

/// Calls the library, detached from the interpreter. If Python raised on this thread meanwhile,
/// that exception becomes the cause of the library's error.
pub(crate) fn detached<T: Send, E: Failure + Send>(
    py: Python<'_>,
    work: impl FnOnce() -> Result<T, E> + Send,
) -> PyResult<T> {
    let result = py.detach(work);
    match (result, RAISED.take()) {
        // An interrupt or an exit is meant for the program, not for the store that it interrupted.
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

/// What the library learns about an exception.
pub(crate) struct Raised {
    /// A sentence for people.
    pub(crate) message: String,
    /// The code of a `provkey.Error`, and whether its outcome is unknown.
    pub(crate) code: Option<(String, bool)>,
}

/// Calls Python from within the library. An exception is stored for the caller of the library.
pub(crate) fn call_python<T>(
    what: &str,
    work: impl for<'py> FnOnce(Python<'py>) -> PyResult<T>,
) -> Result<T, Raised> {
    let done = Python::try_attach(|py| {
        work(py).map_err(|raised| {
            let description = describe(py, what, &raised);
            RAISED.set(Some(raised));
            description
        })
    });
    done.unwrap_or_else(|| {
        Err(Raised {
            message: format!("{what} cannot be called: the interpreter is shutting down"),
            code: None,
        })
    })
}

/// Describes an exception by its class, because its message may hold anything. A `provkey.Error` is
/// described by its message.
fn describe(py: Python<'_>, what: &str, raised: &PyErr) -> Raised {
    match errors::library_error(py, raised) {
        Some((message, code, unknown)) => Raised { message, code: Some((code, unknown)) },
        None => {
            let kind = raised.get_type(py).fully_qualified_name();
            let kind = kind.map_or_else(|_| "an exception".into(), |name| name.to_string());
            Raised { message: format!("{what} raised {kind}"), code: None }
        }
    }
}

/// Calls a signer or an observer, which must not call an authority: the library may hold a lock
/// that such a call would wait for.
pub(crate) fn call_helper<T>(
    what: &str,
    work: impl for<'py> FnOnce(Python<'py>) -> PyResult<T>,
) -> Result<T, Raised> {
    let before = IN_HELPER.replace(true);
    let done = call_python(what, work);
    IN_HELPER.set(before);
    done
}

pub(crate) fn check_not_in_helper() -> Result<(), Misuse> {
    if IN_HELPER.get() { Err(Misuse::Reentrant) } else { Ok(()) }
}
