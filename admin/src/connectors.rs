//! Connectors.

use provkey::authority::{self, ConnectorFilter, PageRequest, RejectedInput};
use provkey::x509::{self, RevocationReason};
use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::ids;
use crate::moment::Moment;
use crate::page;

/// A connector that has enrolled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct Connector {
    /// Its id, the common name of its certificate.
    pub id: String,
    /// The provisioning key that it enrolled with. It may have been deleted since.
    pub key: String,
    /// The group that it belongs to.
    pub group: String,
    /// The enrollment certificate that signed its certificate.
    pub certificate: String,
    /// When it enrolled.
    pub enrolled_at: Moment,
    /// The address that it enrolled from, if known.
    pub address: Option<String>,
    /// The fingerprint that it reported, in hexadecimal.
    pub fingerprint: Option<String>,
    /// The serial number of its certificate, in hexadecimal.
    pub serial: String,
    /// The start of its certificate's validity.
    pub not_before: Moment,
    /// The end of its certificate's validity.
    pub not_after: Moment,
    /// The number of renewals.
    pub renewals: u64,
    /// When it last renewed.
    pub renewed_at: Option<Moment>,
    /// When it was revoked.
    pub revoked_at: Option<Moment>,
    /// Why it was revoked: a reason of RFC 5280, 5.3.1.
    pub revocation_reason: Option<String>,
    /// About how often its enrollment was replayed.
    pub replays: u64,
    /// When its enrollment was last replayed.
    pub last_replay_at: Option<Moment>,
    /// Its certificate in PEM.
    pub pem: String,
}

impl From<authority::Connector> for Connector {
    fn from(found: authority::Connector) -> Self {
        let leaf = x509::Certificate::parse(&found.leaf);
        let reason = found.revocation_reason.map(RevocationReason::as_str);
        Self {
            id: found.id.to_string(),
            key: found.key.to_string(),
            group: found.group.to_string(),
            certificate: found.certificate.to_string(),
            enrolled_at: found.enrolled_at.into(),
            address: found.address.map(|address| address.to_string()),
            fingerprint: found.fingerprint.map(|fingerprint| fingerprint.to_string()),
            serial: found.serial,
            not_before: found.not_before.into(),
            not_after: found.not_after.into(),
            renewals: found.renewals,
            renewed_at: found.renewed_at.map(Moment),
            revoked_at: found.revoked_at.map(Moment),
            revocation_reason: reason.map(ToOwned::to_owned),
            replays: found.replays,
            last_replay_at: found.last_replay_at.map(Moment),
            pem: leaf.map(|leaf| leaf.to_pem()).unwrap_or_default(),
        }
    }
}

/// A filter and a page of connectors.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams), into_params(parameter_in = Query))]
#[non_exhaustive]
pub struct ConnectorQuery {
    /// Only those that enrolled with this key, by id.
    pub key: Option<String>,
    /// Only those of this group, by id.
    pub group: Option<String>,
    /// Only those whose certificate this enrollment certificate signed, by id.
    pub certificate: Option<String>,
    /// Only those that enrolled at this time or later.
    pub since: Option<Moment>,
    /// Whether the latest come first, when listed by key or by group.
    pub descending: Option<bool>,
    /// The maximum number of entries, 1 to 1000; default 50.
    #[cfg_attr(feature = "openapi", param(minimum = 1, maximum = 1000))]
    pub limit: Option<u16>,
    /// The cursor: `next` of the previous page.
    pub after: Option<String>,
}

impl ConnectorQuery {
    pub(crate) fn page(&self) -> PageRequest {
        page::request(self.limit, self.after.as_ref())
    }

    pub(crate) fn filter(&self) -> Result<ConnectorFilter, RejectedInput> {
        Ok(ConnectorFilter::default()
            .key(ids::optional(self.key.as_ref(), ids::key)?)
            .group(ids::optional(self.group.as_ref(), ids::group)?)
            .certificate(ids::optional(self.certificate.as_ref(), ids::certificate)?)
            .since(self.since.map(|since| since.0))
            .descending(self.descending.unwrap_or(false)))
    }
}

/// The reason of a revocation.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Revocation {
    /// A reason of RFC 5280, 5.3.1; default: `unspecified`.
    #[cfg_attr(feature = "openapi", schema(example = "keyCompromise"))]
    pub reason: Option<String>,
}

impl Revocation {
    pub(crate) fn read(&self) -> Result<RevocationReason, Error> {
        let Some(name) = &self.reason else { return Ok(RevocationReason::Unspecified) };
        RevocationReason::parse(name)
            .map_err(|_| Error::Malformed("`reason` is not a revocation reason of RFC 5280"))
    }
}
