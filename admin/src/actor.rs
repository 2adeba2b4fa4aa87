//! Who administers.

use provkey::authority::{self, AdminRole, AdminScope, AdminToken, GroupId};

use crate::error::Error;
use crate::operation::{Access, Operation, ScopeRule};

/// Who calls an operation, with which role, limited to which scope.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Actor {
    /// Their name, admin token and address, as the audit trail records them.
    pub identity: authority::Actor,
    /// What they may do. [`Self::role`] also considers the scope.
    pub role: AdminRole,
    /// What they are limited to. `None`: nothing.
    pub scope: Option<AdminScope>,
}

impl Actor {
    /// An actor without a scope.
    pub fn new(identity: impl Into<authority::Actor>, role: AdminRole) -> Self {
        Self { identity: identity.into(), role, scope: None }
    }

    /// The holder of an admin token. The audit trail names them `token:NAME`.
    pub fn of_token(token: &AdminToken) -> Self {
        let name = format!("token:{}", token.name);
        let identity = authority::Actor::from(name.as_str()).admin_token(token.id);
        Self::new(identity, token.role).scope(token.scope)
    }

    /// Sets the scope.
    pub fn scope(mut self, scope: impl Into<Option<AdminScope>>) -> Self {
        self.scope = scope.into();
        self
    }

    /// The role that the actor has: with a scope, no more than the role of the scope.
    pub fn role(&self) -> AdminRole {
        self.scope.map_or(self.role, |scope| scope.role().min(self.role))
    }

    /// Checks that the actor may call an operation at all.
    ///
    /// # Errors
    /// `role_insufficient`, `scope_insufficient`.
    pub fn authorize<O: Operation>(&self) -> Result<(), Error> {
        self.check(&O::ACCESS)
    }

    fn check(&self, access: &Access) -> Result<(), Error> {
        let role = self.role();
        if role < access.role {
            return Err(Error::RoleInsufficient { required: access.role, role });
        }
        match self.scope {
            Some(scope) if access.scope == ScopeRule::Refused => {
                Err(Error::ScopeInsufficient(scope))
            }
            _ => Ok(()),
        }
    }

    /// The group that the actor is limited to.
    pub(crate) fn group(&self) -> Option<GroupId> {
        self.scope.map(AdminScope::group)
    }

    /// Whether the actor may see what belongs to this group.
    pub(crate) fn sees(&self, group: GroupId) -> bool {
        self.group().is_none_or(|own| own == group)
    }
}
