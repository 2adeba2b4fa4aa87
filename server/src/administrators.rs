//! Administrators without an admin token: by client certificate, or by the application.

use std::error::Error;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use axum::http::StatusCode;
use axum::http::request::Parts;
use provkey::authority::{AdminRole, AdminScope};
use provkey::time::Timestamp;
use provkey::x509::{Certificate, CertificateError};
use sha2::{Digest, Sha256};

use crate::problem::Problem;

/// An administrator, as the application knows them.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Administrator {
    /// Their name in the audit trail.
    pub name: String,
    /// Their role.
    pub role: AdminRole,
    /// What they are limited to. `None`: nothing.
    pub scope: Option<AdminScope>,
}

impl Administrator {
    /// An administrator without a scope.
    pub fn new(name: impl Into<String>, role: AdminRole) -> Self {
        Self { name: name.into(), role, scope: None }
    }

    /// Sets `scope`.
    pub fn scope(mut self, scope: impl Into<Option<AdminScope>>) -> Self {
        self.scope = scope.into();
        self
    }
}

/// Recognizes the application's own administrators: by a session, single sign-on, a header of its
/// gateway. Set as [`Config::administrators`](crate::Config::administrators).
///
/// It is called before admin tokens and client certificates are checked, and must not block: do
/// asynchronous work in a middleware that puts its result into the extensions of the request. The
/// server itself refuses cross-site requests of browsers. A closure suffices:
///
/// ```
/// use provkey::authority::AdminRole;
/// use provkey_server::{Administrator, Config};
///
/// #[derive(Clone)]
/// struct User { name: String, operates_fleet: bool }
///
/// let mut config = Config::default();
/// config.administrators = Some(std::sync::Arc::new(|request: &axum::http::request::Parts| {
///     let user = request.extensions.get::<User>().filter(|user| user.operates_fleet);
///     Ok(user.map(|user| Administrator::new(&user.name, AdminRole::Operator)))
/// }));
/// ```
pub trait Administrators: Send + Sync {
    /// The administrator who sends a request. `None`: the application knows none, so the request
    /// needs an admin token or a client certificate.
    ///
    /// # Errors
    /// The response to a request that the application refuses.
    fn identify(&self, request: &Parts) -> Result<Option<Administrator>, Problem>;
}

impl<F> Administrators for F
where
    F: Fn(&Parts) -> Result<Option<Administrator>, Problem> + Send + Sync,
{
    fn identify(&self, request: &Parts) -> Result<Option<Administrator>, Problem> {
        self(request)
    }
}

/// A client certificate that may administer the authority while it is valid.
#[derive(Clone, Debug)]
pub struct AdminCertificate {
    sha256: [u8; 32],
    not_before: Timestamp,
    not_after: Timestamp,
    holder: Administrator,
}

/// Why a certificate cannot identify an administrator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AdminCertificateError {
    /// It cannot be parsed.
    Malformed(CertificateError),
    /// `admin_certificate_purpose`: its extended key usage lacks clientAuth.
    Purpose,
}

impl AdminCertificateError {
    /// The stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Malformed(error) => error.code(),
            Self::Purpose => "admin_certificate_purpose",
        }
    }
}

impl fmt::Display for AdminCertificateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(error) => error.fmt(f),
            Self::Purpose => f.write_str(
                "the certificate is not for TLS clients: its extended key usage lacks clientAuth",
            ),
        }
    }
}

impl Error for AdminCertificateError {}

impl AdminCertificate {
    /// Parses a certificate in DER, which this administrator holds.
    ///
    /// # Errors
    /// Any [`AdminCertificateError`]. An expired certificate is accepted here, so that a server
    /// starts in spite of it, and refused at each request.
    pub fn parse(der: &[u8], holder: Administrator) -> Result<Self, AdminCertificateError> {
        let certificate = Certificate::parse(der).map_err(AdminCertificateError::Malformed)?;
        // RFC 5280, 4.2.1.12: without the extension it may be used for anything.
        if certificate.purposes().is_some_and(|purposes| !purposes.client_auth) {
            return Err(AdminCertificateError::Purpose);
        }
        let (not_before, not_after) = (certificate.not_before(), certificate.not_after());
        Ok(Self { sha256: certificate.sha256(), not_before, not_after, holder })
    }

    /// The end of its validity.
    pub fn not_after(&self) -> Timestamp {
        self.not_after
    }

    /// The administrator who holds it.
    pub fn holder(&self) -> &Administrator {
        &self.holder
    }
}

/// The client certificates that may administer the authority. Cheap to clone; clones share the
/// list, so it can be replaced while a server runs.
#[derive(Clone, Debug, Default)]
pub struct AdminCertificates(Arc<RwLock<Vec<AdminCertificate>>>);

impl From<Vec<AdminCertificate>> for AdminCertificates {
    fn from(certificates: Vec<AdminCertificate>) -> Self {
        Self(Arc::new(RwLock::new(certificates)))
    }
}

impl AdminCertificates {
    /// Replaces the whole list. The next request sees the new one.
    pub fn replace(&self, certificates: Vec<AdminCertificate>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = certificates;
    }

    /// The listed certificate with this DER. Its validity is checked at each request, because a
    /// connection may outlive it.
    pub(crate) fn find(
        &self,
        der: &[u8],
        now: Timestamp,
    ) -> Result<Option<AdminCertificate>, Problem> {
        let sha256: [u8; 32] = Sha256::digest(der).into();
        let listed = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let Some(found) = listed.iter().find(|listed| listed.sha256 == sha256) else {
            return Ok(None);
        };
        let AdminCertificate { not_before, not_after, .. } = *found;
        // RFC 5280, 4.1.2.5: the validity includes its last second.
        if now < not_before || now.unix_seconds() > not_after.unix_seconds() {
            let detail = format!(
                "the certificate of this administrator is valid only from {not_before} to {not_after}"
            );
            let status = StatusCode::UNAUTHORIZED;
            return Err(Problem::new("admin_certificate_expired", status, detail));
        }
        Ok(Some(found.clone()))
    }
}
