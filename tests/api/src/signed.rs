//! Signed requests: one round trip, a nonce that counts once, and nothing that a key may not do.

use crate::product::{create, mug, path};
use futures::future::join_all;
use serde_json::json;
use storeroom_domain::Role;
use storeroom_domain::role::ROLES;
use storeroom_sql::{Args, Value};
use storeroom_testbed::{ApiKey, Reply, Signing, Testbed, request};

const PRODUCTS: &str = "/api/pms/products";

/// A request that is not sent as it was signed: the signed parts are those of `signing`, `method`, `path` and `body`.
struct Sent<'a> {
    method: &'a str,
    path: &'a str,
    body: Option<&'a str>,
    store: Option<String>,
}

/// Sends a `GET` of the products that says this of itself.
async fn read_as(bed: &Testbed, key: &ApiKey, signing: &Signing) -> Reply {
    write_as(bed, key, signing, "GET", PRODUCTS, None).await
}

async fn write_as(
    bed: &Testbed,
    key: &ApiKey,
    signing: &Signing,
    method: &str,
    path: &str,
    body: Option<&str>,
) -> Reply {
    let sent = Sent { method, path, body, store: None };
    send(bed, &bed.signature(key, signing, method, path, body.unwrap_or_default().as_bytes()), &sent).await
}

async fn send(bed: &Testbed, headers: &[(&'static str, String)], sent: &Sent<'_>) -> Reply {
    let mut all: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    if let Some(store) = &sent.store {
        all.retain(|(name, _)| *name != "X-Store-Id");
        all.push(("X-Store-Id", store));
    }
    bed.send(request(sent.method, sent.path, sent.body.map(|body| body.as_bytes().to_vec()), &all)).await
}

async fn count(bed: &Testbed, sql: &'static str) -> Value {
    bed.sql(sql, Args::new()).await[0][0].clone()
}

fn outcome(reply: &Reply) -> (u16, String) {
    (reply.status(), reply.code())
}

fn refused(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

#[tokio::test]
async fn takes_no_more_round_trips_than_a_session() {
    let bed = Testbed::new().await;
    let key = bed.api_key(bed.store, Role::Editor).await;
    let read = bed.signed(&key, "GET", PRODUCTS, None, &[]).await;
    assert_eq!((read.status(), read.round_trips, read.header("store-cursor")), (200, 1, Some("1.0")));
    let written = bed.signed(&key, "POST", PRODUCTS, Some(mug()), &[]).await;
    assert_eq!(
        (written.status(), written.round_trips, written.header("store-cursor")),
        (201, 1, Some("1.1"))
    );
    let product = written.json();
    let if_match = [("if-match", "\"1\"")];
    let patched = bed.signed(&key, "PATCH", &path(&product), Some(json!({"title": "T"})), &if_match).await;
    assert_eq!((patched.status(), patched.round_trips), (200, 2), "{}", patched.text());
    let feed = bed.signed(&key, "GET", "/api/pms/events", None, &[]).await.json();
    assert_eq!(feed["events"][1]["actor"], key.id.to_string());
    assert_eq!(count(&bed, "SELECT count(*) FROM nonces").await, 4.into(), "each request spends one, once");
}

#[tokio::test]
async fn a_nonce_counts_once_whatever_became_of_its_request() {
    let bed = Testbed::new().await;
    let product = create(&bed, mug()).await;
    let viewer = bed.api_key(bed.store, Role::Viewer).await;
    let editor = bed.api_key(bed.store, Role::Editor).await;
    let missing = format!("{PRODUCTS}/prd_01hf7yat00fentqaxbnentqaxb");
    let there = path(&product);
    for (key, method, path, body, status) in [
        (&viewer, "GET", PRODUCTS, None, 200),
        (&editor, "POST", PRODUCTS, Some(r#"{"title":"T"}"#), 201),
        (&viewer, "POST", PRODUCTS, Some(r#"{"title":"T"}"#), 403),
        (&viewer, "GET", missing.as_str(), None, 404),
        (&editor, "POST", PRODUCTS, Some("{}"), 422),
        (&editor, "POST", PRODUCTS, Some("{"), 400),
        (&editor, "GET", "/api/pms/products?limit=0", None, 400),
        (&editor, "DELETE", there.as_str(), None, 428),
    ] {
        let signing = bed.signing();
        let first = write_as(&bed, key, &signing, method, path, body).await;
        assert_eq!((first.status(), first.round_trips), (status, 1), "{method} {path}: {}", first.text());
        let again = write_as(&bed, key, &signing, method, path, body).await;
        assert_eq!(outcome(&again), refused(401, "nonce-replayed"), "{method} {path} after {status}");
        assert_eq!(again.header("store-cursor"), None);
        let otherwise = write_as(&bed, key, &signing, "DELETE", &there, None).await;
        assert_eq!(outcome(&otherwise), refused(401, "nonce-replayed"), "by another method after {status}");
    }
    let signing = bed.signing();
    assert_eq!(read_as(&bed, &viewer, &signing).await.status(), 200);
    assert_eq!(read_as(&bed, &editor, &signing).await.status(), 200, "a nonce is a key's own");
}

#[tokio::test]
async fn of_twenty_at_once_exactly_one_gets_through() {
    let bed = Testbed::new().await;
    let key = bed.api_key(bed.store, Role::Editor).await;
    for (method, body) in [("GET", None), ("POST", Some(r#"{"title":"T"}"#))] {
        let signing = bed.signing();
        let replies = join_all((0..20).map(|_| write_as(&bed, &key, &signing, method, PRODUCTS, body))).await;
        let good = replies.iter().filter(|reply| reply.status() < 300).count();
        let replayed = replies.iter().filter(|reply| reply.code() == "nonce-replayed").count();
        assert_eq!((good, replayed), (1, 19), "{method}");
    }
    assert_eq!(count(&bed, "SELECT count(*) FROM products").await, 1.into());
    assert_eq!(count(&bed, "SELECT count(*) FROM audit").await, 1.into());
}

#[tokio::test]
async fn what_was_signed_is_what_must_be_sent() {
    let bed = Testbed::new().await;
    let key = bed.api_key(bed.store, Role::Owner).await;
    let other = Some(bed.other_store.to_string());
    let (signed_path, body) = ("/api/pms/products?limit=1", Some(r#"{"title":"T"}"#));
    let as_signed = || Sent { method: "POST", path: signed_path, body, store: None };
    for (what, sent) in [
        ("method", Sent { method: "PUT", ..as_signed() }),
        ("path", Sent { path: "/api/pms/keys?limit=1", ..as_signed() }),
        ("query", Sent { path: "/api/pms/products?limit=2", ..as_signed() }),
        ("no query", Sent { path: PRODUCTS, ..as_signed() }),
        ("body", Sent { body: Some(r#"{"title":"t"}"#), ..as_signed() }),
        ("no body", Sent { body: None, ..as_signed() }),
        ("store", Sent { store: other, ..as_signed() }),
    ] {
        let headers = bed.signature(&key, &bed.signing(), "POST", signed_path, body.unwrap().as_bytes());
        let reply = send(&bed, &headers, &sent).await;
        // `PUT` is not for this address, which comes first.
        let expected = if what == "method" {
            refused(405, "method-not-allowed")
        } else {
            refused(401, "signature-invalid")
        };
        assert_eq!(outcome(&reply), expected, "{what}");
        assert_eq!(reply.round_trips, 0, "{what}");
    }
    let headers = bed.signature(&key, &bed.signing(), "POST", PRODUCTS, b"");
    let read = send(&bed, &headers, &Sent { method: "GET", path: PRODUCTS, body: None, store: None }).await;
    assert_eq!(outcome(&read), refused(401, "signature-invalid"));
    let wrong = ApiKey { secret: "sk_wrong".to_owned(), ..key.clone() };
    assert_eq!(outcome(&read_as(&bed, &wrong, &bed.signing()).await), refused(401, "signature-invalid"));
    let later = ApiKey { generation: 2, ..key };
    assert_eq!(outcome(&read_as(&bed, &later, &bed.signing()).await), refused(401, "signature-invalid"));
    assert_eq!(
        count(&bed, "SELECT count(*) FROM nonces").await,
        0.into(),
        "what is not proven spends nothing"
    );
}

#[tokio::test]
async fn a_signature_is_good_for_three_hundred_seconds_either_way() {
    let bed = Testbed::new().await;
    let key = bed.api_key(bed.store, Role::Viewer).await;
    for (off_s, expected) in [
        (300, (200, String::new())),
        (-300, (200, String::new())),
        (301, refused(401, "signature-expired")),
        (-301, refused(401, "signature-expired")),
    ] {
        let signing = bed.signing();
        let signing = Signing { timestamp_s: signing.timestamp_s + off_s, ..signing };
        assert_eq!(outcome(&read_as(&bed, &key, &signing).await), expected, "{off_s} s");
    }
}

#[tokio::test]
async fn a_nonce_is_kept_as_long_as_its_request_could_be_taken() {
    let bed = Testbed::new().await;
    let key = bed.api_key(bed.store, Role::Viewer).await;
    let signing = bed.signing();
    let signing = Signing { timestamp_s: signing.timestamp_s + 300, ..signing };
    assert_eq!(read_as(&bed, &key, &signing).await.status(), 200);
    for _ in 0..60 {
        bed.clock.advance(10_000);
        bed.signed(&key, "GET", PRODUCTS, None, &[]).await;
        assert_eq!(outcome(&read_as(&bed, &key, &signing).await), refused(401, "nonce-replayed"));
    }
    bed.clock.advance(999);
    assert_eq!(outcome(&read_as(&bed, &key, &signing).await), refused(401, "nonce-replayed"));
    bed.clock.advance(1);
    assert_eq!(outcome(&read_as(&bed, &key, &signing).await), refused(401, "signature-expired"));
}

#[tokio::test]
async fn nonces_do_not_pile_up() {
    let bed = Testbed::new().await;
    let key = bed.api_key(bed.store, Role::Viewer).await;
    for _ in 0..30 {
        bed.signed(&key, "GET", PRODUCTS, None, &[]).await;
    }
    assert_eq!(count(&bed, "SELECT count(*) FROM nonces").await, 30.into());
    bed.clock.advance(400_000);
    for _ in 0..30 {
        bed.signed(&key, "GET", PRODUCTS, None, &[]).await;
    }
    assert_eq!(count(&bed, "SELECT count(*) FROM nonces").await, 30.into(), "what has expired went");
    let (mut most, second) = (0, 1_000);
    for _ in 0..600 {
        bed.clock.advance(second);
        bed.signed(&key, "GET", PRODUCTS, None, &[]).await;
        if let Value::Integer(now) = count(&bed, "SELECT count(*) FROM nonces").await {
            most = most.max(now);
        }
    }
    assert!(most <= 395, "one a second, kept for 361 s, besides the 30: {most}");
}

#[tokio::test]
async fn a_store_must_be_named_and_be_the_keys_own() {
    let bed = Testbed::new().await;
    let key = bed.api_key(bed.store, Role::Owner).await;
    let unnamed = Signing { store: String::new(), ..bed.signing() };
    assert_eq!(outcome(&read_as(&bed, &key, &unnamed).await), refused(400, "store-required"));
    let strange = Signing { store: bed.other_store.to_string(), ..bed.signing() };
    let reply = read_as(&bed, &key, &strange).await;
    assert_eq!((outcome(&reply), reply.header("store-cursor")), (refused(404, "not-found"), None));
    let again = read_as(&bed, &key, &strange).await;
    assert_eq!(outcome(&again), refused(401, "nonce-replayed"), "that request spent its nonce too");
    let strange = Signing { store: bed.other_store.to_string(), ..bed.signing() };
    let body = Some(r#"{"title":"T"}"#);
    let reply = write_as(&bed, &key, &strange, "POST", PRODUCTS, body).await;
    assert_eq!((outcome(&reply), reply.header("store-cursor")), (refused(404, "not-found"), None));
    assert_eq!(count(&bed, "SELECT count(*) FROM products").await, 0.into());
}

#[tokio::test]
async fn what_ends_a_key_bites_at_the_next_request() {
    for sql in [
        "UPDATE api_keys SET revoked_at = :now WHERE id = :key",
        "UPDATE api_keys SET expires_at = :now WHERE id = :key",
        "UPDATE key_generations SET ends_at = :now WHERE key_id = :key",
        "DELETE FROM key_generations WHERE key_id = :key",
    ] {
        let bed = Testbed::new().await;
        let key = bed.api_key(bed.store, Role::Owner).await;
        assert_eq!(bed.signed(&key, "GET", PRODUCTS, None, &[]).await.status(), 200);
        let now = bed.ports.clock.now().ms();
        bed.sql(sql, Args::new().with("key", key.id.to_string()).with("now", now)).await;
        for (method, body) in [("GET", None), ("POST", Some(mug()))] {
            let reply = bed.signed(&key, method, PRODUCTS, body, &[]).await;
            assert_eq!(outcome(&reply), refused(401, "unauthenticated"), "{method} after {sql}");
            assert_eq!(reply.header("store-cursor"), None);
        }
    }
}

#[tokio::test]
async fn a_key_may_do_what_its_role_may() {
    let bed = Testbed::new().await;
    for role in ROLES {
        let key = bed.api_key(bed.store, role).await;
        for (method, path, body, needs) in [
            ("GET", PRODUCTS, None, "products:read"),
            ("POST", PRODUCTS, Some(json!({"title": "T"})), "products:write"),
            ("GET", "/api/pms/keys", None, "keys:manage"),
            ("GET", "/api/pms/audit", None, "audit:read"),
            ("GET", "/api/pms/audit/verify", None, "audit:read"),
        ] {
            let may = role.permissions().iter().any(|permission| permission.as_str() == needs);
            let reply = bed.signed(&key, method, path, body, &[]).await;
            assert_eq!(reply.status() < 300, may, "{method} {path} as {role:?}: {}", reply.text());
            assert!(may || reply.status() == 403, "{method} {path} as {role:?}");
        }
    }
}

#[tokio::test]
async fn a_key_has_no_account() {
    let bed = Testbed::new().await;
    let key = bed.api_key(bed.store, Role::Owner).await;
    for (method, path) in [
        ("GET", "/api/pms/auth/me"),
        ("DELETE", "/api/pms/auth/me"),
        ("GET", "/api/pms/stores"),
        ("POST", "/api/pms/auth/logout"),
    ] {
        let reply = bed.signed(&key, method, path, None, &[]).await;
        assert_eq!((outcome(&reply), reply.round_trips), (refused(403, "forbidden"), 0), "{method} {path}");
    }
}

#[tokio::test]
async fn a_request_has_one_credential() {
    let bed = Testbed::new().await;
    let key = bed.api_key(bed.store, Role::Owner).await;
    let token = format!("Bearer {}", bed.member(Role::Owner).token);
    let both = bed.signed(&key, "GET", PRODUCTS, None, &[("authorization", &token)]).await;
    assert_eq!((outcome(&both), both.round_trips), (refused(401, "unauthenticated"), 0));
    let half = [("x-api-key", "key_x.1"), ("authorization", token.as_str())];
    let reply = bed.call_with(Role::Owner, "GET", PRODUCTS, None, &half[..1]).await;
    assert_eq!(outcome(&reply), refused(401, "unauthenticated"), "a signature that is not whole is none");
}

#[tokio::test]
async fn refused_requests_count_as_use_too() {
    let bed = Testbed::new().await;
    let key = bed.api_key(bed.store, Role::Viewer).await;
    let strange = Signing { store: bed.other_store.to_string(), ..bed.signing() };
    let replayed = bed.signing();
    let statuses = [
        bed.signed(&key, "GET", PRODUCTS, None, &[]).await.status(),
        bed.signed(&key, "POST", PRODUCTS, Some(mug()), &[]).await.status(),
        bed.signed(&key, "GET", "/api/pms/products/prd_x", None, &[]).await.status(),
        read_as(&bed, &key, &strange).await.status(),
        read_as(&bed, &key, &replayed).await.status(),
        read_as(&bed, &key, &replayed).await.status(),
    ];
    assert_eq!(statuses, [200, 403, 404, 404, 200, 401]);
    assert_eq!(count(&bed, "SELECT sum(requests) FROM key_usage").await, 5.into(), "all but the replay");
}
