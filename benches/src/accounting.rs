//! The accounting of one key, without the cryptography.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use provkey::limits::BATCH_UNITS_MAX;
use provkey::store::{GroupCommit, Operation, Outcome, RecordKey, Store, Unit};

const KEY: &str = "key/q2w3e4r5t6y7";
const CERTIFICATE: &str = "certificate/q2w3e4r5t6y7";
const USES: &str = "key-uses/q2w3e4r5t6y7";

/// The accounting of one key in a store: applies what an authority applies for each enrollment.
pub struct Accounting {
    store: Arc<dyn Store>,
    commit: GroupCommit,
    /// The versions of the key's and the certificate's records.
    versions: [u64; 2],
    /// The first number. Each process has its own range.
    first: usize,
    next: AtomicUsize,
}

impl std::fmt::Debug for Accounting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Accounting").finish_non_exhaustive()
    }
}

impl Accounting {
    /// Over a store, in which a key is created if it has none.
    pub fn new(store: Arc<dyn Store>) -> Self {
        let records = [KEY, CERTIFICATE].map(key);
        if store.get(&records).expect("a store").contains(&None) {
            let limit = Some(1_000_000_000);
            let mut operations = vec![Operation::SetLimit { counter: key(USES), limit }];
            let put = |key: &RecordKey| Operation::Put { key: key.clone(), body: vec![b'k'; 300] };
            operations.extend(records.iter().map(put));
            store.apply(&[Unit::new(operations)]).expect("a store");
        }
        Self::with_numbers_from(store, 0)
    }

    /// Over a store that has the key. Connectors are numbered from `first`.
    pub fn with_numbers_from(store: Arc<dyn Store>, first: usize) -> Self {
        let found = store.get(&[KEY, CERTIFICATE].map(key)).expect("a store");
        let version = |place: usize| found.get(place).and_then(Option::as_ref).map(|it| it.version);
        let versions = [0, 1].map(|place| version(place).expect("the key is there"));
        let commit = GroupCommit::new(Arc::clone(&store));
        Self { store, commit, versions, first, next: AtomicUsize::new(0) }
    }

    /// Counts one use, and writes all records of an enrollment.
    pub fn count_one(&self) {
        let unit = self.unit(self.next.fetch_add(1, Ordering::Relaxed));
        let outcome = self.commit.apply(unit).expect("a store");
        assert!(matches!(outcome, Outcome::Applied(_)), "{outcome:?}");
    }

    /// Stores this many enrollments, in large batches.
    pub fn fill(&self, count: usize) {
        for _ in 0..count.div_ceil(BATCH_UNITS_MAX) {
            let first = self.next.fetch_add(BATCH_UNITS_MAX, Ordering::Relaxed);
            let units: Vec<_> =
                (first..first + BATCH_UNITS_MAX).map(|number| self.unit(number)).collect();
            let outcomes = self.store.apply(&units).expect("a store");
            assert!(outcomes.iter().all(|outcome| matches!(outcome, Outcome::Applied(_))));
        }
    }

    /// The unit of one enrollment, with records of the same sizes and in the same order as those of
    /// the authority. The ids of connectors are random; other keys are in the order of time.
    fn unit(&self, number: usize) -> Unit {
        let number = self.first + number;
        let ms = 1_790_000_000_000 + number / 20;
        let connector =
            format!("{:026}", number * 2_654_435_761 % 1_000_000_007 * 100_000_000 + number);
        let audit = key(&format!("audit/{ms}/{number:016x}"));
        let enrollment = key(&format!("enrollment/{connector}"));
        let expect = |key, version| Operation::Expect { key, version };
        let put = |key, length| Operation::Put { key, body: vec![b'b'; length] };
        let [key_version, certificate_version] = self.versions.map(Some);
        Unit::new(vec![
            expect(audit.clone(), None),
            put(audit, 140),
            expect(key(KEY), key_version),
            expect(key(CERTIFICATE), certificate_version),
            expect(enrollment.clone(), None),
            Operation::Count { counter: key(USES), by: 1, at_ms: ms as u64 },
            put(enrollment, 1150),
            put(key(&format!("enrollment-by-key/q2w3e4r5t6y7/{ms}/{connector}")), 0),
            put(key(&format!("enrollment-by-group/q2w3e4r5t6y7/{ms}/{connector}")), 0),
            put(key(&format!("enrollment-by-serial/q2w3e4r5t6y7/4{number:033x}")), 26),
        ])
    }
}

fn key(text: &str) -> RecordKey {
    RecordKey::new(text).expect("a short key")
}
