"""Operating an authority: groups, certificates, keys, connectors, the audit trail."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from conftest import START, Site, code_of, site_over

import provkey
from provkey import (
    Action,
    AdminRole,
    InputError,
    KeyOrder,
    KeyState,
    RefusedError,
    RevocationReason,
)


def test_groups(site: Site) -> None:
    groups = site.authority.groups
    group = groups.create("Äußere Büros")
    assert groups.get("äUSSERE büros".replace("SS", "ß")) == groups.get(group.id) == group
    assert [one.name for one in groups] == ["gateways", "Äußere Büros"]
    assert (groups.count(), group.created_at, group.keys) == (2, START, 0)
    assert code_of(groups.create, "GATEWAYS") == "name_in_use"
    assert code_of(groups.create, "") == "name_empty"
    groups.delete(group)
    assert code_of(groups.delete, group) == "group_not_found"
    site.key()
    assert groups.get("gateways").keys == 1
    assert code_of(groups.delete, "gateways") == "group_in_use"


def test_certificates(site: Site) -> None:
    certificates = site.authority.certificates
    short = certificates.create(
        "short",
        algorithm=provkey.KeyAlgorithm.P384,
        validity=timedelta(days=30),
        leaf_validity=timedelta(hours=6),
        renewal_grace=timedelta(0),
        crl_validity=timedelta(hours=2),
        crl_url="http://crl.example.com/short.crl",
        ocsp_url="http://ocsp.example.com/",
        ca_issuers_url="http://ca.example.com/short.cer",
    )
    assert short.leaf_validity == timedelta(hours=6)
    assert short.renewal_grace == timedelta(0)
    assert short.certificate.not_after == START + timedelta(days=30)
    assert (short.crl_url, short.key_elsewhere) == ("http://crl.example.com/short.crl", False)
    assert certificates.get("short") == short
    assert certificates.warnings(short, now=START) == (provkey.CertificateWarning.EXPIRES_SOON,)
    enrolled = site.enroll(site.parsed(site.key(name="short-lived")))
    assert enrolled.certificate == site.certificate.id
    assert certificates.count_connectors(site.certificate) == 1
    assert code_of(certificates.delete, site.certificate) == "certificate_in_use"
    certificates.delete(short)
    assert code_of(certificates.get, "short") == "certificate_not_found"
    with pytest.raises(InputError) as invalid:
        certificates.create("too short", validity=timedelta(hours=1))
    assert invalid.value.code == "validity_invalid"
    with pytest.raises(InputError) as invalid:
        certificates.create("bad url", crl_url="ftp://crl.example.com")
    assert invalid.value.code == "url_invalid"


def test_a_retired_certificate_signs_no_more(site: Site) -> None:
    key = site.key()
    retired = site.authority.certificates.retire("signing")
    assert retired.retired_at == START
    assert code_of(site.enroll, site.parsed(key)) == "certificate_retired"
    new = site.authority.certificates.create("2027")
    moved = site.authority.keys.update(key, certificate=new)
    assert moved.certificate == provkey.Named(id=new.id, name="2027")
    site.enroll(site.parsed(key))


def test_keys_are_edited(site: Site) -> None:
    keys = site.authority.keys
    key = site.key(expires_at=START + timedelta(days=1))
    assert (key.expires_at, key.enabled, key.proof_only) == (START + timedelta(days=1), True, False)
    renamed = keys.update(key, version=key.version, name="renamed", max_uses=20, enabled=False)
    assert (renamed.name, renamed.max_uses, renamed.state) == ("renamed", 20, KeyState.DISABLED)
    assert renamed.expires_at == key.expires_at
    assert code_of(keys.update, key, version=key.version, max_uses=5) == "edit_conflict"
    forever = keys.update("renamed", expires_at=None, enabled=True, allowed_addresses=["10.0.0.1"])
    assert (forever.expires_at, forever.state) == (None, KeyState.USABLE)
    assert str(forever.allowed_addresses[0]) == "10.0.0.1/32"
    assert code_of(keys.update, key, expires_at=START) == "expiry_in_past"
    assert code_of(keys.update, key, max_uses=0) == "max_uses_invalid"
    assert code_of(keys.update, key, allowed_addresses=["10.0.0.1/8"]) == "address_range_invalid"
    keys.delete(key)
    assert code_of(keys.get, key) == "key_deleted"
    assert code_of(keys.get, "renamed") == "key_not_found"


def test_a_datetime_needs_a_time_zone(site: Site) -> None:
    with pytest.raises(ValueError, match="time zone"):
        site.key(expires_at=datetime(2027, 1, 1))
    with pytest.raises(TypeError):
        site.key(expires_at="2027-01-01")
    with pytest.raises(ValueError, match="1970"):
        site.key(expires_at=datetime(1969, 1, 1, tzinfo=timezone.utc))
    tokyo = timezone(timedelta(hours=9))
    key = site.key(expires_at=datetime(2027, 1, 1, 9, 0, 0, 123456, tzinfo=tokyo))
    assert key.expires_at == datetime(2027, 1, 1, 0, 0, 0, 123000, tzinfo=timezone.utc)
    last = datetime(9999, 12, 31, 23, 59, 59, 999000, tzinfo=timezone.utc)
    assert site.authority.keys.update(key, expires_at=last).expires_at == last


def test_keys_are_listed_and_filtered(site: Site) -> None:
    keys = site.authority.keys
    other = site.authority.groups.create("other")
    for number in range(5):
        site.key(f"key {number}", max_uses=number + 1, enabled=number != 2)
        site.clock.advance(seconds=1)
    keys.create("another", group=other, certificate="signing", max_uses=1)
    names = [key.name for key in keys]
    assert names == ["another", *(f"key {number}" for number in range(5))]
    assert keys.count() == 6
    latest = keys.filter(order=KeyOrder.CREATED, descending=True).first()
    assert latest == keys.get("another")
    assert [key.name for key in keys.filter(group=other)] == ["another"]
    assert [key.name for key in keys.filter(state=KeyState.DISABLED)] == ["key 2"]
    assert keys.filter(name_contains="KEY", certificate=site.certificate).count() == 5
    first = keys.filter(name_contains="key").first()
    assert first == keys.get("key 0")
    assert keys.filter(name_contains="none").first() is None
    by_uses = keys.filter(max_uses_min=2, max_uses_max=3, used_min=0, used_max=0)
    assert [key.name for key in by_uses] == ["key 1", "key 2"]
    assert [key.id for key in keys.filter(id_contains=first.id)] == [first.id]
    assert keys.filter(last_used_since=START).first() is None
    assert keys.filter(last_used_before=START).count() == 6
    assert code_of(keys.filter(group="none").first) == "group_not_found"
    listing = keys.filter(order=KeyOrder.CREATED)
    assert list(listing) == list(listing), "a listing can be read again"


def test_a_listing_is_read_as_far_as_it_is_used(site: Site) -> None:
    for number in range(7):
        site.key(f"key {number}")
    keys = site.authority.keys
    pages = list(keys.pages(limit=3))
    assert [len(page.items) for page in pages] == [3, 3, 1]
    assert [page.next is None for page in pages] == [False, False, True]
    page = keys.page(limit=2, after=pages[0].next)
    assert [key.name for key in page.items] == ["key 3", "key 4"]
    assert code_of(site.authority.groups.page, after=pages[0].next) == "cursor_invalid"
    for limit in (0, 1001):
        with pytest.raises(ValueError, match="1 to 1000"):
            keys.page(limit=limit)
    reads: list[str | None] = []

    def read(limit: int, after: str | None) -> provkey.Page[provkey.KeyDetails]:
        reads.append(after)
        return keys.page(limit=1, after=after)

    assert next(iter(provkey.Listing(read))).name == "key 0"
    assert reads == [None], "no page was read that was not needed"


def test_connectors_are_listed_and_revoked(site: Site) -> None:
    one, two = (site.parsed(site.key(name)) for name in ("one", "two"))
    ids = []
    for key in (one, one, two):
        ids.append(site.enroll(key, address="192.0.2.1").connector)
        site.clock.advance(minutes=1)
    connectors = site.authority.connectors
    assert {connector.id for connector in connectors} == set(ids)
    assert [connector.id for connector in connectors.filter(key=one.id)] == ids[:2]
    later = connectors.filter(group=site.group, since=START + timedelta(minutes=1))
    assert [connector.id for connector in later] == ids[1:]
    assert connectors.filter(certificate="signing").count() == 3
    site.authority.revoke(ids[0], reason=RevocationReason.SUPERSEDED)
    revoked = connectors.get(ids[0])
    assert revoked.revocation_reason is RevocationReason.SUPERSEDED
    assert revoked.revoked_at == site.clock.now
    assert site.authority.crl("signing").entries == 1
    assert code_of(connectors.get, "nobody") == "connector_not_found"
    with pytest.raises(ValueError, match="RevocationReason"):
        site.authority.revoke(ids[1], reason="because")  # type: ignore[arg-type]


def test_a_key_is_marked_as_compromised(site: Site) -> None:
    key = site.key()
    text = site.parsed(key)
    site.enroll(text)
    site.clock.advance(hours=1)
    leaked_at = site.clock.now
    site.enroll(text)
    site.enroll(text)
    tried = site.authority.compromise(key, since=leaked_at, dry_run=True)
    assert tried == provkey.Compromised(connectors=2, revoked=2)
    assert site.authority.keys.get(key).enabled
    assert site.authority.compromise(key.id, since=leaked_at) == tried
    assert code_of(site.enroll, text) == "key_compromised"
    marked = site.authority.keys.get(key)
    assert (marked.state, marked.compromised_at) == (KeyState.COMPROMISED, leaked_at)
    assert not marked.copyable
    assert code_of(site.authority.keys.copy, key) == "key_compromised"
    assert code_of(site.authority.keys.update, key, enabled=True) == "key_compromised"
    assert len(list(site.authority.keys.filter(state=KeyState.COMPROMISED))) == 1
    assert site.authority.compromise(key) == provkey.Compromised(connectors=3, revoked=1)
    crl = site.authority.crl(site.certificate)
    assert (crl.entries, crl.this_update) == (3, site.clock.now)
    assert site.authority.crl().entries == 0


def test_the_audit_trail(site: Site) -> None:
    token, _ = site.authority.tokens.create("anna", role=provkey.AdminRole.ADMIN)
    authority = site.authority.acting_as("anna", admin_token=token, address="192.0.2.9")
    authority.tokens.record_sign_in()
    authority.tokens.record_sign_out()
    for action in (Action.ADMIN_SIGNED_IN, Action.ADMIN_SIGNED_OUT):
        signed = site.authority.audit.filter(action=action).first()
        assert signed is not None
        assert (signed.actor, signed.admin_token) == ("anna", token.id)
        assert str(signed.address) == "192.0.2.9"
    with pytest.raises(provkey.InputError):
        site.authority.acting_as("anna", admin_token="none")
    key = authority.keys.create("k", group="gateways", certificate="signing", max_uses=1)
    site.enroll(site.parsed(key), address="192.0.2.1")
    created = site.authority.audit.filter(key=key, action=Action.KEY_CREATED).first()
    assert created is not None
    assert (created.actor, created.at, created.details) == ("anna", START, "max_uses 1")
    latest = site.authority.audit.filter(key=key, latest_first=True)
    enrolled = [record for record in latest if record.action is Action.CONNECTOR_ENROLLED]
    assert str(enrolled[0].address) == "192.0.2.1"
    connector = enrolled[0].connector
    assert connector is not None
    assert site.authority.audit.filter(connector=connector).count() == 1
    assert site.authority.audit.filter(since=START + timedelta(days=1)).count() == 0


def test_key_texts_are_copied_and_downloaded(site: Site, tmp_path: Path) -> None:
    key = site.key("Branch: first floor", max_uses=1)
    file = site.authority.keys.download(key)
    assert file.file_name == f"Branch--first-floor-{key.id}.key"
    path = file.save(tmp_path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert provkey.ProvisioningKey.parse(path.read_text()) == site.parsed(key)
    with pytest.raises(FileExistsError):
        file.save(tmp_path)
    site.enroll(site.parsed(key))
    with pytest.raises(RefusedError) as used_up:
        site.authority.keys.copy(key)
    assert used_up.value.code == "key_exhausted"


def test_hosts(site: Site) -> None:
    site.authority.add_host("other.example.com:8443")
    assert site.authority.hosts == ("api.private.example.com", "other.example.com:8443")
    assert site.parsed(site.key(host="other.example.com:8443")).host == "other.example.com:8443"
    assert code_of(site.key, "b", host="none.example.com") == "host_unknown"
    assert code_of(site.authority.add_host, "Other.example.com") == "host_bad_name"


def test_a_rolled_back_store_is_detected(tmp_path: Path) -> None:
    store = provkey.SqliteStore(tmp_path / "authority.db", mode="create")
    site = site_over(store)
    key = site.parsed(site.key())
    store.backup(tmp_path / "old.db")
    site.enroll(key)
    checkpoint = site.authority.checkpoint()
    site.authority.verify_checkpoint(checkpoint)
    assert site.authority.accept_rollback(checkpoint) == checkpoint

    restored = provkey.Authority.open(f"sqlite:{tmp_path / 'old.db'}", master_key=site.master)
    with pytest.raises(provkey.StoreError) as rolled_back:
        restored.verify_checkpoint(checkpoint)
    assert rolled_back.value.code == "store_rolled_back"
    assert not rolled_back.value.retryable
    assert not rolled_back.value.outcome_unknown
    assert code_of(restored.verify_checkpoint, "yesterday") == "checkpoint_invalid"
    kept = restored.accept_rollback(checkpoint)
    restored.verify_checkpoint(kept)
    assert restored.checkpoint() == kept
    accepted = restored.audit.filter(action=Action.ROLLBACK_ACCEPTED)
    assert [record.details for record in accepted] == [checkpoint]


def test_counts_in_memory_are_flushed() -> None:
    store = provkey.MemoryStore()
    site = site_over(store)
    request = provkey.Identity.generate().request(site.parsed(site.key()))

    def replays(authority: provkey.Authority) -> int:
        found = authority.audit.filter(action=Action.CONNECTOR_REPLAYED)
        return sum(record.count or 0 for record in found)

    with site.authority as authority:
        for _ in range(4):
            authority.enroll(request)
        assert replays(authority) < 3
        authority.flush()
        assert replays(authority) == 3
        authority.enroll(request)
    # The end of the context flushed the last count.
    assert replays(provkey.Authority.open(store, master_key=site.master)) == 4


def test_old_records_are_pruned(site: Site) -> None:
    site.clock.advance(days=10)
    pruned = site.authority.prune(audit_before=site.clock.now, expired_before=site.clock.now)
    assert (pruned.audit_records, pruned.enrollments, pruned.revocations) == (3, 0, 0)


def test_admin_tokens(site: Site) -> None:
    tokens = site.authority.tokens
    token, text = tokens.create("ci", role=AdminRole.OPERATOR, expires_at=START + timedelta(days=1))
    assert (token.role, token.created_at, token.revoked_at) == (AdminRole.OPERATOR, START, None)
    assert text.expose().startswith(f"pvkt1_{token.id}_")
    assert text.expose() not in repr(text) + repr(token)
    assert tokens.authenticate(text) == tokens.authenticate(text.expose()) == token
    assert tokens.get("CI") == tokens.get(token.id) == token
    assert code_of(tokens.create, "CI", role=AdminRole.ADMIN) == "name_in_use"
    scope = f"operator:{site.group.id}"
    assert code_of(tokens.create, "x", role=AdminRole.ADMIN, scope=scope) == "scope_invalid"
    scoped, scoped_text = tokens.create("x", role=AdminRole.OPERATOR, scope=scope)
    assert (token.scope, scoped.scope) == (None, scope)
    assert tokens.authenticate(scoped_text) == scoped
    tokens.revoke(scoped)
    assert code_of(tokens.authenticate, "pvkt1_nonsense") == "admin_token_malformed"
    assert {found.id for found in tokens} == {token.id, scoped.id}
    assert tokens.revoke(token).revoked_at == START
    with pytest.raises(RefusedError) as refused:
        tokens.authenticate(text)
    assert refused.value.code == "admin_token_revoked"
    assert code_of(tokens.revoke, "nobody") == "admin_token_not_found"
