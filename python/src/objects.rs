//! Creates objects of the classes that `provkey` defines in Python: records and enumerations.

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyModule};

/// A module of this package, imported once.
macro_rules! module {
    ($name:ident, $path:literal) => {
        pub(crate) fn $name(py: Python<'_>) -> PyResult<&Bound<'_, PyModule>> {
            static MODULE: PyOnceLock<Py<PyModule>> = PyOnceLock::new();
            let import = || py.import($path).map(Bound::unbind);
            MODULE.get_or_try_init(py, import).map(|module| module.bind(py))
        }
    };
}

module!(errors, "provkey.errors");
module!(enumerations, "provkey.enums");
module!(records, "provkey.records");
module!(stores, "provkey.store");

/// Creates an object of a class from its fields, by name.
macro_rules! new_object {
    ($py:expr, $module:ident.$class:ident { $($field:ident: $value:expr),* $(,)? }) => {{
        let py: pyo3::Python<'_> = $py;
        let fields = pyo3::types::PyDict::new(py);
        $(fields.set_item(pyo3::intern!(py, stringify!($field)), $value)?;)*
        $crate::objects::instance(
            $crate::objects::$module(py)?,
            pyo3::intern!(py, stringify!($class)),
            &fields,
        )
    }};
}
pub(crate) use new_object;

pub(crate) fn instance<'py>(
    module: &Bound<'py, PyModule>,
    class: &Bound<'py, pyo3::types::PyString>,
    fields: &Bound<'py, PyDict>,
) -> PyResult<Bound<'py, PyAny>> {
    module.getattr(class)?.call((), Some(fields))
}

/// The member of an enumeration with this value.
pub(crate) fn member<'py>(
    py: Python<'py>,
    enumeration: &str,
    value: &str,
) -> PyResult<Bound<'py, PyAny>> {
    enumerations(py)?.getattr(enumeration)?.call1((value,))
}
