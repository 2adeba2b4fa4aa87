//! Connectors.

use axum::Json;
use provkey::authority::{self, ConnectorFilter, ConnectorId};
use provkey::x509::{self, RevocationReason};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::authorized::{Operator, Viewer};
use super::error_responses::{CommonErrors, ReadErrors, WriteErrors};
use super::input::{Body, Id, Parameters, parse_id};
use super::moment::Moment;
use super::page::{self, PageView};
use crate::problem::Problem;

/// A connector that has enrolled.
#[derive(Serialize, ToSchema)]
pub(super) struct Connector {
    /// Its id, the common name of its certificate.
    id: String,
    /// The provisioning key that it enrolled with. It may have been deleted since.
    key: String,
    /// The group that it belongs to.
    group: String,
    /// The enrollment certificate that signed its certificate.
    certificate: String,
    /// When it enrolled.
    enrolled_at: Moment,
    /// The address that it enrolled from, if known.
    address: Option<String>,
    /// The fingerprint that it reported, in hexadecimal.
    fingerprint: Option<String>,
    /// The serial number of its certificate, in hexadecimal.
    serial: String,
    /// The start of its certificate's validity.
    not_before: Moment,
    /// The end of its certificate's validity.
    not_after: Moment,
    /// The number of renewals.
    renewals: u64,
    /// When it last renewed.
    renewed_at: Option<Moment>,
    /// When it was revoked.
    revoked_at: Option<Moment>,
    /// Why it was revoked: a reason of RFC 5280, 5.3.1.
    revocation_reason: Option<&'static str>,
    /// About how often its enrollment was replayed.
    replays: u64,
    /// When its enrollment was last replayed.
    last_replay_at: Option<Moment>,
    /// Its certificate in PEM.
    pem: String,
}

impl From<authority::Connector> for Connector {
    fn from(found: authority::Connector) -> Self {
        let leaf = x509::Certificate::parse(&found.leaf);
        Self {
            id: found.id.to_string(),
            key: found.key.to_string(),
            group: found.group.to_string(),
            certificate: found.certificate.to_string(),
            enrolled_at: found.enrolled_at.into(),
            address: found.address.map(|address| address.to_string()),
            fingerprint: found.fingerprint.map(|fingerprint| fingerprint.to_string()),
            serial: found.serial,
            not_before: found.not_before.into(),
            not_after: found.not_after.into(),
            renewals: found.renewals,
            renewed_at: found.renewed_at.map(Moment),
            revoked_at: found.revoked_at.map(Moment),
            revocation_reason: found.revocation_reason.map(RevocationReason::as_str),
            replays: found.replays,
            last_replay_at: found.last_replay_at.map(Moment),
            pem: leaf.map(|leaf| leaf.to_pem()).unwrap_or_default(),
        }
    }
}

/// A filter and a page of connectors.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ConnectorQuery {
    /// Only those that enrolled with this key, by id.
    key: Option<String>,
    /// Only those of this group, by id.
    group: Option<String>,
    /// Only those whose certificate this enrollment certificate signed, by id.
    certificate: Option<String>,
    /// Only those that enrolled at this time or later.
    since: Option<Moment>,
    /// Whether the latest come first, when listed by key or by group.
    descending: Option<bool>,
    /// The maximum number of entries, 1 to 1000; default 50.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u16>,
    /// The cursor: `next` of the previous page.
    after: Option<String>,
}

impl ConnectorQuery {
    fn filter(&self) -> Result<ConnectorFilter, Problem> {
        Ok(ConnectorFilter::default()
            .key(self.key.as_deref().map(parse_id).transpose()?)
            .group(self.group.as_deref().map(parse_id).transpose()?)
            .certificate(self.certificate.as_deref().map(parse_id).transpose()?)
            .since(self.since.map(|since| since.0))
            .descending(self.descending.unwrap_or(false)))
    }
}

/// The reason of a revocation.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Revocation {
    /// A reason of RFC 5280, 5.3.1; default: `unspecified`.
    #[schema(example = "keyCompromise")]
    reason: Option<String>,
}

/// Lists connectors: of a key or a group in the order of enrollment, of a certificate by serial
/// number, otherwise by id.
#[utoipa::path(get, path = "/connectors", tag = "connectors", operation_id = "listConnectors",
    params(ConnectorQuery), responses((status = 200, body = PageView<Connector>), ReadErrors))]
pub(super) async fn list(
    viewer: Viewer,
    Parameters(query): Parameters<ConnectorQuery>,
) -> Result<Json<PageView<Connector>>, Problem> {
    let (filter, page) = (query.filter()?, page::request(query.limit, query.after.as_ref()));
    let page = viewer.call(move |authority| authority.list_connectors(&filter, &page)).await?;
    Ok(Json(PageView::of(page, Connector::from)))
}

/// Shows a connector.
#[utoipa::path(get, path = "/connectors/{id}", tag = "connectors",
    operation_id = "showConnector", params(("id" = String, Path, description = "The id.")),
    responses((status = 200, body = Connector), ReadErrors))]
pub(super) async fn show(
    viewer: Viewer,
    Id(id): Id<ConnectorId>,
) -> Result<Json<Connector>, Problem> {
    Ok(Json(viewer.call(move |authority| authority.connector(id)).await?.into()))
}

/// Revokes a connector permanently: its public key can never enroll again.
#[utoipa::path(post, path = "/connectors/{id}/revoke", tag = "connectors",
    operation_id = "revokeConnector", params(("id" = String, Path, description = "The id.")),
    request_body = Revocation, responses((status = 200, body = Connector), WriteErrors, CommonErrors))]
pub(super) async fn revoke(
    operator: Operator,
    Id(id): Id<ConnectorId>,
    Body(input): Body<Revocation>,
) -> Result<Json<Connector>, Problem> {
    let reason = match input.reason.as_deref() {
        None => RevocationReason::Unspecified,
        Some(name) => RevocationReason::parse(name).map_err(|_| {
            Problem::malformed("`reason` is not a revocation reason of RFC 5280".into())
        })?,
    };
    let revoke = move |authority: &authority::Authority| {
        authority.revoke_connector(id, reason)?;
        authority.connector(id)
    };
    Ok(Json(operator.call(revoke).await?.into()))
}
