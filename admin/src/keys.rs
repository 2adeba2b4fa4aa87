//! Provisioning keys.

use provkey::authority::{
    self, AddressRange, KeyDetails, KeyFilter, KeyOrder, KeyState, KeyUpdate, Name, PageRequest,
    RejectedInput,
};
use provkey::key::Host;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::error::Error;
use crate::ids;
use crate::moment::Moment;
use crate::nullable::nullable;
use crate::page;
#[cfg(feature = "openapi")]
use crate::schema;

/// A provisioning key without its secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct Key {
    /// Its id, which logs and listings show.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The host in its text.
    pub host: String,
    /// Its text without the secret.
    pub masked: String,
    /// The group that its connectors join.
    pub group: Named,
    /// The enrollment certificate that signs for them.
    pub certificate: Named,
    /// The maximum number of connectors that may enroll.
    pub max_uses: u64,
    /// How many have enrolled. It exceeds `max_uses` if that was lowered.
    pub used: u64,
    /// When the latest of them enrolled.
    pub last_used_at: Option<Moment>,
    /// Whether it can enroll connectors, or why not.
    #[cfg_attr(feature = "openapi", schema(schema_with = schema::key_state))]
    pub state: KeyState,
    /// Whether its text can be copied and downloaded: not if it is used up or compromised.
    pub copyable: bool,
    /// Whether it is enabled.
    pub enabled: bool,
    /// When it expires.
    pub expires_at: Option<Moment>,
    /// The CIDR ranges that connectors may enroll from; empty: any address. It does not restrict
    /// renewals.
    pub allowed_addresses: Vec<String>,
    /// Whether connectors must prove it inside the CSR instead of sending its text.
    pub proof_only: bool,
    /// When it was created.
    pub created_at: Moment,
    /// When it was marked as compromised.
    pub compromised_at: Option<Moment>,
    /// The number of the latest edit; uses do not change it.
    pub version: u64,
}

impl From<KeyDetails> for Key {
    fn from(key: KeyDetails) -> Self {
        Self {
            masked: format!("pvk1_{}_{}…", key.host, key.id),
            copyable: key.copyable(),
            id: key.id.to_string(),
            name: key.name.into(),
            host: key.host.to_string(),
            group: key.group.into(),
            certificate: key.certificate.into(),
            max_uses: key.max_uses,
            used: key.used,
            last_used_at: key.last_used_at.map(Moment),
            state: key.state,
            enabled: key.enabled,
            expires_at: key.expires_at.map(Moment),
            allowed_addresses: key.allowed_addresses.iter().map(ToString::to_string).collect(),
            proof_only: key.proof_only,
            created_at: key.created_at.into(),
            compromised_at: key.compromised_at.map(Moment),
            version: key.version,
        }
    }
}

/// An object by id and name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct Named {
    /// The id.
    pub id: String,
    /// The name.
    pub name: String,
}

impl<Id: ToString> From<authority::Named<Id>> for Named {
    fn from(named: authority::Named<Id>) -> Self {
        Self { id: named.id.to_string(), name: named.name }
    }
}

/// A provisioning key to create.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct NewKey {
    /// Its name, unique among keys.
    pub name: String,
    /// The id of the group that its connectors join.
    pub group: String,
    /// The id of the enrollment certificate that signs for them.
    pub certificate: String,
    /// The maximum number of connectors that may enroll.
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 9223372036854775807_i64))]
    pub max_uses: u64,
    /// The host in its text, one of the authority's; default: the first.
    pub host: Option<String>,
    /// When it expires; default: never.
    pub expires_at: Option<Moment>,
    /// The CIDR ranges that connectors may enroll from; empty: any address. It does not
    /// restrict renewals.
    #[serde(default)]
    pub allowed_addresses: Vec<String>,
    /// Whether it is enabled; default: true.
    pub enabled: Option<bool>,
    /// Whether connectors must prove it inside the CSR instead of sending its text.
    #[serde(default)]
    pub proof_only: bool,
}

impl NewKey {
    /// A key that is enabled, never expires and can be used from any address.
    pub fn new(
        name: impl Into<String>,
        group: impl Into<String>,
        certificate: impl Into<String>,
        max_uses: u64,
    ) -> Self {
        Self {
            name: name.into(),
            group: group.into(),
            certificate: certificate.into(),
            max_uses,
            host: None,
            expires_at: None,
            allowed_addresses: Vec::new(),
            enabled: None,
            proof_only: false,
        }
    }

    pub(crate) fn read(&self) -> Result<authority::NewKey, Error> {
        let name = Name::parse(&self.name)?;
        let group = ids::group(&self.group)?;
        let certificate = ids::certificate(&self.certificate)?;
        Ok(authority::NewKey::new(name, group, certificate, self.max_uses)
            .host(self.host.as_deref().map(Host::parse).transpose()?)
            .expires_at(self.expires_at.map(|at| at.0))
            .allowed_addresses(addresses(&self.allowed_addresses)?)
            .enabled(self.enabled.unwrap_or(true))
            .proof_only(self.proof_only))
    }
}

/// An edit of a provisioning key. Absent or null members keep their values, except `expires_at`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct KeyPatch {
    /// Its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The maximum number of connectors that may enroll. It may be less than `used`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 9223372036854775807_i64))]
    pub max_uses: Option<u64>,
    /// Whether it is enabled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// When it expires; null: never.
    #[serde(default, deserialize_with = "nullable", skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Moment>))]
    pub expires_at: Option<Option<Moment>>,
    /// The CIDR ranges that connectors may enroll from; empty: any address. It does not restrict
    /// renewals.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allowed_addresses: Option<Vec<String>>,
    /// The id of the enrollment certificate that signs future enrollments.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate: Option<String>,
    /// Whether connectors must prove it inside the CSR instead of sending its text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proof_only: Option<bool>,
}

impl KeyPatch {
    pub(crate) fn read(&self) -> Result<KeyUpdate, Error> {
        let ranges = self.allowed_addresses.as_deref().map(addresses);
        let mut update = KeyUpdate::default()
            .name(self.name.as_deref().map(Name::parse).transpose()?)
            .max_uses(self.max_uses)
            .enabled(self.enabled)
            .allowed_addresses(ranges.transpose()?)
            .certificate(ids::optional(self.certificate.as_ref(), ids::certificate)?)
            .proof_only(self.proof_only);
        update.expires_at = self.expires_at.map(|at| at.map(|at| at.0));
        Ok(update)
    }
}

fn addresses(texts: &[String]) -> Result<Vec<AddressRange>, RejectedInput> {
    texts.iter().map(|text| AddressRange::parse(text)).collect()
}

/// The order of keys; `-` reverses it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub enum KeySort {
    /// By name.
    #[default]
    #[serde(rename = "name")]
    Name,
    /// By name, from the last to the first.
    #[serde(rename = "-name")]
    NameDescending,
    /// In the order of creation.
    #[serde(rename = "created")]
    Created,
    /// The latest first.
    #[serde(rename = "-created")]
    CreatedDescending,
}

/// A filter, an order and a page of provisioning keys.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams), into_params(parameter_in = Query))]
#[non_exhaustive]
pub struct KeyQuery {
    /// Only keys whose name contains this, ignoring case.
    pub name: Option<String>,
    /// Only keys whose id contains this.
    pub id: Option<String>,
    /// Only keys of this group, by id.
    pub group: Option<String>,
    /// Only keys of this enrollment certificate, by id.
    pub certificate: Option<String>,
    /// Only keys in this state.
    #[cfg_attr(feature = "openapi", param(schema_with = schema::key_state))]
    pub state: Option<KeyState>,
    /// Only keys with at least this `max_uses`.
    pub max_uses_min: Option<u64>,
    /// Only keys with at most this `max_uses`.
    pub max_uses_max: Option<u64>,
    /// Only keys with at least this many uses.
    pub used_min: Option<u64>,
    /// Only keys with at most this many uses.
    pub used_max: Option<u64>,
    /// Only keys last used at this time or later.
    pub last_used_since: Option<Moment>,
    /// Only keys last used before this time, or never.
    pub last_used_before: Option<Moment>,
    /// The order; default: by name.
    #[cfg_attr(feature = "openapi", param(inline))]
    pub sort: Option<KeySort>,
    /// The maximum number of entries, 1 to 1000; default 50.
    #[cfg_attr(feature = "openapi", param(minimum = 1, maximum = 1000))]
    pub limit: Option<u16>,
    /// The cursor: `next` of the previous page.
    pub after: Option<String>,
}

impl KeyQuery {
    pub(crate) fn page(&self) -> PageRequest {
        page::request(self.limit, self.after.as_ref())
    }

    pub(crate) fn filter(&self) -> Result<KeyFilter, RejectedInput> {
        let (order, descending) = match self.sort.unwrap_or_default() {
            KeySort::Name => (KeyOrder::Name, false),
            KeySort::NameDescending => (KeyOrder::Name, true),
            KeySort::Created => (KeyOrder::Created, false),
            KeySort::CreatedDescending => (KeyOrder::Created, true),
        };
        Ok(KeyFilter::default()
            .name_contains(self.name.clone())
            .id_contains(self.id.clone())
            .group(ids::optional(self.group.as_ref(), ids::group)?)
            .certificate(ids::optional(self.certificate.as_ref(), ids::certificate)?)
            .state(self.state)
            .max_uses_min(self.max_uses_min)
            .max_uses_max(self.max_uses_max)
            .used_min(self.used_min)
            .used_max(self.used_max)
            .last_used_since(self.last_used_since.map(|at| at.0))
            .last_used_before(self.last_used_before.map(|at| at.0))
            .order(order)
            .descending(descending))
    }
}

/// The text of a provisioning key, with which any connector can enroll.
#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct KeyText {
    /// The text.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub text: Zeroizing<String>,
}

/// The text of a provisioning key as a file to hand to a connector.
#[non_exhaustive]
pub struct KeyFile {
    /// A file name with the name and the id of the key, of letters, digits, `-`, `_` and `.` only.
    pub file_name: String,
    /// The text. Make the file readable for its owner only.
    pub text: Zeroizing<String>,
}

/// How to mark a key as compromised.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct Compromise {
    /// Only revoke connectors that enrolled at this time or later; default: all.
    pub since: Option<Moment>,
    /// Only count the connectors, and change nothing.
    #[serde(default)]
    pub dry_run: bool,
}

impl From<&Compromise> for authority::Compromise {
    fn from(input: &Compromise) -> Self {
        Self::default().since(input.since.map(|since| since.0)).dry_run(input.dry_run)
    }
}

/// The result of marking a key as compromised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct Compromised {
    /// How many connectors it enrolled, including those revoked before.
    pub connectors: u64,
    /// How many of them were newly revoked, or would be.
    pub revoked: u64,
}

impl From<authority::Compromised> for Compromised {
    fn from(done: authority::Compromised) -> Self {
        Self { connectors: done.connectors, revoked: done.revoked }
    }
}
