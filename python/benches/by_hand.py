"""An enrollment service as one writes it by hand, with ``cryptography`` and ``sqlite3``.

It is not a straw man: it checks the limit and the CSR's signature, builds a good certificate, and
counts and records in one transaction. Its mistakes are common ones.
"""

from __future__ import annotations

import secrets
import sqlite3
from datetime import datetime, timedelta, timezone
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID

SCHEMA = """
CREATE TABLE keys (token TEXT PRIMARY KEY, max_uses INTEGER, used INTEGER);
CREATE TABLE enrollments (serial TEXT PRIMARY KEY, token TEXT, at TEXT, certificate BLOB);
CREATE TABLE ca (private_key BLOB, certificate BLOB);
"""


class ByHand:
    """A CA that counts the uses of tokens."""

    def __init__(self, path: Path) -> None:
        """Opens the database."""
        self.db = sqlite3.connect(path, timeout=30)
        self.db.execute("PRAGMA synchronous = FULL")
        private_key, certificate = self.db.execute("SELECT * FROM ca").fetchone()
        key = serialization.load_der_private_key(private_key, None)
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        self.key = key
        self.certificate = x509.load_der_x509_certificate(certificate)

    @staticmethod
    def create(path: Path, max_uses: int) -> str:
        """Creates the database and a token."""
        key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(timezone.utc)
        name = x509.Name.from_rfc4514_string("CN=CA")
        certificate = (
            x509.CertificateBuilder()
            .issuer_name(name)
            .subject_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(minutes=5))
            .not_valid_after(now + timedelta(days=3650))
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .sign(key, hashes.SHA256())
        )
        token = secrets.token_urlsafe(20)
        der = serialization.Encoding.DER
        private = key.private_bytes(
            der, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        with sqlite3.connect(path) as db:
            db.execute("PRAGMA journal_mode = WAL")
            db.executescript(SCHEMA)
            db.execute("INSERT INTO ca VALUES (?, ?)", (private, certificate.public_bytes(der)))
            db.execute("INSERT INTO keys VALUES (?, ?, 0)", (token, max_uses))
        db.close()
        return token

    def enroll(self, csr_der: bytes, token: str) -> bytes:
        """Checks the token and the CSR, signs, counts. Returns the certificate in DER."""
        row = self.db.execute(
            "SELECT max_uses, used FROM keys WHERE token = ?", (token,)
        ).fetchone()
        if row is None:
            raise PermissionError("unknown token")
        max_uses, used = row
        if used >= max_uses:
            raise PermissionError("no uses left")
        csr = x509.load_der_x509_csr(csr_der)
        if not csr.is_signature_valid:
            raise PermissionError("the signature of the request is wrong")
        now, serial = datetime.now(timezone.utc), x509.random_serial_number()
        certificate = (
            x509.CertificateBuilder()
            .issuer_name(self.certificate.subject)
            .subject_name(x509.Name.from_rfc4514_string(f"CN={serial:x}"))
            .public_key(csr.public_key())
            .serial_number(serial)
            .not_valid_before(now - timedelta(minutes=5))
            .not_valid_after(now + timedelta(days=365))
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
            .sign(self.key, hashes.SHA256())
            .public_bytes(serialization.Encoding.DER)
        )
        with self.db:
            self.db.execute("UPDATE keys SET used = used + 1 WHERE token = ?", (token,))
            self.db.execute(
                "INSERT INTO enrollments VALUES (?, ?, ?, ?)",
                (f"{serial:x}", token, now.isoformat(), certificate),
            )
        return certificate

    def counts(self) -> tuple[int, int]:
        """How many uses were counted, and how many certificates are on record."""
        (used,) = self.db.execute("SELECT used FROM keys").fetchone()
        (issued,) = self.db.execute("SELECT count(*) FROM enrollments").fetchone()
        return used, issued
