"""Opening an authority: addresses of stores, master keys, and their errors."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import Site, code_of

import provkey
from provkey import Authority, Keyring, MasterKey

HOST = "api.private.example.com"


def test_a_store_in_a_file(tmp_path: Path) -> None:
    address, master = f"sqlite:{tmp_path / 'authority.db'}", MasterKey.generate()
    assert code_of(Authority.open, address, master_key=master) == "store_missing"
    with Authority.create(address, host=HOST, master_key=master) as authority:
        id = authority.id
        assert authority.hosts == (HOST,)
    assert code_of(Authority.create, address, host=HOST, master_key=master) == "authority_exists"
    with Authority.open(address, host=HOST, master_key=Keyring(master), actor="anna") as authority:
        assert authority.id == id
        authority.groups.create("g")
        assert [record.actor for record in authority.audit][-1] == "anna"
    other = MasterKey.generate()
    assert code_of(Authority.open, address, master_key=other) == "master_key_wrong"
    wrong = {"master_key": master, "host": "other.example.com"}
    assert code_of(Authority.open, address, **wrong) == "host_unknown"


def test_addresses_of_stores() -> None:
    for address in ("sqlite:", "/tmp/x", "mysql://localhost/db", ""):
        code = code_of(Authority.open, address, master_key=MasterKey.generate())
        assert code == "store_address_invalid", address
    # Nothing listens at this port.
    for address in ("postgres://127.0.0.1:1/db", "postgresql://127.0.0.1:1/db"):
        code = code_of(Authority.open, address, master_key=MasterKey.generate())
        assert code == "store_unavailable", address


def test_sqlite_stores(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    with provkey.SqliteStore(path, mode="create") as store:
        assert not Authority.exists(store)
        master = MasterKey.generate()
        with Authority.create(store, host=HOST, master_key=master):
            assert Authority.exists(store)
        store.backup(tmp_path / "copy.db")
        assert code_of(store.backup, tmp_path / "copy.db") == "store_exists"
    with pytest.raises(provkey.UsageError) as closed:
        store.get([b"key"])
    assert closed.value.code == "used_after_close"
    store.close()
    assert code_of(provkey.SqliteStore, path, mode="create") == "store_exists"
    assert code_of(provkey.SqliteStore, tmp_path / "none.db", mode="open") == "store_missing"
    Authority.open(f"sqlite:{tmp_path / 'copy.db'}", master_key=master).close()
    with pytest.raises(ValueError, match="open_or_create"):
        provkey.SqliteStore(path, mode="w")  # type: ignore[arg-type]


def test_a_closed_authority_refuses_calls(site: Site) -> None:
    with site.authority as authority:
        authority.groups.count()
    for call in (authority.groups.count, lambda: authority.id, lambda: authority.enroll(b"")):
        assert code_of(call) == "used_after_close"
    authority.close()


def test_master_keys_in_files(tmp_path: Path) -> None:
    path, master = tmp_path / "master.key", MasterKey.generate()
    master.save(path)
    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(FileExistsError):
        master.save(path)
    assert MasterKey.from_hex(path.read_text()).id == master.id
    assert MasterKey(bytes.fromhex(master.expose())).id == master.id
    store = provkey.MemoryStore()
    Authority.create(store, host=HOST, master_key=path)
    Authority.open(store, master_key=Keyring.from_file(path))
    with pytest.raises(TypeError, match=r"pathlib\.Path"):
        Authority.open(store, master_key=str(path))  # type: ignore[arg-type]
    with pytest.raises(FileNotFoundError):
        Authority.open(store, master_key=tmp_path / "none")
    for text, code in (("", "keyring_empty"), ("xyz", "keyring_malformed")):
        assert code_of(Keyring.parse, text) == code
    assert code_of(MasterKey.from_hex, "xyz") == "master_key_malformed"
    with pytest.raises(ValueError, match="length"):
        MasterKey(b"short")


def test_master_keys_are_rotated(site: Site, tmp_path: Path) -> None:
    before = site.parsed(site.key("before"))
    keyring = Keyring(site.master)
    rotated = keyring.rotated()
    assert (keyring.slots, keyring.current_slot) == ((0,), 0)
    assert (rotated.slots, rotated.current_slot) == ((0, 1), 1)
    rotated.save(tmp_path / "keyring")
    other = Authority.open(site.store, master_key=site.master)
    assert other.missing_masters() == []
    site.authority.rotate_master(rotated)
    assert site.authority.master_slot == 1
    assert other.missing_masters() == [1]
    assert code_of(other.replace_keyring, keyring) == "master_key_missing"
    other.replace_keyring(rotated)
    assert other.missing_masters() == []
    after = site.parsed(site.key("after"))
    site.enroll(before)
    site.enroll(after)
    assert code_of(site.authority.remove_master, 0) == "master_key_in_use"
    site.authority.keys.delete("before")
    site.authority.remove_master(0)
    code = code_of(Authority.open, site.store, master_key=site.master)
    assert code in ("master_key_missing", "master_key_wrong")
    left = Keyring.from_file(tmp_path / "keyring").without(0)
    assert left.slots == (1,)
    Authority.open(site.store, master_key=left)
    assert code_of(left.without, 1) == "keyring_slot_current"
    with pytest.raises(ValueError, match="0 to 31"):
        left.without(32)
