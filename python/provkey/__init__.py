"""Provisioning keys: a fleet enrolls itself, and every use is counted exactly.

An operator creates a *provisioning key*: a line of text with a maximum number of uses, which
belongs to one connector group and one enrollment certificate. A connector gets the text, makes its
own key pair, proves that it has the key, and receives a signed TLS client certificate. The
authority counts the use: never beyond the maximum, never twice for one connector, and no use is
lost.

:class:`Authority` issues certificates. A connector uses :meth:`ProvisioningKey.parse` and
:class:`Identity` to get one. Your own store is a subclass of :class:`Store`. Every error is an
:class:`Error` with a stable ``code``.
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
