//! Connector groups.

use provkey::authority::ConnectorGroup;
use serde::{Deserialize, Serialize};

use crate::moment::Moment;

/// A connector group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct Group {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The number of provisioning keys for it.
    pub keys: u64,
    /// When it was created.
    pub created_at: Moment,
}

impl From<ConnectorGroup> for Group {
    fn from(group: ConnectorGroup) -> Self {
        let ConnectorGroup { id, name, created_at, keys, .. } = group;
        Self { id: id.to_string(), name: name.into(), keys, created_at: created_at.into() }
    }
}

/// A group to create.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NewGroup {
    /// Its name, unique among groups.
    #[cfg_attr(feature = "openapi", schema(example = "Plant 7"))]
    pub name: String,
}
