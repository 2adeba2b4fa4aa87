//! The web console: files that are built from `console/` and embedded here.
//!
//! It calls only the API. The page contains no inline script or style, and its content security
//! policy forbids the browser to load any from elsewhere.

use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use sha2::{Digest, Sha256};

use crate::app::App;

const SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

/// A file of the console.
#[derive(Clone, Copy)]
struct File {
    path: &'static str,
    kind: &'static str,
    contents: &'static [u8],
}

const FILES: [File; 4] = [
    File {
        path: "/console/",
        kind: "text/html; charset=utf-8",
        contents: include_bytes!("../console/dist/index.html"),
    },
    File {
        path: "/console/app.js",
        kind: "text/javascript; charset=utf-8",
        contents: include_bytes!("../console/dist/app.js"),
    },
    File {
        path: "/console/style.css",
        kind: "text/css; charset=utf-8",
        contents: include_bytes!("../console/dist/style.css"),
    },
    File {
        path: "/console/icon.svg",
        kind: "image/svg+xml",
        contents: include_bytes!("../console/dist/icon.svg"),
    },
];

/// Serves the files of the console.
pub(crate) fn router() -> Router<App> {
    // The page refers to everything by relative paths, so it works under any path.
    let router = Router::new().route("/console", get(|| async { Redirect::temporary("console/") }));
    FILES.into_iter().fold(router, |router, file| {
        let etag = etag(file.contents);
        router.route(
            file.path,
            get(move |request: Request| async move { file.answer(&request, etag) }),
        )
    })
}

impl File {
    fn answer(self, request: &Request, etag: HeaderValue) -> Response {
        let unchanged = request.headers().get(header::IF_NONE_MATCH) == Some(&etag);
        let mut response = match unchanged {
            true => StatusCode::NOT_MODIFIED.into_response(),
            false => ([(header::CONTENT_TYPE, self.kind)], self.contents).into_response(),
        };
        let headers = response.headers_mut();
        headers.insert(header::ETAG, etag);
        for (name, value) in [
            ("cache-control", "no-cache"),
            ("content-security-policy", SECURITY_POLICY),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
            ("permissions-policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
            ("referrer-policy", "no-referrer"),
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
        response
    }
}

/// A hash of the contents: a browser revalidates, and loads what a new version has changed.
fn etag(contents: &[u8]) -> HeaderValue {
    let hash = Sha256::digest(contents);
    let hash: String = hash[..12].iter().map(|byte| format!("{byte:02x}")).collect();
    HeaderValue::try_from(format!("\"{hash}\"")).expect("hexadecimal digits")
}
