"""The exceptions of this package.

Every exception is an :class:`Error` with a stable ``code``, the same string in every language, over
HTTP and in the audit trail, and ``retryable``: whether the same call may succeed later without
anybody doing anything. Decide by the class or the code; the sentence is for people. No exception
holds a secret in its text.

What is wrong with the program rather than with its input raises Python's own exceptions:
``TypeError`` and ``ValueError`` for arguments of the wrong kind, ``OSError`` for files.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._native import KeyText

__all__ = [
    "AcceptError",
    "CertificateError",
    "ConformanceError",
    "CsrError",
    "Error",
    "IdentityError",
    "InputError",
    "KeyTextError",
    "MasterKeyError",
    "QueryError",
    "RandomError",
    "RefusedError",
    "SigningError",
    "StoreError",
    "UsageError",
]


class Error(Exception):
    """What every exception of this package is."""

    code: str
    """The stable name of the reason, in snake_case."""
    retryable: bool
    """Whether the same call may succeed later without anybody doing anything."""

    def __init__(self, message: str, *, code: str, retryable: bool = False) -> None:
        super().__init__(message)
        self.code = code
        self.retryable = retryable

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.code}: {self})"

    def __reduce__(self) -> tuple[Any, ...]:
        return (_rebuild, (type(self), self.args, self.__dict__))


def _rebuild(cls: type[Error], args: tuple[str, ...], state: dict[str, Any]) -> Error:
    error = cls.__new__(cls, *args)
    error.__dict__.update(state)
    return error


class RefusedError(Error):
    """An enrollment, a renewal or an admin token was refused. That costs no use."""


class CsrError(Error):
    """A certificate signing request is not accepted."""


class InputError(Error):
    """What an operator asked for is not acceptable, or is not there."""


class MasterKeyError(Error):
    """The master keys do not fit the authority, or their file cannot be read."""


class SigningError(Error):
    """A certificate or a signature could not be made."""


class CertificateError(Error):
    """A certificate, or the private key of one, is not accepted."""


class RandomError(Error):
    """The operating system gave no randomness."""


class AcceptError(Error):
    """The answer to a connector's request is not accepted. Nothing has changed."""


class IdentityError(Error):
    """A connector's identity cannot be opened, or cannot do what it was asked."""


class UsageError(Error):
    """Something was used as it must not be: after a fork (``used_after_fork``), after it was closed
    (``used_after_close``), or by a helper that it was calling itself (``reentrant_call``).
    """


class QueryError(Error):
    """A query has no answer: it is refused (``query_refused``), it is wrong (``query_failed``), or it ran
    for too long (``query_timed_out``). Nothing was changed.
    """


class StoreError(Error):
    """The store failed. A store that is written in Python raises it, too.

    ``outcome_unknown`` tells whether a change may have been made nevertheless. Then asking again
    settles it.
    """

    outcome_unknown: bool
    """Whether it is not known what was done."""

    def __init__(
        self,
        message: str,
        *,
        code: str = "store_unavailable",
        retryable: bool | None = None,
        outcome_unknown: bool = True,
    ) -> None:
        passing = code in ("store_unavailable", "store_busy", "store_full")
        super().__init__(message, code=code, retryable=passing if retryable is None else retryable)
        self.outcome_unknown = outcome_unknown


class KeyTextError(Error):
    """A text is no provisioning key: where it is wrong, and what it should have been."""

    positions: tuple[int, ...]
    """Where it is wrong: ascending, counted in characters from 0 in the cleaned text, which has no
    white space, quotes and the like, and no ``NAME=`` in front. May be empty."""
    suggestion: KeyText | None
    """What the text probably should have been. Five or more wrong characters may, rarely, lead to
    a wrong one: let a person compare it with the original. It is a secret."""
    missing: int | None
    """How many characters are missing, at least; None if none are."""
    extra: int | None
    """How many characters are too many, at least; None if none are."""
    shown: str
    """The cleaned text with ``·`` for every character that may be part of the secret."""
    marks: str
    """A line to print under ``shown``: ``^`` under every position."""

    def __init__(
        self,
        message: str,
        *,
        code: str,
        retryable: bool = False,
        positions: tuple[int, ...] = (),
        suggestion: KeyText | None = None,
        missing: int | None = None,
        extra: int | None = None,
        shown: str = "",
        marks: str = "",
    ) -> None:
        super().__init__(message, code=code, retryable=retryable)
        self.positions = positions
        self.suggestion = suggestion
        self.missing = missing
        self.extra = extra
        self.shown = shown
        self.marks = marks


class ConformanceError(Error):
    """A store did not pass a check of :mod:`provkey.conformance`."""

    check: str
    """The name of the check."""
    seen: str
    """What was seen, and what should have been."""

    def __init__(self, check: str, seen: str) -> None:
        super().__init__(f"{check}: {seen}", code="store_nonconforming")
        self.check = check
        self.seen = seen
