//! The roles of administrators.

use core::fmt;

use serde::{Deserialize, Serialize};

/// What an administrator may do. Each role includes those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum AdminRole {
    /// Read everything except secrets.
    Viewer,
    /// Manage provisioning keys, groups and connectors; export the texts of keys.
    Operator,
    /// Manage enrollment certificates and admin tokens as well.
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
