"""Another SQLite in the process, copies of the files, and forks, while an authority has them open.

Each close of a file drops the POSIX locks of the process on it, and with SQLite's own locks
acknowledged enrollments could be lost.
"""

from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import provkey

LIMIT = 10


def open_authority(folder: Path) -> provkey.Authority:
    master = provkey.MasterKey.from_hex((folder / "master.key").read_text())
    return provkey.Authority.open(f"sqlite:{folder / 'fleet.db'}", master_key=master)


def key_text(folder: Path) -> provkey.ProvisioningKey:
    return provkey.ProvisioningKey.parse((folder / "key.txt").read_text())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    master = provkey.MasterKey.generate()
    master.save(tmp_path / "master.key")
    url = f"sqlite:{tmp_path / 'fleet.db'}"
    with provkey.Authority.create(url, host="localhost", master_key=master) as authority:
        authority.groups.create("g")
        authority.certificates.create("c")
        authority.keys.create("k", group="g", certificate="c", max_uses=LIMIT)
        (tmp_path / "key.txt").write_text(authority.keys.copy("k").expose())
    return tmp_path


def enroll(authority: provkey.Authority, key: provkey.ProvisioningKey) -> None:
    authority.enroll(provkey.Identity.generate().request(key))


def read_with_sqlite3(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("SELECT * FROM provisioning_keys").fetchall()
    connection.close()


def read_the_bytes(path: Path) -> None:
    for name in path.parent.glob("fleet.db*"):
        name.read_bytes()


def copy_the_files(path: Path) -> None:
    for name in path.parent.glob("fleet.db*"):
        shutil.copy(name, path.parent / f"copy of {name.name}")


READERS = [read_with_sqlite3, read_the_bytes, copy_the_files]


def read_in_another_process(path: Path) -> None:
    """The last process to close the file deletes its log, unless a lock is held."""
    program = f"import sqlite3; c = sqlite3.connect({str(path)!r}); c.execute('SELECT * FROM audit'); c.close()"
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


def _enroll_and_die(folder: Path, foreign: Callable[[Path], None]) -> None:
    authority = open_authority(folder)
    foreign(folder / "fleet.db")
    read_in_another_process(folder / "fleet.db")
    for _ in range(LIMIT):
        enroll(authority, key_text(folder))
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.parametrize("foreign", READERS)
def test_acknowledged_enrollments_survive_a_kill(
    folder: Path, foreign: Callable[[Path], None]
) -> None:
    process = multiprocessing.get_context("spawn").Process(
        target=_enroll_and_die, args=(folder, foreign)
    )
    process.start()
    process.join(120)
    assert process.exitcode == -signal.SIGKILL
    with open_authority(folder) as authority:
        assert authority.keys.get("k").used == LIMIT
        assert authority.connectors.count() == LIMIT


def _enroll_what_is_left(folder: Path, foreign: Callable[[Path], None], go: Any) -> int:
    authority, enrolled = open_authority(folder), 0
    foreign(folder / "fleet.db")
    go.wait()
    read_in_another_process(folder / "fleet.db")
    for _ in range(LIMIT):
        try:
            enroll(authority, key_text(folder))
            enrolled += 1
        except provkey.RefusedError as error:
            if error.code != "key_exhausted":
                raise
    return enrolled


@pytest.mark.parametrize("foreign", READERS)
def test_two_processes_stay_within_the_limit(folder: Path, foreign: Callable[[Path], None]) -> None:
    context = multiprocessing.get_context("spawn")
    with context.Manager() as manager, context.Pool(2) as pool:
        work = (folder, foreign, manager.Barrier(2))
        results = pool.starmap_async(_enroll_what_is_left, [work, work]).get(120)
    assert sum(results) == LIMIT
    with open_authority(folder) as authority:
        assert authority.keys.get("k").used == authority.connectors.count() == LIMIT


def test_a_call_waits_for_a_foreign_transaction(folder: Path) -> None:
    with open_authority(folder) as authority:
        foreign = sqlite3.connect(
            folder / "fleet.db", isolation_level=None, check_same_thread=False
        )
        foreign.execute("BEGIN IMMEDIATE")
        begun = time.monotonic()
        threading.Timer(0.5, lambda: foreign.execute("ROLLBACK")).start()
        enroll(authority, key_text(folder))
        assert time.monotonic() - begun >= 0.5
        foreign.close()
        assert authority.keys.get("k").used == 1


def test_a_foreign_change_is_refused(folder: Path) -> None:
    with open_authority(folder) as authority:
        foreign = sqlite3.connect(folder / "fleet.db")
        with pytest.raises(sqlite3.IntegrityError, match="only provkey writes to its store"):
            foreign.execute("UPDATE records SET used = 0")
        foreign.close()
        enroll(authority, key_text(folder))


@pytest.mark.parametrize("suffix", ["", "-wal", "-shm"])
def test_a_file_that_is_moved_away_is_detected(folder: Path, suffix: str) -> None:
    authority = open_authority(folder)
    (folder / f"fleet.db{suffix}").rename(folder / "elsewhere")
    for _ in range(2):
        with pytest.raises(provkey.StoreError) as broken:
            enroll(authority, key_text(folder))
        assert (broken.value.code, broken.value.retryable) == ("store_broken", False)


def _be_forked(folder: Path, inherited: provkey.Authority) -> None:
    with pytest.raises(provkey.UsageError) as refused:
        enroll(inherited, key_text(folder))
    assert refused.value.code == "used_after_fork"
    with open_authority(folder) as authority:
        enroll(authority, key_text(folder))


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_enrolls_with_an_authority_of_its_own(folder: Path) -> None:
    with open_authority(folder) as authority:
        for _ in range(LIMIT):
            read_with_sqlite3(folder / "fleet.db")
            child = os.fork()
            if child == 0:
                status = 1
                try:
                    _be_forked(folder, authority)
                    status = 0
                finally:
                    os._exit(status)
            _, status = os.waitpid(child, 0)
            assert os.waitstatus_to_exitcode(status) == 0
        read_in_another_process(folder / "fleet.db")
        assert authority.keys.get("k").used == authority.connectors.count() == LIMIT
