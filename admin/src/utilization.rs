//! The enrollments of a key over time.

use std::time::Duration;

use provkey::authority::{Authority, ConnectorFilter, Cursor, PageRequest};
use provkey::key::KeyId;
use provkey::time::{Clock, SystemClock, Timestamp};
use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::moment::Moment;

/// The most connectors that one call counts.
const COUNTED_MAX: usize = 1000;
const BUCKETS_MAX: u16 = 366;

/// Enrollments in buckets of time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct Utilization {
    /// The start of the first bucket.
    pub since: Moment,
    /// The end of the last bucket.
    pub until: Moment,
    /// The enrollments in each bucket that this call counted.
    pub counts: Vec<u64>,
    /// The cursor for `after` of the same query, whose counts are to be added; null: all are
    /// counted.
    pub next: Option<String>,
}

/// A span of time and its buckets.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams), into_params(parameter_in = Query))]
#[non_exhaustive]
pub struct UtilizationQuery {
    /// The start of the first bucket; default: 30 days before the end.
    pub since: Option<Moment>,
    /// The end of the last bucket; default: now.
    pub until: Option<Moment>,
    /// The number of buckets, 1 to 366; default: 30.
    #[cfg_attr(feature = "openapi", param(minimum = 1, maximum = 366))]
    pub buckets: Option<u16>,
    /// The cursor: `next` of the previous call.
    pub after: Option<String>,
}

/// A span of time, divided into buckets of equal length.
struct Buckets {
    since: Timestamp,
    until: Timestamp,
    counts: Vec<u64>,
}

impl Buckets {
    fn new(query: &UtilizationQuery) -> Result<Self, Error> {
        let until = query.until.map_or_else(|| SystemClock.now(), |until| until.0);
        let month = Duration::from_secs(30 * 86_400);
        let since = query.since.map_or_else(|| until.minus(month), |since| since.0);
        let buckets = query.buckets.unwrap_or(30);
        if since >= until || !(1..=BUCKETS_MAX).contains(&buckets) {
            let detail = "`since` must be before `until`, and `buckets` from 1 to 366";
            return Err(Error::Malformed(detail));
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

/// Counts the enrollments of a key over time.
pub(crate) fn count(
    authority: &Authority,
    key: KeyId,
    query: &UtilizationQuery,
) -> Result<Utilization, Error> {
    let mut buckets = Buckets::new(query)?;
    let filter = ConnectorFilter::default().key(key).since(buckets.since);
    let page = PageRequest::new(COUNTED_MAX).after(query.after.as_deref().map(Cursor::new));
    let found = authority.list_connectors(&filter, &page)?;
    let more = found.items.iter().all(|connector| buckets.count(connector.enrolled_at));
    Ok(Utilization {
        since: buckets.since.into(),
        until: buckets.until.into(),
        counts: buckets.counts,
        next: found.next.filter(|_| more).map(|next| next.as_str().to_owned()),
    })
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
