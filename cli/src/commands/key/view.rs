//! A key, as it is shown.

use provkey::authority::{KeyDetails, Named};
use serde_json::{Value, json};

use crate::record::{Record, yes_or_no};
use crate::time::Time;

pub(super) fn shown(key: KeyDetails) -> Record {
    let copyable = key.copyable();
    let uses = format!("{}/{}", key.used, key.max_uses);
    let (expires, last_used) = (key.expires_at.map(Time), key.last_used_at.map(Time));
    let created = Time(key.created_at);
    let ranges: Vec<_> = key.allowed_addresses.iter().map(ToString::to_string).collect();
    let allowed = if ranges.is_empty() { "anywhere".into() } else { ranges.join(", ") };
    Record::new()
        .field("id", "Key", key.id)
        .field("name", "Name", &key.name)
        .field("host", "Host", &key.host)
        .json("group", named(&key.group))
        .line("Group", named_text(&key.group))
        .json("certificate", named(&key.certificate))
        .line("Certificate", named_text(&key.certificate))
        .json("max_uses", key.max_uses)
        .json("used", key.used)
        .line("Used", uses.clone())
        .field("state", "State", key.state.as_str())
        .json("copyable", copyable)
        .line("Copyable", yes_or_no(copyable))
        .json("enabled", key.enabled)
        .json("proof_only", key.proof_only)
        .line("Proof only", yes_or_no(key.proof_only))
        .json("allowed_addresses", &key.allowed_addresses)
        .line("Allowed from", allowed)
        .time_or_never("expires_at", "Expires", expires)
        .time_or_never("last_used_at", "Last used", last_used)
        .field("created_at", "Created", created)
        .if_present("compromised_at", "Compromised", key.compromised_at.map(Time))
        .json("version", key.version)
        .cell("ID", key.id)
        .cell("NAME", &key.name)
        .cell("USED", uses)
        .cell("GROUP", key.group.name)
        .cell("CERTIFICATE", key.certificate.name)
        .cell("STATE", key.state.as_str())
        .cell("EXPIRES", Time::or_never(expires))
        .cell("LAST USED", Time::or_never(last_used))
}

fn named<Id: ToString>(named: &Named<Id>) -> Value {
    json!({ "id": named.id.to_string(), "name": named.name })
}

fn named_text<Id: ToString>(named: &Named<Id>) -> String {
    format!("{} ({})", named.name, named.id.to_string())
}
