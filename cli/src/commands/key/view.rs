//! A key, as it is shown.

use provkey_admin::{Key, Named};

use crate::record::{Record, yes_or_no};
use crate::time::Time;

pub(super) fn shown(key: impl Into<Key>) -> Record {
    let key = key.into();
    let uses = format!("{}/{}", key.used, key.max_uses);
    let expires = Time::or_never(key.expires_at.map(Time::from));
    let last_used = Time::or_never(key.last_used_at.map(Time::from));
    let allowed = match key.allowed_addresses.as_slice() {
        [] => "anywhere".into(),
        ranges => ranges.join(", "),
    };
    Record::of(&key)
        .line("Key", &key.id)
        .line("Name", &key.name)
        .line("Host", &key.host)
        .line("Group", named(&key.group))
        .line("Certificate", named(&key.certificate))
        .line("Used", &uses)
        .line("State", key.state.as_str())
        .line("Copyable", yes_or_no(key.copyable))
        .line("Proof only", yes_or_no(key.proof_only))
        .line("Allowed from", allowed)
        .line("Expires", &expires)
        .line("Last used", &last_used)
        .line("Created", Time::from(key.created_at).to_string())
        .line_if_present("Compromised", key.compromised_at.map(Time::from))
        .cell("ID", &key.id)
        .cell("NAME", &key.name)
        .cell("USED", uses)
        .cell("GROUP", &key.group.name)
        .cell("CERTIFICATE", &key.certificate.name)
        .cell("STATE", key.state)
        .cell("EXPIRES", expires)
        .cell("LAST USED", last_used)
}

fn named(named: &Named) -> String {
    format!("{} ({})", named.name, named.id)
}
