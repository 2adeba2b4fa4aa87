//! Input for provisioning keys.

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
    /// The maximum number of connectors that may enroll.
    #[schema(minimum = 1, maximum = 9223372036854775807_i64)]
    max_uses: u64,
    /// The host in its text, one of the authority's; default: the first.
    host: Option<String>,
    /// When it expires; default: never.
    expires_at: Option<Moment>,
    /// The CIDR ranges that connectors may enroll from; empty: any address. It does not
    /// restrict renewals.
    #[serde(default)]
    allowed_addresses: Vec<String>,
    /// Whether it is enabled; default: true.
    enabled: Option<bool>,
    /// Whether connectors must prove it inside the CSR instead of sending its text.
    #[serde(default)]
    proof_only: bool,
}

impl KeyInput {
    pub(super) fn read(self) -> Result<NewKey, Problem> {
        let name = Name::parse(&self.name)?;
        let group = parse_id(&self.group)?;
        let certificate = parse_id(&self.certificate)?;
        Ok(NewKey::new(name, group, certificate, self.max_uses)
            .host(self.host.map(|host| Host::parse(&host)).transpose()?)
            .expires_at(self.expires_at.map(|at| at.0))
            .allowed_addresses(addresses(&self.allowed_addresses)?)
            .enabled(self.enabled.unwrap_or(true))
            .proof_only(self.proof_only))
    }
}

/// An edit of a provisioning key. Absent or null members keep their values, except `expires_at`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = KeyPatch)]
pub(in crate::api) struct KeyPatch {
    /// Its name.
    name: Option<String>,
    /// The maximum number of connectors that may enroll. It may be less than `used`.
    #[schema(minimum = 1, maximum = 9223372036854775807_i64)]
    max_uses: Option<u64>,
    /// Whether it is enabled.
    enabled: Option<bool>,
    /// When it expires; null: never.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<Moment>)]
    expires_at: Option<Option<Moment>>,
    /// The CIDR ranges that connectors may enroll from; empty: any address. It does not restrict
    /// renewals.
    allowed_addresses: Option<Vec<String>>,
    /// The id of the enrollment certificate that signs future enrollments.
    certificate: Option<String>,
    /// Whether connectors must prove it inside the CSR instead of sending its text.
    proof_only: Option<bool>,
}

impl KeyPatch {
    pub(super) fn read(self) -> Result<KeyUpdate, Problem> {
        let certificate = self.certificate.map(|id| parse_id(&id));
        let mut update = KeyUpdate::default()
            .name(self.name.map(|name| Name::parse(&name)).transpose()?)
            .max_uses(self.max_uses)
            .enabled(self.enabled)
            .allowed_addresses(self.allowed_addresses.map(|list| addresses(&list)).transpose()?)
            .certificate(certificate.transpose()?)
            .proof_only(self.proof_only);
        update.expires_at = self.expires_at.map(|at| at.map(|at| at.0));
        Ok(update)
    }
}

fn addresses(texts: &[String]) -> Result<Vec<AddressRange>, Problem> {
    texts.iter().map(|text| Ok(AddressRange::parse(text)?)).collect()
}

/// How to mark a key as compromised.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Compromise)]
pub(in crate::api) struct CompromiseInput {
    /// Only revoke connectors that enrolled at this time or later; default: all.
    since: Option<Moment>,
    /// Only count the connectors, and change nothing.
    #[serde(default)]
    dry_run: bool,
}

impl From<CompromiseInput> for Compromise {
    fn from(input: CompromiseInput) -> Self {
        Self::default().since(input.since.map(|since| since.0)).dry_run(input.dry_run)
    }
}

/// The state of a key.
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

/// The order of keys; `-` reverses it.
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

/// A filter, an order and a page of provisioning keys.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::api) struct KeyQuery {
    /// Only keys whose name contains this, ignoring case.
    name: Option<String>,
    /// Only keys whose id contains this.
    id: Option<String>,
    /// Only keys of this group, by id.
    group: Option<String>,
    /// Only keys of this enrollment certificate, by id.
    certificate: Option<String>,
    /// Only keys in this state.
    #[param(inline)]
    state: Option<State>,
    /// Only keys with at least this `max_uses`.
    max_uses_min: Option<u64>,
    /// Only keys with at most this `max_uses`.
    max_uses_max: Option<u64>,
    /// Only keys with at least this many uses.
    used_min: Option<u64>,
    /// Only keys with at most this many uses.
    used_max: Option<u64>,
    /// Only keys last used at this time or later.
    last_used_since: Option<Moment>,
    /// Only keys last used before this time, or never.
    last_used_before: Option<Moment>,
    /// The order; default: by name.
    #[param(inline)]
    sort: Option<Sort>,
    /// The maximum number of entries, 1 to 1000; default 50.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u16>,
    /// The cursor: `next` of the previous page.
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
        Ok(KeyFilter::default()
            .name_contains(self.name.clone())
            .id_contains(self.id.clone())
            .group(self.group.as_deref().map(parse_id).transpose()?)
            .certificate(self.certificate.as_deref().map(parse_id).transpose()?)
            .state(self.state.map(Into::into))
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
