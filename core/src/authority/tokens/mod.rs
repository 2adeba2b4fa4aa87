//! Admin tokens: who may administer the authority over a network.

mod text;
mod verifier;

pub use text::AdminTokenText;

use alloc::format;
use alloc::string::{String, ToString};

use core::time::Duration;

use subtle::ConstantTimeEq;

use crate::authority::Authority;
use crate::key::{Keyring, Secret, Slot};
use crate::ledger::error::{AdminTokenError, Error, InputError, MasterError};
use crate::ledger::listing::{Page, PageRequest, entries};
use crate::ledger::model::{AdminRole, AdminScope, AdminTokenId, Name};
use crate::ledger::observer::Event;
use crate::ledger::records::{
    self, Action, AdminTokenRecord, AuditRecord, Bytes, GroupRecord, TokenVerifier,
};
use crate::ledger::{Entity, Stored};
use crate::random::{Random, RandomError};
use crate::time::Timestamp;

/// How to create an admin token.
///
/// ```
/// use provkey::authority::{AdminRole, NewAdminToken};
/// use provkey::testing::TestAuthority;
/// use provkey::time::Clock;
///
/// let test = TestAuthority::new();
/// let end = test.clock.now().plus(NewAdminToken::VALIDITY);
/// let new = NewAdminToken::new("ci".parse()?, AdminRole::Operator).expires_at(end);
/// let (token, text) = test.authority.create_token(&new)?;
/// assert_eq!(test.authority.authenticate_token(&text)?, token);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct NewAdminToken {
    /// Its name, unique among the tokens that are not revoked. The audit trail shows it.
    pub name: Name,
    /// What its holder may do.
    pub role: AdminRole,
    /// What its holder is limited to. `None`: nothing. With a scope the role is that of the scope.
    pub scope: Option<AdminScope>,
    /// When it expires. `None`: never.
    pub expires_at: Option<Timestamp>,
}

impl NewAdminToken {
    /// How long a token is valid unless the caller chooses: 90 days. The command and the API use
    /// it.
    pub const VALIDITY: Duration = Duration::from_secs(90 * 86_400);

    /// A token for the whole authority that never expires.
    pub fn new(name: Name, role: AdminRole) -> Self {
        Self { name, role, scope: None, expires_at: None }
    }
}

crate::setters::setters!(NewAdminToken {
    name: Name,
    role: AdminRole,
    scope: Option<AdminScope>,
    expires_at: Option<Timestamp>,
});

/// An admin token without its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AdminToken {
    /// Its id, which its text contains.
    pub id: AdminTokenId,
    /// Its name.
    pub name: Name,
    /// What its holder may do.
    pub role: AdminRole,
    /// What its holder is limited to. `None`: nothing. An application that authenticates tokens
    /// itself must enforce it.
    pub scope: Option<AdminScope>,
    /// When it was created.
    pub created_at: Timestamp,
    /// Who created it, as set by [`Authority::acting_as`].
    pub created_by: Option<String>,
    /// When it expires.
    pub expires_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}

/// # Admin tokens
impl Authority {
    /// Creates an admin token. Only this call returns its text: the store has a verifier, made with
    /// the current master key, that also binds the token's id, role, scope and expiry.
    ///
    /// # Errors
    /// `name_in_use`, `expiry_in_past`, `scope_invalid` if the role is not that of the scope,
    /// `group_not_found`, `master_key_missing`, and those of the store.
    pub fn create_token(&self, new: &NewAdminToken) -> Result<(AdminToken, AdminTokenText), Error> {
        let ledger = self.ledger()?;
        if let Some(past) = new.expires_at.filter(|at| *at <= ledger.now()) {
            return Err(InputError::ExpiryInPast.about(past).into());
        }
        if let Some(scope) = new.scope.filter(|scope| scope.role() != new.role) {
            return Err(InputError::ScopeInvalid.about(scope).into());
        }
        self.transact(Action::TokenCreated, |change| {
            if let Some(scope) = new.scope {
                ledger.entity::<GroupRecord>(scope.group())?;
            }
            let id = AdminTokenId::random(ledger.random())?;
            let secret = new_secret(ledger.random())?;
            let state = ledger.state();
            let (slot, master) = state.current_master()?;
            let mut record = AdminTokenRecord {
                id,
                name: new.name.clone(),
                role: new.role,
                scope: new.scope,
                created_at: change.at(),
                created_by: change.audit.actor.clone(),
                expires_at: new.expires_at,
                revoked_at: None,
                verifier: None,
            };
            let hmac = Bytes(verifier::live(master, &record, &secret).to_vec());
            record.verifier = Some(TokenVerifier { slot: slot.number(), hmac });
            describe(&mut change.audit, &record);
            // No token is made under a master key that another process has replaced.
            change.expect(records::authority(), state.version);
            change.create(&record);
            change.count(records::master_users(slot), 1).or(MasterError::SlotEmpty);
            Ok((AdminToken::new(record), AdminTokenText::of(id, &secret)))
        })
    }

    /// The admin token that has this text, if it is valid.
    ///
    /// # Errors
    /// `admin_token_malformed`, before the store is read; `admin_token_invalid` if there is no such
    /// token, its secret differs, or its record was tampered with; then `admin_token_revoked`,
    /// `admin_token_expired`; `master_key_missing` if the keyring lacks the master key of the
    /// token; and those of the store.
    pub fn authenticate_token(&self, text: &AdminTokenText) -> Result<AdminToken, Error> {
        let mut admin_token = None;
        let found = self.check_token(text, &mut admin_token);
        if let Err(Error::AdminToken(error)) = &found {
            let address = self.actor.as_ref().and_then(|actor| actor.address);
            let code = error.code();
            self.ledger()?.notify(&Event::AdminTokenRefused { code, admin_token, address });
        }
        found
    }

    /// `proven` is set to the token if the text is genuine, even if the token is revoked or has
    /// expired.
    fn check_token(
        &self,
        text: &AdminTokenText,
        proven: &mut Option<AdminTokenId>,
    ) -> Result<AdminToken, Error> {
        let (id, secret) = text.read()?;
        let found = self.ledger()?.read::<AdminTokenRecord>(records::admin_token(id))?;
        // A record that was copied from another token's place would outlive a revocation there.
        let found = found.map(|(_, record)| record).filter(|record| record.id == id);
        // An absent token is verified like an existing one: the same work, the same answer.
        let record = found.unwrap_or_else(|| absent(id));
        if !self.verify(&record, &secret)? {
            return Err(AdminTokenError::Invalid.into());
        }
        *proven = Some(id);
        if record.revoked_at.is_some() {
            return Err(AdminTokenError::Revoked.into());
        }
        let now = self.ledger()?.now();
        if record.expires_at.is_some_and(|at| at <= now) {
            return Err(AdminTokenError::Expired.into());
        }
        Ok(AdminToken::new(record))
    }

    /// Records in the audit trail that the [actor](Self::acting_as) signed in. An application with
    /// a sign-in calls this after each.
    ///
    /// # Errors
    /// Those of the store.
    pub fn record_sign_in(&self) -> Result<(), Error> {
        self.ledger()?.append_audit(&self.audit(Action::AdminSignedIn)?)
    }

    /// Records in the audit trail that the [actor](Self::acting_as) signed out.
    ///
    /// # Errors
    /// Those of the store.
    pub fn record_sign_out(&self) -> Result<(), Error> {
        self.ledger()?.append_audit(&self.audit(Action::AdminSignedOut)?)
    }

    /// Whether this is the secret of a token whose record is as the authority wrote it.
    fn verify(&self, record: &AdminTokenRecord, secret: &Secret) -> Result<bool, Error> {
        let state = self.ledger()?.state();
        let stands_on = record.verifier.as_ref().and_then(|verifier| verifier.slot());
        let master = match stands_on {
            Some(slot) => state.keyring.master(slot),
            None => Some(state.keyring.current()),
        };
        // The slot is the record's, not the text's, so the answer reveals nothing about a secret.
        let Some(master) = master else {
            return match record.revoked_at {
                Some(_) => Ok(false),
                None => Err(MasterError::Missing.into()),
            };
        };
        let live = verifier::live(master, record, secret);
        let revoked = verifier::revoked(master, &live);
        let wanted = if record.revoked_at.is_some() { &revoked } else { &live };
        let stored = record.verifier.as_ref().map_or(&[][..], |verifier| &verifier.hmac.0);
        Ok(wanted.ct_eq(stored).into())
    }

    /// The admin token that has this id, or this name and is not revoked.
    ///
    /// # Errors
    /// `admin_token_not_found`, and those of the store.
    pub fn find_token(&self, id_or_name: &str) -> Result<AdminToken, Error> {
        Ok(AdminToken::new(self.ledger()?.find(id_or_name)?.record))
    }

    /// Reads a scope: `operator:` and the id or the name of a connector group.
    ///
    /// # Errors
    /// `scope_invalid`, `group_not_found`, and those of the store.
    pub fn find_scope(&self, text: &str) -> Result<AdminScope, Error> {
        let group = match text.split_once(':') {
            Some((role, group)) if role == AdminRole::Operator.as_str() => group,
            _ => return Err(InputError::ScopeInvalid.about(text).into()),
        };
        Ok(AdminScope::Operator(self.find_group(group)?.id))
    }

    /// Lists the admin tokens by id, including revoked and expired ones.
    ///
    /// # Errors
    /// `cursor_invalid`, and those of the store.
    pub fn list_tokens(&self, page: &PageRequest) -> Result<Page<AdminToken>, Error> {
        self.ledger()?.list(records::ADMIN_TOKENS, page, AdminToken::new)
    }

    /// All admin tokens: as [`Self::list_tokens`], page by page.
    pub fn tokens(&self) -> impl Iterator<Item = Result<AdminToken, Error>> + use<'_> {
        entries(|page| self.list_tokens(page))
    }

    /// Revokes an admin token, immediately and permanently. Revoking it again changes nothing.
    ///
    /// # Errors
    /// `admin_token_not_found`, and those of the store.
    pub fn revoke_token(&self, id: AdminTokenId) -> Result<AdminToken, Error> {
        let ledger = self.ledger()?;
        self.transact(Action::TokenRevoked, |change| {
            let Stored { version, mut record, .. } = ledger.entity::<AdminTokenRecord>(id)?;
            if record.revoked_at.is_some() {
                change.skip();
                return Ok(AdminToken::new(record));
            }
            describe(&mut change.audit, &record);
            record.revoked_at = Some(change.at());
            if let Some(live) = record.verifier.take()
                && let Some(slot) = live.slot()
            {
                change.count(records::master_users(slot), -1);
                record.verifier = revoked_verifier(live, slot, &ledger.state().keyring);
            }
            change.expect(records::admin_token(id), version);
            change.put(records::admin_token(id), &record);
            change.delete(AdminTokenRecord::by_name(&record.name.folded()));
            Ok(AdminToken::new(record))
        })
    }

    /// Revokes the expired tokens that depend on the master key of this slot.
    pub(crate) fn revoke_expired_tokens(&self, slot: Slot) -> Result<(), Error> {
        let ledger = self.ledger()?;
        let now = ledger.now();
        for page in ledger.pages(records::ADMIN_TOKENS) {
            for record in &page? {
                let token: AdminTokenRecord = records::decode(record)?;
                let over = token.expires_at.is_some_and(|at| at <= now);
                let stands_on = token.verifier.as_ref().is_some_and(|it| it.slot == slot.number());
                if over && stands_on {
                    self.revoke_token(token.id)?;
                }
            }
        }
        Ok(())
    }
}

/// The verifier by which a revoked token is told from one that never existed. A process that lacks
/// the master key can revoke, too, and then leaves none.
fn revoked_verifier(live: TokenVerifier, slot: Slot, keyring: &Keyring) -> Option<TokenVerifier> {
    let hmac = verifier::revoked(keyring.master(slot)?, &live.hmac.0);
    Some(TokenVerifier { hmac: Bytes(hmac.to_vec()), ..live })
}

/// A token that no secret verifies.
fn absent(id: AdminTokenId) -> AdminTokenRecord {
    AdminTokenRecord {
        id,
        name: Name::parse("absent").expect("it is a good name"),
        role: AdminRole::Viewer,
        scope: None,
        created_at: Timestamp::default(),
        created_by: None,
        expires_at: None,
        revoked_at: None,
        verifier: None,
    }
}

impl AdminToken {
    fn new(record: AdminTokenRecord) -> Self {
        let AdminTokenRecord { id, name, role, scope, created_at, .. } = record;
        let AdminTokenRecord { created_by, expires_at, revoked_at, .. } = record;
        Self { id, name, role, scope, created_at, created_by, expires_at, revoked_at }
    }
}

fn describe(audit: &mut AuditRecord, record: &AdminTokenRecord) {
    let AdminTokenRecord { id, name, role, scope, expires_at, .. } = record;
    let until = expires_at.map_or_else(|| "never".to_string(), |at| at.to_string());
    audit.group = scope.map(AdminScope::group);
    audit.details = Some(format!("{name} ({id}), role {role}, expires {until}"));
}

fn new_secret(random: &dyn Random) -> Result<Secret, RandomError> {
    let mut bytes = zeroize::Zeroizing::new([0; 20]);
    random.fill(&mut *bytes)?;
    Ok(Secret::from_bytes(*bytes))
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::*;
    use crate::store::{Operation, Unit, Value};
    use crate::testing::TestAuthority;

    #[test]
    fn a_record_copied_to_another_id_is_no_token() {
        let world = TestAuthority::new();
        let new = NewAdminToken::new(Name::parse("ci").unwrap(), AdminRole::Admin);
        let (token, text) = world.authority.create_token(&new).unwrap();
        let (_, secret) = text.read().unwrap();
        let copy_id = AdminTokenId::parse("q2w3e4r5t6y7").unwrap();
        let copy = AdminTokenText::of(copy_id, &secret);
        let store = &world.environment.store;
        let record = store.get(&[records::admin_token(token.id)]).unwrap().remove(0).unwrap();
        let Value::Body(body) = record.value else { panic!("it is a body") };
        let put = Operation::Put { key: records::admin_token(copy_id), body };
        store.apply(&[Unit::new(vec![put])]).unwrap();
        let refused = world.authority.authenticate_token(&copy).unwrap_err();
        assert_eq!(refused.code(), "admin_token_invalid");
    }
}
