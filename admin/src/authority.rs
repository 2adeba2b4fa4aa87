//! The authority itself.

use provkey::authority::Authority;
use provkey::key::{Host, Pin};
use serde::{Deserialize, Serialize};

use crate::certificates::hex;
use crate::moment::Moment;

/// The authority.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct AuthorityDetails {
    /// Its id.
    pub id: String,
    /// Its hosts. New keys are for the first unless they name another.
    pub hosts: Vec<String>,
    /// Its SPIFFE trust domain.
    pub trust_domain: String,
    /// The certificate of its root.
    pub root: Root,
}

/// The certificate of the root.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct Root {
    /// Its common name.
    pub subject: Option<String>,
    /// The start of its validity.
    pub not_before: Moment,
    /// The end of its validity.
    pub not_after: Moment,
    /// Its SHA-256, in hexadecimal.
    pub sha256: String,
    /// Its pin, as keys contain it, in hexadecimal.
    pub pin: String,
    /// The certificate in PEM.
    pub pem: String,
}

impl From<&Authority> for AuthorityDetails {
    fn from(authority: &Authority) -> Self {
        let root = authority.root();
        Self {
            id: authority.id().to_string(),
            hosts: authority.hosts().iter().map(Host::to_string).collect(),
            trust_domain: authority.trust_domain(),
            root: Root {
                subject: root.common_name().map(Into::into),
                not_before: root.not_before().into(),
                not_after: root.not_after().into(),
                sha256: hex(&root.sha256()),
                pin: Pin::of_spki(root.spki()).to_string(),
                pem: root.to_pem(),
            },
        }
    }
}

/// A host to add.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NewHost {
    /// The host, perhaps with a port.
    #[cfg_attr(feature = "openapi", schema(example = "api.example.com"))]
    pub host: String,
}
