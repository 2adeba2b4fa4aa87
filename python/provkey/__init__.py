"""Provisioning keys: a fleet enrols itself, every use counted exactly.

An operator makes a *provisioning key*: a line of text with a maximum number of uses, tied to one
connector group and one enrollment certificate. A connector is given the text, makes a key pair of its
own, proves that it holds the key, and gets a signed TLS client certificate. The authority counts the
use: never beyond the maximum, never twice for one connector, never lost.

The side that hands out certificates is :class:`Authority`; the side that asks for one begins with
:meth:`ProvisioningKey.parse` and :class:`Identity`; a store of your own is a subclass of
:class:`Store`. Every error is an :class:`Error` with a stable ``code``.
"""

from . import conformance
from ._native import (
    AdminTokenText,
    Certificate,
    Fingerprint,
    Identity,
    Keyring,
    KeyText,
    MasterKey,
    MemoryStore,
    PostgresStore,
    ProvisioningKey,
    Request,
    SqliteStore,
    __version__,
)
from .audit import Audit
from .authority import Authority, EnrollRequest
from .certificates import CertificateRequests, Certificates
from .connectors import Connectors
from .enums import (
    Action,
    AdminRole,
    CertificateState,
    CertificateWarning,
    EventKind,
    KeyAlgorithm,
    KeyOrder,
    KeyState,
    RevocationReason,
)
from .errors import (
    AcceptError,
    CertificateError,
    ConformanceError,
    CsrError,
    Error,
    IdentityError,
    InputError,
    KeyTextError,
    MasterKeyError,
    QueryError,
    RandomError,
    RefusedError,
    SigningError,
    StoreError,
    UsageError,
)
from .groups import Groups
from .keys import Keys
from .listing import Listing
from .records import (
    Accepted,
    AdminToken,
    AuditRecord,
    CertificateRequest,
    Compromised,
    Connector,
    ConnectorGroup,
    Crl,
    Enrolled,
    EnrollmentCertificate,
    Event,
    KeyDetails,
    KeyFile,
    KeyReference,
    Named,
    Page,
    Pruned,
    QueryResult,
    Repair,
    ServerCertificate,
)
from .signer import Signer
from .store import Store
from .tokens import Tokens

__all__ = [
    "AcceptError",
    "Accepted",
    "Action",
    "AdminRole",
    "AdminToken",
    "AdminTokenText",
    "Audit",
    "AuditRecord",
    "Authority",
    "Certificate",
    "CertificateError",
    "CertificateRequest",
    "CertificateRequests",
    "CertificateState",
    "CertificateWarning",
    "Certificates",
    "Compromised",
    "ConformanceError",
    "Connector",
    "ConnectorGroup",
    "Connectors",
    "Crl",
    "CsrError",
    "EnrollRequest",
    "Enrolled",
    "EnrollmentCertificate",
    "Error",
    "Event",
    "EventKind",
    "Fingerprint",
    "Groups",
    "Identity",
    "IdentityError",
    "InputError",
    "KeyAlgorithm",
    "KeyDetails",
    "KeyFile",
    "KeyOrder",
    "KeyReference",
    "KeyState",
    "KeyText",
    "KeyTextError",
    "Keyring",
    "Keys",
    "Listing",
    "MasterKey",
    "MasterKeyError",
    "MemoryStore",
    "Named",
    "Page",
    "PostgresStore",
    "ProvisioningKey",
    "Pruned",
    "QueryError",
    "QueryResult",
    "RandomError",
    "RefusedError",
    "Repair",
    "Request",
    "RevocationReason",
    "ServerCertificate",
    "Signer",
    "SigningError",
    "SqliteStore",
    "Store",
    "StoreError",
    "Tokens",
    "UsageError",
    "__version__",
    "conformance",
]
