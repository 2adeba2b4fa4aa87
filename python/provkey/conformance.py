"""The conformance suite, which every store must pass.

The store need not be empty: each check writes under ``conformance/<run>/<check>/``, and deletes its
records if it passes. Some checks call the store from several threads.

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
    """Runs all checks, or only the one named ``only``, on a store.

    ``run`` names the run, in at most 100 bytes. Runs that share a store need different names; the
    default is random. Raises :class:`~provkey.ConformanceError` for the first check that the store
    fails, and ``ValueError`` for an unknown check.
    """
    run = run or secrets.token_hex(4)
    for name in CHECKS if only is None else (only,):
        seen = _native.run_conformance_check(store, name, run)
        if seen is not None:
            raise ConformanceError(name, seen)


def failures(store: Store, *, run: str | None = None) -> list[ConformanceError]:
    """Runs all checks, and returns an error for each one that the store fails."""
    run = run or secrets.token_hex(4)
    seen = ((name, _native.run_conformance_check(store, name, run)) for name in CHECKS)
    return [ConformanceError(name, what) for name, what in seen if what is not None]
