//! Why a call of the authority failed.

use alloc::boxed::Box;
use alloc::string::ToString;
use core::fmt;

use crate::error_family::error_family;
use crate::key::{HostError, KeyringError};
use crate::ledger::subject;
use crate::process::UsedAfterFork;
use crate::random::RandomError;
use crate::store::StoreError;
use crate::x509::{CsrError, ExternalError, IssueError, PrivateKeyError, SignerError};

error_family! {
    /// Why a call of the authority failed. A failed call has changed nothing and counted no use,
    /// with two exceptions. After [`StoreError::Unknown`] the outcome is not known: the same call
    /// again finds out. A call of many steps says so in its documentation; the steps before the
    /// error stay done.
    #[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
    #[non_exhaustive]
    pub enum Error {
        /// An enrollment was refused.
        #[error(transparent)]
        Refused(#[from] Refusal) => error,
        /// The CSR was refused.
        #[error(transparent)]
        Csr(#[from] CsrError) => error,
        /// An argument of an operator's call is not acceptable.
        #[error(transparent)]
        Input(#[from] RejectedInput) => error,
        /// The host text of an authority is not acceptable.
        #[error(transparent)]
        Host(#[from] HostError) => error,
        /// An admin token is not accepted.
        #[error(transparent)]
        AdminToken(#[from] AdminTokenError) => error,
        /// The keyring does not fit the authority.
        #[error(transparent)]
        Master(#[from] MasterError) => error,
        /// A keyring could not be built.
        #[error(transparent)]
        Keyring(#[from] KeyringError) => error,
        /// A certificate could not be made.
        #[error(transparent)]
        Issue(#[from] IssueError) => error,
        /// The certificate of an external CA cannot sign for connectors.
        #[error(transparent)]
        External(#[from] ExternalError) => error,
        /// A private key file is not accepted.
        #[error(transparent)]
        PrivateKey(#[from] PrivateKeyError) => error,
        /// The store failed.
        #[error(transparent)]
        Store(#[from] StoreError) => error,
        /// A record in the store cannot be read.
        #[error("the record {key} in the store is damaged: {what}")]
        RecordDamaged {
            /// The key of the record.
            key: alloc::string::String,
            /// What is wrong with it.
            what: alloc::string::String,
        } => "store_corrupt",
        /// Other changes of the same records came first at every try.
        #[error("other changes of the same records came first at every try; call again")]
        Contended => "store_busy" (retryable = true),
        /// The source of randomness failed.
        #[error(transparent)]
        Random(#[from] RandomError) => error,
    }
}

impl Error {
    /// What the error is about, if an argument of an operator's call was
    /// [not acceptable](Self::Input): see [`RejectedInput::subject`].
    pub fn subject(&self) -> Option<&str> {
        match self {
            Self::Input(rejected) => rejected.subject(),
            _ => None,
        }
    }

    /// Whether an argument was rejected for this reason.
    pub fn is_input(&self, reason: InputError) -> bool {
        matches!(self, Self::Input(rejected) if rejected.reason == reason)
    }

    /// The error of a step that follows a change which was made, or may have been made: it does not
    /// say that nothing was changed.
    ///
    /// A change may have been made before a conflict, too. If its outcome was unknown and its audit
    /// record, which would have told, was pruned meanwhile, then what it conflicts with at the next
    /// try is its own first try.
    pub(crate) fn outcome_unknown(self) -> Self {
        match self {
            Self::Store(StoreError::NotApplied(fault)) => StoreError::Unknown(fault).into(),
            error => error,
        }
    }
}

impl From<InputError> for Error {
    fn from(reason: InputError) -> Self {
        Self::Input(reason.into())
    }
}

error_family! {
    /// Why an enrollment or a renewal was refused. A refusal never consumes a use.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
    #[non_exhaustive]
    pub enum Refusal {
        /// The provisioning key belongs to another authority, or its proof is wrong, or its host is
        /// another. The error does not say which.
        #[error("the provisioning key is not valid here")]
        KeyInvalid => "key_invalid",
        /// The CSR of a renewal was sent to be enrolled, or that of an enrollment to be renewed.
        /// The rest of the request was not examined.
        #[error("the CSR was made for the other kind of request: send a renewal to be renewed and an enrollment to be enrolled")]
        RequestWrongPurpose => "request_wrong_purpose",
        /// The CSR contains no proof of a provisioning key, and no key text came with it.
        #[error("the request contains neither a proof of a provisioning key nor its text")]
        KeyMissing => "key_missing",
        /// The CSR contains the proof of one key and came with the text of another.
        #[error("the proof in the CSR and the key text name different provisioning keys")]
        CredentialsDisagree => "credentials_disagree",
        /// The key was deleted.
        #[error("the provisioning key was deleted")]
        KeyDeleted => "key_deleted",
        /// The key was marked as compromised, which is final: create another key.
        #[error("the provisioning key was marked as compromised; create another one")]
        KeyCompromised => "key_compromised",
        /// The key is disabled.
        #[error("the provisioning key is disabled")]
        KeyDisabled => "key_disabled",
        /// The key accepts only a proof inside the CSR, not its text.
        #[error("the provisioning key must be proven inside the CSR; its text is not accepted")]
        ProofRequired => "proof_required",
        /// The address is outside of the key's ranges, or the application did not report it.
        #[error("the provisioning key may not be used from this address")]
        AddressNotAllowed => "address_not_allowed",
        /// Another provisioning key enrolled this public key, or another connector has renewed with
        /// it.
        #[error("another provisioning key enrolled this public key, or it belongs to another connector")]
        PublicKeyInUse => "public_key_in_use",
        /// The public key is the root's or the enrollment certificate's.
        #[error("the public key is one of the authority's own CA keys")]
        PublicKeyOfAuthority => "public_key_of_authority",
        /// The connector was revoked. Its public key never enrolls again.
        #[error("the connector was revoked")]
        ConnectorRevoked => "connector_revoked",
        /// The connector enrolled with another fingerprint, or the request has two that differ.
        #[error("the fingerprint differs from the one that this connector enrolled with")]
        FingerprintMismatch => "fingerprint_mismatch",
        /// The connector's certificate has expired. An enrollment does not replace it; a renewal
        /// does.
        #[error("the certificate of this connector has expired; renew it")]
        CertificateExpired => "certificate_expired",
        /// The CSR contains no proof of renewal, and the application passed no client certificate.
        #[error("the request does not name a certificate to renew")]
        RenewalMissing => "renewal_missing",
        /// The proof of renewal is malformed, is for another authority, or has a wrong signature.
        #[error("the proof of renewal is not valid here")]
        RenewalInvalid => "renewal_invalid",
        /// Another authority issued the certificate, or its record was pruned long after it
        /// expired.
        #[error("this authority has no record of the certificate to renew")]
        CertificateUnknown => "certificate_unknown",
        /// The certificate was already renewed with another key pair.
        #[error("the certificate was already renewed with another key pair; use the renewed certificate, or enroll a new key pair")]
        CertificateRenewed => "certificate_renewed",
        /// The certificate expired more than the renewal grace ago.
        #[error("the certificate expired too long ago to be renewed; enroll a new key pair")]
        RenewalTooLate => "renewal_too_late",
        /// The connector has renewed so often that too many of its certificates are valid.
        #[error("the connector has too many valid certificates; wait until one of them expires")]
        RenewalTooEarly => "renewal_too_early",
        /// The key has expired.
        #[error("the provisioning key has expired")]
        KeyExpired => "key_expired",
        /// The enrollment certificate was retired. Edit the key to use another.
        #[error("the enrollment certificate was retired; edit the provisioning key to use another")]
        CertificateRetired => "certificate_retired",
        /// The key has reached its maximum number of uses.
        #[error("the provisioning key has no uses left")]
        KeyExhausted => "key_exhausted",
    }
}

error_family! {
    /// Why an argument of an operator's call is not acceptable.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
    #[non_exhaustive]
    pub enum InputError {
        /// A name is empty.
        #[error("the name is empty")]
        NameEmpty => "name_empty",
        /// A name is too long.
        #[error("the name is longer than 128 bytes")]
        NameTooLong => "name_too_long",
        /// A name has a control character or an invisible one.
        #[error("the name has a control or invisible character")]
        NameBadCharacter => "name_bad_character",
        /// A name looks like the text of a provisioning key or of an admin token.
        #[error("the name looks like the text of a provisioning key or an admin token, which is a secret")]
        NameIsAKey => "name_is_a_key",
        /// Another entry of the same kind has this name.
        #[error("the name is taken")]
        NameInUse => "name_in_use",
        /// No such provisioning key.
        #[error("there is no such provisioning key")]
        KeyNotFound => "key_not_found",
        /// No such group.
        #[error("there is no such connector group")]
        GroupNotFound => "group_not_found",
        /// No such enrollment certificate.
        #[error("there is no such enrollment certificate")]
        CertificateNotFound => "certificate_not_found",
        /// No such connector.
        #[error("there is no such connector")]
        ConnectorNotFound => "connector_not_found",
        /// No such admin token.
        #[error("there is no such admin token")]
        AdminTokenNotFound => "admin_token_not_found",
        /// Keys or connectors belong to the group.
        #[error("provisioning keys or connectors belong to the group")]
        GroupInUse => "group_in_use",
        /// Provisioning keys use the certificate, or connectors have certificates that it signed.
        #[error("provisioning keys use the enrollment certificate, or connectors have certificates that it signed")]
        CertificateInUse => "certificate_in_use",
        /// The CA was imported with its key. Its owner signs its CRLs.
        #[error("the CA was imported with its key, and a CRL signed here could be mistaken for one of its owner's")]
        CrlImportedCa => "crl_imported_ca",
        /// The certificate was requested from an external CA, whose answer was not imported yet.
        #[error("the enrollment certificate was requested from an external CA; import its answer first")]
        CertificateUnanswered => "certificate_unanswered",
        /// No such request for a certificate.
        #[error("there is no such request for an enrollment certificate")]
        CertificateRequestNotFound => "certificate_request_not_found",
        /// A certificate with this subject and this key was already imported.
        #[error("an enrollment certificate with this subject and this key was already imported")]
        CertificateImportedAlready => "certificate_imported_already",
        /// Another CA certificate here has the same subject and another key.
        #[error("another enrollment certificate, or the root, has the same subject with another key")]
        CertificateSubjectInUse => "certificate_subject_in_use",
        /// The key of the enrollment certificate lives elsewhere, and no signer for it is attached.
        #[error("the key of the enrollment certificate lives elsewhere, and no signer for it is attached")]
        SignerMissing => "signer_missing",
        /// A text is not a checkpoint.
        #[error("the text is not a rollback checkpoint (13 digits, a hyphen, 16 hexadecimal digits)")]
        CheckpointInvalid => "checkpoint_invalid",
        /// The key was edited after it was read.
        #[error("the provisioning key was edited after it was read; read it again")]
        EditConflict => "edit_conflict",
        /// A limit of uses is out of range.
        #[error("the maximum number of uses must be from 1 to 9223372036854775807")]
        MaxUsesInvalid => "max_uses_invalid",
        /// The expiry lies in the past.
        #[error("the expiry lies in the past")]
        ExpiryInPast => "expiry_in_past",
        /// An address range cannot be read.
        #[error("an allowed address is not a CIDR range, or has bits set beyond its prefix")]
        AddressRangeInvalid => "address_range_invalid",
        /// Too many address ranges.
        #[error("a provisioning key may have 64 address ranges at most")]
        TooManyAddresses => "too_many_addresses",
        /// A validity is out of range.
        #[error("the validity must be at least a day for a CA, an hour for a connector, an hour to a year for a CRL, and end before the year 10000")]
        ValidityInvalid => "validity_invalid",
        /// The algorithm is not supported for a CA key.
        #[error("this algorithm is not supported for a CA key")]
        AlgorithmUnsupported => "algorithm_unsupported",
        /// A trust domain is malformed, or is missing although the host is an IPv6 address.
        #[error("the trust domain must be a lower-case DNS name, and must be given when the host is an IPv6 address")]
        TrustDomainInvalid => "trust_domain_invalid",
        /// The role of an admin token is not that of its scope, or the scope cannot be read.
        #[error("the scope of an admin token is `operator:` and the id of a group, and its role is operator")]
        ScopeInvalid => "scope_invalid",
        /// The store already holds an authority.
        #[error("the store already holds an authority")]
        AuthorityExists => "authority_exists",
        /// The store holds no authority.
        #[error("the store holds no authority yet")]
        AuthorityMissing => "authority_missing",
        /// The authority has too many hosts.
        #[error("the authority has 64 hosts already, and cannot have another")]
        TooManyHosts => "too_many_hosts",
        /// The authority does not have the host.
        #[error("the authority does not have this host")]
        HostUnknown => "host_unknown",
        /// A cursor does not come from this listing.
        #[error("the cursor does not belong to this listing")]
        CursorInvalid => "cursor_invalid",
    }
}

/// An argument of an operator's call that is not acceptable: why, and what it was.
///
/// ```
/// use provkey::authority::AddressRange;
///
/// let rejected = AddressRange::parse("10.0.0.1/8").unwrap_err();
/// assert_eq!(rejected.code(), "address_range_invalid");
/// assert_eq!(rejected.subject(), Some("10.0.0.1/8"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RejectedInput {
    /// Why it is not acceptable.
    pub reason: InputError,
    subject: Option<Box<str>>,
}

impl RejectedInput {
    /// The stable code: that of the reason.
    pub const fn code(&self) -> &'static str {
        self.reason.code()
    }

    /// Whether the same call may succeed later, by itself.
    pub const fn retryable(&self) -> bool {
        self.reason.retryable()
    }

    /// What was rejected or not found: an id, a name, a host, a number or any other text. At most
    /// 128 bytes, longer ones end with `…`; control and invisible characters are escaped. `None` if
    /// the text may be a secret: it looks like a key text or an admin token, or has 32 letters and
    /// digits in a row, or a URL, which can have a password.
    pub fn subject(&self) -> Option<&str> {
        self.subject.as_deref()
    }
}

/// Ends with the subject.
impl fmt::Display for RejectedInput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.subject {
            Some(subject) => write!(f, "{}: {subject}", self.reason),
            None => write!(f, "{}", self.reason),
        }
    }
}

impl core::error::Error for RejectedInput {}

/// Without a subject.
impl From<InputError> for RejectedInput {
    fn from(reason: InputError) -> Self {
        Self { reason, subject: None }
    }
}

impl InputError {
    /// The error that names what is not acceptable.
    pub fn about(self, subject: impl fmt::Display) -> RejectedInput {
        RejectedInput { reason: self, subject: subject::shown(&subject.to_string()) }
    }
}

error_family! {
    /// Why an admin token was rejected.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
    #[non_exhaustive]
    pub enum AdminTokenError {
        /// The text is not an admin token, or was miscopied. It is not looked up.
        #[error("the text is not an admin token, or was miscopied")]
        Malformed => "admin_token_malformed",
        /// No token has this id, or its secret differs, or its record was tampered with. The error
        /// does not say which.
        #[error("the admin token is not valid here")]
        Invalid => "admin_token_invalid",
        /// The token has expired.
        #[error("the admin token has expired")]
        Expired => "admin_token_expired",
        /// The token was revoked.
        #[error("the admin token was revoked")]
        Revoked => "admin_token_revoked",
    }
}

error_family! {
    /// Why a keyring was rejected.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
    #[non_exhaustive]
    pub enum MasterError {
        /// A master key differs from the one that the authority was made with.
        #[error("the master key is not the one that this authority was made with")]
        Wrong => "master_key_wrong",
        /// The keyring lacks a master key that the authority still needs.
        #[error("the keyring lacks a master key that this authority still needs")]
        Missing => "master_key_missing",
        /// The master key is current, or provisioning keys, CA keys or admin tokens depend on it.
        #[error("the master key is current, or provisioning keys, CA keys or admin tokens still depend on it")]
        InUse => "master_key_in_use",
        /// The slot already has another master key.
        #[error("the slot already has another master key")]
        SlotTaken => "master_slot_taken",
        /// No such slot.
        #[error("the slot has no master key")]
        SlotEmpty => "master_slot_empty",
        /// A sealed CA key cannot be decrypted, or belongs to another certificate.
        #[error("a sealed CA key cannot be decrypted, or belongs to another certificate")]
        SealBroken => "seal_broken",
    }
}

impl From<UsedAfterFork> for Error {
    fn from(error: UsedAfterFork) -> Self {
        StoreError::from(error).into()
    }
}

impl From<SignerError> for Error {
    fn from(error: SignerError) -> Self {
        IssueError::from(error).into()
    }
}
