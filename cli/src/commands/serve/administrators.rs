//! `provkey serve --administrator`: client certificates that may administer the authority.

use std::path::Path;
use std::time::SystemTime;

use provkey::authority::AdminRole;
use provkey::time::Timestamp;
use provkey::x509::Certificate;
use provkey_server::AdminCertificate;

use crate::failure::Failure;
use crate::files;

/// The role and the name of an administrator, and the file of their certificate: `ROLE:NAME:FILE`.
#[derive(Clone, Debug)]
pub(crate) struct Administrator {
    role: AdminRole,
    name: String,
    file: String,
}

impl Administrator {
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut parts = text.splitn(3, ':');
        let (Some(role), Some(name), Some(file)) = (parts.next(), parts.next(), parts.next())
        else {
            return Err("it must be ROLE:NAME:FILE, for example operator:alice:alice.pem".into());
        };
        let role =
            AdminRole::parse(role).map_err(|_| "the role must be viewer, operator or admin")?;
        if name.is_empty() {
            return Err("the name is missing: the audit trail shows it".into());
        }
        Ok(Self { role, name: name.into(), file: file.into() })
    }

    /// Reads the certificates of all administrators.
    pub(crate) fn read_all(administrators: &[Self]) -> Result<Vec<AdminCertificate>, Failure> {
        administrators.iter().map(Self::read).collect()
    }

    /// Reads the certificate, the first in the file.
    fn read(&self) -> Result<AdminCertificate, Failure> {
        let certificates = Certificate::parse_all(&files::read(Path::new(&self.file))?)?;
        let certificate = certificates.first().ok_or_else(|| {
            Failure::new("certificate_missing", format!("{} holds no certificate", self.file))
        })?;
        let holder = provkey_server::Administrator::new(&self.name, self.role);
        let certificate = AdminCertificate::parse(certificate.der(), holder)
            .map_err(|error| Failure::new(error.code(), format!("{}: {error}", self.file)))?;
        if certificate.not_after() < Timestamp::from(SystemTime::now()) {
            let (file, ended) = (&self.file, certificate.not_after());
            tracing::warn!(file, %ended, "the certificate of an administrator has expired");
        }
        Ok(certificate)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_administrator_has_a_role_a_name_and_a_file() {
        let read = Administrator::parse("operator:alice:C:/alice.pem").unwrap();
        assert_eq!((read.role, read.name.as_str()), (AdminRole::Operator, "alice"));
        assert_eq!(read.file, "C:/alice.pem");
        for wrong in ["", "operator", "operator:alice", "root:alice:a.pem", "viewer::a.pem"] {
            assert!(Administrator::parse(wrong).is_err(), "{wrong}");
        }
    }
}
