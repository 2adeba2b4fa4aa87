//! How many connectors a key enrolled over time.

use std::time::{Duration, SystemTime};

use axum::Json;
use provkey::authority::{ConnectorFilter, Cursor, PageRequest};
use provkey::key::KeyId;
use provkey::time::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::authorized::Viewer;
use super::error_responses::ReadErrors;
use super::input::{Id, Parameters};
use super::moment::Moment;
use crate::problem::Problem;

/// How many connectors one call counts at most.
const COUNTED_MAX: usize = 1000;
const BUCKETS_MAX: u16 = 366;

/// Enrollments in buckets of time.
#[derive(Serialize, ToSchema)]
pub(super) struct Utilization {
    /// Where the first bucket begins.
    since: Moment,
    /// Where the last bucket ends.
    until: Moment,
    /// How many enrolled in each bucket, as far as this call counted.
    counts: Vec<u64>,
    /// Goes into `after` of the same question for the rest, to be added up; null: that was all.
    next: Option<String>,
}

/// Which time, in how many buckets.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct UtilizationQuery {
    /// Where the first bucket begins; without: 30 days before the end.
    since: Option<Moment>,
    /// Where the last bucket ends; without: now.
    until: Option<Moment>,
    /// How many buckets: 1 to 366, by default 30.
    #[param(minimum = 1, maximum = 366)]
    buckets: Option<u16>,
    /// Where the call before ended: its `next`.
    after: Option<String>,
}

/// A span of time, cut into buckets of one length.
struct Buckets {
    since: Timestamp,
    until: Timestamp,
    counts: Vec<u64>,
}

impl Buckets {
    fn new(query: &UtilizationQuery) -> Result<Self, Problem> {
        let until = query.until.map_or_else(|| SystemTime::now().into(), |until| until.0);
        let month = Duration::from_secs(30 * 86_400);
        let since = query.since.map_or_else(|| until.minus(month), |since| since.0);
        let buckets = query.buckets.unwrap_or(30);
        if since >= until || !(1..=BUCKETS_MAX).contains(&buckets) {
            let detail = "`since` must be before `until`, and `buckets` from 1 to 366";
            return Err(Problem::malformed(detail.into()));
        }
        Ok(Self { since, until, counts: vec![0; buckets.into()] })
    }

    /// Counts one; false: it lies beyond the end.
    fn count(&mut self, at: Timestamp) -> bool {
        let length = self.until.unix_ms() - self.since.unix_ms();
        let Some(from_start) = at.unix_ms().checked_sub(self.since.unix_ms()) else { return true };
        let index = u128::from(from_start) * self.counts.len() as u128 / u128::from(length);
        let bucket = usize::try_from(index).ok().and_then(|index| self.counts.get_mut(index));
        bucket.map(|count| *count += 1).is_some()
    }
}

/// How many connectors a key enrolled over time. One call counts a bounded number of them. Those
/// that were pruned are not among them.
#[utoipa::path(get, path = "/keys/{id}/utilization", tag = "keys",
    operation_id = "showUtilization",
    params(("id" = String, Path, description = "The id of the key."), UtilizationQuery),
    responses((status = 200, body = Utilization), ReadErrors))]
pub(super) async fn show(
    viewer: Viewer,
    Id(id): Id<KeyId>,
    Parameters(query): Parameters<UtilizationQuery>,
) -> Result<Json<Utilization>, Problem> {
    let mut buckets = Buckets::new(&query)?;
    let filter =
        ConnectorFilter { key: Some(id), since: Some(buckets.since), ..ConnectorFilter::default() };
    let page = PageRequest { limit: COUNTED_MAX, after: query.after.map(Cursor::new) };
    let found = viewer.call(move |authority| authority.list_connectors(&filter, &page)).await?;
    let more = found.items.iter().all(|connector| buckets.count(connector.enrolled_at));
    Ok(Json(Utilization {
        since: buckets.since.into(),
        until: buckets.until.into(),
        counts: buckets.counts,
        next: found.next.filter(|_| more).map(|next| next.as_str().to_owned()),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_moment_is_in_one_bucket() {
        let at = Timestamp::from_unix_ms;
        let mut buckets = Buckets { since: at(100), until: at(400), counts: vec![0; 3] };
        for (moment, inside) in [(99, true), (100, true), (199, true), (200, true), (399, true)] {
            assert_eq!(buckets.count(at(moment)), inside);
        }
        assert!(!buckets.count(at(400)));
        assert_eq!(buckets.counts, [2, 1, 1]);
    }
}
