"""A store over a service with conditional writes, such as DynamoDB, etcd or Redis with WATCH.

Such a service reads items together, and writes items together if other items have not changed. A
store needs no more: read the records that a unit depends on, decide the unit, and write if nothing
has changed; otherwise start over. The service here is a fake in memory. The docstrings of
``FakeTable`` name the real calls.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Mapping, Sequence

import provkey
from provkey.store import (
    BATCH_UNITS_MAX,
    GET_KEYS_MAX,
    SCAN_RECORDS_MAX,
    Applied,
    Decision,
    Outcome,
    Record,
    Refused,
    Unit,
    check_size,
    interval,
)

ATTEMPTS_MAX = 100


class FakeTable:
    """The service: items with versions, which are read and written together."""

    def __init__(self) -> None:
        self._items: dict[bytes, Record] = {}
        self._lock = threading.Lock()

    def read(self, keys: Sequence[bytes]) -> list[Record | None]:
        """TransactGetItems of DynamoDB, one Txn of etcd, MGET of Redis."""
        with self._lock:
            return [self._items.get(key) for key in keys]

    def query(self, start: bytes, end: bytes | None, reverse: bool, limit: int) -> list[Record]:
        """Query of DynamoDB, Range of etcd, ZRANGEBYLEX of Redis."""
        with self._lock:
            keys = [key for key in self._items if key >= start and (end is None or key < end)]
            return [self._items[key] for key in sorted(keys, reverse=reverse)[:limit]]

    def write(
        self, expected: Mapping[bytes, int | None], new: Mapping[bytes, Record | None]
    ) -> bool:
        """TransactWriteItems with conditions, Txn with compares, WATCH and MULTI: writes all
        items, if each expected item still has its version, or is still absent.
        """
        with self._lock:
            versions = {key: item.version for key in expected if (item := self._items.get(key))}
            if any(versions.get(key) != version for key, version in expected.items()):
                return False
            for key, item in new.items():
                if item is None:
                    self._items.pop(key, None)
                else:
                    self._items[key] = item
            return True


class TableStore(provkey.Store):
    """Each unit is one conditional write."""

    def __init__(self, table: FakeTable) -> None:
        """A store over this table, which other stores may use at the same time."""
        self._table = table

    def get(self, keys: Sequence[bytes]) -> list[Record | None]:
        """Reads records by key."""
        check_size("keys", len(keys), GET_KEYS_MAX)
        return self._table.read(keys)

    def scan(self, prefix: bytes, after: bytes | None, reverse: bool, limit: int) -> list[Record]:
        """Reads records in the order of their keys."""
        check_size("records", limit, SCAN_RECORDS_MAX)
        start, end = interval(prefix, after, reverse)
        return self._table.query(start, end, reverse, limit)

    def apply(self, units: Sequence[Unit]) -> list[Outcome]:
        """Applies units in order."""
        check_size("units", len(units), BATCH_UNITS_MAX)
        return [self._apply(unit) for unit in units]

    def _apply(self, unit: Unit) -> Outcome:
        for _ in range(ATTEMPTS_MAX):
            # Read together, because a unit is decided on one state.
            keys = list({_key(operation) for operation in unit.operations})
            found = dict(zip(keys, self._table.read(keys), strict=True))
            decision = unit.decide(lambda key, found=found: found[key])  # type: ignore[misc]
            if isinstance(decision, Refused):
                return decision
            expected = {key: None if item is None else item.version for key, item in found.items()}
            if self._table.write(expected, _items(decision)):
                return Applied(decision.counters)
        # Earlier units of the batch are applied, so the outcome is unknown.
        raise provkey.StoreError("the same items keep changing", code="store_busy")


def _key(operation: provkey.store.Operation) -> bytes:
    return operation.key if hasattr(operation, "key") else operation.counter


def _items(decision: Decision) -> dict[bytes, Record | None]:
    # A random version is never used again, not even after the item was deleted.
    version = secrets.randbits(63)
    return {
        write.key: None if write.value is None else Record(write.key, version, write.value)
        for write in decision.writes
    }


def main() -> None:
    """Checks the store, then shares it between two authorities, as if on two machines."""
    provkey.conformance.check(TableStore(FakeTable()))
    print(f"{len(provkey.conformance.CHECKS)} checks passed")
    table, master_key = FakeTable(), provkey.MasterKey.generate()
    one = provkey.Authority.create(TableStore(table), host="localhost", master_key=master_key)
    other = provkey.Authority.open(TableStore(table), master_key=master_key)
    one.groups.create("gateways")
    print("seen by the other:", [group.name for group in other.groups])


if __name__ == "__main__":
    main()
