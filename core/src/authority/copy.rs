//! Moving an authority from one store to another.

use alloc::vec::{self, Vec};

use crate::authority::Authority;
use crate::ledger::error::{Error, InputError};
use crate::ledger::records;
use crate::limits::{BATCH_BYTES_MAX, BATCH_UNITS_MAX};
use crate::store::{
    Counter, FaultKind, Operation, Outcome, Record, RecordKey, ScanRange, Store, StoreError,
    StoreFault, Unit, Value,
};

/// How many records are read together.
const PAGE_RECORDS: usize = 128;

/// # Moving to another store
impl Authority {
    /// Copies all records of a store into an empty one, then compares the two record by record.
    /// Counters keep their count, their limit and their latest moment; the new store assigns its
    /// own versions. Returns the number of records.
    ///
    /// Nothing may change the first store meanwhile; the copy fails if it notices a change. The
    /// record that makes a store an authority is written last, so an interrupted copy is not an
    /// authority.
    ///
    /// # Errors
    /// `authority_missing` if there is nothing to copy, `store_exists` if the other store holds
    /// anything, `store_busy` if the first one changed meanwhile, and those of the stores.
    pub fn copy_store(from: &dyn Store, to: &dyn Store) -> Result<u64, Error> {
        Self::copy(from, to, || Ok(()))
    }

    /// `before_last` is called before the record that completes the copy is written.
    fn copy(
        from: &dyn Store,
        to: &dyn Store,
        before_last: impl FnOnce() -> Result<(), Error>,
    ) -> Result<u64, Error> {
        let authority = records::authority();
        let last = from.get(core::slice::from_ref(&authority))?.into_iter().flatten().next();
        let last = last.ok_or(InputError::AuthorityMissing)?;
        if !to.scan(&ScanRange::prefix(""), 1)?.is_empty() {
            return Err(refuse(FaultKind::Exists, "there are records in the store to copy into"));
        }
        let mut records = Reader::new(from);
        while let Some(page) = records.page()? {
            let page = page.into_iter().filter(|record| record.key != authority);
            write(to, &page.flat_map(units).collect::<Vec<_>>())?;
        }
        let count = compare(from, to, &authority)?;
        before_last()?;
        write(to, &units(last.clone()))?;
        let copied = to.get(core::slice::from_ref(&authority))?.into_iter().flatten().next();
        if copied.is_none_or(|copied| copied.value != last.value) {
            return Err(changed());
        }
        Ok(count + 1)
    }

    /// Moves an authority to an empty store: [closes](Store::fence) the first store to all changes,
    /// including those of processes that have it open, and [copies](Self::copy_store) it. So the
    /// copy has every use that was counted, and no connector enrolls from both. If the copy fails,
    /// the first store is opened again, unless it was closed before.
    ///
    /// If the process is killed meanwhile, the first store stays closed: remove the incomplete
    /// copy, and move it again. The first store also stays closed if the record that completes the
    /// copy could not be written or read back. Then the copy may be complete: check, and open only
    /// one of the two.
    ///
    /// # Errors
    /// Those of [`copy_store`](Self::copy_store); `store_not_recognized` if the first store cannot
    /// be closed. `store_busy` also if another process opened the first store again meanwhile.
    pub fn move_store(from: &dyn Store, to: &dyn Store) -> Result<u64, Error> {
        if !Self::exists(from)? {
            return Err(InputError::AuthorityMissing.into());
        }
        let closed_now = from.fence(true)?;
        let mut completing = false;
        let moved = Self::copy(from, to, || {
            stay_closed(from)?;
            completing = true;
            Ok(())
        });
        if moved.is_err() && closed_now && !completing {
            // The first error says why. A store that cannot be opened again is still whole.
            let _ = from.fence(false);
        }
        let count = moved?;
        stay_closed(from)?;
        Ok(count)
    }

    /// Checks that the store accepts changes, by a unit that changes nothing.
    ///
    /// # Errors
    /// `store_moved` if the authority was moved to another store, and those of the store.
    pub fn check_writable(&self) -> Result<(), Error> {
        self.ledger()?.check_writable()?;
        Ok(())
    }
}

/// Closes the store, and fails if it was open.
fn stay_closed(store: &dyn Store) -> Result<(), Error> {
    if store.fence(true)? { Err(changed()) } else { Ok(()) }
}

/// Reads all records of a store in order, page by page; each page is one snapshot.
struct Reader<'s> {
    store: &'s dyn Store,
    range: ScanRange,
    rest: vec::IntoIter<Record>,
}

impl<'s> Reader<'s> {
    fn new(store: &'s dyn Store) -> Self {
        Self { store, range: ScanRange::prefix(""), rest: Vec::new().into_iter() }
    }

    fn page(&mut self) -> Result<Option<Vec<Record>>, StoreError> {
        let page = self.store.scan(&self.range, PAGE_RECORDS)?;
        let Some(last) = page.last() else { return Ok(None) };
        self.range.after = Some(last.key.clone());
        Ok(Some(page))
    }

    /// The next record, skipping this key.
    fn next_but(&mut self, but: &RecordKey) -> Result<Option<Record>, StoreError> {
        loop {
            match self.rest.next() {
                Some(record) if record.key == *but => {}
                Some(record) => return Ok(Some(record)),
                None => match self.page()? {
                    Some(page) => self.rest = page.into_iter(),
                    None => return Ok(None),
                },
            }
        }
    }
}

/// The units that make a record in another store.
fn units(record: Record) -> Vec<Unit> {
    let Record { key, value, .. } = record;
    let absent = Operation::Expect { key: key.clone(), version: None };
    match value {
        Value::Body(body) => {
            alloc::vec![Unit::new(alloc::vec![absent, Operation::Put { key, body }])]
        }
        Value::Counter(counter) => counter_units(key, absent, counter),
    }
}

/// The limit is set last, because it may be lower than the count.
fn counter_units(counter: RecordKey, absent: Operation, value: Counter) -> Vec<Unit> {
    let limit = |limit| Operation::SetLimit { counter: counter.clone(), limit };
    let count = |by, at_ms| Operation::Count { counter: counter.clone(), by, at_ms };
    let mut units = alloc::vec![Unit::new(alloc::vec![absent, limit(None)])];
    if let Some(at_ms) = value.last_at_ms {
        let used = i64::try_from(value.used).unwrap_or(i64::MAX);
        units.push(Unit::new(alloc::vec![count(used.max(1), at_ms)]));
        if used == 0 {
            units.push(Unit::new(alloc::vec![count(-1, at_ms)]));
        }
    }
    if value.limit.is_some() {
        units.push(Unit::new(alloc::vec![limit(value.limit)]));
    }
    units
}

/// Applies units. It is an error if one is refused.
fn write(store: &dyn Store, units: &[Unit]) -> Result<(), Error> {
    let mut rest = units;
    while !rest.is_empty() {
        let (mut count, mut bytes) = (0, 0);
        for unit in rest.iter().take(BATCH_UNITS_MAX) {
            bytes += unit.bytes();
            if count > 0 && bytes > BATCH_BYTES_MAX {
                break;
            }
            count += 1;
        }
        let (batch, behind) = rest.split_at(count);
        let outcomes = store.apply(batch)?;
        if outcomes.iter().any(|outcome| matches!(outcome, Outcome::Refused(_))) {
            return Err(changed());
        }
        rest = behind;
    }
    Ok(())
}

/// Compares all records but one, and counts them.
fn compare(from: &dyn Store, to: &dyn Store, but: &RecordKey) -> Result<u64, Error> {
    let (mut records, mut copies) = (Reader::new(from), Reader::new(to));
    for count in 0.. {
        match (records.next_but(but)?, copies.next_but(but)?) {
            (Some(record), Some(copy))
                if (&record.key, &record.value) == (&copy.key, &copy.value) => {}
            (None, None) => return Ok(count),
            _ => return Err(changed()),
        }
    }
    Err(changed())
}

fn changed() -> Error {
    refuse(
        FaultKind::Busy,
        "a store changed while it was copied; stop what writes to it, and copy into a new one",
    )
}

fn refuse(kind: FaultKind, why: &str) -> Error {
    StoreError::NotApplied(StoreFault::new(kind, why)).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Memory;
    use alloc::{format, vec};

    fn key(name: &str) -> RecordKey {
        RecordKey::new(name).unwrap()
    }

    fn apply(store: &Memory, operation: Operation) {
        let outcomes = store.apply(&[Unit::new(vec![operation])]).unwrap();
        assert!(matches!(outcomes[0], Outcome::Applied(_)), "{outcomes:?}");
    }

    fn put(store: &Memory, name: &str, length: usize) {
        apply(store, Operation::Put { key: key(name), body: vec![7; length] });
    }

    /// Bodies of every size, and counters of every kind.
    fn full() -> Memory {
        let store = Memory::new();
        put(&store, "authority", 9);
        (0..300).for_each(|n| put(&store, &format!("body/{n}"), n * 211));
        let limits = [None, Some(5), Some(9), Some(crate::limits::COUNT_MAX)];
        for (index, limit) in limits.into_iter().enumerate() {
            for used in [None, Some(0), Some(7)] {
                let counter = key(&format!("counter/{index}/{used:?}"));
                let set = |limit| Operation::SetLimit { counter: counter.clone(), limit };
                let count = |by| Operation::Count { counter: counter.clone(), by, at_ms: 77 };
                apply(&store, set(None));
                if let Some(used) = used {
                    apply(&store, count(9));
                    apply(&store, count(used - 9));
                }
                apply(&store, set(limit));
            }
        }
        store
    }

    fn contents(store: &Memory) -> Vec<(RecordKey, Value)> {
        let records = store.scan(&ScanRange::prefix(""), 1000).unwrap();
        records.into_iter().map(|record| (record.key, record.value)).collect()
    }

    #[test]
    fn everything_is_copied() {
        let (from, to) = (full(), Memory::new());
        let count = Authority::copy_store(&from, &to).unwrap();
        assert_eq!(contents(&to), contents(&from));
        assert_eq!(count, contents(&to).len() as u64);
    }

    #[test]
    fn only_an_authority_is_copied_and_only_into_an_empty_store() {
        let code = |from: &Memory, to: &Memory| Authority::copy_store(from, to).unwrap_err().code();
        assert_eq!(code(&Memory::new(), &Memory::new()), "authority_missing");
        let other = Memory::new();
        put(&other, "x", 1);
        assert_eq!(code(&full(), &other), "store_exists");
        assert_eq!(contents(&other).len(), 1);
    }

    #[test]
    fn a_moved_store_refuses_changes_and_a_failed_move_is_undone() {
        let (from, to) = (full(), Memory::new());
        let put = |name| Unit::new(vec![Operation::Put { key: key(name), body: vec![1] }]);
        let other = Memory::new();
        self::put(&other, "x", 1);
        assert_eq!(Authority::move_store(&from, &other).unwrap_err().code(), "store_exists");
        from.apply(&[put("it is open again")]).unwrap();
        Authority::move_store(&from, &to).unwrap();
        assert_eq!(contents(&to), contents(&from));
        for store in [&from, &other] {
            // Closed before, it stays so when another move of it fails.
            assert_eq!(from.apply(&[put("y")]).unwrap_err().code(), "store_moved");
            assert_eq!(Authority::move_store(&from, &other).unwrap_err().code(), "store_exists");
            assert!(store.get(&[key("y")]).unwrap()[0].is_none());
        }
        to.apply(&[put("y")]).unwrap();
        assert_eq!(
            Authority::move_store(&Memory::new(), &to).unwrap_err().code(),
            "authority_missing"
        );
    }

    /// A store that applies the record that completes a copy, and loses its answer.
    struct Forgetful(Memory);

    impl Store for Forgetful {
        fn get(&self, keys: &[RecordKey]) -> Result<Vec<Option<Record>>, StoreError> {
            self.0.get(keys)
        }

        fn scan(&self, range: &ScanRange, limit: usize) -> Result<Vec<Record>, StoreError> {
            self.0.scan(range, limit)
        }

        fn apply(&self, units: &[Unit]) -> Result<Vec<Outcome>, StoreError> {
            let outcomes = self.0.apply(units)?;
            let completes =
                |unit: &Unit| unit.operations.iter().any(|it| *it.key() == key("authority"));
            match units.iter().any(completes) {
                true => Err(StoreError::Unknown(StoreFault::new(FaultKind::Unavailable, "lost"))),
                false => Ok(outcomes),
            }
        }
    }

    #[test]
    fn a_store_stays_closed_if_the_copy_may_be_complete() {
        let (from, to) = (full(), Forgetful(Memory::new()));
        assert_eq!(Authority::move_store(&from, &to).unwrap_err().code(), "store_unavailable");
        assert_eq!(contents(&to.0), contents(&from));
        let put = Unit::new(vec![Operation::Put { key: key("y"), body: vec![1] }]);
        assert_eq!(from.apply(&[put]).unwrap_err().code(), "store_moved");
    }

    /// A store in which somebody writes while it is copied.
    struct Changing(Memory, std::sync::atomic::AtomicUsize);

    impl Store for Changing {
        fn get(&self, keys: &[RecordKey]) -> Result<Vec<Option<Record>>, StoreError> {
            self.0.get(keys)
        }

        fn scan(&self, range: &ScanRange, limit: usize) -> Result<Vec<Record>, StoreError> {
            let page = self.0.scan(range, limit);
            if self.1.fetch_sub(1, std::sync::atomic::Ordering::SeqCst) == 1 {
                put(&self.0, "body/1", 3);
            }
            page
        }

        fn apply(&self, units: &[Unit]) -> Result<Vec<Outcome>, StoreError> {
            self.0.apply(units)
        }
    }

    #[test]
    fn a_change_meanwhile_is_seen_and_leaves_no_authority() {
        for scan in 1..=4 {
            let (from, to) = (Changing(full(), scan.into()), Memory::new());
            assert_eq!(Authority::copy_store(&from, &to).unwrap_err().code(), "store_busy");
            assert!(!Authority::exists(&to).unwrap());
        }
    }
}
