"""Checks which file imports which.

    python3 scripts/layers.py [--figures] [--paths] [CRATE_FOLDER...]

Reads `use` declarations and paths that begin with crate, super or self, follows re-exports to the
file that defines an item, and fails if

- a file of core imports from a layer above its own, by the order in LAYERS, or
- files of one crate import each other in a circle.

Not counted: tests, doc comments, `mod` declarations, and re-exports that the file itself does not
use. --figures prints the counts and never fails, --paths also every import of a circle.
"""

import argparse
import collections
import pathlib
import re
import sys

CRATES = [
    "core",
    "stores/sqlite",
    "stores/postgres",
    "signers/pkcs11",
    "ffi",
    "admin",
    "server",
    "cli",
    "python",
]

# Core, from the bottom up. A layer may import from itself and from those in the lines above it.
LAYERS = [
    {"error_family", "hex", "limits", "process", "random", "setters", "text", "time", "der"},
    {"key"},
    {"x509"},
    {"store"},
    {"ledger"},
    {"authority", "connector"},
    {"testing", "views"},
]
RANK = {module: rank for rank, layer in enumerate(LAYERS) for module in layer}


def code_only(text):
    """The text without comments, strings, characters and what is built for tests only."""
    pattern = re.compile(
        r'//[^\n]*|/\*.*?\*/|b?r(#*)".*?"\1|b?"(?:\\.|[^"\\])*"|b?\'(?:\\.[^\']*|[^\\\'])\'',
        re.DOTALL,
    )
    text = pattern.sub(lambda found: "\n" * found.group().count("\n"), text)
    text = re.sub(r"\bpub\(in [^)]*\)", "pub", text)  # Says who may import, and imports nothing.
    test_only = re.compile(
        r"#\[cfg\((?:test|all\(test[^\]]*|shuttle|all\(shuttle[^\]]*)\)\]\s*(?:#\[[^\]]*\]\s*)*"
        r"(?:pub(?:\([^)]*\))?\s+)?"
        r"(?:(?:use|mod|const|static|type)\b[^;{]*(?:;|\{)|(?:fn|impl|struct|enum|trait)\b[^;{]*[;{])"
    )
    while found := test_only.search(text):
        end = found.end()
        if text[end - 1] == "{":
            end = closing(text, end - 1) + 1
        text = text[: found.start()] + text[end:]
    return text


def closing(text, start):
    """Where the brace that opens at `start` is closed."""
    depth = 0
    for at in range(start, len(text)):
        depth += {"{": 1, "}": -1}.get(text[at], 0)
        if depth == 0:
            return at
    return len(text)


def leaves(tree, prefix=()):
    """Each path of a use tree, and the name that it gets."""
    tree = tree.strip()
    brace = tree.find("{")
    if brace >= 0:
        prefix += tuple(part.strip() for part in tree[:brace].split("::") if part.strip())
        depth, start = 0, brace + 1
        for at in range(brace + 1, len(tree)):
            if tree[at] == "{":
                depth += 1
            elif tree[at] == "}" and depth:
                depth -= 1
            elif tree[at] in ",}" and not depth:
                if tree[start:at].strip():
                    yield from leaves(tree[start:at], prefix)
                start = at + 1
        return
    path, _, alias = tree.partition(" as ")
    path = prefix + tuple(part.strip() for part in path.split("::"))
    if path[-1] == "self":
        path = path[:-1]
    yield path, alias.strip() or path[-1]


class Module:
    """One file: what it declares, uses and re-exports."""

    def __init__(self, path, name):
        self.path, self.name = path, name
        self.text = code_only(path.read_text("utf-8"))
        self.children, self.names, self.globs, self.imports = {}, {}, [], []
        self.defined = set(
            re.findall(
                r"\b(?:struct|enum|trait|union|type|fn|const|static|macro_rules!)\s+(\w+)",
                self.text,
            )
        )


class Crate:
    """The files of a crate that are part of it, by their modules."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.modules = {}
        self.load(self.folder / "src/lib.rs", ())
        for module in list(self.modules.values()):
            self.read(module)
        self.edges = collections.defaultdict(set)
        for module in self.modules.values():
            for path in module.imports:
                target = self.resolve(module, path)
                if target is not None and target is not module:
                    self.edges[module].add(target)

    def load(self, path, name):
        module = self.modules[name] = Module(path, name)
        home = path.parent if path.name in {"lib.rs", "mod.rs"} else path.with_suffix("")
        for child in re.findall(r"\bmod\s+(\w+)\s*;", module.text):
            found = [home / f"{child}.rs", home / child / "mod.rs"]
            found = [candidate for candidate in found if candidate.is_file()]
            if found:
                module.children[child] = self.load(found[0], (*name, child))
        return module

    def read(self, module):
        text = module.text
        inline = [
            (found.start(), closing(text, found.end() - 1))
            for found in re.finditer(r"\bmod\s+\w+\s*\{", text)
        ]

        def absolute(path, at):
            depth = sum(start < at < end for start, end in inline)
            while depth and path and path[0] == "super":
                path, depth = path[1:], depth - 1
            return path or ("self",)

        rest = text
        exported = []
        for found in re.finditer(r"(\bpub(?:\([^)]*\))?\s+)?\buse\s+([^;]+);", text):
            rest = rest.replace(found.group(), ";", 1)
            for path, name in leaves(found.group(2)):
                path = absolute(path, found.start())
                if name == "*":
                    module.globs.append(path[:-1])
                    continue
                if name != "_":
                    module.names[name] = path
                if found.group(1):
                    exported.append((path, name))
                else:
                    module.imports.append(path)
        for path, name in exported:
            if re.search(rf"\b{re.escape(name)}\b", rest):
                module.imports.append(path)
        for found in re.finditer(r"\b(?:crate|super|self)(?:\s*::\s*\w+)+", rest):
            path = tuple(part.strip() for part in found.group().split("::"))
            module.imports.append(absolute(path, found.start()))
        for child in module.children:
            for found in re.finditer(rf"(?<![\w:]){child}\s*::\s*(\w+)", rest):
                module.imports.append((child, found.group(1)))
        words = set(re.findall(r"\w+", rest))
        for path in list(module.globs):
            source = self.resolve(module, (*path, "*"))
            if source is None or source is module:
                continue
            for name in words & (source.defined | set(source.names) | set(source.children)):
                if name not in module.defined | set(module.names) | set(module.children):
                    module.imports.append((*path, name))

    def resolve(self, module, path, seen=()):
        """The module that defines `path` as seen from `module`; None if another crate does."""
        if (module.name, path) in seen or len(seen) > 32:
            return module
        seen = (*seen, (module.name, path))
        if path[0] == "crate":
            at, path = self.modules[()], path[1:]
        elif path[0] in {"self", "super"} or path[0] in module.children:
            at = module
        elif path[0] in module.names and module.names[path[0]] != path:
            target = self.resolve(module, module.names[path[0]], seen)
            return None if target is None else self.within(target, path[1:], seen)
        elif path[0] in module.defined:
            return module
        else:
            return None
        return self.within(at, path, seen)

    def within(self, at, path, seen):
        for index, part in enumerate(path):
            if part == "self":
                continue
            if part == "super":
                at = self.modules[at.name[:-1]]
            elif part in at.children:
                at = at.children[part]
            elif part in at.defined:
                return at
            elif part in at.names:
                target = self.resolve(at, at.names[part], seen)
                return None if target is None else self.within(target, path[index + 1 :], seen)
            else:
                for glob in at.globs:
                    source = self.resolve(at, (*glob, "*"), seen)
                    if source is not None and source is not at:
                        target = self.within(source, path[index:], (*seen, (at.name, path)))
                        if part in target.defined or part in target.names:
                            return target
                return at
        return at

    def short(self, module):
        return str(module.path.relative_to(self.folder / "src"))

    def circles(self):
        """The strongly connected components of more than one file (Tarjan)."""
        index, low, stack, found = {}, {}, [], []

        def visit(module):
            index[module] = low[module] = len(index)
            stack.append(module)
            for target in self.edges[module]:
                if target not in index:
                    visit(target)
                    low[module] = min(low[module], low[target])
                elif target in stack:
                    low[module] = min(low[module], index[target])
            if low[module] == index[module]:
                circle = []
                while not circle or circle[-1] is not module:
                    circle.append(stack.pop())
                if len(circle) > 1:
                    found.append(sorted(circle, key=lambda each: each.name))

        sys.setrecursionlimit(10_000)
        for module in list(self.modules.values()):
            if module not in index:
                visit(module)
        return sorted(found, key=lambda circle: -len(circle))

    def upward(self):
        """Imports of core that go up, or from one half to the other."""
        for module, targets in self.edges.items():
            for target in targets:
                if not module.name or not target.name:
                    continue
                low, high = module.name[0], target.name[0]
                if RANK[high] > RANK[low] or (RANK[high] == RANK[low] == 5 and high != low):
                    yield module, target


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--figures", action="store_true")
    parser.add_argument("--paths", action="store_true")
    parser.add_argument("crates", nargs="*", default=CRATES)
    arguments = parser.parse_args()
    failed = False
    for folder in arguments.crates:
        crate = Crate(folder)
        upward = []
        if folder.rstrip("/").endswith("core"):
            unknown = {name[0] for name in crate.modules if name} - set(RANK)
            if unknown:
                sys.exit(f"error: {folder}: no layer is stated for {', '.join(sorted(unknown))}")
            upward = sorted(
                f"{crate.short(source)} imports from {crate.short(target)}"
                for source, target in crate.upward()
            )
        circles = crate.circles()
        for line in upward:
            print(f"{folder}: upward: {line}")
        for circle in circles:
            print(f"{folder}: circle of {len(circle)}: {' '.join(map(crate.short, circle))}")
            if arguments.paths:
                for module in circle:
                    targets = [crate.short(each) for each in circle if each in crate.edges[module]]
                    print(f"    {crate.short(module)} -> {' '.join(targets)}")
        if arguments.figures:
            print(
                f"{folder}: {len(crate.modules)} files, {sum(map(len, crate.edges.values()))} imports, "
                f"{len(upward)} upward, {len(circles)} circles with {sum(map(len, circles))} files"
            )
        failed = failed or bool(upward or circles)
    return 1 if failed and not arguments.figures else 0


if __name__ == "__main__":
    sys.exit(main())
