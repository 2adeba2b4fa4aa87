"""From a key to a certificate, and the refusals on the way."""

from __future__ import annotations

from datetime import timedelta
from ipaddress import ip_address, ip_network

import pytest
from conftest import START, Site

import provkey
from provkey import Identity, KeyAlgorithm, ProvisioningKey, RefusedError


def test_a_connector_that_asks_again_gets_the_same_answer(site: Site) -> None:
    key = site.key(max_uses=1)
    identity = Identity.generate()
    request = identity.request(site.parsed(key))
    first = site.authority.enroll(request, address="192.0.2.1")
    again = site.authority.enroll(request.pem, address=ip_address("192.0.2.1"))
    assert (first.replay, again.replay) == (False, True)
    assert again.chain == first.chain
    assert identity.accept(first.chain, now=START).not_after == first.not_after
    assert identity.certificate == first.leaf
    assert first.leaf.uris == (
        f"spiffe://api.private.example.com/group/{site.group.id}/connector/{first.connector}",
    )
    used = site.authority.keys.get(key)
    assert (used.used, used.remaining, used.copyable) == (1, 0, False)
    assert used.state is provkey.KeyState.EXHAUSTED
    assert used.last_used_at == START


def test_an_ordinary_csr_enrolls_with_the_key_text_beside_it(site: Site) -> None:
    text = site.authority.keys.copy(site.key())
    with pytest.raises(RefusedError) as refused:
        site.authority.enroll(_ordinary_csr())
    assert refused.value.code == "key_missing"
    for key in (text, text.expose(), ProvisioningKey.parse(text)):
        assert not site.authority.enroll(_ordinary_csr(), key=key).replay


def test_refusals_have_their_codes(site: Site) -> None:
    text = site.parsed(site.key("one", max_uses=1))
    site.enroll(text)
    with pytest.raises(RefusedError, match="no uses left") as refused:
        site.enroll(text)
    assert (refused.value.code, refused.value.retryable) == ("key_exhausted", False)

    local = site.key("local", allowed_addresses=[ip_network("10.0.0.0/8"), "2001:db8::/32"])
    assert local.allowed_addresses == (ip_network("10.0.0.0/8"), ip_network("2001:db8::/32"))
    for address in (None, "11.0.0.1"):
        with pytest.raises(RefusedError) as refused:
            site.enroll(site.parsed(local), address=address)
        assert refused.value.code == "address_not_allowed"
    site.enroll(site.parsed(local), address="10.1.2.3")

    with pytest.raises(provkey.CsrError) as malformed:
        site.authority.enroll(b"nothing")
    assert malformed.value.code == "csr_malformed"


def test_enroll_many_returns_an_answer_or_an_error_for_each(site: Site) -> None:
    key = site.parsed(site.key(max_uses=3))
    requests = [
        provkey.EnrollRequest(csr=Identity.generate().request(key), address="192.0.2.7")
        for _ in range(4)
    ]
    requests.insert(1, provkey.EnrollRequest(csr=b"nothing"))
    answers = site.authority.enroll_many(iter(requests))
    codes = [answer.code if isinstance(answer, provkey.Error) else None for answer in answers]
    assert codes == [None, "csr_malformed", None, None, "key_exhausted"]
    assert site.authority.keys.get("fleet").used == 3
    assert site.authority.enroll_many([]) == []


def test_wrong_arguments_raise(site: Site) -> None:
    with pytest.raises(TypeError):
        site.authority.enroll(7)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="IP address"):
        site.authority.enroll(b"", address="here")
    with pytest.raises(TypeError):
        site.authority.enroll(b"", fingerprint=b"raw")  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        site.authority.enroll(b"", "text")  # type: ignore[call-arg]


def test_a_certificate_is_renewed_with_another_key_pair(site: Site) -> None:
    identity, fingerprint = (
        Identity.generate(KeyAlgorithm.ED25519),
        provkey.Fingerprint.of_raw(b"m"),
    )
    request = identity.request(site.parsed(site.key()), fingerprint=fingerprint)
    enrolled = site.authority.enroll(request)
    with pytest.raises(provkey.IdentityError) as early:
        identity.renew_request()
    assert early.value.code == "renewal_without_certificate"
    identity.accept(enrolled.chain_pem, now=START)

    site.clock.advance(days=300)
    assert identity.state(now=START) is provkey.CertificateState.VALID
    assert identity.renew_at is not None
    assert identity.state(now=identity.renew_at) is provkey.CertificateState.RENEW_SOON
    before = identity.public_key
    request = identity.renew_request(new_key=KeyAlgorithm.P384, fingerprint=fingerprint)
    assert identity.is_renewing
    identity = Identity.from_bytes(identity.to_bytes())
    renewed = site.authority.renew(request)
    assert identity.accept(renewed.chain, now=site.clock.now).clock_behind is None
    assert identity.public_key != before
    assert renewed.connector == enrolled.connector
    connector = site.authority.connectors.get(enrolled.connector)
    assert (connector.renewals, connector.renewed_at) == (1, site.clock.now)
    assert connector.fingerprint == fingerprint
    assert site.authority.keys.get("fleet").used == 1


def test_a_renewal_does_not_enroll_and_can_be_dropped(site: Site) -> None:
    identity, key = Identity.generate(), site.parsed(site.key())
    identity.accept(site.authority.enroll(identity.request(key)).chain_pem, now=START)
    renewal = identity.renew_request(new_key=KeyAlgorithm.ED25519)
    with pytest.raises(provkey.RefusedError) as refused:
        site.authority.enroll(renewal, key=key)
    assert refused.value.code == "request_wrong_purpose"
    identity.drop_renewal()
    assert not identity.is_renewing
    identity.drop_renewal()
    assert identity.renew_request(new_key=KeyAlgorithm.ED25519).der != renewal.der


def test_the_application_may_vouch_for_a_certificate(site: Site) -> None:
    identity = Identity.generate()
    enrolled = site.authority.enroll(identity.request(site.parsed(site.key())))
    csr = _ordinary_csr()
    renewed = site.authority.renew(csr, client_certificate=enrolled.leaf)
    assert renewed.connector == enrolled.connector
    assert site.authority.renew(csr, client_certificate=enrolled.leaf.pem).replay


def test_a_clock_that_is_behind_is_detected(site: Site) -> None:
    identity = Identity.generate()
    enrolled = site.authority.enroll(identity.request(site.parsed(site.key())))
    accepted = identity.accept(enrolled.chain, now=START - timedelta(days=30))
    assert accepted.clock_behind == timedelta(days=30) - timedelta(minutes=5)
    assert accepted.now == accepted.not_before
    with pytest.raises(provkey.AcceptError) as ahead:
        identity.accept(enrolled.chain, now=START + timedelta(days=400))
    assert ahead.value.code == "clock_ahead"


def test_only_the_pinned_root_is_accepted(site: Site) -> None:
    from conftest import site_over

    other = site_over(provkey.MemoryStore())
    identity = Identity.generate()
    with pytest.raises(provkey.AcceptError) as unasked:
        identity.accept(site.authority.root.pem)
    assert unasked.value.code == "answer_without_request"
    identity.request(site.parsed(site.key()))
    theirs = other.authority.enroll(identity.request(other.parsed(other.key())))
    identity.request(site.parsed(site.authority.keys.get("fleet")))
    with pytest.raises(provkey.AcceptError) as foreign:
        identity.accept(theirs.chain, now=START)
    assert foreign.value.code == "chain_untrusted_root"
    with pytest.raises(provkey.AcceptError) as nothing:
        identity.accept("nothing")
    assert nothing.value.code == "certificate_missing"
    assert identity.certificate is None


def test_identities_are_stored_in_files(site: Site) -> None:
    identity = Identity.generate()
    key = site.parsed(site.key())
    identity.request(key)
    reference = identity.asked_with
    assert reference is not None
    assert (reference.host, reference.id, reference.pin) == (key.host, key.id, key.pin)
    sealed = identity.seal(b"the machine's own")
    assert Identity.open(sealed, b"the machine's own").public_key == identity.public_key
    for file, material, code in (
        (sealed, b"another machine's", "identity_other_machine"),
        (sealed[:-1], b"the machine's own", "identity_damaged"),
        (identity.to_bytes(), b"the machine's own", "identity_not_sealed"),
        (b"something", b"x", "identity_not_recognized"),
        (sealed, b"", "fingerprint_empty"),
    ):
        with pytest.raises(provkey.IdentityError) as refused:
            Identity.open(file, material)
        assert refused.value.code == code


def _ordinary_csr() -> bytes:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    csr = builder.sign(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256())
    return csr.public_bytes(serialization.Encoding.DER)
