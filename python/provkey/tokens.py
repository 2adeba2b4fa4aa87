"""Admin tokens."""

from __future__ import annotations

from datetime import datetime

from . import _native
from ._types import id_of
from .enums import AdminRole
from .listing import Listing
from .records import AdminToken

__all__ = ["Tokens"]


class Tokens(Listing[AdminToken]):
    """The admin tokens of an authority, by id, including revoked and expired ones."""

    def __init__(self, authority: _native.Authority) -> None:
        super().__init__(
            lambda limit, after: _native.list_tokens(authority, limit=limit, after=after)
        )
        self._authority = authority

    def create(
        self,
        name: str,
        *,
        role: AdminRole,
        scope: str | None = None,
        expires_at: datetime | None = None,
    ) -> tuple[AdminToken, _native.AdminTokenText]:
        """Creates a token, whose name is unique among tokens that are not revoked. With the scope
        ``operator:`` and a group (id or name) its holder is limited to that group; the role is
        then :attr:`AdminRole.OPERATOR`. Returns its text, which cannot be read again: the store
        only has a verifier. Raises :class:`~provkey.InputError`, such as ``name_in_use``,
        ``scope_invalid`` or ``expiry_in_past``.
        """
        return _native.create_token(self._authority, name, role.value, scope, expires_at)

    def authenticate(self, text: _native.AdminTokenText | str) -> AdminToken:
        """The token with this text, if it is valid. Raises :class:`~provkey.RefusedError`:
        ``admin_token_malformed``, for which nothing is read, ``admin_token_invalid``,
        ``admin_token_revoked`` or ``admin_token_expired``. An application must enforce both the
        ``role`` and the ``scope`` of the token: with a scope, it is for that group alone.
        """
        if isinstance(text, str):
            text = _native.AdminTokenText(text)
        return _native.authenticate_token(self._authority, text)

    def record_sign_in(self) -> None:
        """Records in the audit trail that the actor of this authority signed in. An application
        in which people sign in calls it after each sign-in.
        """
        _native.record_sign_in(self._authority)

    def record_sign_out(self) -> None:
        """Records in the audit trail that the actor of this authority signed out."""
        _native.record_sign_out(self._authority)

    def get(self, id_or_name: str) -> AdminToken:
        """The token with this id, or with this name unless it is revoked. Raises
        :class:`~provkey.InputError` with the code ``admin_token_not_found``.
        """
        return _native.find_token(self._authority, id_or_name)

    def revoke(self, token: AdminToken | str) -> AdminToken:
        """Revokes a token (record, id or name) for good. Raises what :meth:`get` raises."""
        return _native.revoke_token(self._authority, id_of(token))
