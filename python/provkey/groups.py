"""Connector groups."""

from __future__ import annotations

from . import _native
from ._types import id_of
from .listing import Listing
from .records import ConnectorGroup

__all__ = ["Groups"]


class Groups(Listing[ConnectorGroup]):
    """The connector groups of an authority, by name."""

    def __init__(self, authority: _native.Authority) -> None:
        super().__init__(
            lambda limit, after: _native.list_groups(authority, limit=limit, after=after)
        )
        self._authority = authority

    def create(self, name: str) -> ConnectorGroup:
        """Creates a group. Its name has 1 to 128 bytes of UTF-8 and is unique among groups, letter
        case ignored. Raises :class:`~provkey.InputError`, such as ``name_in_use``.
        """
        return _native.create_group(self._authority, name)

    def get(self, id_or_name: str) -> ConnectorGroup:
        """The group with this id or name. Raises :class:`~provkey.InputError` with the code
        ``group_not_found``.
        """
        return _native.find_group(self._authority, id_or_name)

    def delete(self, group: ConnectorGroup | str) -> None:
        """Deletes a group (record, id or name). No key and no connector may belong to it. Raises
        :class:`~provkey.InputError`, such as ``group_in_use``.
        """
        _native.delete_group(self._authority, id_of(group))
