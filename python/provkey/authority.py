"""The authority, which creates provisioning keys and counts their uses."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import TracebackType
from typing import Literal, Union

from . import _native
from ._native import Certificate, Fingerprint, Keyring, MasterKey
from ._types import AddressInput, CertificateInput, CsrInput, KeyInput, id_of
from .audit import Audit
from .certificates import Certificates
from .connectors import Connectors
from .enums import KeyAlgorithm, RevocationReason
from .errors import Error, InputError
from .groups import Groups
from .keys import Keys
from .records import (
    AdminToken,
    Compromised,
    Connector,
    Crl,
    Enrolled,
    EnrollmentCertificate,
    Event,
    KeyDetails,
    Pruned,
    QueryResult,
    ServerCertificate,
)
from .store import PostgresStore, SqliteStore, Store
from .tokens import Tokens

__all__ = ["Authority", "EnrollRequest"]

StoreInput = Union[Store, str]
MasterKeyInput = Union[MasterKey, Keyring, "os.PathLike[str]"]
Clock = Callable[[], datetime]
Observer = Callable[[Event], object]


@dataclass(frozen=True, kw_only=True)
class EnrollRequest:
    """One request for :meth:`Authority.enroll_many`: the arguments of :meth:`Authority.enroll`."""

    csr: CsrInput = field(repr=False)
    """The CSR, with or without the proof of a key."""
    key: KeyInput | None = field(default=None, repr=False)
    """The text of the key, if the CSR does not prove it."""
    fingerprint: Fingerprint | None = None
    """The connector's fingerprint, if the CSR does not contain it."""
    address: AddressInput | None = None
    """The address of the connector."""


class Authority:
    """An authority, which creates provisioning keys and counts their uses.

    :meth:`create` and :meth:`open` return one. Any thread may call it; calls block, and other
    Python threads run meanwhile. As a context manager it closes itself. It belongs to the process
    that opened it: after a fork every call raises :class:`~provkey.UsageError` with the code
    ``used_after_fork``, so open it again in the new process.

    Every call may raise :class:`~provkey.StoreError`.
    """

    groups: Groups
    """The connector groups."""
    certificates: Certificates
    """The enrollment certificates."""
    keys: Keys
    """The provisioning keys."""
    connectors: Connectors
    """The connectors that have enrolled."""
    audit: Audit
    """The audit trail."""
    tokens: Tokens
    """The admin tokens."""

    def __init__(self, native: _native.Authority) -> None:
        """Use :meth:`create` or :meth:`open` instead."""
        self._native = native
        self.groups = Groups(native)
        self.certificates = Certificates(native)
        self.keys = Keys(native)
        self.connectors = Connectors(native)
        self.audit = Audit(native)
        self.tokens = Tokens(native)

    @classmethod
    def create(
        cls,
        store: StoreInput,
        *,
        host: str,
        master_key: MasterKeyInput,
        trust_domain: str | None = None,
        algorithm: KeyAlgorithm = KeyAlgorithm.P256,
        validity: timedelta | None = None,
        clock: Clock | None = None,
        observer: Observer | None = None,
        actor: str | None = None,
    ) -> Authority:
        """Creates an authority, with its root, in an empty store.

        ``store`` is a :class:`~provkey.Store`, or its address: ``sqlite:PATH`` or ``postgres://…``.
        ``host`` is where connectors reach the authority, ``host`` or ``host:port`` in lower case;
        every key text contains it. ``master_key`` is a :class:`~provkey.MasterKey`, a
        :class:`~provkey.Keyring` or the path of its file; store it apart from the store.
        ``trust_domain`` is the SPIFFE trust domain, by default the host without port. ``validity``
        is that of the root, by default 30 years.

        ``clock`` returns the present as an aware datetime; the default is the machine's clock. It
        is called once for each call, and if it raises, nothing has happened. ``observer`` is called
        with each :class:`~provkey.Event`, on the thread of the call; it must be quick, and must not
        call the authority. The audit trail names the ``actor``.

        Raises :class:`~provkey.InputError`, such as ``authority_exists``, and
        :class:`~provkey.MasterKeyError`.
        """
        native = _native.Authority.create(
            _store(store, mode="open_or_create"),
            _keyring(master_key),
            host=host,
            trust_domain=trust_domain,
            algorithm=algorithm,
            validity=validity,
            clock=clock,
            observer=observer,
        )
        return cls(native if actor is None else native.acting_as(actor))

    @classmethod
    def open(
        cls,
        store: StoreInput,
        *,
        master_key: MasterKeyInput,
        host: str | None = None,
        clock: Clock | None = None,
        observer: Observer | None = None,
        actor: str | None = None,
    ) -> Authority:
        """Opens the authority in a store.

        Arguments are those of :meth:`create`. ``host`` guards against the wrong store: an authority
        without this host is refused (``host_unknown``). Raises
        :class:`~provkey.InputError` with the code ``authority_missing``, and
        :class:`~provkey.MasterKeyError` with ``master_key_wrong`` or ``master_key_missing``.
        """
        native = _native.Authority.open(
            _store(store, mode="open"),
            _keyring(master_key),
            host=host,
            clock=clock,
            observer=observer,
        )
        return cls(native if actor is None else native.acting_as(actor))

    @staticmethod
    def copy_store(source: Store, target: Store) -> int:
        """Copies all records of one store into another, empty one, and compares the two record by
        record. Nothing may change the first store meanwhile. Returns the number of records.

        Raises :class:`~provkey.InputError` with the code ``authority_missing`` if the first store
        has no authority, and :class:`~provkey.StoreError` with ``store_exists`` if the second store
        is not empty, or ``store_busy`` if the first one changed.
        """
        return _native.copy_store(source, target)

    @staticmethod
    def move_store(source: Store, target: Store) -> int:
        """Moves an authority to another, empty store, for example from SQLite to PostgreSQL: closes
        the first store to changes by any process, and copies it as :meth:`copy_store` does.
        Later changes there raise :class:`~provkey.StoreError` with the code ``store_moved``. If
        the copy fails, the first store is open again. Returns the number of records.

        Raises what :meth:`copy_store` raises, and :class:`~provkey.StoreError` with
        ``store_not_recognized`` if the first store cannot be closed, such as one written in Python.
        """
        return _native.move_store(source, target)

    @staticmethod
    def exists(store: Store) -> bool:
        """Whether a store has an authority. Needs no master key."""
        return _native.Authority.exists(store)

    def acting_as(
        self,
        actor: str,
        *,
        admin_token: AdminToken | str | None = None,
        address: AddressInput | None = None,
    ) -> Authority:
        """The same authority for another actor: the audit records of its calls name the
        ``actor``, cut to 256 bytes, the admin token and the address. It is closed separately.
        Raises :class:`~provkey.InputError` for an ``admin_token`` that is not an id.
        """
        token = admin_token.id if isinstance(admin_token, AdminToken) else admin_token
        return Authority(self._native.acting_as(actor, admin_token=token, address=address))

    def close(self) -> None:
        """Closes the authority. Later calls raise :class:`~provkey.UsageError` with the code
        ``used_after_close``; calls in progress finish. A store that was passed as an object
        stays open. Closing twice does nothing.
        """
        self._native.close()

    def __enter__(self) -> Authority:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            # Best effort: nothing depends on the counts in memory.
            with suppress(Exception):
                self.flush()
        finally:
            self.close()

    @property
    def id(self) -> str:
        """The id: 12 characters."""
        return self._native.id

    @property
    def hosts(self) -> tuple[str, ...]:
        """The hosts. New keys get the first one, unless they name another."""
        return tuple(self._native.hosts)

    @property
    def trust_domain(self) -> str:
        """The SPIFFE trust domain."""
        return self._native.trust_domain

    @property
    def root(self) -> Certificate:
        """The certificate of the root."""
        return self._native.root

    def add_host(self, host: str) -> None:
        """Adds a host. Key texts for other hosts stay valid. Other processes enroll and renew
        for the new host at once, but list it only when they open the authority again.
        Raises :class:`~provkey.InputError`.
        """
        self._native.add_host(host)

    def enroll(
        self,
        csr: CsrInput,
        *,
        key: KeyInput | None = None,
        fingerprint: Fingerprint | None = None,
        address: AddressInput | None = None,
    ) -> Enrolled:
        """Enrolls one connector: one use, one certificate, exactly once.

        ``csr`` either proves a key, or comes with the text of the ``key``. A connector that asks
        again gets the same certificate for free. Raises :class:`~provkey.RefusedError` and
        :class:`~provkey.CsrError`. No error costs a use. If the outcome is unknown, the connector
        asks again.
        """
        return _native.enroll(self._native, csr, key, fingerprint, address)

    def enroll_many(self, requests: Iterable[EnrollRequest]) -> list[Enrolled | Error]:
        """Enrolls many connectors from one thread, with one write to the store for each 256.
        Returns the answer or the error for each request, in their order. It raises only errors
        that concern all requests.
        """
        return _native.enroll_many(self._native, list(requests))

    def renew(
        self,
        csr: CsrInput,
        *,
        client_certificate: CertificateInput | None = None,
        fingerprint: Fingerprint | None = None,
        address: AddressInput | None = None,
    ) -> Enrolled:
        """Renews the certificate of one connector, which costs no use.

        The CSR has the proof of renewal that :meth:`Identity.renew_request` makes. Or the
        application vouches for ``client_certificate``, with which the connector authenticated over
        TLS. Raises :class:`~provkey.RefusedError` and :class:`~provkey.CsrError`.
        """
        return _native.renew(
            self._native,
            csr,
            client_certificate=client_certificate,
            fingerprint=fingerprint,
            address=address,
        )

    def revoke(
        self,
        connector: Connector | str,
        *,
        reason: RevocationReason = RevocationReason.UNSPECIFIED,
    ) -> None:
        """Revokes a connector for good, as :meth:`Connectors.revoke` does."""
        self.connectors.revoke(connector, reason=reason)

    def compromise(
        self, key: KeyDetails | str, *, since: datetime | None = None, dry_run: bool = False
    ) -> Compromised:
        """Marks a key, even a deleted one, as compromised for good, and revokes the connectors that
        it enrolled, or only those from ``since`` on. ``dry_run`` only counts them. If it fails
        halfway, call it again. Raises :class:`~provkey.InputError` with the code
        ``key_not_found``.
        """
        return _native.compromise_key(self._native, id_of(key), since=since, dry_run=dry_run)

    def crl(self, certificate: EnrollmentCertificate | str | None = None) -> Crl:
        """The CRL of an enrollment certificate (record, id or name), or that of the root. A
        cheap call. Raises :class:`~provkey.InputError`.
        """
        if certificate is None:
            return _native.root_crl(self._native)
        return _native.crl(self._native, id_of(certificate))

    def ocsp(self, request: bytes) -> bytes:
        """Answers an OCSP request: takes the DER of the request, and returns the DER of the
        response. An invalid request gets one of OCSP's error responses.
        """
        return _native.ocsp(self._native, request)

    def issue_server_certificate(
        self, host: str, public_key: bytes, *, validity: timedelta = timedelta(days=90)
    ) -> ServerCertificate:
        """Issues a certificate for a TLS server at a host of the authority. The root signs it, so
        connectors trust it through the pin in their key. ``public_key`` is the server's
        SubjectPublicKeyInfo in DER; the private key stays with the server. The certificate
        cannot be revoked, so keep it short and issue it again in time. Raises
        :class:`~provkey.InputError` with the code ``host_unknown`` or ``validity_invalid``, and
        :class:`~provkey.CsrError` if the key is not accepted.
        """
        return _native.issue_server_certificate(self._native, host, public_key, validity=validity)

    @property
    def master_slot(self) -> int:
        """The slot of the current master key, from which new keys are derived."""
        return _native.master_slot(self._native)

    def rotate_master(self, keyring: Keyring) -> None:
        """Derives new keys from the current master key of ``keyring``, and seals all CA keys under
        it. Older keys stay valid, because the keyring has their master keys too. Save the
        keyring *before* this call, and pass it to other processes: :meth:`replace_keyring`.
        After an interruption, call it again. Raises :class:`~provkey.MasterKeyError`.
        """
        _native.rotate_master(self._native, keyring)

    def replace_keyring(self, keyring: Keyring) -> None:
        """Replaces the keyring of this open authority, for example after another process has
        rotated the master key. The new keyring must have every master key of the old one.
        Raises :class:`~provkey.MasterKeyError`, and then nothing has changed.
        """
        _native.replace_keyring(self._native, keyring)

    def missing_masters(self) -> list[int]:
        """The slots of master keys that the store names and this process lacks.

        If there are any, another process has rotated the master key: read the keyring file again
        and call :meth:`replace_keyring`. Until then older keys still enroll and renew, and calls
        that need the new master key raise ``master_key_missing``.
        """
        return _native.missing_masters(self._native)

    def remove_master(self, slot: int) -> None:
        """Forgets the master key in a slot, if nothing depends on it any more. Raises
        :class:`~provkey.MasterKeyError`, such as ``master_key_in_use``.
        """
        _native.remove_master(self._native, slot)

    def flush(self) -> None:
        """Stores the counts of refusals and replays that are still in memory, where they stay
        for at most ten seconds. Call it before the process ends, or to complete the audit
        trail. Raises :class:`~provkey.StoreError`, and then the counts are lost.
        """
        _native.flush(self._native)

    def query(
        self, sql: str, *, timeout: timedelta | None = None, max_rows: int | None = None
    ) -> QueryResult:
        """Runs one SELECT over the views ``provisioning_keys``, ``enrollments``,
        ``connector_groups``, ``enrollment_certificates`` and ``audit``, on its own connection.
        Use it instead of opening the store's file.

        A query may take ``timeout``, by default 10 seconds, and returns at most ``max_rows`` rows,
        by default 10,000; ``truncated`` says whether there are more. In PostgreSQL it needs a role
        for queries: docs/scaling.md. For pandas: ``pandas.DataFrame(result.rows,
        columns=result.columns)``.

        Raises :class:`~provkey.QueryError`.
        """
        return _native.query(self._native, sql, timeout=timeout, max_rows=max_rows)

    def checkpoint(self) -> str:
        """Returns a text that names the latest change that this process knows to be durable: its
        own last change, else the checkpoint that it verified, else the last audit record.

        To detect that the store was rolled back, for example because an old copy was restored, save
        this text outside of the store, and save it again after changes. An older checkpoint detects
        less, but never raises a false alarm. Raises :class:`~provkey.StoreError`.
        """
        return _native.checkpoint(self._native)

    def verify_checkpoint(self, checkpoint: str) -> None:
        """Checks that the store has the change that ``checkpoint`` names, and so all earlier
        changes. Call it after :meth:`open`, before the first enrollment, or at any time.

        It does not detect the loss of later changes. It detects nothing once the audit record of
        the change may have been pruned.

        Raises :class:`~provkey.StoreError` with the code ``store_rolled_back`` if the store lacks
        the change. Then later uses and revocations are lost, and keys may enroll beyond their
        limits: put the newer store back, or accept the loss. Raises :class:`~provkey.InputError`
        with the code ``checkpoint_invalid`` for an invalid text.
        """
        _native.verify_checkpoint(self._native, checkpoint)

    def accept_rollback(self, lost: str) -> str:
        """Accepts that the store lacks the change that the checkpoint ``lost`` names, and records
        this in the audit trail. Returns the checkpoint to save from now on. If the store has the
        change, nothing is written. Raises :class:`~provkey.InputError` and
        :class:`~provkey.StoreError`.
        """
        return _native.accept_rollback(self._native, lost)

    def prune(
        self, *, audit_before: datetime | None = None, expired_before: datetime | None = None
    ) -> Pruned:
        """Deletes old records, in many small steps: audit records from before ``audit_before``, and
        enrollments with deleted keys whose certificates expired before ``expired_before``.
        """
        return _native.prune(self._native, audit_before=audit_before, expired_before=expired_before)

    def __repr__(self) -> str:
        return f"<Authority {self.id} at {', '.join(self.hosts)}>"


def _store(store: object, *, mode: Literal["open", "open_or_create"]) -> Store:
    """The store, opened if ``store`` is an address."""
    if isinstance(store, Store):
        return store
    if not isinstance(store, str):
        raise TypeError("store must be a provkey.Store, or its address as a str")
    scheme, _, rest = store.partition(":")
    if scheme == "sqlite" and rest:
        return SqliteStore(rest, mode=mode)
    if scheme in ("postgres", "postgresql"):
        return PostgresStore(store, mode=mode)
    raise InputError(
        "the address of a store must be sqlite:PATH or postgres://...", code="store_address_invalid"
    )


def _keyring(master_key: MasterKeyInput) -> Keyring:
    if isinstance(master_key, Keyring):
        return master_key
    if isinstance(master_key, MasterKey):
        return Keyring(master_key)
    if not isinstance(master_key, str):
        return Keyring.from_file(master_key)
    raise TypeError(
        "master_key must be a MasterKey, a Keyring, or the path of its file as a pathlib.Path; "
        "a str is refused, because a secret in source code is not secret"
    )
