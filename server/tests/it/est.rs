//! Enrollment over Secure Transport.

use axum::body::Body;
use axum::http::{Request, Response};
use base64ct::{Base64, Encoding};
use provkey::authority::KeyUpdate;
use provkey::connector::{Identity, RenewalKey};
use provkey::key::ProvisioningKey;
use provkey::time::Timestamp;
use provkey::x509::{Certificate, KeyAlgorithm, SoftwareSigner, build_csr};

use crate::common::{World, body, connection, get, identity, post_est, problem};

const CHAIN: &str = "application/pem-certificate-chain";

fn now() -> Timestamp {
    Timestamp::from(std::time::SystemTime::now())
}

/// A CSR without a proof, as `openssl req` makes it.
fn plain_csr() -> Vec<u8> {
    let signer = SoftwareSigner::generate(KeyAlgorithm::EcdsaP256).unwrap().0;
    build_csr(&signer, &[]).unwrap()
}

/// Enrolls with a proof in the CSR.
async fn enroll(world: &World, identity: &mut Identity, key: &ProvisioningKey) -> Response<Body> {
    let csr = identity.request(key, None).unwrap();
    let csr = Base64::encode_string(csr.der());
    world.ask(post_est("simpleenroll").header("accept", CHAIN).body(csr.into()).unwrap()).await
}

/// Enrolls with the text of a key beside the CSR.
async fn enroll_with(world: &World, csr: Vec<u8>, authorization: &str) -> Response<Body> {
    let request = post_est("simpleenroll").header("authorization", authorization);
    world.ask(request.body(csr.into()).unwrap()).await
}

#[tokio::test]
async fn a_connector_enrolls_and_renews_with_proofs() {
    let world = World::new(1);
    let mut identity = identity();
    let response = enroll(&world, &mut identity, &world.provisioning_key()).await;
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], CHAIN);
    assert_eq!(response.headers()["cache-control"], "no-store");
    identity.accept(&body(response).await, now()).unwrap();
    let first = identity.certificate().unwrap().clone();

    let key = RenewalKey::New(KeyAlgorithm::EcdsaP256);
    let csr = identity.renew_request(key, None).unwrap().der().to_vec();
    let request = post_est("simplereenroll").header("accept", CHAIN).body(csr.into()).unwrap();
    let response = world.ask(request).await;
    assert_eq!(response.status(), 200);
    identity.accept(&body(response).await, now()).unwrap();
    assert_ne!(*identity.certificate().unwrap(), first);
    assert_eq!(world.used(), 1);
}

#[tokio::test]
async fn a_plain_tool_enrolls_with_the_text_and_receives_one_line() {
    let world = World::new(2);
    let text = world.authority.copy_key(world.key.id).unwrap();
    let basic = Base64::encode_string(format!("{}:{}", world.key.id, text.expose()).as_bytes());
    for authorization in [format!("Basic {basic}"), format!("Bearer {}", text.expose())] {
        let response = enroll_with(&world, plain_csr(), &authorization).await;
        assert_eq!(response.status(), 200);
        let kind = &response.headers()["content-type"];
        assert_eq!(kind, "application/pkcs7-mime; smime-type=certs-only");
        assert_eq!(response.headers()["content-transfer-encoding"], "base64");
        let answer = String::from_utf8(body(response).await).unwrap();
        assert_eq!(answer.find('\n'), Some(answer.len() - 1));
        Base64::decode_vec(answer.trim_end()).unwrap();
    }
    assert_eq!(world.used(), 2);
}

#[tokio::test]
async fn a_client_certificate_is_renewed() {
    let world = World::new(1);
    let mut identity = identity();
    let response = enroll(&world, &mut identity, &world.provisioning_key()).await;
    identity.accept(&body(response).await, now()).unwrap();
    let leaf = identity.certificate().unwrap().der().to_vec();

    let ask = |connection| {
        let mut request = post_est("simplereenroll").body(plain_csr().into()).unwrap();
        request.extensions_mut().insert(connection);
        world.ask(request)
    };
    assert_eq!(problem(ask(connection(None)).await, 401).await, "renewal_missing");
    let root = world.authority.root().der().to_vec();
    assert_eq!(problem(ask(connection(Some(root))).await, 401).await, "certificate_unknown");
    assert_eq!(ask(connection(Some(leaf.clone()))).await.status(), 200);
    assert_eq!(problem(ask(connection(Some(leaf))).await, 409).await, "certificate_renewed");
}

#[tokio::test]
async fn a_request_for_the_other_operation_is_refused() {
    let world = World::new(2);
    let (mut identity, mut other) = (identity(), identity());
    let key = world.provisioning_key();
    let response = enroll(&world, &mut identity, &key).await;
    identity.accept(&body(response).await, now()).unwrap();
    let renewal = identity.renew_request(RenewalKey::Same, None).unwrap().der().to_vec();
    let text = world.authority.copy_key(world.key.id).unwrap();
    let response = enroll_with(&world, renewal, &format!("Bearer {}", text.expose())).await;
    assert_eq!(problem(response, 400).await, "request_wrong_purpose");

    let csr = other.request(&key, None).unwrap().der().to_vec();
    let mut request = post_est("simplereenroll").body(csr.into()).unwrap();
    let leaf = identity.certificate().unwrap().der().to_vec();
    request.extensions_mut().insert(connection(Some(leaf)));
    let response = world.ask(request).await;
    assert_eq!(problem(response, 400).await, "request_wrong_purpose");
    assert_eq!(world.used(), 1);
}

#[tokio::test]
async fn a_request_that_proves_nothing_learns_nothing() {
    let world = World::new(1);
    let text = world.authority.copy_key(world.key.id).unwrap();
    let other = World::new(1);
    let others = other.authority.copy_key(other.key.id).unwrap();
    let mut forged = text.expose().to_owned();
    forged.replace_range(forged.len() - 50..forged.len() - 49, "q");
    for token in [others.expose(), &forged, "pvk1_", "", "x y"] {
        let response = enroll_with(&world, plain_csr(), &format!("Bearer {token}")).await;
        assert_eq!(problem(response, 401).await, "key_invalid");
    }
    let request = post_est("simpleenroll").body(plain_csr().into()).unwrap();
    assert_eq!(problem(world.ask(request).await, 401).await, "key_missing");
    let basic = Base64::encode_string(format!("qqqqqqqqqqqq:{}", text.expose()).as_bytes());
    let response = enroll_with(&world, plain_csr(), &format!("Basic {basic}")).await;
    assert_eq!(problem(response, 401).await, "credentials_disagree");
    assert_eq!(world.used(), 0);
}

#[tokio::test]
async fn a_request_that_proves_a_key_learns_why_it_is_refused() {
    let world = World::new(1);
    let key = world.provisioning_key();
    let set_enabled = |enabled| {
        let update = KeyUpdate::default().enabled(enabled);
        world.authority.update_key(world.key.id, &update).unwrap();
    };
    set_enabled(false);
    let response = enroll(&world, &mut identity(), &key).await;
    assert_eq!(problem(response, 403).await, "key_disabled");
    set_enabled(true);
    let mut first = identity();
    assert_eq!(enroll(&world, &mut first, &key).await.status(), 200);
    assert_eq!(problem(enroll(&world, &mut identity(), &key).await, 403).await, "key_exhausted");
    // The response may have been lost: the first connector gets it again.
    assert_eq!(enroll(&world, &mut first, &key).await.status(), 200);
    assert_eq!(world.used(), 1);
}

#[tokio::test]
async fn invalid_bodies_are_refused_before_any_work() {
    let world = World::new(1);
    let ask = |kind: &str, body: Vec<u8>| {
        let request = Request::post("/.well-known/est/simpleenroll").header("content-type", kind);
        world.ask(request.body(body.into()).unwrap())
    };
    let pkcs10 = "application/pkcs10";
    let code = problem(ask("application/x-www-form-urlencoded", plain_csr()).await, 415).await;
    assert_eq!(code, "unsupported_media_type");
    assert_eq!(problem(ask(pkcs10, vec![b'M'; 30_000]).await, 413).await, "body_too_large");
    assert_eq!(problem(ask(pkcs10, b"what?".to_vec()).await, 400).await, "body_malformed");
    assert_eq!(problem(ask(pkcs10, b"MIIB".to_vec()).await, 400).await, "csr_malformed");
    assert_eq!(problem(ask(pkcs10, vec![0x30; 17_000]).await, 413).await, "csr_too_large");
}

#[tokio::test]
async fn public_responses_need_no_credentials() {
    let world = World::new(1);
    for path in ["cacerts", "csrattrs"] {
        let response = world.ask(get(&format!("/.well-known/est/{path}"))).await;
        assert_eq!(response.status(), 200);
        let answer = String::from_utf8(body(response).await).unwrap();
        let der = Base64::decode_vec(answer.trim_end()).unwrap();
        if path == "cacerts" {
            let has = |certificate: &Certificate| {
                let needle = certificate.der();
                der.windows(needle.len()).any(|window| window == needle)
            };
            assert!(has(&world.authority.root()));
            let page = world.authority.list_certificates(&Default::default()).unwrap();
            assert!(page.items.iter().all(|signing| has(&signing.certificate)));
        }
    }
}

#[tokio::test]
async fn unknown_paths_and_methods_are_problems() {
    let world = World::new(1);
    let response = world.ask(get("/.well-known/est/serverkeygen")).await;
    assert_eq!(problem(response, 404).await, "not_found");
    let response = world.ask(get("/.well-known/est/simpleenroll")).await;
    assert_eq!(response.headers()["allow"], "POST");
    assert_eq!(problem(response, 405).await, "method_not_allowed");
}
