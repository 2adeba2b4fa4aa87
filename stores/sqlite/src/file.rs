//! The file of a store: creates it, durably and for its owner alone.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io;
#[cfg(unix)]
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use provkey::store::{FaultKind, StoreError};

use crate::error::{because, of_io};

/// Creates an empty file for the owner alone, durably. An empty file that exists, for instance from
/// an interrupted call, is used.
pub(crate) fn create(path: &Path) -> Result<(), StoreError> {
    match new(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => match fs::metadata(path) {
            Ok(metadata) if metadata.is_file() && metadata.len() == 0 => restrict(path),
            _ => Err(error),
        },
        made => made,
    }
    .and_then(|()| sync_folder(path))
    .map_err(|error| of_io(path, &error))
}

/// Creates a file that must not exist.
pub(crate) fn new(path: &Path) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop)
}

fn restrict(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    let _ = path;
    Ok(())
}

/// Makes the entry of a file in its folder durable. SQLite does that for its log only.
pub(crate) fn sync_folder(path: &Path) -> io::Result<()> {
    if cfg!(unix) {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        File::open(folder.unwrap_or(Path::new(".")))?.sync_all()?;
    }
    Ok(())
}

/// The identity of a file: device and inode, on systems that have them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FileId(u64, u64);

impl FileId {
    pub(crate) fn of(path: &Path) -> io::Result<Self> {
        Ok(Self::from(&fs::metadata(path)?))
    }
}

impl From<&Metadata> for FileId {
    fn from(metadata: &Metadata) -> Self {
        #[cfg(unix)]
        let id = Self(metadata.dev(), metadata.ino());
        #[cfg(not(unix))]
        let id = Self(0, u64::from(metadata.is_file()));
        id
    }
}

/// The absolute path of a regular file. Readers are opened later, when the program may have another
/// working folder; and SQLite gives some relative names a special meaning.
pub(crate) fn locate(path: &Path) -> Result<PathBuf, StoreError> {
    let located = fs::canonicalize(path).map_err(|error| of_io(path, &error))?;
    let metadata = fs::metadata(&located).map_err(|error| of_io(path, &error))?;
    match metadata.is_file() {
        true => Ok(located),
        false => Err(because(path, FaultKind::NotAStore, "it is not a regular file")),
    }
}
