"""The enumerations. Each member is a str, with the name that the command and the store use."""

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
    """An enumeration whose members are their texts."""

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
    """RSA of 2048 to 4096 bits: accepted, but not generated."""


class AdminRole(_Text):
    """What an administrator may do. Each role includes the ones before it."""

    VIEWER = "viewer"
    """Read everything but secrets."""
    OPERATOR = "operator"
    """Manage provisioning keys, groups and connectors; export the texts of keys."""
    ADMIN = "admin"
    """Manage enrollment certificates and admin tokens."""


class KeyState(_Text):
    """Whether a provisioning key enrolls connectors, or the first reason why not."""

    USABLE = "usable"
    """It enrolls connectors."""
    EXHAUSTED = "exhausted"
    """All its uses are spent."""
    DISABLED = "disabled"
    """It is disabled."""
    EXPIRED = "expired"
    """It has expired."""
    COMPROMISED = "compromised"
    """It was marked as compromised, which is final."""


class KeyOrder(_Text):
    """The order of provisioning keys."""

    NAME = "name"
    """By name, letter case ignored."""
    CREATED = "created"
    """By creation time."""


class CertificateState(_Text):
    """The state of a connector's certificate."""

    NONE = "none"
    """There is no certificate yet."""
    VALID = "valid"
    """It is valid."""
    RENEW_SOON = "renew_soon"
    """It is valid, and renewal is due."""
    EXPIRED = "expired"
    """It, or one of its issuers, has expired."""


class CertificateWarning(_Text):
    """A warning about an enrollment certificate."""

    RETIRED = "retired"
    """It is retired: its keys enroll no connectors."""
    NOT_YET_VALID = "not_yet_valid"
    """It is not valid yet."""
    EXPIRED = "expired"
    """It has expired, and so have the certificates that it signed."""
    EXPIRES_SOON = "expires_soon"
    """It expires within 90 days."""
    LEAVES_CUT_SHORT = "leaves_cut_short"
    """It expires before a certificate that it signs now would, so that one is valid for less
    time."""


class RevocationReason(_Text):
    """Why a certificate was revoked, by its name in RFC 5280, 5.3.1."""

    UNSPECIFIED = "unspecified"
    """No reason was stated."""
    KEY_COMPROMISE = "keyCompromise"
    """The private key is, or may be, known to others."""
    CA_COMPROMISE = "cACompromise"
    """The private key of the authority is, or may be, known to others."""
    AFFILIATION_CHANGED = "affiliationChanged"
    """Information about the subject has changed."""
    SUPERSEDED = "superseded"
    """Another certificate replaces it."""
    CESSATION_OF_OPERATION = "cessationOfOperation"
    """It is no longer needed."""
    PRIVILEGE_WITHDRAWN = "privilegeWithdrawn"
    """A privilege of the subject was withdrawn."""


class Action(_Text):
    """What an audit record reports."""

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
    """What an observer is notified of."""

    ENROLLED = "enrolled"
    """A connector enrolled, at the cost of one use."""
    RENEWED = "renewed"
    """A connector renewed its certificate."""
    REPLAYED = "replayed"
    """A connector got its certificate again, for free."""
    REFUSED = "refused"
    """An enrollment or a renewal was refused, or failed."""
    ADMIN_TOKEN_REFUSED = "admin_token_refused"
    """An admin token was refused. The audit trail does not record it."""
    TALLY_LOST = "tally_lost"
    """A count of refusals or replays could not be stored. Nothing else is affected."""
    OTHER = "other"
    """An event unknown to this version."""


class Reason(_Text):
    """Why a store refuses a unit."""

    EXISTS = "exists"
    """``Expect`` with version None, but the record exists."""
    ABSENT = "absent"
    """``Expect`` with a version, ``ExpectUnused`` or ``Count``, but the record does not exist."""
    CHANGED = "changed"
    """``Expect`` with a version, but the record has another."""
    IN_USE = "in_use"
    """``ExpectUnused``, but the counter is not at 0."""
    LIMIT_REACHED = "limit_reached"
    """``Count`` would pass the limit."""
    BELOW_ZERO = "below_zero"
    """``Count`` would make the counter negative."""
    WRONG_KIND = "wrong_kind"
    """The record is a body instead of a counter, or the reverse."""
    MALFORMED = "malformed"
    """The unit is invalid: it is too large, writes a record twice, or counts by 0."""
