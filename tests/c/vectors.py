"""Writes vectors of tests/vectors as plain lines for test_vectors.c: fields between tabs, bytes and
texts in hexadecimal.

usage: vectors.py DIRECTORY > vectors.txt
"""

import json
import sys
from pathlib import Path


def hexed(text):
    return (text or "").encode().hex()


def key_texts(vectors):
    canonical = vectors["keys"][0]["text"]
    for key in vectors["keys"]:
        yield "key", hexed(key["host"]), hexed(key["id"]), key["pin"], hexed(key["text"])
    for case in vectors["accepted"]:
        yield "accepted", hexed(case["name"]), hexed(case["text"]), hexed(canonical)
    for case in vectors["refused"]:
        positions = ",".join(map(str, case["positions"]))
        yield ("refused", hexed(case["name"]), hexed(case["text"]), case["code"], positions,
               hexed(case["repaired"]), case["missing"] or 0, case["extra"] or 0)


def proofs(vectors, keys):
    texts = {(key["host"], key["id"], key["secret"]): key["text"] for key in keys}
    for case in vectors["proofs"]:
        text = texts[case["host"], case["id"], case["secret"]]
        yield ("proof", hexed(case["name"]), hexed(text), case["spki"], case["fingerprint"] or "",
               case["attribute"])


def fingerprints(vectors):
    for case in vectors["fingerprints"]:
        yield "fingerprint", case["raw"], case["fingerprint"]


def main(directory):
    def load(name):
        return json.loads((directory / name).read_text(encoding="utf-8"))

    keys = load("key_texts.json")
    lines = [*key_texts(keys), *proofs(load("proofs.json"), keys["keys"]),
             *fingerprints(load("derivation.json"))]
    for line in lines:
        print(*line, sep="\t")
    print("end", len(lines), sep="\t")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
