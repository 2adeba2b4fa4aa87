//! The enrollments of a key over time.

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

/// The most connectors that one call counts.
const COUNTED_MAX: usize = 1000;
const BUCKETS_MAX: u16 = 366;

/// Enrollments in buckets of time.
#[derive(Serialize, ToSchema)]
pub(super) struct Utilization {
    /// The start of the first bucket.
    since: Moment,
    /// The end of the last bucket.
    until: Moment,
    /// The enrollments in each bucket that this call counted.
    counts: Vec<u64>,
    /// The cursor for `after` of the same query, whose counts are to be added; null: all are
    /// counted.
    next: Option<String>,
}

/// A span of time and its buckets.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct UtilizationQuery {
    /// The start of the first bucket; default: 30 days before the end.
    since: Option<Moment>,
    /// The end of the last bucket; default: now.
    until: Option<Moment>,
    /// The number of buckets, 1 to 366; default: 30.
    #[param(minimum = 1, maximum = 366)]
    buckets: Option<u16>,
    /// The cursor: `next` of the previous call.
    after: Option<String>,
}

/// A span of time, divided into buckets of equal length.
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

    /// Counts one enrollment; false: it is beyond the end.
    fn count(&mut self, at: Timestamp) -> bool {
        let length = self.until.unix_ms() - self.since.unix_ms();
        let Some(from_start) = at.unix_ms().checked_sub(self.since.unix_ms()) else { return true };
        let index = u128::from(from_start) * self.counts.len() as u128 / u128::from(length);
        let bucket = usize::try_from(index).ok().and_then(|index| self.counts.get_mut(index));
        bucket.map(|count| *count += 1).is_some()
    }
}

/// Counts the enrollments of a key over time. One call counts a bounded number of them. Pruned
/// connectors are not counted.
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
    let filter = ConnectorFilter::default().key(id).since(buckets.since);
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
