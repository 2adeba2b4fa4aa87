//! What is asked of provisioning keys.

use provkey::authority::{
    AddressRange, Compromise, KeyFilter, KeyOrder, KeyState, KeyUpdate, Name, NewKey, PageRequest,
};
use provkey::key::Host;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use crate::api::input::{nullable, parse_id};
use crate::api::moment::Moment;
use crate::api::page;
use crate::problem::Problem;

/// A provisioning key to create.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewKey)]
pub(in crate::api) struct KeyInput {
    /// Its name, unique among keys.
    name: String,
    /// The id of the group that its connectors join.
    group: String,
    /// The id of the enrollment certificate that signs for them.
    certificate: String,
    /// How many connectors may enroll.
    #[schema(minimum = 1, maximum = 9223372036854775807_i64)]
    max_uses: u64,
    /// The host that its text is for, one of the authority's. Without: its first.
    host: Option<String>,
    /// When it stops enrolling anybody. Without: never.
    expires_at: Option<Moment>,
    /// Where connectors may enroll from: CIDR ranges. Empty: from anywhere. Renewals are not bound
    /// to it.
    #[serde(default)]
    allowed_addresses: Vec<String>,
    /// Whether it is switched on; without: it is.
    enabled: Option<bool>,
    /// Whether it must be proven inside the CSR.
    #[serde(default)]
    proof_only: bool,
}

impl KeyInput {
    pub(super) fn read(self) -> Result<NewKey, Problem> {
        let name = Name::new(&self.name)?;
        let group = parse_id(&self.group)?;
        let certificate = parse_id(&self.certificate)?;
        Ok(NewKey {
            host: self.host.map(|host| Host::parse(&host)).transpose()?,
            expires_at: self.expires_at.map(|at| at.0),
            allowed_addresses: addresses(&self.allowed_addresses)?,
            enabled: self.enabled.unwrap_or(true),
            proof_only: self.proof_only,
            ..NewKey::new(name, group, certificate, self.max_uses)
        })
    }
}

/// What to edit of a provisioning key. What is left out, or null, stays as it is.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = KeyPatch)]
pub(in crate::api) struct KeyPatch {
    /// Its name.
    name: Option<String>,
    /// How many connectors may enroll. Below `used` it stops new ones.
    #[schema(minimum = 1, maximum = 9223372036854775807_i64)]
    max_uses: Option<u64>,
    /// Whether it is switched on.
    enabled: Option<bool>,
    /// When it stops enrolling anybody; null: never.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<Moment>)]
    expires_at: Option<Option<Moment>>,
    /// Where connectors may enroll from; empty: from anywhere. Renewals are not bound to it.
    allowed_addresses: Option<Vec<String>>,
    /// The id of the enrollment certificate that signs from now on.
    certificate: Option<String>,
    /// Whether it must be proven inside the CSR.
    proof_only: Option<bool>,
}

impl KeyPatch {
    pub(super) fn read(self) -> Result<KeyUpdate, Problem> {
        let certificate = self.certificate.map(|id| parse_id(&id));
        Ok(KeyUpdate {
            version: None,
            name: self.name.map(|name| Name::new(&name)).transpose()?,
            max_uses: self.max_uses,
            enabled: self.enabled,
            expires_at: self.expires_at.map(|at| at.map(|at| at.0)),
            allowed_addresses: self.allowed_addresses.map(|list| addresses(&list)).transpose()?,
            certificate: certificate.transpose()?,
            proof_only: self.proof_only,
        })
    }
}

fn addresses(texts: &[String]) -> Result<Vec<AddressRange>, Problem> {
    texts.iter().map(|text| Ok(AddressRange::parse(text)?)).collect()
}

/// What to do about a key that others know.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Compromise)]
pub(in crate::api) struct CompromiseInput {
    /// Only connectors that enrolled from this moment on. Without: all.
    since: Option<Moment>,
    /// Only count them: nothing is changed.
    #[serde(default)]
    dry_run: bool,
}

impl From<CompromiseInput> for Compromise {
    fn from(input: CompromiseInput) -> Self {
        Self { since: input.since.map(|since| since.0), dry_run: input.dry_run }
    }
}

/// The states by which keys are listed.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum State {
    Usable,
    Exhausted,
    Disabled,
    Expired,
    Compromised,
}

impl From<State> for KeyState {
    fn from(state: State) -> Self {
        match state {
            State::Usable => Self::Usable,
            State::Exhausted => Self::Exhausted,
            State::Disabled => Self::Disabled,
            State::Expired => Self::Expired,
            State::Compromised => Self::Compromised,
        }
    }
}

/// By what keys are sorted; with `-` from the last to the first.
#[derive(Clone, Copy, Default, Deserialize, ToSchema)]
enum Sort {
    #[default]
    #[serde(rename = "name")]
    Name,
    #[serde(rename = "-name")]
    NameDescending,
    #[serde(rename = "created")]
    Created,
    #[serde(rename = "-created")]
    CreatedDescending,
}

/// Which provisioning keys to list, and in which order.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::api) struct KeyQuery {
    /// Only those whose name contains this, letter case ignored.
    name: Option<String>,
    /// Only those whose id contains this.
    id: Option<String>,
    /// Only those of the group with this id.
    group: Option<String>,
    /// Only those of the enrollment certificate with this id.
    certificate: Option<String>,
    /// Only those in this state.
    #[param(inline)]
    state: Option<State>,
    /// Only those with at least this limit of uses.
    max_uses_min: Option<u64>,
    /// Only those with at most this limit of uses.
    max_uses_max: Option<u64>,
    /// Only those that have enrolled at least this many connectors.
    used_min: Option<u64>,
    /// Only those that have enrolled at most this many connectors.
    used_max: Option<u64>,
    /// Only those that enrolled a connector from this moment on.
    last_used_since: Option<Moment>,
    /// Only those that enrolled nobody from this moment on.
    last_used_before: Option<Moment>,
    /// Sorted by what; by default by name.
    #[param(inline)]
    sort: Option<Sort>,
    /// How many entries at most: 1 to 1000, by default 50.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u16>,
    /// Where the page before ended: its `next`.
    after: Option<String>,
}

impl KeyQuery {
    pub(super) fn page(&self) -> PageRequest {
        page::request(self.limit, self.after.as_ref())
    }

    pub(super) fn filter(&self) -> Result<KeyFilter, Problem> {
        let (order, descending) = match self.sort.unwrap_or_default() {
            Sort::Name => (KeyOrder::Name, false),
            Sort::NameDescending => (KeyOrder::Name, true),
            Sort::Created => (KeyOrder::Created, false),
            Sort::CreatedDescending => (KeyOrder::Created, true),
        };
        Ok(KeyFilter {
            name_contains: self.name.clone(),
            id_contains: self.id.clone(),
            group: self.group.as_deref().map(parse_id).transpose()?,
            certificate: self.certificate.as_deref().map(parse_id).transpose()?,
            state: self.state.map(Into::into),
            max_uses_min: self.max_uses_min,
            max_uses_max: self.max_uses_max,
            used_min: self.used_min,
            used_max: self.used_max,
            last_used_since: self.last_used_since.map(|at| at.0),
            last_used_before: self.last_used_before.map(|at| at.0),
            order,
            descending,
        })
    }
}
