"""Checks what is in the wheel and in the source distribution of a folder."""

import json
import sys
import tarfile
import zipfile
from pathlib import Path


def one(folder: Path, pattern: str) -> Path:
    (found,) = folder.glob(pattern)
    return found


def check_wheel(path: Path) -> None:
    assert "-cp310-abi3-" in path.name, f"for CPython 3.10 and later: {path.name}"
    with zipfile.ZipFile(path) as wheel:
        names = set(wheel.namelist())
        for name in ("py.typed", "_native.pyi", "_native.abi3.so", "__main__.py"):
            assert f"provkey/{name}" in names, f"{name} is missing"
        foreign = {name for name in names if not name.startswith(("provkey/", "provkey-"))}
        assert not foreign, foreign
        (sbom,) = (name for name in names if ".dist-info/sboms/" in name)
        components = json.loads(wheel.read(sbom))["components"]
        assert {"ring", "provkey", "pyo3"} <= {component["name"] for component in components}
        assert any(name.endswith("/licenses/LICENSE-MIT") for name in names)
        (metadata,) = (name for name in names if name.endswith(".dist-info/METADATA"))
        required = [
            line
            for line in wheel.read(metadata).decode().splitlines()
            if line.startswith("Requires-Dist:") and "extra ==" not in line
        ]
        assert not required, f"the wheel needs nothing else: {required}"


def check_sdist(path: Path) -> None:
    with tarfile.open(path) as sdist:
        names = {name.partition("/")[2] for name in sdist.getnames()}
    for name in ("Cargo.lock", "PKG-INFO", "pyproject.toml"):
        assert name in names, f"{name} is missing in the source distribution"


folder = Path(sys.argv[1])
check_wheel(one(folder, "*.whl"))
check_sdist(one(folder, "*.tar.gz"))
