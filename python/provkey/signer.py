"""Keys that live elsewhere: in a token, a secure element, a service, another library."""

from __future__ import annotations

from abc import ABC, abstractmethod

__all__ = ["Signer"]


class Signer(ABC):
    """A private key that signs, and its public key.

    Its methods are called from many threads at once, and must not call the authority. Each signature
    is checked before it is used, so a signer that fails, or that signs wrongly, costs no use. Raise
    :class:`~provkey.SigningError` with the code ``signer_unavailable`` if the key is out of reach for
    now, so that callers know that they may try again.
    """

    @property
    @abstractmethod
    def public_key(self) -> bytes:
        """The public key: SubjectPublicKeyInfo in DER. Read once, when the signer is attached."""

    @abstractmethod
    def sign(self, message: bytes) -> bytes:
        """Signs a message, as the public key's algorithm says: P-256 with SHA-256, P-384 with
        SHA-384, Ed25519, RSA PKCS #1 v1.5 with SHA-256. Gives what stands in a certificate: for ECDSA
        the DER of ECDSA-Sig-Value, otherwise the plain bytes.
        """
