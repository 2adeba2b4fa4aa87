"""What the tests share: an authority, and a clock that is set by hand."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

import provkey

PROJECT = Path(__file__).resolve().parents[2]
START = datetime(2026, 6, 1, 12, tzinfo=timezone.utc)


def vectors(name: str) -> Any:
    """Test vectors, which the tests of every language read."""
    return json.loads((PROJECT / "tests" / "vectors" / f"{name}.json").read_text())


@dataclass
class Clock:
    """A clock that is set by hand."""

    now: datetime = START

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **span: float) -> None:
        self.now += timedelta(**span)


@dataclass
class Site:
    """An authority with a group and an enrollment certificate."""

    authority: provkey.Authority
    clock: Clock
    master: provkey.MasterKey
    store: Any
    group: provkey.ConnectorGroup = field(init=False)
    certificate: provkey.EnrollmentCertificate = field(init=False)

    def __post_init__(self) -> None:
        self.group = self.authority.groups.create("gateways")
        self.certificate = self.authority.certificates.create("signing")

    def key(self, name: str = "fleet", max_uses: int = 10, **more: Any) -> provkey.KeyDetails:
        return self.authority.keys.create(
            name, group=self.group, certificate=self.certificate, max_uses=max_uses, **more
        )

    def parsed(self, key: provkey.KeyDetails) -> provkey.ProvisioningKey:
        return provkey.ProvisioningKey.parse(self.authority.keys.copy(key))

    def enroll(self, key: provkey.ProvisioningKey, **more: Any) -> provkey.Enrolled:
        """Enrolls a new connector."""
        return self.authority.enroll(provkey.Identity.generate().request(key), **more)


def code_of(call: object, *arguments: object, **named: object) -> str:
    """The code of the error that a call raises."""
    with pytest.raises(provkey.Error) as raised:
        call(*arguments, **named)  # type: ignore[operator]
    return raised.value.code


def site_over(store: Any, **more: Any) -> Site:
    clock, master = Clock(), provkey.MasterKey.generate()
    authority = provkey.Authority.create(
        store, host="api.private.example.com", master_key=master, clock=clock, **more
    )
    return Site(authority, clock, master, store)


@pytest.fixture
def site() -> Site:
    return site_over(provkey.MemoryStore())
