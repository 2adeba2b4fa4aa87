//! Reading a time in RFC 3339.

use super::Timestamp;
use crate::error_family::error_family;

error_family! {
    /// Why a text is not a [`Timestamp`].
    #[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
    #[non_exhaustive]
    pub enum TimestampError {
        /// It does not have the form of RFC 3339, for example because it lacks an offset from UTC.
        #[error("a time must be written as in RFC 3339, for example 2026-09-21T14:13:20Z")]
        Malformed => "text_malformed",
        /// It has the form, and names a day, an hour, a minute or an offset that does not exist.
        #[error("there is no such day or no such time of day")]
        Nonexistent => "text_malformed",
        /// It names second 60.
        #[error("a leap second cannot be expressed; write second 59, or second 0 of the next minute")]
        LeapSecond => "text_malformed",
        /// It is before 1970 or after 9999, in UTC.
        #[error("a time must be in the years 1970 to 9999, in UTC")]
        OutOfRange => "text_malformed",
    }
}

impl Timestamp {
    /// Parses a time in RFC 3339.
    ///
    /// # Errors
    /// `text_malformed`; [`TimestampError`] says why.
    pub fn parse(text: &str) -> Result<Self, TimestampError> {
        let (date, rest) = text.split_at_checked(10).ok_or(TimestampError::Malformed)?;
        let rest = rest.strip_prefix('T').ok_or(TimestampError::Malformed)?;
        let (time, rest) = rest.split_at_checked(8).ok_or(TimestampError::Malformed)?;
        let days = read_date(date)?;
        let seconds = read_time_of_day(time)?;
        let (ms, offset) = read_fraction(rest)?;
        let seconds = days * 86_400 + seconds - read_offset(offset)?;
        let unix_ms = u64::try_from(seconds * 1000 + ms).map_err(|_| TimestampError::OutOfRange)?;
        if unix_ms > Self::MAX.0 { Err(TimestampError::OutOfRange) } else { Ok(Self(unix_ms)) }
    }
}

crate::text::from_str!(Timestamp, TimestampError);

/// The days since 1970 of `2026-09-21`.
fn read_date(text: &str) -> Result<i64, TimestampError> {
    let [year, month, day] = read_numbers(text, '-', [4, 2, 2])?;
    let leap_year = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let last_day = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap_year => 29,
        2 => 28,
        _ => return Err(TimestampError::Nonexistent),
    };
    if day < 1 || day > last_day {
        return Err(TimestampError::Nonexistent);
    }
    // Years that begin in March have their leap day at the end. A year may be 0, so its first
    // months belong to year -1.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    // Five months from March on have 153 days, as have the five from August on.
    let before_month = (153 * month + 2) / 5;
    const DAYS_BEFORE_1970: i64 = 719_468;
    Ok(365 * year + leap_days + before_month + day - 1 - DAYS_BEFORE_1970)
}

/// The seconds since midnight of `14:13:20`.
fn read_time_of_day(text: &str) -> Result<i64, TimestampError> {
    match read_numbers(text, ':', [2, 2, 2])? {
        [hour @ ..24, minute @ ..60, second @ ..60] => Ok(hour * 3600 + minute * 60 + second),
        [..24, ..60, 60] => Err(TimestampError::LeapSecond),
        _ => Err(TimestampError::Nonexistent),
    }
}

/// The milliseconds of a fraction of a second, rounded down, if there is one; and what follows it.
fn read_fraction(text: &str) -> Result<(i64, &str), TimestampError> {
    let Some(rest) = text.strip_prefix('.') else { return Ok((0, text)) };
    let length = rest.bytes().take_while(u8::is_ascii_digit).count();
    if length == 0 {
        return Err(TimestampError::Malformed);
    }
    let (digits, rest) = rest.split_at(length);
    let ms = digits.bytes().chain(*b"00").take(3);
    Ok((ms.fold(0, |ms, digit| ms * 10 + i64::from(digit - b'0')), rest))
}

/// The seconds by which `Z`, `+02:00` or `-00:30` is ahead of UTC.
fn read_offset(text: &str) -> Result<i64, TimestampError> {
    let (sign, offset) = match text.split_at_checked(1) {
        Some(("Z", "")) => return Ok(0),
        Some(("+", offset)) => (1, offset),
        Some(("-", offset)) => (-1, offset),
        _ => return Err(TimestampError::Malformed),
    };
    match read_numbers(offset, ':', [2, 2])? {
        [hours @ ..24, minutes @ ..60] => Ok(sign * (hours * 3600 + minutes * 60)),
        _ => Err(TimestampError::Nonexistent),
    }
}

/// Numbers of so many digits each, with a separator between them.
fn read_numbers<const N: usize>(
    text: &str,
    separator: char,
    lengths: [usize; N],
) -> Result<[i64; N], TimestampError> {
    let mut parts = text.split(separator);
    let mut numbers = [0; N];
    for (number, length) in numbers.iter_mut().zip(lengths) {
        let part = parts.next().filter(|part| part.len() == length);
        let digits = part.filter(|part| part.bytes().all(|byte| byte.is_ascii_digit()));
        let parsed = digits.and_then(|digits| digits.parse().ok());
        *number = parsed.ok_or(TimestampError::Malformed)?;
    }
    if parts.next().is_some() { Err(TimestampError::Malformed) } else { Ok(numbers) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::format;
    use std::string::{String, ToString};

    #[test]
    fn offsets_and_fractions_are_read() {
        let check = |text: &str, expected: &str| {
            assert_eq!(text.parse::<Timestamp>().unwrap().to_string(), expected, "{text}");
        };
        check("2026-09-21T14:13:20Z", "2026-09-21T14:13:20.000Z");
        check("2026-09-21T14:13:20.5+02:00", "2026-09-21T12:13:20.500Z");
        check("2026-09-21T14:13:20.123999999-00:30", "2026-09-21T14:43:20.123Z");
        check("2024-02-29T23:59:59Z", "2024-02-29T23:59:59.000Z");
        check("2000-02-29T00:00:00Z", "2000-02-29T00:00:00.000Z");
        check("1969-12-31T23:00:00-01:00", "1970-01-01T00:00:00.000Z");
        check("9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999Z");
    }

    #[test]
    fn every_other_text_is_refused_for_its_reason() {
        let check = |reason, texts: &[&str]| {
            for text in texts {
                assert_eq!(text.parse::<Timestamp>(), Err(reason), "{text}");
            }
        };
        check(
            TimestampError::Malformed,
            &[
                "",
                "2026-09-21",
                "2026-09-21T14:13:20",
                "2026-09-21 14:13:20Z",
                "2026-09-21t14:13:20z",
                "2026-09-21T14:13:20.Z",
                "2026-09-21T14:13:20,5Z",
                "2026-09-21T14:13:20+0200",
                "2026-09-21T14:13:20+02",
                "2026-09-21T14:13:20Z ",
                "2026-9-21T14:13:20Z",
                "2026-09-21T14:13Z",
                "+026-09-21T14:13:20Z",
                "12026-09-21T14:13:20Z",
                "2026-09-2１T14:13:20Z",
            ],
        );
        check(
            TimestampError::Nonexistent,
            &[
                "2026-02-29T00:00:00Z",
                "1900-02-29T00:00:00Z",
                "2026-04-31T00:00:00Z",
                "2026-00-01T00:00:00Z",
                "2026-13-01T00:00:00Z",
                "2026-01-00T00:00:00Z",
                "2026-01-01T24:00:00Z",
                "2026-01-01T23:60:00Z",
                "2026-01-01T23:59:61Z",
                "2026-01-01T00:00:00+24:00",
                "2026-01-01T00:00:00+00:60",
            ],
        );
        check(TimestampError::LeapSecond, &["2016-12-31T23:59:60Z", "2017-01-01T00:59:60+01:00"]);
        check(
            TimestampError::OutOfRange,
            &[
                "1969-12-31T23:59:59Z",
                "0000-01-01T00:00:00Z",
                "1970-01-01T00:30:00+01:00",
                "9999-12-31T23:30:00-01:00",
            ],
        );
    }

    proptest! {
        /// `Display` takes the calendar of another crate, so this compares two calendars.
        #[test]
        fn a_time_is_read_as_it_was_written(ms in 0..=Timestamp::MAX.unix_ms()) {
            let timestamp = Timestamp::from_unix_ms(ms);
            prop_assert_eq!(timestamp.to_string().parse(), Ok(timestamp));
        }

        #[test]
        fn an_offset_is_subtracted(
            ms in 86_400_000..=Timestamp::MAX.unix_ms() - 86_400_000,
            minutes in -1439..=1439_i64,
        ) {
            let utc = Timestamp::from_unix_ms(ms);
            let local = Timestamp::from_unix_ms(ms.checked_add_signed(minutes * 60_000).unwrap());
            let local: String = local.to_string().replace('Z', "");
            let sign = if minutes < 0 { '-' } else { '+' };
            let (hours, rest) = (minutes.abs() / 60, minutes.abs() % 60);
            let text = format!("{local}{sign}{hours:02}:{rest:02}");
            prop_assert_eq!(text.parse(), Ok(utc));
        }

        #[test]
        fn no_text_panics(any in ".*", near in "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}.{0,8}") {
            let _ = any.parse::<Timestamp>();
            let _ = near.parse::<Timestamp>();
        }
    }
}
