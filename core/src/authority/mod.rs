//! The authority: groups, enrollment certificates, provisioning keys, enrollment, audit.
