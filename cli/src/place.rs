//! Where the authority is: its store and its master key file.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use provkey::authority::Authority;
use provkey::store::Store;
use provkey_sqlite::SqliteStore;

use crate::cli::GLOBAL;
use crate::failure::Failure;
use crate::token::TokenPlace;
use crate::{keyring_file, system};

#[derive(Args)]
pub(crate) struct Place {
    /// The store, as sqlite:PATH
    #[arg(long, global = true, help_heading = GLOBAL, env = "PROVKEY_STORE")]
    #[arg(value_name = "STORE", value_parser = StoreAddress::parse)]
    store: Option<StoreAddress>,
    /// The file that holds the master keys
    #[arg(long, global = true, help_heading = GLOBAL, env = "PROVKEY_MASTER_KEY_FILE")]
    #[arg(value_name = "FILE")]
    master_key_file: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) token: TokenPlace,
}

/// The address of a store.
#[derive(Clone)]
pub(crate) enum StoreAddress {
    Sqlite(PathBuf),
}

impl StoreAddress {
    fn parse(text: &str) -> Result<Self, String> {
        match text.split_once(':') {
            Some(("sqlite", path)) if !path.is_empty() => Ok(Self::Sqlite(path.into())),
            Some(("sqlite", _)) => Err("the path is missing: sqlite:PATH".into()),
            Some((scheme, _)) => Err(format!("unknown kind of store `{scheme}`: sqlite:PATH")),
            None => Err("the kind of store is missing: sqlite:PATH".into()),
        }
    }

    pub(crate) fn open(&self) -> Result<SqliteStore, Failure> {
        let Self::Sqlite(path) = self;
        Ok(SqliteStore::open(path)?)
    }

    pub(crate) fn open_or_create(&self) -> Result<SqliteStore, Failure> {
        let Self::Sqlite(path) = self;
        Ok(SqliteStore::open_or_create(path)?)
    }
}

impl Place {
    pub(crate) fn store(&self) -> Result<&StoreAddress, Failure> {
        self.store.as_ref().ok_or_else(|| {
            Failure::missing_argument("which store? give --store sqlite:PATH or set PROVKEY_STORE")
        })
    }

    pub(crate) fn master_key_file(&self) -> Result<&Path, Failure> {
        self.master_key_file.as_deref().ok_or_else(|| {
            Failure::missing_argument(
                "which master key? give --master-key-file FILE or set PROVKEY_MASTER_KEY_FILE",
            )
        })
    }

    /// Opens the authority, acting as the user of this process.
    pub(crate) fn authority(&self) -> Result<Authority, Failure> {
        let (store, file) = (self.store()?, self.master_key_file()?);
        let keyring = keyring_file::read(file)?;
        keyring_file::warn_of_others(file);
        let store: Arc<dyn Store> = Arc::new(store.open()?);
        let authority = Authority::open(system::environment(store), keyring)?;
        Ok(authority.acting_as(&system::actor()))
    }

    /// Opens the authority with all that it signs with.
    pub(crate) fn signing_authority(&self) -> Result<Authority, Failure> {
        let authority = self.authority()?;
        self.token.attach(&authority)?;
        Ok(authority)
    }
}
