//! The state of a connector's certificate, and when to renew it.

use core::time::Duration;

use sha2::{Digest as _, Sha256};

use super::Identity;
use crate::time::Timestamp;
use crate::x509::Chain;

/// The state of a connector's certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CertificateState {
    /// There is no certificate yet.
    None,
    /// It is valid.
    Valid,
    /// It is valid and should be renewed: see [`Identity::renew_at`].
    RenewSoon,
    /// It, or one of its issuers, has expired.
    Expired,
}

impl CertificateState {
    /// Every state.
    pub const ALL: [Self; 4] = [Self::None, Self::Valid, Self::RenewSoon, Self::Expired];

    /// Its name: `none`, `valid`, `renew_soon` or `expired`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Valid => "valid",
            Self::RenewSoon => "renew_soon",
            Self::Expired => "expired",
        }
    }
}

crate::text::named!(CertificateState, "a state of a certificate");

/// # When to renew
impl Identity {
    /// The state of its certificate at this time.
    ///
    /// A time before the certificate's `not_before` counts as valid: the certificate exists, so the
    /// clock is behind.
    pub fn state(&self, now: Timestamp) -> CertificateState {
        let Some(chain) = self.chain() else {
            return CertificateState::None;
        };
        // RFC 5280, 4.1.2.5: the last second is included.
        if now.unix_seconds() > chain.not_after().unix_seconds() {
            CertificateState::Expired
        } else if now >= renew_at(chain) {
            CertificateState::RenewSoon
        } else {
            CertificateState::Valid
        }
    }

    /// When its certificate should be renewed: in the first half of the last third of its validity,
    /// which leaves time to try again. The exact time is derived from the bytes of the certificate:
    /// it never changes, and a fleet that enrolled at the same time does not renew at the same
    /// time.
    pub fn renew_at(&self) -> Option<Timestamp> {
        self.chain().map(renew_at)
    }
}

fn renew_at(chain: &Chain) -> Timestamp {
    let (not_before, not_after) = (chain.leaf().not_before(), chain.not_after());
    let third = not_after.unix_ms().saturating_sub(not_before.unix_ms()) / 3;
    let hash = Sha256::new().chain_update(b"provkey/1/renew-at").chain_update(chain.leaf().der());
    let [high, low, ..] = <[u8; 32]>::from(hash.finalize());
    // Shares of 2^16 of half a third: a third is shorter than 2^47 ms.
    let jitter = (third / 2 * u64::from(u16::from_be_bytes([high, low]))) >> 16;
    not_after.minus(Duration::from_millis(third - jitter))
}
