"""Queries over the views, and what a query must not do."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
from conftest import Site, site_over
from test_stores import Wrapper

import provkey


@pytest.fixture
def stored(tmp_path: Path) -> Site:
    return site_over(provkey.SqliteStore(tmp_path / "store.db"))


def test_a_query_reads_a_view(stored: Site) -> None:
    stored.enroll(stored.parsed(stored.key(max_uses=5)))
    found = stored.authority.query("SELECT name, used, max_uses, expires_at FROM provisioning_keys")
    assert found.columns == ["name", "used", "max_uses", "expires_at"]
    assert found.rows == list(found) == [("fleet", 1, 5, None)]
    assert (len(found), found.truncated) == (1, False)
    assert found.to_dicts() == [{"name": "fleet", "used": 1, "max_uses": 5, "expires_at": None}]
    assert json.loads(json.dumps(found.to_dict())) == {
        "columns": found.columns,
        "rows": [["fleet", 1, 5, None]],
    }
    values = stored.authority.query("SELECT 0.5, x'00ff', 'text'")
    assert values.rows == [(0.5, b"\x00\xff", "text")]
    more = stored.authority.query("SELECT * FROM audit", max_rows=2)
    assert (len(more), more.truncated, more.to_dict()["truncated"]) == (2, True, True)


def test_other_statements_are_refused(stored: Site, tmp_path: Path) -> None:
    def refused(sql: str, code: str, timeout: timedelta | None = None) -> None:
        with pytest.raises(provkey.QueryError) as raised:
            stored.authority.query(sql, timeout=timeout)
        assert (raised.value.code, raised.value.retryable) == (code, False)

    for sql in (
        "SELECT * FROM records",
        "WITH audit AS (SELECT * FROM records) SELECT * FROM audit",
        "SELECT 1; SELECT 2",
        "DELETE FROM sequence",
        "PRAGMA journal_mode = delete",
        f"ATTACH '{tmp_path / 'other.db'}' AS other",
        "SELECT load_extension('x')",
    ):
        refused(sql, "query_refused")
    refused("SELECT nothing FROM audit", "query_failed")
    endless = "WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n FROM t) SELECT count(*) FROM t"
    refused(endless, "query_timed_out", timeout=timedelta(milliseconds=100))
    assert not (tmp_path / "other.db").exists()
    assert stored.authority.groups.count() == 1


@pytest.mark.parametrize("kind", [provkey.MemoryStore, Wrapper])
def test_a_store_without_views_refuses(kind: type[provkey.Store]) -> None:
    with pytest.raises(provkey.QueryError) as raised:
        site_over(kind()).authority.query("SELECT 1")
    assert raised.value.code == "query_refused"
