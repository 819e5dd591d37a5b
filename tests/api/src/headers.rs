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
