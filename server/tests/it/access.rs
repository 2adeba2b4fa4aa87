//! Authentication and authorization.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::Body;
use axum::http::request::Parts;
use axum::http::{Request, StatusCode};
use provkey::authority::{AdminRole, AdminScope, EnrollRequest, NewAdminToken};
use provkey::key::KeyId;
use provkey::time::Timestamp;
use provkey::x509::Certificate;
use provkey_admin::operation;
use provkey_server::{AdminCertificate, Administrator, Config};
use serde_json::{Value, json};

use crate::api::Api;
use crate::common::{self, World, connection, name};

#[tokio::test]
async fn a_request_without_valid_credentials_learns_nothing() {
    let api = Api::new();
    let check = async |headers: &[(&str, &str)], code: &str| {
        let answer = api.ask("GET", "/api/v1/keys", headers, None).await;
        assert_eq!(answer.problem(), (401, code.to_owned()));
        assert_eq!(answer.header("www-authenticate"), "Bearer");
    };
    check(&[], "credentials_missing").await;
    check(&[("authorization", "Basic YTpi")], "credentials_missing").await;
    check(&[("authorization", "Bearer x")], "admin_token_malformed").await;
    check(&[("cookie", "__Host-provkey=x")], "admin_token_malformed").await;
    let other = Api::new().token(AdminRole::Viewer);
    check(&[("authorization", &format!("Bearer {other}"))], "admin_token_invalid").await;
    let new = NewAdminToken::new(name("gone"), AdminRole::Admin);
    let (token, text) = api.authority.create_token(&new).unwrap();
    api.authority.revoke_token(token.id).unwrap();
    check(&[("authorization", &format!("bearer {}", text.expose()))], "admin_token_revoked").await;
}

/// The least role of every operation in the OpenAPI description.
fn least_role(method: &str, path: &str) -> AdminRole {
    match (method, path) {
        ("get", "/api/v1/tokens") => AdminRole::Admin,
        ("get", _) => AdminRole::Viewer,
        (_, path) if path.starts_with("/api/v1/certificate") => AdminRole::Admin,
        (_, path) if path.starts_with("/api/v1/tokens") => AdminRole::Admin,
        (_, path) if path.starts_with("/api/v1/authority") => AdminRole::Admin,
        _ => AdminRole::Operator,
    }
}

#[tokio::test]
async fn every_operation_requires_its_role() {
    let api = Api::new();
    let tokens = [AdminRole::Viewer, AdminRole::Operator].map(|role| (role, api.token(role)));
    let description = api.ask("GET", "/api/v1/openapi.json", &[], None).await.json();
    let mut operations = 0;
    for (path, methods) in description["paths"].as_object().unwrap() {
        let open = path == "/api/v1/session";
        for method in methods.as_object().unwrap().keys().filter(|method| *method != "parameters") {
            operations += 1;
            let concrete = path.replace("{id}", "q2w3e4r5t6y7");
            for (role, token) in &tokens {
                let answer = api.by(token, &method.to_uppercase(), &concrete, None).await;
                let refused = answer.status == StatusCode::FORBIDDEN
                    && answer.problem().1 == "role_insufficient";
                let expected = !open && *role < least_role(method, path);
                assert_eq!(refused, expected, "{method} {path} by {role}: {:?}", answer.body);
            }
        }
    }
    assert_eq!(operations, 37);
}

#[tokio::test]
async fn every_operation_is_one_of_the_administration() {
    let api = Api::new();
    let description = api.ask("GET", "/api/v1/openapi.json", &[], None).await.json();
    let paths = description["paths"].as_object().unwrap().values();
    let operations = paths.flat_map(|methods| methods.as_object().unwrap().values());
    let mut described: Vec<_> =
        operations.filter_map(|operation| operation["operationId"].as_str()).collect();
    described.sort_unstable();
    let sessions = ["showSession", "signIn", "signOut"];
    let mut known: Vec<_> = operation::ALL.iter().map(|access| access.name).collect();
    known.extend(sessions);
    known.sort_unstable();
    assert_eq!(described, known);
}

#[tokio::test]
async fn a_token_with_a_scope_is_limited_to_its_group() {
    let api = Api::new();
    let (own, other) = (api.key("own", 5), api.key("other", 5));
    let (mine, foreign) = (api.enroll(own), api.enroll(other));
    let scope = format!("operator:{}", api.authority.group_of_key(own).unwrap());
    let new = json!({ "name": "plant", "role": "operator", "scope": "operator:own" });
    let made = api.post("/api/v1/tokens", new).await;
    assert_eq!(made["token"]["scope"], json!(scope));
    let token = made["text"].as_str().unwrap();
    let session = api.by(token, "GET", "/api/v1/session", None).await.json();
    assert_eq!((&session["role"], &session["scope"]), (&json!("operator"), &json!(scope)));

    let listed = async |path: &str| api.by(token, "GET", path, None).await.json()["items"].take();
    assert_eq!(listed("/api/v1/keys").await[0]["id"], json!(own.to_string()));
    assert_eq!(listed("/api/v1/groups").await[0]["name"], "own");
    for list in ["keys", "groups", "certificates", "connectors"] {
        let items = listed(&format!("/api/v1/{list}")).await;
        assert_eq!(items.as_array().unwrap().len(), 1, "{list}: {items}");
    }
    let revoke = |id: &str| format!("/api/v1/connectors/{id}/revoke");
    let copy = |id: KeyId| format!("/api/v1/keys/{id}/copy");
    for (method, path, body, code) in [
        ("POST", copy(other), None, "key_not_found"),
        ("POST", revoke(&foreign), Some(json!({})), "connector_not_found"),
        ("POST", "/api/v1/groups".into(), None, "scope_insufficient"),
        ("GET", "/api/v1/audit".into(), None, "scope_insufficient"),
        ("GET", "/api/v1/tokens".into(), None, "role_insufficient"),
    ] {
        assert_eq!(api.by(token, method, &path, body).await.problem().1, code, "{method} {path}");
    }
    assert_eq!(api.by(token, "POST", &copy(own), None).await.status, StatusCode::OK);
    let revoked = api.by(token, "POST", &revoke(&mine), Some(json!({}))).await;
    assert_eq!(revoked.status, StatusCode::OK);

    let wrong = json!({ "name": "boss", "role": "admin", "scope": scope });
    let refused = api.by_admin("POST", "/api/v1/tokens", Some(wrong)).await;
    assert_eq!(refused.problem(), (400, "scope_invalid".to_owned()));
}

#[tokio::test]
async fn a_browser_signs_in_with_a_cookie_that_no_other_site_can_use() {
    let api = Api::new();
    let token = api.token(AdminRole::Operator);
    let signed = api.ask("POST", "/api/v1/session", &[], Some(json!({ "token": token }))).await;
    assert_eq!(signed.json()["role"], "operator");
    let set = signed.header("set-cookie");
    for attribute in ["Path=/", "HttpOnly", "SameSite=Strict", "Secure", "Max-Age=43200"] {
        assert!(set.split("; ").any(|found| found == attribute), "{attribute} in {set}");
    }
    let cookie = set.split(';').next().unwrap();
    assert!(cookie.starts_with("__Host-provkey="));

    let create = async |headers: &[(&str, &str)], group: &str| {
        let headers = [headers, &[("cookie", cookie), ("host", "console.example.com")]].concat();
        let answer =
            api.ask("POST", "/api/v1/groups", &headers, Some(json!({ "name": group }))).await;
        answer.status.as_u16()
    };
    let console = ("x-provkey-console", "1");
    assert_eq!(create(&[console, ("sec-fetch-site", "same-origin")], "a").await, 201);
    assert_eq!(create(&[console, ("origin", "https://console.example.com")], "b").await, 201);
    for headers in [
        &[][..],
        &[("sec-fetch-site", "same-origin")],
        &[console, ("sec-fetch-site", "cross-site")],
        &[console, ("sec-fetch-site", "same-site")],
        &[console, ("origin", "https://evil.example.com")],
        &[console, ("origin", "null")],
    ] {
        assert_eq!(create(headers, "c").await, 403, "{headers:?}");
    }
    let headers = [("cookie", cookie), ("sec-fetch-site", "cross-site")];
    assert_eq!(api.ask("GET", "/api/v1/keys", &headers, None).await.status, 403);

    let out = api.ask("DELETE", "/api/v1/session", &[("cookie", cookie)], None).await;
    assert!(out.header("set-cookie").contains("Max-Age=0"));
    // Signing out succeeds without a session.
    let without_session =
        api.ask("DELETE", "/api/v1/session", &[("cookie", "__Host-provkey=x")], None).await;
    assert_eq!(without_session.status, StatusCode::NO_CONTENT);
    for action in ["admin_signed_in", "admin_signed_out", "group_created"] {
        let audit = api.get(&format!("/api/v1/audit?action={action}")).await;
        let latest = &audit["items"][0];
        let id = token.split('_').nth(1).unwrap();
        assert_eq!(latest["admin_token"], id, "{audit}");
        assert!(latest["actor"].as_str().unwrap().starts_with("token:"), "{audit}");
        let count = if action == "group_created" { 2 } else { 1 };
        assert_eq!(audit["items"].as_array().unwrap().len(), count, "{audit}");
    }
    let request = Request::post("/api/v1/session")
        .header("content-type", "application/json")
        .extension(connection(Some(b"not listed".to_vec())))
        .body(Body::from(json!({ "token": token }).to_string()));
    assert_eq!(api.send(request.unwrap()).await.status, StatusCode::OK);
    let audit = api.get("/api/v1/audit?action=admin_signed_in").await;
    let address = connection(None).peer.ip().to_string();
    assert_eq!(audit["items"][0]["address"], address);
    let plain = Api::with({
        let mut config = Config::default();
        config.insecure_cookies = true;
        config
    });
    let token = plain.token(AdminRole::Viewer);
    let signed = plain.ask("POST", "/api/v1/session", &[], Some(json!({ "token": token }))).await;
    assert!(!signed.header("set-cookie").contains("Secure"));
}

#[tokio::test]
async fn a_session_ends_with_its_token() {
    let api = Api::new();
    let soon = Timestamp::from(std::time::SystemTime::now()).plus(Duration::from_secs(90));
    let new = NewAdminToken::new(name("brief"), AdminRole::Viewer).expires_at(soon);
    let (token, text) = api.authority.create_token(&new).unwrap();
    let body = json!({ "token": format!(" {}\n", text.expose()) });
    let signed = api.ask("POST", "/api/v1/session", &[], Some(body)).await;
    let set = signed.header("set-cookie");
    let age = set.split("Max-Age=").nth(1).unwrap().split(';').next().unwrap();
    assert!((80..=90).contains(&age.parse::<u64>().unwrap()), "{set}");
    let cookie = set.split(';').next().unwrap();
    let ask = async || api.ask("GET", "/api/v1/session", &[("cookie", cookie)], None).await;
    assert_eq!(ask().await.json()["name"], "brief");
    api.authority.revoke_token(token.id).unwrap();
    assert_eq!(ask().await.problem().1, "admin_token_revoked");
}

#[tokio::test]
async fn a_listed_client_certificate_authenticates() {
    let (certificate, another) = (client_certificate(), client_certificate());
    let not_after = Certificate::parse(&certificate).unwrap().not_after();
    let holder = Administrator::new("alice", AdminRole::Operator);
    let now = Arc::new(Mutex::new(not_after.minus(Duration::from_secs(60))));
    let mut config = Config::default();
    let clock = now.clone();
    config.clock = Arc::new(move || *clock.lock().unwrap());
    let listed = AdminCertificate::parse(&certificate, holder).unwrap();
    config.admin_certificates = vec![listed].into();
    let list = config.admin_certificates.clone();
    let api = Api::with(config);
    let create = async |certificate: &[u8], site: &str| {
        let request = Request::post("/api/v1/groups")
            .header("content-type", "application/json")
            .header("sec-fetch-site", site)
            .extension(connection(Some(certificate.to_vec())))
            .body(Body::from(json!({ "name": "Plants" }).to_string()));
        api.send(request.unwrap()).await.status.as_u16()
    };
    assert_eq!(create(&another, "none").await, 401);
    assert_eq!(create(b"no certificate", "none").await, 401);
    // A browser sends a certificate by itself.
    assert_eq!(create(&certificate, "cross-site").await, 403);
    assert_eq!(create(&certificate, "none").await, 201);
    let entries = api.get("/api/v1/audit?action=group_created").await;
    assert_eq!(entries["items"][0]["actor"], "certificate:alice");

    // The certificate expires while the connection is open.
    let session = async || {
        let request =
            Request::get("/api/v1/session").extension(connection(Some(certificate.clone())));
        api.send(request.body(Body::empty()).unwrap()).await
    };
    *now.lock().unwrap() = not_after.plus(Duration::from_millis(999));
    assert_eq!(session().await.json()["name"], "alice");
    *now.lock().unwrap() = not_after.plus(Duration::from_secs(1));
    assert_eq!(session().await.problem(), (401, "admin_certificate_expired".into()));
    *now.lock().unwrap() = Timestamp::default();
    assert_eq!(session().await.problem(), (401, "admin_certificate_expired".into()));
    // A certificate that was removed from the list is refused.
    *now.lock().unwrap() = not_after;
    list.replace(Vec::new());
    assert_eq!(session().await.problem(), (401, "credentials_missing".into()));
}

/// A certificate for TLS clients.
fn client_certificate() -> Vec<u8> {
    let world = World::new(1);
    let csr = common::csr(&world.provisioning_key());
    let request = EnrollRequest::new(csr);
    world.authority.enroll(&request).unwrap().chain.remove(0)
}

#[test]
fn an_administrator_needs_a_certificate_for_clients() {
    let holder = Administrator::new("alice", AdminRole::Admin);
    let check = |der: &[u8]| {
        AdminCertificate::parse(der, holder.clone()).map(|_| ()).map_err(|error| error.code())
    };
    let client = client_certificate();
    assert_eq!(check(&client), Ok(()));
    // clientAuth is 1.3.6.1.5.5.7.3.2, and codeSigning ends in 3.
    let oid = [0x2b, 6, 1, 5, 5, 7, 3, 2];
    let at = client.windows(oid.len()).position(|window| window == oid).unwrap();
    let mut code_signing = client.clone();
    code_signing[at + oid.len() - 1] = 3;
    assert_eq!(check(&code_signing), Err("admin_certificate_purpose"));
    // Without an extended key usage any use is allowed.
    let world = World::new(1);
    assert_eq!(check(world.authority.root().der()), Ok(()));
    assert_eq!(check(b"no certificate"), Err("certificate_malformed"));
}

#[tokio::test]
async fn no_response_repeats_a_secret_from_the_request() {
    let api = Api::new();
    let canary = "pvkt1_canary";
    for body in [
        json!({ "token": 1, "x": canary }),
        json!({ "token": canary }),
        json!({ "name": canary, "role": canary }),
        json!([canary]),
        Value::from(canary),
    ] {
        for path in ["/api/v1/session", "/api/v1/tokens", "/api/v1/keys", "/api/v1/groups"] {
            let answer = api.by_admin("POST", path, Some(body.clone())).await;
            assert!(answer.status.is_client_error());
            let text = String::from_utf8(answer.body.to_vec()).unwrap();
            assert!(!text.contains(canary), "{path} {body}: {text}");
        }
    }
}

#[tokio::test]
async fn an_administrator_of_the_application_can_have_a_scope() {
    let scope = AdminScope::parse("operator:q2w3e4r5t6y7").unwrap();
    let mut config = Config::default();
    config.administrators = Some(Arc::new(move |_: &Parts| {
        Ok(Some(Administrator::new("alice", AdminRole::Admin).scope(scope)))
    }));
    let api = Api::with(config);
    let session = api.ask("GET", "/api/v1/session", &[], None).await.json();
    assert_eq!(session["scope"], "operator:q2w3e4r5t6y7");
    assert_eq!(session["role"], "operator", "a scope makes an admin an operator");
    let group = Some(json!({ "name": "Plants" }));
    let refused = api.ask("POST", "/api/v1/groups", &[], group).await;
    assert_eq!(refused.problem(), (403, "scope_insufficient".to_owned()));
}
