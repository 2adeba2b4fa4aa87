//! What keys may be.

use std::format;
use std::string::String;
use std::vec;
use std::vec::Vec;

use super::space::{Space, body, same};
use crate::limits::RECORD_KEY_BYTES_MAX;
use crate::store::{Operation, RecordKey};

pub(super) fn any_bytes(space: &Space<'_>) -> Result<(), String> {
    let mut names: Vec<Vec<u8>> = (0..=255).map(|byte| vec![byte]).collect();
    names.extend((0..=255).map(|byte| vec![b'a', byte]));
    names.extend([
        vec![b'a', 0, 0],
        vec![b'A', b'a'],
        b"%_*?'\"\\".to_vec(),
        "é e\u{301} \u{fffd}".into(),
        vec![0xc3, 0x28],
        vec![0xff; 9],
        Vec::new(),
    ]);
    for names in names.chunks(64) {
        let put = |name: &Vec<u8>| space.put(name, name);
        space.applied(names.iter().map(put).collect::<Result<_, _>>()?)?;
    }
    for name in &names {
        space.is(name, body(name))?;
    }
    let mut wanted = names.iter().map(|name| space.key(name)).collect::<Result<Vec<_>, _>>()?;
    wanted.sort();
    let keys: Vec<RecordKey> = space.everything()?.into_iter().map(|record| record.key).collect();
    same("all keys in order", &keys, &wanted)
}

pub(super) fn longest_keys(space: &Space<'_>) -> Result<(), String> {
    let long = RECORD_KEY_BYTES_MAX.saturating_sub(space.prefix.len() + 1);
    let name = |last: &str| format!("{}{last}", "x".repeat(long));
    let names = [name(""), name("a"), name("b"), name("\u{7f}")];
    let put = |name: &String| space.put(name, name);
    space.applied(names.iter().map(put).collect::<Result<_, _>>()?)?;
    for name in &names {
        space.is(name, body(name))?;
    }
    let delete: Operation = space.delete(name("a"))?;
    space.applied(vec![delete])?;
    space.is(name("a"), None)?;
    space.is(name("b"), body(name("b")))
}
