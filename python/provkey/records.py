"""Records: what the library returns. Only :class:`KeyFile` holds a secret.

Times are aware ``datetime`` objects in UTC, to the millisecond; periods are ``timedelta`` objects;
addresses and networks are objects of ``ipaddress``; ids are strings. Records are frozen, compare by
value and can be pickled. ``to_dict()`` returns a dictionary for ``json.dumps``.
"""

from __future__ import annotations

import base64
import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from pathlib import Path
from typing import Any, Generic, TypeVar

from ._native import Certificate, Fingerprint, KeyText
from .enums import Action, AdminRole, EventKind, KeyState, RevocationReason

__all__ = [
    "Accepted",
    "AdminToken",
    "AuditRecord",
    "CertificateRequest",
    "Compromised",
    "Connector",
    "ConnectorGroup",
    "Crl",
    "Enrolled",
    "EnrollmentCertificate",
    "Event",
    "KeyDetails",
    "KeyFile",
    "KeyReference",
    "Named",
    "Page",
    "Pruned",
    "QueryResult",
    "Repair",
    "ServerCertificate",
]

T = TypeVar("T")


class _Record:
    """The base class of records."""

    __slots__ = ()

    def to_dict(self) -> dict[str, Any]:
        """The fields as a dictionary for ``json.dumps``.

        Times become RFC 3339, periods seconds, certificates PEM, and other bytes base64.
        """
        return {name: _plain(value) for name, value in self._fields()}

    def _fields(self) -> Iterator[tuple[str, Any]]:
        for item in dataclasses.fields(self):  # type: ignore[arg-type]
            yield item.name, getattr(self, item.name)


def _plain(value: Any) -> Any:
    if isinstance(value, _Record):
        return value.to_dict()
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return value.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, tuple):
        return [_plain(item) for item in value]  # pyright: ignore[reportUnknownVariableType]
    if isinstance(value, Certificate):
        return value.pem
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    if value is None or isinstance(value, (bool, int, str)):
        return value
    return str(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Named(_Record):
    """An id with its name."""

    id: str
    """The id."""
    name: str
    """The name when the record was read."""

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[T]):
    """A page of a listing."""

    items: tuple[T, ...]
    """The entries, in the order of the listing."""
    next: str | None
    """The cursor, ``after``, of the next page; None on the last page. Even a short or empty page
    may have one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AdminToken(_Record):
    """An admin token, with which an administrator authenticates over the network."""

    id: str
    """Its id, which its text shows."""
    name: str
    """Its name."""
    role: AdminRole
    """What the holder may do."""
    scope: str | None
    """What the holder is limited to: ``operator:`` and the id of a group; None: nothing. An
    application that authenticates tokens itself must enforce it."""
    created_at: datetime
    """When it was created."""
    created_by: str | None
    """Who created it."""
    expires_at: datetime | None
    """When it expires; None: never."""
    revoked_at: datetime | None
    """When it was revoked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectorGroup(_Record):
    """A group of connectors. Their certificates contain its id."""

    id: str
    """Its id: 12 characters."""
    name: str
    """Its name, unique among groups."""
    created_at: datetime
    """When it was created."""
    keys: int
    """How many provisioning keys belong to it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EnrollmentCertificate(_Record):
    """A CA certificate that signs the certificates of connectors."""

    id: str
    """Its id: 12 characters. The subject contains it, unless an external CA issued the
    certificate."""
    name: str
    """Its name, unique among enrollment certificates."""
    created_at: datetime
    """When it was created."""
    keys: int
    """How many provisioning keys use it."""
    leaf_validity: timedelta
    """How long the certificates of connectors are valid."""
    renewal_grace: timedelta
    """How long after its expiry a connector's certificate can still be renewed."""
    crl_url: str | None
    """The URL of the CRL in connectors' certificates."""
    ocsp_url: str | None
    """The URL of the OCSP responder in connectors' certificates."""
    ca_issuers_url: str | None
    """The URL of this certificate in connectors' certificates."""
    retired_at: datetime | None
    """When it was retired: since then it signs no certificates."""
    key_elsewhere: bool
    """Whether a signer holds its private key: see ``Certificates.attach_signer``."""
    certificate: Certificate
    """The certificate, as the root signed it."""
    external: tuple[Certificate, ...]
    """Of an external CA: the certificate as that CA issued it, then its issuers. Otherwise
    empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateRequest(_Record):
    """A request to an external CA, whose certificate has not been imported."""

    id: str
    """The id that the certificate will have."""
    name: str
    """The name that the certificate will have."""
    created_at: datetime
    """When it was created."""
    leaf_validity: timedelta
    """How long the certificates of connectors will be valid."""
    renewal_grace: timedelta
    """How long after its expiry a connector's certificate will be renewable."""
    key_elsewhere: bool
    """Whether a signer holds its private key."""
    csr: bytes = field(repr=False)
    """The CSR in DER, for the external CA."""
    csr_pem: str = field(repr=False)
    """The CSR in PEM."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyDetails(_Record):
    """A provisioning key as an operator sees it, without its secret."""

    id: str
    """Its id: 12 characters, which are no secret."""
    name: str
    """Its name, unique among keys."""
    host: str
    """The host that its text is for."""
    group: Named
    """The group that its connectors join."""
    certificate: Named
    """The enrollment certificate that signs its connectors' certificates."""
    max_uses: int
    """How many connectors may enroll."""
    used: int
    """How many have enrolled. Exceeds ``max_uses`` if that was lowered."""
    last_used_at: datetime | None
    """When the last connector enrolled."""
    enabled: bool
    """Whether it is enabled."""
    expires_at: datetime | None
    """When it expires; None: never."""
    allowed_addresses: tuple[IPv4Network | IPv6Network, ...]
    """Where connectors may enroll from; empty: anywhere. Renewals are not restricted."""
    proof_only: bool
    """Whether the CSR must prove the key. Its text beside a CSR is refused then."""
    created_at: datetime
    """When it was created."""
    compromised_at: datetime | None
    """When it was marked as compromised; None: it was not."""
    state: KeyState
    """Its state when the record was read."""
    version: int
    """The version of the key, for ``Keys.update``. Each edit changes it; uses do not."""

    @property
    def copyable(self) -> bool:
        """Whether its text can be copied and downloaded: not if it is used up or compromised."""
        return self.used < self.max_uses and self.compromised_at is None

    @property
    def remaining(self) -> int:
        """How many more connectors may enroll; 0 if it is used up."""
        return max(self.max_uses - self.used, 0)

    @property
    def utilization(self) -> float:
        """The share of its uses that is spent: 0.0 to 1.0, or more if the limit was lowered."""
        return self.used / self.max_uses

    def _fields(self) -> Iterator[tuple[str, Any]]:
        yield from _Record._fields(self)
        yield "copyable", self.copyable
        yield "remaining", self.remaining


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyFile:
    """The text of a key as a file for a connector. It holds a secret and cannot be pickled."""

    file_name: str
    """A file name made of the name and the id of the key: letters, digits, ``-``, ``_`` and
    ``.``."""
    contents: KeyText
    """The text of the key."""

    def save(self, directory: str | Path) -> Path:
        """Writes the file to a directory, for its owner only (mode 0600). Returns its path.

        Raises ``OSError``, such as ``FileExistsError``: it never replaces a file.
        """
        path = Path(directory) / self.file_name
        self.contents.save(path)
        return path


# Created from positional arguments, which is faster: every enrollment creates one.
@dataclass(frozen=True, slots=True)
class Enrolled(_Record):
    """The answer to a connector."""

    connector: str
    """The id of the connector: 26 characters."""
    key: str
    """The id of the provisioning key that it enrolled with."""
    group: str
    """The id of the group that it belongs to."""
    certificate: str
    """The id of the enrollment certificate that signed."""
    replay: bool
    """Whether this answer was given before, and cost no use now."""
    chain: tuple[bytes, ...] = field(repr=False)
    """The connector's certificate, the enrollment certificate and the root, each in DER."""
    external_chain: tuple[bytes, ...] = field(repr=False)
    """The chain to the root of an external CA: the connector's certificate, the enrollment
    certificate as that CA issued it, and its issuers. Otherwise empty. Never merge the two
    chains."""
    serial: str
    """The serial number of the connector's certificate, in lower-case hexadecimal."""
    not_before: datetime
    """When the connector's certificate becomes valid."""
    not_after: datetime
    """When the connector's certificate expires."""

    @property
    def leaf(self) -> Certificate:
        """The connector's certificate."""
        return Certificate(self.chain[0])

    @property
    def chain_pem(self) -> str:
        """The chain in PEM: the connector's certificate first, the root last."""
        return "".join(Certificate(der).pem for der in self.chain)

    @property
    def external_chain_pem(self) -> str:
        """The external chain in PEM; empty if there is none."""
        return "".join(Certificate(der).pem for der in self.external_chain)


@dataclass(frozen=True, slots=True, kw_only=True)
class Connector(_Record):
    """A connector that has enrolled."""

    id: str
    """Its id: 26 characters, which its certificate contains."""
    key: str
    """The id of the provisioning key that it enrolled with, which may have been deleted."""
    group: str
    """The id of the group that it belongs to."""
    certificate: str
    """The id of the enrollment certificate that signed its certificate."""
    enrolled_at: datetime
    """When it enrolled."""
    address: IPv4Address | IPv6Address | None
    """The address that it enrolled from, if it was reported."""
    fingerprint: Fingerprint | None
    """Its fingerprint, if it reported one."""
    serial: str
    """The serial number of its certificate, in lower-case hexadecimal."""
    not_before: datetime
    """When its certificate becomes valid."""
    not_after: datetime
    """When its certificate expires."""
    renewals: int
    """How often it has renewed its certificate."""
    renewed_at: datetime | None
    """When it last renewed its certificate."""
    revoked_at: datetime | None
    """When it was revoked."""
    revocation_reason: RevocationReason | None
    """Why it was revoked."""
    replays: int
    """How often it got its certificate again. A few replays may be missing."""
    last_replay_at: datetime | None
    """When it last got its certificate again."""
    leaf: Certificate
    """Its certificate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRecord(_Record):
    """One entry of the audit trail. The action decides which fields are not None."""

    at: datetime
    """When it happened, by the clock of the node; for counted entries the start of the minute."""
    action: Action
    """What happened."""
    actor: str | None
    """Who did it, as the application named them."""
    admin_token: str | None
    """The id of the admin token that was used."""
    key: str | None
    """The id of the provisioning key."""
    group: str | None
    """The id of the connector group."""
    certificate: str | None
    """The id of the enrollment certificate."""
    connector: str | None
    """The id of the connector."""
    address: IPv4Address | IPv6Address | None
    """The address of the connector or the administrator; for counted entries the last one."""
    code: str | None
    """Why it was refused: the stable code."""
    count: int | None
    """How often it happened in that minute, for refusals and replays."""
    last_at: datetime | None
    """When it last happened, for refusals and replays."""
    details: str | None
    """Details, in words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event(_Record):
    """What an observer is notified of."""

    kind: EventKind
    """What happened."""
    key: str | None
    """The id of the provisioning key, if it was proven."""
    connector: str | None
    """The id of the connector, if there is one."""
    address: IPv4Address | IPv6Address | None
    """The address of the client, if it was reported."""
    code: str | None
    """Why it was refused or failed: the stable code."""
    admin_token: str | None
    """The id of the admin token that was refused, if its text was valid."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Crl(_Record):
    """A certificate revocation list."""

    der: bytes = field(repr=False)
    """The list in DER."""
    pem: str = field(repr=False)
    """The list in PEM."""
    number: int
    """Its number, higher than that of every earlier CRL."""
    this_update: datetime
    """When it was complete."""
    next_update: datetime
    """When the next CRL is needed."""
    entries: int
    """How many certificates are on it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerCertificate(_Record):
    """The certificate of a TLS server, signed by the root that key texts pin."""

    chain_pem: str = field(repr=False)
    """The server's certificate, then the root, in PEM. The server must send both."""
    not_before: datetime
    """When it becomes valid."""
    not_after: datetime
    """When it expires."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Compromised(_Record):
    """The result of marking a key as compromised."""

    connectors: int
    """How many connectors it enrolled, including those that were revoked before."""
    revoked: int
    """How many of them were revoked now, or would be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pruned(_Record):
    """How many records were pruned."""

    audit_records: int
    """Audit records."""
    enrollments: int
    """Enrollments."""
    revocations: int
    """Revocations of expired certificates that a later CRL still listed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryResult(_Record):
    """The result of a query. Iterating yields the rows."""

    columns: list[str]
    """The names of the columns."""
    rows: list[tuple[int | float | str | bytes | None, ...]]
    """The rows, each with a value for each column. Booleans are 0 or 1, times are RFC 3339 in
    UTC."""
    truncated: bool
    """Whether there are more rows: ``max_rows`` was reached, or 64 MiB."""

    def __iter__(self) -> Iterator[tuple[int | float | str | bytes | None, ...]]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def to_dict(self) -> dict[str, Any]:
        """What ``provkey query --json`` writes: ``columns``, ``rows``, and ``truncated`` if
        true. Bytes become base64.
        """
        rows = [[_plain(value) for value in row] for row in self.rows]
        found: dict[str, Any] = {"columns": self.columns, "rows": rows}
        return {**found, "truncated": True} if self.truncated else found

    def to_dicts(self) -> list[dict[str, int | float | str | bytes | None]]:
        """Each row as a dictionary, by the names of the columns."""
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted(_Record):
    """The result of accepting an answer."""

    now: datetime
    """The time to continue with: that of the clock, or ``not_before`` if the clock is behind it."""
    clock_behind: timedelta | None
    """How far the clock is behind, at least; None if it is not."""
    not_before: datetime
    """When the certificate becomes valid."""
    not_after: datetime
    """When the certificate or one of its issuers expires."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyReference(_Record):
    """The public part of a provisioning key, which a connector stores."""

    host: str
    """Where connectors reach the authority."""
    id: str
    """The public id of the key."""
    pin: bytes
    """The pin of the root to trust: 15 bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Repair:
    """One character that a repair of a key text changed. ``repr`` hides the character."""

    position: int
    """The position, counted from 0 in the cleaned text."""
    was: str | None = field(repr=False)
    """The character before the repair; None if it was missing."""
    now: str | None = field(repr=False)
    """The character after the repair; None if it was surplus."""

    def __reduce__(self) -> Any:
        raise TypeError("a Repair holds part of a secret and cannot be pickled")
