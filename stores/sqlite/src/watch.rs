//! Whether the files of a store are still what they were.
//!
//! Somebody may remove, replace or cut short a file that is in use. What is written then is lost, so
//! nothing may be acknowledged any more. Locks do not help against that, only looking does: before each
//! call, and after each commit.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use provkey::store::{FaultKind, StoreError};

use crate::error::{because, of_io};
use crate::file::FileId;
use crate::locks::Locks;

/// SQLite makes the index as long as this at least, and reads that much of it without looking.
const INDEX_BYTES_MIN: u64 = 32 * 1024;

/// Others change the log within microseconds.
const LOOKS: u32 = 20;
const BETWEEN_LOOKS: Duration = Duration::from_millis(1);

/// What is known of the files of an open store.
pub(crate) struct Watch {
    database: Watched,
    log: Watched,
    index: Watched,
    /// To look into. Nobody locks the log, so it is safe to open and to close it.
    log_file: File,
    /// The newest sequence number that was committed here.
    committed: AtomicU64,
    /// How many pages the log had when it was last looked at.
    log_pages: AtomicU32,
    /// How long the database was last.
    database_bytes: AtomicU64,
    /// Why the store is broken.
    broken: OnceLock<&'static str>,
    /// Read the index, and outlive all connections.
    locks: Locks,
}

/// A file, and where it is to stay.
struct Watched {
    path: PathBuf,
    id: FileId,
}

impl Watched {
    fn new(path: PathBuf) -> io::Result<Self> {
        let id = FileId::of(&path)?;
        Ok(Self { path, id })
    }

    /// How long it is, unless it is not there any more.
    fn len(&self) -> Result<Option<u64>, StoreError> {
        match fs::metadata(&self.path) {
            Ok(metadata) => Ok((FileId::from(&metadata) == self.id).then_some(metadata.len())),
            Err(error) if is_absence(&error) => Ok(None),
            // Whether it is there cannot be said now.
            Err(error) => Err(of_io(&self.path, &error)),
        }
    }

    /// Whether it is still there, and has this many bytes at least.
    fn is_there(&self, bytes_min: u64) -> Result<bool, StoreError> {
        Ok(self.len()?.is_some_and(|bytes| bytes >= bytes_min))
    }
}

fn is_absence(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

impl Watch {
    /// Begins to watch a store, which SQLite has open by now.
    pub(crate) fn begin(database: &Path, locks: Locks) -> Result<Self, StoreError> {
        let beside = |suffix: &str| {
            let mut path = database.as_os_str().to_owned();
            path.push(suffix);
            PathBuf::from(path)
        };
        let begin = || {
            let log = Watched::new(beside("-wal"))?;
            Ok(Self {
                database: Watched::new(database.to_owned())?,
                log_file: File::open(&log.path)?,
                log,
                index: Watched::new(beside("-shm"))?,
                committed: AtomicU64::new(0),
                log_pages: AtomicU32::new(0),
                database_bytes: AtomicU64::new(0),
                broken: OnceLock::new(),
                locks,
            })
        };
        begin().map_err(|error| of_io(database, &error))
    }

    /// Checks that all files are where they were. For every call.
    pub(crate) fn check(&self) -> Result<(), StoreError> {
        if let Some(why) = self.broken.get() {
            return Err(self.broken_because(why));
        }
        self.check_that(self.database.is_there(1)?, "the database was removed or replaced")?;
        self.check_that(self.log.is_there(0)?, "its log (-wal) was removed or replaced")?;
        let index = self.index.is_there(INDEX_BYTES_MIN)?;
        self.check_that(index, "the index of its log (-shm) was removed, replaced or cut short")
    }

    /// Checks what the files hold. Within a transaction that writes, so that nobody else may commit or begin
    /// the log anew, and before SQLite reads.
    pub(crate) fn check_whole(&self) -> Result<(), StoreError> {
        self.check_that(self.log_is_whole(), "its log (-wal) was cut short or overwritten")?;
        self.check_that(self.database_is_whole()?, "the database was cut short")
    }

    /// Checks that what was committed here is there. `sequence`: what a transaction has found.
    pub(crate) fn check_sequence(&self, sequence: u64) -> Result<(), StoreError> {
        let newest = self.committed.load(Ordering::Relaxed);
        self.check_that(sequence >= newest, "it lacks what was committed: it was overwritten")
    }

    /// After a commit: whether what was committed is where others will find it. If this is false, others may
    /// just have changed the log, and [`Self::check_whole`] tells.
    pub(crate) fn note_commit(&self, sequence: u64) -> bool {
        self.committed.fetch_max(sequence, Ordering::Relaxed);
        self.is_in_order()
    }

    /// How many pages the log had at the last commit; 0 on systems where nobody looks.
    pub(crate) fn log_pages(&self) -> u32 {
        self.log_pages.load(Ordering::Relaxed)
    }

    /// What SQLite's error comes from, where it cannot begin a transaction that writes: the files, if they are not
    /// whole however often one looks, or else something that is SQLite's to say.
    pub(crate) fn cause_of(&self, error: StoreError) -> StoreError {
        for _ in 0..LOOKS {
            match self.check() {
                Err(broken) => return broken,
                Ok(()) if self.log_is_whole() => return error,
                Ok(()) => thread::sleep(BETWEEN_LOOKS),
            }
        }
        self.check_whole().err().unwrap_or(error)
    }

    /// Whether all looks well. If this is false, others may just have changed the log.
    pub(crate) fn is_in_order(&self) -> bool {
        self.check().is_ok() && self.log_is_whole()
    }

    fn check_that(&self, holds: bool, why: &'static str) -> Result<(), StoreError> {
        if holds {
            return Ok(());
        }
        Err(self.broken_because(self.broken.get_or_init(|| why)))
    }

    fn broken_because(&self, why: &str) -> StoreError {
        because(&self.database.path, FaultKind::Broken, why)
    }

    /// Whether the log has all pages that its index speaks of, and is the one that it speaks of.
    #[cfg(unix)]
    fn log_is_whole(&self) -> bool {
        use std::os::unix::fs::FileExt;

        let Some(index) = self.index_header() else { return false };
        self.log_pages.store(index.log_pages(), Ordering::Relaxed);
        if index.log_pages() == 0 {
            return true;
        }
        let mut log = [0; 32];
        self.log_file.read_exact_at(&mut log, 0).is_ok()
            && log[16..24] == *index.salt()
            && self.log_file.metadata().is_ok_and(|log| log.len() >= index.log_bytes())
    }

    /// Whether the database is as long as it was, or as it has to be if others made it shorter.
    #[cfg(unix)]
    fn database_is_whole(&self) -> Result<bool, StoreError> {
        let bytes = self.database.len()?.unwrap_or(0);
        let before = self.database_bytes.swap(bytes, Ordering::Relaxed);
        let needed = self.index_header().map_or(0, |index| index.database_bytes());
        Ok(bytes >= before.min(needed))
    }

    #[cfg(unix)]
    fn index_header(&self) -> Option<IndexHeader> {
        let mut header = [0; 48];
        self.locks.read_index(&mut header).then_some(IndexHeader(header))
    }

    #[cfg(not(unix))]
    fn log_is_whole(&self) -> bool {
        true
    }

    #[cfg(not(unix))]
    fn database_is_whole(&self) -> Result<bool, StoreError> {
        Ok(true)
    }
}

/// The header of the index, in the byte order of the machine: section 2.1 of SQLite's "WAL-mode File
/// Format".
#[cfg(unix)]
struct IndexHeader([u8; 48]);

#[cfg(unix)]
impl IndexHeader {
    /// How many pages the log has.
    fn log_pages(&self) -> u32 {
        self.number(16)
    }

    /// What the header of the log has at 16 to 23, and another each time that it begins anew.
    fn salt(&self) -> &[u8] {
        &self.0[32..40]
    }

    /// How long a log with so many pages is.
    fn log_bytes(&self) -> u64 {
        32 + u64::from(self.log_pages()) * (24 + self.page_bytes())
    }

    /// How long the database is once all of the log was moved into it.
    fn database_bytes(&self) -> u64 {
        u64::from(self.number(20)) * self.page_bytes()
    }

    /// 1 stands for 65536.
    fn page_bytes(&self) -> u64 {
        match u16::from_ne_bytes([self.0[14], self.0[15]]) {
            1 => 65536,
            bytes => bytes.into(),
        }
    }

    fn number(&self, at: usize) -> u32 {
        let bytes = &self.0[at..at + 4];
        u32::from_ne_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])
    }
}
