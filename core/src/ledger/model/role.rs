//! The roles of administrators.

use core::fmt;

use serde::{Deserialize, Serialize};

/// What somebody may do. Each role may do what those before it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum AdminRole {
    /// Look at everything but secrets.
    Viewer,
    /// Look after provisioning keys, groups and connectors; take out the texts of keys.
    Operator,
    /// Look after enrollment certificates and admin tokens, too.
    Admin,
}

impl AdminRole {
    /// Every role, from the least to the greatest.
    pub const ALL: [Self; 3] = [Self::Viewer, Self::Operator, Self::Admin];

    /// `viewer`, `operator` or `admin`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Admin => "admin",
        }
    }

    /// The role of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == name)
    }
}

impl fmt::Display for AdminRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

crate::text::from_str!(AdminRole, "a role of an administrator", AdminRole::parse);
