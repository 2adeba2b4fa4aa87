//! Administration: a JSON API below `/api/v1`.
//!
//! Every handler names the role that it wants ([`Viewer`](acting::Viewer),
//! [`Operator`](acting::Operator), [`Admin`](acting::Admin)): only that hands it the authority,
//! which acts in the name of whoever asks.

mod acting;
mod audit;
mod authority;
mod certificate_requests;
mod certificates;
mod connectors;
mod credentials;
mod cross_site;
mod etag;
mod groups;
mod input;
mod keys;
mod moment;
mod openapi;
mod page;
mod refusals;
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

use etag::Fixed;

use crate::app::App;

/// The API, and the description of it that it serves.
pub(crate) fn router() -> Router<App> {
    let (routes, description) = described();
    // Anybody may ask for it, and it is large: it is written and hashed once.
    let description = Fixed::new(description.to_json().expect("it has text for keys"));
    let description = move |headers: HeaderMap| async move { description.answer(&headers) };
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

/// Nothing of the API is kept by anybody on the way, and a browser takes it for nothing else.
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
