//! Opens the authority in a folder, in every process of a test.

use std::error::Error;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use provkey::authority::{Authority, Environment};
use provkey::key::Keyring;
use provkey::store::Store;
use provkey_postgres::PostgresStore;
use provkey_sqlite::SqliteStore;

use crate::killing_store::killing;

/// The name of the store's file in the folder.
pub const STORE_FILE: &str = "authority.db";
/// The name of the file that holds the master key.
pub const MASTER_KEY_FILE: &str = "master.key";

/// Opens the authority in a folder from its two files.
///
/// # Errors
/// Any error of a file, the keyring, the store or the authority.
pub fn open_authority(folder: &Path) -> Result<Authority, Box<dyn Error>> {
    let address = format!("sqlite:{}", folder.join(STORE_FILE).display());
    open_authority_on(folder, &address)
}

/// Opens the authority whose master key is in a folder, on any store: `sqlite:PATH` or
/// `postgres://USER@HOST/DATABASE`. `PROVKEY_TEST_KILL_AT` may end the process at a call of the
/// store.
///
/// # Errors
/// As [`open_authority`].
pub fn open_authority_on(folder: &Path, address: &str) -> Result<Authority, Box<dyn Error>> {
    let keyring = Keyring::parse(&fs::read_to_string(folder.join(MASTER_KEY_FILE))?)?;
    let store: Arc<dyn Store> = match address.strip_prefix("sqlite:") {
        Some(path) => Arc::new(SqliteStore::open(path)?),
        None => Arc::new(PostgresStore::open(address)?),
    };
    Ok(Authority::open(Environment::system(killing(store)?), keyring)?)
}
