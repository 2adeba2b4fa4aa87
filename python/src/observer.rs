//! An observer that is written in Python.

use provkey::authority::{Event, Observer};
use pyo3::prelude::*;

use crate::call;
use crate::objects::{member, new_object};

pub(crate) struct PythonObserver(pub(crate) Py<PyAny>);

impl Observer for PythonObserver {
    fn observe(&self, event: &Event) {
        // An exception is reported like one of a destructor: it must not fail the call that the
        // observer watches.
        let _ = call::call_helper("the observer", |py| {
            let observed = to_python(py, event).and_then(|event| self.0.call1(py, (event,)));
            if let Err(raised) = observed {
                raised.write_unraisable(py, Some(self.0.bind(py)));
            }
            Ok(())
        });
    }
}

fn to_python<'py>(py: Python<'py>, event: &Event) -> PyResult<Bound<'py, PyAny>> {
    let admin_token = match event {
        Event::AdminTokenRefused { admin_token, .. } => *admin_token,
        _ => None,
    };
    let (kind, key, connector, address, code) = match event {
        Event::Enrolled { key, connector, address } => {
            ("enrolled", Some(*key), Some(*connector), *address, None)
        }
        Event::Renewed { key, connector, address } => {
            ("renewed", Some(*key), Some(*connector), *address, None)
        }
        Event::Replayed { key, connector, address } => {
            ("replayed", Some(*key), Some(*connector), *address, None)
        }
        Event::Refused { code, key, address } => ("refused", *key, None, *address, Some(*code)),
        Event::AdminTokenRefused { code, address, .. } => {
            ("admin_token_refused", None, None, *address, Some(*code))
        }
        Event::TallyLost { code } => ("tally_lost", None, None, None, Some(*code)),
        _ => ("other", None, None, None, None),
    };
    new_object!(py, records.Event {
        kind: member(py, "EventKind", kind)?,
        key: key.map(|id| id.to_string()),
        connector: connector.map(|id| id.to_string()),
        address: address,
        code: code,
        admin_token: admin_token.map(|id| id.to_string()),
    })
}
