"""A key has leaked: list who enrolled with it, revoke them, publish the CRL, create another key."""

from __future__ import annotations

import tempfile
from datetime import datetime, timedelta, timezone
from pathlib import Path

from demo_fleet import demo_fleet

import provkey


def replace_leaked_key(
    authority: provkey.Authority, name: str, *, since: datetime, crl_file: Path
) -> provkey.KeyDetails:
    """Revokes what the key enrolled since it leaked. Returns the key that replaces it."""
    leaked = authority.keys.get(name)
    for connector in authority.connectors.filter(key=leaked, since=since):
        print(f"{connector.id} enrolled from {connector.address or 'an unknown address'}")
    preview = authority.compromise(leaked, since=since, dry_run=True)
    print(f"{preview.revoked} of {preview.connectors} connectors will be revoked")

    authority.compromise(leaked, since=since)
    crl = authority.crl(leaked.certificate.id)
    crl_file.write_bytes(crl.der)
    print(
        f"CRL {crl.number} has {crl.entries} entries and is valid for {crl.next_update - crl.this_update}"
    )

    authority.keys.update(leaked, name=f"{leaked.name} (leaked)")
    return authority.keys.create(
        name,
        group=leaked.group,
        certificate=leaked.certificate,
        # Honest connectors that were revoked enroll again, and each spends a use.
        max_uses=leaked.remaining + preview.revoked,
    )


def main() -> None:
    """Replaces a leaked key of a small fleet."""
    with demo_fleet({"Branch": (10, 4)}) as authority, tempfile.TemporaryDirectory() as directory:
        since = datetime.now(timezone.utc) - timedelta(hours=1)
        crl_file = Path(directory) / "branch.crl"
        key = replace_leaked_key(authority, "Branch rollout", since=since, crl_file=crl_file)
        print(f"{key.name}: {key.remaining} uses left")
        reasons = {str(connector.revocation_reason) for connector in authority.connectors}
        print("revoked for", *reasons)


if __name__ == "__main__":
    main()
