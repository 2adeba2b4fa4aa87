"""Every example runs without a warning, and prints what it should."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import PROJECT

EXAMPLES = PROJECT / "python" / "examples"
EXPECTED = {
    "asyncio_server": "30 enrolled\n10 refused: key_exhausted\n",
    "audit_report": "Plant       38%\n",
    "migrate_certificate": "Connectors 2026: 0 keys, retired\nConnectors 2027: 2 keys, signs\n",
    "revoke_leaked": "Branch rollout: 10 uses left\nrevoked for keyCompromise\n",
    "rotate_keys": "rotated: ['rollout'] ['.key']\n",
    "scale_fleet": "50 of 67 uses are spent\n",
    "table_store": "37 checks passed\nseen by the other: ['gateways']\n",
}


def test_every_example_is_tested() -> None:
    assert {path.stem for path in EXAMPLES.glob("*.py")} == {*EXPECTED, "demo_fleet"}


@pytest.mark.parametrize("name", EXPECTED)
def test_example(name: str, tmp_path: Path) -> None:
    # Matplotlib writes a cache of fonts.
    environment = os.environ | {"MPLCONFIGDIR": str(tmp_path)}
    run = subprocess.run(
        [sys.executable, "-W", "error", EXAMPLES / f"{name}.py"],
        capture_output=True,
        text=True,
        timeout=120,
        cwd=tmp_path,
        env=environment,
    )
    errors = [line for line in run.stderr.splitlines() if "building the font cache" not in line]
    assert (run.returncode, errors) == (0, [])
    assert EXPECTED[name] in run.stdout
