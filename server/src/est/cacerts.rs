//! The certificates that a client needs to build chains.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::extract::State;
use axum::response::Response;
use provkey::authority::{Authority, Error, PageRequest};

use super::{answer, pkcs7};
use crate::app::App;
use crate::problem::Problem;

/// How long an answer is given again. Anybody may ask, so the store is not asked each time.
const KEPT_FOR: Duration = Duration::from_secs(5);
/// An authority has few enrollment certificates: more than these are not looked for.
const CERTIFICATES_MAX: usize = 1000;

/// The answer that was made last.
#[derive(Clone, Default)]
pub(crate) struct CaCertificates(Arc<Mutex<Option<Kept>>>);

/// An answer as PKCS #7.
struct Kept {
    made: Instant,
    der: Arc<[u8]>,
}

impl CaCertificates {
    fn fresh(&self) -> Option<Arc<[u8]>> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = kept.as_ref().filter(|kept| kept.made.elapsed() < KEPT_FOR);
        fresh.map(|kept| Arc::clone(&kept.der))
    }

    fn keep(&self, der: &Arc<[u8]>) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *kept = Some(Kept { made: Instant::now(), der: Arc::clone(der) });
    }
}

/// RFC 7030, 4.1.
pub(super) async fn cacerts(State(app): State<App>) -> Result<Response, Problem> {
    let kept = &app.ca_certificates;
    let der = match kept.fresh() {
        Some(der) => der,
        None => {
            let made: Arc<[u8]> = app.call(certificates).await?.into();
            kept.keep(&made);
            made
        }
    };
    Ok(answer::base64(pkcs7::CERTS_ONLY, &der))
}

/// The root and all enrollment certificates: what a retired one signed is still good.
fn certificates(authority: &Authority) -> Result<Vec<u8>, Error> {
    let page = PageRequest { limit: CERTIFICATES_MAX, after: None };
    let signing = authority.list_certificates(&page)?.items;
    let root = authority.root();
    let signing = signing.iter().map(|signing| &signing.certificate);
    Ok(pkcs7::certs_only(signing.chain([&root]).map(provkey::x509::Certificate::der)))
}
