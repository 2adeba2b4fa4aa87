"""Stores: where an authority stores its records.

Your own store is a subclass of :class:`Store` with three methods. It stores ordered records with
versions, and only :meth:`Store.apply` changes them. Run :func:`provkey.conformance.check` on it.

What a store promises:

- A *record* has a key (1 to 512 bytes, ordered bytewise), a version and a value: a body of bytes
  (at most 64 KiB), or a :class:`Counter`.
- Each change of a record gives it a version that its key never had before, even if the record was
  deleted meanwhile.
- ``get`` and ``scan`` each see one snapshot, in which no unit is half applied.
- ``apply`` applies each :class:`Unit` completely or not at all, in order. A unit sees what earlier
  units wrote. A refused unit does not affect the others.
- An applied unit is durable, if the store is.

Many threads call the methods at once. If a method raises, every waiting caller gets a
:class:`~provkey.StoreError`; only the caller whose thread ran the method gets the exception as its
cause. Raise ``StoreError`` yourself to choose the code, and to say that nothing was done.
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
"""The most keys of one ``get``."""
SCAN_RECORDS_MAX = 1024
"""The most records of one ``scan``."""
BATCH_UNITS_MAX = 256
"""The most units of one ``apply``."""


@dataclass(frozen=True, slots=True)
class Counter:
    """A counter that never passes its limit."""

    used: int
    """The count."""
    limit: int | None
    """The most that may be counted; None: up to 2**63 - 1."""
    last_at_ms: int | None
    """When something was last counted, in Unix milliseconds."""


Value = Union[bytes, Counter]
"""The value of a record."""


@dataclass(frozen=True, slots=True)
class Record:
    """A record that was read."""

    key: bytes
    """Its key."""
    version: int
    """Its version, from 0 to 2**64 - 1, which is never used twice for one key."""
    value: Value
    """Its value."""


@dataclass(frozen=True, slots=True)
class Expect:
    """Checks that the record has this version, or with None that it does not exist."""

    key: bytes
    """The record, a body or a counter."""
    version: int | None
    """The required version; None: the record must not exist."""


@dataclass(frozen=True, slots=True)
class ExpectUnused:
    """Checks that the counter exists and is at 0."""

    counter: bytes
    """The counter."""


@dataclass(frozen=True, slots=True)
class Put:
    """Writes a body, whether or not the record exists. Refused if it is a counter."""

    key: bytes
    """The record."""
    body: bytes
    """Its new body."""


@dataclass(frozen=True, slots=True)
class Delete:
    """Deletes a record, body or counter, if it exists."""

    key: bytes
    """The record."""


@dataclass(frozen=True, slots=True)
class SetLimit:
    """Sets the limit of a counter and keeps ``used``. Creates a missing counter at 0."""

    counter: bytes
    """The counter."""
    limit: int | None
    """Its new limit."""


@dataclass(frozen=True, slots=True)
class Count:
    """Adds to a counter. Refused beyond its limit, below 0, or if the counter does not exist."""

    counter: bytes
    """The counter."""
    by: int
    """The amount, not 0."""
    at_ms: int
    """The time, in Unix milliseconds."""


Operation = Union[Expect, ExpectUnused, Put, Delete, SetLimit, Count]
"""One operation of a unit."""


@dataclass(frozen=True, slots=True)
class Write:
    """One write of a decided unit."""

    key: bytes
    """The record. A unit writes each record at most once."""
    value: Value | None
    """Its new value; None deletes it."""


@dataclass(frozen=True, slots=True)
class Decision:
    """The decision on a unit whose checks all passed."""

    writes: tuple[Write, ...]
    """What to write atomically."""
    counters: tuple[Counter, ...]
    """The counters for :class:`Applied`."""


@dataclass(frozen=True, slots=True)
class Applied:
    """A unit was applied."""

    counters: tuple[Counter, ...]
    """The counters that it counted on or limited, in the order of the operations, as the unit left
    them."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A unit was refused, and nothing of it was applied."""

    operation: int
    """The index of the first operation whose check failed."""
    reason: Reason
    """Why the check failed."""
    record: Record | None
    """The record that failed the check, if it exists."""


Outcome = Union[Applied, Refused]
"""The outcome of one unit."""


def check_size(what: str, size: int, size_max: int) -> None:
    """Raises :class:`~provkey.StoreError` if a request is too large, as every store must:
    ``check_size("keys", len(keys), GET_KEYS_MAX)``.
    """
    if size > size_max:
        raise StoreError(
            f"{size} {what} in one request; at most {size_max} are allowed",
            code="store_request_too_large",
            outcome_unknown=False,
        )


def interval(prefix: bytes, after: bytes | None, reverse: bool) -> tuple[bytes, bytes | None]:
    """The interval of keys that a ``scan`` reads: from the first one, included, to the second one,
    excluded; None means no end. It is empty if the first is not below the second.
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
    """Ordered records with versions. The module says what a store promises.

    ``SqliteStore``, ``PostgresStore`` and ``MemoryStore`` are stores too.
    """

    @abstractmethod
    def get(self, keys: Sequence[bytes]) -> Sequence[Record | None]:
        """Reads at most 4096 records in one snapshot, in the order of ``keys``; None for a missing
        record.
        """

    @abstractmethod
    def scan(
        self, prefix: bytes, after: bytes | None, reverse: bool, limit: int
    ) -> Sequence[Record]:
        """Reads at most ``limit`` records (up to 1024) in one snapshot, in byte order, or with
        ``reverse`` in the opposite order: those whose keys begin with ``prefix`` and follow
        ``after`` in this order. ``after`` itself is excluded and need not exist.
        """

    @abstractmethod
    def apply(self, units: Sequence[Unit]) -> Sequence[Outcome]:
        """Applies each of at most 256 units atomically, in order, independently of the others.
        :meth:`Unit.decide` decides a unit.
        """
