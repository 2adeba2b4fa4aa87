"""The snippets of the README and docs/python.md run."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import PROJECT

import provkey

SNIPPET = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize(("page", "snippets"), [("README.md", 1), ("docs/python.md", 13)])
def test_the_snippets_run_one_after_the_other(page: str, snippets: int, tmp_path: Path) -> None:
    found = SNIPPET.findall((PROJECT / page).read_text())
    assert len(found) == snippets
    program = tmp_path / "program.py"
    program.write_text("\n".join(found))
    run = subprocess.run(
        [sys.executable, "-W", "error", program],
        capture_output=True,
        text=True,
        timeout=120,
        cwd=tmp_path,
    )
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout


def test_the_page_names_every_error() -> None:
    page = (PROJECT / "docs" / "python.md").read_text()
    errors = [name for name in provkey.__all__ if name.endswith("Error") and name != "Error"]
    assert [name for name in errors if f"`{name}`" not in page] == []


def test_the_page_names_every_example() -> None:
    page = (PROJECT / "docs" / "python.md").read_text()
    examples = {path.name for path in (PROJECT / "python" / "examples").glob("*.py")}
    assert {name for name in examples - {"demo_fleet.py"} if name not in page} == set()
