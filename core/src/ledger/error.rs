//! Why the authority did not do what it was asked.

use crate::key::{HostError, KeyringError};
use crate::process::UsedAfterFork;
use crate::random::RandomError;
use crate::store::StoreError;
use crate::x509::{CsrError, ExternalError, IssueError, PrivateKeyError, SignerError};

/// Why the authority did not do what it was asked. Nothing was changed, and no use was counted,
/// unless it is [`StoreError::Unknown`]: then that is not known, and asking again finds out. Calls
/// that take many steps say so; what they did before the error stays done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An enrollment was refused.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The CSR was refused.
    #[error(transparent)]
    Csr(#[from] CsrError),
    /// What the operator gave is not acceptable.
    #[error(transparent)]
    Input(#[from] InputError),
    /// The host text of an authority is not acceptable.
    #[error(transparent)]
    Host(#[from] HostError),
    /// An admin token is not accepted.
    #[error(transparent)]
    AdminToken(#[from] AdminTokenError),
    /// The master keys do not fit the authority.
    #[error(transparent)]
    Master(#[from] MasterError),
    /// The keyring was not acceptable.
    #[error(transparent)]
    Keyring(#[from] KeyringError),
    /// A certificate could not be made.
    #[error(transparent)]
    Issue(#[from] IssueError),
    /// A CA certificate of somebody else cannot sign for connectors.
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
    /// Others kept changing what this change stood on.
    #[error("others keep changing the same records, try again")]
    Contended,
    /// No randomness was to be had.
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

    /// Whether the same call may succeed later without anybody doing anything.
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
    /// Why an enrollment was refused. A refusal never consumes a use.
    Refusal {
        /// The provisioning key is not one of this authority, or its proof is wrong, or it is for
        /// another host: which of these is not said.
        KeyInvalid = "key_invalid", "the provisioning key is not valid here";
        /// The CSR was made for another purpose: a renewal was sent to be enrolled, or an enrollment to
        /// be renewed. Nothing else of the request was examined.
        RequestWrongPurpose = "request_wrong_purpose", "the CSR was made for another purpose: a renewal is not enrolled, and an enrollment is not renewed";
        /// The request has neither a proof in its CSR nor a key text beside it.
        KeyMissing = "key_missing", "the request holds neither a proof of a provisioning key nor its text";
        /// The CSR holds the proof of one key, beside it stands the text of another.
        CredentialsDisagree = "credentials_disagree", "the proof and the key text are of different provisioning keys";
        /// The key was deleted.
        KeyDeleted = "key_deleted", "the provisioning key was deleted";
        /// The key is known to others. This is final: make another key.
        KeyCompromised = "key_compromised", "the provisioning key was compromised, make another one";
        /// The key is disabled.
        KeyDisabled = "key_disabled", "the provisioning key is disabled";
        /// The key wants a proof in the CSR, not its text.
        ProofRequired = "proof_required", "the provisioning key must be proven, not sent";
        /// The key may not be used from this address, or the address is not known.
        AddressNotAllowed = "address_not_allowed", "the provisioning key may not be used from this address";
        /// This public key has enrolled with another provisioning key, or a connector has renewed
        /// with it.
        PublicKeyInUse = "public_key_in_use", "this public key was enrolled with another provisioning key, or belongs to another connector";
        /// This public key is that of the authority's root or of the enrollment certificate.
        PublicKeyOfAuthority = "public_key_of_authority", "this public key is one of the authority's own";
        /// The connector was revoked. Its public key never enrolls again.
        ConnectorRevoked = "connector_revoked", "the connector was revoked";
        /// The connector enrolled from other hardware, or the request gives two fingerprints.
        FingerprintMismatch = "fingerprint_mismatch", "the fingerprint is not the one that this connector enrolled with";
        /// The connector's certificate has expired: it has to renew.
        CertificateExpired = "certificate_expired", "the certificate of this connector has expired, renew it";
        /// The request holds no proof of renewal, and the host vouches for no certificate.
        RenewalMissing = "renewal_missing", "the request says of no certificate that it is to be renewed";
        /// The proof of renewal is malformed, for another authority, or its signature is wrong.
        RenewalInvalid = "renewal_invalid", "the proof of renewal is not valid here";
        /// The certificate is none of this authority, or was forgotten long after it expired.
        CertificateUnknown = "certificate_unknown", "the certificate that is to be renewed is not known here";
        /// The certificate was renewed before, with another key pair.
        CertificateRenewed = "certificate_renewed", "the certificate has been renewed with another key pair; go on with the new one, or enroll a new key pair";
        /// The certificate expired so long ago that it is not renewed any more.
        RenewalTooLate = "renewal_too_late", "the certificate expired too long ago to be renewed; enroll a new key pair";
        /// The connector has too many certificates that have not expired.
        RenewalTooEarly = "renewal_too_early", "the connector has too many valid certificates; wait until one of them expires";
        /// The key has expired.
        KeyExpired = "key_expired", "the provisioning key has expired";
        /// The enrollment certificate was retired: the key has to be moved to another.
        CertificateRetired = "certificate_retired", "the enrollment certificate was retired, move the provisioning key to another";
        /// The key has been used as often as it may be.
        KeyExhausted = "key_exhausted", "the provisioning key has no uses left";
    }
}

reasons! {
    /// Why something that an operator asked for is not acceptable.
    InputError {
        /// A name is empty.
        NameEmpty = "name_empty", "the name is empty";
        /// A name is too long.
        NameTooLong = "name_too_long", "the name is longer than 128 bytes";
        /// A name has a control character or an invisible one.
        NameBadCharacter = "name_bad_character", "the name has a control or invisible character";
        /// A name holds what looks like the text of a provisioning key, or an admin token.
        NameIsAKey = "name_is_a_key", "the name looks like the text of a provisioning key or an admin token, which is a secret";
        /// Another thing of the same kind has this name.
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
        /// Keys or connectors hang on the certificate.
        CertificateInUse = "certificate_in_use", "provisioning keys or connectors hang on the enrollment certificate";
        /// The CA was imported with its key: its owner signs its CRLs.
        CrlImportedCa = "crl_imported_ca", "the CA was imported with its key: a CRL that is signed here could be taken for its owner's";
        /// The certificate was asked for, and the external CA's answer was not imported yet.
        CertificateUnanswered = "certificate_unanswered", "the enrollment certificate was asked for, and has not been issued yet: import the answer";
        /// No such request for a certificate.
        CertificateRequestNotFound = "certificate_request_not_found", "there is no such request for an enrollment certificate";
        /// The certificate, or another with its subject and its key, was imported already.
        CertificateImportedAlready = "certificate_imported_already", "an enrollment certificate with this subject and this key was imported already";
        /// Another authority has the same subject with another key.
        CertificateSubjectInUse = "certificate_subject_in_use", "another enrollment certificate, or the root, has the same subject with another key";
        /// The key of the enrollment certificate lives elsewhere, and nothing that signs with it is attached.
        SignerMissing = "signer_missing", "the key of the enrollment certificate lives elsewhere, and its signer is not attached";
        /// A text is none of a checkpoint.
        CheckpointInvalid = "checkpoint_invalid", "this is no checkpoint of an authority: 13 digits, a hyphen, 16 hexadecimal digits";
        /// Somebody else has edited it since it was read.
        EditConflict = "edit_conflict", "it was changed since it was read, look again";
        /// A limit of uses is out of range.
        MaxUsesInvalid = "max_uses_invalid", "the maximum number of uses must be from 1 to 9223372036854775807";
        /// The expiry lies in the past.
        ExpiryInPast = "expiry_in_past", "the expiry lies in the past";
        /// An address range cannot be read.
        AddressRangeInvalid = "address_range_invalid", "an allowed address is no CIDR range, or has bits set beyond its prefix";
        /// Too many address ranges.
        TooManyAddresses = "too_many_addresses", "a provisioning key may have 64 address ranges at most";
        /// A validity is out of range.
        ValidityInvalid = "validity_invalid", "the validity must be at least a day for a CA, an hour for a connector, an hour to a year for a CRL, and end before the year 10000";
        /// The algorithm cannot be used for a CA key here.
        AlgorithmUnsupported = "algorithm_unsupported", "this algorithm cannot be used for a certificate that signs";
        /// A trust domain is not acceptable, or must be given because the host is an address.
        TrustDomainInvalid = "trust_domain_invalid", "the trust domain must be a lower-case DNS name, and must be given when the host is an IPv6 address";
        /// The store already holds an authority.
        AuthorityExists = "authority_exists", "the store already holds an authority";
        /// The store holds no authority.
        AuthorityMissing = "authority_missing", "the store holds no authority yet";
        /// The authority has too many hosts.
        TooManyHosts = "too_many_hosts", "the authority has 64 hosts already";
        /// The host is not one of the authority.
        HostUnknown = "host_unknown", "the authority does not have this host";
        /// A cursor does not come from this listing.
        CursorInvalid = "cursor_invalid", "the cursor does not belong to this listing";
    }
}

reasons! {
    /// Why an admin token is not accepted.
    AdminTokenError {
        /// The text is none of an admin token, or was miscopied. It is not looked up.
        Malformed = "admin_token_malformed", "this is no admin token, or it was miscopied";
        /// There is no such token, its secret is another, or its record was changed: which of these is not said.
        Invalid = "admin_token_invalid", "the admin token is not valid here";
        /// The token has expired.
        Expired = "admin_token_expired", "the admin token has expired";
        /// The token was revoked.
        Revoked = "admin_token_revoked", "the admin token was revoked";
    }
}

reasons! {
    /// Why the master keys that were given do not do.
    MasterError {
        /// A master key differs from the one that the authority was made with.
        Wrong = "master_key_wrong", "the master key is not the one that this authority was made with";
        /// A master key that is still needed was not given.
        Missing = "master_key_missing", "a master key that this authority still needs was not given";
        /// Provisioning keys, CA keys or admin tokens stand on the master key.
        InUse = "master_key_in_use", "the master key is current, or provisioning keys or admin tokens still stand on it";
        /// The slot holds a master key already.
        SlotTaken = "master_slot_taken", "the slot holds another master key already";
        /// No such slot.
        SlotEmpty = "master_slot_empty", "the slot holds no master key";
        /// A CA key does not open under its master key, or is not the one of its certificate.
        SealBroken = "seal_broken", "a sealed CA key does not open, or does not fit its certificate";
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
