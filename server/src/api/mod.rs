//! Administration: a JSON API below `/api/v1`.
//!
//! Routes over [`provkey_admin::Local`]. Every handler names its operation by the type
//! [`Authorized`](authorized::Authorized), which alone calls the administration, in the caller's
//! name.

mod audit;
mod authority;
mod authorized;
mod certificate_requests;
mod certificates;
mod connectors;
mod credentials;
mod cross_site;
mod error_responses;
mod etag;
mod groups;
mod input;
mod keys;
mod openapi;
mod session;
mod tokens;
mod utilization;

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use axum::routing::get;
use axum::{Router, middleware};
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use etag::StaticJson;

use crate::app::App;

/// The API, and its OpenAPI description.
pub(crate) fn router() -> Router<App> {
    let (routes, description) = described();
    // It is large and needs no credentials, so it is serialized and hashed once.
    let description = StaticJson::new(description.to_json().expect("its keys are strings"));
    let description = move |headers: HeaderMap| async move { description.respond(&headers) };
    routes
        .layer(middleware::from_fn(etag::layer))
        .route("/api/v1/openapi.json", get(description))
        .layer(middleware::map_response(headers))
}

fn described() -> (Router<App>, OpenApi) {
    let routes = OpenApiRouter::new()
        .routes(routes!(session::show, session::sign_in, session::sign_out))
        .routes(routes!(authority::show))
        .routes(routes!(authority::add_host))
        .routes(routes!(keys::list, keys::create))
        .routes(routes!(keys::show, keys::edit, keys::delete))
        .routes(routes!(keys::copy))
        .routes(routes!(keys::download))
        .routes(routes!(keys::compromise))
        .routes(routes!(utilization::show))
        .routes(routes!(groups::list, groups::create))
        .routes(routes!(groups::show, groups::delete))
        .routes(routes!(certificates::list, certificates::create))
        .routes(routes!(certificates::import))
        .routes(routes!(certificates::show, certificates::delete))
        .routes(routes!(certificates::retire))
        .routes(routes!(certificates::crl))
        .routes(routes!(certificate_requests::list, certificate_requests::create))
        .routes(routes!(certificate_requests::show, certificate_requests::delete))
        .routes(routes!(certificate_requests::answer))
        .routes(routes!(connectors::list))
        .routes(routes!(connectors::show))
        .routes(routes!(connectors::revoke))
        .routes(routes!(audit::list))
        .routes(routes!(tokens::list, tokens::create))
        .routes(routes!(tokens::revoke));
    let (routes, description) =
        OpenApiRouter::with_openapi(openapi::frame()).nest("/api/v1", routes).split_for_parts();
    (routes, description)
}

/// Shared caches store nothing of the API, and browsers do not guess its media types.
async fn headers(mut response: Response) -> Response {
    let unauthorized = response.status() == StatusCode::UNAUTHORIZED;
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if unauthorized {
        // RFC 9110, 11.6.1.
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    response
}
