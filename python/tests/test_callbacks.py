"""Clocks, CA signers and observers that are written in Python."""

from __future__ import annotations

import sys
from datetime import datetime, timedelta
from typing import Any

import pytest
from conftest import START, Site, site_over
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

import provkey
from provkey import Event, EventKind, SigningError


class CloudSigner(provkey.Signer):
    """A CA key in another library, as if in a service."""

    def __init__(self) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.failing: BaseException | None = None
        self.signed = 0

    @property
    def public_key(self) -> bytes:
        return self.key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )

    def sign(self, message: bytes) -> bytes:
        if self.failing is not None:
            raise self.failing
        self.signed += 1
        return self.key.sign(message, ec.ECDSA(hashes.SHA256()))


def signing_site() -> tuple[Site, CloudSigner, provkey.ProvisioningKey]:
    site, signer = site_over(provkey.MemoryStore()), CloudSigner()
    certificate = site.authority.certificates.create("cloud", signer=signer)
    assert certificate.key_elsewhere
    key = site.authority.keys.create("k", group="gateways", certificate="cloud", max_uses=3)
    return site, signer, site.parsed(key)


def test_a_signer_signs() -> None:
    site, signer, key = signing_site()
    enrolled = site.enroll(key)
    assert signer.signed == 1
    assert enrolled.leaf.to_cryptography().issuer.rfc4514_string().endswith("CN=cloud")
    assert site.authority.crl("cloud").entries == 0
    assert signer.signed == 2

    again = provkey.Authority.open(site.store, master_key=site.master, clock=site.clock)
    with pytest.raises(provkey.Error) as missing:
        again.enroll(provkey.Identity.generate().request(key))
    assert missing.value.code == "signer_missing"
    again.certificates.attach_signer(signer)
    again.enroll(provkey.Identity.generate().request(key))
    assert again.keys.get("k").used == 2


def test_a_signer_that_fails_costs_no_use() -> None:
    site, signer, key = signing_site()
    signer.failing = OSError("the service is gone")
    with pytest.raises(SigningError) as failed:
        site.enroll(key)
    assert failed.value.__cause__ is signer.failing
    assert (failed.value.code, failed.value.retryable) == ("signer_failed", False)
    signer.failing = SigningError("come back later", code="signer_unavailable", retryable=True)
    with pytest.raises(SigningError, match="come back later") as failed:
        site.enroll(key)
    assert (failed.value.code, failed.value.retryable) == ("signer_unavailable", True)
    signer.failing, other = None, CloudSigner()
    signer.key = other.key
    with pytest.raises(SigningError) as failed:
        site.enroll(key)
    assert failed.value.code == "signer_bad_signature"
    assert site.authority.keys.get("k").used == 0


def test_a_signer_that_calls_its_authority_is_refused() -> None:
    site, signer, key = signing_site()
    codes = []

    def sign(message: bytes) -> bytes:
        with pytest.raises(provkey.UsageError) as refused:
            site.authority.crl("cloud")
        codes.append(refused.value.code)
        return signer.key.sign(message, ec.ECDSA(hashes.SHA256()))

    signer.sign = sign  # type: ignore[method-assign]
    site.enroll(key)
    site.authority.crl("cloud")
    assert codes == ["reentrant_call"] * 2


def test_a_signer_must_have_a_public_key() -> None:
    site, signer = site_over(provkey.MemoryStore()), CloudSigner()
    for public_key in (b"", b"0"):
        broken: Any = type("Broken", (), {"public_key": public_key, "sign": signer.sign})()
        with pytest.raises(ValueError, match="public key"):
            site.authority.certificates.create("c", signer=broken)


def test_an_external_ca_issues_the_certificate() -> None:
    from cryptography import x509

    site = site_over(provkey.MemoryStore())
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name.from_rfc4514_string("CN=Corporate root")
    root = _sign(key, name, name, key.public_key(), path_length=None)
    request = site.authority.certificates.request("external")
    assert [one.id for one in site.authority.certificates.requests] == [request.id]
    with pytest.raises(provkey.InputError) as unanswered:
        site.authority.certificates.get(request.id)
    assert unanswered.value.code == "certificate_unanswered"
    csr = x509.load_pem_x509_csr(request.csr_pem.encode())
    answer = _sign(key, name, csr.subject, csr.public_key(), path_length=0)
    imported = site.authority.certificates.import_answer(request, [answer, root])
    assert [one.to_cryptography() for one in imported.external] == [answer, root]
    provisioning = site.authority.keys.create(
        "k", group="gateways", certificate=imported, max_uses=1
    )
    enrolled = site.enroll(site.parsed(provisioning))
    assert len(enrolled.external_chain) == 3
    assert enrolled.external_chain_pem.count("BEGIN CERTIFICATE") == 3
    assert site.authority.certificates.requests.count() == 0
    with pytest.raises(provkey.CertificateError) as wrong:
        site.authority.certificates.import_("other", root, private_key=b"none")
    assert wrong.value.code in ("private_key_missing", "private_key_mismatch") or wrong.value.code
    with pytest.raises(TypeError, match="either"):
        site.authority.certificates.import_("other", root)


def _sign(key: Any, issuer: Any, subject: Any, public_key: Any, *, path_length: int | None) -> Any:
    from cryptography import x509

    key_usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
    identifier = x509.SubjectKeyIdentifier.from_public_key(public_key)
    return (
        x509.CertificateBuilder()
        .issuer_name(issuer)
        .subject_name(subject)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(START - timedelta(days=1))
        .not_valid_after(START + timedelta(days=3000))
        .add_extension(x509.BasicConstraints(ca=True, path_length=path_length), critical=True)
        .add_extension(key_usage, critical=True)
        .add_extension(identifier, critical=False)
        .sign(key, hashes.SHA256())
    )


def test_the_clock_is_called_once_for_each_call() -> None:
    site = site_over(provkey.MemoryStore())
    asked = 0

    def clock() -> datetime:
        nonlocal asked
        asked += 1
        return START

    with provkey.Authority.open(site.store, master_key=site.master, clock=clock) as authority:
        asked = 0
        authority.keys.create("k", group="gateways", certificate="signing", max_uses=1)
        assert asked == 1


@pytest.mark.parametrize(
    ("clock", "error"),
    [
        (lambda: 1 / 0, ZeroDivisionError),
        (lambda: datetime(2026, 1, 1), ValueError),
        (lambda: "now", TypeError),
    ],
)
def test_a_clock_that_raises_stops_the_call(clock: Any, error: type[Exception]) -> None:
    site = site_over(provkey.MemoryStore())
    key = site.parsed(site.key())
    site.clock.__class__ = type("Broken", (), {"__call__": lambda self: clock()})
    with pytest.raises(error):
        site.enroll(key)
    with pytest.raises(error):
        provkey.Authority.open(site.store, master_key=site.master, clock=clock)
    authority = provkey.Authority.open(site.store, master_key=site.master)
    assert authority.keys.get("fleet").used == 0


def test_an_observer_is_notified() -> None:
    events: list[Event] = []
    site = site_over(provkey.MemoryStore(), observer=events.append)
    key = site.parsed(site.key(max_uses=1))
    request = provkey.Identity.generate().request(key)
    enrolled = site.authority.enroll(request, address="192.0.2.1")
    site.authority.enroll(request)
    for wrong in (b"nothing", provkey.Identity.generate().request(key)):
        with pytest.raises(provkey.Error):
            site.authority.enroll(wrong)
    kinds = [event.kind for event in events]
    assert kinds == [EventKind.ENROLLED, EventKind.REPLAYED, EventKind.REFUSED, EventKind.REFUSED]
    assert (events[0].key, events[0].connector) == (key.id, enrolled.connector)
    assert str(events[0].address) == "192.0.2.1"
    assert [event.code for event in events[2:]] == ["csr_malformed", "key_exhausted"]
    assert [event.key for event in events[2:]] == [None, key.id]


def test_an_observer_that_raises_does_not_fail_the_call(monkeypatch: pytest.MonkeyPatch) -> None:
    reported: list[Any] = []
    monkeypatch.setattr(sys, "unraisablehook", reported.append)

    def observe(event: Event) -> None:
        raise LookupError("of the observer")

    site = site_over(provkey.MemoryStore(), observer=observe)
    assert not site.enroll(site.parsed(site.key())).replay
    assert [type(one.exc_value) for one in reported] == [LookupError]
    assert reported[0].object is observe
