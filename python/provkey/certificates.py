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
    """What a new enrollment certificate is to be like, for the native half."""

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

    What takes one takes its record, its id or its name.
    """

    requests: CertificateRequests
    """The requests that an external CA has not answered yet."""

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
        """Makes a certificate under the authority's root.

        A key pair is made and sealed into the store, unless a ``signer`` has one. ``validity`` is at
        least a day (10 years by default), ``leaf_validity``, that of connectors' certificates, at
        least an hour (a year), ``renewal_grace`` is how long after its end one is still renewed (30
        days), ``crl_validity`` an hour to a year (a week). The URLs stand in the certificates of
        connectors as they are given. Raises :class:`~provkey.InputError`, such as ``name_in_use`` and
        ``validity_invalid``, and :class:`~provkey.SigningError`.
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
        """Makes a key pair and a CSR with which an external CA can be asked for a CA certificate.
        :meth:`import_answer` takes what it issues. Arguments and errors are those of
        :meth:`create`.
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
        """Takes the certificate that an external CA issued for a request, and perhaps those of its
        issuers: PEM, or a sequence of certificates. Raises :class:`~provkey.CertificateError` and
        :class:`~provkey.InputError`.
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
        """Imports the CA certificate of somebody else, first of ``certificates``, with its private
        key: PKCS #8, SEC 1 or PKCS #1, in PEM or DER, perhaps encrypted; or a ``signer`` that has
        it. Raises :class:`~provkey.CertificateError` and :class:`~provkey.InputError`.
        """
        if (private_key is None) == (signer is None):
            raise TypeError("either private_key or signer must be given")
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
        """The certificate that has this id or this name. Raises :class:`~provkey.InputError` with the
        code ``certificate_not_found``, or ``certificate_unanswered`` if it was only asked for.
        """
        return _native.find_certificate(self._authority, id_or_name)

    def retire(self, certificate: EnrollmentCertificate | str) -> EnrollmentCertificate:
        """Retires a certificate: nothing new is signed under it, at once and for ever. What it signed
        stays good. Keys that use it are refused (``certificate_retired``) until they are moved.
        """
        return _native.retire_certificate(self._authority, id_of(certificate))

    def delete(self, certificate: EnrollmentCertificate | str) -> None:
        """Deletes a certificate, and its private key, that no provisioning key uses and no
        connector's certificate hangs on. Raises :class:`~provkey.InputError`, such as
        ``certificate_in_use``.
        """
        _native.delete_certificate(self._authority, id_of(certificate))

    def warnings(
        self, certificate: EnrollmentCertificate | str, *, now: datetime | None = None
    ) -> tuple[CertificateWarning, ...]:
        """What its operator should know at a moment, by default this one; empty if all is well."""
        return _native.certificate_warnings(self._authority, id_of(certificate), now=now)

    def count_connectors(self, certificate: EnrollmentCertificate | str) -> int:
        """How many connectors' certificates it has signed that are kept. This reads all of them."""
        return _native.count_connectors(self._authority, id_of(certificate))

    def attach_signer(self, signer: Signer) -> None:
        """Attaches a signer whose key lives elsewhere: it signs for the enrollment certificate that
        has its public key, as long as this authority is open. A host attaches its signers whenever it
        opens the authority.
        """
        _native.attach_signer(self._authority, signer)


class CertificateRequests(Listing[CertificateRequest]):
    """The requests that an external CA has not answered yet, by id."""

    def __init__(self, authority: _native.Authority) -> None:
        def read(limit: int, after: str | None) -> Page[CertificateRequest]:
            return _native.list_certificate_requests(authority, limit=limit, after=after)

        super().__init__(read)
        self._authority = authority

    def get(self, id_or_name: str) -> CertificateRequest:
        """The request that has this id or this name. Raises :class:`~provkey.InputError` with the
        code ``certificate_request_not_found``.
        """
        return _native.find_certificate_request(self._authority, id_or_name)

    def delete(self, request: CertificateRequest | str) -> None:
        """Deletes a request and its private key. Raises as :meth:`get`."""
        _native.delete_certificate_request(self._authority, id_of(request))


def _bytes(text: bytes | str | None) -> bytes | None:
    return text.encode() if isinstance(text, str) else text
