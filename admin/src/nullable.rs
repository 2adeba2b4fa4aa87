//! Members that may be null, which differs from being absent.

use serde::{Deserialize, Deserializer};

/// Reads a member that is present: null is `Some(None)`.
pub(crate) fn nullable<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    from: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(from).map(Some)
}
