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
    """The default of an argument for which None has a meaning."""

    UNSET = "unset"


_UNSET = _Unset.UNSET


@dataclass(frozen=True, kw_only=True)
class NewKey:
    """The arguments of ``create``, for the native half."""

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
    """The arguments of ``update``, for the native half. None leaves a field unchanged."""

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
    """The arguments of ``filter``, for the native half."""

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
    """The provisioning keys of an authority, by name. :meth:`filter` selects some.

    A key, a group or a certificate is passed as its record, its id or its name.
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
        """Creates a key. With it ``max_uses`` connectors, 1 or more, can join ``group`` and get a
        certificate that ``certificate`` signs. :meth:`copy` returns its text.

        ``host`` is a host of the authority, by default the first. ``expires_at`` is an aware
        datetime; None means never. ``allowed_addresses`` are at most 64 networks that connectors
        may enroll from; empty means anywhere. Renewals are not restricted. With ``proof_only`` the
        CSR must prove the key, and its text beside a CSR is refused. Raises
        :class:`~provkey.InputError`, such as ``name_in_use``, and :class:`~provkey.RefusedError`
        with the code ``certificate_retired``.
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
        """Reads a key. Raises :class:`~provkey.InputError` with the code ``key_not_found``, and
        :class:`~provkey.RefusedError` with the code ``key_deleted`` for the id of a deleted key.
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
        """Changes the passed fields of a key. ``expires_at=None`` means never.

        With ``version``, from the record that the change is based on, it is refused if the key was
        edited since (``edit_conflict``). A limit below ``used`` stops new uses. Raises
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
        """Deletes a key for good. Connectors that enrolled with it keep their certificates.
        Raises what :meth:`get` raises.
        """
        _native.delete_key(self._authority, id_of(key))

    def copy(self, key: KeyDetails | str) -> _native.KeyText:
        """The text of a key, for a connector. Each copy is audited. Raises
        :class:`~provkey.RefusedError`, such as ``key_exhausted`` and ``key_compromised``.
        """
        return _native.copy_key(self._authority, id_of(key))

    def download(self, key: KeyDetails | str) -> KeyFile:
        """The text of a key as a file. Each download is audited. Raises what :meth:`copy`
        raises.
        """
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
        """The keys that match all arguments. Times are aware datetimes. ``last_used_before``
        includes keys that never enrolled a connector.
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


def _reader(authority: _native.Authority, filter: KeyFilter) -> Reader[KeyDetails]:
    return lambda limit, after: _native.list_keys(authority, filter, limit=limit, after=after)
