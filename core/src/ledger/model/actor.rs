//! Who acts through an authority, for the audit trail.

use alloc::string::String;
use core::net::IpAddr;

use crate::ledger::model::AdminTokenId;
use crate::limits::ACTOR_BYTES_MAX;

/// Who acts through an authority, for the audit trail. A text converts into an actor with that
/// name.
///
/// ```
/// use core::net::Ipv4Addr;
///
/// use provkey::authority::Actor;
/// use provkey::testing::TestAuthority;
///
/// let test = TestAuthority::new();
/// let alice = Actor::from("alice").address(Some(Ipv4Addr::LOCALHOST.into()));
/// test.authority.acting_as(alice).create_group(&"Warehouses".parse()?)?;
/// let last = test.audit().pop().expect("a record");
/// assert_eq!(last.actor.as_deref(), Some("alice"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Actor {
    /// A name of at most 256 bytes. A longer one is cut.
    pub name: Option<String>,
    /// The admin token that authenticated the actor. Unlike a name, its id is never reused.
    pub admin_token: Option<AdminTokenId>,
    /// The actor's address.
    pub address: Option<IpAddr>,
}

crate::setters::setters!(Actor {
    name: Option<String>,
    admin_token: Option<AdminTokenId>,
    address: Option<IpAddr>,
});

impl Actor {
    /// The same with a name that is not too long, and an address in its usual form.
    pub(crate) fn bounded(mut self) -> Self {
        if let Some(name) = &mut self.name {
            let mut length = name.len().min(ACTOR_BYTES_MAX);
            while !name.is_char_boundary(length) {
                length -= 1;
            }
            name.truncate(length);
        }
        self.address = self.address.map(|address| address.to_canonical());
        self
    }
}

impl From<&str> for Actor {
    fn from(name: &str) -> Self {
        Self { name: Some(name.into()), ..Self::default() }
    }
}

impl From<&String> for Actor {
    fn from(name: &String) -> Self {
        name.as_str().into()
    }
}
