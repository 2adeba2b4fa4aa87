//! How a connector's certificate stands.

use core::fmt;
use core::time::Duration;

use sha2::{Digest as _, Sha256};

use super::Identity;
use crate::time::Timestamp;
use crate::x509::Chain;

/// How a connector's certificate stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CertificateState {
    /// There is none yet.
    None,
    /// It is valid.
    Valid,
    /// It is valid, and its time to be renewed has come: see [`Identity::renew_at`].
    RenewSoon,
    /// It, or one of its issuers, is not valid any more.
    Expired,
}

impl CertificateState {
    /// Every state.
    pub const ALL: [Self; 4] = [Self::None, Self::Valid, Self::RenewSoon, Self::Expired];

    /// The name that people and programs use: `none`, `valid`, `renew_soon` or `expired`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Valid => "valid",
            Self::RenewSoon => "renew_soon",
            Self::Expired => "expired",
        }
    }

    /// The state of this name; see [`as_str`](Self::as_str).
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == name)
    }
}

impl fmt::Display for CertificateState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

crate::text::from_str!(CertificateState, "a state of a certificate", CertificateState::parse);
#[cfg(feature = "authority")]
crate::text::serde_as_text!(CertificateState);

impl Identity {
    /// How its certificate stands at this moment.
    ///
    /// A clock that says an earlier time than the certificate's first moment is behind: the
    /// certificate is there, so that moment has passed.
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

    /// From when on its certificate should be renewed: somewhere in the first half of the last third
    /// of its time, so that there is time left to try again. Where, is drawn for each certificate
    /// from its own bytes: it stays the same, and a fleet that enrolled at once does not renew at
    /// once.
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
