"""Arbitrary texts and bytes from Python: each is accepted, or refused with a documented code."""

from __future__ import annotations

import pytest
from conftest import PROJECT, site_over
from hypothesis import given
from hypothesis import strategies as st

import provkey
from provkey import KeyTextError, ProvisioningKey

SITE = site_over(provkey.MemoryStore())
TEXTS = [SITE.authority.keys.copy(SITE.key(f"key {n}")).expose() for n in range(4)]
texts = st.sampled_from(TEXTS)


@given(st.text() | st.binary().map(repr) | st.builds(str.__add__, texts, st.text(max_size=3)))
def test_any_text_is_parsed_or_refused_with_a_documented_code(text: str) -> None:
    documented = (PROJECT / "docs" / "errors.md").read_text()
    try:
        assert ProvisioningKey.parse(text).to_text().expose() in TEXTS
    except KeyTextError as error:
        assert f"| `{error.code}` |" in documented  # noqa: PT017
        assert str(error)  # noqa: PT017


@given(st.binary(max_size=300))
def test_arbitrary_bytes_are_not_a_request(csr: bytes) -> None:
    with pytest.raises((provkey.CsrError, provkey.RefusedError)):
        SITE.authority.enroll(csr, key=TEXTS[0])
