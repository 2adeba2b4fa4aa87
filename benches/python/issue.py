"""How many certificates a second Python's cryptography makes of a CSR: issue.py COUNT|version.

It reads the CSR from standard input. benches/benches/issuing runs this in turn with provkey.
"""

import datetime
import sys
import time

import cryptography
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

URI = "spiffe://api.private.example.com/group/qqqqqqqqqqqq/connector/qqqqqqqqqqqqqqqqqqqqqqqqqq"


def name(text: str) -> x509.Name:
    """A name with nothing but a common name."""
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def certify(der: bytes, issuer: x509.Name, key: ec.EllipticCurvePrivateKey) -> bytes:
    """Verifies a CSR and makes its certificate."""
    csr = x509.load_der_x509_csr(der)
    if not csr.is_signature_valid:
        raise ValueError("the CSR's signature is wrong")
    public_key = csr.public_key()
    now = datetime.datetime.now(datetime.timezone.utc)
    usage = x509.KeyUsage(True, False, False, False, False, False, False, False, False)  # noqa: FBT003
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name("qqqqqqqqqqqqqqqqqqqqqqqqqq"))
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
        .add_extension(
            x509.SubjectAlternativeName([x509.UniformResourceIdentifier(URI)]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    return certificate.public_bytes(Encoding.DER)


def main() -> None:
    """Prints how many are made in a second, or the version."""
    if sys.argv[1] == "version":
        print(cryptography.__version__)
        return
    count, der = int(sys.argv[1]), sys.stdin.buffer.read()
    key, issuer = ec.generate_private_key(ec.SECP256R1()), name("bench")
    started = time.perf_counter()
    for _ in range(count):
        certify(der, issuer, key)
    print(count / (time.perf_counter() - started))


main()
