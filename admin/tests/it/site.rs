//! An authority with two groups, and the actors that administer it.

use provkey::authority::{AdminRole, AdminScope, GroupId, Name, NewCertificate, NewKey};
use provkey::testing::TestAuthority;
use provkey_admin::{Actor, Administration, Local};

/// A group with a certificate, a key and a connector that are its own.
pub(crate) struct Plant {
    pub(crate) group: GroupId,
    pub(crate) certificate: String,
    pub(crate) key: String,
    pub(crate) connector: String,
}

/// An authority with two plants, a certificate request and an admin token.
pub(crate) struct Site {
    pub(crate) test: TestAuthority,
    pub(crate) local: Box<dyn Administration>,
    pub(crate) own: Plant,
    pub(crate) other: Plant,
    pub(crate) request: String,
    pub(crate) token: String,
}

impl Site {
    pub(crate) fn new() -> Self {
        let test = TestAuthority::new();
        let (own, other) = (plant(&test, "own"), plant(&test, "other"));
        let new = NewCertificate::new(name("asked for"));
        let request = test.authority.request_certificate(&new).unwrap().id.to_string();
        let new = provkey::authority::NewAdminToken::new(name("token"), AdminRole::Viewer);
        let token = test.authority.create_token(&new).unwrap().0.id.to_string();
        let local = Box::new(Local::new(test.authority.clone()));
        Self { test, local, own, other, request, token }
    }

    /// An operator of the group `own`.
    pub(crate) fn operator_of_own(&self) -> Actor {
        Actor::new("carol", AdminRole::Operator).scope(AdminScope::Operator(self.own.group))
    }
}

pub(crate) fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

fn plant(test: &TestAuthority, text: &str) -> Plant {
    let authority = &test.authority;
    let group = authority.create_group(&name(text)).unwrap().id;
    let certificate = authority.create_certificate(&NewCertificate::new(name(text))).unwrap().id;
    let key = authority.create_key(&NewKey::new(name(text), group, certificate, 9)).unwrap();
    let connector = authority.enroll(&test.request(&key)).unwrap().connector.to_string();
    Plant { group, certificate: certificate.to_string(), key: key.id.to_string(), connector }
}
