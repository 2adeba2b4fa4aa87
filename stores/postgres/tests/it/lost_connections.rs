//! Connections that break around the commit: no use is lost, and none is counted twice.

use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use postgres::{Client, NoTls};
use provkey::store::{GroupCommit, Outcome, Store, StoreError};
use provkey_postgres::PostgresStore;

use crate::{SERVER, make_counter, recorded, use_of, used};

const SOCKET: &str = ".s.PGSQL.5432";

/// When the proxy next drops a connection.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(u32)]
enum Cut {
    Never = 0,
    /// Before the next request reaches the server.
    BeforeServer,
    /// After the next request is done, before its answer reaches the client.
    BeforeClient,
    /// As soon as the next request reaches the server.
    During,
}

/// A proxy between clients and the server.
struct Proxy {
    folder: tempfile::TempDir,
    cut: Arc<AtomicU32>,
    cuts: Arc<AtomicUsize>,
}

impl Proxy {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(folder.path().join(SOCKET)).unwrap();
        let (cut, cuts) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicUsize::new(0)));
        let proxy = Self { folder, cut: Arc::clone(&cut), cuts: Arc::clone(&cuts) };
        let server: PathBuf = SERVER.folder().join(SOCKET);
        thread::spawn(move || {
            for client in listener.incoming() {
                serve(client.unwrap(), &server, &cut, &cuts);
            }
        });
        proxy
    }

    fn cut(&self, cut: Cut) {
        self.cut.store(cut as u32, Ordering::SeqCst);
    }

    fn cuts(&self) -> usize {
        self.cuts.load(Ordering::SeqCst)
    }

    /// The URL of a database of the server, through this proxy.
    fn url(&self, direct: &str) -> String {
        let database = direct.rsplit('/').next().unwrap();
        let folder = self.folder.path().display().to_string().replace('/', "%2F");
        format!("postgres://postgres@{folder}/{database}")
    }
}

fn serve(client: UnixStream, server: &Path, cut: &Arc<AtomicU32>, cuts: &Arc<AtomicUsize>) {
    let server = UnixStream::connect(server).unwrap();
    let take = |cut: &AtomicU32, wanted: Cut| {
        let taken = cut.compare_exchange(wanted as u32, 0, Ordering::SeqCst, Ordering::SeqCst);
        taken.is_ok()
    };
    let (mut from, mut to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
    let (cut_here, cuts_here) = (Arc::clone(cut), Arc::clone(cuts));
    thread::spawn(move || {
        pass_on(&mut from, &mut to, |to, bytes| {
            if take(&cut_here, Cut::BeforeServer) {
                cuts_here.fetch_add(1, Ordering::SeqCst);
                return false;
            }
            let during = take(&cut_here, Cut::During);
            let sent = to.write_all(bytes).is_ok();
            cuts_here.fetch_add(usize::from(during), Ordering::SeqCst);
            sent && !during
        });
    });
    let (mut from, mut to) = (server, client);
    let (cut, cuts) = (Arc::clone(cut), Arc::clone(cuts));
    thread::spawn(move || {
        pass_on(&mut from, &mut to, |to, bytes| {
            if take(&cut, Cut::BeforeClient) {
                cuts.fetch_add(1, Ordering::SeqCst);
                return false;
            }
            to.write_all(bytes).is_ok()
        });
    });
}

/// Forwards data until one end closes or `pass` returns false. Then closes both.
fn pass_on(
    from: &mut UnixStream,
    to: &mut UnixStream,
    mut pass: impl FnMut(&mut UnixStream, &[u8]) -> bool,
) {
    let mut bytes = [0; 65536];
    loop {
        match from.read(&mut bytes) {
            Ok(length @ 1..) if pass(to, &bytes[..length]) => {}
            _ => break,
        }
    }
    let _ = from.shutdown(std::net::Shutdown::Both);
    let _ = to.shutdown(std::net::Shutdown::Both);
}

/// A store through a proxy, and the same store without it.
fn stores() -> (Proxy, Arc<PostgresStore>, PostgresStore, String) {
    let url = SERVER.new_database();
    let direct = PostgresStore::create(&url).unwrap();
    make_counter(&direct, "uses", 1_000_000);
    let proxy = Proxy::start();
    let store = Arc::new(PostgresStore::open(&proxy.url(&url)).unwrap());
    // What is prepared once is prepared.
    store.apply(&[use_of("uses", "used/0")]).unwrap();
    (proxy, store, direct, url)
}

#[test]
fn a_lost_request_and_a_lost_answer_are_unknown() {
    for (cut, applied) in [(Cut::BeforeServer, 0), (Cut::BeforeClient, 1)] {
        let (proxy, store, direct, _) = stores();
        proxy.cut(cut);
        let error = store.apply(&[use_of("uses", "used/1")]).unwrap_err();
        assert!(matches!(error, StoreError::Unknown(_)), "{cut:?}: {error}");
        assert_eq!(error.code(), "store_unavailable");
        assert_eq!(used(&direct, "uses"), 1 + applied, "{cut:?}");
        assert_eq!(recorded(&direct).len() as u64, 1 + applied, "{cut:?}");
    }
}

#[test]
fn core_settles_unknown_outcomes() {
    let (proxy, store, direct, _) = stores();
    let commit = GroupCommit::new(store as Arc<dyn Store>);
    for n in 1..=20 {
        proxy.cut([Cut::BeforeServer, Cut::BeforeClient, Cut::During, Cut::Never][n % 4]);
        let outcome = commit.apply(use_of("uses", &format!("used/{n}"))).unwrap();
        assert!(matches!(outcome, Outcome::Applied(_)), "{outcome:?}");
        assert_eq!(used(&direct, "uses"), 1 + n as u64);
    }
    assert_eq!(proxy.cuts(), 15);
    assert_eq!(recorded(&direct).len(), 21);
}

#[test]
fn many_lost_connections_neither_lose_nor_repeat_a_use() {
    const THREADS: usize = 6;
    const USES: usize = 60;
    let (proxy, store, direct, _) = stores();
    let commit = GroupCommit::new(store as Arc<dyn Store>);
    let work = |thread: usize| {
        for n in 0..USES {
            if n % 5 == 0 {
                proxy.cut([Cut::BeforeServer, Cut::BeforeClient, Cut::During][n / 5 % 3]);
            }
            let name = format!("used/{thread}/{n}");
            // One that fails is asked again, as a connector would.
            while !matches!(commit.apply(use_of("uses", &name)), Ok(Outcome::Applied(_))) {
                if recorded(&direct).contains(&name) {
                    break;
                }
            }
        }
    };
    let work = &work;
    thread::scope(|scope| {
        for thread in 0..THREADS {
            scope.spawn(move || work(thread));
        }
    });
    assert!(proxy.cuts() > 20, "{} connections were cut", proxy.cuts());
    assert_eq!(used(&direct, "uses"), 1 + (THREADS * USES) as u64);
    assert_eq!(recorded(&direct).len(), 1 + THREADS * USES);
}

/// The connection breaks while the server still works. The retried unit waits for the first
/// attempt, even if that takes the last use.
#[test]
fn a_retried_unit_waits_for_its_first_attempt() {
    let (proxy, store, direct, url) = stores();
    make_counter(&direct, "last", 1);
    let mut holder = Client::connect(&url, NoTls).unwrap();
    let mut transaction = holder.transaction().unwrap();
    let lock = "SELECT FROM provkey.records WHERE key = 'last' FOR UPDATE";
    transaction.execute(lock, &[]).unwrap();
    let commit = GroupCommit::new(store as Arc<dyn Store>);
    let outcome = thread::scope(|scope| {
        proxy.cut(Cut::During);
        let applied = scope.spawn(|| commit.apply(use_of("last", "used/last")));
        let waiting = "SELECT count(*) FROM pg_stat_activity
            WHERE wait_event_type = 'Lock' AND query LIKE '%.apply(%'";
        let database = url.rsplit('/').next().unwrap();
        let waiting = format!("{waiting} AND datname = '{database}'");
        while SERVER.sql("postgres", &waiting) != "2" {
            assert!(!applied.is_finished(), "it did not wait");
            thread::sleep(Duration::from_millis(5));
        }
        transaction.commit().unwrap();
        applied.join().unwrap()
    });
    assert_eq!(outcome.unwrap(), Outcome::Applied(vec![]), "it had been applied");
    assert_eq!(proxy.cuts(), 1);
    assert_eq!(used(&direct, "last"), 1);
}
