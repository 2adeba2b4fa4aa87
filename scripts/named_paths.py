"""Finds paths, make targets and links in the documents that do not exist.

Every relative link of every Markdown file must lead to a file and, with #, to a heading. In the
documents for those who change the project, what looks like a path of the tree must be one.
"""

import os
import pathlib
import re
import subprocess
import sys

FOR_DEVELOPERS = re.compile(
    r"(ARCHITECTURE|CONTRIBUTING|RELEASING|SECURITY|docs/decisions/.*)\.md$"
)
MADE = ("target/", "PREFIX/")


def without_code(text: str) -> str:
    return re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)


def anchors(path: pathlib.Path) -> set[str]:
    """The headings of a document, as links to them are written."""
    headings = re.findall(r"^#+ (.*)$", without_code(path.read_text("utf-8")), re.MULTILINE)
    found = set()
    for heading in headings:
        slug = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        number = sum(1 for each in found if re.fullmatch(re.escape(slug) + r"(-\d+)?", each))
        found.add(f"{slug}-{number}" if number else slug)
    return found


def main() -> int:
    listed = subprocess.run(["git", "ls-files"], capture_output=True, text=True, check=True)
    files = [name for name in listed.stdout.splitlines() if pathlib.Path(name).is_file()]
    # A clean checkout has these and no others.
    tracked = {pathlib.Path(name) for name in files}
    tracked |= {folder for name in list(tracked) for folder in name.parents}
    roots = {name.split("/")[0] for name in files}
    targets = set(
        re.findall(r"^([a-z-]+):", pathlib.Path("Makefile").read_text("utf-8"), re.MULTILINE)
    )
    wrong = []
    for name in files:
        if not name.endswith(".md"):
            continue
        page = pathlib.Path(name)
        text = page.read_text("utf-8")
        for link in re.findall(r"\]\(([^)\s]+)\)", without_code(text)):
            if re.match(r"[a-z]+:", link):
                continue
            file, _, anchor = link.partition("#")
            target = page.parent / file if file else page
            if pathlib.Path(os.path.normpath(target)) not in tracked:
                wrong.append(f"{name}: the link {link} leads nowhere")
            elif anchor and target.suffix == ".md" and anchor not in anchors(target):
                wrong.append(f"{name}: the link {link} leads to no heading")
        calls = re.findall(r"`make ([^`\n]+)`", text)
        calls += re.findall(r"^(?:sudo )?make ([^#\n]+)", text, re.MULTILINE)
        for target in " ".join(calls).split():
            if re.fullmatch(r"[a-z-]+", target) and target not in targets:
                wrong.append(f"{name}: there is no make target {target}")
        if not FOR_DEVELOPERS.search(name):
            continue
        for quoted in re.findall(r"`([^`\n]+)`", text) + re.findall(
            r"^(\S+/\S*)\s", text, re.MULTILINE
        ):
            for word in quoted.split():
                is_path = re.fullmatch(r"\.?[\w.*-]+(/[\w.*-]+)*/?", word)
                if not is_path or word.startswith(MADE):
                    continue
                in_tree = "/" in word and word.split("/")[0] in roots
                at_root = "/" not in word and re.search(r"\.(md|toml)$", word)
                if (in_tree or at_root) and not any(
                    path in tracked for path in pathlib.Path().glob(word.rstrip("/"))
                ):
                    wrong.append(f"{name}: there is no {word}")
    for line in wrong:
        print(line)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
