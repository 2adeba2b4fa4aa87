#!/usr/bin/env python3
"""Writes csrs.json beside it: certificate signing requests that an authority must refuse.

Each comes with the code of its refusal. A few at the end are sound, though they look odd, and have
the code `enrolled`. As in generate.py nothing but the standard library is used, so that no other
implementation's strictness stands in the way of a malformed request. The private keys are made
from counters.
"""

import json
import pathlib
from base64 import b64encode

from generate import der, oid_contents, sample, sha256

# --- DER ---------------------------------------------------------------------------------------


def integer(value):
    length = value.bit_length() // 8 + 1
    return der(0x02, value.to_bytes(length, "big", signed=True))


def oid(dotted):
    first, second, *rest = map(int, dotted.split("."))
    out = b""
    for arc in [40 * first + second, *rest]:
        groups = [arc & 127]
        while arc := arc >> 7:
            groups.insert(0, arc & 127 | 128)
        out += bytes(groups)
    return der(0x06, out)


def sequence(*contents):
    return der(0x30, *contents)


def bit_string(contents):
    return der(0x03, b"\0" + contents)


NULL = der(0x05)
TRUE = der(0x01, b"\xff")

# --- P-256 (SEC 1, 4.1) ------------------------------------------------------------------------

P = 2**256 - 2**224 + 2**192 + 2**96 - 1
B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
G = (
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
)


def add(a, b):
    if a is None or b is None:
        return a or b
    if a[0] == b[0] and (a[1] + b[1]) % P == 0:
        return None
    if a == b:
        slope = (3 * a[0] * a[0] - 3) * pow(2 * a[1], -1, P)
    else:
        slope = (b[1] - a[1]) * pow(b[0] - a[0], -1, P)
    x = (slope * slope - a[0] - b[0]) % P
    return x, (slope * (a[0] - x) - a[1]) % P


def multiply(scalar, point):
    result = None
    while scalar:
        if scalar & 1:
            result = add(result, point)
        point, scalar = add(point, point), scalar >> 1
    return result


def number(name, below):
    return int.from_bytes(sample(name, 64), "big") % (below - 1) + 1


def coordinates(x, y):
    return x.to_bytes(32, "big") + y.to_bytes(32, "big")


def ecdsa(secret, message):
    nonce = number(f"nonce {secret} {message.hex()}", N)
    r = multiply(nonce, G)[0] % N
    s = (int.from_bytes(sha256(message), "big") + r * secret) * pow(nonce, -1, N) % N
    return sequence(integer(r), integer(s))


SECRET = number("connector", N)
PUBLIC = multiply(SECRET, G)
POINT = b"\x04" + coordinates(*PUBLIC)

# --- RSA (RFC 8017) ----------------------------------------------------------------------------


def is_prime(n):
    """Miller and Rabin's test, to the first ten bases."""
    bases = [2, 3, 5, 7, 11, 13, 17, 19, 23, 29]
    if any(n % base == 0 for base in bases):
        return n in bases
    odd, twos = n - 1, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    return all(
        (x := pow(base, odd, n)) == 1 or any(pow(x, 2**i, n) == n - 1 for i in range(twos))
        for base in bases
    )


def next_prime(n, step=2):
    while not is_prime(n):
        n += step
    return n


def prime(name, bits):
    # The top two bits set, so that a product of two has twice the bits.
    return next_prime(int.from_bytes(sample(name, bits // 8), "big") | 3 << (bits - 2) | 1)


def roca_prime(name):
    """k × M + (65537^a mod M), where M is the product of the first 126 primes."""
    product, candidate = 1, 2
    for _ in range(126):
        product *= candidate
        candidate = next_prime(candidate + 1, 1)
    power = pow(65537, number(name, 2**64), product)
    k = (3 << 1022) // product + number(name + " k", 2**40)
    return next_prime(k * product + power, product)


P1024 = prime("rsa p", 1024)
Q1024 = prime("rsa q", 1024)
MODULUS = P1024 * Q1024
RSA = sequence(oid("1.2.840.113549.1.1.1"), NULL)


def rsa_spki(modulus, exponent=65537):
    return sequence(RSA, bit_string(sequence(integer(modulus), integer(exponent))))


def pkcs1(message):
    """A signature with SHA-256 of the key P1024 × Q1024."""
    digest_info = sequence(sequence(oid("2.16.840.1.101.3.4.2.1"), NULL), der(4, sha256(message)))
    padded = b"\0\1" + b"\xff" * (253 - len(digest_info)) + b"\0" + digest_info
    private = pow(65537, -1, (P1024 - 1) * (Q1024 - 1))
    return pow(int.from_bytes(padded, "big"), private, MODULUS).to_bytes(256, "big")


# --- requests ----------------------------------------------------------------------------------

P256 = sequence(oid("1.2.840.10045.2.1"), oid("1.2.840.10045.3.1.7"))
P256_SPKI = sequence(P256, bit_string(POINT))
ECDSA_SHA256 = sequence(oid("1.2.840.10045.4.3.2"))
RSA_SHA256 = sequence(oid("1.2.840.113549.1.1.11"), NULL)


def signed(info, algorithm=ECDSA_SHA256, signature=None):
    """As a request, signed with the P-256 key unless the signature is given."""
    return sequence(info, algorithm, bit_string(signature or ecdsa(SECRET, info)))


def csr(
    *attributes,
    version=integer(0),
    subject=sequence(),
    spki=P256_SPKI,
    algorithm=ECDSA_SHA256,
    signature=None,
    order=sorted,
):
    info = sequence(version, subject, spki, der(0xA0, *order(attributes)))
    return signed(info, algorithm, signature)


def attribute(kind, *values):
    return sequence(kind, der(0x31, *values))


def extension(dotted, value, *critical):
    return sequence(oid(dotted), *critical, der(0x04, value))


EXTENSION_REQUEST = oid("1.2.840.113549.1.9.14")
PASSWORD = oid("1.2.840.113549.1.9.7")


def asking(*extensions):
    return csr(attribute(EXTENSION_REQUEST, sequence(*extensions)))


def malformed():
    good = csr()
    body = good[4:] if good[1] == 0x82 else good[3:]
    yield "nothing", b"", "csr_malformed"
    yield "text", b"-----BEGIN CERTIFICATE REQUEST-----\n", "csr_malformed"
    yield "its last byte missing", good[:-1], "csr_malformed"
    yield "a byte after it", good + b"\0", "csr_trailing_data"
    yield "a second request after it", good * 2, "csr_trailing_data"
    yield "an indefinite length", b"\x30\x80" + body + b"\0\0", "csr_malformed"
    long_length = b"\x30\x83\0" + len(body).to_bytes(2, "big") + body
    yield "a length in more bytes than it takes", long_length, "csr_malformed"
    yield "a length of 2^64 - 1", b"\x30\x88" + b"\xff" * 8 + body, "csr_malformed"
    yield "a set for a sequence", b"\x31" + good[1:], "csr_malformed"
    yield "a tag number above 30", csr(b"\x3f\x2a\0"), "csr_malformed"
    info = sequence(integer(0), sequence(), P256_SPKI, der(0xA0))
    unused = der(0x03, b"\1", ecdsa(SECRET, info))
    yield "a signature with unused bits", sequence(info, ECDSA_SHA256, unused), "csr_malformed"
    info = sequence(integer(0), sequence(), P256_SPKI)
    yield "no attributes field", signed(info), "csr_malformed"
    info = sequence(integer(0), sequence(), P256_SPKI, der(0xA0), NULL)
    yield "a field too many", signed(info), "csr_malformed"
    yield "version 2", csr(version=integer(1)), "csr_unsupported_version"
    yield "version 3", csr(version=integer(2)), "csr_unsupported_version"
    yield "a negative version", csr(version=integer(-1)), "csr_malformed"
    yield "a version with a leading zero", csr(version=b"\x02\x02\0\0"), "csr_malformed"
    deep = NULL
    for _ in range(3000):
        deep = sequence(deep)
    yield "3000 levels in an attribute", csr(attribute(PASSWORD, deep)), "csr_nested_too_deeply"
    levels = b"\x30\x80" * 5000
    yield "5000 levels without an end", csr(attribute(PASSWORD, levels)), "csr_malformed"


def subjects():
    def name(kind, text, arc=3):
        pair = sequence(oid(f"2.5.4.{arc}"), der(kind, text))
        return csr(subject=sequence(der(0x31, pair)))

    yield "NUL in the subject", name(0x0C, b"www.example.com\0.evil.com"), "csr_subject_text"
    yield "an escape sequence in the subject", name(0x0C, b"\x1b[2J"), "csr_subject_text"
    yield "a line end in the subject", name(0x0C, b"a\nadmin"), "csr_subject_text"
    yield "invalid UTF-8", name(0x0C, b"\xff\xfe"), "csr_subject_text"
    yield "overlong UTF-8", name(0x0C, b"\xc0\xae\xc0\xae"), "csr_subject_text"
    yield "a surrogate in UTF-8", name(0x0C, b"\xed\xa0\x80"), "csr_subject_text"
    yield "half a BMP character", name(0x1E, b"\0a\0"), "csr_subject_text"
    yield "a surrogate in a BMPString", name(0x1E, b"\xd8\0\xdc\0"), "csr_subject_text"
    yield "NUL in a BMPString", name(0x1E, b"\0a\0\0"), "csr_subject_text"
    yield "no character at all", name(0x1C, b"\xff\xff\xff\xff"), "csr_subject_text"
    yield "a star in a PrintableString", name(0x13, b"*.example.com"), "csr_subject_text"
    yield "Latin-1 in an IA5String", name(0x16, b"\xe9"), "csr_subject_text"
    yield "a common name of 65 characters", name(0x0C, b"x" * 65), "csr_subject_length"
    yield "a common name of 10,000", name(0x0C, b"x" * 10_000), "csr_subject_length"
    yield "a country of three", name(0x13, b"GBR", 6), "csr_subject_length"
    yield "an empty relative name", csr(subject=sequence(der(0x31))), "csr_malformed"


def names():
    def san(*entries):
        return asking(extension("2.5.29.17", sequence(*entries)))

    other = der(0xA0, oid("1.3.6.1.4.1.311.20.2.3"), der(0xA0, der(0x0C, b"admin@example.com")))
    directory = sequence(der(0x31, sequence(oid("2.5.4.3"), der(0x0C, b"admin"))))
    entries = {
        "an otherName": other,
        "an rfc822Name": der(0x81, b"admin@example.com"),
        "a dNSName": der(0x82, b"example.com"),
        "a wildcard": der(0x82, b"*.example.com"),
        "a dNSName with NUL": der(0x82, b"example.com\0.evil.com"),
        "a dNSName with control characters": der(0x82, b"\r\n\x1b"),
        "a dNSName that is no ASCII": der(0x82, b"\xff\xfe"),
        "a dNSName of 10,000 characters": der(0x82, b"x" * 10_000),
        "an x400Address": der(0xA3),
        "a directoryName": der(0xA4, directory),
        "an ediPartyName": der(0xA5, der(0xA1, der(0x0C, b"x"))),
        "a URI": der(0x86, b"https://example.com/"),
        "another connector's URI": der(0x86, b"spiffe://api.private.example.com/group/a/connector/b"),
        "an iPAddress": der(0x87, b"\x7f\0\0\1"),
        "a registeredID": der(0x88, b"\x2a\x03"),
    }
    for kind, entry in entries.items():
        yield f"asks for {kind}", san(entry), "csr_requests_names"
    yield "asks for every kind of name", san(*entries.values()), "csr_requests_names"
    yield "asks for no name at all", san(), "csr_malformed"
    yield "asks for a URI that is no ASCII", san(der(0x86, b"\xc3\xa9")), "csr_malformed"


def extensions():
    constraints = "2.5.29.19"
    for critical in ([], [TRUE]):
        how = "critically" if critical else "simply"
        ca = extension(constraints, sequence(TRUE), *critical)
        yield f"asks {how} for a CA", asking(ca), "csr_requests_ca"
    ca = extension(constraints, sequence(TRUE, integer(0)))
    yield "asks for a CA of path length 0", asking(ca), "csr_requests_ca"
    ca = extension(constraints, sequence(der(0x01, b"\x01")))
    yield "asks for a CA in BER", asking(ca), "csr_malformed"
    length = extension(constraints, sequence(integer(0)))
    yield "asks for a path length without a CA", asking(length), "csr_malformed"
    usages = {
        "keyCertSign": b"\x02\x04",
        "cRLSign": b"\x01\x02",
        "keyAgreement": b"\x03\x08",
        "digitalSignature and keyCertSign": b"\x02\x84",
        "decipherOnly": b"\x07\0\x80",
    }
    for usage, bits in usages.items():
        asked = extension("2.5.29.15", der(0x03, bits))
        yield f"asks for {usage}", asking(asked), "csr_requests_key_usage"
    asked = extension("2.5.29.15", der(0x03, b"\0\x80"))
    yield "asks for a key usage in BER", asking(asked), "csr_malformed"
    purposes = {
        "serverAuth": ["1.3.6.1.5.5.7.3.1"],
        "clientAuth and serverAuth": ["1.3.6.1.5.5.7.3.2", "1.3.6.1.5.5.7.3.1"],
        "codeSigning": ["1.3.6.1.5.5.7.3.3"],
        "OCSPSigning": ["1.3.6.1.5.5.7.3.9"],
        "anyExtendedKeyUsage": ["2.5.29.37.0"],
        "smart card logon": ["1.3.6.1.4.1.311.20.2.2"],
        "a purpose that nobody knows": ["1.3.6.1.4.1.99999.1"],
    }
    for purpose, oids in purposes.items():
        asked = extension("2.5.29.37", sequence(*map(oid, oids)))
        yield f"asks for {purpose}", asking(asked), "csr_requests_extended_key_usage"
    yield "asks for no purpose", asking(extension("2.5.29.37", sequence())), "csr_malformed"
    subtree = der(0xA0, sequence(der(0x82, b"example.com")))
    others = {
        "name constraints": extension("2.5.29.30", sequence(subtree), TRUE),
        "policies": extension("2.5.29.32", sequence(sequence(oid("2.5.29.32.0")))),
        "an issuer's key id": extension("2.5.29.35", sequence(der(0x80, bytes(20)))),
        "an issuer's other names": extension("2.5.29.18", sequence(der(0x82, b"a"))),
        "a place of revocation lists": extension("2.5.29.31", sequence()),
        "an OCSP responder": extension("1.3.6.1.5.5.7.1.1", sequence()),
        "no check of revocation": extension("1.3.6.1.5.5.7.48.1.5", NULL),
        "a precertificate": extension("1.3.6.1.4.1.11129.2.4.3", NULL, TRUE),
        "what nobody knows": extension("1.3.6.1.4.1.99999.2", b""),
        "what nobody knows, critically": extension("1.3.6.1.4.1.99999.2", b"", TRUE),
    }
    for what, asked in others.items():
        yield f"asks for {what}", asking(asked), "csr_requests_extension"
    usage = extension("2.5.29.15", der(0x03, b"\x07\x80"))
    yield "asks twice for one extension", asking(usage, usage), "csr_duplicate_extension"
    unknown = others["what nobody knows"]
    yield "asks twice for what nobody knows", asking(unknown, unknown), "csr_duplicate_extension"
    yield "asks for nothing", asking(), "csr_malformed"
    many = [extension(f"1.3.6.1.4.1.99999.{i}", b"") for i in range(65)]
    yield "asks for 65 extensions", asking(*many), "csr_malformed"
    critical = extension("2.5.29.15", der(0x03, b"\x07\x80"), der(0x01, b"\0"))
    yield "writes out a default", asking(critical), "csr_malformed"


def attributes():
    value = sequence(extension("2.5.29.15", der(0x03, b"\x07\x80")))
    request = attribute(EXTENSION_REQUEST, value)
    single = "csr_attribute_not_single"
    yield "two extension requests", csr(request, request), single
    microsoft = attribute(oid("1.3.6.1.4.1.311.2.1.14"), value)
    yield "an extension request under each of its names", csr(request, microsoft), single
    yield "an extension request of two values", csr(attribute(EXTENSION_REQUEST, value, value)), single
    yield "an extension request without a value", csr(attribute(EXTENSION_REQUEST)), single
    password = attribute(PASSWORD, der(0x0C, b"secret"))
    yield "two passwords", csr(password, password), single
    proof = attribute(der(0x06, oid_contents()), sequence())
    yield "two proofs", csr(proof, proof), single
    yield "a proof that is none", csr(proof), "key_invalid"
    yield "an attribute without values", csr(sequence(PASSWORD)), "csr_malformed"


def not_strict():
    """What other readers forgive, and X.690 does not."""
    usage, purposes, unknown = "2.5.29.15", "2.5.29.37", oid("1.3.6.1.4.1.99999.4")
    client = oid("1.3.6.1.5.5.7.3.2")
    asked = {
        "a key usage with 8 unused bits": extension(usage, der(0x03, b"\x08\0")),
        "a key usage with 8 unused bits of two bytes": extension(usage, der(0x03, b"\x08\x80\0")),
        "a key usage with an unused bit set": extension(usage, der(0x03, b"\x07\xc0")),
        "a key usage that ends with a zero bit": extension(usage, der(0x03, b"\x06\x80")),
        "a key usage in parts": extension(usage, der(0x23, der(0x03, b"\x07\x80"))),
        "one purpose twice": extension(purposes, sequence(client, client)),
        "no authority, written out": extension("2.5.29.19", sequence(der(0x01, b"\0"))),
        "an extension's number with a leading zero": sequence(
            der(0x06, b"\x55\x80\x1d\x0f"), der(0x04, der(0x03, b"\x07\x80"))
        ),
        "an extension's number without an end": sequence(der(0x06, b"\x55\x9d"), der(0x04)),
        "an extension without a number": sequence(der(0x06), der(0x04)),
        "an extension in parts": sequence(oid(usage), der(0x24, der(0x04, der(0x03, b"\x07\x80")))),
        "a purpose with a leading zero": extension(
            purposes, sequence(der(0x06, b"\x80" + client[2:]))
        ),
    }
    for what, one in asked.items():
        yield f"asks for {what}", asking(one), "csr_malformed"
    values = {
        "a BOOLEAN of 1": der(0x01, b"\x01"),
        "a BOOLEAN of two bytes": der(0x01, b"\xff\xff"),
        "an INTEGER with a leading zero": der(0x02, b"\0\x01"),
        "a negative INTEGER with a leading byte": der(0x02, b"\xff\xff"),
        "an INTEGER of no byte": der(0x02),
        "an ENUMERATED with a leading zero": der(0x0A, b"\0\x01"),
        "a BIT STRING of no byte": der(0x03),
        "a BIT STRING without the bits that are unused": der(0x03, b"\x01"),
        "a NULL that holds something": der(0x05, b"\0"),
        "an OCTET STRING in parts": der(0x24, der(0x04, b"a"), der(0x04, b"b")),
        "a UTF8String in parts": der(0x2C, der(0x0C, b"a")),
        "a SEQUENCE in primitive form": der(0x10),
        "a UTCTime without seconds": der(0x17, b"2601010000Z"),
        "a UTCTime of another zone": der(0x17, b"260101000000+0100"),
        "a GeneralizedTime of no zone": der(0x18, b"20260101000000"),
        "a GeneralizedTime with a fraction that ends with 0": der(0x18, b"20260101000000.50Z"),
        "a GeneralizedTime without seconds": der(0x18, b"202601010000Z"),
        "a length in more bytes than it takes": b"\x04\x81\x01a",
        "an indefinite length": b"\x30\x80\0\0",
    }
    for what, value in values.items():
        yield f"an attribute with {what}", csr(attribute(unknown, value)), "csr_malformed"
        deeper = csr(attribute(unknown, sequence(der(0xA0, value))))
        yield f"an attribute with {what}, deeper", deeper, "csr_malformed"
    one, two = der(0x0C, b"1"), der(0x0C, b"2")
    yield "values out of order", csr(attribute(unknown, two, one)), "csr_malformed"
    one = attribute(PASSWORD, der(0x0C, b"secret"))
    two = attribute(EXTENSION_REQUEST, sequence(extension(usage, der(0x03, b"\x07\x80"))))
    assert one < two
    yield "attributes out of order", csr(two, one, order=tuple), "csr_malformed"
    name, number = (
        sequence(oid(f"2.5.4.{arc}"), der(0x0C, text)) for arc, text in ((3, b"aa"), (5, b"1"))
    )
    assert number < name
    subject = sequence(der(0x31, name, number))
    yield "a relative name out of order", csr(subject=subject), "csr_malformed"
    padded = sequence(der(0x31, sequence(der(0x06, b"\x55\x04\x80\x03"), der(0x0C, b"a"))))
    yield "a type in the subject with a leading zero", csr(subject=padded), "csr_malformed"
    yield "an attribute's number with a leading zero", csr(
        attribute(der(0x06, b"\x2b\x80\x06"), NULL)
    ), "csr_malformed"
    for begin, end in (
        ("CERTIFICATE REQUEST", "CERTIFICATE"),
        ("CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST"),
        ("NEW CERTIFICATE REQUEST", "CERTIFICATE REQUEST"),
        ("CERTIFICATE REQUEST", "certificate request"),
    ):
        yield f"PEM that begins {begin} and ends {end}", pem(csr(), begin, end), "csr_malformed"


def pem(request, begin="CERTIFICATE REQUEST", end="CERTIFICATE REQUEST"):
    base64 = b64encode(request).decode()
    lines = [base64[at : at + 64] for at in range(0, len(base64), 64)]
    return "\n".join([f"-----BEGIN {begin}-----", *lines, f"-----END {end}-----", ""]).encode()


def rsa_keys():
    short = prime("short p", 512) * prime("short q", 512)
    yield "RSA of 1024 bits", rsa_spki(short), "weak_key_short"
    yield "RSA of 2047 bits", rsa_spki(MODULUS >> 1 | 1), "weak_key_short"
    yield "RSA of 8192 bits", rsa_spki(MODULUS**4 | 1), "csr_unsupported_key"
    yield "RSA with an even exponent", rsa_spki(MODULUS, 65538), "weak_key_even_exponent"
    yield "RSA with the exponent 0", rsa_spki(MODULUS, 0), "weak_key_even_exponent"
    yield "RSA with the exponent 1", rsa_spki(MODULUS, 1), "weak_key_small_exponent"
    yield "RSA with the exponent 3", rsa_spki(MODULUS, 3), "weak_key_small_exponent"
    yield "RSA with an exponent of 2048 bits", rsa_spki(MODULUS, MODULUS - 2), "csr_unsupported_key"
    yield "RSA with a negative exponent", rsa_spki(MODULUS, -65537), "csr_bad_key"
    yield "RSA with a negative modulus", rsa_spki(-MODULUS), "csr_bad_key"
    yield "RSA with the modulus 0", rsa_spki(0), "weak_key_short"
    yield "RSA with an even modulus", rsa_spki(MODULUS - 1), "weak_key_small_factor"
    large = prime("large factor", 2048)
    for factor in (3, 31, 733, 751):
        yield f"RSA with the factor {factor}", rsa_spki(factor * large), "weak_key_small_factor"
    near = next_prime(P1024 + 2)
    yield "RSA of neighbouring primes", rsa_spki(P1024 * near), "weak_key_close_factors"
    near = next_prime(P1024 + 2**510 + sample("near", 1)[0] * 2)
    yield "RSA of primes 2^510 apart", rsa_spki(P1024 * near), "weak_key_close_factors"
    yield "RSA of one prime, squared", rsa_spki(P1024**2), "weak_key_close_factors"
    roca = roca_prime("roca p") * roca_prime("roca q")
    yield "RSA with ROCA", rsa_spki(roca), "weak_key_roca"
    key = bit_string(sequence(integer(MODULUS), integer(65537)))
    without = sequence(sequence(oid("1.2.840.113549.1.1.1")), key)
    yield "RSA without its NULL", without, "csr_bad_key"
    pss = sequence(sequence(oid("1.2.840.113549.1.1.10")), key)
    yield "RSA for PSS only", pss, "csr_unsupported_key"


def elliptic_keys():
    def on(algorithm, key):
        return sequence(algorithm, bit_string(key))

    x, y = PUBLIC
    yield "P-256 off the curve", on(P256, b"\x04" + coordinates(x, y ^ 1)), "csr_key_off_curve"
    yield "P-256 with zeros for a point", on(P256, b"\x04" + bytes(64)), "csr_key_off_curve"
    yield "P-256 past the prime", on(P256, b"\x04" + coordinates(x, P)), "csr_key_off_curve"
    twist = next(x for x in range(2, 50) if pow(x**3 - 3 * x + B, (P - 1) // 2, P) != 1)
    yield "P-256 on the twist", on(P256, b"\x04" + coordinates(twist, 1)), "csr_key_off_curve"
    yield "P-256 at infinity", on(P256, b"\0"), "csr_bad_key"
    yield "P-256 all zero", on(P256, bytes(65)), "csr_bad_key"
    yield "P-256 compressed", on(P256, bytes([2 + y % 2]) + POINT[1:33]), "csr_bad_key"
    yield "P-256 hybrid", on(P256, bytes([6 + y % 2]) + POINT[1:]), "csr_bad_key"
    yield "P-256 with no key", on(P256, b""), "csr_bad_key"
    kind = oid("1.2.840.10045.2.1")
    p384 = sequence(kind, oid("1.3.132.0.34"))
    yield "a point of P-256 as one of P-384", on(p384, POINT), "csr_bad_key"
    yield "no curve", on(sequence(kind), POINT), "csr_bad_key"
    yield "an implicit curve", on(sequence(kind, NULL), POINT), "csr_bad_key"
    field = sequence(oid("1.2.840.10045.1.1"), integer(P))
    curve = sequence(der(4, (P - 3).to_bytes(32, "big")), der(4, B.to_bytes(32, "big")))
    # CVE-2020-0601: a generator of one's own choice, under which one knows the private key.
    chosen = sequence(integer(1), field, curve, der(4, POINT), integer(N), integer(1))
    yield "a curve with a generator of its own", on(sequence(kind, chosen), POINT), "csr_bad_key"
    koblitz = sequence(kind, oid("1.3.132.0.10"))
    yield "secp256k1", on(koblitz, POINT), "csr_unsupported_key"
    yield "P-521", on(sequence(kind, oid("1.3.132.0.35")), b"\x04" + bytes(132)), "csr_unsupported_key"


def other_keys():
    def ed25519(key, *parameters):
        return sequence(sequence(oid("1.3.101.112"), *parameters), bit_string(key))

    small = "weak_key_small_order"
    yield "Ed25519 all zero", ed25519(bytes(32)), small
    yield "Ed25519 neutral", ed25519(b"\1" + bytes(31)), small
    order8 = "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"
    yield "Ed25519 of order 8", ed25519(bytes.fromhex(order8)), small
    yield "Ed25519 past the prime", ed25519(b"\xee" + b"\xff" * 30 + b"\x7f"), "csr_bad_key"
    yield "Ed25519 of 31 bytes", ed25519(bytes(31)), "csr_bad_key"
    yield "Ed25519 with parameters", ed25519(sample("ed25519", 32), NULL), "csr_bad_key"
    unsupported = {
        "X25519": sequence(sequence(oid("1.3.101.110")), bit_string(sample("x25519", 32))),
        "Ed448": sequence(sequence(oid("1.3.101.113")), bit_string(sample("ed448", 57))),
        "DSA": sequence(sequence(oid("1.2.840.10040.4.1")), bit_string(integer(7))),
        "a key that nobody knows": sequence(sequence(oid("1.3.6.1.4.1.99999.3")), bit_string(b"")),
    }
    for kind, spki in unsupported.items():
        yield kind, spki, "csr_unsupported_key"


def keys():
    for name, spki, code in (*rsa_keys(), *elliptic_keys(), *other_keys()):
        yield name, csr(spki=spki), code


def signatures():
    good = csr()
    info = sequence(integer(0), sequence(), P256_SPKI, der(0xA0))
    wrong = "csr_bad_signature"
    yield "a signature over other bytes", csr(signature=ecdsa(SECRET, b"other")), wrong
    yield "another key's signature", csr(signature=ecdsa(SECRET + 1, info)), wrong
    yield "a signature of zeros", csr(signature=sequence(integer(0), integer(0))), wrong
    yield "a signature of the order", csr(signature=sequence(integer(N), integer(N))), wrong
    yield "a signature of raw numbers", csr(signature=bytes(range(64))), wrong
    yield "a signature with a byte after it", csr(signature=ecdsa(SECRET, info) + b"\0"), wrong
    empty = sequence(info, ECDSA_SHA256, bit_string(b""))
    yield "an empty signature", empty, wrong
    assert good == signed(info)
    rsa = sequence(integer(0), sequence(), rsa_spki(MODULUS), der(0xA0))
    yield "an RSA signature over other bytes", signed(rsa, RSA_SHA256, pkcs1(b"other")), wrong
    yield "an RSA signature of zeros", signed(rsa, RSA_SHA256, bytes(256)), wrong
    mismatch = "csr_algorithm_mismatch"
    yield "RSA's algorithm on a P-256 key", csr(algorithm=RSA_SHA256), mismatch
    yield "Ed25519's algorithm on a P-256 key", csr(algorithm=sequence(oid("1.3.101.112"))), mismatch
    yield "ECDSA's algorithm on an RSA key", signed(rsa), mismatch
    weak = {
        "MD2": "1.2.840.113549.1.1.2",
        "MD4": "1.2.840.113549.1.1.3",
        "MD5": "1.2.840.113549.1.1.4",
        "SHA-1": "1.2.840.113549.1.1.5",
    }
    for digest, algorithm in weak.items():
        algorithm = sequence(oid(algorithm), NULL)
        yield f"RSA with {digest}", signed(rsa, algorithm, pkcs1(rsa)), "csr_weak_algorithm"
    ecdsa_sha1 = sequence(oid("1.2.840.10045.4.1"))
    yield "ECDSA with SHA-1", csr(algorithm=ecdsa_sha1), "csr_weak_algorithm"
    unsupported = {
        "ECDSA with SHA-224": sequence(oid("1.2.840.10045.4.3.1")),
        "ECDSA with SHA-512": sequence(oid("1.2.840.10045.4.3.4")),
        "ECDSA with parameters": sequence(oid("1.2.840.10045.4.3.2"), NULL),
        "RSA-PSS": sequence(oid("1.2.840.113549.1.1.10"), sequence()),
        "no signature at all": sequence(oid("1.3.6.1.5.5.7.6.2")),
    }
    for kind, algorithm in unsupported.items():
        yield f"signed with {kind}", csr(algorithm=algorithm), "csr_unsupported_algorithm"


def sound():
    def subject(kind, text):
        pair = sequence(oid("2.5.4.3"), der(kind, text))
        return sequence(der(0x31, pair))

    code = "enrolled"
    yield "a wildcard for a subject", csr(subject=subject(0x0C, b"*.example.com")), code
    yield "another connector for a subject", csr(subject=subject(0x0C, b"c7")), code
    yield "BMP in the subject", csr(subject=subject(0x1E, "κόμβος".encode("utf-16-be"))), code
    yield "a password", csr(attribute(PASSWORD, der(0x0C, b"secret"))), code
    granted = [
        extension("2.5.29.19", sequence(), TRUE),
        extension("2.5.29.15", der(0x03, b"\x07\x80"), TRUE),
        extension("2.5.29.37", sequence(oid("1.3.6.1.5.5.7.3.2"))),
    ]
    yield "asks for what everybody gets", asking(*granted), code
    two = csr(
        attribute(PASSWORD, der(0x0C, b"secret")),
        attribute(EXTENSION_REQUEST, sequence(*granted)),
        attribute(oid("1.2.840.113549.1.9.5"), der(0x18, b"20500101000000.5Z")),
    )
    yield "attributes in order", two, code
    ordered = sorted(sequence(oid(f"2.5.4.{arc}"), der(0x0C, b"a")) for arc in (3, 5, 10))
    yield "a relative name of three", csr(subject=sequence(der(0x31, *ordered))), code
    yield "PEM", pem(csr()), code
    rsa = sequence(integer(0), sequence(), rsa_spki(MODULUS), der(0xA0))
    yield "RSA", signed(rsa, RSA_SHA256, pkcs1(rsa)), code


def too_large():
    """What ends in many zeros is written without them."""
    zeros = 100 * 1024
    info = sequence(integer(0), sequence(), P256_SPKI, der(0xA0))
    whole = sequence(info, ECDSA_SHA256, bit_string(bytes(zeros)))
    yield {"name": "100 KiB of signature", "csr": whole[:-zeros].hex(), "zeros": zeros}
    yield {"name": "100 KiB of zeros", "csr": "30", "zeros": zeros}


def main():
    groups = (malformed, not_strict, subjects, names, extensions, attributes, keys, signatures, sound)
    cases = [
        {"name": name, "csr": request.hex(), "code": code}
        for group in groups
        for name, request, code in group()
    ]
    cases += [case | {"code": "csr_too_large"} for case in too_large()]
    about = "Requests, and what becomes of each beside the text of a good key. `csr` is hexadecimal; "
    about += "`zeros`: so many zero bytes follow."
    path = pathlib.Path(__file__).with_name("csrs.json")
    path.write_text(json.dumps({"about": about, "cases": cases}, indent=2) + "\n")


if __name__ == "__main__":
    main()
