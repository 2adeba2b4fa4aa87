//! The simulation, from seed 0 on. `make simulate` runs more of it.

use provkey_tests::simulation::{self, Statistics};

use crate::site::scaled;

#[test]
fn the_invariants_hold_whatever_fails() {
    let mut all = Statistics::default();
    let seeds = scaled(120, 5000);
    for seed in 0..seeds as u64 {
        match simulation::run(seed, false) {
            Ok(statistics) => all.add(&statistics),
            Err(violation) => panic!("seed {}: {}", violation.seed, violation.what),
        }
    }
    // The runs were not trivial.
    for what in [
        "enroll: done",
        "enroll: again",
        "enroll: died",
        "enroll: key_disabled",
        "enroll: key_exhausted",
        "enroll: store_unavailable",
        "enroll: certificate_retired",
        "enroll: public_key_in_use",
        "enroll many: done",
        "renew: done",
        "renew: died",
        "renew: connector_revoked",
        "retire: done",
        "compromise: done",
        "prune: done",
        "batch unknown",
        "batch partly applied",
        "late batch applied",
        "late batch refused",
    ] {
        assert!(all.of(what) > 0, "never in {seeds} seeds: {what}\n{all}");
    }
}

#[test]
fn a_seed_determines_its_run() {
    for seed in [3, 77, 1234] {
        assert_eq!(simulation::story(seed), simulation::story(seed));
    }
}
