"""Replace each provisioning key, and rotate the master key."""

from __future__ import annotations

import tempfile
from datetime import datetime, timedelta, timezone
from pathlib import Path

import provkey


def rotate(
    authority: provkey.Authority, folder: Path, *, older_than: timedelta
) -> dict[str, provkey.KeyDetails]:
    """Creates a successor for each usable key that is older, and disables the old key.

    The text of each successor is in a file of the folder, which only its owner can read, before the
    old key stops. Returns the successors by name.
    """
    successors = {}
    made_before = datetime.now(timezone.utc) - older_than
    # Listed first, so that the successors are not listed too.
    keys = list(authority.keys.filter(state=provkey.KeyState.USABLE))
    for key in keys:
        if key.created_at > made_before:
            continue
        authority.keys.update(key, name=f"{key.name} until {datetime.now(timezone.utc):%F}")
        successor = authority.keys.create(
            key.name,
            group=key.group,
            certificate=key.certificate,
            max_uses=key.remaining,
            host=key.host,
            expires_at=key.expires_at,
            allowed_addresses=key.allowed_addresses,
            proof_only=key.proof_only,
        )
        authority.keys.download(successor).save(folder)
        authority.keys.update(key, enabled=False)
        successors[key.name] = successor
    return successors


def rotate_master(
    authority: provkey.Authority, keyring: provkey.Keyring, file: Path
) -> provkey.Keyring:
    """Derives new keys from a new master key. The keyring is saved before the authority uses it."""
    rotated = keyring.rotated()
    rotated.save(file)
    authority.rotate_master(rotated)
    return rotated


def main() -> None:
    """Rotates the keys of a small fleet."""
    with tempfile.TemporaryDirectory() as directory:
        folder, master_key = Path(directory), provkey.MasterKey.generate()
        with provkey.Authority.create(
            f"sqlite:{folder / 'authority.db'}", host="localhost:8443", master_key=master_key
        ) as authority:
            authority.groups.create("Branch")
            authority.certificates.create("2026")
            authority.keys.create("rollout", group="Branch", certificate="2026", max_uses=10)
            rotate_master(authority, provkey.Keyring(master_key), folder / "keyring")
            print("master key in slot", authority.master_slot)
            rotated = rotate(authority, folder, older_than=timedelta(0))
            print("rotated:", list(rotated), [path.suffix for path in folder.glob("*.key")])
            for key in authority.keys:
                print(f"{key.state:<10} {key.used}/{key.max_uses}")


if __name__ == "__main__":
    main()
