//! Admin tokens: who may look after the authority over a network.

use alloc::format;
use alloc::string::{String, ToString};
use core::fmt;

use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;

use super::Authority;
use super::audit::{Action, AuditRecord};
use super::error::{AdminTokenError, Error, InputError};
use super::id::AdminTokenId;
use super::name::Name;
use super::page::{Examined, Page, PageRequest};
use super::records::{self, AdminTokenRecord, Bytes};
use super::token_text::{self, AdminTokenText};
use crate::key::Secret;
use crate::random::{Random, RandomError};
use crate::time::Timestamp;

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

/// How to create an admin token.
#[derive(Clone, Debug)]
pub struct NewAdminToken {
    /// Its name, unique among those that are not revoked. The audit trail names it.
    pub name: Name,
    /// What its holder may do.
    pub role: AdminRole,
    /// When it ends. `None`: never.
    pub expires_at: Option<Timestamp>,
}

/// An admin token as others see it. It does not hold the secret.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AdminToken {
    /// Its id, which its text shows.
    pub id: AdminTokenId,
    /// Its name.
    pub name: Name,
    /// What its holder may do.
    pub role: AdminRole,
    /// When it was created.
    pub created_at: Timestamp,
    /// Who created it, as the host named them with [`Authority::acting_as`].
    pub created_by: Option<String>,
    /// When it ends.
    pub expires_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}

impl Authority {
    /// Creates an admin token. Its text is here and nowhere else: only a hash is stored.
    ///
    /// # Errors
    /// `name_in_use`, `expiry_in_past`, and those of the store.
    pub fn create_token(&self, new: &NewAdminToken) -> Result<(AdminToken, AdminTokenText), Error> {
        let inner = self.inner()?;
        if new.expires_at.is_some_and(|at| at <= inner.clock.now()) {
            return Err(InputError::ExpiryInPast.into());
        }
        inner.until_undisturbed(|| {
            let id = AdminTokenId::random(&*inner.random)?;
            let secret = new_secret(&*inner.random)?;
            let mut audit = self.audit(Action::TokenCreated)?;
            let record = AdminTokenRecord {
                id,
                name: new.name.clone(),
                role: new.role,
                created_at: audit.at,
                created_by: audit.actor.clone(),
                expires_at: new.expires_at,
                revoked_at: None,
                sha256: Bytes(token_text::sha256(id, &secret).to_vec()),
            };
            describe(&mut audit, &record);
            let by_name = records::admin_token_by_name(&new.name.folded());
            let mut change = inner.change(&audit)?;
            change.expect_absent(by_name.clone());
            change.expect_absent(records::admin_token(id));
            change.put(records::admin_token(id), &record);
            change.put_bytes(by_name.clone(), id.as_str());
            match inner.apply(change)? {
                Ok(()) => Ok(Some((AdminToken::new(record), AdminTokenText::of(id, &secret)))),
                Err(obstacle) if obstacle.is(&by_name) => Err(InputError::NameInUse.into()),
                Err(_) => Ok(None),
            }
        })
    }

    /// The admin token that has this text, if it is still good.
    ///
    /// # Errors
    /// `admin_token_malformed` without looking anything up; `admin_token_invalid` if there is no such token or
    /// its secret is another; then `admin_token_revoked`, `admin_token_expired`; and those of the store.
    pub fn authenticate_token(&self, text: &AdminTokenText) -> Result<AdminToken, Error> {
        let (id, secret) = text.read()?;
        let inner = self.inner()?;
        let found = inner.read::<AdminTokenRecord>(records::admin_token(id))?;
        let hash = token_text::sha256(id, &secret);
        // An absent token has the hash of nothing: the same work, the same answer.
        let stored = found.as_ref().map_or(&[0; 32][..], |(_, record)| &record.sha256.0);
        if !bool::from(stored.ct_eq(&hash)) {
            return Err(AdminTokenError::Invalid.into());
        }
        let (_, record) = found.ok_or(AdminTokenError::Invalid)?;
        if record.revoked_at.is_some() {
            return Err(AdminTokenError::Revoked.into());
        }
        if record.expires_at.is_some_and(|at| at <= inner.clock.now()) {
            return Err(AdminTokenError::Expired.into());
        }
        Ok(AdminToken::new(record))
    }

    /// One admin token, by its id or by the name that it has while it is not revoked.
    ///
    /// # Errors
    /// `admin_token_not_found`, and those of the store.
    pub fn find_token(&self, id_or_name: &str) -> Result<AdminToken, Error> {
        let not_found = InputError::AdminTokenNotFound;
        if let Some(id) = AdminTokenId::parse(id_or_name)
            && let Some((_, record)) = self.inner()?.read(records::admin_token(id))?
        {
            return Ok(AdminToken::new(record));
        }
        let by_name = records::admin_token_by_name(&super::name::lookup(id_or_name, not_found)?);
        let found = self.inner()?.read_text(by_name)?;
        let id = found.as_deref().and_then(AdminTokenId::parse).ok_or(not_found)?;
        let (_, record) = self.inner()?.read(records::admin_token(id))?.ok_or(not_found)?;
        Ok(AdminToken::new(record))
    }

    /// Lists the admin tokens by id, those that are revoked or have expired included.
    ///
    /// # Errors
    /// `cursor_invalid`, and those of the store.
    pub fn list_tokens(&self, page: &PageRequest) -> Result<Page<AdminToken>, Error> {
        self.inner()?.listing(records::ADMIN_TOKENS.into(), false, page)?.run(|found| {
            found
                .iter()
                .map(|record| Ok(Examined::Item(AdminToken::new(records::decode(record)?))))
                .collect()
        })
    }

    /// Revokes an admin token, at once and for ever. Revoking it once more changes nothing.
    ///
    /// # Errors
    /// `admin_token_not_found`, and those of the store.
    pub fn revoke_token(&self, id: AdminTokenId) -> Result<AdminToken, Error> {
        self.inner()?.until_undisturbed(|| {
            let found = self.inner()?.read::<AdminTokenRecord>(records::admin_token(id))?;
            let (version, mut record) = found.ok_or(InputError::AdminTokenNotFound)?;
            if record.revoked_at.is_some() {
                return Ok(Some(AdminToken::new(record)));
            }
            let mut audit = self.audit(Action::TokenRevoked)?;
            describe(&mut audit, &record);
            record.revoked_at = Some(audit.at);
            let mut change = self.inner()?.change(&audit)?;
            change.expect(records::admin_token(id), version);
            change.put(records::admin_token(id), &record);
            change.delete(records::admin_token_by_name(&record.name.folded()));
            Ok(self.inner()?.apply(change)?.is_ok().then(|| AdminToken::new(record)))
        })
    }
}

impl AdminToken {
    fn new(record: AdminTokenRecord) -> Self {
        let AdminTokenRecord { id, name, role, created_at, .. } = record;
        let AdminTokenRecord { created_by, expires_at, revoked_at, .. } = record;
        Self { id, name, role, created_at, created_by, expires_at, revoked_at }
    }
}

fn describe(audit: &mut AuditRecord, record: &AdminTokenRecord) {
    let AdminTokenRecord { id, name, role, expires_at, .. } = record;
    let until = expires_at.map_or_else(|| "never".to_string(), |at| at.to_string());
    audit.details = Some(format!("{name} ({id}), role {role}, expires {until}"));
}

fn new_secret(random: &dyn Random) -> Result<Secret, RandomError> {
    let mut bytes = zeroize::Zeroizing::new([0; 20]);
    random.fill(&mut *bytes)?;
    Ok(Secret::from_bytes(*bytes))
}
