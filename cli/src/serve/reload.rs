//! SIGHUP: what stands in files is read again. What cannot be read leaves what was there.

use std::fmt::Display;

use provkey::authority::Authority;
use provkey_server::{AdminCertificates, KeyringSource, Tls};

use super::administrators::Administrator;
use super::log::LogLevel;
use crate::failure::Failure;

/// What is read again.
pub(crate) struct Reload {
    pub(crate) log: LogLevel,
    pub(crate) tls: Option<Tls>,
    pub(crate) authority: Authority,
    pub(crate) keyring: KeyringSource,
    pub(crate) administrators: Vec<Administrator>,
    pub(crate) admin_certificates: AdminCertificates,
}

impl Reload {
    /// Reads all of it. It blocks.
    pub(crate) fn run(&self) {
        tell("log level", self.log.reload().map_err(in_one_line));
        tell("TLS certificate", self.tls.as_ref().map_or(Ok(()), Tls::reload));
        tell("master keys", self.keyring.reload(&self.authority));
        tell("administrators", self.administrators().map_err(in_one_line));
    }

    fn administrators(&self) -> Result<(), Failure> {
        self.admin_certificates.replace(Administrator::read_all(&self.administrators)?);
        Ok(())
    }
}

pub(crate) fn in_one_line(failure: Failure) -> String {
    failure.lines().join("; ")
}

fn tell(what: &str, read: Result<(), impl Display>) {
    match read {
        Ok(()) => tracing::info!(what, "reloaded"),
        Err(error) => tracing::error!(what, %error, "not reloaded: what was there stays"),
    }
}
