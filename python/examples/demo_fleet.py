"""An authority with a small fleet in a temporary directory, which the other examples use."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import provkey


@contextmanager
def demo_fleet(groups: dict[str, tuple[int, int]]) -> Iterator[provkey.Authority]:
    """An authority with a key for each group, described by its limit and its uses so far."""
    with tempfile.TemporaryDirectory() as directory:
        address = f"sqlite:{Path(directory) / 'authority.db'}"
        master_key = provkey.MasterKey.generate()
        with provkey.Authority.create(
            address, host="api.private.example.com", master_key=master_key, actor="example"
        ) as authority:
            certificate = authority.certificates.create("Connectors 2026")
            for name, (max_uses, used) in groups.items():
                group = authority.groups.create(name)
                authority.keys.create(
                    f"{name} rollout", group=group, certificate=certificate, max_uses=max_uses
                )
                for _ in range(used):
                    enroll_one(authority, f"{name} rollout")
            yield authority


def enroll_one(authority: provkey.Authority, key: str) -> provkey.Enrolled:
    """Enrolls a new connector, as connector and authority do."""
    text = authority.keys.copy(key)
    identity = provkey.Identity.generate()
    request = identity.request(provkey.ProvisioningKey.parse(text))
    answer = authority.enroll(request)
    identity.accept(answer.chain)
    return answer
