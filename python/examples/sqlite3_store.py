"""A store over the standard library's sqlite3: a whole store in a hundred lines.

It passes ``provkey.conformance``. ``provkey.SqliteStore`` is another over the same database engine,
several times faster; this one shows how a store is written over any SQL database.
"""

from __future__ import annotations

import queue
import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import provkey
from provkey.store import (
    BATCH_UNITS_MAX,
    GET_KEYS_MAX,
    SCAN_RECORDS_MAX,
    Applied,
    Counter,
    Outcome,
    Record,
    Refused,
    Unit,
    Value,
    check_size,
    interval,
)

SCHEMA = """
CREATE TABLE IF NOT EXISTS records (
    key BLOB PRIMARY KEY, version INTEGER NOT NULL,
    body BLOB, used INTEGER, count_limit INTEGER, last_at_ms INTEGER
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS sequence (latest INTEGER NOT NULL);
INSERT INTO sequence SELECT 0 WHERE NOT EXISTS (SELECT * FROM sequence);
"""
COLUMNS = "key, version, body, used, count_limit, last_at_ms"


class Sqlite3Store(provkey.Store):
    """Records in one table. The number of the latest unit is the version of what it wrote."""

    def __init__(self, path: str | Path) -> None:
        """Opens the store in a file, which is made if there is none."""
        self._path = path
        # Any thread takes any connection, one thread at a time.
        self._idle: queue.SimpleQueue[sqlite3.Connection] = queue.SimpleQueue()
        with self._transaction("IMMEDIATE") as connection:
            for statement in SCHEMA.split(";"):
                connection.execute(statement)

    def get(self, keys: Sequence[bytes]) -> list[Record | None]:
        """Reads records by key."""
        check_size("keys", len(keys), GET_KEYS_MAX)
        with self._transaction("DEFERRED") as connection:
            return [_read(connection, key) for key in keys]

    def scan(self, prefix: bytes, after: bytes | None, reverse: bool, limit: int) -> list[Record]:
        """Reads records in the order of their keys."""
        check_size("records", limit, SCAN_RECORDS_MAX)
        start, end = interval(prefix, after, reverse)
        order = "DESC" if reverse else "ASC"
        query = f"""SELECT {COLUMNS} FROM records
            WHERE key >= ?1 AND (?2 IS NULL OR key < ?2) ORDER BY key {order} LIMIT ?3"""
        with self._transaction("DEFERRED") as connection:
            return [_record(row) for row in connection.execute(query, (start, end, limit))]

    def apply(self, units: Sequence[Unit]) -> list[Outcome]:
        """Applies units, all in one transaction: one wait for the disk."""
        check_size("units", len(units), BATCH_UNITS_MAX)
        with self._transaction("IMMEDIATE") as connection:
            return [_apply(connection, unit) for unit in units]

    def close(self) -> None:
        """Closes all connections that are not in use."""
        while not self._idle.empty():
            self._idle.get().close()

    @contextmanager
    def _transaction(self, kind: str) -> Iterator[sqlite3.Connection]:
        connection = self._connection()
        try:
            try:
                connection.execute(f"BEGIN {kind}")
            except sqlite3.OperationalError as error:
                # Nothing was done, and this is worth another try.
                raise provkey.StoreError(
                    "the database is busy", code="store_busy", outcome_unknown=False
                ) from error
            try:
                yield connection
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            # What this raises leaves it open whether the transaction is on the disk: the library
            # takes any exception for that, and finds out.
            connection.execute("COMMIT")
        finally:
            self._idle.put(connection)

    def _connection(self) -> sqlite3.Connection:
        try:
            return self._idle.get_nowait()
        except queue.Empty:
            pass
        connection = sqlite3.connect(
            self._path, timeout=10, isolation_level=None, check_same_thread=False
        )
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        return connection


def _record(row: tuple[bytes, int, bytes | None, int, int | None, int | None]) -> Record:
    key, version, body, used, limit, last_at_ms = row
    value = Counter(used, limit, last_at_ms) if body is None else body
    return Record(key, version, value)


def _read(connection: sqlite3.Connection, key: bytes) -> Record | None:
    row = connection.execute(f"SELECT {COLUMNS} FROM records WHERE key = ?", (key,)).fetchone()
    return row and _record(row)


def _apply(connection: sqlite3.Connection, unit: Unit) -> Outcome:
    decision = unit.decide(lambda key: _read(connection, key))
    if isinstance(decision, Refused):
        return decision
    connection.execute("UPDATE sequence SET latest = latest + 1")
    (version,) = connection.execute("SELECT latest FROM sequence").fetchone()
    for write in decision.writes:
        if write.value is None:
            connection.execute("DELETE FROM records WHERE key = ?", (write.key,))
        else:
            connection.execute(
                "INSERT OR REPLACE INTO records VALUES (?, ?, ?, ?, ?, ?)",
                (write.key, version, *_columns(write.value)),
            )
    return Applied(decision.counters)


def _columns(value: Value) -> tuple[bytes | None, int | None, int | None, int | None]:
    if isinstance(value, Counter):
        return None, value.used, value.limit, value.last_at_ms
    return value, None, None, None


def main() -> None:
    """Checks the store, then lets an authority live in it."""
    with tempfile.TemporaryDirectory() as directory:
        store = Sqlite3Store(Path(directory) / "authority.db")
        provkey.conformance.check(store)
        print(f"{len(provkey.conformance.CHECKS)} checks passed")
        master_key = provkey.MasterKey.generate()
        with provkey.Authority.create(store, host="localhost", master_key=master_key) as authority:
            authority.groups.create("gateways")
            print("groups:", [group.name for group in authority.groups])
        store.close()


if __name__ == "__main__":
    main()
