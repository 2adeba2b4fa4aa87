//! Several processes that use one key at the same time: this program starts itself four times.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::time::Instant;

use provkey_benches::{Accounting, beside, per_second};
use provkey_postgres::PostgresStore;

/// The database, and the number of the first connector of a child.
const CHILD: &str = "PROVKEY_BENCH_CHILD";
const PROCESSES: usize = 4;
const USES_EACH: usize = 200;

pub(super) fn is_child() -> bool {
    std::env::var_os(CHILD).is_some()
}

/// Counts at each line of standard input, and prints a line when it is done.
pub(super) fn child() {
    let what = std::env::var(CHILD).unwrap();
    let (first, url) = what.split_once(' ').unwrap();
    let store = Arc::new(PostgresStore::open(url).unwrap());
    let accounting = Accounting::with_numbers_from(store, first.parse().unwrap());
    for _ in std::io::stdin().lines() {
        per_second(64, USES_EACH, |_, _| accounting.count_one());
        println!("done");
    }
}

struct Process {
    child: Child,
    output: BufReader<ChildStdout>,
}

impl Process {
    fn start(url: &str, number: usize) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .env(CHILD, format!("{} {url}", (number + 1) * 10_000_000))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        Self { child, output }
    }

    fn go(&mut self) {
        writeln!(self.child.stdin.as_mut().unwrap()).unwrap();
    }

    fn wait(&mut self) {
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        assert_eq!(line, "done\n");
    }
}

pub(super) fn run(row: &str) {
    let url = crate::SERVER.new_database();
    let alone = crate::new_accounting(&url);
    let mut processes: Vec<_> = (0..PROCESSES).map(|number| Process::start(&url, number)).collect();
    let together = || {
        let started = Instant::now();
        processes.iter_mut().for_each(Process::go);
        processes.iter_mut().for_each(Process::wait);
        (PROCESSES * 64 * USES_EACH) as f64 / started.elapsed().as_secs_f64()
    };
    let one = || per_second(64, PROCESSES * USES_EACH, |_, _| alone.count_one());
    beside(row, "64 callers in 1 process", together, one);
    for mut process in processes {
        drop(process.child.stdin.take());
        process.child.wait().unwrap();
    }
}
