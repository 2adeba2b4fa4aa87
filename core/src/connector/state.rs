//! How a connector's certificate stands.

use core::fmt;
use core::time::Duration;

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
    /// It is valid, and in the last third of its time: renew it.
    RenewSoon,
    /// It, or one of its issuers, is not valid any more.
    Expired,
}

impl CertificateState {
    /// The name that people and programs use: `none`, `valid`, `renew_soon` or `expired`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Valid => "valid",
            Self::RenewSoon => "renew_soon",
            Self::Expired => "expired",
        }
    }
}

impl fmt::Display for CertificateState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

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

    /// From when on its certificate should be renewed: when two thirds of its time have passed.
    pub fn renew_at(&self) -> Option<Timestamp> {
        self.chain().map(renew_at)
    }
}

fn renew_at(chain: &Chain) -> Timestamp {
    let (not_before, not_after) = (chain.leaf().not_before(), chain.not_after());
    let validity = not_after.unix_ms().saturating_sub(not_before.unix_ms());
    not_after.minus(Duration::from_millis(validity / 3))
}
