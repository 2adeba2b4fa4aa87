#!/usr/bin/env python3
"""Writes the test vectors beside it: key texts, derivation, proofs, renewals.

An implementation of the formats of its own, from their description alone and with nothing but the
standard library, so that the vectors are not what the code under test says of itself. Every
language reads the same files. The secrets in them are made from counters and open nothing.
"""

import hashlib
import hmac
import json
import pathlib
import uuid

ALPHABET = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
PROOF_UUID = uuid.UUID("3c143fb3-5018-4c20-bf8d-9675e926991d")
RENEWAL_UUID = uuid.UUID("d3dd73c8-0a4b-4cc3-91ea-5be683237019")


def sha256(data):
    return hashlib.sha256(data).digest()


def hmac256(key, data):
    return hmac.new(key, data, hashlib.sha256).digest()


def sample(name, length):
    """Bytes that look random and are always the same."""
    return hashlib.shake_256(name.encode()).digest(length)


# --- key texts ---------------------------------------------------------------------------------


def polymod(values, residue):
    """As in BIP-93, "Checksum"."""
    generator = [
        0x19DC500CE73FDE210,
        0x1BFAE00DEF77FE529,
        0x1FBD920FFFE7BEE52,
        0x1739640BDEEE3FDAD,
        0x07729A039CFC75F5A,
    ]
    for value in values:
        top = residue >> 60
        residue = (residue & 0x0FFFFFFFFFFFFFFF) << 5 ^ value
        for i in range(5):
            residue ^= generator[i] if (top >> i) & 1 else 0
    return residue


def characters(data, count):
    """The leftmost `count` × 5 bits of `data`."""
    bits = int.from_bytes(data, "big")
    return "".join(ALPHABET[bits >> (8 * len(data) - 5 * (i + 1)) & 31] for i in range(count))


def key_text(host, key_id, secret, pin):
    core = key_id + characters(secret, 32) + characters(pin, 24)
    core += characters(sha256(host.encode()), 4)
    values = [ALPHABET.index(c) for c in core]
    target = [ALPHABET.index(c) for c in "pr0vkeychecks"]
    packed = polymod(values + [0] * 13, 1) ^ sum(v << 5 * (12 - i) for i, v in enumerate(target))
    check = "".join(ALPHABET[packed >> 5 * (12 - i) & 31] for i in range(13))
    return f"pvk1_{host}_{core}{check}"


HOSTS = [
    ("a name", "api.private.example.com", "q2w3e4r5t6y7"),
    ("a port", "localhost:8443", "p00000000000"),
    ("an international name", "xn--bcher-kva.example", "zzzzzzzzzzzz"),
    ("an IPv4 address", "192.0.2.7", "lma7u6ecmauk"),
    ("an IPv6 address and a port", "[2001:db8::1]:8443", "rq9x8gf2tvdw"),
    ("the longest name", ".".join(["a" * 63] * 3 + ["b" * 61]), "q0s3jn54khce"),
]


def keys():
    for name, host, key_id in HOSTS:
        secret, pin = sample(name + " secret", 20), sha256(sample(name + " root", 91))[:15]
        yield {
            "name": name,
            "host": host,
            "id": key_id,
            "secret": secret.hex(),
            "root_spki": sample(name + " root", 91).hex(),
            "pin": pin.hex(),
            "text": key_text(host, key_id, secret, pin),
        }


def substituted(text, *positions):
    for position in positions:
        other = ALPHABET[(ALPHABET.index(text[position]) + 7) % 32]
        text = text[:position] + other + text[position + 1 :]
    return text


def replaced(text, position, characters):
    return text[:position] + characters + text[position + len(characters) :]


def accepted(text):
    """What copying adds, and what is read all the same."""
    lines = [text[i : i + 30] for i in range(0, len(text), 30)]
    yield "upper case", text.upper()
    yield "a line end", text + "\r\n"
    yield "wrapped lines", "\r\n".join(lines)
    yield "wrapped and indented", "\n    ".join(lines)
    yield "no-break spaces", "\u00a0".join(lines)
    yield "zero-width spaces", "\u200b".join(lines)
    yield "soft hyphens", "\u00ad".join(lines)
    yield "a byte order mark", "\ufeff" + text
    yield "straight quotes", f'"{text}"'
    yield "smart quotes", f"\u201c{text}\u201d"
    yield "guillemets", f"\u00ab\u00a0{text}\u00a0\u00bb"
    yield "backticks", f"`{text}`"
    yield "punctuation", text + ".,"
    yield "an assignment", f"PROVISIONING_KEY={text}"
    yield "an exported assignment", f"export PROVISIONING_KEY='{text}'"


def refused(text):
    """Damaged texts, and what is to be said of them."""
    core = text.rindex("_") + 1
    at = core + 20

    def case(name, wrong, code, positions=(), repaired=False, missing=None, extra=None):
        return {
            "name": name,
            "text": wrong,
            "code": code,
            "positions": list(positions),
            "repaired": text if repaired else None,
            "missing": missing,
            "extra": extra,
        }

    yield case("nothing", "", "key_empty")
    yield case("white space only", " \r\n\t", "key_empty")
    yield case("empty quotes", 'KEY=""', "key_empty")

    yield case("something else", "hunter2", "key_wrong_prefix")
    yield case("the core alone", text[core:], "key_wrong_prefix")
    miscopied = replaced(text, 3, "l")
    yield case("l for 1 in the prefix", miscopied, "key_wrong_prefix", [3], True)
    yield case("a later version", replaced(text, 3, "2"), "key_unsupported_version")

    yield case("cut in the prefix", text[:3], "key_truncated", missing=89)
    yield case("cut in the host", text[: core - 4], "key_truncated", missing=86)
    yield case("cut before the core", text[:core], "key_truncated", missing=85)
    yield case("cut in the core", text[:-30], "key_truncated", missing=30)
    for name, lost in [("last", len(text) - 1), ("one", at), ("second separator", core - 1)]:
        shorter = text[:lost] + text[lost + 1 :]
        yield case(f"{name} lost", shorter, "key_truncated", [lost], True, missing=1)

    longer = text[:at] + "i" + text[at:]
    yield case("one foreign character more", longer, "key_extra", [at], True, extra=1)
    yield case("a comment", text + " # gateway", "key_extra", extra=8)
    yield case("two keys", text + "\n" + text, "key_extra", extra=len(text))

    for strange in ["o", "bio1", "bio1bio1", "_", "-", "\u00e9"]:
        wrong, positions = replaced(text, at, strange), range(at, at + len(strange))
        yield case(f"{strange} in the core", wrong, "key_bad_character", positions, True)
    wrong = replaced(text, at, "bio1bio1b")
    yield case("nine bad characters", wrong, "key_bad_character", range(at, at + 9))
    wrong = replaced(substituted(text, core, core + 60, core + 84), at, "oo")
    positions = [core, at, at + 1, core + 60, core + 84]
    yield case("two bad, three wrong", wrong, "key_bad_character", positions, True)
    wrong = replaced(text, core - 1, "-")
    yield case("a hyphen for the separator", wrong, "key_bad_character", [core - 1], True)

    for count in range(1, 5):
        positions = [core + 3 + 19 * i for i in range(count)]
        wrong = substituted(text, *positions)
        yield case(f"{count} wrong", wrong, "key_miscopied", positions, True)
    swapped = replaced(text, at, text[at + 1] + text[at])
    yield case("two swapped", swapped, "key_miscopied", [at, at + 1], True)
    wrong = substituted(text, core + 68)
    yield case("a wrong tag", wrong, "key_miscopied", [core + 68], True)

    wrong = substituted(text, *range(core + 5, core + 80, 16))
    yield case("five wrong", wrong, "key_damaged")
    wrong = substituted(text, *range(core + 4, core + 80, 10))
    yield case("eight wrong", wrong, "key_damaged")
    wrong = substituted(replaced(text, 5, "x"), at)
    yield case("host and core wrong", wrong, "key_damaged", [at])
    yield case("another host", replaced(text, 5, "x"), "key_host_miscopied")
    yield case("_ in the host", replaced(text, 5, "_"), "key_host_miscopied", [5])


def key_texts():
    good = list(keys())
    text = good[0]["text"]
    return {
        "about": "Key texts. `accepted` reads as the first of `keys`; only `keys` are canonical. "
        "`positions` count the characters of the cleaned text from 0.",
        "keys": good,
        "accepted": [{"name": name, "text": written} for name, written in accepted(text)],
        "refused": list(refused(text)),
    }


# --- derivation --------------------------------------------------------------------------------


def derive(master, host, key_id):
    message = b"provkey/1/secret\0" + host.encode() + b"\0" + key_id.encode()
    return hmac256(master, message)[:20]


def derivation():
    masters = [sample(f"master {i}", 32) for i in range(3)]
    return {
        "about": "Secrets from master keys, and fingerprints from raw material. Hexadecimal.",
        "masters": [
            {
                "master": master.hex(),
                "id": hmac256(master, b"provkey/1/master-id")[:8].hex(),
                "secrets": [
                    {"host": host, "id": key_id, "secret": derive(master, host, key_id).hex()}
                    for _, host, key_id in HOSTS
                ],
            }
            for master in masters
        ],
        "fingerprints": [
            {"raw": raw.hex(), "fingerprint": hmac256(b"provkey/1/fingerprint", raw)[:16].hex()}
            for raw in (b"", b"machine-id 4c4c4544", sample("tpm", 200))
        ],
    }


# --- proofs ------------------------------------------------------------------------------------


def der(tag, *contents):
    body = b"".join(contents)
    length = len(body).to_bytes((len(body).bit_length() + 7) // 8 or 1, "big")
    head = length if len(body) < 128 else bytes([0x80 | len(length)]) + length
    return bytes([tag]) + head + body


def oid_contents(name=PROOF_UUID):
    """2.25.UUID: the first byte is 2 × 40 + 25, then the number in groups of 7 bits."""
    number, groups = name.int, []
    while number:
        groups.insert(0, number & 127 | (128 if groups else 0))
        number >>= 7
    return bytes([105] + groups)


def proof(host, key_id, secret, spki, fingerprint):
    names = der(0x0C, host.encode()) + der(0x0C, key_id.encode())
    optional = b"" if fingerprint is None else der(0x80, fingerprint)
    message = der(0x30, names, spki, optional)
    mac = hmac256(hmac256(secret, b"provkey/1/proof"), message)
    value = der(0x30, names, optional, der(0x04, mac))
    attribute = der(0x30, der(0x06, oid_contents()), der(0x31, value))
    return message, value, attribute


def good_proofs():
    for name, host, key_id in HOSTS:
        for fingerprint in (None, sample(name + " fingerprint", 16)):
            secret = sample(name + " secret", 20)
            # A P-256 key's SubjectPublicKeyInfo; the point need not be on the curve here.
            curve = bytes.fromhex("301306072a8648ce3d020106082a8648ce3d030107")
            spki = der(0x30, curve, der(0x03, b"\0\4" + sample(name + " point", 64)))
            message, value, attribute = proof(host, key_id, secret, spki, fingerprint)
            yield {
                "name": name + (", fingerprint" if fingerprint else ""),
                "host": host,
                "id": key_id,
                "secret": secret.hex(),
                "spki": spki.hex(),
                "fingerprint": fingerprint and fingerprint.hex(),
                "message": message.hex(),
                "value": value.hex(),
                "attribute": attribute.hex(),
            }


def malformed_proofs():
    host, key_id = der(0x0C, b"localhost"), der(0x0C, b"q2w3e4r5t6y7")
    fingerprint, mac = der(0x80, bytes(16)), der(0x04, bytes(32))
    body = host + key_id + fingerprint + mac
    yield "empty", b""
    yield "an empty sequence", der(0x30)
    yield "trailing data", der(0x30, body) + b"\0"
    yield "trailing data inside", der(0x30, body, b"\5\0")
    yield "cut", der(0x30, body)[:-1]
    yield "a long length for a short value", b"\x30\x81" + der(0x30, body)[1:]
    yield "an indefinite length", b"\x30\x80" + body + b"\0\0"
    yield "a set", der(0x31, body)
    yield "no mac", der(0x30, host, key_id, fingerprint)
    yield "a short mac", der(0x30, host, key_id, der(0x04, bytes(31)))
    yield "a long mac", der(0x30, host, key_id, der(0x04, bytes(33)))
    yield "an empty fingerprint", der(0x30, host, key_id, der(0x80), mac)
    yield "an explicit fingerprint", der(0x30, host, key_id, der(0xA0, der(0x04, bytes(16))), mac)
    yield "the fingerprint last", der(0x30, host, key_id, mac, fingerprint)
    yield "id and host swapped", der(0x30, key_id, host, mac)
    yield "a PrintableString", der(0x30, der(0x13, b"localhost"), key_id, mac)
    yield "a host that is not canonical", der(0x30, der(0x0C, b"LOCALHOST"), key_id, mac)
    yield "a host that is no UTF-8", der(0x30, der(0x0C, b"\xff"), key_id, mac)
    yield "an id that is none", der(0x30, host, der(0x0C, b"b2w3e4r5t6y7"), mac)


def proofs():
    return {
        "about": "Proofs in a CSR. `message` is what is authenticated, `value` the attribute's one "
        "value, `attribute` the whole attribute; hexadecimal DER.",
        "oid": f"2.25.{PROOF_UUID.int}",
        "oid_contents": oid_contents().hex(),
        "proofs": list(good_proofs()),
        "malformed": [{"name": name, "value": value.hex()} for name, value in malformed_proofs()],
    }


# --- renewals ----------------------------------------------------------------------------------

# Ed25519 as in RFC 8032, 5.1, without any regard to time.
PRIME = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
EDWARDS_D = -121665 * pow(121666, -1, PRIME) % PRIME


def add(p, q):
    a, b = (p[1] - p[0]) * (q[1] - q[0]) % PRIME, (p[1] + p[0]) * (q[1] + q[0]) % PRIME
    c, d = 2 * p[3] * q[3] * EDWARDS_D % PRIME, 2 * p[2] * q[2] % PRIME
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % PRIME, g * h % PRIME, f * g % PRIME, e * h % PRIME


def multiply(scalar, point):
    product = (0, 1, 1, 0)
    while scalar:
        if scalar & 1:
            product = add(product, point)
        point, scalar = add(point, point), scalar >> 1
    return product


def base_point():
    y = 4 * pow(5, -1, PRIME) % PRIME
    square = (y * y - 1) * pow(EDWARDS_D * y * y + 1, -1, PRIME) % PRIME
    x = pow(square, (PRIME + 3) // 8, PRIME)
    if (x * x - square) % PRIME:
        x = x * pow(2, (PRIME - 1) // 4, PRIME) % PRIME
    if x & 1:
        x = PRIME - x
    return x, y, 1, x * y % PRIME


def compress(point):
    inverse = pow(point[2], -1, PRIME)
    x, y = point[0] * inverse % PRIME, point[1] * inverse % PRIME
    return (y | (x & 1) << 255).to_bytes(32, "little")


def expand(seed):
    digest = hashlib.sha512(seed).digest()
    scalar = int.from_bytes(digest[:32], "little") & (1 << 254) - 8 | 1 << 254
    return scalar, digest[32:]


def ed25519_public(seed):
    return compress(multiply(expand(seed)[0], base_point()))


def ed25519_sign(seed, message):
    scalar, prefix = expand(seed)
    number = lambda *parts: int.from_bytes(hashlib.sha512(b"".join(parts)).digest(), "little")
    nonce = number(prefix, message) % ORDER
    point = compress(multiply(nonce, base_point()))
    challenge = number(point, ed25519_public(seed), message) % ORDER
    return point + ((nonce + challenge * scalar) % ORDER).to_bytes(32, "little")


ED25519 = der(0x30, der(0x06, b"\x2b\x65\x70"))


def ed25519_spki(seed):
    return der(0x30, ED25519, der(0x03, b"\0" + ed25519_public(seed)))


def certificate(seed, issuer_seed):
    """As much of a connector's certificate as it takes to be one (RFC 5280, 4.1)."""
    name = lambda text: der(
        0x30, der(0x31, der(0x30, der(0x06, b"\x55\4\3"), der(0x0C, text.encode())))
    )
    validity = der(0x30, der(0x17, b"260101000000Z"), der(0x17, b"270101000000Z"))
    tbs = der(
        0x30,
        der(0xA0, der(0x02, b"\2")),
        der(0x02, b"\x40" + sample("serial", 16)),
        ED25519,
        name("issuer"),
        validity,
        name("q" * 26),
        ed25519_spki(seed),
    )
    return der(0x30, tbs, ED25519, der(0x03, b"\0" + ed25519_sign(issuer_seed, tbs)))


def renewals():
    """Renewals for the same key pair and for another, with a fingerprint and without."""
    old, other = sample("old key", 32), sample("new key", 32)
    leaf = certificate(old, sample("issuer key", 32))
    good = []
    for name, host, _ in HOSTS:
        for new, fingerprint in ((old, None), (other, sample(name + " fingerprint", 16))):
            names, spki = der(0x0C, host.encode()), ed25519_spki(new)
            optional = b"" if fingerprint is None else der(0x80, fingerprint)
            message = b"provkey/1/renew\0" + der(
                0x30, names, der(0x04, sha256(leaf)), spki, optional
            )
            value = der(0x30, names, leaf, optional, der(0x04, ed25519_sign(old, message)))
            oid = der(0x06, oid_contents(RENEWAL_UUID))
            good.append(
                {
                    "name": name + (", another key pair" if new is other else ", the same key pair"),
                    "host": host,
                    "spki": spki.hex(),
                    "fingerprint": fingerprint and fingerprint.hex(),
                    "message": message.hex(),
                    "value": value.hex(),
                    "attribute": der(0x30, oid, der(0x31, value)).hex(),
                }
            )
    return {
        "about": "Proofs of renewal in a CSR, by an Ed25519 key. `old_key` is its seed, "
        "`certificate` the certificate that is renewed, `message` what is signed, `value` the "
        "attribute's one value, `attribute` the whole attribute; hexadecimal DER.",
        "oid": f"2.25.{RENEWAL_UUID.int}",
        "oid_contents": oid_contents(RENEWAL_UUID).hex(),
        "old_key": old.hex(),
        "certificate": leaf.hex(),
        "renewals": good,
    }


if __name__ == "__main__":
    contents = key_texts, derivation, proofs, renewals
    for name, content in ((content.__name__, content) for content in contents):
        path = pathlib.Path(__file__).with_name(name + ".json")
        path.write_text(json.dumps(content(), indent=2) + "\n")
