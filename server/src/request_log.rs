//! The id, the log line and the metrics of each request.

use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Instant, SystemTime};

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};
use axum::middleware::Next;
use axum::response::Response;
use tracing::{Instrument as _, Span};

use crate::app::App;
use crate::client::Client;
use crate::connection::Connection;
use crate::problem::ProblemCode;
use crate::requester::Requester;

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Too short for the secret of a key.
const ID_CHARACTERS_MAX: usize = 64;

/// Gives a request an id, and logs and counts its response. If the request proved a key or a
/// certificate, the line names the key and the connector. The route is logged, never the path: a
/// path may contain anything, even a key text.
pub(crate) async fn log(State(app): State<App>, request: Request, next: Next) -> Response {
    let begun = Instant::now();
    let id = received_id(request.headers()).unwrap_or_else(new_id);
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let route = route.unwrap_or_else(|| "-".to_owned());
    let connection = request.extensions().get::<Connection>();
    let client = Client::of(&app.config, connection, request.headers());
    let span = tracing::info_span!("request", id = %id.to_str().unwrap_or_default());
    let unanswered =
        Unanswered { method: &method, route: &route, address: client.address, span: &span };
    let mut response = next.run(request).instrument(span.clone()).await;
    std::mem::forget(unanswered);

    let took = begun.elapsed();
    let status = response.status().as_u16();
    let code = response.extensions().get::<ProblemCode>().map(|code| code.0);
    let requester = response.extensions().get::<Requester>();
    let key = requester.and_then(|requester| requester.key).map(tracing::field::display);
    let connector = requester.map(|requester| tracing::field::display(requester.connector));
    let address = client.address.map(tracing::field::display);
    let _in_span = span.enter();
    tracing::info!(
        %method,
        route,
        status,
        code,
        address,
        key,
        connector,
        took_us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
        "answered"
    );
    if let Some(metrics) = &app.config.metrics {
        metrics.answered(&route, status, took);
    }
    response.headers_mut().insert(X_REQUEST_ID, id);
    response
}

/// When dropped, logs a request whose client hung up before the response.
struct Unanswered<'a> {
    method: &'a Method,
    route: &'a str,
    address: Option<IpAddr>,
    span: &'a Span,
}

impl Drop for Unanswered<'_> {
    fn drop(&mut self) {
        let Self { method, route, span, .. } = self;
        let address = self.address.map(tracing::field::display);
        span.in_scope(|| tracing::info!(%method, route, address, "hung up before it was answered"));
    }
}

/// The id that a proxy gave the request, if it is short and plain.
fn received_id(headers: &HeaderMap) -> Option<HeaderValue> {
    let id = headers.get(X_REQUEST_ID)?;
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-.".contains(byte);
    let bytes = id.as_bytes();
    let fits = (1..=ID_CHARACTERS_MAX).contains(&bytes.len()) && bytes.iter().all(plain);
    fits.then(|| id.clone())
}

/// An id that is unique on this server, and practically unique among servers.
fn new_id() -> HeaderValue {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let id = format!("{:x}-{:x}", now.as_micros(), NEXT.fetch_add(1, Ordering::Relaxed));
    HeaderValue::try_from(id).expect("hexadecimal digits")
}
