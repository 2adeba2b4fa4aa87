//! Schemas of types that core defines.

use provkey::authority::{AdminRole, KeyState};
use utoipa::openapi::schema::{Object, ObjectBuilder, Type};

/// The states of a key.
pub(crate) fn key_state() -> Object {
    one_of("Whether it enrolls connectors, or else why not.", KeyState::ALL.map(KeyState::as_str))
}

/// The roles. Each includes those before it.
pub(crate) fn role() -> Object {
    one_of("A role. Each includes those before it.", AdminRole::ALL.map(AdminRole::as_str))
}

fn one_of<const N: usize>(description: &str, texts: [&str; N]) -> Object {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .description(Some(description))
        .enum_values(Some(texts))
        .build()
}
