"""The authority: the side that makes provisioning keys and counts their uses."""

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
    """One request of :meth:`Authority.enroll_many`: what :meth:`Authority.enroll` takes."""

    csr: CsrInput = field(repr=False)
    """The CSR, perhaps with the proof of a key in it."""
    key: KeyInput | None = field(default=None, repr=False)
    """The text of a key beside the CSR."""
    fingerprint: Fingerprint | None = None
    """The connector's fingerprint, when it stands beside the CSR."""
    address: AddressInput | None = None
    """Where the connector asks from."""


class Authority:
    """The side that makes provisioning keys and counts their uses.

    Made by :meth:`create` and :meth:`open`. All calls block, may be made from any thread, and let
    other Python threads run meanwhile. A context manager, which closes it. It belongs to the process
    that made it: after a fork every call raises :class:`~provkey.UsageError` with the code
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
        """Use :meth:`create` or :meth:`open`."""
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

        ``store`` is a :class:`~provkey.Store`, or its address: ``sqlite:PATH``. ``host`` is where
        connectors reach it, ``host`` or ``host:port`` in lower case; it stands in every key text.
        ``master_key`` is a :class:`~provkey.MasterKey`, a :class:`~provkey.Keyring` or the path of
        its file; keep it outside the store. ``trust_domain`` is the SPIFFE trust domain, by default
        the host without port. ``validity`` is that of the root, 30 years by default.

        ``clock`` gives the present as an aware datetime, by default the machine's; it is asked once
        for each call, and what it raises reaches the caller before anything has happened.
        ``observer`` is called with each :class:`~provkey.Event`, on the thread of the call; it must
        be quick and must not call the authority. ``actor`` is named in the audit trail.

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
        """Opens the authority that a store holds.

        Arguments are those of :meth:`create`. With ``host`` it is refused unless the authority has
        that host (``host_unknown``): a guard against the wrong store. Raises
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
        """Copies everything that is in one store into another, which holds nothing yet, and compares
        them record by record: so an authority moves, for example from SQLite to PostgreSQL. Nothing
        may change the first store meanwhile. Gives the number of records.

        Raises :class:`~provkey.InputError` with the code ``authority_missing`` if there is nothing
        to copy, :class:`~provkey.StoreError` with ``store_exists`` if the other store holds anything,
        and with ``store_busy`` if the first one changed.
        """
        return _native.copy_store(source, target)

    @staticmethod
    def move_store(source: Store, target: Store) -> int:
        """Moves an authority to another store, which holds nothing yet: closes the first store to all
        changes, those of processes that have it open included, and copies it as :meth:`copy_store`
        does. From then on a change there raises :class:`~provkey.StoreError` with the code
        ``store_moved``. If the copy fails, the first store is opened again. Gives the number of records.

        Raises what :meth:`copy_store` raises, and :class:`~provkey.StoreError` with
        ``store_not_recognized`` if the first store cannot be closed, as one that is written in Python.
        """
        return _native.move_store(source, target)

    @staticmethod
    def exists(store: Store) -> bool:
        """Whether a store holds an authority. Needs no master key."""
        return _native.Authority.exists(store)

    def acting_as(
        self,
        actor: str,
        *,
        admin_token: AdminToken | str | None = None,
        address: AddressInput | None = None,
    ) -> Authority:
        """The same authority, with ``actor``, and the id of the admin token and the address, named in the
        audit records of what is done through it. Longer names are cut to 256 bytes. It is closed by itself.
        Raises :class:`~provkey.InputError` for an ``admin_token`` that is no id.
        """
        token = admin_token.id if isinstance(admin_token, AdminToken) else admin_token
        return Authority(self._native.acting_as(actor, admin_token=token, address=address))

    def close(self) -> None:
        """Closes it. Later calls raise :class:`~provkey.UsageError` with the code ``used_after_close``; calls
        under way finish. A store that was given as an object stays open. Doing so twice does
        nothing.
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
            # Best effort: what waits in memory are counts that nothing depends on.
            with suppress(Exception):
                self.flush()
        finally:
            self.close()

    @property
    def id(self) -> str:
        """Its id: 12 characters."""
        return self._native.id

    @property
    def hosts(self) -> tuple[str, ...]:
        """Its hosts. The first is the one that new keys get unless they name another."""
        return tuple(self._native.hosts)

    @property
    def trust_domain(self) -> str:
        """Its SPIFFE trust domain."""
        return self._native.trust_domain

    @property
    def root(self) -> Certificate:
        """The certificate of its root."""
        return self._native.root

    def add_host(self, host: str) -> None:
        """Adds a host. Texts made for the others stay good. Other processes learn of it when they
        open the authority again. Raises :class:`~provkey.InputError`.
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

        ``csr`` is a CSR, with the proof of a key in it, or with the text of the ``key`` beside it.
        A connector that asks again gets its certificate again, at no cost. Raises
        :class:`~provkey.RefusedError` and :class:`~provkey.CsrError`. No error costs a use; if it is
        not known whether the enrollment was stored, the connector asks again.
        """
        return _native.enroll(self._native, csr, key, fingerprint, address)

    def enroll_many(self, requests: Iterable[EnrollRequest]) -> list[Enrolled | Error]:
        """Enrolls many connectors for the price of one write for each 256, in a host that has one
        thread. Gives, in the order of the requests, the answer or the error of each; it raises only
        what concerns none of them alone.
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
        """Renews the certificate of one connector, at no use of any key.

        The CSR holds the proof of renewal that :meth:`Identity.renew_request` makes; or the host
        vouches for ``client_certificate``, with which the connector has authenticated over TLS.
        Raises :class:`~provkey.RefusedError` and :class:`~provkey.CsrError`.
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
        """Revokes a connector, for ever: as :meth:`Connectors.revoke`."""
        self.connectors.revoke(connector, reason=reason)

    def compromise(
        self, key: KeyDetails | str, *, since: datetime | None = None, dry_run: bool = False
    ) -> Compromised:
        """Records that a key is compromised, which is final, and revokes what it enrolled, from ``since``
        on if that is given; of a deleted key too. With ``dry_run`` it is only counted. If it fails halfway, call it
        again. Raises :class:`~provkey.InputError` with the code ``key_not_found``.
        """
        return _native.compromise_key(self._native, id_of(key), since=since, dry_run=dry_run)

    def crl(self, certificate: EnrollmentCertificate | str | None = None) -> Crl:
        """The CRL of an enrollment certificate (record, id or name), or that of the root. Cheap to
        ask for. Raises :class:`~provkey.InputError`.
        """
        if certificate is None:
            return _native.root_crl(self._native)
        return _native.crl(self._native, id_of(certificate))

    def ocsp(self, request: bytes) -> bytes:
        """Answers an OCSP request, DER as it comes over HTTP, with the DER to send back. What cannot
        be answered is one of OCSP's own error responses.
        """
        return _native.ocsp(self._native, request)

    def issue_server_certificate(
        self, host: str, public_key: bytes, *, validity: timedelta = timedelta(days=90)
    ) -> ServerCertificate:
        """Issues a certificate for a TLS server at one of the authority's hosts, signed by the root, so
        that the pin in a key text is all that a connector needs to trust it. ``public_key`` is its
        SubjectPublicKeyInfo in DER: the private key stays with the server. It cannot be revoked: ask
        again in time. Raises :class:`~provkey.InputError` with the code ``host_unknown`` or
        ``validity_invalid``, and :class:`~provkey.CsrError` if the key is not accepted.
        """
        return _native.issue_server_certificate(self._native, host, public_key, validity=validity)

    @property
    def master_slot(self) -> int:
        """The slot of the master key that new keys are derived from."""
        return _native.master_slot(self._native)

    def rotate_master(self, keyring: Keyring) -> None:
        """Makes the current master key of ``keyring`` the one that new keys are derived from, and
        seals all CA keys anew under it. Keys made before stay good: the keyring has their master keys
        too. Save the keyring *before*; other processes need it, too: :meth:`replace_keyring`. Calling it
        again after an interruption finishes what is left. Raises :class:`~provkey.MasterKeyError`.
        """
        _native.rotate_master(self._native, keyring)

    def replace_keyring(self, keyring: Keyring) -> None:
        """Replaces the keyring of this open authority, for example by the one with the master key
        that another process has rotated to. It must have every master key that the authority knows
        now. Raises :class:`~provkey.MasterKeyError`; nothing has changed then.
        """
        _native.replace_keyring(self._native, keyring)

    def missing_masters(self) -> list[int]:
        """The slots of the master keys that the authority has in its store and this process lacks.

        If there are any, another process has rotated: read the master key file again and call
        :meth:`replace_keyring`. Until then connectors enroll and renew with the keys made before,
        and what needs the new master key raises ``master_key_missing``.
        """
        return _native.missing_masters(self._native)

    def remove_master(self, slot: int) -> None:
        """Forgets the master key of a slot that nothing stands on any more. Raises
        :class:`~provkey.MasterKeyError`, such as ``master_key_in_use``.
        """
        _native.remove_master(self._native, slot)

    def flush(self) -> None:
        """Stores the counts of refusals and replays that still wait in memory, for ten seconds at
        most. A host calls it before it ends, and whenever it likes the trail to be complete. Raises
        :class:`~provkey.StoreError`; what could not be stored is lost.
        """
        _native.flush(self._native)

    def query(
        self, sql: str, *, timeout: timedelta | None = None, max_rows: int | None = None
    ) -> QueryResult:
        """Answers one SELECT over the views for people of its store: ``provisioning_keys``,
        ``enrollments``, ``connector_groups``, ``enrollment_certificates`` and ``audit``. It does nothing
        else, on a connection of its own; use it instead of opening the store's file.

        It runs for ``timeout`` at most, 10 seconds by default, and answers ``max_rows``, 10,000 by
        default: ``truncated`` tells whether there are more. In PostgreSQL it needs a role for queries,
        see docs/scaling.md. For pandas: ``pandas.DataFrame(result.rows, columns=result.columns)``.

        Raises :class:`~provkey.QueryError`.
        """
        return _native.query(self._native, sql, timeout=timeout, max_rows=max_rows)

    def checkpoint(self) -> str:
        """Names the latest change that this process knows to be durable: the last one that it made;
        if it has made none yet, the one that it checked; or else the last one of the audit trail.

        A host that wants to notice when its store is rolled back, for instance because somebody
        restored an old copy, keeps this text outside of the store, in a file elsewhere, written anew
        after changes, as often as it likes. It may be kept late: an older checkpoint notices less, and is
        never a false alarm. Raises :class:`~provkey.StoreError`.
        """
        return _native.checkpoint(self._native)

    def verify_checkpoint(self, checkpoint: str) -> None:
        """Checks that the store has the change that ``checkpoint`` names, and so all that came before it.
        A host does so after :meth:`open`, before it enrolls anybody, and may do so again at any time.

        What it notices, precisely: that the store is of a time before that change. It does not
        notice the loss of changes after it, and nothing at all once the audit record of the change
        may have been pruned.

        Raises :class:`~provkey.StoreError` with the code ``store_rolled_back`` if the store lacks the
        change: uses that were counted since are forgotten, so keys may enroll beyond their limits,
        and so are revocations. Put the newer store back, or accept the loss. Raises
        :class:`~provkey.InputError` with the code ``checkpoint_invalid`` for what is no checkpoint.
        """
        _native.verify_checkpoint(self._native, checkpoint)

    def accept_rollback(self, lost: str) -> str:
        """Accepts that the store was rolled back, and lacks the change that ``lost`` names: this is
        written into the audit trail. Gives the checkpoint to keep from now on. If the store lacks nothing,
        nothing is written. Raises :class:`~provkey.InputError`, :class:`~provkey.StoreError`.
        """
        return _native.accept_rollback(self._native, lost)

    def prune(
        self, *, audit_before: datetime | None = None, expired_before: datetime | None = None
    ) -> Pruned:
        """Deletes old records, in many small steps: audit records from before a moment, and
        enrollments of deleted keys whose certificates expired before a moment.
        """
        return _native.prune(self._native, audit_before=audit_before, expired_before=expired_before)

    def __repr__(self) -> str:
        return f"<Authority {self.id} at {', '.join(self.hosts)}>"


def _store(store: object, *, mode: Literal["open", "open_or_create"]) -> Store:
    """The store of an address."""
    if isinstance(store, Store):
        return store
    if not isinstance(store, str):
        raise TypeError("a store is a provkey.Store, or its address as a str")
    scheme, _, rest = store.partition(":")
    if scheme == "sqlite" and rest:
        return SqliteStore(rest, mode=mode)
    if scheme in ("postgres", "postgresql"):
        return PostgresStore(store, mode=mode)
    raise InputError(
        "the address of a store is sqlite:PATH or postgres://...", code="store_address_invalid"
    )


def _keyring(master_key: MasterKeyInput) -> Keyring:
    if isinstance(master_key, Keyring):
        return master_key
    if isinstance(master_key, MasterKey):
        return Keyring(master_key)
    if not isinstance(master_key, str):
        return Keyring.from_file(master_key)
    raise TypeError(
        "master_key is a MasterKey, a Keyring, or the path of its file as a pathlib.Path; "
        "not a str, for a secret in the source is no secret"
    )
