//! A router over a small authority in memory, and requests to it.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::time::SystemTime;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use provkey::authority::{
    AdminRole, Authority, EnrollRequest, Environment, NewAdminToken, NewAuthority, NewCertificate,
    NewKey,
};
use provkey::key::{Host, KeyId, Keyring, MasterKey};
use provkey::store::Memory;
use provkey::time::Timestamp;
use provkey::x509::{KeyAlgorithm, SoftwareSigner, build_csr};
use provkey_server::{Config, Connection, router};
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::common::{connection, name};

/// A response.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// The status and the code of a problem.
    pub(crate) fn problem(&self) -> (u16, String) {
        assert_eq!(self.headers["content-type"], "application/problem+json");
        (self.status.as_u16(), self.json()["code"].as_str().unwrap().to_owned())
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }
}

pub(crate) struct Api {
    pub(crate) authority: Authority,
    router: Router,
    token: String,
}

/// A clock that strictly increases, so that times tell the order of events.
fn ticking() -> impl Fn() -> Timestamp {
    let latest = AtomicU64::new(0);
    move || {
        let now = Timestamp::from(SystemTime::now()).unix_ms();
        let before = latest.fetch_update(Relaxed, Relaxed, |latest| Some(now.max(latest + 1)));
        Timestamp::from_unix_ms(now.max(before.unwrap() + 1))
    }
}

impl Api {
    pub(crate) fn new() -> Self {
        Self::with(Config::default())
    }

    pub(crate) fn with(config: Config) -> Self {
        let clock = Arc::new(ticking());
        let environment = Environment::system(Arc::new(Memory::new())).clock(clock);
        let keyring = Keyring::new(MasterKey::from_bytes([7; 32]));
        let new = NewAuthority::new(Host::parse("api.example.com").unwrap());
        let authority = Authority::create(environment, keyring, &new).unwrap();
        let router = router(authority.clone(), config);
        let mut api = Self { authority, router, token: String::new() };
        api.token = api.token(AdminRole::Admin);
        api
    }

    /// Creates a token, and returns its text.
    pub(crate) fn token(&self, role: AdminRole) -> String {
        let new = NewAdminToken::new(name(role.as_str()), role);
        self.authority.create_token(&new).unwrap().1.expose().to_owned()
    }

    /// Sends a request unchanged.
    pub(crate) async fn send(&self, mut request: Request<Body>) -> Answer {
        if request.extensions().get::<Connection>().is_none() {
            request.extensions_mut().insert(connection(None));
        }
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, usize::MAX).await.unwrap();
        Answer { status: parts.status, headers: parts.headers, body }
    }

    /// Sends a request with headers, and perhaps a JSON body.
    pub(crate) async fn ask(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<Value>,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = match body {
            Some(body) => {
                request = request.header("content-type", "application/json");
                Body::from(body.to_string())
            }
            None => Body::empty(),
        };
        self.send(request.body(body).unwrap()).await
    }

    /// Sends a request as the administrator.
    pub(crate) async fn by_admin(&self, method: &str, path: &str, body: Option<Value>) -> Answer {
        self.by(&self.token, method, path, body).await
    }

    pub(crate) async fn by(
        &self,
        token: &str,
        method: &str,
        path: &str,
        body: Option<Value>,
    ) -> Answer {
        let bearer = format!("Bearer {token}");
        self.ask(method, path, &[("authorization", &bearer)], body).await
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        let answer = self.by_admin("GET", path, None).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}: {:?}", answer.body);
        answer.json()
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Value {
        let answer = self.by_admin("POST", path, Some(body)).await;
        assert!(answer.status.is_success(), "{path}: {:?}", answer.body);
        answer.json()
    }

    /// Creates a key with its own group and certificate.
    pub(crate) fn key(&self, key_name: &str, max_uses: u64) -> KeyId {
        let group = self.authority.create_group(&name(key_name)).unwrap();
        let new = NewCertificate::new(name(key_name));
        let certificate = self.authority.create_certificate(&new).unwrap();
        let new = NewKey::new(name(key_name), group.id, certificate.id, max_uses);
        self.authority.create_key(&new).unwrap().id
    }

    /// Enrolls a connector with a key, and returns its id.
    pub(crate) fn enroll(&self, key: KeyId) -> String {
        let signer = SoftwareSigner::generate(KeyAlgorithm::Ed25519).unwrap().0;
        let request = EnrollRequest::new(build_csr(&signer, &[]).unwrap())
            .key_text(self.authority.copy_key(key).unwrap());
        self.authority.enroll(&request).unwrap().connector.to_string()
    }
}

/// The input for a key.
pub(crate) fn new_key(key_name: &str, group: &Value, certificate: &Value) -> Value {
    json!({ "name": key_name, "group": group["id"], "certificate": certificate["id"], "max_uses": 5 })
}
