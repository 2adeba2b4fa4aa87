"""Stores: where an authority keeps everything.

A store of your own is a subclass of :class:`Store` with three methods. It keeps ordered records
with versions, and has one verb that changes anything: :meth:`Store.apply`. Run
:func:`provkey.conformance.check` on it.

What a store promises:

- A *record* has a key (1 to 512 bytes, ordered bytewise), a version and a value: a body of bytes
  (at most 64 KiB), or a :class:`Counter`.
- Each change of a record gives it a version that this key never had before, even if the record was
  deleted in between.
- ``get`` and ``scan`` each see one snapshot: no unit half applied.
- ``apply`` applies each :class:`Unit` wholly or not at all, in the order given. A later unit sees
  what an earlier one wrote. One refused unit leaves its neighbours alone.
- What is reported as applied is durable, if the store is.

Its methods are called from many threads at once, without any lock held. An exception that it raises
reaches every caller that waits, as a :class:`~provkey.StoreError`; the one that ran it has it as its
cause. Raise ``StoreError`` itself to choose the code, and to say that nothing was done.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, Union, runtime_checkable

from ._native import MemoryStore, PostgresStore, SqliteStore, Unit
from .enums import Reason
from .errors import StoreError

__all__ = [
    "BATCH_UNITS_MAX",
    "GET_KEYS_MAX",
    "SCAN_RECORDS_MAX",
    "Applied",
    "Count",
    "Counter",
    "Decision",
    "Delete",
    "Expect",
    "ExpectUnused",
    "MemoryStore",
    "Operation",
    "Outcome",
    "PostgresStore",
    "Put",
    "Record",
    "Refused",
    "SetLimit",
    "SqliteStore",
    "Store",
    "Unit",
    "Value",
    "Write",
    "check_size",
    "interval",
]

GET_KEYS_MAX = 4096
"""Most keys of one ``get``."""
SCAN_RECORDS_MAX = 1024
"""Most records of one ``scan``."""
BATCH_UNITS_MAX = 256
"""Most units of one ``apply``."""


@dataclass(frozen=True, slots=True)
class Counter:
    """A counter that never passes its limit."""

    used: int
    """How much has been counted."""
    limit: int | None
    """The most that may be counted; None: up to 2**63 - 1."""
    last_at_ms: int | None
    """The latest moment at which something was counted, in Unix milliseconds."""


Value = Union[bytes, Counter]
"""What a record holds."""


@dataclass(frozen=True, slots=True)
class Record:
    """A record as it was read."""

    key: bytes
    """Its key."""
    version: int
    """Its version, from 0 to 2**64 - 1: never the same twice for one key."""
    value: Value
    """What it holds."""


@dataclass(frozen=True, slots=True)
class Expect:
    """Checks that the record has this version, or with None that there is no such record."""

    key: bytes
    """The record, a body or a counter."""
    version: int | None
    """The version that it must have."""


@dataclass(frozen=True, slots=True)
class ExpectUnused:
    """Checks that the counter exists and stands at 0."""

    counter: bytes
    """The counter."""


@dataclass(frozen=True, slots=True)
class Put:
    """Writes a body, whether or not there was one. Refused if the record is a counter."""

    key: bytes
    """The record."""
    body: bytes
    """Its new body."""


@dataclass(frozen=True, slots=True)
class Delete:
    """Deletes a record, body or counter, if there is one."""

    key: bytes
    """The record."""


@dataclass(frozen=True, slots=True)
class SetLimit:
    """Sets the limit of a counter and keeps ``used``; makes the counter, at 0, if there is none."""

    counter: bytes
    """The counter."""
    limit: int | None
    """Its new limit."""


@dataclass(frozen=True, slots=True)
class Count:
    """Adds to a counter, within its limit and not below 0; refused if there is none."""

    counter: bytes
    """The counter."""
    by: int
    """How much, not 0."""
    at_ms: int
    """When, in Unix milliseconds."""


Operation = Union[Expect, ExpectUnused, Put, Delete, SetLimit, Count]
"""One operation of a unit."""


@dataclass(frozen=True, slots=True)
class Write:
    """What to write of a unit that was decided."""

    key: bytes
    """The record. No two writes of one unit have the same."""
    value: Value | None
    """Its new value; None: delete it."""


@dataclass(frozen=True, slots=True)
class Decision:
    """A unit whose checks have all passed."""

    writes: tuple[Write, ...]
    """What to write, all together."""
    counters: tuple[Counter, ...]
    """What :class:`Applied` has to tell."""


@dataclass(frozen=True, slots=True)
class Applied:
    """All of a unit happened."""

    counters: tuple[Counter, ...]
    """The counters that it counted on or limited, in the order of the operations, as they stood
    right after the unit."""


@dataclass(frozen=True, slots=True)
class Refused:
    """Nothing of a unit happened, for this was its first operation whose check failed."""

    operation: int
    """The index of the operation."""
    reason: Reason
    """Why."""
    record: Record | None
    """The record that stood in the way, as it was."""


Outcome = Union[Applied, Refused]
"""What came of one unit."""


def check_size(what: str, size: int, size_max: int) -> None:
    """Raises :class:`~provkey.StoreError` for a request that is too large, as every store has to:
    ``check_size("keys", len(keys), GET_KEYS_MAX)``.
    """
    if size > size_max:
        raise StoreError(
            f"{size} {what} in one request, at most {size_max} are allowed",
            code="store_request_too_large",
            outcome_unknown=False,
        )


def interval(prefix: bytes, after: bytes | None, reverse: bool) -> tuple[bytes, bytes | None]:
    """What a ``scan`` reads, as an interval of keys: from the first, included, to the second,
    excluded, or without an end. It holds nothing when they meet or cross.
    """
    start, end = prefix, None
    stem = prefix.rstrip(b"\xff")
    if stem:
        end = stem[:-1] + bytes([stem[-1] + 1])
    if after is not None and reverse:
        end = after if end is None else min(end, after)
    elif after is not None:
        start = max(start, after + b"\0")
    return start, end


@runtime_checkable
class Store(Protocol):
    """Ordered records with versions. See the module for what is promised.

    ``SqliteStore``, ``PostgresStore`` and ``MemoryStore`` are stores, too.
    """

    @abstractmethod
    def get(self, keys: Sequence[bytes]) -> Sequence[Record | None]:
        """Reads at most 4096 records, in one snapshot, in the order of ``keys``; None for one that
        is not there.
        """

    @abstractmethod
    def scan(
        self, prefix: bytes, after: bytes | None, reverse: bool, limit: int
    ) -> Sequence[Record]:
        """Reads at most ``limit`` records (up to 1024) in byte order, or with ``reverse`` from the
        last to the first, in one snapshot: those whose keys begin with ``prefix`` and stand beyond
        ``after`` in the direction of the scan. ``after`` itself is left out and need not exist.
        """

    @abstractmethod
    def apply(self, units: Sequence[Unit]) -> Sequence[Outcome]:
        """Applies each of at most 256 units atomically, in order, independently of the others.
        :meth:`Unit.decide` decides one.
        """
