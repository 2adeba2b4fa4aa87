//! What a host decides of the server.

/// What a host decides of the server.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Config {}
