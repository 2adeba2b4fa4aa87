//! Why a call of the authority failed.

use crate::key::{HostError, KeyringError};
use crate::process::UsedAfterFork;
use crate::random::RandomError;
use crate::store::StoreError;
use crate::x509::{CsrError, ExternalError, IssueError, PrivateKeyError, SignerError};

/// Why a call of the authority failed. A failed call has changed nothing and counted no use, with
/// two exceptions. After [`StoreError::Unknown`] the outcome is not known: the same call again
/// finds out. A call of many steps says so in its documentation; the steps before the error stay
/// done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An enrollment was refused.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The CSR was refused.
    #[error(transparent)]
    Csr(#[from] CsrError),
    /// An argument of an operator's call is not acceptable.
    #[error(transparent)]
    Input(#[from] InputError),
    /// The host text of an authority is not acceptable.
    #[error(transparent)]
    Host(#[from] HostError),
    /// An admin token is not accepted.
    #[error(transparent)]
    AdminToken(#[from] AdminTokenError),
    /// The keyring does not fit the authority.
    #[error(transparent)]
    Master(#[from] MasterError),
    /// A keyring could not be built.
    #[error(transparent)]
    Keyring(#[from] KeyringError),
    /// A certificate could not be made.
    #[error(transparent)]
    Issue(#[from] IssueError),
    /// The certificate of an external CA cannot sign for connectors.
    #[error(transparent)]
    External(#[from] ExternalError),
    /// A private key file is not accepted.
    #[error(transparent)]
    PrivateKey(#[from] PrivateKeyError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A record in the store cannot be read.
    #[error("the record {key} in the store is damaged: {what}")]
    RecordDamaged {
        /// The key of the record.
        key: alloc::string::String,
        /// What is wrong with it.
        what: alloc::string::String,
    },
    /// Other changes of the same records came first at every try.
    #[error("other changes of the same records came first at every try; call again")]
    Contended,
    /// The source of randomness failed.
    #[error(transparent)]
    Random(#[from] RandomError),
}

impl Error {
    /// The stable code, the same in every language, over HTTP and in the audit trail.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Refused(refusal) => refusal.code(),
            Self::Csr(error) => error.code(),
            Self::Input(error) => error.code(),
            Self::Host(error) => error.code(),
            Self::AdminToken(error) => error.code(),
            Self::Master(error) => error.code(),
            Self::Keyring(error) => error.code(),
            Self::Issue(error) => error.code(),
            Self::External(error) => error.code(),
            Self::PrivateKey(error) => error.code(),
            Self::Store(error) => error.code(),
            Self::RecordDamaged { .. } => "store_corrupt",
            Self::Contended => "store_busy",
            Self::Random(_) => "random_unavailable",
        }
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

    /// Whether the same call may succeed later by itself.
    pub fn retryable(&self) -> bool {
        match self {
            Self::Store(error) => error.retryable(),
            Self::Issue(error) => error.retryable(),
            Self::External(error) => error.retryable(),
            Self::Contended | Self::Random(_) => true,
            _ => false,
        }
    }
}

/// Defines an enum of reasons, each with its stable code and its sentence.
macro_rules! reasons {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $code:literal, $sentence:literal;)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
        #[non_exhaustive]
        pub enum $name {
            $(
                $(#[$variant_doc])*
                #[doc = concat!("\n\nCode `", $code, "`.")]
                #[error($sentence)]
                $variant,
            )*
        }

        impl $name {
            /// Every reason.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The stable code.
            pub const fn code(self) -> &'static str {
                match self {
                    $(Self::$variant => $code,)*
                }
            }
        }
    };
}

reasons! {
    /// Why an enrollment or a renewal was refused. A refusal never consumes a use.
    Refusal {
        /// The provisioning key belongs to another authority, or its proof is wrong, or its host is
        /// another. The error does not say which.
        KeyInvalid = "key_invalid", "the provisioning key is not valid here";
        /// The CSR of a renewal was sent to be enrolled, or that of an enrollment to be renewed.
        /// The rest of the request was not examined.
        RequestWrongPurpose = "request_wrong_purpose", "the CSR was made for the other kind of request: send a renewal to be renewed and an enrollment to be enrolled";
        /// The CSR contains no proof of a provisioning key, and no key text came with it.
        KeyMissing = "key_missing", "the request contains neither a proof of a provisioning key nor its text";
        /// The CSR contains the proof of one key and came with the text of another.
        CredentialsDisagree = "credentials_disagree", "the proof in the CSR and the key text name different provisioning keys";
        /// The key was deleted.
        KeyDeleted = "key_deleted", "the provisioning key was deleted";
        /// The key was marked as compromised, which is final: create another key.
        KeyCompromised = "key_compromised", "the provisioning key was marked as compromised; create another one";
        /// The key is disabled.
        KeyDisabled = "key_disabled", "the provisioning key is disabled";
        /// The key accepts only a proof inside the CSR, not its text.
        ProofRequired = "proof_required", "the provisioning key must be proven inside the CSR; its text is not accepted";
        /// The address is outside of the key's ranges, or the application did not report it.
        AddressNotAllowed = "address_not_allowed", "the provisioning key may not be used from this address";
        /// Another provisioning key enrolled this public key, or another connector has renewed with
        /// it.
        PublicKeyInUse = "public_key_in_use", "another provisioning key enrolled this public key, or it belongs to another connector";
        /// The public key is the root's or the enrollment certificate's.
        PublicKeyOfAuthority = "public_key_of_authority", "the public key is one of the authority's own CA keys";
        /// The connector was revoked. Its public key never enrolls again.
        ConnectorRevoked = "connector_revoked", "the connector was revoked";
        /// The connector enrolled with another fingerprint, or the request has two that differ.
        FingerprintMismatch = "fingerprint_mismatch", "the fingerprint differs from the one that this connector enrolled with";
        /// The connector's certificate has expired. An enrollment does not replace it; a renewal
        /// does.
        CertificateExpired = "certificate_expired", "the certificate of this connector has expired; renew it";
        /// The CSR contains no proof of renewal, and the application passed no client certificate.
        RenewalMissing = "renewal_missing", "the request does not name a certificate to renew";
        /// The proof of renewal is malformed, is for another authority, or has a wrong signature.
        RenewalInvalid = "renewal_invalid", "the proof of renewal is not valid here";
        /// Another authority issued the certificate, or its record was pruned long after it
        /// expired.
        CertificateUnknown = "certificate_unknown", "this authority has no record of the certificate to renew";
        /// The certificate was already renewed with another key pair.
        CertificateRenewed = "certificate_renewed", "the certificate was already renewed with another key pair; use the renewed certificate, or enroll a new key pair";
        /// The certificate expired more than the renewal grace ago.
        RenewalTooLate = "renewal_too_late", "the certificate expired too long ago to be renewed; enroll a new key pair";
        /// The connector has renewed so often that too many of its certificates are valid.
        RenewalTooEarly = "renewal_too_early", "the connector has too many valid certificates; wait until one of them expires";
        /// The key has expired.
        KeyExpired = "key_expired", "the provisioning key has expired";
        /// The enrollment certificate was retired. Edit the key to use another.
        CertificateRetired = "certificate_retired", "the enrollment certificate was retired; edit the provisioning key to use another";
        /// The key has reached its maximum number of uses.
        KeyExhausted = "key_exhausted", "the provisioning key has no uses left";
    }
}

reasons! {
    /// Why an argument of an operator's call is not acceptable.
    InputError {
        /// A name is empty.
        NameEmpty = "name_empty", "the name is empty";
        /// A name is too long.
        NameTooLong = "name_too_long", "the name is longer than 128 bytes";
        /// A name has a control character or an invisible one.
        NameBadCharacter = "name_bad_character", "the name has a control or invisible character";
        /// A name looks like the text of a provisioning key or of an admin token.
        NameIsAKey = "name_is_a_key", "the name looks like the text of a provisioning key or an admin token, which is a secret";
        /// Another entry of the same kind has this name.
        NameInUse = "name_in_use", "the name is taken";
        /// No such provisioning key.
        KeyNotFound = "key_not_found", "there is no such provisioning key";
        /// No such group.
        GroupNotFound = "group_not_found", "there is no such connector group";
        /// No such enrollment certificate.
        CertificateNotFound = "certificate_not_found", "there is no such enrollment certificate";
        /// No such connector.
        ConnectorNotFound = "connector_not_found", "there is no such connector";
        /// No such admin token.
        AdminTokenNotFound = "admin_token_not_found", "there is no such admin token";
        /// Keys or connectors belong to the group.
        GroupInUse = "group_in_use", "provisioning keys or connectors belong to the group";
        /// Provisioning keys use the certificate, or connectors have certificates that it signed.
        CertificateInUse = "certificate_in_use", "provisioning keys use the enrollment certificate, or connectors have certificates that it signed";
        /// The CA was imported with its key. Its owner signs its CRLs.
        CrlImportedCa = "crl_imported_ca", "the CA was imported with its key: a CRL signed here could be mistaken for one of its owner's";
        /// The certificate was requested from an external CA, whose answer was not imported yet.
        CertificateUnanswered = "certificate_unanswered", "the enrollment certificate was requested from an external CA; import its answer first";
        /// No such request for a certificate.
        CertificateRequestNotFound = "certificate_request_not_found", "there is no such request for an enrollment certificate";
        /// A certificate with this subject and this key was already imported.
        CertificateImportedAlready = "certificate_imported_already", "an enrollment certificate with this subject and this key was already imported";
        /// Another CA certificate here has the same subject and another key.
        CertificateSubjectInUse = "certificate_subject_in_use", "another enrollment certificate, or the root, has the same subject with another key";
        /// The key of the enrollment certificate lives elsewhere, and no signer for it is attached.
        SignerMissing = "signer_missing", "the key of the enrollment certificate lives elsewhere, and no signer for it is attached";
        /// A text is not a checkpoint.
        CheckpointInvalid = "checkpoint_invalid", "the text is not a rollback checkpoint: 13 digits, a hyphen, 16 hexadecimal digits";
        /// The key was edited after it was read.
        EditConflict = "edit_conflict", "the provisioning key was edited after it was read; read it again";
        /// A limit of uses is out of range.
        MaxUsesInvalid = "max_uses_invalid", "the maximum number of uses must be from 1 to 9223372036854775807";
        /// The expiry lies in the past.
        ExpiryInPast = "expiry_in_past", "the expiry lies in the past";
        /// An address range cannot be read.
        AddressRangeInvalid = "address_range_invalid", "an allowed address is not a CIDR range, or has bits set beyond its prefix";
        /// Too many address ranges.
        TooManyAddresses = "too_many_addresses", "a provisioning key may have 64 address ranges at most";
        /// A validity is out of range.
        ValidityInvalid = "validity_invalid", "the validity must be at least a day for a CA, an hour for a connector, an hour to a year for a CRL, and end before the year 10000";
        /// The algorithm is not supported for a CA key.
        AlgorithmUnsupported = "algorithm_unsupported", "this algorithm is not supported for a CA key";
        /// A trust domain is malformed, or is missing although the host is an IPv6 address.
        TrustDomainInvalid = "trust_domain_invalid", "the trust domain must be a lower-case DNS name, and must be given when the host is an IPv6 address";
        /// The role of an admin token is not that of its scope, or the scope cannot be read.
        ScopeInvalid = "scope_invalid", "the scope of an admin token is `operator:` and the id of a group, and its role is operator";
        /// The store already holds an authority.
        AuthorityExists = "authority_exists", "the store already holds an authority";
        /// The store holds no authority.
        AuthorityMissing = "authority_missing", "the store holds no authority yet";
        /// The authority has too many hosts.
        TooManyHosts = "too_many_hosts", "the authority has 64 hosts already";
        /// The authority does not have the host.
        HostUnknown = "host_unknown", "the authority does not have this host";
        /// A cursor does not come from this listing.
        CursorInvalid = "cursor_invalid", "the cursor does not belong to this listing";
    }
}

reasons! {
    /// Why an admin token was rejected.
    AdminTokenError {
        /// The text is not an admin token, or was miscopied. It is not looked up.
        Malformed = "admin_token_malformed", "the text is not an admin token, or was miscopied";
        /// No token has this id, or its secret differs, or its record was tampered with. The error
        /// does not say which.
        Invalid = "admin_token_invalid", "the admin token is not valid here";
        /// The token has expired.
        Expired = "admin_token_expired", "the admin token has expired";
        /// The token was revoked.
        Revoked = "admin_token_revoked", "the admin token was revoked";
    }
}

reasons! {
    /// Why a keyring was rejected.
    MasterError {
        /// A master key differs from the one that the authority was made with.
        Wrong = "master_key_wrong", "the master key is not the one that this authority was made with";
        /// The keyring lacks a master key that the authority still needs.
        Missing = "master_key_missing", "the keyring lacks a master key that this authority still needs";
        /// The master key is current, or provisioning keys, CA keys or admin tokens depend on it.
        InUse = "master_key_in_use", "the master key is current, or provisioning keys, CA keys or admin tokens still depend on it";
        /// The slot already has another master key.
        SlotTaken = "master_slot_taken", "the slot already has another master key";
        /// No such slot.
        SlotEmpty = "master_slot_empty", "the slot has no master key";
        /// A sealed CA key cannot be decrypted, or belongs to another certificate.
        SealBroken = "seal_broken", "a sealed CA key cannot be decrypted, or belongs to another certificate";
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
