//! Clocks: that of the machine, and those of hosts.

use std::cell::Cell;
use std::time::SystemTime;

use provkey::time::{Clock, Timestamp};
use pyo3::prelude::*;

use crate::convert::Moment;

thread_local! {
    /// What the host's clock said to the call that this thread is making.
    static NOW: Cell<Option<Timestamp>> = const { Cell::new(None) };
}

/// The clock that the library asks: the moment that the host's clock gave to the call, else the time
/// of the machine.
///
/// The host's clock is asked once for each call, before the library is. So it may raise, and nothing
/// has happened then.
pub(crate) struct CallClock;

impl Clock for CallClock {
    fn now(&self) -> Timestamp {
        NOW.get().unwrap_or_else(|| SystemTime::now().into())
    }
}

/// While it lives, the calls of this thread are at one moment.
pub(crate) struct AtMoment {
    before: Option<Timestamp>,
}

impl AtMoment {
    /// Asks the clock of the host, if there is one.
    pub(crate) fn ask(py: Python<'_>, clock: Option<&Py<PyAny>>) -> PyResult<Self> {
        let now = match clock {
            Some(clock) => Some(clock.call0(py)?.extract::<Moment>(py)?.0),
            None => None,
        };
        Ok(Self { before: NOW.replace(now) })
    }
}

impl Drop for AtMoment {
    fn drop(&mut self) {
        NOW.set(self.before);
    }
}
