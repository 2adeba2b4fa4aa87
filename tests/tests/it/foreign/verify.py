"""verify.py ROOT ENROLLMENT LEAF: has Python's cryptography verify a TLS client's chain."""

import datetime
import sys

from cryptography import x509
from cryptography.x509.verification import PolicyBuilder, Store

root, enrollment, leaf = (
    x509.load_pem_x509_certificate(open(path, "rb").read()) for path in sys.argv[1:]
)
now = datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None)
policy = PolicyBuilder().store(Store([root])).time(now)
client = policy.build_client_verifier().verify(leaf, [enrollment])
(name,) = client.subjects
assert isinstance(name, x509.UniformResourceIdentifier), name
assert len(client.chain) == 3, client.chain
print(name.value)
