"""Threads, processes, and the end of the interpreter."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from conftest import Site, site_over
from test_stores import Wrapper

import provkey
from provkey.store import Record

THREADS = 8
# How many enrollments of an authority read at once. Others wait, and share the next read.
READERS = 2


def test_threads_work_at_the_same_time() -> None:
    """Two calls are inside the store at once: neither holds the interpreter or a lock."""
    barrier = threading.Barrier(READERS)

    class Meeting(Wrapper):
        meets = False

        def get(self, keys: Sequence[bytes]) -> Sequence[Record | None]:
            if self.meets:
                barrier.wait(timeout=30)
            return super().get(keys)

    store = Meeting()
    site = site_over(store)
    text = site.parsed(site.key(max_uses=READERS))
    requests = [provkey.Identity.generate().request(text) for _ in range(READERS)]
    store.meets = True
    with ThreadPoolExecutor(READERS) as pool:
        enrolled = list(pool.map(site.authority.enroll, requests))
    store.meets = False
    assert len({one.connector for one in enrolled}) == READERS
    assert site.authority.keys.get("fleet").used == READERS


def race(site: Site, text: provkey.ProvisioningKey, each: int) -> list[str]:
    """Each thread enrolls new connectors. Returns the id or the code for each."""

    def work(_: int) -> list[str]:
        outcomes = []
        for _ in range(each):
            try:
                outcomes.append(site.enroll(text).connector)
            except provkey.RefusedError as error:
                outcomes.append(error.code)
        return outcomes

    with ThreadPoolExecutor(THREADS) as pool:
        return [one for outcomes in pool.map(work, range(THREADS)) for one in outcomes]


@pytest.mark.parametrize("kind", ["memory", "sqlite", "python"])
def test_threads_never_exceed_the_limit(kind: str, tmp_path: Path) -> None:
    stores: dict[str, Callable[[], provkey.Store]] = {
        "memory": provkey.MemoryStore,
        "sqlite": lambda: provkey.SqliteStore(tmp_path / "store.db"),
        "python": Wrapper,
    }
    site = site_over(stores[kind]())
    key = site.key(max_uses=50)
    outcomes = race(site, site.parsed(key), each=10)
    assert outcomes.count("key_exhausted") == THREADS * 10 - 50
    assert len(set(outcomes)) == 51
    assert site.authority.keys.get(key).used == 50
    assert site.authority.connectors.filter(key=key).count() == 50


def test_threads_may_share_an_identity(site: Site) -> None:
    identity, key = provkey.Identity.generate(), site.parsed(site.key())
    with ThreadPoolExecutor(THREADS) as pool:
        requests = list(pool.map(lambda _: identity.request(key), range(50)))
    assert len({site.authority.enroll(request).connector for request in requests}) == 1


def _use_in_child(path: Path, *things: object) -> int:
    """Runs in a forked process. Returns how many calls were refused as used after the fork."""
    refused = 0
    for call in things:
        try:
            call()  # type: ignore[operator]
        except provkey.UsageError as error:
            refused += error.code == "used_after_fork"
    things = ()
    master = provkey.MasterKey.from_hex((path / "master.key").read_text())
    with provkey.Authority.open(f"sqlite:{path / 'store.db'}", master_key=master) as authority:
        authority.groups.create("made in the child")
    return refused


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_is_refused_with_a_code(tmp_path: Path) -> None:
    store = provkey.SqliteStore(tmp_path / "store.db")
    site = site_over(store)
    site.master.save(tmp_path / "master.key")
    identity, memory = provkey.Identity.generate(), provkey.MemoryStore()
    things = (
        site.authority.groups.count,
        lambda: site.authority.id,
        lambda: site.authority.acting_as("child"),
        lambda: store.get([b"key"]),
        lambda: memory.get([b"key"]),
        lambda: identity.public_key,
        lambda: provkey.Authority.exists(store),
    )
    child = os.fork()
    if child == 0:
        status = 99
        try:
            status = _use_in_child(tmp_path, *things)
            del site, store
        finally:
            os._exit(status)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == len(things)
    assert [group.name for group in site.authority.groups] == ["gateways", "made in the child"]


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
@pytest.mark.parametrize("kind", ["memory", "sqlite"])
def test_a_child_forked_while_threads_enroll_is_refused(kind: str, tmp_path: Path) -> None:
    stores: dict[str, Callable[[], provkey.Store]] = {
        "memory": provkey.MemoryStore,
        "sqlite": lambda: provkey.SqliteStore(tmp_path / "store.db"),
    }
    site = site_over(stores[kind]())
    text, stop = site.parsed(site.key(max_uses=10**6)), threading.Event()

    def work() -> int:
        count = 0
        while not stop.is_set():
            site.enroll(text)
            count += 1
        return count

    calls: tuple[Callable[[], object], ...] = (
        lambda: site.authority.enroll(b""),
        lambda: site.authority.query("SELECT 1"),
        site.authority.flush,
    )
    with ThreadPoolExecutor(4) as pool:
        counts = [pool.submit(work) for _ in range(4)]
        for _ in range(20):
            child = os.fork()
            if child == 0:
                status = 99
                try:
                    signal.alarm(20)
                    status = 0
                    for call in calls:
                        try:
                            call()
                        except provkey.UsageError as error:
                            status += error.code == "used_after_fork"
                finally:
                    os._exit(status)
            _, status = os.waitpid(child, 0)
            assert os.waitstatus_to_exitcode(status) == len(calls)
        stop.set()
    assert site.authority.keys.get("fleet").used == sum(count.result() for count in counts)


SHUTDOWN = """
import sys, threading, time
sys.path[:0] = sys.argv[1:]
import provkey
from conftest import site_over
from test_stores import Wrapper

site = site_over(Wrapper())
text = site.parsed(site.key(max_uses=10**9))
def work():
    while True:
        site.enroll(text)
for _ in range(8):
    threading.Thread(target=work, daemon=True).start()
while site.authority.keys.get("fleet").used < 20:
    time.sleep(0.001)
print("the end")
"""


def test_the_interpreter_may_end_during_calls() -> None:
    """The main thread ends while other threads are in the library and in a Python store."""
    paths = [path for path in sys.path if path.endswith(("tests", "examples"))]
    for _ in range(5):
        run = subprocess.run(
            [sys.executable, "-c", SHUTDOWN, *paths],
            capture_output=True,
            text=True,
            timeout=60,
            cwd="/",
        )
        assert (run.returncode, run.stdout, run.stderr) == (0, "the end\n", "")
