#!/usr/bin/env python3
"""Names what of Cargo.lock was yanked, as far as cargo's copy of the registry's index knows.

Needs no network: cargo stores what the index said when it last resolved or fetched a crate. An
advisory often leads to a yank, so this helps where the advisory database is out of reach.
"""

import json
import pathlib
import sys
import tempfile
import tomllib


def crates(lock):
    """Name and version of each crate that comes from a registry."""
    packages = tomllib.loads(lock.read_text())["package"]
    return [
        (p["name"], p["version"]) for p in packages if p.get("source", "").startswith("registry+")
    ]


def path_of(name):
    """Where an index has a crate."""
    name = name.lower()
    match len(name):
        case 1 | 2:
            return pathlib.Path(str(len(name)), name)
        case 3:
            return pathlib.Path("3", name[0], name)
        case _:
            return pathlib.Path(name[:2], name[2:4], name)


def releases(cached):
    """The releases in a file of cargo's index: versions and their JSON between zero bytes."""
    for part in cached.read_bytes().split(b"\0"):
        if part.startswith(b"{"):
            yield json.loads(part)


def state(indexes, name, version):
    """Whether a release was yanked; None: the index does not have it."""
    for index in indexes:
        cached = index / ".cache" / path_of(name)
        if not cached.is_file():
            continue
        for release in releases(cached):
            if release["vers"] == version:
                return release["yanked"]
    return None


def check(lock, registry):
    """What was yanked, and how many were found."""
    indexes = [index for index in registry.glob("*") if index.is_dir()]
    states = {crate: state(indexes, *crate) for crate in crates(lock)}
    yanked = [f"{name} {version}" for (name, version), is_yanked in states.items() if is_yanked]
    return (
        yanked,
        sum(is_yanked is not None for is_yanked in states.values()),
        len(states),
    )


def self_test():
    """A yanked crate is seen, others are not, whatever else an index holds."""
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        lock = folder / "Cargo.lock"
        source = 'source = "registry+https://example.com/index"'
        names = {"ab": "1.0.0", "abc": "2.0.0", "Abcd": "3.0.0", "absent": "1.0.0"}
        entries = [
            f'[[package]]\nname = "{n}"\nversion = "{v}"\n{source}\n' for n, v in names.items()
        ]
        entries.append('[[package]]\nname = "ours"\nversion = "0.1.0"\n')
        lock.write_text("\n".join(entries))
        for path, version, yanked in (
            ("2/ab", "1.0.0", False),
            ("3/a/abc", "2.0.0", True),
            ("ab/cd/abcd", "3.0.0", True),
        ):
            cached = folder / "index/registry-1/.cache" / path
            cached.parent.mkdir(parents=True)
            lines = [
                {"vers": "0.9.0", "yanked": not yanked},
                {"vers": version, "yanked": yanked},
            ]
            parts = b"".join(b"0\0" + json.dumps(line).encode() + b"\0" for line in lines)
            cached.write_bytes(b"\x03\x02\0\0\0etag: x\0" + parts)
        assert check(lock, folder / "index") == (["abc 2.0.0", "Abcd 3.0.0"], 3, 4)


def main():
    lock, cargo_home = map(pathlib.Path, sys.argv[1:])
    self_test()
    yanked, found, all_of_them = check(lock, cargo_home / "registry" / "index")
    for crate in yanked:
        print(
            f"error: {crate} was yanked: cargo update -p {crate.replace(' ', '@')}",
            file=sys.stderr,
        )
    print(
        f"{lock}: {found} of {all_of_them} crates are in cargo's index, {len(yanked)} of them were yanked"
    )
    # An index in another form would look as if nothing was known, and hide everything.
    if found * 2 < all_of_them:
        print("error: cargo's index knows less than half of them", file=sys.stderr)
        return 1
    return 1 if yanked else 0


if __name__ == "__main__":
    sys.exit(main())
