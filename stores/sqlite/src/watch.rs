//! Detects that the files of an open store were removed, replaced or cut short.
//!
//! SQLite does not notice that: it goes on writing to files that no path leads to any more, and
//! what it commits is lost. Locks do not prevent it. So a [`Watch`] compares the files with those
//! that were opened, before each call and after each commit. After the first difference the store
//! is broken: nothing is acknowledged any more, and the files are left as they are.
//!
//! A store has three files: the database, its write-ahead log ("-wal"), and the index of the log
//! ("-shm"), which the processes share in memory.

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

/// The index is at least this long. SQLite reads that much without checking the length.
const INDEX_BYTES_MIN: u64 = 32 * 1024;

/// Another process changes the log and its index within microseconds. What differs for longer than
/// that is broken.
const ATTEMPTS: u32 = 20;
const ATTEMPT_PAUSE: Duration = Duration::from_millis(1);

const DATABASE_GONE: &str = "the database was removed or replaced";

/// Watches the files of an open store.
pub(crate) struct Watch {
    database: Watched,
    log: Watched,
    index: Watched,
    /// For reading the log. Closing it drops no locks: SQLite locks the database and the index
    /// only.
    log_file: File,
    /// The latest version that this store committed.
    committed: AtomicU64,
    /// The pages of the log, when its index was last read.
    log_pages: AtomicU32,
    /// The length of the database at the last write.
    database_bytes: AtomicU64,
    /// Why the store is broken.
    broken: OnceLock<&'static str>,
    /// Reads the index. Outlives all connections.
    locks: Locks,
}

/// A file, and the path that must lead to it.
struct Watched {
    path: PathBuf,
    id: FileId,
}

impl Watched {
    fn new(path: PathBuf) -> io::Result<Self> {
        let id = FileId::of(&path)?;
        Ok(Self { path, id })
    }

    /// The length of the file; `None` if the path does not lead to it any more.
    fn len(&self) -> Result<Option<u64>, StoreError> {
        #[cfg(test)]
        CHECKS.with(|checks| checks.set(checks.get() + 1));
        match fs::metadata(&self.path) {
            Ok(metadata) => Ok((FileId::from(&metadata) == self.id).then_some(metadata.len())),
            Err(error) if is_absence(&error) => Ok(None),
            // Whether the file is in place is unknown.
            Err(error) => Err(of_io(&self.path, &error)),
        }
    }

    /// Whether the file is in place and has at least this length.
    fn is_in_place(&self, bytes_min: u64) -> Result<bool, StoreError> {
        Ok(self.len()?.is_some_and(|bytes| bytes >= bytes_min))
    }
}

#[cfg(test)]
std::thread_local! {
    /// How often this thread has checked that a file is in place.
    pub(crate) static CHECKS: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

fn is_absence(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

impl Watch {
    /// Begins to watch a store. SQLite must have it open.
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

    /// Checks that all files are in place. Every call that does not write does this first.
    pub(crate) fn check(&self) -> Result<(), StoreError> {
        self.check_that(self.database.is_in_place(1)?, DATABASE_GONE)?;
        self.check_log_in_place()
    }

    /// Checks that the log and its index are in place, before a transaction that writes begins.
    /// Within the transaction, [`Self::check_contents`] checks the database.
    pub(crate) fn check_log_in_place(&self) -> Result<(), StoreError> {
        if let Some(why) = self.broken.get() {
            return Err(self.broken_because(why));
        }
        self.check_that(self.log.is_in_place(0)?, "its log (-wal) was removed or replaced")?;
        let index = self.index.is_in_place(INDEX_BYTES_MIN)?;
        self.check_that(index, "the index of its log (-shm) was removed, replaced or cut short")
    }

    /// Checks the contents of the files. Within a transaction that writes, so that no other process
    /// commits or restarts the log meanwhile, and before SQLite reads.
    pub(crate) fn check_contents(&self) -> Result<(), StoreError> {
        self.check_that(self.log_is_whole(), "its log (-wal) was cut short or overwritten")?;
        let bytes = self.database.len()?;
        self.check_that(bytes.is_some_and(|bytes| bytes > 0), DATABASE_GONE)?;
        let is_whole = bytes.is_some_and(|bytes| self.database_is_whole(bytes));
        self.check_that(is_whole, "the database was cut short")
    }

    /// Checks that the store has what was committed here. `sequence` is the latest version that a
    /// transaction has read.
    pub(crate) fn check_sequence(&self, sequence: u64) -> Result<(), StoreError> {
        let newest = self.committed.load(Ordering::Relaxed);
        self.check_that(sequence >= newest, "it lacks what was committed; it was overwritten")
    }

    /// Records a commit. Returns whether it is where other processes will find it. If not, another
    /// process may just have changed the log, and [`Self::check_contents`] decides.
    pub(crate) fn record_commit(&self, sequence: u64) -> bool {
        self.committed.fetch_max(sequence, Ordering::Relaxed);
        self.is_intact()
    }

    /// The pages of the log at the last commit; always 0 on systems without these checks.
    pub(crate) fn log_pages(&self) -> u32 {
        self.log_pages.load(Ordering::Relaxed)
    }

    /// The cause of an error of SQLite: broken files if they stay so, otherwise the error itself.
    pub(crate) fn cause_of(&self, error: StoreError) -> StoreError {
        for _ in 0..ATTEMPTS {
            match self.check() {
                Err(broken) => return broken,
                Ok(()) if self.log_is_whole() => return error,
                Ok(()) => thread::sleep(ATTEMPT_PAUSE),
            }
        }
        self.check_contents().err().unwrap_or(error)
    }

    /// Whether the files are in place and the log is whole. False also while another process
    /// changes the log.
    pub(crate) fn is_intact(&self) -> bool {
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

    /// Whether the log is the one that its index describes, with all pages.
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

    /// Whether the database is as long as before, or as long as a process that shrank it has left
    /// it.
    #[cfg(unix)]
    fn database_is_whole(&self, bytes: u64) -> bool {
        let before = self.database_bytes.swap(bytes, Ordering::Relaxed);
        let needed = self.index_header().map_or(0, |index| index.database_bytes());
        bytes >= before.min(needed)
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
    fn database_is_whole(&self, _: u64) -> bool {
        true
    }
}

/// The header of the index, in the byte order of the machine: section 2.1 of SQLite's "WAL-mode
/// File Format".
#[cfg(unix)]
struct IndexHeader([u8; 48]);

#[cfg(unix)]
impl IndexHeader {
    /// The number of pages in the log.
    fn log_pages(&self) -> u32 {
        self.number(16)
    }

    /// Bytes 16 to 23 of the header of the log. They change each time that the log restarts.
    fn salt(&self) -> &[u8] {
        &self.0[32..40]
    }

    /// The length of a log with this many pages.
    fn log_bytes(&self) -> u64 {
        32 + u64::from(self.log_pages()) * (24 + self.page_bytes())
    }

    /// The length of the database once the whole log is moved into it.
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
