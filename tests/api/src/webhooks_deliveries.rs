//! What is queued for whom, the log of deliveries, and sending again.

use crate::hooks::Hooks;
use crate::product::log;
use crate::shelf::Shelf;
use serde_json::{Value, json};
use storeroom_domain::Role;
use storeroom_receiver::Behaviour;
use storeroom_sql::Args;
use storeroom_testbed::Testbed;

fn types(deliveries: &[Value]) -> Vec<&str> {
    deliveries.iter().map(|delivery| delivery["type"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn an_event_is_queued_in_its_transaction_for_whoever_wants_it() {
    let shelf = Shelf::with([9, 9]).await;
    let hooks = Hooks::at(&shelf.bed);
    let before = log(&shelf.bed, Role::Owner).await.len();
    let wanted: [&[&str]; 4] = [&[], &["order"], &["order.paid", "hold.expired"], &["product", "stock.low"]];
    let mut made = Vec::new();
    for types in wanted {
        made.push(hooks.endpoint("/all", types).await);
    }
    hooks.event().await;
    shelf.order(1).await;
    shelf.hold(2, 60).await;
    shelf.bed.clock.advance(60_000);
    // Settles the hold: one statement writes an event of each expired one.
    shelf.hold(1, 60).await;
    let told: Vec<Value> = log(&shelf.bed, Role::Owner).await.split_off(before);
    let told: Vec<&str> = told.iter().map(|event| event["type"].as_str().unwrap()).collect();
    assert_eq!(types(&hooks.deliveries(&made[0], "").await), told, "before anything runs");
    assert_eq!(types(&hooks.deliveries(&made[1], "").await), ["order.created"]);
    assert_eq!(types(&hooks.deliveries(&made[2], "").await), ["hold.expired"]);
    assert_eq!(types(&hooks.deliveries(&made[3], "").await), ["product.created"]);
}

#[tokio::test]
async fn what_was_refused_is_queued_for_nobody() {
    let bed = Testbed::new().await;
    let hooks = Hooks::at(&bed);
    let hook = hooks.endpoint("/a", &[]).await;
    let refused = bed.call(Role::Owner, "POST", "/api/pms/products", Some(json!({"title": ""}))).await;
    assert_eq!(refused.status(), 422);
    let product = hooks.event().await;
    let stale = [("if-match", "\"7\"")];
    let path = crate::product::path(&product);
    assert_eq!(bed.call_with(Role::Owner, "DELETE", &path, None, &stale).await.status(), 412);
    assert_eq!(types(&hooks.deliveries(&hook, "").await), ["product.created"]);
}

#[tokio::test]
async fn another_stores_events_are_another_stores() {
    let bed = Testbed::new().await;
    let hooks = Hooks::at(&bed);
    let hook = hooks.endpoint("/a", &[]).await;
    let (token, store) = (format!("Bearer {}", bed.stranger.token), bed.other_store.to_string());
    let headers = [("authorization", token.as_str()), ("x-store-id", store.as_str())];
    let body = json!({"title": "Theirs"}).to_string().into_bytes();
    let made = storeroom_testbed::request("POST", "/api/pms/products", Some(body), &headers);
    assert_eq!(bed.send(made).await.status(), 201);
    assert_eq!(hooks.deliveries(&hook, "").await, Vec::<Value>::new());
    for path in [hook.path(""), hook.path("/deliveries")] {
        let theirs = storeroom_testbed::request("GET", &path, None, &headers);
        assert_eq!(bed.send(theirs).await.code(), "not-found");
    }
}

#[tokio::test]
async fn the_log_is_listed_by_state() {
    let bed = Testbed::new().await;
    let hooks = Hooks::at(&bed);
    let hook = hooks.endpoint("/a", &[]).await;
    for state in ["delivered", "failed", "pending"] {
        hooks.become_all(&hook, state).await;
        hooks.event().await;
        hooks.event().await;
        let found = hooks.deliveries(&hook, "&state=pending").await;
        assert_eq!(found.len(), if state == "pending" { 6 } else { 2 }, "{state}");
        let found = hooks.deliveries(&hook, &format!("&state={state}")).await;
        let others = found.iter().filter(|delivery| delivery["state"] != *state).count();
        assert_eq!((found.is_empty(), others), (state == "delivered", 0), "{state}");
        let list = format!("{}?limit=1", hook.path("/deliveries"));
        let page = bed.call(Role::Admin, "GET", &list, None).await.json();
        let next = format!("{list}&cursor={}", page["next_cursor"].as_str().unwrap());
        let next = bed.call(Role::Admin, "GET", &next, None).await.json();
        assert_eq!(next["items"][0]["seq"], json!(page["items"][0]["seq"].as_i64().unwrap() - 1));
    }
    hooks.send("PATCH", &hook.path(""), Some(json!({"active": false}))).await;
    assert_eq!(hooks.deliveries(&hook, "&state=pending").await, Vec::<Value>::new());
    let held = hooks.deliveries(&hook, "&state=held").await;
    assert_eq!(
        (held.len(), &held[0]["state"], &held[0]["next_attempt_at"]),
        (6, &json!("held"), &Value::Null)
    );
    let bad = bed.call(Role::Admin, "GET", &hook.path("/deliveries?state=lost"), None).await;
    assert_eq!(bad.code(), "malformed-request");
}

#[tokio::test]
async fn one_is_sent_again() {
    let bed = Testbed::new().await;
    let hooks = Hooks::at(&bed);
    let hook = hooks.endpoint("/a", &[]).await;
    hooks.event().await;
    hooks.due().await;
    let delivery = hooks.delivery(&hook).await;
    let path = format!("/api/pms/deliveries/{}", delivery["id"].as_str().unwrap());
    let again = hooks.send("POST", &format!("{path}/replay"), None).await;
    assert_eq!((again.status(), again.round_trips), (202, 1), "{}", again.text());
    assert_eq!((&again.json()["state"], &again.json()["attempt_count"]), (&json!("pending"), &json!(1)));
    hooks.due().await;
    let read = bed.call(Role::Admin, "GET", &path, None).await;
    assert_eq!((read.status(), read.round_trips), (200, 1));
    let delivery = read.json();
    assert_eq!((&delivery["state"], &delivery["attempt_count"]), (&json!("delivered"), &json!(2)));
    let requests = hooks.receiver.requests();
    assert_eq!(requests[0].header("webhook-id"), requests[1].header("webhook-id"));
    let nowhere = "/api/pms/deliveries/dlv_00000000000000000000000000/replay";
    assert_eq!(hooks.send("POST", nowhere, None).await.code(), "not-found");
}

#[tokio::test]
async fn one_that_waits_for_its_next_attempt_is_sent_now() {
    let bed = Testbed::new().await;
    let hooks = Hooks::at(&bed);
    let hook = hooks.endpoint("/a", &[]).await;
    hooks.receiver.script("/a", [Behaviour::Status(500), Behaviour::Status(500), Behaviour::Status(200)]);
    hooks.event().await;
    hooks.due().await;
    bed.clock.advance(10_000);
    hooks.due().await;
    let waiting = hooks.delivery(&hook).await;
    hooks
        .send("POST", &format!("/api/pms/deliveries/{}/replay", waiting["id"].as_str().unwrap()), None)
        .await;
    hooks.due().await;
    assert_eq!(hooks.delivery(&hook).await["state"], json!("delivered"));
}

#[tokio::test]
async fn all_since_a_cursor_are_sent_again_or_for_the_first_time() {
    let bed = Testbed::new().await;
    let hooks = Hooks::at(&bed);
    let first = hooks.event().await;
    let hook = hooks.endpoint("/a", &["product"]).await;
    let second = hooks.event().await;
    hooks.change(&first, "Changed").await;
    hooks.due().await;
    hooks.receiver.forget();
    let since = |body: Value| {
        let (hooks, path) = (&hooks, hook.path("/replay"));
        async move { hooks.send("POST", &path, Some(body)).await }
    };
    let all = since(json!({"after": "1.0"})).await;
    assert_eq!((all.status(), all.round_trips), (202, 1), "{}", all.text());
    assert_eq!(all.json(), json!({"queued": 3, "cursor": "1.3", "more": false}));
    hooks.due().await;
    let sent: Vec<Value> =
        hooks.receiver.requests().iter().map(|one| hook.verified(one)["seq"].clone()).collect();
    assert_eq!(sent, [1, 2, 3].map(|seq| json!(seq)));
    bed.clock.advance(1_000);
    let some = since(json!({"after": "1.1", "types": ["product.updated"]})).await;
    assert_eq!(some.json(), json!({"queued": 1, "cursor": "1.3", "more": false}));
    assert_eq!(since(json!({"after": "1.3"})).await.json()["queued"], json!(0));
    for after in ["1.4", "2.1", "0.1", "nonsense"] {
        assert_eq!(since(json!({"after": after})).await.code(), "cursor-invalid", "{after}");
    }
    assert_eq!(second["version"], json!(1));
}

#[tokio::test]
async fn a_replay_looks_at_ten_thousand_events_at_a_time() {
    let bed = Testbed::new().await;
    let hooks = Hooks::at(&bed);
    let hook = hooks.endpoint("/a", &["stock"]).await;
    hooks.event().await;
    let store = || Args::new().with("store", bed.store.to_string());
    bed.sql(
        "WITH RECURSIVE more(seq) AS (SELECT 2 UNION ALL SELECT seq + 1 FROM more WHERE seq < 10500) \
         INSERT INTO events SELECT store_id, more.seq, substr(id, 1, 25) || printf('%05d', more.seq), type, subject, \
         version, at, actor, request_id, data FROM events, more WHERE store_id = :store AND events.seq = 1",
        store(),
    )
    .await;
    bed.sql("UPDATE stores SET seq = 10500 WHERE id = :store", store()).await;
    let body = json!({"after": "1.0", "types": ["product"]});
    let first = hooks.send("POST", &hook.path("/replay"), Some(body)).await.json();
    assert_eq!(first, json!({"queued": 10_000, "cursor": "1.10000", "more": true}));
    let body = json!({"after": "1.10000", "types": ["product"]});
    let rest = hooks.send("POST", &hook.path("/replay"), Some(body)).await.json();
    assert_eq!(rest, json!({"queued": 500, "cursor": "1.10500", "more": false}));
}

#[tokio::test]
async fn a_replay_during_an_attempt_is_not_undone_by_it() {
    let bed = Testbed::new().await;
    let hooks = Hooks::at(&bed);
    let hook = hooks.endpoint("/a", &[]).await;
    hooks.receiver.script("/a", [Behaviour::Status(500), Behaviour::HangBeforeHead, Behaviour::Status(200)]);
    hooks.event().await;
    hooks.due().await;
    bed.clock.advance(60_000);
    let replay = async {
        while hooks.receiver.requests().len() < 2 {
            tokio::task::yield_now().await;
        }
        let id = hooks.delivery(&hook).await["id"].as_str().unwrap().to_owned();
        assert_eq!(hooks.send("POST", &format!("/api/pms/deliveries/{id}/replay"), None).await.status(), 202);
    };
    futures::future::join(hooks.due(), replay).await;
    hooks.due().await;
    let delivery = hooks.delivery(&hook).await;
    assert_eq!((&delivery["state"], &delivery["attempt_count"]), (&json!("delivered"), &json!(3)));
}

#[tokio::test]
async fn what_is_done_is_forgotten_after_thirty_days() {
    let bed = Testbed::new().await;
    let hooks = Hooks::at(&bed);
    let [done, waiting] = [hooks.endpoint("/a", &[]).await, hooks.endpoint("/b", &[]).await];
    hooks.event().await;
    hooks.send("PATCH", &waiting.path(""), Some(json!({"active": false}))).await;
    hooks.due().await;
    bed.clock.advance(30 * 86_400_000);
    hooks.due().await;
    assert_eq!(hooks.deliveries(&done, "").await.len(), 1);
    bed.clock.advance(1_000);
    hooks.due().await;
    assert_eq!(hooks.deliveries(&done, "").await.len(), 0);
    assert_eq!(hooks.deliveries(&waiting, "").await.len(), 1, "what was not delivered is never forgotten");
}
