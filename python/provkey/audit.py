"""The audit trail: who changed what, who enrolled, and which proven requests were refused."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from . import _native
from ._types import id_of
from .enums import Action
from .listing import Listing, Reader
from .records import AuditRecord, Connector, KeyDetails

__all__ = ["Audit"]


@dataclass(frozen=True, kw_only=True)
class AuditFilter:
    """The arguments of ``filter``, for the native half."""

    key: str | None = None
    connector: str | None = None
    action: Action | None = None
    since: datetime | None = None
    until: datetime | None = None
    latest_first: bool = False


class Audit(Listing[AuditRecord]):
    """The audit trail of an authority, in the order of time. :meth:`filter` selects records."""

    def __init__(self, authority: _native.Authority) -> None:
        super().__init__(_reader(authority, AuditFilter()))
        self._authority = authority

    def filter(
        self,
        *,
        key: KeyDetails | str | None = None,
        connector: Connector | str | None = None,
        action: Action | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        latest_first: bool = False,
    ) -> Listing[AuditRecord]:
        """The records that match all arguments: of a key, of a connector (record or id), of an
        action, from the aware datetime ``since`` on, and before ``until``.
        """
        records = AuditFilter(
            key=None if key is None else id_of(key),
            connector=None if connector is None else id_of(connector),
            action=action,
            since=since,
            until=until,
            latest_first=latest_first,
        )
        return Listing(_reader(self._authority, records))


def _reader(authority: _native.Authority, filter: AuditFilter) -> Reader[AuditRecord]:
    return lambda limit, after: _native.list_audit(authority, filter, limit=limit, after=after)
