"""Stores in PostgreSQL, and an authority that moves there."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import site_over

import provkey


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """A database of a server of our own, which ends with its standard input."""
    program = os.environ["PROVKEY_TEST_POSTGRES"]
    with subprocess.Popen(
        [program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        yield server.stdout.readline().strip()
        server.stdin.close()
        assert server.wait(timeout=60) == 0


def test_an_authority_moves_to_postgres(url: str, tmp_path: Path) -> None:
    path = tmp_path / "authority.db"
    with provkey.SqliteStore(path) as file:
        site = site_over(file)
        key = site.key(max_uses=2)
        parsed = site.parsed(key)
        identity = provkey.Identity.generate()
        enrolled = site.authority.enroll(identity.request(parsed))
        with provkey.PostgresStore(url, mode="create", connections_max=2) as database:
            assert provkey.Authority.copy_store(file, database) > 5
            with pytest.raises(provkey.StoreError) as twice:
                provkey.Authority.copy_store(file, database)
            assert twice.value.code == "store_exists"
        with provkey.SqliteStore(tmp_path / "moved.db") as moved:
            assert provkey.Authority.move_store(file, moved) > 5
        with pytest.raises(provkey.StoreError) as late:
            site.authority.groups.create("too late")
        assert late.value.code == "store_moved"
        assert not late.value.retryable

    with provkey.Authority.open(url, master_key=site.master, clock=site.clock) as authority:
        assert authority.keys.get(key.id).used == 1
        again = authority.enroll(identity.request(parsed))
        assert again.replay
        assert again.chain == enrolled.chain
        authority.enroll(provkey.Identity.generate().request(parsed))
        with pytest.raises(provkey.RefusedError) as refused:
            authority.enroll(provkey.Identity.generate().request(parsed))
        assert refused.value.code == "key_exhausted"


def test_postgres_passes_the_conformance_suite(url: str) -> None:
    with provkey.PostgresStore(url) as store:
        assert isinstance(store, provkey.Store)
        provkey.conformance.check(store)
        for mode in ("create", "nonsense"):
            with pytest.raises((provkey.StoreError, ValueError)):
                provkey.PostgresStore(url, mode=mode)  # type: ignore[arg-type]


def test_nothing_is_copied_from_nothing() -> None:
    with pytest.raises(provkey.InputError) as error:
        provkey.Authority.copy_store(provkey.MemoryStore(), provkey.MemoryStore())
    assert error.value.code == "authority_missing"


def test_a_server_that_is_away_is_said_to_be_away_without_its_password() -> None:
    url = "postgres://someone:hunter2@127.0.0.1:1/nothing?sslmode=disable"
    with pytest.raises(provkey.StoreError) as error:
        provkey.PostgresStore(url)
    assert error.value.code == "store_unavailable"
    assert error.value.retryable
    assert "hunter2" not in str(error.value) + repr(error.value)
