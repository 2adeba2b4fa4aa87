"""The enumerations. Each member is a str too, the name that the command and the store use."""

from __future__ import annotations

from enum import Enum

__all__ = [
    "Action",
    "AdminRole",
    "CertificateState",
    "CertificateWarning",
    "EventKind",
    "KeyAlgorithm",
    "KeyOrder",
    "KeyState",
    "Reason",
    "RevocationReason",
]


class _Text(str, Enum):
    """An enumeration of texts, which print as they are."""

    def __str__(self) -> str:
        return str(self.value)

    def __format__(self, spec: str) -> str:
        return format(self.value, spec)


class KeyAlgorithm(_Text):
    """The kind of a key pair."""

    P256 = "p256"
    """ECDSA on NIST P-256: the default."""
    P384 = "p384"
    """ECDSA on NIST P-384."""
    ED25519 = "ed25519"
    """Ed25519."""
    RSA = "rsa"
    """RSA of 2048 to 4096 bits. Accepted from others, not made here."""


class AdminRole(_Text):
    """What somebody may do. Each role may do what those before it may."""

    VIEWER = "viewer"
    """Look at everything but secrets."""
    OPERATOR = "operator"
    """Look after provisioning keys, groups and connectors; take out the texts of keys."""
    ADMIN = "admin"
    """Look after enrollment certificates and admin tokens, too."""


class KeyState(_Text):
    """Whether a provisioning key can enroll, or what keeps it from it first."""

    USABLE = "usable"
    """It enrolls connectors."""
    EXHAUSTED = "exhausted"
    """It has been used as often as it may be."""
    DISABLED = "disabled"
    """It is switched off."""
    EXPIRED = "expired"
    """Its time is over."""
    COMPROMISED = "compromised"
    """Others know it. This is final."""


class KeyOrder(_Text):
    """By what provisioning keys are sorted."""

    NAME = "name"
    """By name, letter case ignored."""
    CREATED = "created"
    """By the moment of creation."""


class CertificateState(_Text):
    """How a connector's certificate stands."""

    NONE = "none"
    """There is none yet."""
    VALID = "valid"
    """It is valid."""
    RENEW_SOON = "renew_soon"
    """It is valid, and its time to be renewed has come."""
    EXPIRED = "expired"
    """It, or one of its issuers, is not valid any more."""


class CertificateWarning(_Text):
    """What the operator of an enrollment certificate should know."""

    RETIRED = "retired"
    """Keys that use it enroll nobody."""
    NOT_YET_VALID = "not_yet_valid"
    """Its time has not come yet."""
    EXPIRED = "expired"
    """Neither it nor what it signed is accepted any more."""
    EXPIRES_SOON = "expires_soon"
    """Its time is over in 90 days or less."""
    LEAVES_CUT_SHORT = "leaves_cut_short"
    """It ends before a certificate would that it signs now, which is cut short therefore."""


class RevocationReason(_Text):
    """Why a certificate was revoked, by its name in RFC 5280, 5.3.1."""

    UNSPECIFIED = "unspecified"
    """None is given."""
    KEY_COMPROMISE = "keyCompromise"
    """The private key is known to others, or may be."""
    CA_COMPROMISE = "cACompromise"
    """The private key of the authority is known to others, or may be."""
    AFFILIATION_CHANGED = "affiliationChanged"
    """What the certificate says of its subject has changed."""
    SUPERSEDED = "superseded"
    """Another certificate took its place."""
    CESSATION_OF_OPERATION = "cessationOfOperation"
    """It is no longer needed."""
    PRIVILEGE_WITHDRAWN = "privilegeWithdrawn"
    """Its subject may no longer do what it allows."""


class Action(_Text):
    """What an audit record is about."""

    AUTHORITY_CREATED = "authority_created"
    HOST_ADDED = "host_added"
    MASTER_ROTATED = "master_rotated"
    MASTER_REMOVED = "master_removed"
    GROUP_CREATED = "group_created"
    GROUP_DELETED = "group_deleted"
    CERTIFICATE_CREATED = "certificate_created"
    CERTIFICATE_REQUESTED = "certificate_requested"
    CERTIFICATE_IMPORTED = "certificate_imported"
    CERTIFICATE_DELETED = "certificate_deleted"
    CERTIFICATE_RETIRED = "certificate_retired"
    KEY_CREATED = "key_created"
    KEY_UPDATED = "key_updated"
    KEY_COPIED = "key_copied"
    KEY_DOWNLOADED = "key_downloaded"
    KEY_DELETED = "key_deleted"
    KEY_COMPROMISED = "key_compromised"
    SERVER_CERTIFICATE_ISSUED = "server_certificate_issued"
    CONNECTOR_ENROLLED = "connector_enrolled"
    CONNECTOR_REPLAYED = "connector_replayed"
    CONNECTOR_RENEWED = "connector_renewed"
    CONNECTOR_REVOKED = "connector_revoked"
    ENROLLMENT_REFUSED = "enrollment_refused"
    RENEWAL_REFUSED = "renewal_refused"
    TOKEN_CREATED = "token_created"
    TOKEN_REVOKED = "token_revoked"
    ADMIN_SIGNED_IN = "admin_signed_in"
    ADMIN_SIGNED_OUT = "admin_signed_out"
    PRUNED = "pruned"
    ROLLBACK_ACCEPTED = "rollback_accepted"


class EventKind(_Text):
    """What an observer is told of."""

    ENROLLED = "enrolled"
    """A connector enrolled, at the cost of one use."""
    RENEWED = "renewed"
    """A connector renewed its certificate."""
    REPLAYED = "replayed"
    """A connector got its certificate again, at no cost."""
    REFUSED = "refused"
    """An enrollment or a renewal was refused, or failed."""
    ADMIN_TOKEN_REFUSED = "admin_token_refused"
    """An admin token was refused. Nothing of it is stored."""
    TALLY_LOST = "tally_lost"
    """A tally of refusals or replays could not be stored. Nothing else was affected."""
    OTHER = "other"
    """Something that this version does not name."""


class Reason(_Text):
    """Why a store refuses a unit."""

    EXISTS = "exists"
    """``Expect`` absent, but there is one."""
    ABSENT = "absent"
    """``Expect`` a version, ``ExpectUnused`` or ``Count``, but there is no such record."""
    CHANGED = "changed"
    """``Expect`` a version, but it has another."""
    IN_USE = "in_use"
    """``ExpectUnused``, but something has been counted."""
    LIMIT_REACHED = "limit_reached"
    """``Count`` would pass the limit."""
    BELOW_ZERO = "below_zero"
    """``Count`` would fall below 0."""
    WRONG_KIND = "wrong_kind"
    """A counter was asked of a body, or a body of a counter."""
    MALFORMED = "malformed"
    """No store can apply the unit: it is too large, writes a record twice, or counts nothing."""
