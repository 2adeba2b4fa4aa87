//! A store with very many keys. It takes minutes to create, so the file stays for the next run.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use provkey::authority::{Authority, GroupId, Name, NewKey};
use provkey_sqlite::SqliteStore;

use crate::{authority, per_second, world};

/// An authority with many keys, 500 of them in a separate group.
#[derive(Debug)]
pub struct ManyKeys {
    /// The authority.
    pub authority: Authority,
    /// The group with 500 keys.
    pub group: GroupId,
}

impl ManyKeys {
    /// Opens the store with this many keys in a directory, or creates it.
    pub fn new(directory: &Path, keys: usize) -> Self {
        let path = directory.join(format!("{keys}-keys.db"));
        if !path.exists() {
            Self::make(&path.with_extension("unfinished"), &path, keys);
        }
        let store = SqliteStore::open(&path).expect("a store");
        let authority = world::open(Arc::new(store));
        let group = authority.find_group("other").expect("the group").id;
        Self { authority, group }
    }

    fn make(unfinished: &PathBuf, path: &PathBuf, keys: usize) {
        for extension in ["unfinished", "unfinished-wal", "unfinished-shm"] {
            let _ = std::fs::remove_file(path.with_extension(extension));
        }
        let world = authority(Arc::new(SqliteStore::create(unfinished).expect("a store")));
        let group = world.authority.create_group(&name("other")).expect("a group").id;
        per_second(64, keys.div_ceil(64), |thread, index| {
            let number = index * 64 + thread;
            let group = if number < 500 { group } else { world.group };
            let name = name(&format!("key {number:07}"));
            let new = NewKey::new(name, group, world.certificate, 10);
            world.authority.create_key(&new).expect("a key");
        });
        // Closing the store moves the log into the file.
        drop(world);
        std::fs::rename(unfinished, path).expect("the same directory");
    }
}

fn name(text: &str) -> Name {
    Name::parse(text).expect("a name")
}
