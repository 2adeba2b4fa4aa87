//! The validity of a certificate (RFC 5280, 4.1.2.5): whole seconds, both ends included.

use ::der::Decode as _;
use ::der::asn1::{GeneralizedTime, UtcTime};

use crate::der::{Malformed, Reader, tag};
use crate::time::Timestamp;

/// The first second of 2050, which UTCTime cannot express.
pub(super) const YEAR_2050: u64 = 2_524_608_000;

/// The first and the last moment at which a certificate is valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Validity {
    pub(super) not_before: Timestamp,
    pub(super) not_after: Timestamp,
}

impl Validity {
    /// Reads the fields of a Validity.
    pub(super) fn read(mut fields: Reader<'_>) -> Result<Self, Malformed> {
        let validity =
            Self { not_before: read_time(&mut fields)?, not_after: read_time(&mut fields)? };
        fields.end()?;
        Ok(validity)
    }

    /// The intersection with `outer`, in whole seconds; `None` if it is empty.
    #[cfg(feature = "connector")]
    pub(super) fn within(self, outer: Self) -> Option<Self> {
        let seconds = |moment: Timestamp| Timestamp::from_unix_seconds(moment.unix_seconds());
        let not_before = seconds(self.not_before.max(outer.not_before));
        let not_after = seconds(self.not_after.min(outer.not_after));
        (not_before <= not_after).then_some(Self { not_before, not_after })
    }
}

/// RFC 5280, 4.1.2.5: UTCTime through 2049, GeneralizedTime from 2050; any other is refused.
pub(super) fn read_time(fields: &mut Reader<'_>) -> Result<Timestamp, Malformed> {
    if fields.is_next(tag::UTC_TIME) {
        let time = UtcTime::from_der(fields.any()?).map_err(|_| Malformed)?;
        return Ok(Timestamp::from_unix_seconds(time.to_unix_duration().as_secs()));
    }
    let time = GeneralizedTime::from_der(fields.any()?).map_err(|_| Malformed)?;
    let seconds = time.to_unix_duration().as_secs();
    if seconds < YEAR_2050 {
        return Err(Malformed);
    }
    Ok(Timestamp::from_unix_seconds(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_forms_are_refused() {
        let check = |der: &[u8]| assert_eq!(read_time(&mut Reader::new(der)), Err(Malformed));
        check(b"\x18\x0f20491231235959Z");
        check(b"\x17\x0b4912312359Z");
        check(b"\x17\x114912312359+0100");
        check(b"\x18\x1220500101000000.5Z");
        check(b"\x04\x00");
    }

    #[test]
    #[cfg(feature = "connector")]
    fn is_cut_to_the_issuers_validity() {
        let at = Timestamp::from_unix_seconds;
        let span = |from, to| Validity { not_before: at(from), not_after: at(to) };
        assert_eq!(span(5, 50).within(span(10, 40)), Some(span(10, 40)));
        assert_eq!(span(20, 30).within(span(10, 40)), Some(span(20, 30)));
        assert_eq!(span(50, 60).within(span(10, 40)), None);
    }
}
