"""A key has leaked: look who enrolled with it, revoke them, publish the CRL, make another key."""

from __future__ import annotations

import tempfile
from datetime import datetime, timedelta, timezone
from pathlib import Path

from demo_fleet import demo_fleet

import provkey


def deal_with_leak(
    authority: provkey.Authority, name: str, *, since: datetime, crl_file: Path
) -> provkey.KeyDetails:
    """Revokes what the key enrolled since it leaked. Gives the key that takes its place."""
    leaked = authority.keys.get(name)
    for connector in authority.connectors.filter(key=leaked, since=since):
        print(f"{connector.id} enrolled from {connector.address or 'an unknown address'}")
    tried = authority.compromise(leaked, since=since, dry_run=True)
    print(f"{tried.revoked} of {tried.connectors} are to be revoked")

    authority.compromise(leaked, since=since)
    crl = authority.crl(leaked.certificate.id)
    crl_file.write_bytes(crl.der)
    print(
        f"CRL {crl.number} has {crl.entries} entries, and is good for {crl.next_update - crl.this_update}"
    )

    authority.keys.update(leaked, name=f"{leaked.name} (leaked)")
    return authority.keys.create(
        name,
        group=leaked.group,
        certificate=leaked.certificate,
        # Those who were revoked without guilt enroll anew, and spend a use each.
        max_uses=leaked.remaining + tried.revoked,
    )


def main() -> None:
    """Deals with a leak in a small fleet."""
    with demo_fleet({"Branch": (10, 4)}) as authority, tempfile.TemporaryDirectory() as directory:
        since = datetime.now(timezone.utc) - timedelta(hours=1)
        crl_file = Path(directory) / "branch.crl"
        key = deal_with_leak(authority, "Branch rollout", since=since, crl_file=crl_file)
        print(f"{key.name}: {key.remaining} uses left")
        reasons = {str(connector.revocation_reason) for connector in authority.connectors}
        print("revoked for", *reasons)


if __name__ == "__main__":
    main()
