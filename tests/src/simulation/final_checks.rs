//! The checks at the end of a run: every enrollment, key and certificate has its index entries, its
//! counters and its audit records, and nothing else is left.

use std::collections::{BTreeMap, BTreeSet};

use provkey::store::{Memory, ScanRange, Store as _, Value};
use serde::Deserialize;

use super::ledger::{Enrollment, KeyRecord, Ledger, read, read_all};

#[derive(Deserialize)]
struct AuditRecord {
    at: u64,
    action: String,
    connector: Option<String>,
}

/// Compares all records with the enrollments and the keys.
pub(super) fn check(memory: &Memory, ledger: &Ledger) -> Result<(), String> {
    check_enrollment_indexes(memory, ledger)?;
    check_revocations(memory, ledger)?;
    check_public_keys(ledger)?;
    check_keys(memory)?;
    // After pruning, an enrollment may lack its audit records, and the other way round.
    if ledger.pruned_before == 0 { check_audit(memory, ledger) } else { Ok(()) }
}

/// The keys of all records with a prefix.
fn keys_of(memory: &Memory, prefix: &str) -> BTreeSet<String> {
    let found = memory.scan(&ScanRange::prefix(prefix), 1000).expect("memory does not fail");
    found.iter().map(|one| String::from_utf8_lossy(one.key.as_bytes()).into_owned()).collect()
}

fn compare(what: &str, found: &BTreeSet<String>, wanted: &BTreeSet<String>) -> Result<(), String> {
    let missing: Vec<_> = wanted.difference(found).collect();
    let left_over: Vec<_> = found.difference(wanted).collect();
    match missing.is_empty() && left_over.is_empty() {
        true => Ok(()),
        false => Err(format!("{what}: {missing:?} are missing, {left_over:?} are left over")),
    }
}

/// The serial numbers of all certificates of an enrollment, each after the id of its signer.
fn serials(enrollment: &Enrollment) -> impl Iterator<Item = (String, u64)> {
    let former = enrollment.former().iter();
    let former = former.map(|one| (format!("{}/{}", one.certificate, one.serial), one.not_after));
    let current = format!("{}/{}", enrollment.certificate, enrollment.serial);
    former.chain([(current, enrollment.not_after)])
}

fn check_enrollment_indexes(memory: &Memory, ledger: &Ledger) -> Result<(), String> {
    let enrollments = || ledger.enrollments.values().map(|one| &**one);
    let by = |kind: &str, of: &dyn Fn(&Enrollment) -> String| {
        let entry = |one: &Enrollment| {
            format!("enrollment-by-{kind}/{}/{:013}/{}", of(one), one.enrolled_at, one.connector)
        };
        let found = keys_of(memory, &format!("enrollment-by-{kind}/"));
        compare(kind, &found, &enrollments().map(entry).collect())
    };
    by("key", &|one| one.key.clone())?;
    by("group", &|one| one.group.clone())?;
    let entry = |(serial, _)| format!("enrollment-by-serial/{serial}");
    let wanted = enrollments().flat_map(serials).map(entry).collect();
    compare("serial", &keys_of(memory, "enrollment-by-serial/"), &wanted)
}

/// Checks that every unexpired certificate of a revoked connector is recorded for CRLs.
fn check_revocations(memory: &Memory, ledger: &Ledger) -> Result<(), String> {
    let entries = |one: &Enrollment| {
        let revoked_at = one.revoked_at.unwrap_or(u64::MAX);
        let unexpired = serials(one).filter(move |(_, not_after)| *not_after >= revoked_at);
        unexpired.map(|(serial, _)| format!("revoked/{serial}")).collect::<Vec<_>>()
    };
    let wanted = ledger.enrollments.values().flat_map(|one| entries(one)).collect();
    compare("revoked", &keys_of(memory, "revoked/"), &wanted)
}

/// Checks that the connector of every public key exists.
fn check_public_keys(ledger: &Ledger) -> Result<(), String> {
    for (public_key, connector) in &ledger.renewed_keys {
        // Pruning deletes the public keys last, and may have been interrupted.
        if !ledger.enrollments.contains_key(connector) && ledger.pruned_before == 0 {
            return Err(format!("{public_key} belongs to {connector}, which does not exist"));
        }
    }
    Ok(())
}

fn check_keys(memory: &Memory) -> Result<(), String> {
    let keys = read_all::<KeyRecord>(memory, "key/")?;
    let mut users = BTreeMap::<String, u64>::new();
    for key in keys.values() {
        *users.entry(format!("group-users/{}", key.group)).or_default() += 1;
        *users.entry(format!("certificate-users/{}", key.certificate)).or_default() += 1;
    }
    let counters = keys_of(memory, "group-users/").into_iter();
    for counter in counters.chain(keys_of(memory, "certificate-users/")) {
        let wanted = users.get(&counter).copied().unwrap_or(0);
        match read(memory, &counter).map(|record| record.value) {
            Some(Value::Counter(found)) if found.used == wanted => {}
            found => return Err(format!("{counter} is {found:?}, and there are {wanted}")),
        }
    }
    for index in keys_of(memory, "key-by-") {
        let Some(Value::Body(id)) = read(memory, &index).map(|record| record.value) else {
            return Err(format!("{index} is not an index entry"));
        };
        let Some(key) = keys.get(&*String::from_utf8_lossy(&id)) else {
            return Err(format!("{index} is left over"));
        };
        let of = index.split('/').nth(1).unwrap_or_default();
        let right = match index.split('/').next() {
            Some("key-by-group") => of == key.group,
            Some("key-by-certificate") => of == key.certificate,
            _ => true,
        };
        if !right {
            return Err(format!("{index} belongs to another record"));
        }
    }
    let (found, wanted) = (keys_of(memory, "key-by-").len(), 6 * keys.len());
    if found == wanted { Ok(()) } else { Err(format!("{found} index entries of keys")) }
}

/// Checks that there is one audit record, at the right time, for each enrollment, renewal and
/// revocation.
fn check_audit(memory: &Memory, ledger: &Ledger) -> Result<(), String> {
    let records = read_all::<AuditRecord>(memory, "audit/")?;
    let mut recorded = BTreeMap::<(String, String), Vec<u64>>::new();
    for record in records.into_values() {
        if let Some(connector) = record.connector {
            recorded.entry((connector, record.action)).or_default().push(record.at);
        }
    }
    let mut take = |connector: &str, action: &str| {
        recorded.remove(&(connector.to_owned(), action.to_owned())).unwrap_or_default()
    };
    for (connector, enrollment) in &ledger.enrollments {
        let enrolled = take(connector, "connector_enrolled");
        let renewed = take(connector, "connector_renewed").len() as u64;
        let revoked = take(connector, "connector_revoked");
        let right = enrolled == [enrollment.enrolled_at]
            && renewed == enrollment.renewals()
            && revoked == Vec::from_iter(enrollment.revoked_at);
        if !right {
            return Err(format!(
                "the audit trail has {connector} enrolled at {enrolled:?}, renewed {renewed} times, revoked \
                 at {revoked:?}; it is {enrollment}"
            ));
        }
    }
    let of_enrollments = ["connector_enrolled", "connector_renewed", "connector_revoked"];
    recorded.retain(|(_, action), _| of_enrollments.contains(&action.as_str()));
    if recorded.is_empty() { Ok(()) } else { Err(format!("the audit trail also has {recorded:?}")) }
}
