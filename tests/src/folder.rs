//! An authority in a folder, as every process of a test opens it.

use std::error::Error;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use provkey::authority::{Authority, Environment};
use provkey::key::Keyring;
use provkey::random::RandCore;
use provkey::store::Store;
use provkey::time::Timestamp;
use provkey_sqlite::SqliteStore;

/// The name of the store's file in the folder.
pub const STORE_FILE: &str = "authority.db";
/// The name of the file that holds the master key.
pub const MASTER_KEY_FILE: &str = "master.key";

/// The system's clock and randomness around a store.
pub fn environment(store: Arc<dyn Store>) -> Environment {
    Environment {
        store,
        clock: Arc::new(|| Timestamp::from(SystemTime::now())),
        random: Arc::new(RandCore::new(getrandom::SysRng)),
        observer: None,
    }
}

/// Opens the authority in a folder from its two files.
///
/// # Errors
/// Whatever a file, the keyring, the store or the authority fails with.
pub fn open_authority(folder: &Path) -> Result<Authority, Box<dyn Error>> {
    let keyring = Keyring::parse_file(&fs::read_to_string(folder.join(MASTER_KEY_FILE))?)?;
    let store = SqliteStore::open(folder.join(STORE_FILE))?;
    Ok(Authority::open(environment(Arc::new(store)), keyring)?)
}
