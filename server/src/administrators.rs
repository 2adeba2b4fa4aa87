//! Who may look after the authority, beside those who have an admin token.

use std::error::Error;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use axum::http::StatusCode;
use axum::http::request::Parts;
use provkey::authority::AdminRole;
use provkey::time::Timestamp;
use provkey::x509::{Certificate, CertificateError};
use sha2::{Digest, Sha256};

use crate::problem::Problem;

/// Somebody who may look after the authority, as the application knows them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Administrator {
    /// The audit trail shows it.
    pub name: String,
    /// What they may do.
    pub role: AdminRole,
}

/// How an application recognizes its own administrators: by a session, a single sign-on, a header of
/// its gateway. Set as [`Config::administrators`](crate::Config::administrators).
///
/// It is asked before admin tokens and client certificates. What needs to wait is done in a middleware
/// of the application, which puts what it found into the extensions of the request. A request that
/// another site makes a browser send is refused here, whoever sends it. A closure will do:
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
///     Ok(user.map(|user| Administrator { name: user.name.clone(), role: AdminRole::Operator }))
/// }));
/// ```
pub trait Administrators: Send + Sync {
    /// Who sends a request. `None`: the application does not say, and the request needs an admin
    /// token or a client certificate.
    ///
    /// # Errors
    /// What is answered instead, if the application knows that the request must not go on.
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

/// A client certificate that may look after the authority, while it is valid.
#[derive(Clone, Debug)]
pub struct AdminCertificate {
    sha256: [u8; 32],
    not_before: Timestamp,
    not_after: Timestamp,
    holder: Administrator,
}

/// Why a certificate cannot be that of an administrator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AdminCertificateError {
    /// It cannot be read.
    Malformed(CertificateError),
    /// `admin_certificate_purpose`: it has an extended key usage, and that is not for TLS clients.
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
    /// The certificate in DER, and who holds it.
    ///
    /// # Errors
    /// That of the certificate; `admin_certificate_purpose`. One that has expired is accepted here,
    /// so that it keeps no server from starting, and refused with each request.
    pub fn new(der: &[u8], holder: Administrator) -> Result<Self, AdminCertificateError> {
        let certificate = Certificate::parse(der).map_err(AdminCertificateError::Malformed)?;
        // RFC 5280, 4.2.1.12: without the extension it may be used for anything.
        if certificate.purposes().is_some_and(|purposes| !purposes.client_auth) {
            return Err(AdminCertificateError::Purpose);
        }
        let (not_before, not_after) = (certificate.not_before(), certificate.not_after());
        Ok(Self { sha256: certificate.sha256(), not_before, not_after, holder })
    }

    /// Until when it is valid.
    pub fn not_after(&self) -> Timestamp {
        self.not_after
    }

    /// Its holder.
    pub fn holder(&self) -> &Administrator {
        &self.holder
    }
}

/// The client certificates that may look after the authority. Cheap to clone; clones are the same
/// list, so that it can be replaced while a server runs.
#[derive(Clone, Debug, Default)]
pub struct AdminCertificates(Arc<RwLock<Vec<AdminCertificate>>>);

impl From<Vec<AdminCertificate>> for AdminCertificates {
    fn from(certificates: Vec<AdminCertificate>) -> Self {
        Self(Arc::new(RwLock::new(certificates)))
    }
}

impl AdminCertificates {
    /// Replaces the whole list, from the next request on.
    pub fn replace(&self, certificates: Vec<AdminCertificate>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = certificates;
    }

    /// The administrator who showed this certificate, if it is listed. The connection may be older
    /// than the end of the certificate, so that is looked at for each request.
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
        // RFC 5280, 4.1.2.5: the last second is part of it.
        if now < not_before || now.unix_seconds() > not_after.unix_seconds() {
            let detail = format!(
                "the certificate of this administrator is valid from {not_before} to {not_after}"
            );
            let status = StatusCode::UNAUTHORIZED;
            return Err(Problem::new("admin_certificate_expired", status, detail));
        }
        Ok(Some(found.clone()))
    }
}
