"""What the library tells: frozen records, none of which holds a secret but :class:`KeyFile`.

Moments are aware ``datetime`` objects in UTC, to the millisecond; spans are ``timedelta`` objects;
addresses and networks are objects of ``ipaddress``. Ids are texts. Records are equal if their fields
are, and can be pickled. ``to_dict()`` gives what ``json.dumps`` takes.
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
    """What records have in common."""

    __slots__ = ()

    def to_dict(self) -> dict[str, Any]:
        """The fields as ``json.dumps`` takes them.

        Moments become RFC 3339 texts, spans seconds, certificates PEM, other bytes base64.
        """
        return {name: _plain(value) for name, value in self._fields()}

    def _fields(self) -> Iterator[tuple[str, Any]]:
        for one in dataclasses.fields(self):  # type: ignore[arg-type]
            yield one.name, getattr(self, one.name)


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
    """An id, and the name that goes with it."""

    id: str
    """The id."""
    name: str
    """The name at the moment it was read."""

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[T]):
    """A page of a listing."""

    items: tuple[T, ...]
    """The entries, in the order of the listing."""
    next: str | None
    """Where to go on: the ``after`` of the next page. None: this was the last. A page may be short,
    or empty, and yet have one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AdminToken(_Record):
    """An admin token: who may look after the authority over a network."""

    id: str
    """Its id, which its text shows."""
    name: str
    """Its name."""
    role: AdminRole
    """What its holder may do."""
    created_at: datetime
    """When it was created."""
    created_by: str | None
    """Who created it."""
    expires_at: datetime | None
    """When it ends."""
    revoked_at: datetime | None
    """When it was revoked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectorGroup(_Record):
    """A group that connectors belong to. Its id stands in their certificates."""

    id: str
    """Its id: 12 characters."""
    name: str
    """Its name, unique among groups."""
    created_at: datetime
    """When it was created."""
    keys: int
    """How many provisioning keys serve it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EnrollmentCertificate(_Record):
    """A CA certificate that signs the certificates of connectors."""

    id: str
    """Its id, 12 characters, which also stands in its subject if it was made here."""
    name: str
    """Its name, unique among enrollment certificates."""
    created_at: datetime
    """When it was created."""
    keys: int
    """How many provisioning keys use it."""
    leaf_validity: timedelta
    """How long the certificates of connectors are valid."""
    renewal_grace: timedelta
    """How long after its end a connector's certificate is still renewed."""
    crl_url: str | None
    """Where connectors' certificates say that the CRL is."""
    ocsp_url: str | None
    """Where connectors' certificates say that OCSP is answered."""
    ca_issuers_url: str | None
    """Where connectors' certificates say that their issuer is."""
    retired_at: datetime | None
    """Since when it signs no more connectors' certificates."""
    key_elsewhere: bool
    """Whether its key lives elsewhere: see ``Certificates.attach_signer``."""
    certificate: Certificate
    """The certificate, as the root signed it."""
    external: tuple[Certificate, ...]
    """For that of an external CA: the certificate as that CA issued it, then its issuers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateRequest(_Record):
    """A certificate that an external CA was asked for, and has not issued yet."""

    id: str
    """The id that its certificate will have."""
    name: str
    """The name that its certificate will have."""
    created_at: datetime
    """When it was made."""
    leaf_validity: timedelta
    """How long the certificates of connectors will be valid."""
    renewal_grace: timedelta
    """How long after its end the certificate of a connector will still be renewed."""
    key_elsewhere: bool
    """Whether its key lives elsewhere."""
    csr: bytes = field(repr=False)
    """The CSR in DER, for the external CA."""
    csr_pem: str = field(repr=False)
    """The CSR in PEM."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyDetails(_Record):
    """A provisioning key as its operator sees it. It does not hold the secret."""

    id: str
    """Its id: 12 characters, which logs and listings show."""
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
    """How many have. May be more than ``max_uses`` once that was lowered."""
    last_used_at: datetime | None
    """When the last of them did."""
    enabled: bool
    """Whether it is switched on."""
    expires_at: datetime | None
    """When it stops enrolling anybody; None: never."""
    allowed_addresses: tuple[IPv4Network | IPv6Network, ...]
    """Where connectors may enroll from. Empty: from anywhere. Renewals are not bound to it."""
    proof_only: bool
    """Whether it must be proven inside the CSR; its text beside a CSR is refused."""
    created_at: datetime
    """When it was created."""
    compromised_at: datetime | None
    """When it was marked as compromised, for good; None: it was not."""
    state: KeyState
    """Its state at the moment it was read."""
    version: int
    """Which edit of the key this is: goes into ``Keys.update``. Uses do not change it."""

    @property
    def copyable(self) -> bool:
        """Whether its text may be copied and downloaded: not once it is used up or compromised."""
        return self.used < self.max_uses and self.compromised_at is None

    @property
    def remaining(self) -> int:
        """How many connectors may still enroll; 0 if it is used up."""
        return max(self.max_uses - self.used, 0)

    @property
    def utilization(self) -> float:
        """The part of its uses that is spent: 0.0 to 1.0, or more once the limit was lowered."""
        return self.used / self.max_uses

    def _fields(self) -> Iterator[tuple[str, Any]]:
        yield from _Record._fields(self)
        yield "copyable", self.copyable
        yield "remaining", self.remaining


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyFile:
    """The text of a key as a file to hand to a connector. It holds a secret: no pickling."""

    file_name: str
    """A name that tells the key: letters, digits, ``-``, ``_`` and ``.`` only."""
    contents: KeyText
    """What goes into it."""

    def save(self, directory: str | Path) -> Path:
        """Writes the file into a directory, for its owner alone (mode 0600). Gives its path.

        Raises ``FileExistsError`` rather than to replace a file, and any other ``OSError``.
        """
        path = Path(directory) / self.file_name
        self.contents.save(path)
        return path


# Made by position, which is quicker: there is one for every enrollment.
@dataclass(frozen=True, slots=True)
class Enrolled(_Record):
    """The answer to a connector."""

    connector: str
    """The connector's id: 26 characters."""
    key: str
    """The id of the provisioning key that it enrolled with."""
    group: str
    """The id of the group that it belongs to."""
    certificate: str
    """The id of the enrollment certificate that signed."""
    replay: bool
    """Whether it had enrolled before, and this cost no use."""
    chain: tuple[bytes, ...] = field(repr=False)
    """The connector's certificate, the enrollment certificate and the root, each in DER."""
    external_chain: tuple[bytes, ...] = field(repr=False)
    """For an external CA, the other chain: the connector's certificate, that of the CA as the
    external CA issued it, and its issuers. Otherwise empty. Never merge the two."""
    serial: str
    """The serial number of the connector's certificate, in lower-case hexadecimal."""
    not_before: datetime
    """From when on the connector's certificate is valid."""
    not_after: datetime
    """Until when the connector's certificate is valid."""

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
    """Its id: 26 characters, what its certificate names."""
    key: str
    """The id of the provisioning key that it enrolled with. That may have been deleted since."""
    group: str
    """The id of the group that it belongs to."""
    certificate: str
    """The id of the enrollment certificate that signed its certificate."""
    enrolled_at: datetime
    """When it enrolled."""
    address: IPv4Address | IPv6Address | None
    """Where it enrolled from, if the host knew."""
    fingerprint: Fingerprint | None
    """Its fingerprint, if it gave one."""
    serial: str
    """The serial number of its certificate, in lower-case hexadecimal."""
    not_before: datetime
    """From when on its certificate is valid."""
    not_after: datetime
    """Until when its certificate is valid."""
    renewals: int
    """How often it has renewed its certificate."""
    renewed_at: datetime | None
    """When it last did."""
    revoked_at: datetime | None
    """When it was revoked."""
    revocation_reason: RevocationReason | None
    """Why it was revoked, if it was."""
    replays: int
    """About how often it got its certificate again. May be short of a few."""
    last_replay_at: datetime | None
    """When it last got its certificate again."""
    leaf: Certificate
    """Its certificate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRecord(_Record):
    """One entry of the audit trail. Which fields are there depends on the action."""

    at: datetime
    """When, by the clock of the host that did it; for tallied entries the minute's beginning."""
    action: Action
    """What happened."""
    actor: str | None
    """Who did it, as the host named them."""
    admin_token: str | None
    """The id of the admin token that let them in."""
    key: str | None
    """The id of the provisioning key."""
    group: str | None
    """The id of the connector group."""
    certificate: str | None
    """The id of the enrollment certificate."""
    connector: str | None
    """The id of the connector."""
    address: IPv4Address | IPv6Address | None
    """Where the connector asked from, or the administrator; for tallied entries the last time."""
    code: str | None
    """Why it was refused: the stable code."""
    count: int | None
    """How often in that minute, for refusals and replays."""
    last_at: datetime | None
    """When the last time was, for refusals and replays."""
    details: str | None
    """What exactly, in words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event(_Record):
    """What an observer is told."""

    kind: EventKind
    """What happened."""
    key: str | None
    """The id of the provisioning key, if it was proven."""
    connector: str | None
    """The id of the connector, if there is one."""
    address: IPv4Address | IPv6Address | None
    """Where from, if the host said so."""
    code: str | None
    """Why it was refused, or failed: the stable code."""
    admin_token: str | None
    """The id of the admin token that was refused, if its text was right."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Crl(_Record):
    """A certificate revocation list."""

    der: bytes = field(repr=False)
    """The list in DER."""
    pem: str = field(repr=False)
    """The list in PEM."""
    number: int
    """Its number: higher than that of every list before it."""
    this_update: datetime
    """As of when it is complete."""
    next_update: datetime
    """When the next list is there at the latest."""
    entries: int
    """How many certificates are on it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerCertificate(_Record):
    """The certificate of a TLS server, signed by the root that key texts pin."""

    chain_pem: str = field(repr=False)
    """The server's certificate, then the root, in PEM. The server has to send both."""
    not_before: datetime
    """From when on it is valid."""
    not_after: datetime
    """Until when it is valid."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Compromised(_Record):
    """What was done about a key that others know."""

    connectors: int
    """How many connectors it enrolled, those that had been revoked before included."""
    revoked: int
    """How many of them are revoked now, or would be, that were not before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pruned(_Record):
    """What was pruned."""

    audit_records: int
    """How many audit records."""
    enrollments: int
    """How many enrollments."""
    revocations: int
    """How many revocations: of certificates that have expired and been on a CRL since."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryResult(_Record):
    """What a query found. Iterating goes through the rows."""

    columns: list[str]
    """The names of the columns."""
    rows: list[tuple[int | float | str | bytes | None, ...]]
    """The rows, each with a value for each column. A Boolean is 0 or 1, a moment is RFC 3339 in UTC."""
    truncated: bool
    """Whether there are more rows: ``max_rows`` was reached, or 64 MiB."""

    def __iter__(self) -> Iterator[tuple[int | float | str | bytes | None, ...]]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def to_dict(self) -> dict[str, Any]:
        """What ``provkey query --json`` writes: ``columns`` and ``rows``, and ``truncated`` if it is so.
        Bytes become base64.
        """
        rows = [[_plain(value) for value in row] for row in self.rows]
        found: dict[str, Any] = {"columns": self.columns, "rows": rows}
        return {**found, "truncated": True} if self.truncated else found

    def to_dicts(self) -> list[dict[str, int | float | str | bytes | None]]:
        """Each row as a dictionary, by the names of the columns."""
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted(_Record):
    """What an accepted answer says."""

    now: datetime
    """The moment to go on with: what the clock says, or the certificate's first moment if the clock
    is behind that."""
    clock_behind: timedelta | None
    """How much the clock is behind at least, if it is."""
    not_before: datetime
    """From when the certificate is valid."""
    not_after: datetime
    """Until when the certificate and its issuers are valid."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyReference(_Record):
    """What a connector remembers of a provisioning key: all of it but the secret."""

    host: str
    """Where the authority is found."""
    id: str
    """The public id of the key."""
    pin: bytes
    """Which authority root to trust: 15 bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Repair:
    """One character that a repair of a key text changed. ``repr`` does not show it."""

    position: int
    """Where, counted from 0 in the cleaned text."""
    was: str | None = field(repr=False)
    """What stood there; None: nothing, it was lost."""
    now: str | None = field(repr=False)
    """What should stand there; None: nothing, it was too much."""

    def __reduce__(self) -> Any:
        raise TypeError("a Repair holds part of a secret and cannot be pickled")
