//! SIGHUP: what is configured in files is reloaded. If a file cannot be read, the old content stays
//! in use.

use std::fmt::Display;

use provkey::authority::Authority;
use provkey_server::{AdminCertificates, KeyringSource, Tls};

use super::administrators::Administrator;
use super::log::LogLevel;
use crate::failure::Failure;

/// What is reloaded.
pub(crate) struct Reload {
    pub(crate) log: LogLevel,
    pub(crate) tls: Option<Tls>,
    pub(crate) authority: Authority,
    pub(crate) keyring: KeyringSource,
    pub(crate) administrators: Vec<Administrator>,
    pub(crate) admin_certificates: AdminCertificates,
}

impl Reload {
    /// Reloads everything. This blocks.
    pub(crate) fn run(&self) {
        log_result("log level", self.log.reload().map_err(Failure::one_line));
        log_result("TLS certificate", self.tls.as_ref().map_or(Ok(()), Tls::reload));
        log_result("master keys", self.keyring.reload(&self.authority));
        log_result("administrators", self.administrators().map_err(Failure::one_line));
    }

    fn administrators(&self) -> Result<(), Failure> {
        self.admin_certificates.replace(Administrator::read_all(&self.administrators)?);
        Ok(())
    }
}

fn log_result(what: &str, read: Result<(), impl Display>) {
    match read {
        Ok(()) => tracing::info!(what, "reloaded"),
        Err(error) => tracing::error!(what, %error, "not reloaded: the old content stays in use"),
    }
}
