//! Runs the simulation: `provkey-simulate [--first N] [--seeds N]`, or `--seed N` for the story
//! of one seed.

use std::num::NonZero;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;
use std::{env, thread};

use provkey_tests::simulation::{self, Statistics};

#[expect(clippy::print_stdout, clippy::print_stderr, reason = "it is a program")]
fn main() -> ExitCode {
    let Some(arguments) = Arguments::read() else {
        eprintln!("usage: provkey-simulate [--first N] [--seeds N] | --seed N");
        return ExitCode::FAILURE;
    };
    if let Some(seed) = arguments.seed {
        simulation::story(seed).iter().for_each(|line| println!("{line}"));
    }
    let (first, seeds) =
        arguments.seed.map_or((arguments.first, arguments.seeds), |seed| (seed, 1));
    let started = Instant::now();
    match run(first, seeds) {
        Ok(statistics) => {
            let seconds = started.elapsed().as_secs_f64();
            print!("{statistics}");
            println!("simulation: {seeds} seeds from {first} clean, {seconds:.1} s");
            ExitCode::SUCCESS
        }
        Err((broken, runs)) => {
            println!(
                "simulation: seed {} violates an invariant, after {runs} seeds: {}",
                broken.seed, broken.what
            );
            println!("its story: provkey-simulate --seed {}", broken.seed);
            ExitCode::FAILURE
        }
    }
}

struct Arguments {
    first: u64,
    seeds: u64,
    seed: Option<u64>,
}

impl Arguments {
    fn read() -> Option<Self> {
        let mut read = Self { first: 0, seeds: 1000, seed: None };
        let mut arguments = env::args().skip(1);
        while let Some(name) = arguments.next() {
            let value = arguments.next()?.parse().ok()?;
            match name.as_str() {
                "--first" => read.first = value,
                "--seeds" => read.seeds = value,
                "--seed" => read.seed = Some(value),
                _ => return None,
            }
        }
        Some(read)
    }
}

/// Runs seeds on all processors. Fails with the first violation and the number of seeds that ran.
fn run(first: u64, seeds: u64) -> Result<Statistics, (Box<simulation::Violation>, u64)> {
    let (next, done, stop) = (AtomicU64::new(0), AtomicU64::new(0), AtomicBool::new(false));
    let broken = Mutex::new(None);
    let work = || {
        let mut statistics = Statistics::default();
        while !stop.load(Ordering::Relaxed) {
            let at = next.fetch_add(1, Ordering::Relaxed);
            if at >= seeds {
                break;
            }
            done.fetch_add(1, Ordering::Relaxed);
            match simulation::run(first + at, false) {
                Ok(of_seed) => statistics.add(&of_seed),
                Err(violation) => {
                    stop.store(true, Ordering::Relaxed);
                    broken.lock().expect("nothing panics").get_or_insert(violation);
                }
            }
        }
        statistics
    };
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    let statistics = thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        workers.into_iter().fold(Statistics::default(), |mut all, worker| {
            all.add(&worker.join().expect("the simulation does not panic"));
            all
        })
    });
    match broken.into_inner().expect("nothing panics") {
        Some(violation) => Err((violation, done.into_inner())),
        None => Ok(statistics),
    }
}
