"""Stores that are written in Python, and what callers see of one that fails."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from conftest import site_over
from hypothesis import given
from hypothesis import strategies as st
from table_store import FakeTable, TableStore

import provkey
from provkey import StoreError
from provkey.store import (
    Applied,
    Count,
    Counter,
    Decision,
    Delete,
    Expect,
    ExpectUnused,
    Outcome,
    Put,
    Record,
    Refused,
    SetLimit,
    Unit,
    Write,
    interval,
)


class Wrapper(provkey.Store):
    """A store in Python that calls ``before``, and then another store."""

    def __init__(self, before: Callable[[str], object] = lambda call: None) -> None:
        self.inner = provkey.MemoryStore()
        self.before = before

    def get(self, keys: Sequence[bytes]) -> Sequence[Record | None]:
        self.before("get")
        return self.inner.get(keys)

    def scan(
        self, prefix: bytes, after: bytes | None, reverse: bool, limit: int
    ) -> Sequence[Record]:
        self.before("scan")
        return self.inner.scan(prefix, after, reverse, limit)

    def apply(self, units: Sequence[Unit]) -> Sequence[Outcome]:
        self.before("apply")
        return self.inner.apply(units)


@pytest.fixture(params=["memory", "sqlite", "table", "wrapper"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[provkey.Store]:
    path = tmp_path / "store.db"
    kinds: dict[str, Callable[[], Any]] = {
        "memory": provkey.MemoryStore,
        "sqlite": lambda: provkey.SqliteStore(path),
        "table": lambda: TableStore(FakeTable()),
        "wrapper": Wrapper,
    }
    made = kinds[request.param]()
    yield made
    if hasattr(made, "close"):
        made.close()


@pytest.mark.parametrize("name", provkey.conformance.CHECKS)
def test_conformance(store: provkey.Store, name: str) -> None:
    provkey.conformance.check(store, only=name)


def test_an_authority_works_in_any_store(store: provkey.Store) -> None:
    site = site_over(store)
    key = site.key(max_uses=2)
    text = site.parsed(key)
    for _ in range(2):
        site.enroll(text)
    with pytest.raises(provkey.RefusedError, match="no uses left"):
        site.enroll(text)
    assert site.authority.connectors.filter(key=key).count() == 2
    reopened = provkey.Authority.open(store, master_key=site.master)
    assert reopened.keys.get("fleet").used == 2


def test_conformance_finds_a_store_that_forgets() -> None:
    class Forgetful(Wrapper):
        def get(self, keys: Sequence[bytes]) -> Sequence[Record | None]:
            return [None for _ in keys]

    with pytest.raises(provkey.ConformanceError) as failed:
        provkey.conformance.check(Forgetful())
    assert (failed.value.code, failed.value.check) == (
        "store_nonconforming",
        "get_answers_in_order",
    )
    failures = provkey.conformance.failures(Forgetful())
    assert 5 < len(failures) < len(provkey.conformance.CHECKS)
    assert failures[0].seen
    with pytest.raises(ValueError, match="unknown check"):
        provkey.conformance.check(Wrapper(), only="none")


def test_units_are_decided() -> None:
    records = {
        b"body": Record(b"body", 7, b"x"),
        b"counter": Record(b"counter", 8, Counter(2, 3, 10)),
    }
    operations = (
        Expect(b"body", 7),
        Expect(b"new", None),
        Put(b"new", b"y"),
        Count(b"counter", 1, 20),
        SetLimit(b"limit", None),
        Delete(b"body"),
    )
    unit = Unit(operations)
    assert (unit.operations, len(unit)) == (operations, 6)
    asked = []
    decision = unit.decide(lambda key: asked.append(key) or records.get(key))  # type: ignore[func-returns-value]
    assert decision == Decision(
        writes=(
            Write(b"new", b"y"),
            Write(b"counter", Counter(3, 3, 20)),
            Write(b"limit", Counter(0, None, None)),
            Write(b"body", None),
        ),
        counters=(Counter(3, 3, 20), Counter(0, None, None)),
    )
    assert sorted(asked) == [b"body", b"counter", b"limit", b"new"], "each is read once"
    for operation, reason in (
        (Expect(b"body", None), "exists"),
        (Expect(b"none", 1), "absent"),
        (Expect(b"body", 6), "changed"),
        (ExpectUnused(b"counter"), "in_use"),
        (Count(b"counter", 2, 20), "limit_reached"),
        (Count(b"counter", -3, 20), "below_zero"),
        (Put(b"counter", b""), "wrong_kind"),
        (Count(b"counter", 0, 20), "malformed"),
    ):
        refused = Unit([Expect(b"body", 7), operation]).decide(records.get)
        assert isinstance(refused, Refused)
        assert (refused.operation, refused.reason) == (1, reason)
    with pytest.raises(TypeError, match=r"provkey\.store"):
        Unit(["put"])  # type: ignore[list-item]
    with pytest.raises(ValueError, match="1 to 512"):
        Unit([Put(b"", b"")])
    with pytest.raises(ZeroDivisionError):
        unit.decide(lambda key: 1 / 0)  # type: ignore[arg-type, return-value]


@given(
    st.sets(st.binary(min_size=1, max_size=3), max_size=12),
    st.binary(max_size=2),
    st.none() | st.binary(min_size=1, max_size=3),
    st.booleans(),
)
def test_interval_is_what_a_scan_reads(
    keys: set[bytes], prefix: bytes, after: bytes | None, reverse: bool
) -> None:
    store = provkey.MemoryStore()
    store.apply([Unit([Put(key, b"")]) for key in keys])
    start, end = interval(prefix, after, reverse)
    inside = [key for key in keys if key >= start and (end is None or key < end)]
    found = [record.key for record in store.scan(prefix, after, reverse, 100)]
    assert found == sorted(inside, reverse=reverse)


def raising(error: BaseException, call: str = "apply") -> Callable[[str], None]:
    """Returns a ``before`` that raises in one method."""

    def before(called: str) -> None:
        if called == call:
            raise error

    return before


def test_the_exception_of_a_store_is_the_cause() -> None:
    store = Wrapper()
    site = site_over(store)
    for call, attempt in (
        ("apply", lambda: site.authority.groups.create("x")),
        ("get", lambda: site.authority.groups.get("gateways")),
        ("scan", lambda: site.authority.groups.count()),
    ):
        error = LookupError("pvk1_ the message of a store is confidential")
        store.before = raising(error, call)
        with pytest.raises(StoreError) as failed:
            attempt()
        store.before = lambda call: None
        assert failed.value.__cause__ is error
        assert (failed.value.code, failed.value.retryable) == ("store_unavailable", True)
        assert failed.value.outcome_unknown
        assert "LookupError" in str(failed.value)
        assert "confidential" not in str(failed.value)
    assert site.authority.groups.count() == 1


def test_a_store_chooses_the_code() -> None:
    store = Wrapper()
    site = site_over(store)
    full = StoreError("the disk is full", code="store_full", outcome_unknown=False)
    store.before = raising(full)
    with pytest.raises(StoreError) as failed:
        site.authority.groups.create("x")
    assert failed.value.__cause__ is full
    assert str(failed.value) == "the disk is full"
    assert (failed.value.code, failed.value.outcome_unknown) == ("store_full", False)
    assert failed.value.retryable
    assert not StoreError("damaged", code="store_corrupt").retryable


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_an_interrupt_is_not_a_store_error(error: type[BaseException]) -> None:
    store = Wrapper()
    site = site_over(store)
    store.before = raising(error())
    with pytest.raises(error):
        site.authority.groups.create("x")
    store.before = lambda call: None
    site.authority.groups.create("x")


@pytest.mark.parametrize("answer", [None, (), 7, [None, None, None], ["applied"], [(1,)]])
def test_an_invalid_answer_of_a_store_is_an_error(answer: Any) -> None:
    store = Wrapper()
    site = site_over(store)
    store.apply = lambda units: answer  # type: ignore[method-assign]
    with pytest.raises(StoreError) as failed:
        site.authority.groups.create("x")
    assert failed.value.outcome_unknown
    store.get = lambda keys: answer  # type: ignore[method-assign]
    with pytest.raises((StoreError, provkey.InputError)):
        site.authority.groups.get("gateways")


def test_an_unknown_outcome_is_settled() -> None:
    """The store writes, then fails. The library asks again, and sees that the unit was applied."""
    store = Wrapper()
    site = site_over(store)
    text = site.parsed(site.key(max_uses=1))
    calls = []

    def apply(units: Sequence[Unit]) -> Sequence[Outcome]:
        calls.append(len(units))
        outcomes = store.inner.apply(units)
        if len(calls) == 1:
            raise ConnectionError("the answer was lost")
        return outcomes

    store.apply = apply  # type: ignore[method-assign]
    assert not site.enroll(text).replay
    assert calls == [1, 1]
    assert site.authority.keys.get("fleet").used == 1


def test_an_exception_reaches_every_waiting_caller() -> None:
    store = Wrapper()
    site = site_over(store)
    waiting, leader_is_in = threading.Event(), threading.Event()
    error = RuntimeError("gone")

    def before(call: str) -> None:
        if call == "apply":
            leader_is_in.set()
            waiting.wait(10)
            raise error

    text = site.parsed(site.key(max_uses=100))
    requests = [provkey.Identity.generate().request(text) for _ in range(8)]
    store.before = before

    def enroll(request: provkey.Request) -> StoreError:
        with pytest.raises(StoreError) as failed:
            site.authority.enroll(request)
        return failed.value

    with ThreadPoolExecutor(8) as pool:
        futures = [pool.submit(enroll, request) for request in requests]
        assert leader_is_in.wait(10)
        waiting.set()
        errors = [future.result(timeout=30) for future in futures]
    assert {failed.code for failed in errors} == {"store_unavailable"}
    causes = [failed.__cause__ for failed in errors]
    assert set(causes) <= {error, None}
    assert error in causes
    store.before = lambda call: None
    assert [site.authority.enroll(request).replay for request in requests] == [False] * 8


def test_a_store_that_calls_its_authority_is_refused() -> None:
    store = Wrapper()
    site = site_over(store)
    codes = []

    def before(call: str) -> None:
        with pytest.raises(StoreError) as refused:
            site.authority.groups.count()
        codes.append(refused.value.code)

    store.before = before
    site.authority.groups.get("gateways")
    assert codes == ["reentrant_call"] * len(codes)
    assert codes


def test_the_stores_of_the_library_are_instances_of_store() -> None:
    assert isinstance(provkey.MemoryStore(), provkey.Store)
    assert isinstance(Wrapper(), provkey.Store)
    assert provkey.MemoryStore().apply([Unit([Put(b"k", b"v")])]) == (Applied(()),)
    with pytest.raises(TypeError, match="abstract"):
        Half()  # type: ignore[abstract]
    with pytest.raises(TypeError, match=r"provkey\.Store"):
        provkey.Authority.create(object(), host="a", master_key=provkey.MasterKey.generate())  # type: ignore[arg-type]


class Half(provkey.Store):
    """A store that cannot be written to."""

    def get(self, keys: Sequence[bytes]) -> Sequence[Record | None]:
        return [None for _ in keys]
