"""Records, errors and enumerations as values; secrets that are not printed, pickled or copied."""

from __future__ import annotations

import ast
import copy
import json
import pickle
import re
from enum import Enum

import pytest
from conftest import PROJECT, Site

import provkey
from provkey import KeyTextError, MasterKey, ProvisioningKey, enums


@pytest.fixture
def secrets(site: Site) -> dict[str, tuple[object, str]]:
    """Objects that hold a secret, and the part that must not be printed."""
    key = site.key()
    text = site.authority.keys.copy(key)
    secret = text.expose()[-73:]
    master = MasterKey.generate()
    identity = provkey.Identity.generate()
    parsed = ProvisioningKey.parse(text)
    broken = text.expose()[:-1] + ("q" if text.expose()[-1] != "q" else "p")
    with pytest.raises(KeyTextError) as error:
        ProvisioningKey.parse(broken)
    (repair,) = ProvisioningKey.parse(broken, repair=True).repairs
    return {
        "KeyText": (text, secret),
        "ProvisioningKey": (parsed, secret),
        "KeyFile": (site.authority.keys.download(key), secret),
        "MasterKey": (master, master.expose().strip()),
        "Keyring": (provkey.Keyring(master), master.expose().strip()),
        "Identity": (identity, identity.expose_private_key().hex()),
        "KeyTextError": (error.value, secret[:-2]),
        "EnrollRequest": (provkey.EnrollRequest(csr=b"csr", key=text.expose()), secret),
        "Repair": (repair, f"now='{repair.now}'"),
    }


def test_no_secret_is_printed(secrets: dict[str, tuple[object, str]]) -> None:
    for name, (holder, secret) in secrets.items():
        for printed in (repr(holder), str(holder), f"{holder}"):
            assert secret not in printed, name
            assert len(printed) < 250, name


def test_no_secret_is_pickled_or_copied(secrets: dict[str, tuple[object, str]]) -> None:
    del secrets["EnrollRequest"]  # It holds what the caller passed.
    for holder, _ in secrets.values():
        for preserve in (pickle.dumps, copy.deepcopy):
            with pytest.raises(TypeError, match=r"secret.* cannot be pickled"):
                preserve(holder)


def test_records_are_values(site: Site) -> None:
    key = site.key(allowed_addresses=["10.0.0.0/8"])
    enrolled = site.enroll(site.parsed(key), address="10.0.0.1")
    authority = site.authority
    records = [
        site.group,
        site.certificate,
        authority.keys.get(key),
        authority.connectors.get(enrolled.connector),
        enrolled,
        authority.audit.first(),
        authority.crl(),
        authority.root,
        provkey.Fingerprint.of_raw(b"machine"),
        authority.keys.page(limit=1),
    ]
    for record in records:
        again = pickle.loads(pickle.dumps(record))
        assert again == record
        assert hash(again) == hash(record)
        assert record != "something else"
        assert len(repr(record)) < 1500
        if hasattr(record, "to_dict"):
            assert json.loads(json.dumps(record.to_dict())) == record.to_dict()
    with pytest.raises(AttributeError):
        key.used = 0  # type: ignore[misc]
    assert authority.keys.get(key) != key, "it has been used since"


def test_a_record_as_a_dictionary(site: Site) -> None:
    plain = site.key(expires_at=site.clock.now.replace(year=2030)).to_dict()
    assert plain["created_at"] == "2026-06-01T12:00:00.000Z"
    assert plain["expires_at"] == "2030-06-01T12:00:00.000Z"
    assert plain["group"] == {"id": site.group.id, "name": "gateways"}
    assert (plain["state"], plain["copyable"], plain["allowed_addresses"]) == ("usable", True, [])
    assert site.certificate.to_dict()["leaf_validity"] == 365 * 86400


def test_errors_are_values(site: Site) -> None:
    with pytest.raises(provkey.InputError) as raised:
        site.authority.keys.get("none")
    again = pickle.loads(pickle.dumps(raised.value))
    assert (type(again), again.code, again.retryable) == (
        provkey.InputError,
        "key_not_found",
        False,
    )
    assert str(again) == str(raised.value) == "there is no such provisioning key: none"
    assert repr(again) == "InputError(key_not_found: there is no such provisioning key: none)"
    with pytest.raises(KeyTextError) as broken:
        ProvisioningKey.parse("pvk1_")
    assert pickle.loads(pickle.dumps(broken.value)).missing == broken.value.missing


def test_every_error_is_an_error_of_this_package() -> None:
    classes = [getattr(provkey, name) for name in provkey.__all__ if name.endswith("Error")]
    assert len(classes) == 15
    assert all(issubclass(one, provkey.Error) for one in classes)


@pytest.mark.parametrize(
    ("enumeration", "source", "type_name"),
    [
        (enums.AdminRole, "core/src/ledger/model/role.rs", "AdminRole"),
        (enums.KeyState, "core/src/authority/keys/details.rs", "KeyState"),
        (enums.Action, "core/src/ledger/records/audit.rs", "Action"),
        (enums.KeyAlgorithm, "core/src/x509/algorithm.rs", "KeyAlgorithm"),
        (enums.RevocationReason, "core/src/x509/revocation.rs", "RevocationReason"),
        (enums.CertificateState, "core/src/connector/state.rs", "CertificateState"),
        (
            enums.CertificateWarning,
            "core/src/authority/certificates/details.rs",
            "CertificateWarning",
        ),
    ],
)
def test_enumerations_are_those_of_the_library(
    enumeration: type[Enum], source: str, type_name: str
) -> None:
    text = (PROJECT / source).read_text()
    body = text[text.index(f"impl {type_name} {{") :]
    names = re.findall(r'Self::\w+ => "(\w+)"', body[: body.index("\n}")])
    assert [member.value for member in enumeration] == names
    for member in enumeration:
        assert (str(member), f"{member:>3}"[-3:]) == (member.value, member.value[-3:])


def test_fingerprints() -> None:
    one, two = provkey.Fingerprint.of_raw(b"one"), provkey.Fingerprint.of_raw(b"two")
    assert one != two
    assert sorted({one, two, one}) == sorted([one, two])
    assert provkey.Fingerprint.from_hex(str(one)) == provkey.Fingerprint(bytes(one)) == one
    assert one.hex() == bytes(one).hex()
    for wrong in ("", "zz" * 16):
        with pytest.raises(ValueError, match="32 hexadecimal"):
            provkey.Fingerprint.from_hex(wrong)


def test_every_public_name_is_documented() -> None:
    assert sorted(provkey.__all__) == sorted(set(provkey.__all__))
    for name in provkey.__all__:
        thing = getattr(provkey, name)
        assert thing.__doc__, name
        if not isinstance(thing, type):
            continue
        for attribute, value in vars(thing).items():
            documented = callable(value) or isinstance(value, (property, classmethod, staticmethod))
            if documented and not attribute.startswith("_"):
                assert value.__doc__, f"{name}.{attribute}"


def test_every_field_is_documented() -> None:
    """A field of a class has its description below it."""
    for path in (PROJECT / "python" / "provkey").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.ClassDef) or path.name in ("keys.py", "certificates.py"):
                continue
            for field, after in zip(node.body, [*node.body[1:], None], strict=True):
                if isinstance(field, ast.AnnAssign) and "native half" not in (
                    ast.get_docstring(node) or ""
                ):
                    assert isinstance(after, ast.Expr), (
                        f"{path.name}: {node.name}.{ast.unparse(field)}"
                    )
