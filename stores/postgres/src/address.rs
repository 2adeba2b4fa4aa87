//! The address of a store: a connection URL as PostgreSQL's own tools take it, with a few more
//! parameters.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use percent_encoding::percent_decode_str;
use postgres::Config;
use postgres::config::{Host, SslMode, TargetSessionAttrs};
use provkey::store::{FaultKind, StoreError, StoreFault};

const SCHEMA: &str = "provkey";
const QUERY_ROLE: &str = "provkey_query";
// Defaults for the URL: how long connecting may take, and how long the network may be silent before
// the connection counts as lost.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const SILENCE_MAX: Duration = Duration::from_secs(30);

/// Where the store is, and how to connect to it.
#[derive(Clone)]
pub(crate) struct Address {
    pub(crate) config: Config,
    /// The root certificates to trust; `None`: those of the platform.
    pub(crate) root_certificates: Option<PathBuf>,
    schema: String,
    query_role: String,
}

impl Address {
    pub(crate) fn parse(url: &str) -> Result<Self, StoreError> {
        let mut own = Own::default();
        let config = own.take_from(url).and_then(|rest| Config::from_str(&rest).ok());
        // The client's error for a malformed URL may repeat parts of it, hence a password.
        let mut config =
            config.filter(|config| !config.get_hosts().is_empty()).ok_or_else(wrong)?;
        let over_tcp = config.get_hosts().iter().any(|host| matches!(host, Host::Tcp(_)));
        config.ssl_mode(match own.ssl_mode.as_deref() {
            Some("disable") => SslMode::Disable,
            Some("prefer") => SslMode::Prefer,
            Some("require" | "verify-full") => SslMode::Require,
            Some(_) => return Err(wrong()),
            None if over_tcp => SslMode::Require,
            None => SslMode::Disable,
        });
        if config.get_target_session_attrs() == TargetSessionAttrs::ReadOnly {
            return Err(wrong());
        }
        // Of several servers, use the one that takes writes. A failover changes which one that is.
        config.target_session_attrs(TargetSessionAttrs::ReadWrite);
        if config.get_application_name().is_none() {
            config.application_name("provkey");
        }
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT_TIMEOUT);
        }
        if config.get_tcp_user_timeout().is_none() {
            config.tcp_user_timeout(SILENCE_MAX);
            config.keepalives_idle(SILENCE_MAX);
        }
        let schema = own.schema.unwrap_or_else(|| SCHEMA.into());
        let query_role = own.query_role.unwrap_or_else(|| QUERY_ROLE.into());
        Ok(Self { config, root_certificates: own.root_certificates, schema, query_role })
    }

    /// Whether the URL names more than one server.
    pub(crate) fn has_several_hosts(&self) -> bool {
        self.config.get_hosts().len() > 1
    }

    /// The name of the schema, as the catalog has it.
    pub(crate) fn schema(&self) -> &str {
        &self.schema
    }

    /// The role that queries run as.
    pub(crate) fn query_role(&self) -> &str {
        &self.query_role
    }

    /// SQL in which `{schema}` stands for the schema.
    pub(crate) fn sql(&self, text: &str) -> String {
        text.replace("{schema}", &format!("\"{}\"", self.schema.replace('"', "\"\"")))
    }
}

/// Does not show the password.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ports = self.config.get_ports();
        let hosts = self.config.get_hosts().iter().enumerate().map(|(index, host)| {
            let port = ports.get(index).or(ports.first()).unwrap_or(&5432);
            match host {
                Host::Tcp(host) => format!("{host}:{port}"),
                #[cfg(unix)]
                Host::Unix(path) => format!("{}:{port}", path.display()),
            }
        });
        let hosts = hosts.collect::<Vec<_>>().join(",");
        write!(f, "PostgreSQL at {hosts}, database {}", self.config.get_dbname().unwrap_or("-"))
    }
}

/// The parameters that this crate handles itself.
#[derive(Default)]
struct Own {
    schema: Option<String>,
    query_role: Option<String>,
    ssl_mode: Option<String>,
    root_certificates: Option<PathBuf>,
}

impl Own {
    /// Takes these parameters out of a URL. Returns the rest.
    fn take_from(&mut self, url: &str) -> Option<String> {
        let scheme = ["postgres://", "postgresql://"].iter().find(|it| url.starts_with(**it))?;
        // A password may contain a question mark.
        let path = url.find('@').unwrap_or(scheme.len());
        let Some(at) = url.get(path..)?.find('?').map(|at| path + at) else {
            return Some(url.into());
        };
        let (rest, parameters) = (url.get(..at)?, url.get(at + 1..)?);
        let mut theirs = Vec::new();
        for parameter in parameters.split('&').filter(|it| !it.is_empty()) {
            let (name, value) = parameter.split_once('=')?;
            let value = percent_decode_str(value).decode_utf8().ok()?.into_owned();
            match name {
                "schema" if is_schema_name(&value) => self.schema = Some(value),
                "schema" => return None,
                "query_role" => self.query_role = Some(value),
                "sslmode" => self.ssl_mode = Some(value),
                "sslrootcert" => self.root_certificates = Some(value.into()),
                _ => theirs.push(parameter),
            }
        }
        Some(format!("{rest}?{}", theirs.join("&")))
    }
}

/// Whether the name can be quoted wherever it is used. Identifiers have at most 63 bytes; the
/// schema also appears in string literals and in the bodies of functions.
fn is_schema_name(name: &str) -> bool {
    (1..=63).contains(&name.len()) && !name.contains(['\'', '$', '\\', '\0'])
}

fn wrong() -> StoreError {
    let form = "the address is malformed: it should be postgres://USER@HOST:PORT/DATABASE, \
                with parameters as ?sslmode=verify-full&schema=NAME";
    StoreError::NotApplied(StoreFault::new(FaultKind::NotAStore, form))
}
