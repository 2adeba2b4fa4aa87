"""The types of arguments that have several forms."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Any, Protocol, Union

from ._native import Certificate, KeyText, ProvisioningKey, Request

__all__ = [
    "AddressInput",
    "CertificateInput",
    "CertificatesInput",
    "CsrInput",
    "KeyInput",
    "NetworkInput",
    "id_of",
]


class HasPublicBytes(Protocol):
    """A certificate or a CSR of the package ``cryptography``."""

    def public_bytes(self, encoding: Any) -> bytes:
        """The object in an encoding."""
        ...


CsrInput = Union[bytes, str, Request, HasPublicBytes]
"""A CSR: DER or PEM as bytes, PEM as str, a ``Request``, or one of ``cryptography``."""
CertificateInput = Union[bytes, str, Certificate, HasPublicBytes]
"""A certificate: DER or PEM as bytes, PEM as str, a ``Certificate``, or one of ``cryptography``."""
CertificatesInput = Union[CertificateInput, Iterable[CertificateInput]]
"""Certificates: one PEM text, or an iterable of certificates."""
KeyInput = Union[str, KeyText, ProvisioningKey]
"""The text of a provisioning key, in its canonical form."""
AddressInput = Union[str, IPv4Address, IPv6Address]
"""An address, or its text."""
NetworkInput = Union[str, IPv4Network, IPv6Network, IPv4Address, IPv6Address]
"""A network or a single address, or its text."""


class HasId(Protocol):
    """A record with an id."""

    @property
    def id(self) -> str:
        """The id."""
        ...


def id_of(record: HasId | str) -> str:
    """The id of a record. A string is returned as it is."""
    return record if isinstance(record, str) else record.id
