//! `/webhooks`: endpoints are made, listed, changed, paused, given new secrets, tested and deleted.

use crate::hooks::Hooks;
use crate::product::faults;
use serde_json::{Value, json};
use storeroom_domain::Role;
use storeroom_receiver::{Behaviour, verify};
use storeroom_testbed::Testbed;

const PATH: &str = "/api/pms/webhooks";

#[tokio::test]
async fn an_endpoint_is_made_with_a_secret_that_is_shown_once() {
    let bed = Testbed::new().await;
    let input = json!({"url": "https://hooks.shop.org/in?a=b", "types": ["order.paid", "order", "product"],
        "description": "The warehouse"});
    let reply = bed.call(Role::Admin, "POST", PATH, Some(input)).await;
    assert_eq!((reply.status(), reply.round_trips, reply.header("etag")), (201, 1, Some("\"1\"")));
    let made = reply.json();
    assert!(made["secret"].as_str().unwrap().starts_with("whsec_"), "{made}");
    assert_eq!(made["types"], json!(["order", "product"]), "a type under its topic is said already");
    assert_eq!(
        (&made["active"], &made["stopped"], &made["version"]),
        (&json!(true), &Value::Null, &json!(1))
    );
    let path = format!("{PATH}/{}", made["id"].as_str().unwrap());
    let read = bed.call(Role::Admin, "GET", &path, None).await;
    assert_eq!((read.status(), read.round_trips, read.header("etag")), (200, 1, Some("\"1\"")));
    let mut shown = made.clone();
    shown.as_object_mut().unwrap().remove("secret");
    assert_eq!(read.json(), shown);
    let list = bed.call(Role::Admin, "GET", PATH, None).await;
    assert_eq!((list.json()["items"].clone(), list.round_trips), (json!([shown]), 1));
    let lines = bed.recorded.lines.borrow();
    let secret = made["secret"].as_str().unwrap();
    assert!(lines.iter().all(|(_, line)| !line.contains(secret)), "the secret is in the log");
}

#[tokio::test]
async fn addresses_that_are_not_public_are_refused() {
    let bed = Testbed::new().await;
    for url in [
        "file:///etc/passwd",
        "ftp://hooks.shop.org/",
        "https://10.0.0.1/",
        "https://169.254.169.254/latest/meta-data",
        "https://2130706434/",
        "https://0x0a000001/",
        "https://[::ffff:10.0.0.1]/",
        "https://[fd00::1]/",
        "https://user:password@hooks.shop.org/",
        "https://metadata.google.internal/",
        "https://xn--a/",
        "not an address",
        "//hooks.shop.org",
    ] {
        let reply = bed.call(Role::Admin, "POST", PATH, Some(json!({"url": url}))).await;
        assert_eq!((reply.status(), reply.code().as_str()), (422, "endpoint-url-refused"), "{url}");
        assert!(reply.json()["detail"].as_str().unwrap().len() > 20, "{url}");
    }
    let long = format!("https://hooks.shop.org/{}", "a".repeat(1_000_000));
    let reply = bed.call(Role::Admin, "POST", PATH, Some(json!({"url": long}))).await;
    assert_eq!((reply.status(), faults(&reply)), (422, vec!["/url too_long".to_owned()]));
    let longer = format!("https://hooks.shop.org/{}", "a".repeat(2_000_000));
    let reply = bed.call(Role::Admin, "POST", PATH, Some(json!({"url": longer}))).await;
    assert_eq!(reply.code(), "body-too-large");
    assert_eq!(bed.call(Role::Admin, "GET", PATH, None).await.json()["items"], json!([]));
}

#[tokio::test]
async fn filters_name_what_there_is() {
    let bed = Testbed::new().await;
    let make = |types: Value| {
        let input = json!({"url": "https://hooks.shop.org/", "types": types});
        let bed = &bed;
        async move { bed.call(Role::Admin, "POST", PATH, Some(input)).await }
    };
    let reply = make(json!(["order.paid", "order.payed", "*"])).await;
    assert_eq!(faults(&reply), ["/types/1 unknown_value", "/types/2 unknown_value"]);
    let many: Vec<String> = (0..1_000).map(|n| format!("order.{n}")).collect();
    assert_eq!(faults(&make(json!(many)).await), ["/types too_many"]);
    assert_eq!(faults(&make(json!(["order", "order"])).await), ["/types/1 duplicate"]);
}

#[tokio::test]
async fn a_store_has_fifty_endpoints_at_most() {
    let bed = Testbed::new().await;
    for n in 0..=50 {
        let input = json!({"url": format!("https://hooks.shop.org/{n}")});
        let status = bed.call(Role::Admin, "POST", PATH, Some(input)).await.status();
        assert_eq!(status, if n < 50 { 201 } else { 422 }, "{n}");
    }
}

#[tokio::test]
async fn a_patch_changes_what_it_names() {
    let bed = Testbed::new().await;
    let hooks = Hooks::at(&bed);
    let hook = hooks.endpoint("/a", &["product"]).await;
    let patch = |body: Value, version: &'static str| {
        let (bed, path) = (&bed, hook.path(""));
        async move { bed.call_with(Role::Admin, "PATCH", &path, Some(body), &[("if-match", version)]).await }
    };
    let changed = patch(json!({"description": "d", "types": ["order"]}), "\"1\"").await;
    assert_eq!((changed.status(), changed.round_trips, changed.header("etag")), (200, 1, Some("\"2\"")));
    let document = changed.json();
    assert_eq!((&document["description"], &document["types"]), (&json!("d"), &json!(["order"])));
    assert_eq!(document["url"], json!(hooks.receiver.url("/a")));
    let stale = patch(json!({"description": "e"}), "\"1\"").await;
    assert_eq!((stale.code().as_str(), &stale.json()["current"]), ("version-conflict", &document));
    assert_eq!(patch(json!({"url": "https://10.1.1.1/"}), "*").await.code(), "endpoint-url-refused");
    assert_eq!(faults(&patch(json!({"types": ["nothing"]}), "*").await), ["/types/0 unknown_value"]);
    hooks.event().await;
    assert_eq!(hooks.deliveries(&hook, "").await, Vec::<Value>::new(), "its types are others now");
}

#[tokio::test]
async fn a_new_secret_signs_beside_the_old_one_until_the_overlap_ends() {
    let bed = Testbed::new().await;
    let hooks = Hooks::at(&bed);
    let old = hooks.endpoint("/a", &[]).await;
    let rotated = hooks.send("POST", &old.path("/rotate"), Some(json!({"overlap_seconds": 60}))).await;
    assert_eq!((rotated.status(), rotated.round_trips), (200, 1), "{}", rotated.text());
    let new = rotated.json()["secret"].as_str().unwrap().to_owned();
    assert_ne!(new, old.secret);
    assert_eq!(rotated.json()["overlap_until"], json!("2026-11-20T09:31:00.000Z"));
    for (seconds, old_is_good) in [(0, true), (59, true), (1, false)] {
        bed.clock.advance(seconds * 1_000);
        hooks.receiver.forget();
        hooks.event().await;
        hooks.due().await;
        let request = &hooks.receiver.requests()[0];
        assert!(verify(&new, request).is_ok());
        assert_eq!(verify(&old.secret, request).is_ok(), old_is_good, "after {seconds} s more");
    }
}

#[tokio::test]
async fn at_most_eight_secrets_sign() {
    let bed = Testbed::new().await;
    let hooks = Hooks::at(&bed);
    let hook = hooks.endpoint("/a", &[]).await;
    for n in 2..=9 {
        let reply = hooks.send("POST", &hook.path("/rotate"), Some(json!({"overlap_seconds": 3600}))).await;
        assert_eq!(reply.status(), if n <= 8 { 200 } else { 422 }, "{n}");
    }
    assert_eq!(hooks.send("POST", &hook.path("/rotate"), None).await.status(), 200, "without an overlap");
}

#[tokio::test]
async fn a_test_answers_with_its_outcome() {
    let bed = Testbed::new().await;
    let hooks = Hooks::at(&bed);
    let hook = hooks.endpoint("/a", &["order"]).await;
    hooks.receiver.on("/a", Behaviour::Text(200, "thanks".to_owned()));
    let reply = hooks.send("POST", &hook.path("/test"), None).await;
    assert_eq!((reply.status(), reply.round_trips), (200, 2), "{}", reply.text());
    let outcome = reply.json();
    assert_eq!((&outcome["delivered"], &outcome["status"]), (&json!(true), &json!(200)));
    assert_eq!(outcome["answer"], json!("thanks"));
    let sent = hook.verified(&hooks.receiver.requests()[0]);
    assert_eq!((&sent["type"], &sent["id"]), (&json!("webhook.test"), &outcome["event_id"]));
    for (behaviour, status) in
        [(Behaviour::Status(503), json!(503)), (Behaviour::HangBeforeHead, Value::Null)]
    {
        hooks.receiver.on("/a", behaviour);
        let outcome = hooks.send("POST", &hook.path("/test"), None).await.json();
        assert_eq!((&outcome["delivered"], &outcome["status"]), (&json!(false), &status));
        assert_eq!(outcome["error"].is_null(), !status.is_null(), "{outcome}");
    }
    assert_eq!(hooks.deliveries(&hook, "").await, Vec::<Value>::new(), "a test is in no log");
}

#[tokio::test]
async fn a_test_is_sent_once_under_its_key_and_also_to_an_endpoint_that_is_paused() {
    let bed = Testbed::new().await;
    let hooks = Hooks::at(&bed);
    let hook = hooks.endpoint("/a", &[]).await;
    hooks.send("PATCH", &hook.path(""), Some(json!({"active": false}))).await;
    let key = [("idempotency-key", "once")];
    let [first, again] = [
        bed.call_with(Role::Admin, "POST", &hook.path("/test"), None, &key).await,
        bed.call_with(Role::Admin, "POST", &hook.path("/test"), None, &key).await,
    ];
    assert_eq!((first.status(), first.text()), (200, again.text()));
    assert_eq!(hooks.receiver.requests().len(), 1);
}

#[tokio::test]
async fn an_endpoint_goes_with_all_that_is_its_own() {
    let bed = Testbed::new().await;
    let hooks = Hooks::at(&bed);
    let [hook, other] = [hooks.endpoint("/a", &[]).await, hooks.endpoint("/b", &[]).await];
    hooks.event().await;
    hooks.due().await;
    let delivery = hooks.delivery(&hook).await["id"].as_str().unwrap().to_owned();
    let reply = hooks.send("DELETE", &hook.path(""), None).await;
    assert_eq!((reply.status(), reply.round_trips), (204, 1));
    for (method, rest) in [("GET", ""), ("POST", "/replay")] {
        let path = format!("/api/pms/deliveries/{delivery}{rest}");
        assert_eq!(hooks.send(method, &path, None).await.code(), "not-found", "{method} {rest}");
    }
    for (method, rest) in
        [("GET", ""), ("GET", "/deliveries"), ("POST", "/test"), ("POST", "/rotate"), ("DELETE", "")]
    {
        assert_eq!(hooks.send(method, &hook.path(rest), None).await.code(), "not-found", "{method} {rest}");
    }
    hooks.event().await;
    hooks.due().await;
    assert_eq!(hooks.receiver.requests_to("/a").len(), 1);
    assert_eq!(hooks.deliveries(&other, "").await.len(), 2);
    let left = "SELECT (SELECT count(*) FROM deliveries), (SELECT count(*) FROM delivery_attempts), \
        (SELECT count(*) FROM webhook_remains)";
    assert_eq!(bed.sql(left, storeroom_sql::Args::new()).await[0], [2.into(), 2.into(), 0.into()]);
}
