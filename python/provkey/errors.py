"""The exceptions of this package.

Every exception is an :class:`Error` with a stable ``code``, the same string in every language, over
HTTP and in the audit trail, and ``retryable``: whether the same call may succeed later, with time
alone. Decide by the class or the code; the message is for people. No message has a secret.

Errors of the program, rather than of its input, raise Python's own exceptions: ``TypeError`` and
``ValueError`` for wrong arguments, ``OSError`` for files.
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
    """The base class of all exceptions of this package."""

    code: str
    """The stable name of the reason, in snake_case."""
    retryable: bool
    """Whether the same call may succeed later, with time alone."""

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
    """An enrollment, a renewal or an admin token was refused. A refusal costs no use."""


class CsrError(Error):
    """A certificate signing request was not accepted."""


class InputError(Error):
    """An argument of an operator is invalid, or names something that does not exist."""


class MasterKeyError(Error):
    """The master keys are not those of the authority, or their text is malformed."""


class SigningError(Error):
    """A certificate or a signature could not be made."""


class CertificateError(Error):
    """A certificate, or its private key, was not accepted."""


class RandomError(Error):
    """The operating system returned no random bytes."""


class AcceptError(Error):
    """The answer to a connector's request was not accepted. Nothing has changed."""


class IdentityError(Error):
    """A connector's identity cannot be opened, or cannot make the request."""


class UsageError(Error):
    """An object was used after a fork (``used_after_fork``), after it was closed
    (``used_after_close``), by a signer or an observer that it was calling (``reentrant_call``), or
    while another call was using it (``handle_in_use``).
    """


class QueryError(Error):
    """A query was refused (``query_refused``), failed (``query_failed``), or took too long
    (``query_timed_out``). Nothing was changed.
    """


class StoreError(Error):
    """The store failed. A store that is written in Python raises it too.

    ``outcome_unknown`` says whether the change may have been made nevertheless. Repeating the call
    then settles it.
    """

    outcome_unknown: bool
    """Whether the change may have been made."""

    def __init__(
        self,
        message: str,
        *,
        code: str = "store_unavailable",
        retryable: bool | None = None,
        outcome_unknown: bool = True,
    ) -> None:
        transient = code in ("store_unavailable", "store_busy", "store_full")
        super().__init__(
            message, code=code, retryable=transient if retryable is None else retryable
        )
        self.outcome_unknown = outcome_unknown


class KeyTextError(Error):
    """A text is not a provisioning key. The fields say where it is wrong, and what was probably
    meant.
    """

    positions: tuple[int, ...]
    """The wrong positions, ascending: characters from 0 in the cleaned text, which has no white
    space, quotes and the like, and no ``NAME=`` in front. May be empty."""
    suggestion: KeyText | None
    """The text that was probably meant. Let a person compare it with the original: with five or
    more wrong characters it may, rarely, be wrong. It is a secret."""
    missing: int | None
    """The least number of missing characters; None if none are missing."""
    extra: int | None
    """The least number of surplus characters; None if there are none."""
    shown: str
    """The cleaned text with ``·`` for every character that may be part of the secret."""
    marks: str
    """A line to print under ``shown``, with a ``^`` under each wrong position."""

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
    """A store failed a check of :mod:`provkey.conformance`."""

    check: str
    """The name of the check."""
    seen: str
    """What was observed, and what was expected."""

    def __init__(self, check: str, seen: str) -> None:
        super().__init__(f"{check}: {seen}", code="store_nonconforming")
        self.check = check
        self.seen = seen
