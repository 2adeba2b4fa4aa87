//! The table: one row for each measurement, beside its rival in the same run. The two take
//! turns, and the ratio of the medians counts, because the speed of the machine drifts.

use std::time::{Duration, Instant};

/// The name of a row, and the measurement, which prints the row.
pub struct Row(pub &'static str, pub fn(&str));

/// Prints the rows that contain the first argument of the program; without one, all rows.
pub fn run(rows: &[Row]) {
    let word = std::env::args().skip(1).find(|argument| !argument.starts_with('-'));
    for Row(row, measure) in rows {
        if word.as_ref().is_none_or(|word| row.contains(word.as_str())) {
            measure(row);
        }
    }
}

/// The number of threads that the machine runs in parallel.
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Runs `work(thread, index)` for `count` indexes on each of `threads` threads. Returns the
/// calls per second.
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

/// The durations of all calls, sorted.
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

/// The median.
pub fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_unstable_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
}

/// How many turns the two sides of a row take.
pub const ROUNDS: usize = 5;

/// Runs both sides in turns, and prints the row with their calls per second.
pub fn beside(row: &str, rival: &str, ours: impl FnMut() -> f64, theirs: impl FnMut() -> f64) {
    beside_in_turns(ROUNDS, row, rival, ours, theirs);
}

/// As [`beside`], with another number of turns: many short ones where a difference is small.
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

/// A quantile of sorted durations, in milliseconds.
fn at_ms(sorted: &[Duration], part: f64) -> f64 {
    let place = (sorted.len().saturating_sub(1) as f64 * part) as usize;
    sorted.get(place).map_or(f64::NAN, |duration| duration.as_secs_f64() * 1000.0)
}

/// The median of sorted durations, in milliseconds.
pub fn median_ms(sorted: &[Duration]) -> f64 {
    at_ms(sorted, 0.5)
}

/// Prints the waiting times of 64 callers, beside that of a lone caller.
#[allow(clippy::print_stdout, reason = "what a benchmark is for")]
pub fn tail(row: &str, work: impl Fn() + Sync) {
    let (lone, many) = (durations(1, 500, |_, _| work()), durations(64, 300, |_, _| work()));
    let (p50, p99, most) = (at_ms(&many, 0.5), at_ms(&many, 0.99), at_ms(&many, 1.0));
    let lone = median_ms(&lone);
    println!(
        "| {row} | p50 {p50:.2} ms, p99 {p99:.2} ms, most {most:.1} ms | one lone commit | p50 {lone:.2} ms | {:.2}, {:.2} |",
        p50 / lone,
        p99 / lone,
    );
}
