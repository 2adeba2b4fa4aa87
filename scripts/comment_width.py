"""Finds comment lines that are longer than 100 characters.

    python3 scripts/comment_width.py [PATH...]      every tracked file, or those below PATH

No formatter wraps comments. A line that cannot be wrapped passes: a URL or a path without a space,
a row of a table, the target of a link, a marker for another tool.
"""

import pathlib
import re
import subprocess
import sys

WIDTH = 100

# Per kind of file: what begins a comment to the end of the line, and whether /* */ is one.
SLASHES = ("//", True)
HASH = ("#", False)
LANGUAGES = {
    **dict.fromkeys((".rs", ".c", ".h", ".hpp", ".cpp", ".ts", ".tsx", ".mjs", ".java"), SLASHES),
    **dict.fromkeys((".py", ".pyi", ".sh", ".toml", ".yaml", ".yml"), HASH),
    ".sql": ("--", True),
}
HASH_NAMES = {"Makefile", "run", "CMakeLists.txt"}
UNWRAPPABLE = re.compile(r"\S+$|\|.*\|$|\[[^\]]+\]: ?\S+$|.*# (type: ignore|noqa|shellcheck)")


def language(path: pathlib.Path) -> tuple[str, bool] | None:
    return HASH if path.name in HASH_NAMES else LANGUAGES.get(path.suffix)


def overlong(path: pathlib.Path) -> list[int]:
    """The numbers of the lines that hold a comment and are too long."""
    marker, has_blocks = language(path)
    in_block, in_docstring = False, False
    found = []
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        text = line.strip()
        begins_block = has_blocks and not in_block and text.startswith("/*")
        in_block = in_block or begins_block
        quotes = text.count('"""') if path.suffix in {".py", ".pyi"} else 0
        is_comment = (
            in_block
            or in_docstring
            or quotes > 0
            or text.startswith(marker)
            or f" {marker} " in line
            or (has_blocks and " /* " in line)
        )
        if in_block and "*/" in text:
            in_block = False
        if quotes % 2:
            in_docstring = not in_docstring
        if len(line) > WIDTH and is_comment:
            words = re.sub(r"^(//[/!]?|/\*+|\*|#+|--)\s*", "", text)
            if not UNWRAPPABLE.match(words):
                found.append(number)
    return found


def main() -> int:
    below = sys.argv[1:] or ["."]
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--", *below], capture_output=True, check=True
    )
    count = 0
    for name in filter(None, listed.stdout.decode().split("\0")):
        path = pathlib.Path(name)
        if language(path) is None or not path.is_file():
            continue
        for number in overlong(path):
            print(f"{name}:{number}: a comment line is longer than {WIDTH} characters")
            count += 1
    if count:
        print(
            f"error: {count} comment lines are longer than {WIDTH} characters",
            file=sys.stderr,
        )
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main())
