//! Timestamps, and the clock of the authority.

mod rfc3339;
mod rounded;

pub use rfc3339::TimestampError;
pub use rounded::Rounded;

use core::fmt;
use core::time::Duration;

/// A point in time: milliseconds since 1970-01-01 00:00:00 UTC, without leap seconds.
///
/// `Display` writes it as RFC 3339 in UTC with milliseconds. `parse` and `FromStr` read any time of
/// RFC 3339 from 1970 to the end of 9999, with `T` and `Z` in upper case: they convert an offset to
/// UTC, round down to milliseconds, and refuse leap seconds. Serde uses the number of milliseconds.
///
/// ```
/// use provkey::time::{Timestamp, TimestampError};
///
/// let noon = Timestamp::parse("2026-09-21T14:00:00+02:00")?;
/// assert_eq!(noon.to_string(), "2026-09-21T12:00:00.000Z");
/// assert_eq!(std::time::SystemTime::from(noon), noon.into());
///
/// let leap_second = Timestamp::parse("2016-12-31T23:59:60Z");
/// assert_eq!(leap_second, Err(TimestampError::LeapSecond));
/// # Ok::<(), TimestampError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "authority", derive(serde::Serialize), serde(transparent))]
pub struct Timestamp(u64);

impl Timestamp {
    /// The last millisecond that X.509 and RFC 3339 can express: the end of the year 9999.
    pub const MAX: Self = Self(253_402_300_799_999);

    /// The time `unix_ms` milliseconds after 1970, at most [`Self::MAX`].
    pub const fn from_unix_ms(unix_ms: u64) -> Self {
        if unix_ms > Self::MAX.0 { Self::MAX } else { Self(unix_ms) }
    }

    /// The time `unix_seconds` seconds after 1970, at most [`Self::MAX`].
    pub const fn from_unix_seconds(unix_seconds: u64) -> Self {
        Self::from_unix_ms(unix_seconds.saturating_mul(1000))
    }

    /// Milliseconds since 1970.
    pub const fn unix_ms(self) -> u64 {
        self.0
    }

    /// Whole seconds since 1970, rounded down.
    pub const fn unix_seconds(self) -> u64 {
        self.0 / 1000
    }

    /// This time plus `duration`, at most [`Self::MAX`].
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        let ms = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        Self::from_unix_ms(self.0.saturating_add(ms))
    }

    /// This time minus `duration`, at least 1970.
    #[must_use]
    pub fn minus(self, duration: Duration) -> Self {
        let ms = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        Self(self.0.saturating_sub(ms))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = Duration::from_secs(self.unix_seconds());
        let date = der::DateTime::from_unix_duration(seconds).map_err(|_| fmt::Error)?;
        let (year, month, day) = (date.year(), date.month(), date.day());
        let (hour, minute, second) = (date.hour(), date.minutes(), date.seconds());
        let ms = self.0 % 1000;
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{ms:03}Z")
    }
}

/// Like [`Timestamp::from_unix_ms`]: a later time becomes [`Timestamp::MAX`].
#[cfg(feature = "authority")]
impl<'de> serde::Deserialize<'de> for Timestamp {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        u64::deserialize(deserializer).map(Self::from_unix_ms)
    }
}

/// A time before 1970 becomes 1970, and a time after the year 9999 becomes [`Timestamp::MAX`].
#[cfg(feature = "std")]
impl From<std::time::SystemTime> for Timestamp {
    fn from(moment: std::time::SystemTime) -> Self {
        let since = moment.duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Self::default().plus(since)
    }
}

#[cfg(feature = "std")]
impl From<Timestamp> for std::time::SystemTime {
    fn from(moment: Timestamp) -> Self {
        Self::UNIX_EPOCH + Duration::from_millis(moment.0)
    }
}

/// The clock of the authority: `SystemClock`, or a closure that returns a [`Timestamp`]. The
/// library never reads a clock that was not passed in.
///
/// ```
/// use provkey::time::{Clock, Timestamp};
///
/// struct Gps {
///     seconds: u64,
/// }
///
/// impl Clock for Gps {
///     fn now(&self) -> Timestamp {
///         Timestamp::from_unix_seconds(self.seconds)
///     }
/// }
///
/// assert_eq!(Gps { seconds: 5 }.now().unix_ms(), 5000);
/// ```
pub trait Clock: Send + Sync {
    /// The current time.
    fn now(&self) -> Timestamp;
}

/// The clock of the machine. Nothing in this crate reads it unless it is passed in.
///
/// ```
/// use provkey::time::{Clock, SystemClock, Timestamp};
///
/// assert!(SystemClock.now() > Timestamp::from_unix_seconds(1_700_000_000));
/// ```
#[cfg(feature = "std")]
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

#[cfg(feature = "std")]
impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        std::time::SystemTime::now().into()
    }
}

impl<F: Fn() -> Timestamp + Send + Sync> Clock for F {
    fn now(&self) -> Timestamp {
        self()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;

    #[test]
    fn is_written_as_rfc_3339() {
        let check = |ms, text: &str| assert_eq!(Timestamp::from_unix_ms(ms).to_string(), text);
        check(0, "1970-01-01T00:00:00.000Z");
        check(1_790_000_000_123, "2026-09-21T14:13:20.123Z");
        check(u64::MAX, "9999-12-31T23:59:59.999Z");
    }

    #[cfg(feature = "std")]
    #[test]
    fn system_time_becomes_a_timestamp_and_back() {
        use std::time::{SystemTime, UNIX_EPOCH};

        let moment = UNIX_EPOCH + Duration::from_millis(1_790_000_000_123);
        assert_eq!(Timestamp::from(moment), Timestamp::from_unix_ms(1_790_000_000_123));
        assert_eq!(SystemTime::from(Timestamp::from(moment)), moment);
        assert_eq!(Timestamp::from(UNIX_EPOCH - Duration::from_secs(1)), Timestamp::default());
    }

    #[test]
    fn arithmetic_never_leaves_1970_to_9999() {
        let day = Duration::from_secs(86_400);
        assert_eq!(Timestamp::default().minus(day), Timestamp::default());
        assert_eq!(Timestamp::MAX.plus(Duration::MAX), Timestamp::MAX);
        assert_eq!(Timestamp::from_unix_seconds(1).plus(day).unix_seconds(), 86_401);
    }
}
