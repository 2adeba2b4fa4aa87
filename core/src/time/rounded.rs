//! Durations for people.

use core::fmt;
use core::time::Duration;

const HOUR: u64 = 3600;
const DAY: u64 = 24 * HOUR;
const YEAR: u64 = 365 * DAY;

/// A duration in sentences: whole years, days, hours or seconds, whichever is the largest unit of
/// which there are at least two. What is left over is dropped.
///
/// ```
/// use core::time::Duration;
///
/// use provkey::time::Rounded;
///
/// assert_eq!(Rounded(Duration::from_secs(95_039_699)).to_string(), "3 years");
/// assert_eq!(Rounded(Duration::from_secs(90_000)).to_string(), "25 hours");
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Rounded(pub Duration);

impl fmt::Display for Rounded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs();
        let units = [(YEAR, "years"), (DAY, "days"), (HOUR, "hours")];
        match units.into_iter().find(|(length, _)| seconds >= 2 * length) {
            Some((length, unit)) => write!(f, "{} {unit}", seconds / length),
            None if seconds == 1 => f.write_str("1 second"),
            None => write!(f, "{seconds} seconds"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn the_unit_is_the_largest_of_which_there_are_two() {
        let check = |seconds, text: &str| {
            assert_eq!(Rounded(Duration::from_secs(seconds)).to_string(), text);
        };
        check(0, "0 seconds");
        check(1, "1 second");
        check(2 * HOUR - 1, "7199 seconds");
        check(2 * HOUR, "2 hours");
        check(2 * DAY - 1, "47 hours");
        check(2 * DAY, "2 days");
        check(2 * YEAR - 1, "729 days");
        check(2 * YEAR, "2 years");
        check(u64::MAX, "584942417355 years");
    }
}
