"""Connectors: the machines that have enrolled."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from . import _native
from ._types import id_of
from .enums import RevocationReason
from .keys import CertificateRef, GroupRef
from .listing import Listing, Reader
from .records import Connector, KeyDetails

__all__ = ["Connectors"]


@dataclass(frozen=True, kw_only=True)
class ConnectorFilter:
    """The arguments of ``filter``, for the native half."""

    key: str | None = None
    group: str | None = None
    certificate: str | None = None
    since: datetime | None = None
    descending: bool = False


class Connectors(Listing[Connector]):
    """The connectors of an authority, by id. :meth:`filter` selects some."""

    def __init__(self, authority: _native.Authority) -> None:
        super().__init__(_reader(authority, ConnectorFilter()))
        self._authority = authority

    def get(self, connector: Connector | str) -> Connector:
        """Reads a connector. Raises :class:`~provkey.InputError` with the code
        ``connector_not_found``.
        """
        return _native.connector(self._authority, id_of(connector))

    def revoke(
        self,
        connector: Connector | str,
        *,
        reason: RevocationReason = RevocationReason.UNSPECIFIED,
    ) -> None:
        """Revokes a connector for good: its certificates are on the next CRL, and its public key
        can never enroll again. Revoking it again changes nothing. Raises what :meth:`get`
        raises.
        """
        _native.revoke_connector(self._authority, id_of(connector), reason)

    def filter(
        self,
        *,
        key: KeyDetails | str | None = None,
        group: GroupRef | None = None,
        certificate: CertificateRef | None = None,
        since: datetime | None = None,
        descending: bool = False,
    ) -> Listing[Connector]:
        """The connectors that match all arguments: those of a key (record or id) or of a group in
        the order of enrollment, those of a certificate by serial number. ``since``, an aware
        datetime, is the earliest enrollment. ``descending`` lists the latest first, by key or by
        group.
        """
        connectors = ConnectorFilter(
            key=None if key is None else id_of(key),
            group=None if group is None else id_of(group),
            certificate=None if certificate is None else id_of(certificate),
            since=since,
            descending=descending,
        )
        return Listing(_reader(self._authority, connectors))


def _reader(authority: _native.Authority, filter: ConnectorFilter) -> Reader[Connector]:
    return lambda limit, after: _native.list_connectors(authority, filter, limit=limit, after=after)
