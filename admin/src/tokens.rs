//! Admin tokens.

use provkey::authority::{self, AdminRole, Authority, Name};
use provkey::time::{Clock, SystemClock, Timestamp};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::error::Error;
use crate::moment::Moment;
use crate::nullable::nullable;
#[cfg(feature = "openapi")]
use crate::schema;

/// An admin token without its secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct AdminToken {
    /// Its id, which its text shows.
    pub id: String,
    /// Its name, which the audit trail shows.
    pub name: String,
    /// The role of its holder.
    #[cfg_attr(feature = "openapi", schema(schema_with = schema::role))]
    pub role: AdminRole,
    /// What its holder is limited to: `operator:` and the id of a group; null: nothing.
    pub scope: Option<String>,
    /// When it was created.
    pub created_at: Moment,
    /// Who created it.
    pub created_by: Option<String>,
    /// When it expires.
    pub expires_at: Option<Moment>,
    /// When it was revoked.
    pub revoked_at: Option<Moment>,
}

impl From<authority::AdminToken> for AdminToken {
    fn from(token: authority::AdminToken) -> Self {
        Self {
            id: token.id.to_string(),
            name: token.name.into(),
            role: token.role,
            scope: token.scope.map(|scope| scope.to_string()),
            created_at: token.created_at.into(),
            created_by: token.created_by,
            expires_at: token.expires_at.map(Moment),
            revoked_at: token.revoked_at.map(Moment),
        }
    }
}

/// A new admin token.
#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct CreatedToken {
    /// The token without its secret.
    pub token: AdminToken,
    /// Its text, which is shown only once.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub text: Zeroizing<String>,
}

/// An admin token to create.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct NewAdminToken {
    /// Its name, unique among those that are not revoked.
    pub name: String,
    /// The role of its holder: with a scope, `operator`.
    #[cfg_attr(feature = "openapi", schema(schema_with = schema::role))]
    pub role: AdminRole,
    /// What its holder is limited to: `operator:` and a group, by id or name; default: nothing.
    pub scope: Option<String>,
    /// When it expires; default: after 90 days; null: never.
    #[serde(default, deserialize_with = "nullable", skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Moment>))]
    pub expires_at: Option<Option<Moment>>,
}

impl NewAdminToken {
    /// A token without a scope that expires after 90 days.
    pub fn new(name: impl Into<String>, role: AdminRole) -> Self {
        Self { name: name.into(), role, scope: None, expires_at: None }
    }

    pub(crate) fn read(&self, authority: &Authority) -> Result<authority::NewAdminToken, Error> {
        let name = Name::parse(&self.name)?;
        let scope = self.scope.as_deref().map(|text| authority.find_scope(text)).transpose()?;
        Ok(authority::NewAdminToken::new(name, self.role)
            .scope(scope)
            .expires_at(self.expires_at()))
    }

    fn expires_at(&self) -> Option<Timestamp> {
        match self.expires_at {
            Some(at) => at.map(|at| at.0),
            None => Some(SystemClock.now().plus(authority::NewAdminToken::VALIDITY)),
        }
    }
}
