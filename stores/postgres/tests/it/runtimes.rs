//! Calls from asynchronous applications.

use std::sync::Arc;

use provkey_postgres::PostgresStore;
use tokio::runtime::Builder;

use crate::{SERVER, make_counter, used};

fn open_use_and_drop(url: &str) {
    let store = PostgresStore::open_or_create(url).unwrap();
    make_counter(&store, "uses", 9);
    assert_eq!(used(&store, "uses"), 0);
}

#[test]
fn calls_work_on_every_thread_of_a_runtime() {
    let url = SERVER.new_database();
    let runtime = Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let on_the_pool = url.clone();
        tokio::task::spawn_blocking(move || open_use_and_drop(&on_the_pool)).await.unwrap();
        // This stops the runtime meanwhile, as a call that blocks does; but it does not panic.
        open_use_and_drop(&url);
    });
    // A connection that was made outside, used and closed within.
    let store = Arc::new(PostgresStore::open(&url).unwrap());
    let shared = Arc::clone(&store);
    runtime.block_on(async move {
        let used = tokio::task::spawn_blocking(move || used(&shared, "uses")).await.unwrap();
        assert_eq!(used, 0);
        drop(store);
    });
}
