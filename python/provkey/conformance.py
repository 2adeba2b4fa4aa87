"""What every store must do, as a suite that any store author runs.

The checks need a working store, not an empty one: each has its own keys, under
``conformance/<run>/<check>/``, and removes them at its end if it passed. Some call the store from
several threads.

In a test suite::

    @pytest.mark.parametrize("name", provkey.conformance.CHECKS)
    def test_store(name: str) -> None:
        provkey.conformance.check(MyStore(), only=name)
"""

from __future__ import annotations

import secrets

from . import _native
from .errors import ConformanceError
from .store import Store

__all__ = ["CHECKS", "check", "failures"]

CHECKS: tuple[str, ...] = tuple(_native.conformance_checks())
"""The names of all checks, in the order in which they run."""


def check(store: Store, *, only: str | None = None, run: str | None = None) -> None:
    """Runs all checks, or only one, on a store.

    ``run`` names the run, in at most 100 bytes; runs that share a store need names that differ, so
    by default it is drawn. Raises :class:`~provkey.ConformanceError` for the first check that the
    store did not pass, and ``ValueError`` if there is no check of that name.
    """
    run = run or secrets.token_hex(4)
    for name in CHECKS if only is None else (only,):
        seen = _native.run_conformance_check(store, name, run)
        if seen is not None:
            raise ConformanceError(name, seen)


def failures(store: Store, *, run: str | None = None) -> list[ConformanceError]:
    """Runs all checks, each to its end, and gives those that the store did not pass."""
    run = run or secrets.token_hex(4)
    seen = ((name, _native.run_conformance_check(store, name, run)) for name in CHECKS)
    return [ConformanceError(name, what) for name, what in seen if what is not None]
