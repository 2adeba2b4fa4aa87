//! The authority itself.

use axum::Json;
use axum::http::StatusCode;
use provkey::authority::Authority;
use provkey::key::Host;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::authorized::{Admin, Viewer};
use super::certificates::hex;
use super::error_responses::{CommonErrors, WriteErrors};
use super::input::Body;
use super::moment::Moment;
use crate::problem::Problem;

/// The authority.
#[derive(Serialize, ToSchema)]
pub(super) struct AuthorityView {
    /// Its id.
    id: String,
    /// Its hosts. New keys are for the first unless they name another.
    hosts: Vec<String>,
    /// Its SPIFFE trust domain.
    trust_domain: String,
    /// The certificate of its root.
    root: RootView,
}

/// The certificate of the root.
#[derive(Serialize, ToSchema)]
pub(super) struct RootView {
    /// Its common name.
    subject: Option<String>,
    /// The start of its validity.
    not_before: Moment,
    /// The end of its validity.
    not_after: Moment,
    /// Its SHA-256, in hexadecimal.
    sha256: String,
    /// The certificate in PEM.
    pem: String,
}

impl From<&Authority> for AuthorityView {
    fn from(authority: &Authority) -> Self {
        let root = authority.root();
        Self {
            id: authority.id().to_string(),
            hosts: authority.hosts().iter().map(Host::to_string).collect(),
            trust_domain: authority.trust_domain(),
            root: RootView {
                subject: root.common_name().map(Into::into),
                not_before: root.not_before().into(),
                not_after: root.not_after().into(),
                sha256: hex(&root.sha256()),
                pem: root.to_pem(),
            },
        }
    }
}

/// A host to add.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewHost {
    /// The host, perhaps with a port.
    #[schema(example = "api.example.com")]
    host: String,
}

/// Shows the authority.
#[utoipa::path(get, path = "/authority", tag = "authority", operation_id = "showAuthority",
    responses((status = 200, body = AuthorityView), CommonErrors))]
pub(super) async fn show(viewer: Viewer) -> Result<Json<AuthorityView>, Problem> {
    viewer.call(|authority| Ok(AuthorityView::from(authority))).await.map(Json)
}

/// Adds a host. Other processes see it when they open the authority again.
#[utoipa::path(post, path = "/authority/hosts", tag = "authority", operation_id = "addHost",
    request_body = NewHost, responses((status = 201, body = AuthorityView), WriteErrors))]
pub(super) async fn add_host(
    admin: Admin,
    Body(input): Body<NewHost>,
) -> Result<(StatusCode, Json<AuthorityView>), Problem> {
    let host = Host::parse(&input.host)?;
    let add = move |authority: &Authority| {
        authority.add_host(&host)?;
        Ok(AuthorityView::from(authority))
    };
    Ok((StatusCode::CREATED, Json(admin.call(add).await?)))
}
