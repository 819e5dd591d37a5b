//! `/stores`: opening, listing, reading and changing a store.

use crate::product::{create as create_product, faults, log, simple};
use serde_json::{Value as Json, json};
use storeroom_domain::Role;
use storeroom_operations::schema::Schema;
use storeroom_operations::shapes::store::STORE;
use storeroom_operations::validate::validate;
use storeroom_sql::{Args, Value};
use storeroom_testbed::{Member, Reply, Testbed, request};

/// Sends a request of that member, about no store unless the path names one.
pub async fn send_as(bed: &Testbed, member: &Member, method: &str, path: &str, body: Option<Json>) -> Reply {
    let token = format!("Bearer {}", member.token);
    let body = body.map(|json| json.to_string().into_bytes());
    bed.send(request(method, path, body, &[("authorization", &token)])).await
}

/// The audit log as the table has it: action, actor, subject.
pub async fn audit_rows(bed: &Testbed, store: &str) -> Vec<Vec<Value>> {
    let args = Args::new().with("store", store);
    bed.sql("SELECT action, actor, subject FROM audit WHERE store_id = :store ORDER BY seq", args).await
}

/// A row of `audit_rows`.
pub fn audit_row(action: &str, actor: &Member, subject: Option<&str>) -> Vec<Value> {
    vec![action.into(), actor.identity.user.to_string().into(), subject.into()]
}

fn hearth() -> Json {
    json!({"name": "Hearth", "currency": "EUR", "timezone": "Europe/Berlin"})
}

async fn open(bed: &Testbed, member: &Member, store: Json) -> Json {
    let reply = send_as(bed, member, "POST", "/api/pms/stores", Some(store)).await;
    assert_eq!(reply.status(), 201, "{}", reply.text());
    reply.json()
}

fn path(store: &Json) -> String {
    format!("/api/pms/stores/{}", store["id"].as_str().unwrap())
}

#[tokio::test]
async fn a_store_begins_with_an_owner_a_location_a_revision_and_an_audit_log() {
    let bed = Testbed::new().await;
    let owner = bed.member(Role::Viewer);
    let reply = send_as(&bed, &owner, "POST", "/api/pms/stores", Some(hearth())).await;
    assert_eq!((reply.status(), reply.round_trips), (201, 1), "{}", reply.text());
    let store = reply.json();
    let id = store["id"].as_str().unwrap();
    let expected = json!({
        "id": id, "name": "Hearth", "currency": "EUR", "timezone": "Europe/Berlin", "tax_rate_basis_points": 0,
        "prices_include_tax": true, "order_expiry_seconds": 1800, "hold_expiry_seconds": 900, "low_stock_default": 5,
        "version": 1, "created_at": "2026-11-20T09:30:00.000Z", "updated_at": "2026-11-20T09:30:00.000Z",
    });
    assert_eq!(store, expected);
    assert_eq!(validate(&Schema::Object(&STORE), &store), []);
    assert_eq!(
        (reply.header("etag"), reply.header("location")),
        (Some("\"1\""), Some(path(&store).as_str()))
    );

    let counts = "SELECT (SELECT count(*) FROM locations WHERE store_id = :store AND name = 'Main' AND is_default = 1), \
        (SELECT count(*) FROM memberships WHERE store_id = :store AND user_id = :user AND role = 'owner'), \
        (SELECT count(*) FROM revisions WHERE store_id = :store AND subject = :store AND version = 1 AND actor = :user \
            AND document ->> '$.name' = 'Hearth'), \
        (SELECT seq FROM stores WHERE id = :store), (SELECT audit_count FROM stores WHERE id = :store), \
        (SELECT length(hash) FROM audit WHERE store_id = :store AND seq = 1 AND address = '192.0.2.1')";
    let args = Args::new().with("store", id).with("user", owner.identity.user.to_string());
    assert_eq!(bed.sql(counts, args).await, [[1, 1, 1, 0, 1, 64].map(Value::from).to_vec()]);
    assert_eq!(audit_rows(&bed, id).await, [audit_row("accounts.create_store", &owner, Some(id))]);

    let read = send_as(&bed, &owner, "GET", &path(&store), None).await;
    assert_eq!((read.json(), read.header("etag"), read.round_trips), (store, Some("\"1\""), 1));
}

#[tokio::test]
async fn every_setting_can_be_given_at_the_opening() {
    let bed = Testbed::new().await;
    let mut input = hearth();
    for (name, value) in [
        ("tax_rate_basis_points", json!(1900)),
        ("prices_include_tax", json!(false)),
        ("order_expiry_seconds", json!(60)),
        ("hold_expiry_seconds", json!(10)),
        ("low_stock_default", json!(0)),
    ] {
        input[name] = value;
    }
    let store = open(&bed, &bed.stranger, input.clone()).await;
    for (name, value) in input.as_object().unwrap() {
        assert_eq!(&store[name], value, "{name}");
    }
}

#[tokio::test]
async fn what_is_no_store_is_refused() {
    let bed = Testbed::new().await;
    let refused = json!({"name": "", "currency": "EUX", "timezone": "Europe/Atlantis", "tax_rate_basis_points": 10_001,
        "order_expiry_seconds": 59, "hold_expiry_seconds": 9, "low_stock_default": -1, "prices_include_tax": null});
    let reply = send_as(&bed, &bed.stranger, "POST", "/api/pms/stores", Some(refused)).await;
    assert_eq!((reply.status(), faults(&reply).len()), (422, 8), "{}", reply.text());
    let empty = send_as(&bed, &bed.stranger, "POST", "/api/pms/stores", Some(json!({}))).await;
    assert_eq!(faults(&empty), ["/name required", "/currency required", "/timezone required"]);
    assert_eq!(bed.sql("SELECT count(*) FROM stores", Args::new()).await, [[Value::from(2)]]);
}

#[tokio::test]
async fn opening_needs_a_person() {
    let bed = Testbed::new().await;
    let body = hearth().to_string().into_bytes();
    let reply = bed.send(request("POST", "/api/pms/stores", Some(body), &[])).await;
    assert_eq!((reply.status(), reply.round_trips), (401, 0));
    let key = bed.api_key(bed.store, Role::Owner).await;
    let signed = bed.signed(&key, "POST", "/api/pms/stores", Some(hearth()), &[]).await;
    assert_eq!((signed.status(), signed.code().as_str()), (403, "forbidden"));
    let args = Args::new().with("session", bed.stranger.identity.session.to_string());
    bed.sql("UPDATE sessions SET ended_at = 1 WHERE id = :session", args).await;
    let ended = send_as(&bed, &bed.stranger, "POST", "/api/pms/stores", Some(hearth())).await;
    assert_eq!(ended.status(), 401);
}

#[tokio::test]
async fn nobody_opens_more_than_fifty_stores() {
    let bed = Testbed::new().await;
    for n in 1..50 {
        open(&bed, &bed.stranger, json!({"name": format!("S{n}"), "currency": "EUR", "timezone": "UTC"}))
            .await;
    }
    let reply = send_as(&bed, &bed.stranger, "POST", "/api/pms/stores", Some(hearth())).await;
    assert_eq!((reply.status(), reply.code().as_str()), (422, "validation-failed"), "{}", reply.text());
    assert!(reply.json()["detail"].as_str().unwrap().contains("50"), "{}", reply.text());
    // Another role in a store does not count.
    bed.sql(
        "UPDATE memberships SET role = 'admin' WHERE user_id = :user AND store_id = :store",
        Args::new()
            .with("user", bed.stranger.identity.user.to_string())
            .with("store", bed.other_store.to_string()),
    )
    .await;
    open(&bed, &bed.stranger, hearth()).await;
}

#[tokio::test]
async fn stores_are_listed_newest_first_and_only_ones_own() {
    let bed = Testbed::new().await;
    let owner = bed.member(Role::Owner);
    let mut ids = vec![bed.store.to_string()];
    for n in 0..4 {
        bed.clock.advance(1_000);
        let store = json!({"name": format!("S{n}"), "currency": "JPY", "timezone": "Asia/Tokyo"});
        ids.insert(0, open(&bed, &owner, store).await["id"].as_str().unwrap().to_owned());
    }
    let (mut seen, mut next) = (Vec::new(), String::new());
    loop {
        let page = send_as(&bed, &owner, "GET", &format!("/api/pms/stores?limit=2{next}"), None).await;
        assert_eq!((page.status(), page.round_trips), (200, 1), "{}", page.text());
        let page = page.json();
        let items = page["items"].as_array().unwrap();
        seen.extend(items.iter().map(|store| store["id"].as_str().unwrap().to_owned()));
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        next = format!("&cursor={cursor}");
    }
    assert_eq!(seen, ids);
    let stranger = send_as(&bed, &bed.stranger, "GET", "/api/pms/stores", None).await.json();
    assert_eq!((stranger["items"].as_array().unwrap().len(), &stranger["next_cursor"]), (1, &Json::Null));
    let forged = send_as(&bed, &owner, "GET", "/api/pms/stores?cursor=abc", None).await;
    assert_eq!((forged.status(), forged.code().as_str()), (400, "cursor-invalid"));
}

#[tokio::test]
async fn members_and_keys_read_a_store_and_nobody_else() {
    let bed = Testbed::new().await;
    let path = format!("/api/pms/stores/{}", bed.store);
    let viewer = bed.call(Role::Viewer, "GET", &path, None).await;
    assert_eq!((viewer.status(), viewer.round_trips), (200, 1));
    assert_eq!(viewer.header("store-cursor"), Some("1.0"));
    let key = bed.api_key(bed.store, Role::Viewer).await;
    assert_eq!(bed.signed(&key, "GET", &path, None, &[]).await.json(), viewer.json());
    for other in
        [path.clone(), "/api/pms/stores/str_01hf7yat00fentqaxbnentqaxb".into(), "/api/pms/stores/x".into()]
    {
        let reply = send_as(&bed, &bed.stranger, "GET", &other, None).await;
        assert_eq!((reply.status(), reply.code().as_str()), (404, "not-found"), "{other}");
    }
    let unchanged = bed.call_with(Role::Viewer, "GET", &path, None, &[("if-none-match", "\"1\"")]).await;
    assert_eq!(unchanged.status(), 304);
}

/// A store with a first revision, its owner and its path.
async fn opened(bed: &Testbed) -> (Member, String) {
    let owner = bed.member(Role::Owner);
    let store = open(bed, &owner, hearth()).await;
    (owner, path(&store))
}

async fn patch(bed: &Testbed, by: &Member, path: &str, body: Json, version: &str) -> Reply {
    let token = format!("Bearer {}", by.token);
    let headers = [
        ("authorization", token.as_str()),
        ("if-match", version),
        ("content-type", "application/merge-patch+json"),
    ];
    bed.send(request("PATCH", path, Some(body.to_string().into_bytes()), &headers)).await
}

async fn events(bed: &Testbed, member: &Member, path: &str) -> Vec<Json> {
    let store = path.rsplit('/').next().unwrap();
    let feed = send_as(bed, member, "GET", &format!("/api/pms/events?store={store}"), None).await.json();
    feed["events"].as_array().unwrap().clone()
}

#[tokio::test]
async fn a_patch_changes_what_it_names_and_tells_what_differs() {
    let bed = Testbed::new().await;
    let (owner, path) = opened(&bed).await;
    bed.clock.advance(1_000);
    let change = json!({"name": "Herd & Söhne", "prices_include_tax": false, "low_stock_default": 5});
    let reply = patch(&bed, &owner, &path, change, "\"1\"").await;
    assert_eq!((reply.status(), reply.round_trips), (200, 1), "{}", reply.text());
    assert_eq!((reply.header("etag"), reply.header("store-cursor")), (Some("\"2\""), Some("1.1")));
    let store = reply.json();
    assert_eq!(
        (&store["name"], &store["prices_include_tax"], &store["timezone"], &store["version"]),
        (&json!("Herd & Söhne"), &json!(false), &json!("Europe/Berlin"), &json!(2))
    );
    let log = events(&bed, &owner, &path).await;
    assert_eq!(log.len(), 1);
    assert_eq!(
        (&log[0]["type"], &log[0]["subject"], &log[0]["version"], &log[0]["seq"]),
        (&json!("store.updated"), &store["id"], &json!(2), &json!(1))
    );
    assert_eq!(
        log[0]["data"],
        json!({"name": "Herd & Söhne", "prices_include_tax": false, "version": 2,
            "updated_at": "2026-11-20T09:30:01.000Z"})
    );
    let id = store["id"].as_str().unwrap();
    let rows = audit_rows(&bed, id).await;
    assert_eq!(rows.last(), Some(&audit_row("accounts.patch_store", &owner, Some(id))));
    assert_eq!(rows.len(), 2);
    assert_eq!(send_as(&bed, &owner, "GET", &path, None).await.json(), store);
}

#[tokio::test]
async fn a_patch_that_changes_nothing_makes_no_version_and_no_event() {
    let bed = Testbed::new().await;
    let (owner, path) = opened(&bed).await;
    let before = send_as(&bed, &owner, "GET", &path, None).await.json();
    for nothing in [json!({}), hearth(), json!({"hold_expiry_seconds": 900, "prices_include_tax": true})] {
        bed.clock.advance(1_000);
        for version in ["\"1\"", "*"] {
            let reply = patch(&bed, &owner, &path, nothing.clone(), version).await;
            assert_eq!((reply.status(), reply.header("etag")), (200, Some("\"1\"")), "{}", reply.text());
            assert_eq!((reply.json(), reply.header("store-cursor")), (before.clone(), Some("1.0")));
        }
    }
    assert_eq!(events(&bed, &owner, &path).await, Vec::<Json>::new());
    let reply = patch(&bed, &owner, &path, json!({"name": "Herd"}), "*").await;
    assert_eq!((reply.header("etag"), reply.header("store-cursor")), (Some("\"2\""), Some("1.1")));
}

#[tokio::test]
async fn a_patch_needs_the_version_that_is_current() {
    let bed = Testbed::new().await;
    let (owner, path) = opened(&bed).await;
    let without = send_as(&bed, &owner, "PATCH", &path, Some(json!({"name": "X"}))).await;
    assert_eq!((without.status(), without.code().as_str()), (428, "precondition-required"));
    let current = patch(&bed, &owner, &path, json!({"name": "Y"}), "\"1\"").await.json();
    let stale = patch(&bed, &owner, &path, json!({"name": "X"}), "\"1\"").await;
    assert_eq!((stale.status(), stale.code().as_str(), stale.round_trips), (412, "version-conflict", 1));
    assert_eq!(stale.json()["current"], current);
    let (one, other) = futures::join!(
        patch(&bed, &owner, &path, json!({"name": "A"}), "\"2\""),
        patch(&bed, &owner, &path, json!({"name": "B"}), "\"2\"")
    );
    let mut statuses = [one.status(), other.status()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 412]);
    assert_eq!(events(&bed, &owner, &path).await.len(), 2);
}

#[tokio::test]
async fn nothing_can_be_cleared_and_every_fault_is_named() {
    let bed = Testbed::new().await;
    let (owner, path) = opened(&bed).await;
    let wrong = json!({"name": null, "currency": "eur", "timezone": "Mars/Base", "tax_rate_basis_points": -1,
        "version": 7});
    let reply = patch(&bed, &owner, &path, wrong, "*").await;
    assert_eq!((reply.status(), faults(&reply).len()), (422, 5), "{}", reply.text());
    let array = patch(&bed, &owner, &path, json!([]), "*").await;
    assert_eq!(array.status(), 422);
}

#[tokio::test]
async fn only_owners_change_a_store() {
    let bed = Testbed::new().await;
    let path = format!("/api/pms/stores/{}", bed.store);
    for role in [Role::Viewer, Role::Editor, Role::Fulfilment, Role::Admin] {
        let reply = patch(&bed, &bed.member(role), &path, json!({"name": "X"}), "*").await;
        assert_eq!((reply.status(), reply.code().as_str()), (403, "forbidden"), "{role:?}");
        assert_eq!(reply.header("store-cursor"), None);
    }
    let stranger = patch(&bed, &bed.stranger, &path, json!({"name": "X"}), "*").await;
    assert_eq!(stranger.status(), 404);
    // Of two owners' stores, each is its owner's.
    let elsewhere = format!("/api/pms/stores/{}", bed.other_store);
    assert_eq!(
        patch(&bed, &bed.member(Role::Owner), &elsewhere, json!({"name": "X"}), "*").await.status(),
        404
    );
    let key = bed.api_key(bed.store, Role::Owner).await;
    let by_key = bed.signed(&key, "PATCH", &path, Some(json!({"name": "X"})), &[("if-match", "*")]).await;
    assert_eq!((by_key.status(), by_key.json()["name"].as_str()), (200, Some("X")));
    let seen: Vec<Json> = log(&bed, Role::Viewer).await;
    assert_eq!(
        (seen.len(), &seen[0]["type"], &seen[0]["actor"]),
        (1, &json!("store.updated"), &json!(key.id.to_string()))
    );
}

#[tokio::test]
async fn the_currency_changes_at_once_and_until_the_first_order() {
    let bed = Testbed::new().await;
    let path = format!("/api/pms/stores/{}", bed.store);
    let owner = bed.member(Role::Owner);
    create_product(&bed, simple("P", "S")).await;
    let reply = patch(&bed, &owner, &path, json!({"currency": "JPY"}), "*").await;
    assert_eq!(reply.status(), 200, "{}", reply.text());
    let in_euro = bed.call(Role::Owner, "POST", "/api/pms/products", Some(simple("Q", "T"))).await;
    assert_eq!(faults(&in_euro), ["/variants/0/price/currency wrong_currency"]);
    let products = bed.call(Role::Owner, "GET", "/api/pms/products", None).await.json();
    assert_eq!(products["items"][0]["variants"][0]["price"], json!({"amount": 100, "currency": "JPY"}));

    let args = Args::new().with("store", bed.store.to_string());
    bed.sql("UPDATE stores SET last_order_number = 1 WHERE id = :store", args).await;
    let fixed = patch(&bed, &owner, &path, json!({"currency": "EUR", "name": "X"}), "*").await;
    assert_eq!((fixed.status(), fixed.code().as_str(), fixed.round_trips), (409, "currency-fixed", 1));
    let stale = patch(&bed, &owner, &path, json!({"currency": "EUR"}), "\"1\"").await;
    assert_eq!(stale.status(), 412);
    let same = patch(&bed, &owner, &path, json!({"currency": "JPY", "name": "X"}), "\"2\"").await;
    assert_eq!((same.status(), same.json()["name"].as_str()), (200, Some("X")));
}
