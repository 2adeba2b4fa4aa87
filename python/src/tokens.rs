//! Admin tokens.

use provkey::authority::{
    AdminRole, AdminToken, AdminTokenText as CoreText, Authority as CoreAuthority, Name,
    NewAdminToken,
};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::authority::Authority;
use crate::convert::Moment;
use crate::errors::OrRaise;
use crate::objects::{member, new_object};
use crate::page;

/// The text of an admin token, which is a secret: only `expose()` returns it. It cannot be pickled.
/// Comparison takes constant time.
#[pyclass(frozen, eq, module = "provkey")]
#[derive(PartialEq, Eq)]
pub(crate) struct AdminTokenText(CoreText);

#[pymethods]
impl AdminTokenText {
    /// Wraps a text, which is checked when it is used.
    #[new]
    fn new(text: String) -> Self {
        Self(CoreText::new(text))
    }

    /// The text. It is a secret: anyone who has it has the role of the token. Python cannot erase
    /// it from memory.
    fn expose(&self) -> &str {
        self.0.expose()
    }

    fn __repr__(&self) -> &'static str {
        "<AdminTokenText>"
    }
}

fn to_python<'py>(py: Python<'py>, token: AdminToken) -> PyResult<Bound<'py, PyAny>> {
    new_object!(py, records.AdminToken {
        id: token.id.as_str(),
        name: token.name.as_str(),
        role: member(py, "AdminRole", token.role.as_str())?,
        scope: token.scope.map(|scope| scope.to_string()),
        created_at: Moment(token.created_at),
        created_by: token.created_by,
        expires_at: token.expires_at.map(Moment),
        revoked_at: token.revoked_at.map(Moment),
    })
}

#[pyfunction]
#[pyo3(signature = (authority, name, role, scope, expires_at, /))]
pub(crate) fn create_token<'py>(
    py: Python<'py>,
    authority: &Authority,
    name: &str,
    role: &str,
    scope: Option<&str>,
    expires_at: Option<Moment>,
) -> PyResult<(Bound<'py, PyAny>, AdminTokenText)> {
    let unknown = |_| PyValueError::new_err("unknown AdminRole");
    let role = AdminRole::parse(role).map_err(unknown)?;
    let expires_at = expires_at.map(|moment| moment.0);
    let new = NewAdminToken::new(Name::parse(name).or_raise(py)?, role).expires_at(expires_at);
    let (token, text) = authority.call(py, |authority| {
        let scope = scope.map(|text| authority.find_scope(text)).transpose()?;
        authority.create_token(&new.clone().scope(scope))
    })?;
    Ok((to_python(py, token)?, AdminTokenText(text)))
}

#[pyfunction]
#[pyo3(signature = (authority, text, /))]
pub(crate) fn authenticate_token<'py>(
    py: Python<'py>,
    authority: &Authority,
    text: &AdminTokenText,
) -> PyResult<Bound<'py, PyAny>> {
    to_python(py, authority.call(py, |authority| authority.authenticate_token(&text.0))?)
}

#[pyfunction]
#[pyo3(signature = (authority, /))]
pub(crate) fn record_sign_in(py: Python<'_>, authority: &Authority) -> PyResult<()> {
    authority.call(py, CoreAuthority::record_sign_in)
}

#[pyfunction]
#[pyo3(signature = (authority, /))]
pub(crate) fn record_sign_out(py: Python<'_>, authority: &Authority) -> PyResult<()> {
    authority.call(py, CoreAuthority::record_sign_out)
}

#[pyfunction]
#[pyo3(signature = (authority, id_or_name, /))]
pub(crate) fn find_token<'py>(
    py: Python<'py>,
    authority: &Authority,
    id_or_name: &str,
) -> PyResult<Bound<'py, PyAny>> {
    to_python(py, authority.call(py, |authority| authority.find_token(id_or_name))?)
}

#[pyfunction]
#[pyo3(signature = (authority, id_or_name, /))]
pub(crate) fn revoke_token<'py>(
    py: Python<'py>,
    authority: &Authority,
    id_or_name: &str,
) -> PyResult<Bound<'py, PyAny>> {
    let revoked = authority
        .call(py, |authority| authority.revoke_token(authority.find_token(id_or_name)?.id))?;
    to_python(py, revoked)
}

#[pyfunction]
#[pyo3(signature = (authority, /, *, limit, after))]
pub(crate) fn list_tokens<'py>(
    py: Python<'py>,
    authority: &Authority,
    limit: usize,
    after: Option<String>,
) -> PyResult<Bound<'py, PyAny>> {
    let request = page::request(limit, after);
    let page = authority.call(py, |authority| authority.list_tokens(&request))?;
    page::to_python(py, page, to_python)
}
