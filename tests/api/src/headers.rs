//! What every answer carries, conditional reads, limits, and a database that fails.

use crate::product::{create, log, mug, path};
use serde_json::json;
use storeroom_domain::Role;
use storeroom_testbed::{Fault, Testbed, request};

#[tokio::test]
async fn every_answer_carries_its_headers() {
    let bed = Testbed::new().await.limited();
    let reply = bed.call(Role::Viewer, "GET", "/api/pms/products", None).await;
    for (name, value) in [
        ("content-type", "application/json"),
        ("cache-control", "no-store"),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("api-version", "2026-11-20"),
        ("store-cursor", "1.0"),
        ("ratelimit-policy", "\"read\";q=600;w=60"),
        ("ratelimit", "\"read\";r=599;t=60"),
        ("vary", "Authorization, X-Store-Id"),
    ] {
        assert_eq!(reply.header(name), Some(value), "{name}");
    }
    assert!(reply.header("x-request-id").unwrap().starts_with("req_"));
    assert!(reply.header("strict-transport-security").is_some());
    let problem = bed.send(request("GET", "/nowhere", None, &[])).await;
    assert_eq!(problem.header("content-type"), Some("application/problem+json"));
    assert_eq!(problem.json()["request_id"], problem.header("x-request-id").unwrap());
    assert_eq!(problem.json()["type"], "/problems/not-found");
}

#[tokio::test]
async fn an_answer_about_an_account_is_nobody_elses() {
    let bed = Testbed::new().await.limited();
    let me = bed.call(Role::Viewer, "GET", "/api/pms/auth/me", None).await;
    assert_eq!((me.status(), me.header("cache-control")), (200, Some("no-store")));
    assert_eq!((me.header("store-cursor"), me.header("vary")), (None, Some("Authorization, X-Store-Id")));
    let signed_in = bed.send(request("POST", "/api/pms/auth/register", Some(account()), &[])).await;
    assert_eq!((signed_in.status(), signed_in.header("cache-control")), (201, Some("no-store")));
    assert_eq!(signed_in.header("ratelimit-policy"), Some("\"auth\";q=10;w=60"));
    let keys = bed.send(request("GET", "/.well-known/jwks.json", None, &[])).await;
    assert_eq!(
        (keys.header("cache-control"), keys.header("vary")),
        (Some("public, max-age=300"), Some("Origin"))
    );
}

fn account() -> Vec<u8> {
    json!({"email": "ann@example.org", "password": "correct horse", "name": "Ann"}).to_string().into_bytes()
}

#[tokio::test]
async fn a_signed_answer_carries_what_a_members_does() {
    let bed = Testbed::new().await.limited();
    let key = bed.api_key(bed.store, Role::Viewer).await;
    let reply = bed.signed(&key, "GET", "/api/pms/products", None, &[]).await;
    assert_eq!((reply.status(), reply.round_trips, reply.header("store-cursor")), (200, 1, Some("1.0")));
    assert_eq!(reply.header("ratelimit"), Some("\"read\";r=599;t=60"), "each key is counted by itself");
    let refused = bed.signed(&key, "POST", "/api/pms/products", Some(json!({"title": "T"})), &[]).await;
    assert_eq!((refused.status(), refused.header("store-cursor")), (403, None));
}

#[tokio::test]
async fn a_product_that_has_not_changed_is_not_sent_again() {
    let bed = Testbed::new().await;
    let path = path(&create(&bed, mug()).await);
    let known = bed.call_with(Role::Viewer, "GET", &path, None, &[("if-none-match", "\"1\"")]).await;
    assert_eq!((known.status(), known.text().as_str(), known.header("etag")), (304, "", Some("\"1\"")));
    assert_eq!(known.header("content-type"), None);
    let other = bed.call_with(Role::Viewer, "GET", &path, None, &[("if-none-match", "\"0\"")]).await;
    assert_eq!(other.status(), 200);
}

#[tokio::test]
async fn head_is_get_without_a_body() {
    let bed = Testbed::new().await;
    let path = path(&create(&bed, mug()).await);
    let head = bed.call(Role::Viewer, "HEAD", &path, None).await;
    assert_eq!((head.status(), head.text().as_str(), head.header("etag")), (200, "", Some("\"1\"")));
}

#[tokio::test]
async fn a_limit_refuses_with_the_seconds_to_wait() {
    let bed = Testbed::new().await.limited();
    for _ in 0..300 {
        let body = Some(json!({"nothing": 1}));
        assert_eq!(bed.call(Role::Owner, "POST", "/api/pms/products", body).await.status(), 422);
    }
    let reply = bed.call(Role::Owner, "POST", "/api/pms/products", Some(mug())).await;
    assert_eq!((reply.status(), reply.code().as_str(), reply.round_trips), (429, "rate-limited", 0));
    assert_eq!(
        (reply.header("retry-after"), reply.header("ratelimit")),
        (Some("60"), Some("\"write\";r=0;t=60"))
    );
    assert_eq!(bed.call(Role::Admin, "POST", "/api/pms/products", Some(mug())).await.status(), 201);
    bed.clock.advance(60_000);
    assert_eq!(
        bed.call(Role::Owner, "POST", "/api/pms/products", Some(json!({"title": "T"}))).await.status(),
        201
    );
}

/// A credential is what whoever guesses is after, so guesses are counted by address whatever they are about.
#[tokio::test]
async fn passwords_and_tokens_are_counted_by_address() {
    let bed = Testbed::new().await.limited();
    let owner = format!("Bearer {}", bed.member(Role::Owner).token);
    for guess in 0..10 {
        let (route, headers) = match guess % 3 {
            0 => ("login", vec![]),
            1 => ("refresh", vec![]),
            _ => ("password", vec![("authorization", owner.as_str())]),
        };
        let path = format!("/api/pms/auth/{route}");
        let reply = bed.send(request("POST", &path, Some(b"{}".to_vec()), &headers)).await;
        assert_eq!(reply.status(), 422, "{route}");
    }
    for route in ["login", "register", "refresh", "password"] {
        let path = format!("/api/pms/auth/{route}");
        let reply = bed.send(request("POST", &path, Some(account()), &[("authorization", &owner)])).await;
        assert_eq!(
            (reply.status(), reply.header("retry-after"), reply.round_trips),
            (429, Some("60"), 0),
            "{route}"
        );
    }
    assert_eq!(bed.call(Role::Owner, "GET", "/api/pms/auth/me", None).await.status(), 200);
}

#[tokio::test]
async fn a_database_that_fails_is_told_apart_from_one_that_may_have_done_it() {
    let bed = Testbed::new().await;
    bed.database.fault.set(Fault::Down);
    for (method, body) in [("GET", None), ("POST", Some(mug()))] {
        let reply = bed.call(Role::Owner, method, "/api/pms/products", body).await;
        assert_eq!(
            (reply.status(), reply.code().as_str(), reply.header("retry-after")),
            (503, "unavailable", Some("1"))
        );
    }
    bed.database.fault.set(Fault::AnswerLost);
    let reply = bed.call(Role::Owner, "POST", "/api/pms/products", Some(mug())).await;
    assert_eq!((reply.status(), reply.code().as_str()), (503, "outcome-unknown"));
    bed.database.fault.set(Fault::None);
    assert_eq!(log(&bed, Role::Owner).await.len(), 1, "it was done, and nobody knew");
}

#[tokio::test]
async fn a_log_line_a_request_without_secrets() {
    let bed = Testbed::new().await;
    bed.call(Role::Owner, "POST", "/api/pms/products", Some(mug())).await;
    let lines = bed.recorded.lines.borrow();
    assert_eq!(lines.len(), 1);
    let line: serde_json::Value = serde_json::from_str(&lines[0].1).unwrap();
    assert_eq!(
        (&line["route"], &line["status"], &line["level"]),
        (&json!("products.create"), &json!(201), &json!("info"))
    );
    assert_eq!((&line["round_trips"], &line["store"]), (&json!(1), &json!(bed.store.to_string())));
    let token = bed.member(Role::Owner).token;
    for secret in [token.as_str(), "Becher", "192.0.2.1"] {
        assert!(!lines[0].1.contains(secret), "{secret}");
    }
}

/// Everything that a log must not tell of these requests: what they sent and what they were answered with.
#[tokio::test]
async fn no_log_line_has_a_password_a_token_or_an_address() {
    let bed = Testbed::new().await;
    let registered = bed.send(request("POST", "/api/pms/auth/register", Some(account()), &[])).await.json();
    bed.send(request("POST", "/api/pms/auth/login", Some(account()), &[])).await;
    let wrong = json!({"email": "ann@example.org", "password": "battery"}).to_string().into_bytes();
    assert_eq!(bed.send(request("POST", "/api/pms/auth/login", Some(wrong), &[])).await.status(), 401);
    let invite = json!({"email": "eve@example.org", "role": "viewer"});
    let members = format!("/api/pms/stores/{}/members", bed.store);
    let invite = bed.call(Role::Owner, "POST", &members, Some(invite)).await.json();
    let key = json!({"name": "Till", "role": "viewer"});
    let key = bed.call(Role::Owner, "POST", "/api/pms/keys", Some(key)).await.json();
    let own = bed.api_key(bed.store, Role::Viewer).await;
    let (signing, path) = (bed.signing(), "/api/pms/products");
    let signed = bed.signature(&own, &signing, "GET", path, &[]);
    let headers: Vec<_> = signed.iter().map(|(name, value)| (*name, value.as_str())).collect();
    for _ in 0..2 {
        bed.send(request("GET", path, None, &headers)).await;
    }
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let mut secrets = vec![text(&registered["access_token"]), text(&registered["refresh_token"])];
    secrets.extend([text(&invite["invite_token"]), text(&key["secret"]), own.secret.clone(), signing.nonce]);
    secrets.extend(
        signed.iter().filter(|(name, _)| name.ends_with("Signature")).map(|(_, value)| value.clone()),
    );
    secrets.extend(["correct horse", "battery", "@example.org", "192.0.2.1", "Ann"].map(str::to_owned));
    let lines = bed.recorded.lines.borrow();
    assert!(lines.len() >= 7);
    for (_, line) in lines.iter() {
        let told = secrets.iter().find(|secret| line.contains(secret.as_str()));
        assert_eq!(told, None, "{line}");
    }
}
