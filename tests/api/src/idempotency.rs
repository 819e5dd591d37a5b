//! Idempotency keys: what was done is done once, and the same request gets the same answer for 72 h.

use crate::access_table::{Ground, Holder};
use crate::product::{create, log, mug, path, simple};
use futures::future::join_all;
use serde_json::{Value, json};
use storeroom_domain::Role;
use storeroom_operations::operation::{Idempotency, Row};
use storeroom_operations::table::operations;
use storeroom_sql::{Args, idempotency};
use storeroom_testbed::{Fault, Reply, Testbed, request};

const PRODUCTS: &str = "/api/pms/products";

async fn post(bed: &Testbed, role: Role, path: &str, body: Option<Value>, key: &str) -> Reply {
    bed.call_with(role, "POST", path, body, &[("idempotency-key", key)]).await
}

/// Makes a product as the owner.
async fn keyed(bed: &Testbed, body: Value, key: &str) -> Reply {
    post(bed, Role::Owner, PRODUCTS, Some(body), key).await
}

fn is_replayed(reply: &Reply) -> bool {
    reply.header("idempotent-replayed") == Some("true")
}

fn code(reply: &Reply) -> (u16, String) {
    (reply.status(), reply.code())
}

/// What must not differ between an answer and its replay.
fn answer(reply: &Reply) -> (u16, String, [Option<&str>; 3]) {
    let headers = ["etag", "location", "content-type"].map(|name| reply.header(name));
    (reply.status(), reply.text(), headers)
}

async fn count(bed: &Testbed, sql: &'static str) -> i64 {
    match bed.sql(sql, Args::new()).await[0][0] {
        storeroom_sql::Value::Integer(count) => count,
        ref other => panic!("{other:?}"),
    }
}

const KEPT: &str = "SELECT count(*) FROM idempotency_keys";

#[tokio::test]
async fn the_same_again_gets_the_same_answer() {
    let bed = Testbed::new().await;
    let first = keyed(&bed, mug(), "k").await;
    assert_eq!((first.status(), first.round_trips, is_replayed(&first)), (201, 1, false), "{}", first.text());
    bed.clock.advance(5_000);
    let again = keyed(&bed, mug(), "k").await;
    assert_eq!(answer(&again), answer(&first));
    assert_eq!(
        (again.round_trips, is_replayed(&again), again.header("store-cursor")),
        (1, true, Some("1.1"))
    );
    assert!(again.header("location").is_some() && again.header("etag") == Some("\"1\""));
    assert_ne!(again.header("x-request-id"), first.header("x-request-id"), "it is another request");
    assert_eq!(log(&bed, Role::Owner).await.len(), 1);
    assert_eq!(count(&bed, "SELECT audit_count FROM stores WHERE seq > 0").await, 1);
}

#[tokio::test]
async fn the_first_answer_is_the_one_without_a_key() {
    let [with, without] = [Testbed::new().await, Testbed::new().await];
    let with = keyed(&with, mug(), "k").await;
    let without = without.call(Role::Owner, "POST", PRODUCTS, Some(mug())).await;
    assert_eq!(answer(&with), answer(&without));
}

#[tokio::test]
async fn another_request_under_the_key_is_refused() {
    let bed = Testbed::new().await;
    let product = keyed(&bed, mug(), "k").await.json();
    let elsewhere = format!("{}/archive", path(&product));
    let with_query = format!("{PRODUCTS}?store={}", bed.store);
    let spaced = mug().to_string() + " ";
    let token = format!("Bearer {}", bed.member(Role::Owner).token);
    let store = bed.store.to_string();
    let headers = [("authorization", token.as_str()), ("x-store-id", &store), ("idempotency-key", "k")];
    let others = [
        keyed(&bed, simple("Other", "O"), "k").await,
        post(&bed, Role::Owner, &elsewhere, None, "k").await,
        post(&bed, Role::Owner, &with_query, Some(mug()), "k").await,
        bed.send(request("POST", PRODUCTS, Some(spaced.into_bytes()), &headers)).await,
    ];
    for other in &others {
        assert_eq!(code(other), (422, "idempotency-key-reused".to_owned()));
        assert_eq!(
            (other.round_trips, other.header("store-cursor"), is_replayed(other)),
            (1, Some("1.1"), false)
        );
    }
    assert_eq!((log(&bed, Role::Owner).await.len(), count(&bed, KEPT).await), (1, 1));
    assert!(is_replayed(&keyed(&bed, mug(), "k").await), "the first one stays");
}

#[tokio::test]
async fn what_was_refused_may_be_tried_again() {
    let bed = Testbed::new().await;
    let other = create(&bed, simple("Other", "MUG-S")).await;
    assert_eq!(keyed(&bed, mug(), "k").await.code(), "sku-taken");
    assert_eq!(keyed(&bed, json!({"title": ""}), "k").await.code(), "validation-failed");
    assert_eq!(count(&bed, KEPT).await, 0);
    bed.call_with(Role::Owner, "DELETE", &path(&other), None, &[("if-match", "*")]).await;
    let done = keyed(&bed, mug(), "k").await;
    assert_eq!((done.status(), is_replayed(&done)), (201, false), "{}", done.text());
    assert_eq!(answer(&keyed(&bed, mug(), "k").await), answer(&done));
}

#[tokio::test]
async fn a_key_is_its_senders_in_its_store() {
    let bed = Testbed::new().await;
    let owner = bed.member(Role::Owner);
    bed.join(&owner, bed.other_store, Role::Owner).await;
    let token = format!("Bearer {}", owner.token);
    let other_store = bed.other_store.to_string();
    let headers = [("authorization", token.as_str()), ("x-store-id", &other_store), ("idempotency-key", "k")];
    let body = || Some(json!({"title": "Cup"}));
    for role in [Role::Owner, Role::Editor] {
        let first = post(&bed, role, PRODUCTS, body(), "k").await;
        assert_eq!((first.status(), is_replayed(&first)), (201, false), "{role:?}: {}", first.text());
    }
    let elsewhere = || request("POST", PRODUCTS, body().map(|json| json.to_string().into_bytes()), &headers);
    let first = bed.send(elsewhere()).await;
    assert_eq!((first.status(), is_replayed(&first)), (201, false), "{}", first.text());
    assert_eq!(answer(&bed.send(elsewhere()).await), answer(&first));
    assert_eq!(count(&bed, KEPT).await, 3);
}

#[tokio::test]
async fn a_replay_comes_before_the_version() {
    let bed = Testbed::new().await;
    let product = create(&bed, mug()).await;
    let publish = format!("{}/publish", path(&product));
    let send = async |version: &str| {
        let headers = [("idempotency-key", "k"), ("if-match", version)];
        bed.call_with(Role::Owner, "POST", &publish, None, &headers).await
    };
    let first = send("\"1\"").await;
    assert_eq!((first.status(), first.header("etag")), (200, Some("\"2\"")), "{}", first.text());
    for version in ["\"1\"", "\"7\"", "nonsense"] {
        let again = send(version).await;
        assert_eq!(
            (answer(&again), again.round_trips, is_replayed(&again)),
            (answer(&first), 1, true),
            "{version}"
        );
    }
    let again = bed.call_with(Role::Owner, "POST", &publish, None, &[("if-match", "\"1\"")]).await;
    assert_eq!(again.code(), "version-conflict", "without the key it is stale");
}

#[tokio::test]
async fn an_answer_is_kept_for_72_hours() {
    let bed = Testbed::new().await;
    let key = bed.api_key(bed.store, Role::Editor).await;
    let archive = format!("{}/archive", path(&create(&bed, mug()).await));
    let headers = [("idempotency-key", "k")];
    let send = async || bed.signed(&key, "POST", &archive, None, &headers).await;
    let first = send().await;
    bed.clock.advance(idempotency::KEPT_FOR_MS - 1);
    assert_eq!((answer(&send().await), is_replayed(&send().await)), (answer(&first), true));
    bed.clock.advance(1);
    assert_eq!(code(&send().await), (409, "illegal-transition".to_owned()), "it is tried anew");
    let create = async || bed.signed(&key, "POST", PRODUCTS, Some(json!({"title": "T"})), &headers).await;
    let other = create().await;
    assert_eq!(
        (other.status(), is_replayed(&other)),
        (201, false),
        "the key is free again: {}",
        other.text()
    );
    let again = create().await;
    assert_eq!((answer(&again), is_replayed(&again)), (answer(&other), true));
}

#[tokio::test]
async fn an_expired_answer_is_replaced_whatever_else_is_swept() {
    let bed = Testbed::new().await;
    let key = bed.api_key(bed.store, Role::Editor).await;
    let send = async |name: &str| {
        let headers = [("idempotency-key", name)];
        bed.signed(&key, "POST", PRODUCTS, Some(json!({"title": name})), &headers).await.status()
    };
    for name in ["a", "b", "c", "d"] {
        assert_eq!(send(name).await, 201);
        bed.clock.advance(1);
    }
    bed.clock.advance(idempotency::KEPT_FOR_MS);
    assert_eq!((send("d").await, count(&bed, KEPT).await), (201, 2), "a and b are swept, d is replaced");
    assert_eq!((send("e").await, count(&bed, KEPT).await), (201, 2), "c is swept");
}

#[tokio::test]
async fn many_at_once_do_it_once() {
    let bed = Testbed::new().await;
    let replies = join_all((0..20).map(|_| keyed(&bed, mug(), "k"))).await;
    assert!(replies.iter().all(|reply| answer(reply) == answer(&replies[0]) && reply.status() == 201));
    assert_eq!(replies.iter().filter(|reply| is_replayed(reply)).count(), 19);
    assert_eq!(log(&bed, Role::Owner).await.len(), 1);
}

#[tokio::test]
async fn a_lost_answer_is_found_again() {
    let bed = Testbed::new().await;
    bed.database.fault.set(Fault::AnswerLost);
    let lost = keyed(&bed, mug(), "k").await;
    assert_eq!(code(&lost), (503, "outcome-unknown".to_owned()));
    assert!(lost.text().contains("same `Idempotency-Key`"), "{}", lost.text());
    let without = bed.call(Role::Owner, "POST", PRODUCTS, Some(simple("Other", "O"))).await;
    assert!(!without.text().contains("Idempotency-Key"), "{}", without.text());
    bed.database.fault.set(Fault::None);
    let found = keyed(&bed, mug(), "k").await;
    assert_eq!((found.status(), found.round_trips, is_replayed(&found)), (201, 1, true), "{}", found.text());
    let read = bed.call(Role::Owner, "GET", found.header("location").unwrap(), None).await;
    assert_eq!(read.text(), found.text());
    assert_eq!(log(&bed, Role::Owner).await.len(), 2);
}

#[tokio::test]
async fn a_signed_request_is_repeated_with_another_nonce() {
    let bed = Testbed::new().await;
    let (key, other) =
        (bed.api_key(bed.store, Role::Editor).await, bed.api_key(bed.store, Role::Editor).await);
    let headers = [("idempotency-key", "k")];
    let cup = || Some(simple("Cup", "CUP"));
    let first = bed.signed(&key, "POST", PRODUCTS, cup(), &headers).await;
    let again = bed.signed(&key, "POST", PRODUCTS, cup(), &headers).await;
    assert_eq!((answer(&again), is_replayed(&again), again.round_trips), (answer(&first), true, 1));
    let broken = bed.signed(&key, "POST", PRODUCTS, Some(json!({})), &headers).await;
    assert_eq!((code(&broken), broken.round_trips), ((422, "idempotency-key-reused".to_owned()), 1));
    let others = bed.signed(&other, "POST", PRODUCTS, cup(), &headers).await;
    assert_eq!(others.code(), "sku-taken", "another key's keys are its own");
    assert_eq!(count(&bed, "SELECT count(*) FROM nonces").await, 4, "each request spends one, once");
    assert_eq!(log(&bed, Role::Owner).await.len(), 1);
}

#[tokio::test]
async fn a_key_comes_after_access_and_before_everything_else() {
    let bed = Testbed::new().await;
    let long = "k".repeat(256);
    for (role, key, body, expected) in [
        (Role::Viewer, long.as_str(), mug(), (403, "forbidden")),
        (Role::Viewer, "", json!({}), (403, "forbidden")),
        (Role::Editor, long.as_str(), mug(), (400, "malformed-request")),
        (Role::Editor, "", json!({}), (400, "malformed-request")),
        (Role::Editor, "k", json!({}), (422, "validation-failed")),
    ] {
        let reply = post(&bed, role, PRODUCTS, Some(body), key).await;
        assert_eq!((code(&reply), reply.round_trips), ((expected.0, expected.1.to_owned()), 1), "{key}");
    }
    let twice = [("idempotency-key", "k"), ("idempotency-key", "k")];
    let twice = bed.call_with(Role::Editor, "POST", PRODUCTS, Some(mug()), &twice).await;
    assert_eq!(code(&twice), (400, "malformed-request".to_owned()));
    let stranger = format!("Bearer {}", bed.stranger.token);
    let store = bed.store.to_string();
    let headers = [("authorization", stranger.as_str()), ("x-store-id", &store), ("idempotency-key", "")];
    let reply = bed.send(request("POST", PRODUCTS, Some(b"{}".to_vec()), &headers)).await;
    assert_eq!(code(&reply), (404, "not-found".to_owned()));
    assert_eq!(count(&bed, KEPT).await, 0);
}

#[tokio::test]
async fn what_the_database_never_sees_is_looked_up_in_one_trip() {
    let bed = Testbed::new().await;
    let first = keyed(&bed, mug(), "k").await;
    for (body, query) in [("{", ""), (r#"{"title":""}"#, ""), ("{}", "?colour=red")] {
        let token = format!("Bearer {}", bed.member(Role::Owner).token);
        let store = bed.store.to_string();
        let headers = [("authorization", token.as_str()), ("x-store-id", &store), ("idempotency-key", "k")];
        let sent = request("POST", &format!("{PRODUCTS}{query}"), Some(body.into()), &headers);
        let reply = bed.send(sent).await;
        assert_eq!(
            (code(&reply), reply.round_trips),
            ((422, "idempotency-key-reused".to_owned()), 1),
            "{body}"
        );
        assert_eq!(reply.header("store-cursor"), Some("1.1"));
    }
    assert_eq!(answer(&keyed(&bed, mug(), "k").await), answer(&first));
}

#[tokio::test]
async fn who_lost_access_gets_no_answer_again() {
    let bed = Testbed::new().await;
    assert_eq!(post(&bed, Role::Editor, PRODUCTS, Some(mug()), "k").await.status(), 201);
    let editor = bed.member(Role::Editor).identity.user;
    let member = format!("/api/pms/stores/{}/members/{editor}", bed.store);
    bed.call(Role::Owner, "PATCH", &member, Some(json!({"role": "viewer"}))).await;
    for body in [mug(), json!({})] {
        let again = post(&bed, Role::Editor, PRODUCTS, Some(body), "k").await;
        assert_eq!((code(&again), again.header("store-cursor")), ((403, "forbidden".to_owned()), None));
    }
}

/// Members of an answer that are shown once.
const SECRETS: [&str; 2] = ["secret", "invite_token"];

fn without_secrets(mut answer: Value) -> Value {
    for secret in SECRETS {
        answer.as_object_mut().unwrap().remove(secret);
    }
    answer
}

/// What comes while it is worked on is noted first, compared when it has come, and the note is taken back.
fn trips(row: &Row) -> u32 {
    if row.takes_flow() { 3 } else { 1 }
}

async fn every_way_to_repeat(row: &'static Row) {
    let mut ground = Ground::of(row).await;
    let mut line = ground.line(row).header("idempotency-key", "k");
    let owner = Holder::of(row, Role::Owner);
    if row.idempotency() == Idempotency::Required {
        let none = ground.send(line.clone().without_header("idempotency-key"), owner).await;
        assert_eq!(code(&none), (400, "idempotency-key-required".to_owned()), "{}", row.name);
    }
    let first = ground.send(line.clone(), owner).await;
    assert_eq!((first.status(), is_replayed(&first)), (row.success, false), "{}: {}", row.name, first.text());
    let before = ground.logs().await;
    let again = ground.send(line.clone(), owner).await;
    assert_eq!(
        (again.status(), again.round_trips, is_replayed(&again)),
        (row.success, trips(row), true),
        "{}",
        row.name
    );
    for name in ["etag", "location", "content-type"] {
        assert_eq!(again.header(name), first.header(name), "{}", row.name);
    }
    if SECRETS.iter().any(|secret| first.json().get(secret).is_some()) {
        assert_eq!(again.json(), without_secrets(first.json()), "{}", row.name);
    } else {
        assert_eq!(again.text(), first.text(), "{}", row.name);
    }
    line.body = Some(b"{\"other\":1}".to_vec());
    let other = ground.send(line, owner).await;
    assert_eq!(
        (code(&other), other.round_trips),
        ((422, "idempotency-key-reused".to_owned()), trips(row)),
        "{}",
        row.name
    );
    assert_eq!(ground.logs().await, before, "{} did it again", row.name);
}

#[tokio::test]
async fn every_post_takes_a_key() {
    let mut count = 0;
    for row in operations().map(|operation| operation.row()) {
        if row.idempotency() != Idempotency::None {
            every_way_to_repeat(row).await;
            count += 1;
        }
    }
    assert!(count >= 8, "only {count} rows");
}

#[tokio::test]
async fn a_secret_is_shown_once_and_not_kept() {
    let bed = Testbed::new().await;
    let keys = "/api/pms/keys";
    let members = format!("/api/pms/stores/{}/members", bed.store);
    let invite = json!({"email": "bob@example.org", "role": "viewer"});
    for (path, body, secret) in
        [(keys, json!({"name": "Till", "role": "viewer"}), "secret"), (&members, invite, "invite_token")]
    {
        let first = post(&bed, Role::Owner, path, Some(body.clone()), path).await;
        let shown = first.json()[secret].as_str().unwrap_or_else(|| panic!("{}", first.text())).to_owned();
        let again = post(&bed, Role::Owner, path, Some(body), path).await;
        assert!(is_replayed(&again) && !again.text().contains(&shown) && again.json().get(secret).is_none());
        let args = Args::new().with("shown", shown);
        let kept =
            bed.sql("SELECT count(*) FROM idempotency_keys WHERE body LIKE '%' || :shown || '%'", args);
        assert_eq!(kept.await[0][0], storeroom_sql::Value::from(0), "{path}");
    }
}

#[tokio::test]
async fn a_store_is_opened_once() {
    let bed = Testbed::new().await;
    let body = json!({"name": "Kiosk", "currency": "EUR", "timezone": "Europe/Berlin"});
    let first = post(&bed, Role::Owner, "/api/pms/stores", Some(body.clone()), "k").await;
    assert_eq!((first.status(), first.header("etag")), (201, Some("\"1\"")), "{}", first.text());
    let again = post(&bed, Role::Owner, "/api/pms/stores", Some(body), "k").await;
    assert_eq!((answer(&again), is_replayed(&again), again.round_trips), (answer(&first), true, 1));
    let broken = post(&bed, Role::Owner, "/api/pms/stores", Some(json!({})), "k").await;
    assert_eq!((code(&broken), broken.round_trips), ((422, "idempotency-key-reused".to_owned()), 1));
    assert_eq!(count(&bed, "SELECT count(*) FROM stores").await, 3);
    assert_eq!(count(&bed, "SELECT count(*) FROM idempotency_keys WHERE store_id = ''").await, 1);
}

#[tokio::test]
async fn other_operations_pay_no_attention_to_a_key() {
    let bed = Testbed::new().await;
    let ticket = async || post(&bed, Role::Owner, "/api/pms/room/ticket", None, "k").await;
    let (first, second) = (ticket().await, ticket().await);
    assert!(first.status() < 300 && first.text() != second.text() && !is_replayed(&second));
    let product = create(&bed, mug()).await;
    let headers = [("idempotency-key", ""), ("if-match", "*")];
    for version in ["\"2\"", "\"3\""] {
        let body = json!({"title": version});
        let reply = bed.call_with(Role::Owner, "PATCH", &path(&product), Some(body), &headers).await;
        assert_eq!((reply.status(), reply.header("etag")), (200, Some(version)), "{}", reply.text());
    }
    assert_eq!(count(&bed, KEPT).await, 0);
}
