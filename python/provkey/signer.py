"""Private keys outside of provkey: in a token, a secure element, a service, another library."""

from __future__ import annotations

from abc import ABC, abstractmethod

__all__ = ["Signer"]


class Signer(ABC):
    """A private key that signs, and its public key.

    Many threads call its methods at once. The methods must not call the authority. Each signature
    is verified before it is used, so a signer that fails, or signs wrongly, costs no use. Raise
    :class:`~provkey.SigningError` with the code ``signer_unavailable`` if the key is temporarily
    out of reach: callers then know that they can retry.
    """

    @property
    @abstractmethod
    def public_key(self) -> bytes:
        """The public key: SubjectPublicKeyInfo in DER. Read once, when the signer is attached."""

    @abstractmethod
    def sign(self, message: bytes) -> bytes:
        """Signs a message with the algorithm of the public key: P-256 with SHA-256, P-384 with
        SHA-384, Ed25519, RSA PKCS #1 v1.5 with SHA-256. Returns the signature as certificates
        contain it: the DER of ECDSA-Sig-Value for ECDSA, otherwise the plain bytes.
        """
