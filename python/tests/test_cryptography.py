"""The package ``cryptography``: its objects are taken and given, and it agrees."""

from __future__ import annotations

import ssl
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from conftest import START, Site
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.verification import PolicyBuilder, Store

import provkey
from provkey import Certificate, Identity, KeyAlgorithm


def csr(
    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey,
) -> x509.CertificateSigningRequest:
    algorithm = None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    return builder.sign(key, algorithm)


@pytest.mark.parametrize(
    "key",
    [
        ec.generate_private_key(ec.SECP256R1()),
        ec.generate_private_key(ec.SECP384R1()),
        ed25519.Ed25519PrivateKey.generate(),
        rsa.generate_private_key(65537, 2048),
    ],
    ids=["p256", "p384", "ed25519", "rsa"],
)
def test_its_requests_are_taken(site: Site, key: ec.EllipticCurvePrivateKey) -> None:
    text = site.authority.keys.copy(site.key())
    request = csr(key)
    enrolled = site.authority.enroll(request, key=text)
    assert enrolled.leaf.to_cryptography().public_key() == key.public_key()
    for encoding in (serialization.Encoding.DER, serialization.Encoding.PEM):
        again = site.authority.enroll(request.public_bytes(encoding), key=text)
        assert again.replay


def test_its_certificates_are_taken_and_given(site: Site) -> None:
    identity = Identity.generate()
    enrolled = site.authority.enroll(identity.request(site.parsed(site.key())))
    chain = [x509.load_der_x509_certificate(der) for der in enrolled.chain]
    identity.accept(chain, now=START)
    assert [one.to_cryptography() for one in identity.chain] == chain
    leaf = Certificate(chain[0])
    assert leaf == Certificate(leaf.pem) == Certificate(leaf.der) == identity.certificate
    assert leaf.serial == f"{chain[0].serial_number:x}"
    assert leaf.not_before == chain[0].not_valid_before_utc
    assert leaf.not_after == chain[0].not_valid_after_utc
    assert leaf.sha256 == chain[0].fingerprint(hashes.SHA256())
    assert leaf.public_key == identity.public_key
    site.authority.renew(csr(ec.generate_private_key(ec.SECP256R1())), client_certificate=chain[0])
    with pytest.raises(provkey.CertificateError) as many:
        Certificate(identity.chain_pem)
    assert many.value.code == "certificate_too_many"


def test_it_verifies_what_was_issued(site: Site) -> None:
    identity = Identity.generate()
    enrolled = site.authority.enroll(identity.request(site.parsed(site.key())))
    leaf, issuer, root = (x509.load_der_x509_certificate(der) for der in enrolled.chain)
    builder = PolicyBuilder().store(Store([root])).time(START.replace(tzinfo=None))
    verified = builder.build_client_verifier().verify(leaf, [issuer])
    assert verified.subjects is not None
    assert [name.value for name in verified.subjects] == list(enrolled.leaf.uris)


def test_its_requests_are_given(site: Site) -> None:
    identity = Identity.generate(KeyAlgorithm.P384)
    request = identity.request(site.parsed(site.key()))
    assert request.pem.startswith("-----BEGIN CERTIFICATE REQUEST-----\n")
    loaded = x509.load_pem_x509_csr(request.pem.encode())
    assert loaded.public_bytes(serialization.Encoding.DER) == request.der
    assert loaded.is_signature_valid
    assert request.to_cryptography() == loaded


def test_a_crl_lists_who_was_revoked(site: Site) -> None:
    enrolled = site.enroll(site.parsed(site.key()))
    site.authority.revoke(enrolled.connector, reason=provkey.RevocationReason.KEY_COMPROMISE)
    crl = x509.load_der_x509_crl(site.authority.crl("signing").der)
    revoked = crl.get_revoked_certificate_by_serial_number(int(enrolled.serial, 16))
    assert revoked is not None
    reason = revoked.extensions.get_extension_for_class(x509.CRLReason).value.reason
    assert reason is x509.ReasonFlags.key_compromise


def test_a_connector_trusts_the_server_of_its_authority(site: Site) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    spki = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    host = site.authority.hosts[0]
    issued = site.authority.issue_server_certificate(host, spki, validity=timedelta(days=1))
    leaf, root = x509.load_pem_x509_certificates(issued.chain_pem.encode())
    leaf.verify_directly_issued_by(root)
    assert leaf.public_key() == key.public_key()
    assert (issued.not_before, issued.not_after) == (
        leaf.not_valid_before_utc,
        leaf.not_valid_after_utc,
    )
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == [host.split(":")[0]]

    identity = Identity.generate()
    with pytest.raises(provkey.AcceptError) as raised:
        identity.check_server(issued.chain_pem, now=START)
    assert raised.value.code == "answer_without_request"
    identity.request(site.parsed(site.key()))
    assert identity.check_server(issued.chain_pem, now=START) == START
    both = [leaf, root]
    assert identity.check_server(both, now=START - timedelta(days=9)) == issued.not_before
    with pytest.raises(provkey.AcceptError) as raised:
        identity.check_server(both, now=START + timedelta(days=2))
    assert raised.value.code == "chain_expired"
    with pytest.raises(provkey.InputError) as refused:
        site.authority.issue_server_certificate("h.example", spki)
    assert refused.value.code == "host_unknown"
    with pytest.raises(provkey.CsrError):
        site.authority.issue_server_certificate(host, b"nonsense")


def test_ocsp_answers(site: Site) -> None:
    from cryptography.x509 import ocsp

    enrolled = site.enroll(site.parsed(site.key()))
    leaf, issuer = (x509.load_der_x509_certificate(der) for der in enrolled.chain[:2])
    request = ocsp.OCSPRequestBuilder().add_certificate(leaf, issuer, hashes.SHA256()).build()
    asked = request.public_bytes(serialization.Encoding.DER)
    answer = ocsp.load_der_ocsp_response(site.authority.ocsp(asked))
    assert answer.certificate_status is ocsp.OCSPCertStatus.GOOD
    site.authority.revoke(enrolled.connector)
    answer = ocsp.load_der_ocsp_response(site.authority.ocsp(asked))
    assert answer.certificate_status is ocsp.OCSPCertStatus.REVOKED
    answer = ocsp.load_der_ocsp_response(site.authority.ocsp(b"nothing"))
    assert answer.response_status is ocsp.OCSPResponseStatus.MALFORMED_REQUEST


def test_an_identity_serves_tls(site: Site, tmp_path: Path) -> None:
    """What the identity holds is what the standard library's TLS loads."""
    identity = Identity.generate()
    enrolled = site.authority.enroll(identity.request(site.parsed(site.key())))
    identity.accept(enrolled.chain, now=START)
    (tmp_path / "key.pem").write_text(identity.expose_private_key_pem())
    (tmp_path / "chain.pem").write_text(identity.chain_pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_cert_chain(tmp_path / "chain.pem", tmp_path / "key.pem")
    private = serialization.load_der_private_key(identity.expose_private_key(), None)
    public = private.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    assert public == identity.public_key
    assert isinstance(identity.renew_at, datetime)
