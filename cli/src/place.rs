//! Where the authority is: its store and its master key file.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use provkey::authority::{Authority, Environment};
use provkey::store::{Store, StoreError};
use provkey_postgres::PostgresStore;
use provkey_server::{KeyringSource, Metrics};
use provkey_sqlite::SqliteStore;

use crate::checkpoint::CheckpointPlace;
use crate::cli::GLOBAL;
use crate::failure::Failure;
use crate::redact::has_password;
use crate::token::TokenPlace;
use crate::{keyring_file, system};

#[derive(Args)]
pub(crate) struct Place {
    /// The store: sqlite:PATH or postgres://USER@HOST/DATABASE
    #[arg(long, global = true, help_heading = GLOBAL, env = "PROVKEY_STORE")]
    #[arg(hide_env_values = true, value_name = "STORE", value_parser = StoreAddress::parse)]
    store: Option<StoreAddress>,
    /// The file that holds the master keys
    #[arg(long, global = true, help_heading = GLOBAL, env = "PROVKEY_MASTER_KEY_FILE")]
    #[arg(value_name = "FILE")]
    master_key_file: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) token: TokenPlace,
    #[command(flatten)]
    pub(crate) checkpoint: CheckpointPlace,
}

/// The address of a store. The URL may hold a password.
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

    /// As [`Self::parse`], of an argument: other users of this machine see those.
    pub(crate) fn parse_public(text: &str) -> Result<Self, String> {
        let address = Self::parse(text)?;
        match has_password(text) {
            true => {
                Err("other users of this machine see arguments: leave the password out of the \
                         URL, and put it into PGPASSWORD or ~/.pgpass"
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
                "PostgreSQL has backups of its own; use pg_dump or pg_basebackup",
            )),
        }
    }
}

impl Place {
    pub(crate) fn store(&self) -> Result<&StoreAddress, Failure> {
        self.store.as_ref().ok_or_else(|| {
            Failure::missing_argument(&format!(
                "which store? give --store {FORMS}, or set PROVKEY_STORE"
            ))
        })
    }

    pub(crate) fn master_key_file(&self) -> Result<&Path, Failure> {
        self.master_key_file.as_deref().ok_or_else(|| {
            Failure::missing_argument(
                "which master key? give --master-key-file FILE or set PROVKEY_MASTER_KEY_FILE",
            )
        })
    }

    /// Opens the authority, acting as the user of this process. The store must not be older than
    /// the checkpoint that is kept, if one is.
    pub(crate) fn authority(&self) -> Result<Authority, Failure> {
        let authority = self.authority_of_any_checkpoint()?;
        self.checkpoint.check(&authority)?;
        Ok(authority)
    }

    /// As [`Self::authority`], but the store may have been rolled back.
    pub(crate) fn authority_of_any_checkpoint(&self) -> Result<Authority, Failure> {
        let authority = self.open(Environment::system)?;
        Ok(authority.acting_as(&system::actor()))
    }

    /// Opens the authority in an environment around its store. The store is opened last: what is
    /// wrong with the arguments and the master key is said before.
    fn open(
        &self,
        environment: impl FnOnce(Arc<dyn Store>) -> Environment,
    ) -> Result<Authority, Failure> {
        let (store, file) = (self.store()?, self.master_key_file()?);
        let keyring = keyring_file::read(file)?;
        keyring_file::warn_of_others(file);
        Ok(Authority::open(environment(store.open()?), keyring)?)
    }

    /// Opens the authority for a server, with all that it signs with, measured.
    pub(crate) fn serving_authority(&self, metrics: &Metrics) -> Result<Authority, Failure> {
        let authority = self.open(|store| Environment {
            observer: Some(Arc::new(metrics.clone())),
            ..Environment::system(metrics.store(store))
        })?;
        self.checkpoint.check(&authority)?;
        self.token.attach(&authority)?;
        Ok(authority)
    }

    /// Where the master keys are read again while a server runs.
    pub(crate) fn keyring_source(&self) -> Result<KeyringSource, Failure> {
        let file = self.master_key_file()?.to_owned();
        Ok(KeyringSource::new(move || {
            keyring_file::read(&file).map_err(|failure| failure.lines().join("; ").into())
        }))
    }

    /// Opens the authority with all that it signs with.
    pub(crate) fn signing_authority(&self) -> Result<Authority, Failure> {
        let authority = self.authority()?;
        self.token.attach(&authority)?;
        Ok(authority)
    }
}
