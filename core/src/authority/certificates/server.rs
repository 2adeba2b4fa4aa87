//! Certificates for the TLS servers at the authority's hosts.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use crate::authority::Authority;
use crate::authority::certificates::BACKDATE;
use crate::authority::certificates::seal::open_root;
use crate::key::Host;
use crate::ledger::error::{Error, InputError, Refusal};
use crate::ledger::records::Action;
use crate::limits::LEAF_VALIDITY_MIN;
use crate::time::{Rounded, Timestamp};
use crate::x509::{
    Certificate, PublicKey, SerialNumber, ServerParameters, encode_pem, issue_server,
};

/// The certificate of a server, signed by the root, so that the pin in a key text is all that a
/// connector needs to trust it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServerCertificate {
    /// The server's certificate and the root, in DER. The server has to send both: the pin in a key
    /// text names the root.
    pub chain: Vec<Vec<u8>>,
    /// From when on it is valid.
    pub not_before: Timestamp,
    /// Until when it is valid.
    pub not_after: Timestamp,
}

impl ServerCertificate {
    /// The chain as PEM: the server's certificate first, the root last.
    pub fn chain_pem(&self) -> String {
        self.chain.iter().map(|der| encode_pem("CERTIFICATE", der)).collect()
    }
}

/// # Certificates of servers
impl Authority {
    /// Issues a certificate for a TLS server at one of the authority's hosts. The server keeps its
    /// private key. Such a certificate cannot be revoked: make it valid for a few months at most,
    /// and replace it in time. The audit trail records each one.
    ///
    /// # Errors
    /// `host_unknown` if the authority does not have the host; `validity_invalid` below an hour;
    /// `public_key_of_authority`; those of the signer and of the store.
    pub fn issue_server_certificate(
        &self,
        host: &Host,
        public_key: &PublicKey,
        validity: Duration,
    ) -> Result<ServerCertificate, Error> {
        let ledger = self.ledger()?;
        if !ledger.has_host(host)? {
            return Err(InputError::HostUnknown.about(host).into());
        }
        let state = ledger.state();
        if validity < LEAF_VALIDITY_MIN {
            return Err(InputError::ValidityInvalid.about(Rounded(validity)).into());
        }
        if public_key.spki() == state.root.spki() {
            return Err(Refusal::PublicKeyOfAuthority.into());
        }
        let mut audit = self.audit(Action::ServerCertificateIssued)?;
        let serial = SerialNumber::random(ledger.random(), audit.at)?;
        let certificate = issue_server(
            &open_root(&state)?,
            &ServerParameters {
                host,
                public_key,
                serial,
                not_before: audit.at.minus(BACKDATE),
                not_after: audit.at.plus(validity),
            },
        )?;
        audit.details = Some(format!("{host} {serial}"));
        ledger.append_audit(&audit)?;
        Ok(ServerCertificate {
            not_before: certificate.not_before(),
            not_after: certificate.not_after(),
            chain: [&certificate, &state.root].map(Certificate::der).map(<[u8]>::to_vec).into(),
        })
    }
}
