"""Provisioning keys, as their operator sees them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Union

from . import _native
from ._types import NetworkInput, id_of
from .enums import KeyOrder, KeyState
from .listing import Listing, Reader
from .records import ConnectorGroup, EnrollmentCertificate, KeyDetails, KeyFile, Named

__all__ = ["Keys"]

GroupRef = Union[ConnectorGroup, Named, str]
CertificateRef = Union[EnrollmentCertificate, Named, str]


class _Unset(Enum):
    """Stands for an argument that was not given, where None means something."""

    UNSET = "unset"


_UNSET = _Unset.UNSET


@dataclass(frozen=True, kw_only=True)
class NewKey:
    """A new key, for the native half."""

    name: str
    group: str
    certificate: str
    max_uses: int
    host: str | None
    expires_at: datetime | None
    allowed_addresses: Iterable[NetworkInput]
    enabled: bool
    proof_only: bool


@dataclass(frozen=True, kw_only=True)
class KeyUpdate:
    """What to change of a key, for the native half. None leaves as it is."""

    version: int | None
    name: str | None
    max_uses: int | None
    enabled: bool | None
    expires_at: tuple[datetime | None] | None
    allowed_addresses: Iterable[NetworkInput] | None
    certificate: str | None
    proof_only: bool | None


@dataclass(frozen=True, kw_only=True)
class KeyFilter:
    """Which keys to list, for the native half."""

    name_contains: str | None = None
    group: str | None = None
    certificate: str | None = None
    state: KeyState | None = None
    id_contains: str | None = None
    max_uses_min: int | None = None
    max_uses_max: int | None = None
    used_min: int | None = None
    used_max: int | None = None
    last_used_since: datetime | None = None
    last_used_before: datetime | None = None
    order: KeyOrder = KeyOrder.NAME
    descending: bool = False


class Keys(Listing[KeyDetails]):
    """The provisioning keys of an authority, by name. :meth:`filter` lists some of them.

    What takes a key, a group or a certificate takes its record, its id or its name.
    """

    def __init__(self, authority: _native.Authority) -> None:
        super().__init__(_reader(authority, KeyFilter()))
        self._authority = authority

    def create(
        self,
        name: str,
        *,
        group: GroupRef,
        certificate: CertificateRef,
        max_uses: int,
        host: str | None = None,
        expires_at: datetime | None = None,
        allowed_addresses: Iterable[NetworkInput] = (),
        enabled: bool = True,
        proof_only: bool = False,
    ) -> KeyDetails:
        """Creates a key with which ``max_uses`` connectors, 1 or more, join ``group`` and get a
        certificate that ``certificate`` signs. :meth:`copy` gives its text.

        ``host`` is one of the authority's, by default its first. ``expires_at`` is an aware datetime;
        None: never. ``allowed_addresses`` are at most 64 networks that connectors may enroll from; empty:
        from anywhere. Renewals are not bound to them. With ``proof_only`` it must be proven inside the CSR, and its text beside one is
        refused. Raises :class:`~provkey.InputError`, such as ``name_in_use``, and
        :class:`~provkey.RefusedError` with the code ``certificate_retired``.
        """
        new = NewKey(
            name=name,
            group=id_of(group),
            certificate=id_of(certificate),
            max_uses=max_uses,
            host=host,
            expires_at=expires_at,
            allowed_addresses=allowed_addresses,
            enabled=enabled,
            proof_only=proof_only,
        )
        return _native.create_key(self._authority, new)

    def get(self, key: KeyDetails | str) -> KeyDetails:
        """A key as it is now. Raises :class:`~provkey.InputError` with the code ``key_not_found``, and
        :class:`~provkey.RefusedError` with the code ``key_deleted`` for the id of one that was.
        """
        return _native.find_key(self._authority, id_of(key))

    def update(
        self,
        key: KeyDetails | str,
        *,
        version: int | None = None,
        name: str | None = None,
        max_uses: int | None = None,
        enabled: bool | None = None,
        expires_at: datetime | _Unset | None = _UNSET,
        allowed_addresses: Iterable[NetworkInput] | None = None,
        certificate: CertificateRef | None = None,
        proof_only: bool | None = None,
    ) -> KeyDetails:
        """Edits a key: what is not given stays as it is. ``expires_at=None`` means never.

        With ``version``, that of the record which the edit stands on, it is refused if somebody else
        has edited the key since (``edit_conflict``). A limit below ``used`` stops new uses. Raises
        :class:`~provkey.InputError` and :class:`~provkey.RefusedError`.
        """
        update = KeyUpdate(
            version=version,
            name=name,
            max_uses=max_uses,
            enabled=enabled,
            expires_at=None if isinstance(expires_at, _Unset) else (expires_at,),
            allowed_addresses=allowed_addresses,
            certificate=None if certificate is None else id_of(certificate),
            proof_only=proof_only,
        )
        return _native.update_key(self._authority, id_of(key), update)

    def delete(self, key: KeyDetails | str) -> None:
        """Deletes a key, at once and for ever. Connectors that enrolled with it keep their
        certificates. Raises as :meth:`get`.
        """
        _native.delete_key(self._authority, id_of(key))

    def copy(self, key: KeyDetails | str) -> _native.KeyText:
        """The text of a key, to hand to a connector. Each copy is an audit record. Raises
        :class:`~provkey.RefusedError` with the code ``key_exhausted`` when it is used up, or ``key_compromised``.
        """
        return _native.copy_key(self._authority, id_of(key))

    def download(self, key: KeyDetails | str) -> KeyFile:
        """The text of a key as a file. Each download is an audit record. Raises as :meth:`copy`."""
        return _native.download_key(self._authority, id_of(key))

    def filter(
        self,
        *,
        name_contains: str | None = None,
        group: GroupRef | None = None,
        certificate: CertificateRef | None = None,
        state: KeyState | None = None,
        id_contains: str | None = None,
        max_uses_min: int | None = None,
        max_uses_max: int | None = None,
        used_min: int | None = None,
        used_max: int | None = None,
        last_used_since: datetime | None = None,
        last_used_before: datetime | None = None,
        order: KeyOrder = KeyOrder.NAME,
        descending: bool = False,
    ) -> Listing[KeyDetails]:
        """Some of the keys: those that fit everything that is given. The moments are aware;
        ``last_used_before`` admits those that never enrolled anybody, too.
        """
        keys = KeyFilter(
            name_contains=name_contains,
            group=None if group is None else id_of(group),
            certificate=None if certificate is None else id_of(certificate),
            state=state,
            id_contains=id_contains,
            max_uses_min=max_uses_min,
            max_uses_max=max_uses_max,
            used_min=used_min,
            used_max=used_max,
            last_used_since=last_used_since,
            last_used_before=last_used_before,
            order=order,
            descending=descending,
        )
        return Listing(_reader(self._authority, keys))


def _reader(authority: _native.Authority, keys: KeyFilter) -> Reader[KeyDetails]:
    return lambda limit, after: _native.list_keys(authority, keys, limit=limit, after=after)
