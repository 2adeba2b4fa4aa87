//! The decision on an enrollment, from the key's record, its counter and the connector's
//! enrollment.

use alloc::vec::Vec;
use core::net::IpAddr;

use super::prove::Proven;
use crate::ledger::error::{Error, Refusal};
use crate::ledger::records::{self, EnrollmentRecord, KeyRecord};
use crate::ledger::{Ledger, Stored};
use crate::store::{Record, StoreError};
use crate::time::Timestamp;

/// The records that decide on a request, as they were at one moment.
pub(super) struct Snapshot {
    key: Option<Record>,
    uses: Option<Record>,
    enrollment: Option<Record>,
}

impl Snapshot {
    /// Reads the records of some requests in one go.
    pub(super) fn read<'a>(
        ledger: &Ledger,
        requests: impl Iterator<Item = &'a Proven>,
    ) -> Result<Vec<Self>, StoreError> {
        let keys: Vec<_> = requests
            .flat_map(|&Proven { key, connector, .. }| {
                [records::key(key), records::key_uses(key), records::enrollment(connector)]
            })
            .collect();
        let mut found = ledger.get_shared(&keys)?.into_iter();
        let snapshots = core::iter::from_fn(|| {
            let (key, uses, enrollment) = (found.next()?, found.next()?, found.next()?);
            Some(Self { key, uses, enrollment })
        });
        Ok(snapshots.collect())
    }
}

/// What is to be done for a request, after its records were read.
pub(super) enum Next {
    Replay(EnrollmentRecord),
    Enroll(Stored<KeyRecord>),
}

/// Step 3: decides by the key's record, its counter and the connector's enrollment. The order of
/// the checks is the order of the refusals.
pub(super) fn decide(proven: &Proven, snapshot: &Snapshot, now: Timestamp) -> Result<Next, Error> {
    let key = Stored::<KeyRecord>::read(snapshot.key.as_ref(), snapshot.uses.as_ref())?;
    let key = key.ok_or(Refusal::KeyDeleted)?;
    if key.record.compromised_at.is_some() {
        return Err(Refusal::KeyCompromised.into());
    }
    if !key.record.enabled {
        return Err(Refusal::KeyDisabled.into());
    }
    if key.record.proof_only && !proven.by_proof {
        return Err(Refusal::ProofRequired.into());
    }
    check_address(&key, proven.address)?;
    if let Some(owner) = &snapshot.enrollment {
        let record = records::enrolled(owner)?.ok_or(Refusal::PublicKeyInUse)?;
        check_replay(&record, proven, now)?;
        return Ok(Next::Replay(record));
    }
    if key.expired(now) {
        return Err(Refusal::KeyExpired.into());
    }
    if key.exhausted() {
        return Err(Refusal::KeyExhausted.into());
    }
    Ok(Next::Enroll(key))
}

fn check_address(key: &Stored<KeyRecord>, address: Option<IpAddr>) -> Result<(), Refusal> {
    let ranges = &key.record.allowed_addresses;
    let allowed = address.is_some_and(|address| ranges.iter().any(|range| range.contains(address)));
    if ranges.is_empty() || allowed { Ok(()) } else { Err(Refusal::AddressNotAllowed) }
}

/// Checks that a connector that has enrolled may get its certificate again.
fn check_replay(record: &EnrollmentRecord, proven: &Proven, now: Timestamp) -> Result<(), Refusal> {
    let same_key = record.spki_sha256.0 == proven.csr.public_key().sha256();
    if record.key != proven.key || !same_key {
        return Err(Refusal::PublicKeyInUse);
    }
    if record.revoked_at.is_some() {
        return Err(Refusal::ConnectorRevoked);
    }
    if record.fingerprint != proven.fingerprint {
        return Err(Refusal::FingerprintMismatch);
    }
    if record.current_spki_sha256() != proven.csr.public_key().sha256() {
        return Err(Refusal::CertificateRenewed);
    }
    if now > record.not_after {
        return Err(Refusal::CertificateExpired);
    }
    Ok(())
}
