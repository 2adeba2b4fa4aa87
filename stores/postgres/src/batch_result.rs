//! The result of a batch: the outcome of each unit.
//!
//! The server's function returns which units it refused, and the records as it found them. The
//! outcomes are derived from these records by [`Operation::decide`], as in every store. Each time,
//! the two decisions are compared.

use postgres::Row;
use provkey::store::{
    Counter, Head, Operation, Outcome, Reason, Record, RecordKey, Refused, Unit, Value,
};

use crate::batch::Batch;
use crate::error::Failed;
use crate::record::Columns;

pub(crate) const DISAGREES: Failed =
    Failed::Unexpected("the server decided otherwise than this library");

/// The result of the function, and the state of each slot after the units so far.
pub(crate) struct BatchResult<'u> {
    version_base: u64,
    /// The numbers of the units that were refused, from 1, ascending.
    refused: Vec<i32>,
    heads: Vec<Option<Head>>,
    bodies: Vec<Body<'u>>,
}

#[derive(Clone)]
enum Body<'u> {
    /// Not returned: no refusal shows it.
    Unknown,
    Found(Vec<u8>),
    Put(&'u [u8]),
}

impl<'u> BatchResult<'u> {
    pub(crate) fn read(row: &Row, slots: usize) -> Result<Self, Failed> {
        let found: Vec<i32> = row.try_get(2)?;
        // Arrays to which nothing was added are null.
        let versions: Vec<i64> = row.try_get::<_, Option<_>>(3)?.unwrap_or_default();
        let numbers =
            |column| Ok::<_, Failed>(row.try_get::<_, Option<Vec<_>>>(column)?.unwrap_or_default());
        let useds: Vec<Option<i64>> = numbers(4)?;
        let used_maxes = numbers(5)?;
        let last_ats = numbers(6)?;
        let bodies: Option<Vec<Option<Vec<u8>>>> = row.try_get(7)?;
        let mut result = Self {
            version_base: row.try_get::<_, Option<i64>>(0)?.unwrap_or(0) as u64,
            refused: row.try_get(1)?,
            heads: vec![None; slots],
            bodies: vec![Body::Unknown; slots],
        };
        let bodies = bodies.unwrap_or_default().into_iter().chain(std::iter::repeat(None));
        let columns = versions.into_iter().zip(useds).zip(used_maxes.into_iter().zip(last_ats));
        for ((slot, columns), body) in found.into_iter().zip(columns).zip(bodies) {
            let ((version, used), (used_max, last_at_ms)) = columns;
            let slot = usize::try_from(slot - 1).unwrap_or(usize::MAX);
            let (Some(head), Some(known)) =
                (result.heads.get_mut(slot), result.bodies.get_mut(slot))
            else {
                return Err(DISAGREES);
            };
            *head = Some(Columns { version, used, used_max, last_at_ms }.head()?);
            *known = body.map_or(Body::Unknown, Body::Found);
        }
        Ok(result)
    }

    /// Decides each unit, and compares that with the decision of the server.
    pub(crate) fn outcomes(mut self, batch: &Batch<'u>) -> Result<Vec<Outcome>, Failed> {
        let mut refused_units = std::mem::take(&mut self.refused).into_iter().peekable();
        let mut outcomes = Vec::with_capacity(batch.sent.len());
        for (number, unit) in (1..).zip(&batch.sent) {
            let server_refused = refused_units.next_if_eq(&number).is_some();
            let version = self.version_base + number as u64 - 1;
            let outcome = self.outcome(batch, unit, version)?;
            if server_refused != matches!(outcome, Outcome::Refused(_)) {
                return Err(DISAGREES);
            }
            outcomes.push(outcome);
        }
        Ok(outcomes)
    }

    fn outcome(
        &mut self,
        batch: &Batch<'u>,
        unit: &'u Unit,
        version: u64,
    ) -> Result<Outcome, Failed> {
        let mut counters = Vec::with_capacity(unit.operations.len());
        for (index, operation) in unit.operations.iter().enumerate() {
            let slot = batch.slot(operation.key()).unwrap_or(usize::MAX);
            match operation.decide(self.heads.get(slot).copied().flatten()) {
                Ok(counter) => counters.push((operation, slot, counter)),
                Err(reason) => {
                    return Ok(refused(index, reason, self.record(operation.key(), slot)?));
                }
            }
        }
        for (operation, slot, counter) in &counters {
            self.write(operation, *slot, *counter, version);
        }
        Ok(Outcome::Applied(counters.into_iter().filter_map(|(_, _, counter)| counter).collect()))
    }

    fn write(
        &mut self,
        operation: &'u Operation,
        slot: usize,
        counter: Option<Counter>,
        version: u64,
    ) {
        let (Some(head), Some(known)) = (self.heads.get_mut(slot), self.bodies.get_mut(slot))
        else {
            return;
        };
        match operation {
            Operation::Put { body, .. } => {
                *head = Some(Head { version, counter: None });
                *known = Body::Put(body);
            }
            Operation::Delete { .. } => *head = None,
            _ if counter.is_some() => *head = Some(Head { version, counter }),
            _ => {}
        }
    }

    /// The record that conflicts with a unit.
    fn record(&self, key: &RecordKey, slot: usize) -> Result<Option<Record>, Failed> {
        let Some(Head { version, counter }) = self.heads.get(slot).copied().flatten() else {
            return Ok(None);
        };
        let value = match (counter, self.bodies.get(slot)) {
            (Some(counter), _) => Value::Counter(counter),
            (None, Some(Body::Found(body))) => Value::Body(body.clone()),
            (None, Some(Body::Put(body))) => Value::Body(body.to_vec()),
            (None, _) => return Err(DISAGREES),
        };
        Ok(Some(Record { key: key.clone(), version, value }))
    }
}

pub(crate) fn refused(operation: usize, reason: Reason, record: Option<Record>) -> Outcome {
    Outcome::Refused(Refused { operation, reason, record })
}
