"""The same host with provkey."""

from __future__ import annotations

from pathlib import Path

import provkey


class WithProvkey:
    """An authority that counts the uses of keys."""

    def __init__(self, path: Path) -> None:
        """Opens the database of a host."""
        self.authority = provkey.Authority.open(
            f"sqlite:{path}", master_key=path.with_suffix(".key")
        )

    @staticmethod
    def create(path: Path, max_uses: int) -> str:
        """Makes the database and a key."""
        master = provkey.MasterKey.generate()
        master.save(path.with_suffix(".key"))
        with provkey.Authority.create(
            f"sqlite:{path}", host="localhost", master_key=master
        ) as authority:
            authority.groups.create("fleet")
            authority.certificates.create("CA")
            authority.keys.create("key", group="fleet", certificate="CA", max_uses=max_uses)
            return authority.keys.copy("key").expose()

    def enroll(self, csr_der: bytes, token: str) -> bytes:
        """Enrolls. Returns the certificate in DER."""
        return self.authority.enroll(csr_der, key=token).chain[0]

    def counts(self) -> tuple[int, int]:
        """How many uses were counted, and how many certificates are on record."""
        return self.authority.keys.get("key").used, self.authority.connectors.count()
