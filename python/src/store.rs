//! Stores of the library, and stores that are written in Python.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use provkey::authority::Authority;
use provkey::store::{
    FaultKind, Memory, Outcome, Record, RecordKey, ScanRange, Store, StoreError, StoreFault,
    Unit as CoreUnit,
};
use provkey_postgres::{PostgresOptions, PostgresStore as CorePostgresStore};
use provkey_sqlite::{SqliteOptions, SqliteStore as CoreSqliteStore};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyTuple};

use crate::call::{self, Raised};
use crate::errors::OrRaise;
use crate::owned::Owned;
use crate::unit::record_to_python;
use crate::unit::{Unit, key_of, outcome_of, outcome_to_python, record_of, record_or_none};

type AnyStore = Arc<dyn Store>;

/// A `provkey.Store` that is written in Python, as the library calls it.
struct PythonStore(Py<PyAny>);

impl Store for PythonStore {
    fn get(&self, keys: &[RecordKey]) -> Result<Vec<Option<Record>>, StoreError> {
        let found = call::call_python("the store", |py| {
            let keys = PyTuple::new(py, keys.iter().map(|key| PyBytes::new(py, key.as_bytes())))?;
            let found = self.0.bind(py).call_method1("get", (keys,))?;
            found.try_iter()?.map(|record| record_or_none(&record?)).collect()
        });
        found.map_err(failed)
    }

    fn scan(&self, range: &ScanRange, limit: usize) -> Result<Vec<Record>, StoreError> {
        let found = call::call_python("the store", |py| {
            let prefix = PyBytes::new(py, &range.prefix);
            let after = range.after.as_ref().map(|key| PyBytes::new(py, key.as_bytes()));
            let arguments = (prefix, after, range.reverse, limit);
            let found = self.0.bind(py).call_method1("scan", arguments)?;
            found.try_iter()?.map(|record| record_of(&record?)).collect()
        });
        found.map_err(failed)
    }

    fn apply(&self, units: &[CoreUnit]) -> Result<Vec<Outcome>, StoreError> {
        let outcomes = call::call_python("the store", |py| {
            let units = units.iter().map(|unit| Bound::new(py, Unit(unit.clone())));
            let units = PyTuple::new(py, units.collect::<PyResult<Vec<_>>>()?)?;
            let outcomes = self.0.bind(py).call_method1("apply", (units,))?;
            outcomes.try_iter()?.map(|outcome| outcome_of(&outcome?)).collect()
        });
        outcomes.map_err(failed)
    }
}

const FAULTS: [FaultKind; 14] = [
    FaultKind::Unavailable,
    FaultKind::Busy,
    FaultKind::Full,
    FaultKind::ReadOnly,
    FaultKind::Corrupt,
    FaultKind::NotAStore,
    FaultKind::TooNew,
    FaultKind::Missing,
    FaultKind::Exists,
    FaultKind::TooLarge,
    FaultKind::RolledBack,
    FaultKind::UsedAfterFork,
    FaultKind::Broken,
    FaultKind::Moved,
];

/// The error for what a Python store raised. Its outcome is unknown, unless a `StoreError` says
/// that nothing was done.
fn failed(raised: Raised) -> StoreError {
    let Raised { message, code } = raised;
    let (code, unknown) = code.unwrap_or_else(|| ("store_unavailable".into(), true));
    let kind = FAULTS.into_iter().find(|kind| kind.code() == code);
    let fault = StoreFault::new(kind.unwrap_or(FaultKind::Unavailable), message);
    if unknown { StoreError::Unknown(fault) } else { StoreError::NotApplied(fault) }
}

/// Any store, as an argument.
pub(crate) struct StoreArgument(pub(crate) AnyStore);

impl FromPyObject<'_, '_> for StoreArgument {
    type Error = PyErr;

    fn extract(store: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        let py = store.py();
        if let Ok(sqlite) = store.cast::<SqliteStore>() {
            return sqlite.get().0.get().or_raise(py).map(|store| Self(store));
        }
        if let Ok(postgres) = store.cast::<PostgresStore>() {
            return postgres.get().0.get().or_raise(py).map(Self);
        }
        if let Ok(memory) = store.cast::<MemoryStore>() {
            return memory.get().0.get().or_raise(py).map(Self);
        }
        Ok(Self(Arc::new(PythonStore(store.to_owned().unbind()))))
    }
}

/// A durable store in one SQLite file, which any number of threads and processes of one machine may
/// use.
///
/// `mode` is "open" (the store must exist), "create" (it must not exist) or "open_or_create".
/// `busy_timeout`, a `timedelta`, is how long a call waits while another process writes, before it
/// raises `store_busy`: 10 seconds by default. Raises `StoreError`. As a context manager it closes
/// itself.
#[pyclass(frozen, module = "provkey")]
pub(crate) struct SqliteStore(Owned<Arc<CoreSqliteStore>>);

/// A durable store in a schema of a PostgreSQL database, for several nodes. `url` is
/// "postgres://USER:PASSWORD@HOST:PORT/DATABASE"; docs/scaling.md has its parameters.
///
/// `mode` is "open" (the store must exist), "create" (it must not exist) or "open_or_create".
/// `connections_max` is how many connections may be open at once, 8 by default. `busy_timeout`, a
/// `timedelta`, is how long a call waits for a connection or a lock, before it raises `store_busy`:
/// 10 seconds by default. Raises `StoreError`. As a context manager it closes itself.
#[pyclass(frozen, module = "provkey")]
pub(crate) struct PostgresStore(Owned<AnyStore>);

/// A store in memory. As a context manager it closes itself.
#[pyclass(frozen, module = "provkey")]
pub(crate) struct MemoryStore(Owned<AnyStore>);

impl SqliteStore {
    fn any(&self, py: Python<'_>) -> PyResult<AnyStore> {
        Ok(self.0.get().or_raise(py)?)
    }
}

impl PostgresStore {
    fn any(&self, py: Python<'_>) -> PyResult<AnyStore> {
        self.0.get().or_raise(py)
    }
}

impl MemoryStore {
    fn any(&self, py: Python<'_>) -> PyResult<AnyStore> {
        self.0.get().or_raise(py)
    }
}

/// The methods that all stores of the library have, and those of one store.
macro_rules! store_methods {
    ($store:ident { $($own:tt)* }) => {
        #[pymethods]
        impl $store {
            $($own)*

            /// Closes the store. An open authority keeps using it until it is closed too. Closing
            /// twice does nothing.
            fn close(&self) {
                self.0.close();
            }

            fn __enter__(this: Py<Self>) -> Py<Self> {
                this
            }

            fn __exit__(&self, _class: Py<PyAny>, _error: Py<PyAny>, _traceback: Py<PyAny>) {
                self.0.close();
            }

            /// Reads records in one snapshot, in the order of `keys`; None for a missing record.
            fn get<'py>(
                &self,
                py: Python<'py>,
                keys: Vec<Bound<'py, PyAny>>,
            ) -> PyResult<Bound<'py, PyTuple>> {
                get(py, &self.any(py)?, &keys)
            }

            /// Reads at most `limit` records whose keys begin with `prefix` and come after
            /// `after`, or with `reverse` before it.
            fn scan<'py>(
                &self,
                py: Python<'py>,
                prefix: Vec<u8>,
                after: Option<Bound<'py, PyAny>>,
                reverse: bool,
                limit: usize,
            ) -> PyResult<Bound<'py, PyTuple>> {
                scan(py, &self.any(py)?, (prefix, after, reverse), limit)
            }

            /// Applies each unit atomically, in order, independently of the others.
            fn apply<'py>(
                &self,
                py: Python<'py>,
                units: Vec<PyRef<'py, Unit>>,
            ) -> PyResult<Bound<'py, PyTuple>> {
                apply(py, &self.any(py)?, &units)
            }
        }
    };
}

store_methods! { SqliteStore {
    #[new]
    #[pyo3(signature = (path, *, mode = "open_or_create", busy_timeout = None))]
    fn new(
        py: Python<'_>,
        path: PathBuf,
        mode: &str,
        busy_timeout: Option<Duration>,
    ) -> PyResult<Self> {
        let mut options = SqliteOptions::default();
        if let Some(busy_timeout) = busy_timeout {
            options = options.busy_timeout(busy_timeout);
        }
        let start = match Mode::of(mode)? {
            Mode::Open => CoreSqliteStore::open_with,
            Mode::Create => CoreSqliteStore::create_with,
            Mode::OpenOrCreate => CoreSqliteStore::open_or_create_with,
        };
        let store = call::detached(py, || start(path, options))?;
        Ok(Self(Owned::new(Arc::new(store))))
    }

    /// Writes a consistent copy to a new file (mode 0600), while the store is in use. Raises
    /// `StoreError`.
    fn backup(&self, py: Python<'_>, path: PathBuf) -> PyResult<()> {
        let store = self.0.get().or_raise(py)?;
        call::detached(py, || store.backup(path))
    }
} }

store_methods! { PostgresStore {
    #[new]
    #[pyo3(signature = (url, *, mode = "open_or_create", connections_max = None, busy_timeout = None))]
    fn new(
        py: Python<'_>,
        url: &str,
        mode: &str,
        connections_max: Option<usize>,
        busy_timeout: Option<Duration>,
    ) -> PyResult<Self> {
        let mut options = PostgresOptions::default();
        if let Some(connections_max) = connections_max {
            options = options.connections_max(connections_max);
        }
        if let Some(busy_timeout) = busy_timeout {
            options = options.busy_timeout(busy_timeout);
        }
        let start = match Mode::of(mode)? {
            Mode::Open => CorePostgresStore::open_with,
            Mode::Create => CorePostgresStore::create_with,
            Mode::OpenOrCreate => CorePostgresStore::open_or_create_with,
        };
        let store = call::detached(py, || start(url, options))?;
        Ok(Self(Owned::new(Arc::new(store))))
    }
} }

store_methods! { MemoryStore {
    #[new]
    fn new() -> Self {
        Self(Owned::new(Arc::new(Memory::new())))
    }
} }

/// Whether the store must exist.
enum Mode {
    Open,
    Create,
    OpenOrCreate,
}

impl Mode {
    fn of(name: &str) -> PyResult<Self> {
        match name {
            "open" => Ok(Self::Open),
            "create" => Ok(Self::Create),
            "open_or_create" => Ok(Self::OpenOrCreate),
            _ => Err(PyValueError::new_err("mode must be open, create or open_or_create")),
        }
    }
}

/// Copies all records of one store into another, empty one, and compares the two record by record.
/// Returns the number of records.
#[pyfunction]
#[pyo3(signature = (source, target, /))]
pub(crate) fn copy_store(
    py: Python<'_>,
    source: StoreArgument,
    target: StoreArgument,
) -> PyResult<u64> {
    py.detach(|| Authority::copy_store(&*source.0, &*target.0)).or_raise(py)
}

/// Closes one store to all changes, and copies it into another, empty one. Returns the number of
/// records.
#[pyfunction]
#[pyo3(signature = (source, target, /))]
pub(crate) fn move_store(
    py: Python<'_>,
    source: StoreArgument,
    target: StoreArgument,
) -> PyResult<u64> {
    py.detach(|| Authority::move_store(&*source.0, &*target.0)).or_raise(py)
}

fn get<'py>(
    py: Python<'py>,
    store: &AnyStore,
    keys: &[Bound<'py, PyAny>],
) -> PyResult<Bound<'py, PyTuple>> {
    let keys = keys.iter().map(key_of).collect::<PyResult<Vec<_>>>()?;
    let found = call::detached(py, || store.get(&keys))?;
    let one = |record: &Option<Record>| match record {
        Some(record) => record_to_python(py, record),
        None => Ok(py.None().into_bound(py)),
    };
    PyTuple::new(py, found.iter().map(one).collect::<PyResult<Vec<_>>>()?)
}

fn scan<'py>(
    py: Python<'py>,
    store: &AnyStore,
    (prefix, after, reverse): (Vec<u8>, Option<Bound<'py, PyAny>>, bool),
    limit: usize,
) -> PyResult<Bound<'py, PyTuple>> {
    let after = after.as_ref().map(key_of).transpose()?;
    let range = ScanRange { prefix, after, reverse };
    let found = call::detached(py, || store.scan(&range, limit))?;
    let found = found.iter().map(|record| record_to_python(py, record));
    PyTuple::new(py, found.collect::<PyResult<Vec<_>>>()?)
}

fn apply<'py>(
    py: Python<'py>,
    store: &AnyStore,
    units: &[PyRef<'py, Unit>],
) -> PyResult<Bound<'py, PyTuple>> {
    let units: Vec<_> = units.iter().map(|unit| unit.0.clone()).collect();
    let outcomes = call::detached(py, || store.apply(&units))?;
    let outcomes = outcomes.iter().map(|outcome| outcome_to_python(py, outcome));
    PyTuple::new(py, outcomes.collect::<PyResult<Vec<_>>>()?)
}
