"""Listings, which are read a page at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Generic, TypeVar, Union

from .records import Page

__all__ = ["Listing"]

T = TypeVar("T")

Reader = Callable[[int, Union[str, None]], Page[T]]
"""Reads a page of at most this many entries, after a cursor."""

PAGE_ENTRIES_MAX = 1000
"""The most entries of a page."""


class Listing(Generic[T]):
    """A listing of an authority, in a fixed order.

    Each iteration starts over, and reads pages as they are needed. An entry that changes meanwhile
    may or may not be listed; no entry is listed twice, and one that exists all the time is not
    missed.
    """

    def __init__(self, read: Reader[T]) -> None:
        self._read = read

    def page(self, *, limit: int = 50, after: str | None = None) -> Page[T]:
        """One page of at most ``limit`` entries, 1 to 1000, after the cursor ``after``, which is
        the ``next`` of the previous page. Raises :class:`~provkey.InputError` with the code
        ``cursor_invalid`` for a cursor of another listing, and :class:`~provkey.StoreError`.
        """
        if not 1 <= limit <= PAGE_ENTRIES_MAX:
            raise ValueError(f"a page has 1 to {PAGE_ENTRIES_MAX} entries, not {limit}")
        return self._read(limit, after)

    def pages(self, *, limit: int = 200) -> Iterator[Page[T]]:
        """All pages, in order."""
        page = self.page(limit=limit)
        yield page
        while page.next is not None:
            page = self.page(limit=limit, after=page.next)
            yield page

    def __iter__(self) -> Iterator[T]:
        """All entries, read a page at a time."""
        for page in self.pages():
            yield from page.items

    def first(self) -> T | None:
        """The first entry, or None."""
        return next((item for page in self.pages(limit=1) for item in page.items), None)

    def count(self) -> int:
        """The number of entries. This reads all of them."""
        return sum(len(page.items) for page in self.pages(limit=PAGE_ENTRIES_MAX))
