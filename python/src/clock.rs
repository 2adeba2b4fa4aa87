//! Clocks: the clock of the machine, and clocks that are written in Python.

use std::cell::Cell;
use std::time::SystemTime;

use provkey::time::{Clock, Timestamp};
use pyo3::prelude::*;

use crate::convert::Moment;

thread_local! {
    /// The time that the Python clock returned for the call that this thread is making.
    static NOW: Cell<Option<Timestamp>> = const { Cell::new(None) };
}

/// The clock of the library: the time that the Python clock returned for this call, or the time of
/// the machine.
///
/// The Python clock is called once for each call, before the library is. If it raises, nothing has
/// happened.
pub(crate) struct CallClock;

impl Clock for CallClock {
    fn now(&self) -> Timestamp {
        NOW.get().unwrap_or_else(|| SystemTime::now().into())
    }
}

/// While it lives, the library sees one time on this thread.
pub(crate) struct CallTime {
    before: Option<Timestamp>,
}

impl CallTime {
    /// Calls the Python clock, if there is one.
    pub(crate) fn read(py: Python<'_>, clock: Option<&Py<PyAny>>) -> PyResult<Self> {
        let now = match clock {
            Some(clock) => Some(clock.call0(py)?.extract::<Moment>(py)?.0),
            None => None,
        };
        Ok(Self { before: NOW.replace(now) })
    }
}

impl Drop for CallTime {
    fn drop(&mut self) {
        NOW.set(self.before);
    }
}
