"""Give each provisioning key a successor, and the authority a new master key."""

from __future__ import annotations

import tempfile
from datetime import datetime, timedelta, timezone
from pathlib import Path

import provkey


def rotate(
    authority: provkey.Authority, folder: Path, *, older_than: timedelta
) -> dict[str, provkey.KeyDetails]:
    """Makes a successor for each usable key that is older, and switches the old one off.

    The text of each successor is in a file of the folder that only its owner can read, before the
    old key stops. Gives the successors by the names of the keys.
    """
    successors = {}
    made_before = datetime.now(timezone.utc) - older_than
    # All of them first: what is made below is not to be found.
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
    """Derives new keys from a new master key. The keyring is saved before the authority is told."""
    rotated = keyring.rotated()
    rotated.save(file)
    authority.rotate_master(rotated)
    return rotated


def main() -> None:
    """Rotates everything of a small fleet."""
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
