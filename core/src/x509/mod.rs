//! Certificate signing requests, certificates, and what is put into them.
