//! Every operation of administration.

use crate::actor::Actor;
use crate::audit::{AuditEntry, AuditQuery};
use crate::authority::{AuthorityDetails, NewHost};
use crate::certificates::{
    Answer, Certificate, CertificateImport, CertificateRequest, NewCertificate,
};
use crate::connectors::{Connector, ConnectorQuery, Revocation};
use crate::error::Error;
use crate::groups::{Group, NewGroup};
use crate::keys::{Compromise, Compromised, Key, KeyFile, KeyPatch, KeyQuery, KeyText, NewKey};
use crate::page::{Page, PageQuery};
use crate::tokens::{AdminToken, CreatedToken, NewAdminToken};
use crate::utilization::{Utilization, UtilizationQuery};

/// Administration of an authority. Every call blocks, and can be made from any thread.
///
/// Things are named by id. An id that is malformed, unknown, or of another group than that of the
/// actor's scope is `…_not_found`.
///
/// # Errors
/// Of every call: `role_insufficient` and `scope_insufficient` if the actor may not make it, and
/// those of the store. The others are named at the call of the same name of
/// [`provkey::authority::Authority`].
pub trait Administration: Send + Sync {
    /// Shows the authority.
    ///
    /// # Errors
    /// Those of every call.
    fn authority(&self, actor: &Actor) -> Result<AuthorityDetails, Error>;

    /// Adds a host. Other processes enroll and renew for it at once, but list it only when they
    /// open the authority again.
    ///
    /// # Errors
    /// The `host_` codes, `too_many_hosts`.
    fn add_host(&self, actor: &Actor, new: &NewHost) -> Result<AuthorityDetails, Error>;

    /// Lists provisioning keys.
    ///
    /// # Errors
    /// `cursor_invalid`.
    fn list_keys(&self, actor: &Actor, query: &KeyQuery) -> Result<Page<Key>, Error>;

    /// Creates a provisioning key. [`Self::copy_key`] returns its text.
    ///
    /// # Errors
    /// Those of [`create_key`](provkey::authority::Authority::create_key).
    fn create_key(&self, actor: &Actor, new: &NewKey) -> Result<Key, Error>;

    /// Shows a provisioning key.
    ///
    /// # Errors
    /// `key_not_found`, `key_deleted`.
    fn key(&self, actor: &Actor, id: &str) -> Result<Key, Error>;

    /// Edits a provisioning key. With a `version` the edit is refused if the key was edited since.
    ///
    /// # Errors
    /// Those of [`update_key`](provkey::authority::Authority::update_key).
    fn edit_key(
        &self,
        actor: &Actor,
        id: &str,
        version: Option<u64>,
        edit: &KeyPatch,
    ) -> Result<Key, Error>;

    /// Deletes a provisioning key permanently. Connectors that enrolled with it keep their
    /// certificates.
    ///
    /// # Errors
    /// `key_not_found`, `key_deleted`.
    fn delete_key(&self, actor: &Actor, id: &str) -> Result<(), Error>;

    /// The text of a key, to hand to a connector. The audit trail records each copy.
    ///
    /// # Errors
    /// Those of [`copy_key`](provkey::authority::Authority::copy_key).
    fn copy_key(&self, actor: &Actor, id: &str) -> Result<KeyText, Error>;

    /// The text of a key as a file. The audit trail records each download.
    ///
    /// # Errors
    /// Those of [`copy_key`](provkey::authority::Authority::copy_key).
    fn download_key(&self, actor: &Actor, id: &str) -> Result<KeyFile, Error>;

    /// Marks a key as compromised permanently, and revokes the connectors that it enrolled. The key
    /// can be a deleted one.
    ///
    /// # Errors
    /// `key_not_found`.
    fn compromise_key(
        &self,
        actor: &Actor,
        id: &str,
        compromise: &Compromise,
    ) -> Result<Compromised, Error>;

    /// Counts the enrollments of a key over time. One call counts a bounded number of them. Pruned
    /// connectors are not counted.
    ///
    /// # Errors
    /// `request_malformed`, `cursor_invalid`.
    fn key_utilization(
        &self,
        actor: &Actor,
        id: &str,
        query: &UtilizationQuery,
    ) -> Result<Utilization, Error>;

    /// Lists the connector groups by name.
    ///
    /// # Errors
    /// `cursor_invalid`.
    fn list_groups(&self, actor: &Actor, query: &PageQuery) -> Result<Page<Group>, Error>;

    /// Creates a connector group.
    ///
    /// # Errors
    /// The `name_` codes.
    fn create_group(&self, actor: &Actor, new: &NewGroup) -> Result<Group, Error>;

    /// Shows a connector group.
    ///
    /// # Errors
    /// `group_not_found`.
    fn group(&self, actor: &Actor, id: &str) -> Result<Group, Error>;

    /// Deletes a connector group without keys and connectors.
    ///
    /// # Errors
    /// `group_not_found`, `group_in_use`.
    fn delete_group(&self, actor: &Actor, id: &str) -> Result<(), Error>;

    /// Lists the enrollment certificates by name.
    ///
    /// # Errors
    /// `cursor_invalid`.
    fn list_certificates(
        &self,
        actor: &Actor,
        query: &PageQuery,
    ) -> Result<Page<Certificate>, Error>;

    /// Creates an enrollment certificate under the authority's root.
    ///
    /// # Errors
    /// Those of [`create_certificate`](provkey::authority::Authority::create_certificate).
    fn create_certificate(&self, actor: &Actor, new: &NewCertificate)
    -> Result<Certificate, Error>;

    /// Imports a foreign CA certificate with its private key.
    ///
    /// # Errors
    /// Those of [`import_certificate`](provkey::authority::Authority::import_certificate).
    fn import_certificate(
        &self,
        actor: &Actor,
        import: &CertificateImport,
    ) -> Result<Certificate, Error>;

    /// Shows an enrollment certificate.
    ///
    /// # Errors
    /// `certificate_not_found`, `certificate_unanswered`.
    fn certificate(&self, actor: &Actor, id: &str) -> Result<Certificate, Error>;

    /// Deletes an enrollment certificate that no key uses and that signed for no connector.
    ///
    /// # Errors
    /// `certificate_not_found`, `certificate_unanswered`, `certificate_in_use`.
    fn delete_certificate(&self, actor: &Actor, id: &str) -> Result<(), Error>;

    /// Retires an enrollment certificate: from now on it signs nothing.
    ///
    /// # Errors
    /// `certificate_not_found`, `certificate_unanswered`.
    fn retire_certificate(&self, actor: &Actor, id: &str) -> Result<Certificate, Error>;

    /// The CRL of an enrollment certificate, in DER.
    ///
    /// # Errors
    /// Those of [`crl`](provkey::authority::Authority::crl).
    fn crl(&self, actor: &Actor, id: &str) -> Result<Vec<u8>, Error>;

    /// Lists the unanswered requests for an enrollment certificate.
    ///
    /// # Errors
    /// `cursor_invalid`.
    fn list_certificate_requests(
        &self,
        actor: &Actor,
        query: &PageQuery,
    ) -> Result<Page<CertificateRequest>, Error>;

    /// Creates a key pair and a CSR for an external CA.
    ///
    /// # Errors
    /// Those of [`request_certificate`](provkey::authority::Authority::request_certificate).
    fn create_certificate_request(
        &self,
        actor: &Actor,
        new: &NewCertificate,
    ) -> Result<CertificateRequest, Error>;

    /// Shows a request for an enrollment certificate.
    ///
    /// # Errors
    /// `certificate_request_not_found`.
    fn certificate_request(&self, actor: &Actor, id: &str) -> Result<CertificateRequest, Error>;

    /// Imports the certificate that an external CA issued for a request.
    ///
    /// # Errors
    /// Those of [`import_answer`](provkey::authority::Authority::import_answer).
    fn answer_certificate_request(
        &self,
        actor: &Actor,
        id: &str,
        answer: &Answer,
    ) -> Result<Certificate, Error>;

    /// Deletes a request and its private key.
    ///
    /// # Errors
    /// `certificate_request_not_found`.
    fn delete_certificate_request(&self, actor: &Actor, id: &str) -> Result<(), Error>;

    /// Lists connectors: of a key or a group in the order of enrollment, of a certificate by serial
    /// number, otherwise by id.
    ///
    /// # Errors
    /// `cursor_invalid`.
    fn list_connectors(
        &self,
        actor: &Actor,
        query: &ConnectorQuery,
    ) -> Result<Page<Connector>, Error>;

    /// Shows a connector.
    ///
    /// # Errors
    /// `connector_not_found`.
    fn connector(&self, actor: &Actor, id: &str) -> Result<Connector, Error>;

    /// Revokes a connector permanently: its public key can never enroll again.
    ///
    /// # Errors
    /// `connector_not_found`, `request_malformed`.
    fn revoke_connector(
        &self,
        actor: &Actor,
        id: &str,
        revocation: &Revocation,
    ) -> Result<Connector, Error>;

    /// Lists the audit trail by time. A page examines a bounded number of entries. An actor with a
    /// scope names a key or a connector of the group.
    ///
    /// # Errors
    /// `request_malformed`, `cursor_invalid`.
    fn list_audit(&self, actor: &Actor, query: &AuditQuery) -> Result<Page<AuditEntry>, Error>;

    /// Lists the admin tokens by id.
    ///
    /// # Errors
    /// `cursor_invalid`.
    fn list_tokens(&self, actor: &Actor, query: &PageQuery) -> Result<Page<AdminToken>, Error>;

    /// Creates an admin token. Only this answer contains its text.
    ///
    /// # Errors
    /// Those of [`create_token`](provkey::authority::Authority::create_token).
    fn create_token(&self, actor: &Actor, new: &NewAdminToken) -> Result<CreatedToken, Error>;

    /// Revokes an admin token permanently.
    ///
    /// # Errors
    /// `admin_token_not_found`.
    fn revoke_token(&self, actor: &Actor, id: &str) -> Result<AdminToken, Error>;
}
