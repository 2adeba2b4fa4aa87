//! The server, or its database server, is killed while connectors enroll.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use provkey_tests::PostgresServer;

use crate::home::Home;
use crate::server::{free_port, wait_until};

const CONNECTORS: usize = 24;

/// Enrolls connectors, four at a time, which retry until they succeed. Counts those that are done.
fn enroll_all(home: &Home, done: &AtomicUsize, next: &AtomicUsize) {
    loop {
        let index = next.fetch_add(1, Ordering::SeqCst);
        if index >= CONNECTORS {
            return;
        }
        home.run(&format!("enroll --key-file k.key --dir c{index} --retry-for 5m")).succeeds();
        done.fetch_add(1, Ordering::SeqCst);
    }
}

/// Runs `disturb` twice while connectors enroll. All of them finish, and each costs one use.
fn enroll_while(home: &Home, mut disturb: impl FnMut()) {
    let (done, next) = (AtomicUsize::new(0), AtomicUsize::new(0));
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| enroll_all(home, &done, &next));
        }
        for share in 1..=2 {
            let some = CONNECTORS * share / 4;
            wait_until("enrollments", || done.load(Ordering::SeqCst) >= some);
            disturb();
        }
    });
    assert_eq!(home.used(), CONNECTORS as u64);
    let chains: Vec<_> =
        (0..CONNECTORS).map(|index| home.read(&format!("c{index}/chain.pem"))).collect();
    assert!(chains.iter().all(|chain| chain.contains("BEGIN CERTIFICATE")));
}

#[test]
fn no_use_is_lost_when_the_server_is_killed() {
    let (home, port) = Home::local();
    home.make_key("k", CONNECTORS as u64, "");
    let mut server = home.serve(port, &[]);
    enroll_while(&home, || {
        server.kill();
        server = home.serve(port, &[]);
    });
}

#[test]
fn no_use_is_lost_when_postgresql_is_killed() {
    let mut postgres = PostgresServer::start();
    let store = postgres.new_database();
    let (mut home, port) = (Home::empty(), free_port());
    home.store = store;
    home.begin(&format!("localhost:{port}"));
    home.make_key("k", CONNECTORS as u64, "");
    let _server = home.serve(port, &[]);
    enroll_while(&home, || {
        postgres.kill();
        postgres.restart();
    });
}
