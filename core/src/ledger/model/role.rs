//! The roles of administrators.

/// What an administrator may do. Each role includes those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
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
}

crate::text::named!(AdminRole, "a role of an administrator");
