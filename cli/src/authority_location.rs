//! Where the authority is: its store, its master key file, and what goes with them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use provkey::authority::{Authority, Environment};
use provkey::store::{Store, StoreError};
use provkey_postgres::PostgresStore;
use provkey_server::{KeyringSource, Metrics};
use provkey_sqlite::SqliteStore;

use crate::checkpoint::CheckpointFile;
use crate::failure::Failure;
use crate::pkcs11::Pkcs11Token;
use crate::redact::has_password;
use crate::{actor, keyring_file};

/// The options that say where the authority is.
#[derive(Args)]
pub(crate) struct AuthorityLocation {
    /// The store: sqlite:PATH or postgres://USER@HOST/DATABASE
    #[arg(long, global = true, env = "PROVKEY_STORE")]
    #[arg(hide_env_values = true, value_name = "STORE", value_parser = StoreAddress::parse)]
    store: Option<StoreAddress>,
    /// The file that holds the master keys
    #[arg(long, global = true, env = "PROVKEY_MASTER_KEY_FILE", value_name = "FILE")]
    master_key_file: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) token: Pkcs11Token,
    #[command(flatten)]
    pub(crate) checkpoint: CheckpointFile,
}

/// The address of a store. A URL may hold a password.
#[derive(Clone)]
pub(crate) enum StoreAddress {
    Sqlite(PathBuf),
    Postgres(String),
}

const FORMS: &str = "sqlite:PATH or postgres://USER@HOST/DATABASE";

impl StoreAddress {
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        match text.split_once(':') {
            Some(("sqlite", path)) if !path.is_empty() => Ok(Self::Sqlite(path.into())),
            Some(("sqlite", _)) => Err("the path is missing: sqlite:PATH".into()),
            Some(("postgres" | "postgresql", _)) => Ok(Self::Postgres(text.into())),
            Some((scheme, _)) => Err(format!("unknown kind of store `{scheme}`: {FORMS}")),
            None => Err(format!("the kind of store is missing: {FORMS}")),
        }
    }

    /// Like [`Self::parse`], but refuses a password: other users can read arguments.
    pub(crate) fn parse_argument(text: &str) -> Result<Self, String> {
        let address = Self::parse(text)?;
        match has_password(text) {
            true => {
                Err("other users of this machine can read arguments: leave the password out of \
                         the URL, and put it into PGPASSWORD or ~/.pgpass"
                    .into())
            }
            false => Ok(address),
        }
    }

    pub(crate) fn open(&self) -> Result<Arc<dyn Store>, StoreError> {
        Ok(match self {
            Self::Sqlite(path) => Arc::new(SqliteStore::open(path)?),
            Self::Postgres(url) => Arc::new(PostgresStore::open(url)?),
        })
    }

    pub(crate) fn open_or_create(&self) -> Result<Arc<dyn Store>, StoreError> {
        Ok(match self {
            Self::Sqlite(path) => Arc::new(SqliteStore::open_or_create(path)?),
            Self::Postgres(url) => Arc::new(PostgresStore::open_or_create(url)?),
        })
    }

    pub(crate) fn create(&self) -> Result<Arc<dyn Store>, StoreError> {
        Ok(match self {
            Self::Sqlite(path) => Arc::new(SqliteStore::create(path)?),
            Self::Postgres(url) => Arc::new(PostgresStore::create(url)?),
        })
    }

    pub(crate) fn backup(&self, file: &Path) -> Result<(), Failure> {
        match self {
            Self::Sqlite(path) => Ok(SqliteStore::open(path)?.backup(file)?),
            Self::Postgres(_) => Err(Failure::new(
                "backup_elsewhere",
                "a PostgreSQL store is backed up by PostgreSQL: use pg_dump or pg_basebackup",
            )),
        }
    }
}

impl AuthorityLocation {
    pub(crate) fn store(&self) -> Result<&StoreAddress, Failure> {
        self.store.as_ref().ok_or_else(|| {
            Failure::usage(format!("no store is named: pass --store {FORMS}, or set PROVKEY_STORE"))
        })
    }

    pub(crate) fn master_key_file(&self) -> Result<&Path, Failure> {
        self.master_key_file.as_deref().ok_or_else(|| {
            Failure::usage(
                "no master key file is named: pass --master-key-file FILE, or set PROVKEY_MASTER_KEY_FILE",
            )
        })
    }

    /// Opens the authority, acting as the user of this process. Refuses a store that is older than
    /// the checkpoint file says.
    pub(crate) fn open(&self) -> Result<Authority, Failure> {
        let authority = self.open_rolled_back()?;
        self.checkpoint.check(&authority)?;
        Ok(authority)
    }

    /// Like [`Self::open`], but does not check whether the store was rolled back.
    pub(crate) fn open_rolled_back(&self) -> Result<Authority, Failure> {
        let authority = self.open_in(Environment::system)?;
        Ok(authority.acting_as(&actor::name()))
    }

    /// Like [`Self::open`], and attaches the keys of the PKCS #11 token.
    pub(crate) fn open_with_token(&self) -> Result<Authority, Failure> {
        let authority = self.open()?;
        self.token.attach(&authority)?;
        Ok(authority)
    }

    /// Opens the authority for a server, with the keys of the token and with metrics.
    pub(crate) fn open_for_server(&self, metrics: &Metrics) -> Result<Authority, Failure> {
        let authority = self.open_in(|store| {
            Environment::system(metrics.store(store)).observer(Arc::new(metrics.clone()))
        })?;
        self.checkpoint.check(&authority)?;
        self.token.attach(&authority)?;
        Ok(authority)
    }

    /// Opens the store last, so that wrong arguments and a wrong master key are reported first.
    fn open_in(
        &self,
        environment: impl FnOnce(Arc<dyn Store>) -> Environment,
    ) -> Result<Authority, Failure> {
        let (store, file) = (self.store()?, self.master_key_file()?);
        let keyring = keyring_file::read(file)?;
        keyring_file::warn_of_permissions(file);
        Ok(Authority::open(environment(store.open()?), keyring)?)
    }

    /// Reads the master key file again while a server runs.
    pub(crate) fn keyring_source(&self) -> Result<KeyringSource, Failure> {
        let file = self.master_key_file()?.to_owned();
        Ok(KeyringSource::new(move || {
            keyring_file::read(&file).map_err(|failure| failure.one_line().into())
        }))
    }
}
