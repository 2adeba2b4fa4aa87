"""What holds for every key text, and for every sequence of calls."""

from __future__ import annotations

import pytest
from conftest import PROJECT, Site, site_over
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule

import provkey
from provkey import KeyTextError, ProvisioningKey

ALPHABET = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
CORE = 85


def a_site() -> Site:
    return site_over(provkey.MemoryStore())


SITE = a_site()
TEXTS = [SITE.authority.keys.copy(SITE.key(f"key {n}")).expose() for n in range(4)]
texts = st.sampled_from(TEXTS)


@given(texts, st.data())
def test_up_to_four_wrong_characters_are_found(text: str, data: st.DataObject) -> None:
    places = data.draw(
        st.sets(st.integers(len(text) - CORE, len(text) - 1), min_size=1, max_size=4)
    )
    characters = list(text)
    for place in places:
        characters[place] = data.draw(st.sampled_from(ALPHABET.replace(text[place], "")))
    miscopied = "".join(characters)
    with pytest.raises(KeyTextError) as error:
        ProvisioningKey.parse(miscopied)
    assert (error.value.code, error.value.positions) == ("key_miscopied", tuple(sorted(places)))
    assert error.value.suggestion is not None
    assert error.value.suggestion.expose() == text
    repaired = ProvisioningKey.parse(miscopied, repair=True)
    assert [(r.was, r.now) for r in repaired.repairs] == [
        (miscopied[place], text[place]) for place in sorted(places)
    ]


@given(texts, st.text(" \t\r\n\"'", max_size=5), st.booleans(), st.integers(1, 40))
def test_what_copying_adds_does_not_matter(text: str, around: str, upper: bool, width: int) -> None:
    lines = [text[at : at + width] for at in range(0, len(text), width)]
    copied = around + "\r\n".join(lines) + around
    copied = copied.upper() if upper else copied
    assert ProvisioningKey.parse(copied).to_text().expose() == text


@given(st.text() | st.binary().map(repr) | st.builds(str.__add__, texts, st.text(max_size=3)))
def test_any_text_is_read_or_refused_by_its_code(text: str) -> None:
    documented = (PROJECT / "docs" / "errors.md").read_text()
    try:
        assert ProvisioningKey.parse(text).to_text().expose() in TEXTS
    except KeyTextError as error:
        assert f"| `{error.code}` |" in documented  # noqa: PT017
        assert str(error)  # noqa: PT017


@given(st.binary(max_size=300))
def test_any_bytes_are_no_request(csr: bytes) -> None:
    with pytest.raises((provkey.CsrError, provkey.RefusedError)):
        SITE.authority.enroll(csr, key=TEXTS[0])


class Accounting(RuleBasedStateMachine):
    """A key, its limit and its connectors, compared with a count of one's own."""

    connectors = Bundle("connectors")

    def __init__(self) -> None:
        super().__init__()
        self.site = a_site()
        self.key = self.site.key(max_uses=2)
        self.text = self.site.authority.keys.copy(self.key)
        self.parsed = ProvisioningKey.parse(self.text)
        self.limit, self.enabled = 2, True
        self.enrolled: dict[bytes, str] = {}
        self.revoked: set[bytes] = set()

    @rule(target=connectors)
    def new_connector(self) -> provkey.Identity:
        return provkey.Identity.generate(provkey.KeyAlgorithm.ED25519)

    @rule(connector=connectors)
    def enroll(self, connector: provkey.Identity) -> None:
        me = connector.public_key
        expected = self.expected(me)
        request = connector.request(self.parsed)
        if expected is not None:
            with pytest.raises(provkey.RefusedError) as refused:
                self.site.authority.enroll(request)
            assert refused.value.code == expected
            return
        answer = self.site.authority.enroll(request)
        assert answer.replay == (me in self.enrolled)
        assert answer.serial == self.enrolled.setdefault(me, answer.serial)

    def expected(self, me: bytes) -> str | None:
        if not self.enabled:
            return "key_disabled"
        if me in self.revoked:
            return "connector_revoked"
        if me not in self.enrolled and len(self.enrolled) >= self.limit:
            return "key_exhausted"
        return None

    @rule(limit=st.integers(1, 5))
    def set_limit(self, limit: int) -> None:
        self.site.authority.keys.update(self.key, max_uses=limit)
        self.limit = limit

    @rule(enabled=st.booleans())
    def switch(self, enabled: bool) -> None:
        self.site.authority.keys.update(self.key, enabled=enabled)
        self.enabled = enabled

    @rule(connector=connectors)
    def revoke(self, connector: provkey.Identity) -> None:
        me = connector.public_key
        if me in self.enrolled:
            found = self.site.authority.connectors.filter(key=self.key)
            (id,) = (one.id for one in found if one.serial == self.enrolled[me])
            self.site.authority.revoke(id)
            self.revoked.add(me)

    @invariant()
    def the_books_are_right(self) -> None:
        key = self.site.authority.keys.get(self.key)
        assert (key.used, key.max_uses) == (len(self.enrolled), self.limit)
        assert key.copyable == (len(self.enrolled) < self.limit)
        serials = {one.serial for one in self.site.authority.connectors}
        assert serials == set(self.enrolled.values())
        assert self.site.authority.crl("signing").entries == len(self.revoked)


TestAccounting = Accounting.TestCase
TestAccounting.settings = settings(max_examples=25, stateful_step_count=20, deadline=None)
