"""Listings: what is read a page at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Generic, TypeVar, Union

from .records import Page

__all__ = ["Listing"]

T = TypeVar("T")

Reader = Callable[[int, Union[str, None]], Page[T]]
"""Reads a page: of at most so many entries, after a cursor."""

PAGE_ENTRIES_MAX = 1000
"""Most entries on one page."""


class Listing(Generic[T]):
    """Some of the things that an authority has, in an order.

    To iterate reads a page at a time, as many as are asked for, and begins anew each time. What
    changes meanwhile may or may not be seen; nothing is seen twice, and nothing is missed that was
    there all the time.
    """

    def __init__(self, read: Reader[T]) -> None:
        self._read = read

    def page(self, *, limit: int = 50, after: str | None = None) -> Page[T]:
        """One page: at most ``limit`` entries, 1 to 1000, beyond the cursor ``after``, which is the
        ``next`` of the page before. Raises :class:`~provkey.InputError` with the code
        ``cursor_invalid`` for a cursor of another listing, and :class:`~provkey.StoreError`.
        """
        if not 1 <= limit <= PAGE_ENTRIES_MAX:
            raise ValueError(f"a page has 1 to {PAGE_ENTRIES_MAX} entries, not {limit}")
        return self._read(limit, after)

    def pages(self, *, limit: int = 200) -> Iterator[Page[T]]:
        """All pages, one after the other."""
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
        """How many entries there are. This reads all of them."""
        return sum(len(page.items) for page in self.pages(limit=PAGE_ENTRIES_MAX))
