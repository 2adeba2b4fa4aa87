"""Enrollment certificates."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from . import _native
from ._types import CertificatesInput, id_of
from .enums import CertificateWarning, KeyAlgorithm
from .listing import Listing
from .records import CertificateRequest, EnrollmentCertificate, Page
from .signer import Signer

__all__ = ["CertificateRequests", "Certificates"]


@dataclass(frozen=True, kw_only=True)
class Terms:
    """The arguments for a new enrollment certificate, for the native half."""

    name: str
    algorithm: KeyAlgorithm = KeyAlgorithm.P256
    signer: Signer | None = None
    validity: timedelta | None = None
    leaf_validity: timedelta | None = None
    renewal_grace: timedelta | None = None
    crl_validity: timedelta | None = None
    crl_url: str | None = None
    ocsp_url: str | None = None
    ca_issuers_url: str | None = None


class Certificates(Listing[EnrollmentCertificate]):
    """The enrollment certificates of an authority, by name.

    A certificate is passed as its record, its id or its name.
    """

    requests: CertificateRequests
    """The requests whose certificate has not been imported."""

    def __init__(self, authority: _native.Authority) -> None:
        super().__init__(
            lambda limit, after: _native.list_certificates(authority, limit=limit, after=after)
        )
        self._authority = authority
        self.requests = CertificateRequests(authority)

    def create(
        self,
        name: str,
        *,
        algorithm: KeyAlgorithm = KeyAlgorithm.P256,
        signer: Signer | None = None,
        validity: timedelta | None = None,
        leaf_validity: timedelta | None = None,
        renewal_grace: timedelta | None = None,
        crl_validity: timedelta | None = None,
        crl_url: str | None = None,
        ocsp_url: str | None = None,
        ca_issuers_url: str | None = None,
    ) -> EnrollmentCertificate:
        """Creates a certificate under the authority's root.

        Its key pair is generated and sealed in the store, unless a ``signer`` holds one.
        ``validity`` is at least a day (default: 10 years). ``leaf_validity``, that of connectors'
        certificates, is at least an hour (a year). ``renewal_grace`` is how long after its expiry a
        connector's certificate can still be renewed (30 days). ``crl_validity`` is an hour to a
        year (a week). Connectors' certificates contain the URLs. Raises
        :class:`~provkey.InputError`, such as ``name_in_use`` and ``validity_invalid``, and
        :class:`~provkey.SigningError`.
        """
        terms = Terms(
            name=name,
            algorithm=algorithm,
            signer=signer,
            validity=validity,
            leaf_validity=leaf_validity,
            renewal_grace=renewal_grace,
            crl_validity=crl_validity,
            crl_url=crl_url,
            ocsp_url=ocsp_url,
            ca_issuers_url=ca_issuers_url,
        )
        return _native.create_certificate(self._authority, terms)

    def request(
        self,
        name: str,
        *,
        algorithm: KeyAlgorithm = KeyAlgorithm.P256,
        signer: Signer | None = None,
        leaf_validity: timedelta | None = None,
        renewal_grace: timedelta | None = None,
        crl_validity: timedelta | None = None,
        crl_url: str | None = None,
        ocsp_url: str | None = None,
        ca_issuers_url: str | None = None,
    ) -> CertificateRequest:
        """Creates a key pair and a CSR, for an external CA to issue the certificate. Pass what
        it issues to :meth:`import_answer`. Arguments and errors are those of :meth:`create`.
        """
        terms = Terms(
            name=name,
            algorithm=algorithm,
            signer=signer,
            leaf_validity=leaf_validity,
            renewal_grace=renewal_grace,
            crl_validity=crl_validity,
            crl_url=crl_url,
            ocsp_url=ocsp_url,
            ca_issuers_url=ca_issuers_url,
        )
        return _native.request_certificate(self._authority, terms)

    def import_answer(
        self, request: CertificateRequest | str, certificates: CertificatesInput
    ) -> EnrollmentCertificate:
        """Imports the certificate that an external CA issued for a request, which may be followed
        by its issuers: PEM, or a sequence of certificates. Raises
        :class:`~provkey.CertificateError` and :class:`~provkey.InputError`.
        """
        return _native.import_answer(self._authority, id_of(request), certificates)

    def import_(
        self,
        name: str,
        certificates: CertificatesInput,
        *,
        private_key: bytes | str | None = None,
        passphrase: bytes | str | None = None,
        signer: Signer | None = None,
        leaf_validity: timedelta | None = None,
        renewal_grace: timedelta | None = None,
        crl_url: str | None = None,
        ocsp_url: str | None = None,
        ca_issuers_url: str | None = None,
    ) -> EnrollmentCertificate:
        """Imports a CA certificate of an external CA, the first of ``certificates``, with its
        private key: PKCS #8, encrypted or not, SEC 1 or PKCS #1, in PEM or DER; or with a
        ``signer`` that holds it. Raises :class:`~provkey.CertificateError` and
        :class:`~provkey.InputError`.
        """
        if (private_key is None) == (signer is None):
            raise TypeError("pass either private_key or signer")
        terms = Terms(
            name=name,
            signer=signer,
            leaf_validity=leaf_validity,
            renewal_grace=renewal_grace,
            crl_url=crl_url,
            ocsp_url=ocsp_url,
            ca_issuers_url=ca_issuers_url,
        )
        return _native.import_certificate(
            self._authority,
            terms,
            certificates,
            private_key=_bytes(private_key),
            passphrase=_bytes(passphrase),
        )

    def get(self, id_or_name: str) -> EnrollmentCertificate:
        """The certificate with this id or name. Raises :class:`~provkey.InputError` with the code
        ``certificate_not_found``, or ``certificate_unanswered`` for a request.
        """
        return _native.find_certificate(self._authority, id_or_name)

    def retire(self, certificate: EnrollmentCertificate | str) -> EnrollmentCertificate:
        """Retires a certificate for good: it signs no more certificates. Those that it signed
        stay valid. Its keys are refused (``certificate_retired``) until they get another
        certificate.
        """
        return _native.retire_certificate(self._authority, id_of(certificate))

    def delete(self, certificate: EnrollmentCertificate | str) -> None:
        """Deletes a certificate and its private key. No provisioning key and no connector's
        certificate may depend on it. Raises :class:`~provkey.InputError`, such as
        ``certificate_in_use``.
        """
        _native.delete_certificate(self._authority, id_of(certificate))

    def warnings(
        self, certificate: EnrollmentCertificate | str, *, now: datetime | None = None
    ) -> tuple[CertificateWarning, ...]:
        """The warnings about a certificate at ``now``, by default the present; empty if there
        are none.
        """
        return _native.certificate_warnings(self._authority, id_of(certificate), now=now)

    def count_connectors(self, certificate: EnrollmentCertificate | str) -> int:
        """The number of stored connectors' certificates that it signed. This reads all of them."""
        return _native.count_connectors(self._authority, id_of(certificate))

    def attach_signer(self, signer: Signer) -> None:
        """Attaches a signer. It signs for the enrollment certificate with its public key until this
        authority is closed. Attach your signers each time you open the authority.
        """
        _native.attach_signer(self._authority, signer)


class CertificateRequests(Listing[CertificateRequest]):
    """The requests whose certificate has not been imported, by id."""

    def __init__(self, authority: _native.Authority) -> None:
        def read(limit: int, after: str | None) -> Page[CertificateRequest]:
            return _native.list_certificate_requests(authority, limit=limit, after=after)

        super().__init__(read)
        self._authority = authority

    def get(self, id_or_name: str) -> CertificateRequest:
        """The request with this id or name. Raises :class:`~provkey.InputError` with the code
        ``certificate_request_not_found``.
        """
        return _native.find_certificate_request(self._authority, id_or_name)

    def delete(self, request: CertificateRequest | str) -> None:
        """Deletes a request and its private key. Raises what :meth:`get` raises."""
        _native.delete_certificate_request(self._authority, id_of(request))


def _bytes(text: bytes | str | None) -> bytes | None:
    return text.encode() if isinstance(text, str) else text
