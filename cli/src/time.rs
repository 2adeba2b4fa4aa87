//! Times and periods as people write and read them.

use std::fmt;
use std::time::Duration;

use jiff::Span;
use jiff::tz::TimeZone;
use provkey::time::{Clock, SystemClock, Timestamp, TimestampError};
use provkey_admin::Moment;
use serde::{Serialize, Serializer};

/// A period longer than zero, for example `10y`, `90d` or `12h`. Years and months follow the
/// calendar.
#[derive(Clone, Copy)]
pub(crate) struct Period(Span);

impl Period {
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let wrong = || "a period is a number and a unit: 10y, 6mo, 2w, 90d, 12h, 30m".to_string();
        let span: Span = text.parse().map_err(|_| wrong())?;
        if span.is_positive() { Ok(Self(span)) } else { Err(wrong()) }
    }

    /// Like [`Self::parse`], and takes `0s` too.
    pub(crate) fn parse_or_zero(text: &str) -> Result<Self, String> {
        let span = text.parse::<Span>().ok().filter(|span| span.is_zero());
        span.map_or_else(|| Self::parse(text), |span| Ok(Self(span)))
    }

    /// The length of the period if it begins now.
    pub(crate) fn starting_now(self) -> Duration {
        let now = SystemClock.now();
        Duration::from_millis(self.after(now).unix_ms() - now.unix_ms())
    }

    fn after(self, now: Timestamp) -> Timestamp {
        let then = utc(now).and_then(|now| now.checked_add(self.0).ok());
        then.map_or(Timestamp::MAX, |then| timestamp(then.timestamp()))
    }

    fn before(self, now: Timestamp) -> Timestamp {
        let then = utc(now).and_then(|now| now.checked_sub(self.0).ok());
        then.map_or(Timestamp::default(), |then| timestamp(then.timestamp()))
    }
}

fn utc(moment: Timestamp) -> Option<jiff::Zoned> {
    let ms = i64::try_from(moment.unix_ms()).ok()?;
    Some(jiff::Timestamp::from_millisecond(ms).ok()?.to_zoned(TimeZone::UTC))
}

/// Times before 1970 become 1970.
fn timestamp(moment: jiff::Timestamp) -> Timestamp {
    Timestamp::from_unix_ms(u64::try_from(moment.as_millisecond()).unwrap_or(0))
}

/// When something expires: `never`, an RFC 3339 time, or a period from now.
#[derive(Clone, Copy)]
pub(crate) struct Expiry(pub(crate) Option<Timestamp>);

impl Expiry {
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        if text == "never" {
            return Ok(Self(None));
        }
        let at = parse_time_or_period(text, |period| period.after(SystemClock.now()));
        at.map(|at| Self(Some(at))).map_err(|wrong| format!("{wrong}, or never"))
    }
}

/// A bound of a listing: an RFC 3339 time, or a period before now.
#[derive(Clone, Copy)]
pub(crate) struct Since(pub(crate) Timestamp);

impl Since {
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        parse_time_or_period(text, |period| period.before(SystemClock.now())).map(Self)
    }
}

fn parse_time_or_period(
    text: &str,
    resolve: impl FnOnce(Period) -> Timestamp,
) -> Result<Timestamp, String> {
    match text.parse() {
        // What is not written like a time is a period, or nothing.
        Err(TimestampError::Malformed) => {
            let period = Period::parse(text).map_err(|wrong| format!("{wrong}; or RFC 3339"))?;
            Ok(resolve(period))
        }
        time => time.map_err(|wrong| wrong.to_string()),
    }
}

/// A time to show: RFC 3339 to programs; without `T` and milliseconds to people.
#[derive(Clone, Copy)]
pub(crate) struct Time(pub(crate) Timestamp);

impl Time {
    /// The time for people, or `never`.
    pub(crate) fn or_never(time: Option<Self>) -> String {
        time.map_or_else(|| "never".into(), |time| time.to_string())
    }
}

impl From<Moment> for Time {
    fn from(moment: Moment) -> Self {
        Self(moment.0)
    }
}

impl From<Timestamp> for Time {
    fn from(timestamp: Timestamp) -> Self {
        Self(timestamp)
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.0.to_string();
        let (date, time) = text.split_at_checked(10).unwrap_or((&text, ""));
        write!(f, "{date} {}Z", time.get(1..9).unwrap_or(time))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_unix_seconds(1_790_000_000);

    #[test]
    fn periods_follow_the_calendar() {
        let check = |text: &str, after: &str, before: &str| {
            let period = Period::parse(text).unwrap();
            assert_eq!(Time(period.after(NOW)).to_string(), after, "{text}");
            assert_eq!(Time(period.before(NOW)).to_string(), before, "{text}");
        };
        check("10y", "2036-09-21 14:13:20Z", "2016-09-21 14:13:20Z");
        check("6mo", "2027-03-21 14:13:20Z", "2026-03-21 14:13:20Z");
        check("90d", "2026-12-20 14:13:20Z", "2026-06-23 14:13:20Z");
        check("12h", "2026-09-22 02:13:20Z", "2026-09-21 02:13:20Z");
        check("9000y", "9999-12-31 23:59:59Z", "1970-01-01 00:00:00Z");
    }

    #[test]
    fn a_bound_is_a_time_or_a_period() {
        let since = |text| Since::parse(text).map(|since| since.0.to_string());
        assert_eq!(since("2026-09-21T14:13:20+02:00").unwrap(), "2026-09-21T12:13:20.000Z");
        assert_eq!(since("9000y").unwrap(), "1970-01-01T00:00:00.000Z");
        assert!(since("2026-09-21T14:13:20").unwrap_err().ends_with("; or RFC 3339"));
        assert!(since("1969-01-01T00:00:00Z").unwrap_err().contains("1970"));
        assert!(since("2026-02-29T00:00:00Z").unwrap_err().contains("no such day"));
    }

    #[test]
    fn an_expiry_is_also_never() {
        assert!(Expiry::parse("never").unwrap().0.is_none());
        assert!(Expiry::parse("2100-01-01T00:00:00Z").unwrap().0.is_some());
        assert!(Expiry::parse("ever").is_err_and(|wrong| wrong.ends_with("RFC 3339, or never")));
    }

    #[test]
    fn a_malformed_period_is_refused() {
        for text in ["", "10", "d", "0d", "-3d", "3d ago", "ten days", "1e99y"] {
            assert!(Period::parse(text).is_err(), "{text}");
        }
        assert_eq!(Period::parse_or_zero("0s").unwrap().starting_now(), Duration::ZERO);
        assert_eq!(Period::parse_or_zero("2m").unwrap().starting_now().as_secs(), 120);
        assert!(Period::parse_or_zero("-2m").is_err());
    }
}
