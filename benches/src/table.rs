//! One row of the table for each thing that is measured, beside its rival in the same run: the two
//! take turns, and the ratio of the middle figures is what counts, for the machine's own speed
//! drifts.

use std::time::{Duration, Instant};

/// What a row measures, and the measurement, which prints the row.
pub struct Row(pub &'static str, pub fn(&str));

/// Prints the rows whose name holds the word that the program was called with; without a word, all.
pub fn run(rows: &[Row]) {
    let word = std::env::args().skip(1).find(|argument| !argument.starts_with('-'));
    for Row(row, measure) in rows {
        if word.as_ref().is_none_or(|word| row.contains(word.as_str())) {
            measure(row);
        }
    }
}

/// How many threads this machine runs at once.
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

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

/// The part of some sorted durations that took no longer, in milliseconds.
fn at_ms(sorted: &[Duration], part: f64) -> f64 {
    let place = (sorted.len().saturating_sub(1) as f64 * part) as usize;
    sorted.get(place).map_or(f64::NAN, |duration| duration.as_secs_f64() * 1000.0)
}

/// The middle one of some sorted durations, in milliseconds.
pub fn middle_ms(sorted: &[Duration]) -> f64 {
    at_ms(sorted, 0.5)
}

/// Prints how long each of 64 callers waits, beside one that is alone.
#[allow(clippy::print_stdout, reason = "what a benchmark is for")]
pub fn tail(row: &str, work: impl Fn() + Sync) {
    let (lone, many) = (durations(1, 500, |_, _| work()), durations(64, 300, |_, _| work()));
    let (p50, p99, most) = (at_ms(&many, 0.5), at_ms(&many, 0.99), at_ms(&many, 1.0));
    let lone = middle_ms(&lone);
    println!(
        "| {row} | p50 {p50:.2} ms, p99 {p99:.2} ms, most {most:.1} ms | one lone commit | p50 {lone:.2} ms | {:.2}, {:.2} |",
        p50 / lone,
        p99 / lone,
    );
}
