"""Connectors whose private key a signer holds."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from conftest import Site
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

import provkey

MATERIAL = b"the machine"


class Element(provkey.Signer):
    """A secure element."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self.before: Callable[[], object] = lambda: None

    @property
    def public_key(self) -> bytes:
        return self._key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    def sign(self, message: bytes) -> bytes:
        self.before()
        return self._key.sign(message, ec.ECDSA(SHA256()))


def code(raised: pytest.ExceptionInfo[provkey.Error]) -> str:
    return raised.value.code


def test_a_signer_enrolls_and_renews(site: Site) -> None:
    key, element, other = site.parsed(site.key()), Element(), Element()
    identity = provkey.Identity.with_signer(element)
    enrolled = site.authority.enroll(identity.request(key))
    identity.accept(enrolled.chain, now=site.clock())
    for expose in (identity.expose_private_key, identity.expose_private_key_pem):
        with pytest.raises(provkey.UsageError) as missing:
            expose()
        assert code(missing) == "private_key_missing"

    # A stored identity does not contain its signer.
    identity = provkey.Identity.open(identity.seal(MATERIAL), MATERIAL)
    with pytest.raises(provkey.SigningError) as away:
        identity.renew_request()
    assert code(away) == "signer_unavailable"
    assert away.value.retryable
    with pytest.raises(provkey.SigningError) as mismatch:
        identity.attach_signer(other)
    assert code(mismatch) == "signer_key_mismatch"
    identity.attach_signer(element)
    with pytest.raises(TypeError):
        identity.renew_request(new_key=provkey.KeyAlgorithm.P256, signer=other)
    renewed = site.authority.renew(identity.renew_request(signer=other))
    identity.accept(renewed.chain, now=site.clock())
    assert identity.public_key == other.public_key


def test_a_signer_that_uses_its_identity_is_refused_and_nothing_is_lost(site: Site) -> None:
    key, element = site.parsed(site.key()), Element()
    identity = provkey.Identity.with_signer(element)
    seen: list[str] = []

    def meddle() -> None:
        for call in (lambda: identity.request(key), lambda: identity.state(), identity.to_bytes):
            with pytest.raises(provkey.UsageError) as refused:
                call()
            seen.append(code(refused))

    element.before = meddle
    request = identity.request(key)
    assert seen == ["handle_in_use"] * 3
    element.before = lambda: None
    identity.accept(site.authority.enroll(request).chain, now=site.clock())


def test_a_signer_that_raises_fails_the_request(site: Site) -> None:
    key, element = site.parsed(site.key()), Element()
    identity = provkey.Identity.with_signer(element)

    def fail() -> None:
        raise OSError("the element is asleep")

    element.before = fail
    with pytest.raises(provkey.SigningError) as failed:
        identity.request(key)
    assert code(failed) == "signer_failed"
    element.before = lambda: None
    identity.request(key)
