//! The reasons for a revocation.

/// Why a certificate was revoked (RFC 5280, 5.3.1).
///
/// Revocation is permanent, so `certificateHold` and `removeFromCRL` do not exist here; nor does
/// `aACompromise`, which is for attribute certificates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum RevocationReason {
    /// No reason. CRLs and OCSP responses leave it out, as RFC 5280, 5.3.1, requires.
    #[default]
    Unspecified,
    /// Others know the private key, or may know it.
    KeyCompromise,
    /// Others know the private key of the issuer, or may know it.
    CaCompromise,
    /// The subject's name or other data in the certificate changed.
    AffiliationChanged,
    /// Another certificate replaced it.
    Superseded,
    /// It is no longer needed.
    CessationOfOperation,
    /// Its subject lost the privilege that it grants.
    PrivilegeWithdrawn,
}

impl RevocationReason {
    /// Every reason.
    pub const ALL: [Self; 7] = [
        Self::Unspecified,
        Self::KeyCompromise,
        Self::CaCompromise,
        Self::AffiliationChanged,
        Self::Superseded,
        Self::CessationOfOperation,
        Self::PrivilegeWithdrawn,
    ];

    /// Its name in RFC 5280, 5.3.1.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unspecified => "unspecified",
            Self::KeyCompromise => "keyCompromise",
            Self::CaCompromise => "cACompromise",
            Self::AffiliationChanged => "affiliationChanged",
            Self::Superseded => "superseded",
            Self::CessationOfOperation => "cessationOfOperation",
            Self::PrivilegeWithdrawn => "privilegeWithdrawn",
        }
    }

    /// Its number in RFC 5280, 5.3.1; `None` for `unspecified`, which is left out.
    #[cfg(feature = "connector")]
    pub(super) const fn number(self) -> Option<u8> {
        match self {
            Self::Unspecified => None,
            Self::KeyCompromise => Some(1),
            Self::CaCompromise => Some(2),
            Self::AffiliationChanged => Some(3),
            Self::Superseded => Some(4),
            Self::CessationOfOperation => Some(5),
            Self::PrivilegeWithdrawn => Some(9),
        }
    }
}

crate::text::named!(RevocationReason, "a reason for a revocation");

#[cfg(all(test, feature = "authority"))]
mod tests {
    use super::*;

    #[test]
    fn each_is_stored_under_its_name() {
        for reason in RevocationReason::ALL {
            assert_eq!(serde_json::to_value(reason).unwrap(), reason.as_str());
            assert_eq!(RevocationReason::parse(reason.as_str()), Ok(reason));
        }
        assert!(RevocationReason::parse("certificateHold").is_err());
    }
}
