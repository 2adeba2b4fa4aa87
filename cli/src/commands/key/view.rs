//! A key, as it is shown.

use provkey::authority::{AddressRange, CertificateId, GroupId, KeyDetails, Name, Named};
use provkey::key::{Host, KeyId};
use serde::Serialize;

use crate::output::{Fields, Row};
use crate::time::Time;

#[derive(Serialize)]
pub(crate) struct KeyView {
    id: KeyId,
    name: Name,
    host: Host,
    group: NamedView<GroupId>,
    certificate: NamedView<CertificateId>,
    max_uses: u64,
    used: u64,
    state: &'static str,
    copyable: bool,
    enabled: bool,
    proof_only: bool,
    allowed_addresses: Vec<AddressRange>,
    expires_at: Option<Time>,
    last_used_at: Option<Time>,
    created_at: Time,
    compromised_at: Option<Time>,
    version: u64,
}

#[derive(Serialize)]
struct NamedView<Id> {
    id: Id,
    name: String,
}

impl<Id> From<Named<Id>> for NamedView<Id> {
    fn from(named: Named<Id>) -> Self {
        let Named { id, name } = named;
        Self { id, name }
    }
}

impl<Id: ToString> NamedView<Id> {
    fn both(&self) -> String {
        format!("{} ({})", self.name, self.id.to_string())
    }
}

impl From<KeyDetails> for KeyView {
    fn from(key: KeyDetails) -> Self {
        Self {
            copyable: key.copyable(),
            id: key.id,
            name: key.name,
            host: key.host,
            group: key.group.into(),
            certificate: key.certificate.into(),
            max_uses: key.max_uses,
            used: key.used,
            state: key.state.as_str(),
            enabled: key.enabled,
            proof_only: key.proof_only,
            allowed_addresses: key.allowed_addresses,
            expires_at: key.expires_at.map(Time),
            last_used_at: key.last_used_at.map(Time),
            created_at: key.created_at.into(),
            compromised_at: key.compromised_at.map(Time),
            version: key.version,
        }
    }
}

impl KeyView {
    fn uses(&self) -> String {
        format!("{}/{}", self.used, self.max_uses)
    }

    fn addresses(&self) -> String {
        let ranges: Vec<_> = self.allowed_addresses.iter().map(ToString::to_string).collect();
        if ranges.is_empty() { "anywhere".into() } else { ranges.join(", ") }
    }
}

fn yes_or_no(yes: bool) -> String {
    if yes { "yes".into() } else { "no".into() }
}

impl Row for KeyView {
    const COLUMNS: &'static [&'static str] =
        &["ID", "NAME", "USED", "GROUP", "CERTIFICATE", "STATE", "EXPIRES", "LAST USED"];

    fn row(&self) -> Vec<String> {
        vec![
            self.id.to_string(),
            self.name.to_string(),
            self.uses(),
            self.group.name.clone(),
            self.certificate.name.clone(),
            self.state.into(),
            Time::or_never(self.expires_at),
            Time::or_never(self.last_used_at),
        ]
    }
}

impl Fields for KeyView {
    fn fields(&self) -> Vec<(&'static str, String)> {
        let mut fields = vec![
            ("Key", self.id.to_string()),
            ("Name", self.name.to_string()),
            ("Host", self.host.to_string()),
            ("Group", self.group.both()),
            ("Certificate", self.certificate.both()),
            ("Used", self.uses()),
            ("State", self.state.into()),
            ("Copyable", yes_or_no(self.copyable)),
            ("Proof only", yes_or_no(self.proof_only)),
            ("Allowed from", self.addresses()),
            ("Expires", Time::or_never(self.expires_at)),
            ("Last used", Time::or_never(self.last_used_at)),
            ("Created", self.created_at.to_string()),
        ];
        fields.extend(self.compromised_at.map(|at| ("Compromised", at.to_string())));
        fields
    }
}
