"""Checks .github/workflows: they parse, pin actions, limit permissions, and mirror .ci/run."""

import pathlib
import re
import sys

import yaml


def main() -> int:
    wrong = []
    for path in sorted(pathlib.Path(".github/workflows").glob("*.yml")):
        text = path.read_text("utf-8")
        workflow = yaml.safe_load(text)
        if workflow["permissions"] != {"contents": "read"}:
            wrong.append(f"{path}: permissions must be contents: read")
        for action in re.findall(r"uses: *(\S+)", text):
            if not re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", action):
                wrong.append(f"{path}: {action} is not pinned to a commit")
    run = pathlib.Path(".ci/run").read_text("utf-8")
    steps = re.findall(r"^step make (.+)$", run, re.MULTILINE)
    ci = yaml.safe_load(pathlib.Path(".github/workflows/ci.yml").read_text("utf-8"))
    matrix = ci["jobs"]["make"]["strategy"]["matrix"]["step"]
    if matrix != steps:
        wrong.append(f".github/workflows/ci.yml: runs {matrix}, but .ci/run {steps}")
    for line in wrong:
        print(line)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
