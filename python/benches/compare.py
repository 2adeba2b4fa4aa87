"""Compares Python with Rust, and provkey with a service that is written by hand.

``scripts/bench-python.sh`` builds both for release and runs this. The two sides of a row take many
short turns, and the ratio is the median of the turns, because the speed of the machine drifts.
"""

from __future__ import annotations

import multiprocessing
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median
from typing import Union

from by_hand import ByHand
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from with_provkey import WithProvkey

import provkey

TURNS = 31
Service = Union[type[ByHand], type[WithProvkey]]
SERVICES: list[Service] = [ByHand, WithProvkey]


def main() -> None:
    """Prints all tables."""
    worker = Path(sys.argv[1])
    python = platform.python_version()
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, CPython {python}\n", flush=True)
    with tempfile.TemporaryDirectory(dir=sys.argv[2]) as directory:
        folder = Path(directory)
        beside_rust(worker, folder)
        threads(folder)
        beside_by_hand(folder)


# Python beside Rust


def beside_rust(worker: Path, folder: Path) -> None:
    """What a call costs from Python, and from Rust."""
    print("| call | from Python | from Rust | ratio | difference |")
    print("|---|---|---|---|---|")
    rows: list[tuple[str, str, Callable[[int], float], int]] = [
        ("`authority.enroll`, memory", "enroll-memory", lambda n: enroll_ns(None, n), 500),
        ("`authority.enroll`, SQLite", "enroll-sqlite", lambda n: enroll_ns(folder, n), 200),
        ("`ProvisioningKey.parse`", "read", parse_ns, 20_000),
    ]
    for name, of_worker, ours, count in rows:
        turns = [(ours(count), rust_ns(worker, of_worker, count)) for _ in range(TURNS)]
        python, rust, ratio = middle(turns)
        difference = median(python - rust for python, rust in turns)
        cells = (f"{python / 1000:.2f} µs", f"{rust / 1000:.2f} µs", f"{ratio:.3f}")
        print("|", " | ".join([name, *cells, f"{difference / 1000:.2f} µs"]), "|", flush=True)
    print()


def middle(turns: list[tuple[float, float]]) -> tuple[float, float, float]:
    """The medians of both, and of their ratios."""
    ours, theirs = median(one for one, _ in turns), median(other for _, other in turns)
    return ours, theirs, median(one / other for one, other in turns)


def rust_ns(worker: Path, what: str, count: int) -> float:
    """Nanoseconds per call from Rust."""
    command = [str(worker), what, str(count)]
    return float(subprocess.run(command, check=True, capture_output=True).stdout)


def an_authority(store: provkey.Store) -> tuple[provkey.Authority, provkey.ProvisioningKey]:
    """An authority, and a key with a million uses."""
    authority = provkey.Authority.create(
        store, host="api.private.example.com", master_key=provkey.MasterKey.generate()
    )
    authority.groups.create("group")
    authority.certificates.create("certificate")
    authority.keys.create("key", group="group", certificate="certificate", max_uses=1_000_000)
    return authority, provkey.ProvisioningKey.parse(authority.keys.copy("key"))


def requests(key: provkey.ProvisioningKey, count: int) -> list[bytes]:
    """Requests of new connectors."""
    return [provkey.Identity.generate().request(key).der for _ in range(count)]


def a_store(folder: Path | None) -> provkey.Store:
    """A new store: in memory, or in a file of the folder."""
    if folder is None:
        return provkey.MemoryStore()
    return provkey.SqliteStore(folder / f"{time.monotonic_ns()}.db", mode="create")


def enroll_ns(folder: Path | None, count: int) -> float:
    """Nanoseconds per enrollment from Python."""
    authority, key = an_authority(a_store(folder))
    csrs = requests(key, count)
    started = time.perf_counter_ns()
    for csr in csrs:
        authority.enroll(csr)
    return (time.perf_counter_ns() - started) / count


def parse_ns(count: int) -> float:
    """Nanoseconds per reading of a key from Python."""
    text = an_authority(provkey.MemoryStore())[1].to_text().expose()
    started = time.perf_counter_ns()
    for _ in range(count):
        provkey.ProvisioningKey.parse(text)
    return (time.perf_counter_ns() - started) / count


# Threads


def threads(folder: Path) -> None:
    """How many enroll in a second, from one Python thread and from eight."""
    print("| `authority.enroll` on one authority | 8 threads | 1 thread | ratio |")
    print("|---|---|---|---|")
    for name, where in (("memory", None), ("SQLite", folder)):
        turns = [(threads_rate(where, 8), threads_rate(where, 1)) for _ in range(TURNS // 2)]
        eight, one, ratio = middle(turns)
        print(f"| {name} | {eight:.0f}/s | {one:.0f}/s | {ratio:.2f} |", flush=True)
    print()


def threads_rate(folder: Path | None, count: int) -> float:
    """Enrollments a second with so many threads, each with its share of the connectors."""
    authority, key = an_authority(a_store(folder))
    csrs = requests(key, 800)
    shares = [csrs[thread::count] for thread in range(count)]

    def work(share: list[bytes]) -> None:
        for csr in share:
            authority.enroll(csr)

    with ThreadPoolExecutor(count) as pool:
        started = time.perf_counter()
        for _ in pool.map(work, shares):
            pass
        return len(csrs) / (time.perf_counter() - started)


# provkey beside a service that is written by hand


def beside_by_hand(folder: Path) -> None:
    """Speed, size, and what comes out when eight processes race."""
    csrs = ordinary_csrs(300)
    print("| | by hand, `cryptography` and `sqlite3` | provkey |")
    print("|---|---|---|")
    row("lines of code", lambda service: str(lines(service)))
    rates = [[rate(service, folder, csrs) for service in SERVICES] for _ in range(TURNS // 4)]
    row(
        "certificates/s, one process",
        lambda service: f"{median(r[SERVICES.index(service)] for r in rates):.0f}",
    )
    races = {service: race(service, folder, csrs, limit=200, each=100) for service in SERVICES}
    row(
        "8 processes, 800 connectors, a limit of 200: certificates handed out",
        lambda h: races[h][0],
    )
    row("the same: counted uses", lambda service: races[service][1])
    row("the same: other errors", lambda service: races[service][2])
    row("the same: certificates/s", lambda service: races[service][3])
    row(
        "one connector asks 5 times, its answers were lost: counted uses",
        lambda h: asked_again(h, folder),
    )
    row(
        "a copy of the database alone enrolls",
        lambda service: "yes" if stolen(service, folder) else "no",
    )


def row(name: str, cell: Callable[[Service], str]) -> None:
    """Prints a row with a cell for each service."""
    print("|", " | ".join([name, *(cell(service) for service in SERVICES)]), "|", flush=True)


def lines(service: Service) -> int:
    """The lines of its file that are neither empty nor documentation."""
    import ast

    tree = ast.parse(Path(sys.modules[service.__module__].__file__ or "").read_text())
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)) and ast.get_docstring(
            node
        ):
            node.body = node.body[1:] or [ast.Pass()]
    return len(ast.unparse(tree).replace("\n\n", "\n").splitlines())


def ordinary_csrs(count: int) -> list[bytes]:
    """Ordinary CSRs of new key pairs."""
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    keys = (ec.generate_private_key(ec.SECP256R1()) for _ in range(count))
    signed = (builder.sign(key, hashes.SHA256()) for key in keys)
    return [csr.public_bytes(serialization.Encoding.DER) for csr in signed]


def new_path(folder: Path) -> Path:
    """A path for a new database."""
    return folder / f"{time.monotonic_ns()}.db"


def rate(service: Service, folder: Path, csrs: list[bytes]) -> float:
    """Certificates a second in one process."""
    path = new_path(folder)
    token = service.create(path, 1_000_000)
    opened = service(path)
    started = time.perf_counter()
    for csr in csrs:
        opened.enroll(csr, token)
    return len(csrs) / (time.perf_counter() - started)


def race(
    service: Service, folder: Path, csrs: list[bytes], *, limit: int, each: int
) -> tuple[str, str, str, str]:
    """Lets eight processes enroll as many connectors as they can."""
    path = new_path(folder)
    token = service.create(path, limit)
    context = multiprocessing.get_context("spawn")
    with context.Pool(8) as pool:
        pool.map(warm_up, range(8), chunksize=1)
        started = time.perf_counter()
        outcomes = pool.starmap(
            enroll_in_process, [(service, path, token, each) for _ in range(8)], chunksize=1
        )
        spent = time.perf_counter() - started
    total = sum(outcomes, Counter[str]())
    issued = total.pop("issued")
    total.pop("refused")
    used, _ = service(path).counts()
    errors = ", ".join(f"{count} times {error}" for error, count in total.items()) or "none"
    over = f" (**{issued - limit} too many**)" if issued > limit else ""
    return f"{issued}{over}", str(used), errors, f"{issued / spent:.0f}"


def warm_up(_: int) -> None:
    """Lets every process start."""
    time.sleep(0.5)


def enroll_in_process(service: Service, path: Path, token: str, count: int) -> Counter[str]:
    """What became of so many new connectors."""
    csrs = ordinary_csrs(count)
    opened, outcomes = service(path), Counter(issued=0, refused=0)
    for csr in csrs:
        try:
            opened.enroll(csr, token)
            outcomes["issued"] += 1
        except (PermissionError, provkey.RefusedError):
            outcomes["refused"] += 1
        except Exception as error:
            outcomes[f"{type(error).__name__}: {error}"] += 1
    return outcomes


def asked_again(service: Service, folder: Path) -> str:
    """How many uses one connector costs that asks five times."""
    path = new_path(folder)
    token = service.create(path, 10)
    opened, csr = service(path), ordinary_csrs(1)[0]
    for _ in range(5):
        opened.enroll(csr, token)
    return str(opened.counts()[0])


def stolen(service: Service, folder: Path) -> bool:
    """Whether a token is found in the files of the database."""
    path = new_path(folder)
    token = service.create(path, 10)
    files = (file for file in folder.iterdir() if file.name.startswith(path.stem))
    return any(token.encode() in file.read_bytes() for file in files if file.suffix != ".key")


if __name__ == "__main__":
    main()
