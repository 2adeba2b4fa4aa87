"""Writes tests/vectors/*.json as plain lines for test_vectors.c: fields between tabs, bytes and texts in
hexadecimal.

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
        yield "key", hexed(key["host"]), hexed(key["id"]), key["secret"], key["pin"], hexed(key["text"])
    for case in vectors["accepted"]:
        yield "accepted", hexed(case["name"]), hexed(case["text"]), hexed(canonical)
    for case in vectors["refused"]:
        positions = ",".join(map(str, case["positions"]))
        yield ("refused", hexed(case["name"]), hexed(case["text"]), case["code"], positions,
               hexed(case["repaired"]), case["missing"] or 0, case["extra"] or 0)


# What is not one value in DER spoils the CSR, before anybody looks for a proof.
MALFORMED_CSRS = {
    "empty": "csr_attribute_not_single",
    "trailing data": "csr_malformed",
    "cut": "csr_malformed",
    "a long length for a short value": "csr_malformed",
    "an indefinite length": "csr_malformed",
}


def proofs(vectors, keys):
    texts = {(key["host"], key["id"], key["secret"]): key["text"] for key in keys}
    for case in vectors["proofs"]:
        text = texts[case["host"], case["id"], case["secret"]]
        yield ("proof", hexed(case["name"]), hexed(text), case["spki"], case["fingerprint"] or "",
               case["attribute"])
    for case in vectors["malformed"]:
        code = MALFORMED_CSRS.get(case["name"], "key_invalid")
        yield "malformed_proof", hexed(case["name"]), vectors["oid_contents"], case["value"], code


def derivation(vectors):
    for master in vectors["masters"]:
        for case in master["secrets"]:
            yield "secret", master["master"], hexed(case["host"]), hexed(case["id"]), case["secret"]
    for case in vectors["fingerprints"]:
        yield "fingerprint", case["raw"], case["fingerprint"]


def csrs(vectors):
    for case in vectors["cases"]:
        yield "csr", hexed(case["name"]), case["csr"], case.get("zeros", 0), case["code"]


def renewals(vectors):
    """Those for the same key pair. For the others a CSR would have to be signed with a private key that
    is not among the vectors; and no connector gets the certificate of the vectors, for no root that
    could be pinned has issued it. So nothing of the C ABI has them as inputs."""
    for case in vectors["renewals"]:
        if case["name"].endswith("the same key pair"):
            yield ("renewal", hexed(case["name"]), hexed(case["host"]), vectors["old_key"], case["spki"],
                   case["attribute"])


def main(directory):
    def load(name):
        return json.loads((directory / name).read_text(encoding="utf-8"))

    keys = load("key_texts.json")
    lines = [*key_texts(keys), *proofs(load("proofs.json"), keys["keys"]), *derivation(load("derivation.json")),
             *csrs(load("csrs.json")), *renewals(load("renewals.json"))]
    for line in lines:
        print(*line, sep="\t")
    print("end", len(lines), sep="\t")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
