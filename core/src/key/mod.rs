//! Provisioning key texts: writing, reading, finding what was miscopied, deriving, proving.
