//! Moving the log into the file, beside those who commit.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rusqlite::{Connection, Error, Result, ffi};

use crate::connect;
use crate::watch::Watch;

/// The log is moved into the file when it has this many pages. More pages: fewer moves, in which
/// a page that was changed often moves once; and a longer recovery after a crash.
const LOG_PAGES: u32 = 4000;
/// A log that did not begin anew, because others read it or move it themselves, is moved again with
/// so many pages more.
const MORE_PAGES: u32 = LOG_PAGES / 16;
/// While the log is moved it grows. So few pages are moved while nobody commits.
const LAST_PAGES: u32 = 200;
/// After so many moves the rest is moved while nobody commits, however long it is.
const MOVES_MAX: usize = 4;
/// How long another process may keep the last move waiting.
const WAIT_MAX: Duration = Duration::from_millis(10);
/// Enough for SQLite many times over.
const STACK_BYTES: usize = 512 * 1024;

/// Moves the log when it is long, on a thread that lives as long as the move.
///
/// SQLite would do it within the commit that makes the log long enough, and keep all who wait
/// for that commit, and behind it, for as long as it takes to write and sync all those pages.
pub(crate) struct Checkpoints {
    shared: Arc<Shared>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

struct Shared {
    path: PathBuf,
    writer: Arc<Mutex<Connection>>,
    watch: Arc<Watch>,
    log: Log,
}

/// What is known of the log.
struct Log {
    /// Its pages after the last commit.
    pages: AtomicU32,
    /// With how many pages it is to be moved next.
    due: AtomicU32,
}

impl Log {
    fn note_commit(&self, pages: u32) {
        // It began anew.
        if pages < self.pages.swap(pages, Ordering::Relaxed) {
            self.due.store(LOG_PAGES, Ordering::Relaxed);
        }
    }

    fn is_due(&self) -> bool {
        self.pages() >= self.due.load(Ordering::Relaxed)
    }

    fn pages(&self) -> u32 {
        self.pages.load(Ordering::Relaxed)
    }
}

impl Checkpoints {
    /// For the commits of this connection from now on, each of which is noted.
    pub(crate) fn new(path: &Path, writer: &Arc<Mutex<Connection>>, watch: &Arc<Watch>) -> Self {
        let log = Log { pages: AtomicU32::new(0), due: AtomicU32::new(LOG_PAGES) };
        let (path, writer, watch) = (path.to_owned(), Arc::clone(writer), Arc::clone(watch));
        let shared = Shared { path, writer, watch, log };
        Self { shared: Arc::new(shared), thread: Mutex::default() }
    }

    /// Notes that the connection committed, after its watch did, and before it commits again.
    pub(crate) fn note_commit(&self) {
        self.shared.log.note_commit(self.shared.watch.log_pages());
    }

    /// Begins to move the log if it is long and nobody does so yet. To be called after a commit.
    pub(crate) fn begin_if_due(&self) {
        let log = &self.shared.log;
        if !log.is_due() {
            return;
        }
        let Ok(mut thread) = self.thread.try_lock() else { return };
        if thread.as_ref().is_some_and(|thread| !thread.is_finished()) {
            return;
        }
        log.due.store(log.pages() + MORE_PAGES, Ordering::Relaxed);
        let shared = Arc::clone(&self.shared);
        let builder = thread::Builder::new().name("provkey-log".into()).stack_size(STACK_BYTES);
        match builder.spawn(move || shared.move_log()) {
            Ok(new) => *thread = Some(new),
            // No thread is to be had: as SQLite does it.
            Err(_) => self.shared.move_log(),
        }
    }
}

/// Waits for a move that was begun: its connection must not outlive the store.
impl Drop for Checkpoints {
    fn drop(&mut self) {
        let thread = self.thread.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Some(thread) = thread.take() {
            // Should it have panicked, the log is as it was.
            drop(thread.join());
        }
    }
}

impl Shared {
    /// Whatever goes wrong here is no error of anybody's: what the log has is durable, and it is
    /// moved later.
    fn move_log(&self) {
        if self.watch.check().is_ok() {
            drop(self.try_move_log());
        }
    }

    fn try_move_log(&self) -> Result<()> {
        let connection = connect::checkpointer(&self.path)?;
        for _ in 0..MOVES_MAX {
            let moved = checkpoint(&connection)?;
            if self.log.pages().saturating_sub(moved) <= LAST_PAGES {
                break;
            }
        }
        // Only when all of it is moved does the next commit begin the log anew.
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let _nobody_commits = connect::begin(&writer, WAIT_MAX)?;
        checkpoint(&connection).map(drop)
    }
}

/// Moves what no reader needs where it is. Gives how many pages of the log are moved by now.
fn checkpoint(connection: &Connection) -> Result<u32> {
    connection.query_row("PRAGMA main.wal_checkpoint(PASSIVE)", (), |row| match row.get(0)? {
        0 => row.get(2),
        _ => Err(Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_BUSY), None)),
    })
}
