//! What the benchmarks share: an authority, connectors, and timing one thing beside another.

mod rival_postgres;
mod rivals;
mod world;

pub use rival_postgres::HandWrittenPostgres;
pub use rivals::{HandWritten, verify_and_sign};
pub use world::{SystemClock, SystemRandom, World, authority, p256_request};

use std::time::{Duration, Instant};

/// Runs `work(thread, index)` for `count` indexes on each of `threads` threads; gives how many
/// were done in a second.
pub fn per_second(threads: usize, count: usize, work: impl Fn(usize, usize) + Sync) -> f64 {
    let started = Instant::now();
    std::thread::scope(|scope| {
        for thread in 0..threads {
            let work = &work;
            scope.spawn(move || (0..count).for_each(|index| work(thread, index)));
        }
    });
    (threads * count) as f64 / started.elapsed().as_secs_f64()
}

/// How long each call took, over all threads, sorted.
pub fn durations(
    threads: usize,
    count: usize,
    work: impl Fn(usize, usize) + Sync,
) -> Vec<Duration> {
    let mut all: Vec<_> = std::thread::scope(|scope| {
        let running: Vec<_> = (0..threads)
            .map(|thread| {
                let work = &work;
                scope.spawn(move || {
                    let timed = |index| {
                        let started = Instant::now();
                        work(thread, index);
                        started.elapsed()
                    };
                    (0..count).map(timed).collect::<Vec<_>>()
                })
            })
            .collect();
        running.into_iter().flat_map(|thread| thread.join().expect("no thread panics")).collect()
    });
    all.sort_unstable();
    all
}

/// The middle of some figures.
pub fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_unstable_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
}

/// How often two that are compared take turns.
pub const ROUNDS: usize = 5;

/// Lets two take turns and prints how many a second each made.
pub fn beside(row: &str, rival: &str, ours: impl FnMut() -> f64, theirs: impl FnMut() -> f64) {
    beside_in_turns(ROUNDS, row, rival, ours, theirs);
}

/// As [`beside`], in so many turns: many short ones where a difference is small.
#[allow(clippy::print_stdout, reason = "what a benchmark is for")]
pub fn beside_in_turns(
    rounds: usize,
    row: &str,
    rival: &str,
    mut ours: impl FnMut() -> f64,
    mut theirs: impl FnMut() -> f64,
) {
    let (mut our_figures, mut their_figures) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        our_figures.push(ours());
        their_figures.push(theirs());
    }
    let (ours, theirs) = (median(our_figures), median(their_figures));
    let ratio = ours / theirs;
    println!("| {row} | {ours:.0}/s | {rival} | {theirs:.0}/s | {ratio:.3} |");
}
