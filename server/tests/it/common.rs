//! An authority behind a router, and requests to it.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response, StatusCode, request};
use http_body_util::BodyExt as _;
use provkey::authority::{
    Authority, Environment, KeyDetails, Name, NewAuthority, NewCertificate, NewKey,
};
use provkey::connector::Identity;
use provkey::key::{Host, Keyring, MasterKey, ProvisioningKey};
use provkey::store::{Memory, Store};
use provkey::x509::KeyAlgorithm;
use provkey_server::{Config, Connection, router};
use serde_json::Value;
use tower::ServiceExt as _;

pub(crate) const HOST: &str = "api.private.example.com";

/// An authority with one key, and the router over it.
pub(crate) struct World {
    pub(crate) authority: Authority,
    pub(crate) key: KeyDetails,
    pub(crate) router: Router,
}

/// A TLS connection from 192.0.2.1.
pub(crate) fn connection(client_certificate: Option<Vec<u8>>) -> Connection {
    let peer = SocketAddr::from(([192, 0, 2, 1], 4711));
    let client_certificate = client_certificate.map(Into::into);
    Connection { peer, client_certificate, encrypted: true }
}

impl World {
    pub(crate) fn new(max_uses: u64) -> Self {
        Self::over(Arc::new(Memory::new()), max_uses, Config::default())
    }

    pub(crate) fn over(store: Arc<dyn Store>, max_uses: u64, config: Config) -> Self {
        let environment = Environment::system(store);
        let keyring = Keyring::new(MasterKey::from_bytes([1; 32]));
        let new = NewAuthority::new(Host::parse(HOST).unwrap());
        let authority = Authority::create(environment, keyring, &new).unwrap();
        let group = authority.create_group(&name("gateways")).unwrap().id;
        let signing = authority.create_certificate(&NewCertificate::new(name("signing"))).unwrap();
        let new = NewKey::new(name("first floor"), group, signing.id, max_uses);
        let key = authority.create_key(&new).unwrap();
        let router = router(authority.clone(), config);
        Self { authority, key, router }
    }

    /// The key, parsed from its text.
    pub(crate) fn provisioning_key(&self) -> ProvisioningKey {
        let text = self.authority.copy_key(self.key.id).unwrap();
        ProvisioningKey::read(text.expose().as_bytes()).unwrap()
    }

    pub(crate) fn used(&self) -> u64 {
        self.authority.key(self.key.id).unwrap().used
    }

    pub(crate) async fn ask(&self, mut request: Request<Body>) -> Response<Body> {
        if request.extensions().get::<Connection>().is_none() {
            request.extensions_mut().insert(connection(None));
        }
        self.router.clone().oneshot(request).await.unwrap()
    }
}

pub(crate) fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

/// A POST to this operation of EST.
pub(crate) fn post_est(operation: &str) -> request::Builder {
    Request::post(format!("/.well-known/est/{operation}"))
        .header("content-type", "application/pkcs10")
}

pub(crate) fn post_enroll(body: impl Into<Body>) -> Request<Body> {
    post_est("simpleenroll").body(body.into()).unwrap()
}

pub(crate) fn get(path: &str) -> Request<Body> {
    Request::get(path).body(Body::empty()).unwrap()
}

/// A CSR of a new connector with a proof of the key.
pub(crate) fn csr(key: &ProvisioningKey) -> Vec<u8> {
    identity().request(key, None).unwrap().der().to_vec()
}

pub(crate) fn identity() -> Identity {
    Identity::generate(KeyAlgorithm::EcdsaP256).unwrap()
}

pub(crate) async fn body(response: Response<Body>) -> Vec<u8> {
    response.into_body().collect().await.unwrap().to_bytes().to_vec()
}

/// Checks a problem document with this status, and returns its code.
pub(crate) async fn problem(response: Response<Body>, status: u16) -> String {
    assert_eq!(response.status(), StatusCode::from_u16(status).unwrap());
    assert_eq!(response.headers()["content-type"], "application/problem+json");
    let retry_after = response.headers().contains_key("retry-after");
    let challenges = response.headers().get_all("www-authenticate").iter().count();
    assert_eq!(challenges > 0, status == 401);
    let document: Value = serde_json::from_slice(&body(response).await).unwrap();
    let code = document["code"].as_str().unwrap();
    assert_eq!(document["type"], format!("urn:provkey:error:{code}"));
    assert_eq!(document["status"], status);
    assert_eq!(document["retryable"], retry_after);
    assert!(document["title"].is_string() && document["detail"].is_string());
    assert!(document["time"].as_str().unwrap().ends_with('Z'));
    code.to_owned()
}
