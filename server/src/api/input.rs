//! The path, query and body of a request, all parsed strictly.

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use serde::de::DeserializeOwned;

use crate::app::App;
use crate::body;
use crate::problem::Problem;

/// A JSON body without unknown members.
pub(super) struct Body<T>(pub(super) T);

/// The query of a URL without unknown parameters.
pub(super) struct Parameters<T>(pub(super) T);

/// The id in a path. The administration reads it.
pub(super) struct Id(pub(super) String);

impl<T: DeserializeOwned> FromRequest<App> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        check_media_type(request.headers())?;
        let bytes = Bytes::from_request(request, app).await.map_err(|_| body::too_large())?;
        let mut json = serde_json::Deserializer::from_slice(&bytes);
        let value = serde_path_to_error::deserialize(&mut json).map_err(malformed)?;
        json.end().map_err(|_| Problem::malformed("something follows the JSON value".into()))?;
        Ok(Self(value))
    }
}

fn check_media_type(headers: &HeaderMap) -> Result<(), Problem> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let kind = kind.and_then(|kind| kind.split(';').next()).unwrap_or_default().trim();
    if kind.eq_ignore_ascii_case("application/json") {
        return Ok(());
    }
    let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
    Err(Problem::new("unsupported_media_type", status, "the body must be application/json"))
}

/// Reports the position, never the content: it may be a secret.
fn malformed(error: serde_path_to_error::Error<serde_json::Error>) -> Problem {
    let (path, error) = (error.path().to_string(), error.into_inner());
    let (line, column) = (error.line(), error.column());
    let text = error.to_string();
    let harmless = ["unknown field", "missing field", "duplicate field"];
    let what = if harmless.iter().any(|prefix| text.starts_with(prefix)) {
        text
    } else if error.is_data() && path != "." {
        format!("`{path}` is invalid at line {line} column {column}")
    } else {
        format!("the body is not the expected JSON at line {line} column {column}")
    };
    Problem::malformed(what)
}

impl<T: DeserializeOwned> FromRequestParts<App> for Parameters<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Problem> {
        match Query::try_from_uri(&parts.uri) {
            Ok(Query(value)) => Ok(Self(value)),
            Err(_) => Err(Problem::malformed(
                "a parameter of the query is unknown, repeated or invalid".into(),
            )),
        }
    }
}

impl FromRequestParts<App> for Id {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let Path(id) = Path::from_request_parts(parts, app)
            .await
            .map_err(|_| Problem::malformed("the path is not UTF-8".into()))?;
        Ok(Self(id))
    }
}

impl Problem {
    /// A malformed request.
    pub(super) fn malformed(detail: String) -> Self {
        Self::new("request_malformed", StatusCode::BAD_REQUEST, detail)
    }
}
