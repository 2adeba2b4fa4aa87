"""``python -m provkey`` and the script ``provkey`` are the command."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

import provkey

MODULE = [sys.executable, "-m", "provkey"]
SCRIPT = [str(Path(sysconfig.get_path("scripts")) / "provkey")]


def run(
    *arguments: str, command: list[str] = MODULE, cwd: str | Path = "/"
) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {
        "PROVKEY_STORE": "sqlite:store.db",
        "PROVKEY_MASTER_KEY_FILE": "master.key",
    }
    return subprocess.run(
        [*command, *arguments], capture_output=True, text=True, timeout=60, cwd=cwd, env=environment
    )


@pytest.mark.parametrize("command", [MODULE, SCRIPT])
def test_it_is_the_command(command: list[str]) -> None:
    version = run("--version", command=command)
    assert (version.returncode, version.stdout) == (0, f"provkey {provkey.__version__}\n")
    assert version.stderr == ""
    usage = run("key", "create", command=command)
    assert (usage.returncode, usage.stdout) == (2, "")
    assert usage.stderr.startswith("error: ")
    assert "Usage: provkey key create" in usage.stderr


def test_what_it_makes_the_library_opens(tmp_path: Path) -> None:
    for arguments in (
        "init --host api.example.com",
        "group create gateways",
        "cert create signing",
        "key create --name fleet --group gateways --cert signing --max-uses 5 --out fleet.key",
    ):
        done = run(*arguments.split(), cwd=tmp_path)
        assert done.returncode == 0, done.stderr
    refused = run("group", "create", "gateways", cwd=tmp_path)
    assert refused.returncode == 1
    assert refused.stderr.splitlines()[-1].startswith("error: name_in_use: ")
    master = tmp_path / "master.key"
    with provkey.Authority.open(f"sqlite:{tmp_path / 'store.db'}", master_key=master) as authority:
        key = provkey.ProvisioningKey.parse((tmp_path / "fleet.key").read_bytes())
        authority.enroll(provkey.Identity.generate().request(key))
    shown = json.loads(run("key", "list", "--json", cwd=tmp_path).stdout)
    assert [key["used"] for key in shown["items"]] == [1]


def test_ctrl_c_ends_it_as_it_ends_the_command(tmp_path: Path) -> None:
    fifo = tmp_path / "key"
    os.mkfifo(fifo)
    command = [*MODULE, "inspect", "--file", str(fifo)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, cwd="/") as child:
        # A pipe with a name opens when both ends are: from here on the command is reading.
        with fifo.open("wb"):
            child.send_signal(signal.SIGINT)
            assert child.wait(timeout=60) == -signal.SIGINT
        assert child.stderr is not None
        assert child.stderr.read() == b""


def test_a_reader_that_goes_away_is_no_error(tmp_path: Path) -> None:
    assert run("init", "--host", "a.example", cwd=tmp_path).returncode == 0
    reading, writing = os.pipe()
    os.close(reading)
    command = [*MODULE, "--store", "sqlite:store.db", "--master-key-file", "master.key"]
    done = subprocess.run(
        [*command, "audit", "list"],
        stdout=writing,
        stderr=subprocess.PIPE,
        cwd=tmp_path,
        timeout=60,
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, b"")
