"""The vectors that Rust and C read, too."""

from __future__ import annotations

import hmac
from typing import Any

import pytest
from conftest import vectors

import provkey
from provkey import KeyTextError, ProvisioningKey

TEXTS = vectors("key_texts")


@pytest.mark.parametrize("key", TEXTS["keys"], ids=lambda key: key["name"])
def test_canonical_texts(key: dict[str, str]) -> None:
    parsed = ProvisioningKey.parse(key["text"])
    assert (parsed.host, parsed.id, parsed.pin.hex()) == (key["host"], key["id"], key["pin"])
    assert parsed.to_text().expose() == key["text"]
    assert (parsed.positions, parsed.repairs) == ((), ())


def test_texts_that_are_accepted_although_copying_added_something() -> None:
    first = ProvisioningKey.parse(TEXTS["keys"][0]["text"])
    assert TEXTS["accepted"]
    for case in TEXTS["accepted"]:
        text = case["text"] if isinstance(case, dict) else case
        assert ProvisioningKey.parse(text) == first
        assert ProvisioningKey.parse(text.encode()) == first


@pytest.mark.parametrize("case", TEXTS["refused"], ids=lambda case: case["name"])
def test_texts_that_are_refused(case: dict[str, Any]) -> None:
    with pytest.raises(KeyTextError) as refused:
        ProvisioningKey.parse(case["text"])
    error = refused.value
    assert error.code == case["code"]
    assert error.positions == tuple(case.get("positions") or ())
    assert (error.missing, error.extra) == (case.get("missing"), case.get("extra"))
    repaired = case.get("repaired")
    assert (error.suggestion and error.suggestion.expose()) == repaired
    if repaired is None:
        with pytest.raises(KeyTextError):
            ProvisioningKey.parse(case["text"], repair=True)
    else:
        key = ProvisioningKey.parse(case["text"], repair=True)
        assert key.to_text() == error.suggestion
        assert key.positions == tuple(repair.position for repair in key.repairs) == error.positions


def test_requests_and_what_becomes_of_each() -> None:
    from conftest import site_over

    site = site_over(provkey.MemoryStore())
    text = site.authority.keys.copy(site.key(max_uses=1000))
    cases = vectors("csrs")["cases"]
    assert len(cases) > 100
    for case in cases:
        csr = bytes.fromhex(case["csr"]) + bytes(case.get("zeros", 0))
        if case["code"] == "enrolled":
            site.authority.enroll(csr, key=text)
            continue
        with pytest.raises((provkey.CsrError, provkey.RefusedError)) as refused:
            site.authority.enroll(csr, key=text)
        assert refused.value.code == case["code"], case["name"]


ALPHABET = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"


def secret_in(text: str) -> bytes:
    """The 160 bits of a key text's secret: 32 characters behind the id."""
    characters = text[-73:-41]
    bits = "".join(f"{ALPHABET.index(character):05b}" for character in characters)
    return int(bits, 2).to_bytes(20, "big")


def mac(key: bytes, message: bytes) -> bytes:
    return hmac.new(key, message, "sha256").digest()


def test_secrets_are_derived_as_everywhere() -> None:
    def derived(master: bytes, host: str, id: str) -> bytes:
        return mac(master, b"provkey/1/secret\0" + host.encode() + b"\0" + id.encode())[:20]

    for vector in vectors("derivation")["masters"]:
        master = bytes.fromhex(vector["master"])
        assert provkey.MasterKey(master).id == vector["id"]
        for secret in vector["secrets"]:
            assert derived(master, secret["host"], secret["id"]).hex() == secret["secret"]
    authority = provkey.Authority.create(
        provkey.MemoryStore(), host="localhost:8443", master_key=provkey.MasterKey(master)
    )
    authority.groups.create("g")
    authority.certificates.create("c")
    key = authority.keys.create("k", group="g", certificate="c", max_uses=1)
    text = authority.keys.copy(key).expose()
    assert secret_in(text) == derived(master, "localhost:8443", key.id)


def test_fingerprints_are_made_as_everywhere() -> None:
    for vector in vectors("derivation")["fingerprints"]:
        raw = bytes.fromhex(vector["raw"])
        assert provkey.Fingerprint.of_raw(raw).hex() == vector["fingerprint"]


def test_proofs_are_made_as_everywhere() -> None:
    def proven(secret: bytes, message: bytes) -> bytes:
        return mac(mac(secret, b"provkey/1/proof"), message)

    proofs = vectors("proofs")
    for vector in proofs["proofs"]:
        message = bytes.fromhex(vector["message"])
        proof = proven(bytes.fromhex(vector["secret"]), message)
        assert vector["value"].endswith(proof.hex())

    text = TEXTS["keys"][0]["text"]
    key, identity = ProvisioningKey.parse(text), provkey.Identity.generate()
    csr = identity.request(key).der
    # SEQUENCE { UTF8String host, UTF8String id, SubjectPublicKeyInfo }, short enough for one byte
    # of length each.
    host, id = key.host.encode(), key.id.encode()
    content = b"\x0c%c%b\x0c%c%b" % (len(host), host, len(id), id) + identity.public_key
    message = b"\x30\x81%c" % len(content) + content
    attribute = csr[csr.index(bytes.fromhex(proofs["oid_contents"])) :]
    assert proven(secret_in(text), message) in attribute
