//! What an administrator is limited to.

use core::fmt;

use crate::ParseError;
use crate::ledger::model::{AdminRole, GroupId};

/// What the holder of an admin token is limited to. Its text is `operator:` and the id of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AdminScope {
    /// An operator of one connector group: of its provisioning keys and its connectors.
    Operator(GroupId),
}

impl AdminScope {
    /// Parses the scope of an administrator.
    ///
    /// # Errors
    /// [`ParseError`] for any other text.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        let error = ParseError::new("the scope of an administrator");
        match text.split_once(':') {
            Some((role, group)) if role == AdminRole::Operator.as_str() => {
                GroupId::parse(group).map(Self::Operator).map_err(|_| error)
            }
            _ => Err(error),
        }
    }

    /// The role that its holder has within the group.
    pub const fn role(self) -> AdminRole {
        match self {
            Self::Operator(_) => AdminRole::Operator,
        }
    }

    /// The group.
    pub const fn group(self) -> GroupId {
        match self {
            Self::Operator(group) => group,
        }
    }
}

impl fmt::Display for AdminScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.role(), self.group())
    }
}

crate::text::from_str!(AdminScope, ParseError);
crate::text::serde_as_text!(AdminScope);

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn a_scope_is_read_as_it_was_written() {
        let scope = AdminScope::parse("operator:q2w3e4r5t6y7").unwrap();
        assert_eq!(scope.to_string(), "operator:q2w3e4r5t6y7");
        assert_eq!((scope.role(), scope.group().as_str()), (AdminRole::Operator, "q2w3e4r5t6y7"));
        for wrong in ["", "operator", "operator:", "operator:b", "admin:q2w3e4r5t6y7"] {
            assert!(AdminScope::parse(wrong).is_err(), "{wrong}");
        }
    }
}
