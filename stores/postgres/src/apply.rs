//! Applies units: one call of the function `apply` in `schema/apply.sql`, hence one transaction.

use provkey::store::{Outcome, Reason, Unit};

use crate::batch::{Batch, Mode};
use crate::batch_result::{BatchResult, DISAGREES, refused};
use crate::error::Failed;
use crate::session::Session;

const APPLY: &str = "SELECT version_base, refused, there, versions, useds, used_maxes, last_ats,
    there_bodies FROM {schema}.apply($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";

/// Applies the units in one round trip.
pub(crate) fn apply(
    session: &mut Session,
    units: &[Unit],
    mode: Mode,
) -> Result<Vec<Outcome>, Failed> {
    let batch = Batch::new(units, mode);
    let mut sent = match batch.sent.is_empty() {
        true => Vec::new(),
        false => send(session, &batch)?,
    }
    .into_iter();
    let outcome = |unit: &Unit| match unit.check_form() {
        Ok(()) => sent.next(),
        Err(malformed) => Some(refused(malformed.operation, Reason::Malformed, None)),
    };
    Ok(units.iter().filter_map(outcome).collect())
}

fn send(session: &mut Session, batch: &Batch<'_>) -> Result<Vec<Outcome>, Failed> {
    let keys: Vec<&[u8]> = batch.slot_of.keys().copied().collect();
    let rows = session.query(
        APPLY,
        &[
            &keys,
            &batch.locks,
            &batch.unit_ends,
            &batch.kinds,
            &batch.slots,
            &batch.numbers,
            &batch.moments,
            &batch.bodies,
            &batch.new_keys,
            &batch.new_units,
            &batch.new_bodies,
            &batch.guards,
        ],
    )?;
    let [row] = rows.as_slice() else { return Err(DISAGREES) };
    BatchResult::read(row, keys.len())?.outcomes(batch)
}
