"""Checks that the links within a page of the Rust documentation lead somewhere.

    python3 scripts/doc_anchors.py      after cargo doc

rustdoc checks links to items, but not those to a heading or a field of the same page.
"""

import pathlib
import re
import sys


def dangling(page: str) -> list[str]:
    """The anchors that links of the page name, and that it lacks."""
    anchors = set(re.findall(r'\bid="([^"]+)"', page))
    # Links to implementations and to methods of foreign traits are made by rustdoc.
    links = re.findall(r'\bhref="#(?!impl-|tymethod)([^"]+)"', page)
    return [link for link in links if link not in anchors]


def main() -> None:
    pages = sorted(pathlib.Path("target/doc").glob("provkey*/**/*.html"))
    if not pages:
        sys.exit("error: no documentation in target/doc: run cargo doc")
    found = [f"{page}: #{link}" for page in pages for link in dangling(page.read_text())]
    if found:
        sys.exit("\n".join(found) + f"\nerror: {len(found)} links lead nowhere")


if __name__ == "__main__":
    main()
