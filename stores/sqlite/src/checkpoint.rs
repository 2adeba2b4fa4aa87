//! Moves the write-ahead log into the database while commits go on (a "checkpoint" of SQLite).

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rusqlite::{Connection, Error, Result, ffi};

use crate::connect;
use crate::watch::Watch;

/// The log is moved when it has this many pages. A larger number means fewer moves, each of which
/// moves a page once however often it changed, and a longer recovery after a crash.
const LOG_PAGES: u32 = 4000;
/// If the log did not restart, because another process reads or moves it, it is moved again after
/// this many more pages.
const MORE_PAGES: u32 = LOG_PAGES / 16;
/// The log grows while it is moved. The last move blocks commits, for at most this many pages.
const LAST_PAGES: u32 = 200;
/// After this many moves, the last one takes the rest, however long.
const MOVES_MAX: usize = 4;
/// How long the last move waits for another process.
const WAIT_MAX: Duration = Duration::from_millis(10);
/// Many times what SQLite needs.
const STACK_BYTES: usize = 512 * 1024;

/// Moves a long log, on a thread that ends with the move.
///
/// SQLite itself would move the log within the commit that makes it long enough. This commit, and
/// all callers waiting for it, would take as long as writing and syncing all those pages.
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

/// The state of the log.
struct Log {
    /// The pages after the last commit.
    pages: AtomicU32,
    /// The number of pages at which the next move begins.
    due: AtomicU32,
}

impl Log {
    fn record_commit(&self, pages: u32) {
        // The log has restarted.
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
    /// For the commits of this connection, each followed by [`Self::record_commit`].
    pub(crate) fn new(path: &Path, writer: &Arc<Mutex<Connection>>, watch: &Arc<Watch>) -> Self {
        let log = Log { pages: AtomicU32::new(0), due: AtomicU32::new(LOG_PAGES) };
        let (path, writer, watch) = (path.to_owned(), Arc::clone(writer), Arc::clone(watch));
        let shared = Shared { path, writer, watch, log };
        Self { shared: Arc::new(shared), thread: Mutex::default() }
    }

    /// Records a commit: after the watch has recorded it, and before the next commit.
    pub(crate) fn record_commit(&self) {
        self.shared.log.record_commit(self.shared.watch.log_pages());
    }

    /// Begins to move the log if it is long and no move is under way. Call it after a commit.
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
            // Without a thread, the committing thread moves it, as SQLite would.
            Err(_) => self.shared.move_log(),
        }
    }
}

/// Waits for a move that is under way: its connection must not outlive the store.
impl Drop for Checkpoints {
    fn drop(&mut self) {
        let thread = self.thread.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Some(thread) = thread.take() {
            // A panic there leaves the log as it was.
            drop(thread.join());
        }
    }
}

impl Shared {
    /// Errors are ignored: the content of the log is durable, and the next move takes it.
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
        // Only after all of it was moved, the next commit restarts the log.
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let _nobody_commits = connect::begin(&writer, WAIT_MAX)?;
        checkpoint(&connection).map(drop)
    }
}

/// Moves the pages that no reader needs in the log. Returns how many pages are moved by now.
fn checkpoint(connection: &Connection) -> Result<u32> {
    connection.query_row("PRAGMA main.wal_checkpoint(PASSIVE)", (), |row| match row.get(0)? {
        0 => row.get(2),
        _ => Err(Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_BUSY), None)),
    })
}
