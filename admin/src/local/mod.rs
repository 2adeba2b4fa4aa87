//! Administration in the process.

mod scope;

use provkey::authority::{Authority, Name};
use provkey::key::Host;

use crate::actor::Actor;
use crate::administration::Administration;
use crate::audit::{AuditEntry, AuditQuery};
use crate::authority::{AuthorityDetails, NewHost};
use crate::certificates::{
    Answer, Certificate, CertificateImport, CertificateRequest, NewCertificate, read_certificates,
};
use crate::connectors::{Connector, ConnectorQuery, Revocation};
use crate::error::Error;
use crate::groups::{Group, NewGroup};
use crate::ids;
use crate::keys::{Compromise, Compromised, Key, KeyFile, KeyPatch, KeyQuery, KeyText, NewKey};
use crate::operation::{self, Operation};
use crate::page::{Page, PageQuery};
use crate::tokens::{AdminToken, CreatedToken, NewAdminToken};
use crate::utilization::{self, Utilization, UtilizationQuery};

/// Administration of an authority in this process. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Local(Authority);

impl Local {
    /// Administration of this authority.
    pub const fn new(authority: Authority) -> Self {
        Self(authority)
    }

    /// The authority in the name of an actor who may call the operation.
    fn authorize<O: Operation>(&self, actor: &Actor) -> Result<Authority, Error> {
        actor.authorize::<O>()?;
        Ok(self.0.acting_as(actor.identity.clone()))
    }
}

impl Administration for Local {
    fn authority(&self, actor: &Actor) -> Result<AuthorityDetails, Error> {
        let authority = self.authorize::<operation::ShowAuthority>(actor)?;
        Ok(AuthorityDetails::from(&authority))
    }

    fn add_host(&self, actor: &Actor, new: &NewHost) -> Result<AuthorityDetails, Error> {
        let authority = self.authorize::<operation::AddHost>(actor)?;
        authority.add_host(&Host::parse(&new.host)?)?;
        Ok(AuthorityDetails::from(&authority))
    }

    fn list_keys(&self, actor: &Actor, query: &KeyQuery) -> Result<Page<Key>, Error> {
        let authority = self.authorize::<operation::ListKeys>(actor)?;
        let filter = query.filter()?;
        let Some(group) = scope::filter(actor, filter.group) else { return Ok(Page::empty()) };
        Ok(authority.list_keys(&filter.group(group), &query.page())?.into())
    }

    fn create_key(&self, actor: &Actor, new: &NewKey) -> Result<Key, Error> {
        let authority = self.authorize::<operation::CreateKey>(actor)?;
        let read = new.read()?;
        scope::group(actor, &new.group)?;
        scope::certificate(&authority, actor, &new.certificate)?;
        Ok(authority.create_key(&read)?.into())
    }

    fn key(&self, actor: &Actor, id: &str) -> Result<Key, Error> {
        let authority = self.authorize::<operation::ShowKey>(actor)?;
        Ok(authority.key(scope::key(&authority, actor, id)?)?.into())
    }

    fn edit_key(
        &self,
        actor: &Actor,
        id: &str,
        version: Option<u64>,
        edit: &KeyPatch,
    ) -> Result<Key, Error> {
        let authority = self.authorize::<operation::EditKey>(actor)?;
        let id = scope::key(&authority, actor, id)?;
        let update = edit.read()?.version(version);
        if let Some(certificate) = &edit.certificate {
            scope::certificate(&authority, actor, certificate)?;
        }
        Ok(authority.update_key(id, &update)?.into())
    }

    fn delete_key(&self, actor: &Actor, id: &str) -> Result<(), Error> {
        let authority = self.authorize::<operation::DeleteKey>(actor)?;
        Ok(authority.delete_key(scope::key(&authority, actor, id)?)?)
    }

    fn copy_key(&self, actor: &Actor, id: &str) -> Result<KeyText, Error> {
        let authority = self.authorize::<operation::CopyKey>(actor)?;
        let text = authority.copy_key(scope::key(&authority, actor, id)?)?;
        Ok(KeyText { text: text.expose().to_owned().into() })
    }

    fn download_key(&self, actor: &Actor, id: &str) -> Result<KeyFile, Error> {
        let authority = self.authorize::<operation::DownloadKey>(actor)?;
        let file = authority.download_key(scope::key(&authority, actor, id)?)?;
        let text = file.contents.expose().to_owned().into();
        Ok(KeyFile { file_name: file.file_name, text })
    }

    fn compromise_key(
        &self,
        actor: &Actor,
        id: &str,
        compromise: &Compromise,
    ) -> Result<Compromised, Error> {
        let authority = self.authorize::<operation::CompromiseKey>(actor)?;
        let id = scope::key(&authority, actor, id)?;
        Ok(authority.compromise_key(id, &compromise.into())?.into())
    }

    fn key_utilization(
        &self,
        actor: &Actor,
        id: &str,
        query: &UtilizationQuery,
    ) -> Result<Utilization, Error> {
        let authority = self.authorize::<operation::ShowUtilization>(actor)?;
        utilization::count(&authority, scope::key(&authority, actor, id)?, query)
    }

    fn list_groups(&self, actor: &Actor, query: &PageQuery) -> Result<Page<Group>, Error> {
        let authority = self.authorize::<operation::ListGroups>(actor)?;
        match actor.group() {
            Some(own) => scope::groups(&authority, own, &query.page()).map(Into::into),
            None => Ok(authority.list_groups(&query.page())?.into()),
        }
    }

    fn create_group(&self, actor: &Actor, new: &NewGroup) -> Result<Group, Error> {
        let authority = self.authorize::<operation::CreateGroup>(actor)?;
        Ok(authority.create_group(&Name::parse(&new.name)?)?.into())
    }

    fn group(&self, actor: &Actor, id: &str) -> Result<Group, Error> {
        let authority = self.authorize::<operation::ShowGroup>(actor)?;
        Ok(authority.group(scope::group(actor, id)?)?.into())
    }

    fn delete_group(&self, actor: &Actor, id: &str) -> Result<(), Error> {
        let authority = self.authorize::<operation::DeleteGroup>(actor)?;
        Ok(authority.delete_group(ids::group(id)?)?)
    }

    fn list_certificates(
        &self,
        actor: &Actor,
        query: &PageQuery,
    ) -> Result<Page<Certificate>, Error> {
        let authority = self.authorize::<operation::ListCertificates>(actor)?;
        let page = match actor.group() {
            Some(group) => scope::certificates(&authority, group, &query.page())?,
            None => authority.list_certificates(&query.page())?,
        };
        Ok(page.into())
    }

    fn create_certificate(
        &self,
        actor: &Actor,
        new: &NewCertificate,
    ) -> Result<Certificate, Error> {
        let authority = self.authorize::<operation::CreateCertificate>(actor)?;
        Ok(authority.create_certificate(&new.read()?)?.into())
    }

    fn import_certificate(
        &self,
        actor: &Actor,
        import: &CertificateImport,
    ) -> Result<Certificate, Error> {
        let authority = self.authorize::<operation::ImportCertificate>(actor)?;
        Ok(authority.import_certificate(&import.read()?)?.into())
    }

    fn certificate(&self, actor: &Actor, id: &str) -> Result<Certificate, Error> {
        let authority = self.authorize::<operation::ShowCertificate>(actor)?;
        let id = scope::certificate(&authority, actor, id)?;
        Ok(authority.certificate(id)?.into())
    }

    fn delete_certificate(&self, actor: &Actor, id: &str) -> Result<(), Error> {
        let authority = self.authorize::<operation::DeleteCertificate>(actor)?;
        Ok(authority.delete_certificate(ids::certificate(id)?)?)
    }

    fn retire_certificate(&self, actor: &Actor, id: &str) -> Result<Certificate, Error> {
        let authority = self.authorize::<operation::RetireCertificate>(actor)?;
        Ok(authority.retire_certificate(ids::certificate(id)?)?.into())
    }

    fn crl(&self, actor: &Actor, id: &str) -> Result<Vec<u8>, Error> {
        let authority = self.authorize::<operation::ShowCrl>(actor)?;
        let id = scope::certificate(&authority, actor, id)?;
        Ok(authority.crl(id)?.der.to_vec())
    }

    fn list_certificate_requests(
        &self,
        actor: &Actor,
        query: &PageQuery,
    ) -> Result<Page<CertificateRequest>, Error> {
        let authority = self.authorize::<operation::ListCertificateRequests>(actor)?;
        Ok(authority.list_certificate_requests(&query.page())?.into())
    }

    fn create_certificate_request(
        &self,
        actor: &Actor,
        new: &NewCertificate,
    ) -> Result<CertificateRequest, Error> {
        let authority = self.authorize::<operation::CreateCertificateRequest>(actor)?;
        Ok(authority.request_certificate(&new.read()?)?.into())
    }

    fn certificate_request(&self, actor: &Actor, id: &str) -> Result<CertificateRequest, Error> {
        let authority = self.authorize::<operation::ShowCertificateRequest>(actor)?;
        Ok(authority.certificate_request(ids::certificate_request(id)?)?.into())
    }

    fn answer_certificate_request(
        &self,
        actor: &Actor,
        id: &str,
        answer: &Answer,
    ) -> Result<Certificate, Error> {
        let authority = self.authorize::<operation::AnswerCertificateRequest>(actor)?;
        let id = ids::certificate_request(id)?;
        let certificates = read_certificates(&answer.certificates)?;
        Ok(authority.import_answer(id, &certificates)?.into())
    }

    fn delete_certificate_request(&self, actor: &Actor, id: &str) -> Result<(), Error> {
        let authority = self.authorize::<operation::DeleteCertificateRequest>(actor)?;
        Ok(authority.delete_certificate_request(ids::certificate_request(id)?)?)
    }

    fn list_connectors(
        &self,
        actor: &Actor,
        query: &ConnectorQuery,
    ) -> Result<Page<Connector>, Error> {
        let authority = self.authorize::<operation::ListConnectors>(actor)?;
        let filter = query.filter()?;
        let Some(group) = scope::filter(actor, filter.group) else { return Ok(Page::empty()) };
        // `next` would name connectors of the key, even though the page is empty.
        if let Some(key) = filter.key
            && !scope::sees_key(&authority, actor, key)?
        {
            return Ok(Page::empty());
        }
        Ok(authority.list_connectors(&filter.group(group), &query.page())?.into())
    }

    fn connector(&self, actor: &Actor, id: &str) -> Result<Connector, Error> {
        let authority = self.authorize::<operation::ShowConnector>(actor)?;
        Ok(scope::connector(&authority, actor, ids::connector(id)?)?.into())
    }

    fn revoke_connector(
        &self,
        actor: &Actor,
        id: &str,
        revocation: &Revocation,
    ) -> Result<Connector, Error> {
        let authority = self.authorize::<operation::RevokeConnector>(actor)?;
        let (id, reason) = (ids::connector(id)?, revocation.read()?);
        scope::connector(&authority, actor, id)?;
        authority.revoke_connector(id, reason)?;
        Ok(authority.connector(id)?.into())
    }

    fn list_audit(&self, actor: &Actor, query: &AuditQuery) -> Result<Page<AuditEntry>, Error> {
        let authority = self.authorize::<operation::ListAudit>(actor)?;
        let filter = query.filter()?;
        if let Some(scope) = actor.scope {
            match (&query.key, filter.connector) {
                (Some(key), _) => drop(scope::key(&authority, actor, key)?),
                (None, Some(id)) => drop(scope::connector(&authority, actor, id)?),
                (None, None) => return Err(Error::ScopeInsufficient(scope)),
            }
        }
        let mut page = authority.list_audit(&filter, &query.page())?;
        scope::retain_seen(&authority, actor, &mut page.items)?;
        Ok(page.into())
    }

    fn list_tokens(&self, actor: &Actor, query: &PageQuery) -> Result<Page<AdminToken>, Error> {
        let authority = self.authorize::<operation::ListTokens>(actor)?;
        Ok(authority.list_tokens(&query.page())?.into())
    }

    fn create_token(&self, actor: &Actor, new: &NewAdminToken) -> Result<CreatedToken, Error> {
        let authority = self.authorize::<operation::CreateToken>(actor)?;
        let (token, text) = authority.create_token(&new.read(&authority)?)?;
        Ok(CreatedToken { token: token.into(), text: text.expose().to_owned().into() })
    }

    fn revoke_token(&self, actor: &Actor, id: &str) -> Result<AdminToken, Error> {
        let authority = self.authorize::<operation::RevokeToken>(actor)?;
        Ok(authority.revoke_token(ids::admin_token(id)?)?.into())
    }
}
