"""Move all keys from one enrollment certificate to a new one, and retire the old one."""

from __future__ import annotations

from demo_fleet import demo_fleet, enroll_one

import provkey


def migrate(authority: provkey.Authority, old: str, new: str) -> provkey.EnrollmentCertificate:
    """Creates a certificate like the old one, moves the keys to it, and retires the old one."""
    before = authority.certificates.get(old)
    after = authority.certificates.create(
        new,
        leaf_validity=before.leaf_validity,
        renewal_grace=before.renewal_grace,
        crl_url=before.crl_url,
        ocsp_url=before.ocsp_url,
        ca_issuers_url=before.ca_issuers_url,
    )
    for key in list(authority.keys.filter(certificate=before)):
        authority.keys.update(key, certificate=after)
    # Retired last, so that each key always has a certificate that signs.
    authority.certificates.retire(before)
    return after


def main() -> None:
    """Migrates a fleet of two groups, and enrolls one more."""
    with demo_fleet({"Branch": (10, 3), "Plant": (5, 2)}) as authority:
        after = migrate(authority, "Connectors 2026", "Connectors 2027")
        enrolled = enroll_one(authority, "Branch rollout")
        print("signed by the new certificate:", enrolled.certificate == after.id)
        left = authority.certificates.count_connectors("Connectors 2026")
        print(f"{left} connectors still have a certificate of the old one, until they renew")
        for certificate in authority.certificates:
            retired = "retired" if certificate.retired_at else "signs"
            print(f"{certificate.name}: {certificate.keys} keys, {retired}")


if __name__ == "__main__":
    main()
