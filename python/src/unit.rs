//! Converts records, units and outcomes between the library and `provkey.store`.

use std::collections::BTreeMap;

use provkey::store::{
    Counter, Operation, Outcome, Reason, Record, RecordKey, Refused, Unit as CoreUnit, Value,
};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyTuple};

use crate::objects::{self, member, new_object};

/// Operations that happen all or not at all; at most 64.
#[pyclass(frozen, eq, sequence, module = "provkey")]
#[derive(PartialEq, Eq)]
pub(crate) struct Unit(pub(crate) CoreUnit);

#[pymethods]
impl Unit {
    /// A unit of these operations, each an `Expect`, `ExpectUnused`, `Put`, `Delete`, `SetLimit` or
    /// `Count`.
    #[new]
    fn new(operations: Vec<Bound<'_, PyAny>>) -> PyResult<Self> {
        let operations = operations.iter().map(operation).collect::<PyResult<_>>()?;
        Ok(Self(CoreUnit::new(operations)))
    }

    /// The operations, in the order in which their checks are reported.
    #[getter]
    fn operations<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        let all = self.0.operations.iter().map(|one| operation_to_python(py, one));
        PyTuple::new(py, all.collect::<PyResult<Vec<_>>>()?)
    }

    /// Decides the unit, as every store has to: runs all its checks on the state before it.
    ///
    /// `read` is called once with the key of each record that the unit depends on, and returns the
    /// `Record` or None. Returns a `Decision`, which says what to write, or `Refused`.
    fn decide<'py>(&self, py: Python<'py>, read: Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        if let Err(malformed) = self.0.check_form() {
            let (operation, reason) = (malformed.operation, Reason::Malformed);
            return refused_to_python(py, &Refused { operation, reason, record: None });
        }
        let (mut known, mut writes, mut counters) = (BTreeMap::new(), Vec::new(), Vec::new());
        for (index, operation) in self.0.operations.iter().enumerate() {
            let key = operation.key();
            if !known.contains_key(key) {
                let found = read.call1((PyBytes::new(py, key.as_bytes()),))?;
                known.insert(key, record_or_none(&found)?);
            }
            let record = known.get(key).and_then(Option::as_ref);
            match operation.decide(record.map(Record::head)) {
                Err(reason) => {
                    let record = record.cloned();
                    return refused_to_python(py, &Refused { operation: index, reason, record });
                }
                Ok(counter) => {
                    counters.extend(counter);
                    writes.extend(write_to_python(py, operation, counter)?);
                }
            }
        }
        new_object!(py, stores.Decision {
            writes: PyTuple::new(py, writes)?,
            counters: counters_to_python(py, &counters)?,
        })
    }

    fn __len__(&self) -> usize {
        self.0.operations.len()
    }

    fn __repr__(&self) -> String {
        format!("<Unit of {} operations>", self.0.operations.len())
    }
}

/// What an operation writes, as a `Write`; None if it writes nothing.
fn write_to_python<'py>(
    py: Python<'py>,
    operation: &Operation,
    counter: Option<Counter>,
) -> PyResult<Option<Bound<'py, PyAny>>> {
    if !operation.writes() {
        return Ok(None);
    }
    let value = match (operation, counter) {
        (Operation::Put { body, .. }, _) => PyBytes::new(py, body).into_any(),
        (_, Some(counter)) => counter_to_python(py, &counter)?,
        _ => py.None().into_bound(py),
    };
    let key = PyBytes::new(py, operation.key().as_bytes());
    new_object!(py, stores.Write { key: key, value: value }).map(Some)
}

const REASONS: [(Reason, &str); 8] = [
    (Reason::Exists, "exists"),
    (Reason::Absent, "absent"),
    (Reason::Changed, "changed"),
    (Reason::InUse, "in_use"),
    (Reason::LimitReached, "limit_reached"),
    (Reason::BelowZero, "below_zero"),
    (Reason::WrongKind, "wrong_kind"),
    (Reason::Malformed, "malformed"),
];

pub(crate) fn key_of(bytes: &Bound<'_, PyAny>) -> PyResult<RecordKey> {
    let bytes: Vec<u8> = bytes.extract()?;
    RecordKey::new(bytes).ok_or_else(|| PyValueError::new_err("a key has 1 to 512 bytes"))
}

fn counter_to_python<'py>(py: Python<'py>, counter: &Counter) -> PyResult<Bound<'py, PyAny>> {
    let Counter { used, limit, last_at_ms } = counter;
    new_object!(py, stores.Counter { used: used, limit: limit, last_at_ms: last_at_ms })
}

fn counters_to_python<'py>(py: Python<'py>, all: &[Counter]) -> PyResult<Bound<'py, PyTuple>> {
    let all = all.iter().map(|counter| counter_to_python(py, counter));
    PyTuple::new(py, all.collect::<PyResult<Vec<_>>>()?)
}

fn counter_of(counter: &Bound<'_, PyAny>) -> PyResult<Counter> {
    Ok(Counter {
        used: counter.getattr("used")?.extract()?,
        limit: counter.getattr("limit")?.extract()?,
        last_at_ms: counter.getattr("last_at_ms")?.extract()?,
    })
}

pub(crate) fn record_to_python<'py>(
    py: Python<'py>,
    record: &Record,
) -> PyResult<Bound<'py, PyAny>> {
    let value = match &record.value {
        Value::Body(body) => PyBytes::new(py, body).into_any(),
        Value::Counter(counter) => counter_to_python(py, counter)?,
    };
    let key = PyBytes::new(py, record.key.as_bytes());
    new_object!(py, stores.Record { key: key, version: record.version, value: value })
}

pub(crate) fn record_of(record: &Bound<'_, PyAny>) -> PyResult<Record> {
    let value = record.getattr("value")?;
    let value = match value.cast::<PyBytes>() {
        Ok(body) => Value::Body(body.as_bytes().to_vec()),
        Err(_) => Value::Counter(counter_of(&value)?),
    };
    let key = key_of(&record.getattr("key")?)?;
    Ok(Record { key, version: record.getattr("version")?.extract()?, value })
}

pub(crate) fn record_or_none(found: &Bound<'_, PyAny>) -> PyResult<Option<Record>> {
    if found.is_none() { Ok(None) } else { record_of(found).map(Some) }
}

fn operation_to_python<'py>(py: Python<'py>, operation: &Operation) -> PyResult<Bound<'py, PyAny>> {
    let key = PyBytes::new(py, operation.key().as_bytes());
    match operation {
        Operation::Expect { version, .. } => {
            new_object!(py, stores.Expect { key: key, version: version })
        }
        Operation::ExpectUnused { .. } => new_object!(py, stores.ExpectUnused { counter: key }),
        Operation::Put { body, .. } => {
            new_object!(py, stores.Put { key: key, body: PyBytes::new(py, body) })
        }
        Operation::Delete { .. } => new_object!(py, stores.Delete { key: key }),
        Operation::SetLimit { limit, .. } => {
            new_object!(py, stores.SetLimit { counter: key, limit: limit })
        }
        Operation::Count { by, at_ms, .. } => {
            new_object!(py, stores.Count { counter: key, by: by, at_ms: at_ms })
        }
        _ => Err(PyTypeError::new_err("an operation unknown to this version")),
    }
}

fn operation(object: &Bound<'_, PyAny>) -> PyResult<Operation> {
    let stores = objects::stores(object.py())?;
    let is = |class: &str| object.is_instance(&stores.getattr(class)?);
    let key = |field: &str| key_of(&object.getattr(field)?);
    if is("Expect")? {
        let version = object.getattr("version")?.extract()?;
        Ok(Operation::Expect { key: key("key")?, version })
    } else if is("ExpectUnused")? {
        Ok(Operation::ExpectUnused { counter: key("counter")? })
    } else if is("Put")? {
        Ok(Operation::Put { key: key("key")?, body: object.getattr("body")?.extract()? })
    } else if is("Delete")? {
        Ok(Operation::Delete { key: key("key")? })
    } else if is("SetLimit")? {
        let limit = object.getattr("limit")?.extract()?;
        Ok(Operation::SetLimit { counter: key("counter")?, limit })
    } else if is("Count")? {
        let (by, at_ms) = (object.getattr("by")?.extract()?, object.getattr("at_ms")?.extract()?);
        Ok(Operation::Count { counter: key("counter")?, by, at_ms })
    } else {
        let kind = object.get_type().fully_qualified_name()?;
        Err(PyTypeError::new_err(format!("a unit takes operations of provkey.store, not {kind}")))
    }
}

fn refused_to_python<'py>(py: Python<'py>, refused: &Refused) -> PyResult<Bound<'py, PyAny>> {
    let Refused { operation, reason, record } = refused;
    let name = REASONS.iter().find(|(known, _)| known == reason).map_or("malformed", |one| one.1);
    let record = record.as_ref().map(|record| record_to_python(py, record)).transpose()?;
    let reason = member(py, "Reason", name)?;
    new_object!(py, stores.Refused { operation: operation, reason: reason, record: record })
}

pub(crate) fn outcome_to_python<'py>(
    py: Python<'py>,
    outcome: &Outcome,
) -> PyResult<Bound<'py, PyAny>> {
    match outcome {
        Outcome::Applied(counters) => {
            new_object!(py, stores.Applied { counters: counters_to_python(py, counters)? })
        }
        Outcome::Refused(refused) => refused_to_python(py, refused),
    }
}

pub(crate) fn outcome_of(object: &Bound<'_, PyAny>) -> PyResult<Outcome> {
    let stores = objects::stores(object.py())?;
    if object.is_instance(&stores.getattr("Applied")?)? {
        let counters = object.getattr("counters")?.try_iter()?;
        let counters = counters.map(|counter| counter_of(&counter?)).collect::<PyResult<_>>()?;
        return Ok(Outcome::Applied(counters));
    }
    if !object.is_instance(&stores.getattr("Refused")?)? {
        return Err(PyTypeError::new_err("apply() must return Applied or Refused for each unit"));
    }
    let name: String = object.getattr("reason")?.extract()?;
    let reason = REASONS.iter().find(|(_, known)| *known == name).map(|(reason, _)| *reason);
    Ok(Outcome::Refused(Refused {
        operation: object.getattr("operation")?.extract()?,
        reason: reason.ok_or_else(|| PyValueError::new_err("unknown Reason"))?,
        record: record_or_none(&object.getattr("record")?)?,
    }))
}
