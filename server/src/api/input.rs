//! What a request says: its path, its query and its body, each of them strict.

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};

use crate::app::App;
use crate::body;
use crate::problem::Problem;

/// Reads a member that may be null, which is not the same as left out.
pub(super) fn present<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    from: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(from).map(Some)
}

/// A JSON body without unknown members.
pub(super) struct Body<T>(pub(super) T);

/// The query of a URL without unknown parameters.
pub(super) struct Parameters<T>(pub(super) T);

/// The id in a path; what cannot be one is not found.
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

/// Says where it is wrong, never what stands there: that may be a secret.
fn malformed(error: serde_path_to_error::Error<serde_json::Error>) -> Problem {
    let (path, error) = (error.path().to_string(), error.into_inner());
    let (line, column) = (error.line(), error.column());
    let text = error.to_string();
    let known = ["unknown field", "missing field", "duplicate field"];
    let what = if known.iter().any(|known| text.starts_with(known)) {
        text
    } else if error.is_data() && path != "." {
        format!("`{path}` is not what it should be at line {line} column {column}")
    } else {
        format!("the body is not the JSON that it should be at line {line} column {column}")
    };
    Problem::malformed(what)
}

impl<T: DeserializeOwned> FromRequestParts<App> for Parameters<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Problem> {
        match Query::try_from_uri(&parts.uri) {
            Ok(Query(value)) => Ok(Self(value)),
            Err(_) => Err(Problem::malformed(
                "a parameter of the query is unknown, given twice, or not what it should be".into(),
            )),
        }
    }
}

impl FromRequestParts<App> for Id {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        match Path::<String>::from_request_parts(parts, app).await {
            Ok(Path(id)) => Ok(Self(id)),
            Err(_) => Err(Problem::malformed("the path is not UTF-8".into())),
        }
    }
}

impl Problem {
    /// A request that is not what it should be.
    pub(super) fn malformed(detail: String) -> Self {
        Self::new("request_malformed", StatusCode::BAD_REQUEST, detail)
    }
}

/// A problem of something that has a code of its own and is given by an operator.
macro_rules! given {
    ($($error:ty),*) => {
        $(impl From<$error> for Problem {
            fn from(error: $error) -> Self {
                Self::new(error.code(), StatusCode::BAD_REQUEST, error.to_string())
            }
        })*
    };
}

given!(provkey::x509::CertificateError, provkey::x509::LeafUrlError, provkey::key::HostError);

impl From<provkey::authority::InputError> for Problem {
    fn from(error: provkey::authority::InputError) -> Self {
        provkey::authority::Error::from(error).into()
    }
}
