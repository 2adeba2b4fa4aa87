//! Administration over the API.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use provkey::authority::AdminRole;
use provkey::key::KeyId;
use provkey::time::Timestamp;
use serde_json::{Value, json};

use crate::api::{Api, new_key};

#[tokio::test]
async fn a_key_is_created_edited_copied_and_deleted() {
    let api = Api::new();
    let group = api.post("/api/v1/groups", json!({ "name": "Plants" })).await;
    let certificate = api.post("/api/v1/certificates", json!({ "name": "CA 1" })).await;
    assert_eq!(certificate["algorithm"], "p256");
    let key = api.post("/api/v1/keys", new_key("Plant 7", &group, &certificate)).await;
    assert_eq!((&key["used"], &key["state"]), (&json!(0), &json!("usable")));
    let path = format!("/api/v1/keys/{}", key["id"].as_str().unwrap());

    let text = api.post(&format!("{path}/copy"), json!({})).await;
    let text = text["text"].as_str().unwrap().to_owned();
    let masked = key["masked"].as_str().unwrap().trim_end_matches('…');
    assert!(text.starts_with(masked) && text.len() > masked.len() + 60);
    let file = api.by_admin("POST", &format!("{path}/download"), None).await;
    assert_eq!(file.body, format!("{text}\n"));
    let disposition = file.header("content-disposition");
    assert!(disposition.starts_with("attachment; filename=\"Plant-7-"), "{disposition}");

    let shown = api.by_admin("GET", &path, None).await;
    let etag = shown.header("etag").to_owned();
    let edit = async |etag: &str, patch: Value| {
        let bearer = format!("Bearer {}", api.token(AdminRole::Operator));
        let headers = [("authorization", bearer.as_str()), ("if-match", etag)];
        let answer = api.ask("PATCH", &path, &headers, Some(patch)).await;
        let token = api.authority.find_token("operator").unwrap();
        api.authority.revoke_token(token.id).unwrap();
        answer
    };
    // An enrollment does not make an edit with `If-Match` fail.
    api.enroll(KeyId::parse(key["id"].as_str().unwrap()).unwrap());
    let edited = edit(&etag, json!({ "max_uses": 7, "expires_at": "2100-01-01T00:00:00Z" })).await;
    assert_eq!(edited.status, StatusCode::OK, "{:?}", edited.body);
    assert_eq!(edited.json()["max_uses"], 7);
    assert_eq!(edited.json()["expires_at"], "2100-01-01T00:00:00.000Z");
    let stale = edit(&etag, json!({ "max_uses": 9 })).await;
    assert_eq!(stale.problem(), (412, "edit_conflict".into()));
    let edited =
        edit("*", json!({ "expires_at": null, "allowed_addresses": ["10.0.0.0/8"] })).await;
    assert_eq!(edited.json()["expires_at"], Value::Null);

    let deleted = api.by_admin("DELETE", &path, None).await;
    assert_eq!(deleted.status, StatusCode::NO_CONTENT);
    assert_eq!(api.by_admin("GET", &path, None).await.problem(), (410, "key_deleted".into()));
    let trail = api.get("/api/v1/audit?latest_first=false").await;
    let done: Vec<_> = trail["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| (entry["action"].as_str().unwrap(), entry["actor"].as_str().unwrap_or("-")))
        .collect();
    let mine: Vec<_> = done.iter().filter(|(_, actor)| actor.starts_with("token:")).collect();
    let expected = [
        ("group_created", "token:admin"),
        ("certificate_created", "token:admin"),
        ("key_created", "token:admin"),
        ("key_copied", "token:admin"),
        ("key_downloaded", "token:admin"),
        ("key_updated", "token:operator"),
        ("key_updated", "token:operator"),
        ("key_deleted", "token:admin"),
    ];
    assert_eq!(mine, expected.iter().collect::<Vec<_>>());
}

#[tokio::test]
async fn a_key_that_is_used_up_is_not_copied() {
    let api = Api::new();
    let key = api.key("fleet", 1);
    api.enroll(key);
    let refused = api.by_admin("POST", &format!("/api/v1/keys/{key}/copy"), None).await;
    assert_eq!(refused.problem(), (409, "key_exhausted".into()));
    let shown = api.get(&format!("/api/v1/keys/{key}")).await;
    assert_eq!((&shown["copyable"], &shown["state"]), (&json!(false), &json!("exhausted")));
    assert!(shown["last_used_at"].is_string());
}

#[tokio::test]
async fn keys_are_filtered_by_every_column_sorted_and_paged() {
    let api = Api::new();
    let (one, two) = (api.key("Alpha", 1), api.key("beta", 10));
    api.key("Gamma", 100);
    api.enroll(one);
    api.enroll(two);
    let names = async |query: &str| {
        let listed = api.get(&format!("/api/v1/keys{query}")).await;
        let items = listed["items"].as_array().unwrap().iter();
        items.map(|key| key["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let two_details = api.get(&format!("/api/v1/keys/{two}")).await;
    let group = two_details["group"]["id"].as_str().unwrap();
    let certificate = two_details["certificate"]["id"].as_str().unwrap();
    for (query, expected) in [
        ("", &["Alpha", "beta", "Gamma"][..]),
        ("?sort=-name", &["Gamma", "beta", "Alpha"]),
        ("?sort=created", &["Alpha", "beta", "Gamma"]),
        ("?sort=-created", &["Gamma", "beta", "Alpha"]),
        ("?name=ALPH", &["Alpha"]),
        (&format!("?id={}", &two.to_string()[3..]), &["beta"]),
        (&format!("?group={group}"), &["beta"]),
        (&format!("?certificate={certificate}"), &["beta"]),
        ("?state=exhausted", &["Alpha"]),
        ("?max_uses_min=10&max_uses_max=10", &["beta"]),
        ("?used_min=1", &["Alpha", "beta"]),
        ("?used_max=0", &["Gamma"]),
        ("?last_used_since=2020-01-01T00:00:00Z", &["Alpha", "beta"]),
        ("?last_used_before=2020-01-01T00:00:00Z", &["Gamma"]),
    ] {
        assert_eq!(names(query).await, expected, "{query}");
    }
    let first = api.get("/api/v1/keys?limit=2").await;
    let next = first["next"].as_str().unwrap();
    assert_eq!(names(&format!("?limit=2&after={next}")).await, ["Gamma"]);
}

#[tokio::test]
async fn a_problem_names_its_subject() {
    let api = Api::new();
    api.key("fleet", 1);
    let none = "qqqqqqqqqqqq";
    let check = async |method: &str, path: &str, body: Option<Value>, subject: Option<&str>| {
        let problem = api.by_admin(method, path, body).await.json();
        assert_eq!(problem.get("subject").map(|found| found.as_str().unwrap()), subject);
        if let Some(subject) = subject {
            assert!(problem["detail"].as_str().unwrap().ends_with(subject), "{problem}");
        }
    };
    check("POST", "/api/v1/groups", Some(json!({ "name": "FLEET" })), Some("FLEET")).await;
    check("POST", "/api/v1/groups", Some(json!({ "name": "" })), None).await;
    check("GET", &format!("/api/v1/keys/{none}"), None, Some(none)).await;
    check("GET", "/api/v1/groups/x%0Ay", None, Some("x\\ny")).await;
    check("GET", "/api/v1/groups/pvk1_h_q2w3e4r5t6y7s", None, None).await;
    let certificate = json!({ "name": "short", "algorithm": "p512" });
    check("POST", "/api/v1/certificates", Some(certificate), Some("p512")).await;
}

#[tokio::test]
async fn every_invalid_request_has_its_code() {
    let api = Api::new();
    let key = api.key("fleet", 1);
    let none = "qqqqqqqqqqqq";
    let check = async |method: &str, path: &str, body: Option<Value>, status: u16, code: &str| {
        let answer = api.by_admin(method, path, body).await;
        assert_eq!(answer.problem(), (status, code.to_owned()), "{method} {path}");
    };
    check("POST", "/api/v1/groups", Some(json!({ "name": "FLEET" })), 409, "name_in_use").await;
    check("POST", "/api/v1/groups", Some(json!({ "name": "" })), 400, "name_empty").await;
    check("POST", "/api/v1/groups", Some(json!({ "nme": "a" })), 400, "request_malformed").await;
    check("POST", "/api/v1/groups", None, 415, "unsupported_media_type").await;
    check("GET", "/api/v1/keys?nme=a", None, 400, "request_malformed").await;
    check("GET", "/api/v1/keys?after=x", None, 400, "cursor_invalid").await;
    check("GET", &format!("/api/v1/keys/{none}"), None, 404, "key_not_found").await;
    check("GET", "/api/v1/groups/x", None, 404, "group_not_found").await;
    check("GET", &format!("/api/v1/connectors/{none}"), None, 404, "connector_not_found").await;
    let patch = |patch| (format!("/api/v1/keys/{key}"), Some(patch));
    for (patch, code) in [
        (patch(json!({ "max_uses": 0 })), "max_uses_invalid"),
        (patch(json!({ "max_uses": -1 })), "request_malformed"),
        (patch(json!({ "expires_at": "2000-01-01T00:00:00Z" })), "expiry_in_past"),
        (patch(json!({ "expires_at": "2100-01-01T00:00:00" })), "request_malformed"),
        (patch(json!({ "allowed_addresses": ["10.0.0.1/8"] })), "address_range_invalid"),
    ] {
        check("PATCH", &patch.0, patch.1, 400, code).await;
    }
    let group = api.authority.find_group("fleet").unwrap().id;
    check("DELETE", &format!("/api/v1/groups/{group}"), None, 409, "group_in_use").await;
    let long = format!("{{\"name\": \"{}\"}}", "x".repeat(300_000));
    let request = Request::post("/api/v1/groups")
        .header("authorization", format!("Bearer {}", api.token(AdminRole::Operator)))
        .header("content-type", "application/json")
        .body(Body::from(long));
    assert_eq!(api.send(request.unwrap()).await.problem(), (413, "body_too_large".into()));
}

#[tokio::test]
async fn connectors_of_a_leaked_key_are_counted_and_revoked() {
    let api = Api::new();
    let key = api.key("fleet", 5);
    let connectors = [api.enroll(key), api.enroll(key)];
    let path = format!("/api/v1/keys/{key}/compromise");
    let counted = api.post(&path, json!({ "dry_run": true })).await;
    assert_eq!(counted, json!({ "connectors": 2, "revoked": 2 }));
    api.post(&format!("/api/v1/connectors/{}/revoke", connectors[0]), json!({})).await;
    assert_eq!(api.post(&path, json!({})).await, json!({ "connectors": 2, "revoked": 1 }));
    let listed = api.get(&format!("/api/v1/connectors?key={key}&descending=true")).await;
    assert_eq!(listed["items"][0]["id"], json!(connectors[1]));
    assert_eq!(listed["items"][0]["revocation_reason"], "keyCompromise");
    assert_eq!(api.get(&format!("/api/v1/keys/{key}")).await["state"], "compromised");
    let listed = api.get("/api/v1/keys?state=compromised").await;
    assert!(listed["items"][0]["compromised_at"].is_string());
    for (method, path) in [("POST", "/copy"), ("POST", "/download"), ("PATCH", "")] {
        let path = format!("/api/v1/keys/{key}{path}");
        let body = (method == "PATCH").then(|| json!({ "enabled": true }));
        let refused = api.by_admin(method, &path, body).await;
        assert_eq!(refused.problem(), (403, "key_compromised".into()), "{method} {path}");
    }
    let spent = api.get(&format!("/api/v1/keys/{key}/utilization?buckets=3")).await;
    assert_eq!(spent["counts"], json!([0, 0, 2]));
}

#[tokio::test]
async fn polling_is_cheap_while_nothing_changes() {
    let api = Api::new();
    let key = api.key("fleet", 5);
    let bearer = format!("Bearer {}", api.token(AdminRole::Viewer));
    let poll = async |etag: &str| {
        let headers = [("authorization", bearer.as_str()), ("if-none-match", etag)];
        api.ask("GET", "/api/v1/keys", &headers, None).await
    };
    let first = poll("\"none\"").await;
    assert_eq!(first.status, StatusCode::OK);
    let etag = first.header("etag").to_owned();
    let again = poll(&etag).await;
    assert_eq!((again.status, again.body.len()), (StatusCode::NOT_MODIFIED, 0));
    api.enroll(key);
    assert_eq!(poll(&etag).await.json()["items"][0]["used"], 1);
}

#[tokio::test]
async fn certificates_and_tokens_are_administered() {
    let api = Api::new();
    let body = json!({ "name": "CA", "leaf_validity_seconds": 86_400, "crl_url": "http://crl.example.com/ca" });
    let certificate = api.post("/api/v1/certificates", body).await;
    assert_eq!(certificate["crl_url"], "http://crl.example.com/ca");
    let path = format!("/api/v1/certificates/{}", certificate["id"].as_str().unwrap());
    let crl = api.by_admin("GET", &format!("{path}/crl"), None).await;
    assert_eq!(crl.header("content-type"), "application/pkix-crl");
    assert_eq!(
        api.post(&format!("{path}/retire"), json!({})).await["warnings"],
        json!(["retired"])
    );
    assert_eq!(api.by_admin("DELETE", &path, None).await.status, StatusCode::NO_CONTENT);
    let request = api.post("/api/v1/certificate-requests", json!({ "name": "External" })).await;
    assert!(request["csr"].as_str().unwrap().starts_with("-----BEGIN CERTIFICATE REQUEST"));
    let path = format!("/api/v1/certificate-requests/{}", request["id"].as_str().unwrap());
    let own = api.get("/api/v1/authority").await["root"]["pem"].clone();
    let refused =
        api.by_admin("POST", &format!("{path}/answer"), Some(json!({ "certificates": own }))).await;
    assert!(refused.status.is_client_error(), "{:?}", refused.body);
    let unanswered = format!("/api/v1/certificates/{}", request["id"].as_str().unwrap());
    assert_eq!(api.by_admin("GET", &unanswered, None).await.problem().1, "certificate_unanswered");
    assert_eq!(api.by_admin("DELETE", &path, None).await.status, StatusCode::NO_CONTENT);

    let never = json!({ "name": "never", "role": "viewer", "expires_at": null });
    assert_eq!(api.post("/api/v1/tokens", never).await["token"]["expires_at"], json!(null));
    let made = api.post("/api/v1/tokens", json!({ "name": "ci", "role": "viewer" })).await;
    let moment = |field: &str| made["token"][field].as_str().unwrap().parse::<Timestamp>().unwrap();
    let good_for = moment("expires_at").unix_seconds() - moment("created_at").unix_seconds();
    assert!(good_for.abs_diff(90 * 86_400) < 60, "{good_for}");
    let text = made["text"].as_str().unwrap();
    let session = api.by(text, "GET", "/api/v1/session", None).await.json();
    assert_eq!((&session["name"], &session["role"]), (&json!("ci"), &json!("viewer")));
    let path = format!("/api/v1/tokens/{}/revoke", made["token"]["id"].as_str().unwrap());
    assert!(api.post(&path, json!({})).await["revoked_at"].is_string());
    let after = api.by(text, "GET", "/api/v1/session", None).await;
    assert_eq!(after.problem(), (401, "admin_token_revoked".into()));
    let listed = api.get("/api/v1/tokens").await;
    assert!(!listed.to_string().contains(text));
    let hosts = api.post("/api/v1/authority/hosts", json!({ "host": "b.example.com:8443" })).await;
    assert_eq!(hosts["hosts"], json!(["api.example.com", "b.example.com:8443"]));
}
