//! `GET /webhook/rejected` and `POST /webhook/rejected/{id}/apply`.

use crate::incoming::{ROOT, Sender, adjusted};
use crate::inventory::{check_fold, moved, written};
use futures::future::join_all;
use serde_json::{Value, json};
use storeroom_domain::Role;
use storeroom_sql::{Args, inbox};
use storeroom_testbed::Reply;

async fn list(sender: &Sender, query: &str) -> Value {
    let reply =
        sender.shelf.bed.call(Role::Fulfilment, "GET", &format!("{ROOT}/rejected{query}"), None).await;
    assert_eq!((reply.status(), reply.round_trips), (200, 1), "{}", reply.text());
    reply.json()
}

async fn ids(sender: &Sender) -> Vec<String> {
    let page = list(sender, "").await;
    page["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["event_id"].as_str().unwrap().to_owned())
        .collect()
}

async fn apply(sender: &Sender, id: &str) -> Reply {
    let path = format!("{ROOT}/rejected/{id}/apply");
    sender.shelf.bed.call(Role::Fulfilment, "POST", &path, None).await
}

#[tokio::test]
async fn are_listed_with_their_reasons_newest_first() {
    let sender = Sender::with([9, 9]).await;
    for n in 0..5 {
        sender.rejected(&adjusted(&format!("e-{n}"), -10 - n)).await;
        sender.shelf.bed.clock.advance(1_000);
    }
    sender.applied(&adjusted("good", -1)).await;
    assert_eq!(ids(&sender).await, ["e-4", "e-3", "e-2", "e-1", "e-0"]);
    let item = list(&sender, "?limit=1").await["items"][0].clone();
    assert_eq!((&item["type"], &item["attempts"]), (&json!("inventory.adjusted"), &json!(1)));
    assert_eq!(
        (&item["body"], &item["problem"]["code"]),
        (&adjusted("e-4", -14), &json!("insufficient-stock"))
    );
    assert!(item["received_at"].as_str().unwrap().ends_with("04.000Z"), "{item}");
    let (mut seen, mut query) = (Vec::new(), "?limit=2".to_owned());
    loop {
        let page = list(&sender, &query).await;
        seen.extend(page["items"].as_array().unwrap().iter().map(|item| item["event_id"].clone()));
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        query = format!("?limit=2&cursor={cursor}");
    }
    assert_eq!(seen, ["e-4", "e-3", "e-2", "e-1", "e-0"]);
}

#[tokio::test]
async fn a_page_ends_where_it_has_enough_bytes() {
    let sender = Sender::with([0, 0]).await;
    let reason = "r".repeat(100);
    let lines: Vec<_> =
        (0..1_000).map(|n| json!({"sku": format!("{n:060}"), "delta": 1, "reason": reason})).collect();
    for n in 0..24 {
        let event = json!({"event_id": format!("e-{n}"), "type": "inventory.adjusted", "lines": lines});
        sender.rejected(&event).await;
        sender.shelf.bed.clock.advance(1);
    }
    let (mut seen, mut pages, mut query) = (0, 0, "?limit=250".to_owned());
    loop {
        let page = list(&sender, &query).await;
        seen += page["items"].as_array().unwrap().len();
        pages += 1;
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        query = format!("?limit=250&cursor={cursor}");
    }
    assert_eq!((seen, pages > 1), (24, true), "{pages} pages");
}

#[tokio::test]
async fn one_is_applied_after_a_fix() {
    let sender = Sender::with([9, 9]).await;
    let told = sender.told().await;
    sender.rejected(&adjusted("e-1", -12)).await;
    assert_eq!(sender.told().await, told);
    moved(&sender.shelf, 0, 10).await;
    let applied = apply(&sender, "e-1").await;
    let expected = json!({"event_id": "e-1", "type": "inventory.adjusted", "status": "applied", "subject": "stock",
        "action": "adjusted", "version": null});
    assert_eq!(
        (applied.status(), applied.json(), applied.round_trips),
        (200, expected, 3),
        "{}",
        applied.text()
    );
    let owner = sender.shelf.bed.member(Role::Fulfilment).identity.user.to_string();
    assert_eq!(sender.last_audit().await, [json!("gateway.apply_rejected"), json!("e-1"), json!(owner)]);
    assert_eq!((sender.shelf.stock_of(0).await[0], ids(&sender).await.len()), (7, 0));
    let again = apply(&sender, "e-1").await;
    assert_eq!(
        (again.status(), again.code().as_str()),
        (404, "not-found"),
        "what was applied is not rejected"
    );
    let sent = sender.send(&adjusted("e-1", -12)).await;
    assert_eq!(
        (sent.status(), sent.text(), sent.header("idempotent-replayed")),
        (202, applied.text(), Some("true"))
    );
    assert_eq!(sender.shelf.stock_of(0).await[0], 7);
    check_fold(&sender.shelf).await;
}

#[tokio::test]
async fn one_of_each_family_finds_its_way() {
    let sender = Sender::with([9, 9]).await;
    let price = json!({"amount": 100, "currency": "EUR"});
    let order = json!({"external_id": "web-1", "customer": {"email": "ann@example.org"},
        "lines": [{"sku": "PLATE", "quantity": 1, "unit_price": price}]});
    for event in [
        json!({"event_id": "order", "type": "order.placed", "order": order}),
        json!({"event_id": "stock", "type": "inventory.counted", "lines": [{"sku": "PLATE", "on_hand": 3}]}),
        json!({"event_id": "product", "type": "product.upserted", "product": {"external_id": "p", "handle": "plate"}}),
    ] {
        sender.rejected(&event).await;
    }
    let body = json!({"title": "Plate", "external_id": "p", "variants": [{"sku": "PLATE", "price": price}]});
    let plate = crate::product::publish(&sender.shelf.bed, body).await;
    for (id, action) in [("product", "updated"), ("stock", "counted"), ("order", "placed")] {
        let reply = apply(&sender, id).await;
        assert_eq!((reply.status(), &reply.json()["action"]), (200, &json!(action)), "{}", reply.text());
    }
    assert_eq!(plate["version"], 2);
    assert_eq!(ids(&sender).await.len(), 0);
}

#[tokio::test]
async fn one_that_is_refused_again_says_so_and_counts() {
    let sender = Sender::with([9, 9]).await;
    sender.rejected(&adjusted("e-1", -12)).await;
    moved(&sender.shelf, 0, 1).await;
    let before = written(&sender.shelf).await;
    let refused = apply(&sender, "e-1").await;
    assert_eq!(
        (refused.status(), refused.code().as_str()),
        (409, "insufficient-stock"),
        "{}",
        refused.text()
    );
    let item = list(&sender, "").await["items"][0].clone();
    assert_eq!((&item["attempts"], &item["problem"]["lines"][0]["available"]), (&json!(2), &json!(10)));
    assert_eq!(item["problem"]["lines"], refused.json()["lines"]);
    sender.rejected(&adjusted("e-1", -12)).await;
    assert_eq!(list(&sender, "").await["items"][0]["attempts"], 3);
    let after = written(&sender.shelf).await;
    assert_eq!((&after[0][0], &after[0][2], &after[0][3]), (&before[0][0], &before[0][2], &before[0][3]));
}

#[tokio::test]
async fn one_that_is_sent_again_is_tried_again_as_it_is_now() {
    let sender = Sender::with([9, 9]).await;
    sender.rejected(&adjusted("e-1", -12)).await;
    sender.rejected(&adjusted("e-1", -11)).await;
    let items = list(&sender, "").await["items"].clone();
    assert_eq!((items.as_array().unwrap().len(), &items[0]["body"]), (1, &adjusted("e-1", -11)));
    sender.applied(&adjusted("e-1", -9)).await;
    assert_eq!((sender.shelf.stock_of(0).await[0], ids(&sender).await.len()), (0, 0));
}

#[tokio::test]
async fn twenty_who_apply_one_at_once_apply_it_once() {
    let sender = Sender::with([9, 9]).await;
    sender.rejected(&adjusted("e-1", -12)).await;
    moved(&sender.shelf, 0, 30).await;
    let event = adjusted("e-1", -12);
    let (applied, sent) = futures::future::join(
        join_all((0..10).map(|_| apply(&sender, "e-1"))),
        join_all((0..10).map(|_| sender.send(&event))),
    )
    .await;
    let answers: Vec<&Reply> = applied.iter().chain(&sent).filter(|reply| reply.status() < 300).collect();
    assert!(answers.iter().all(|reply| reply.text() == answers[0].text()), "{answers:?}");
    let done = answers.iter().filter(|reply| reply.header("idempotent-replayed").is_none());
    assert_eq!((done.count(), sender.shelf.stock_of(0).await[0]), (1, 27));
    assert!(applied.iter().all(|reply| matches!(reply.status(), 200 | 404)));
    check_fold(&sender.shelf).await;
}

#[tokio::test]
async fn who_may_not_ingest_sees_and_applies_nothing() {
    let sender = Sender::with([9, 9]).await;
    sender.rejected(&adjusted("e-1", -12)).await;
    let bed = &sender.shelf.bed;
    for role in [Role::Viewer, Role::Editor] {
        for (method, path) in [("GET", "rejected"), ("POST", "rejected/e-1/apply")] {
            let reply = bed.call(role, method, &format!("{ROOT}/{path}"), None).await;
            assert_eq!((reply.status(), reply.code().as_str()), (403, "forbidden"), "{role:?} {path}");
            assert!(reply.text().contains("webhooks:ingest"), "{}", reply.text());
        }
    }
    let signed = bed.signed(&sender.key, "GET", &format!("{ROOT}/rejected"), None, &[]).await;
    assert_eq!((signed.status(), signed.json()["items"].as_array().unwrap().len()), (200, 1));
}

#[tokio::test]
async fn an_id_may_be_any_line_of_text() {
    let sender = Sender::with([9, 9]).await;
    for (id, spelt) in [
        ("a/b?c=d", "a%2Fb%3Fc%3Dd"),
        ("50 %", "50%20%25"),
        ("é 🏺", "%C3%A9%20%F0%9F%8F%BA"),
        (":store", ":store"),
    ] {
        sender.rejected(&adjusted(id, -100)).await;
        let refused = apply(&sender, spelt).await;
        assert_eq!(refused.code(), "insufficient-stock", "{id}: {}", refused.text());
    }
    let nothing = apply(&sender, "e-1").await;
    assert_eq!((nothing.status(), nothing.code().as_str()), (404, "not-found"));
}

/// Fills the inbox with so many events that were rejected at that moment.
async fn fill(sender: &Sender, number: i64, at: i64) {
    let args =
        Args::new().with("store", sender.shelf.bed.store.to_string()).with("number", number).with("at", at);
    let sql = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :number) \
        INSERT INTO webhook_inbox (store_id, event_id, type, state, hash, body, problem, received_at, attempts, \
        request_id, received_by) SELECT :store, 'old ' || i, 'order.paid', 'rejected', 'h', '{}', '{}', :at, 1, \
        'req_' || printf('%05d', i), 'k' FROM n";
    sender.shelf.bed.sql(sql, args).await;
}

#[tokio::test]
async fn a_full_inbox_sends_back_what_it_cannot_keep() {
    let sender = Sender::with([9, 9]).await;
    let now = sender.shelf.bed.ports.clock.now().ms();
    fill(&sender, 9_999, now).await;
    sender.rejected(&adjusted("last", -12)).await;
    let reply = sender.send(&adjusted("e-1", -12)).await;
    assert_eq!((reply.status(), reply.code().as_str()), (503, "unavailable"), "{}", reply.text());
    assert!(reply.header("retry-after").is_some() && sender.inbox().await.len() == 10_000);
    sender.rejected(&adjusted("last", -13)).await;
    sender.applied(&adjusted("e-1", -1)).await;
}

#[tokio::test]
async fn one_is_kept_for_90_days() {
    let sender = Sender::with([9, 9]).await;
    let now = sender.shelf.bed.ports.clock.now().ms();
    fill(&sender, 5, now - inbox::REJECTED_KEPT_FOR_MS).await;
    sender.rejected(&adjusted("e-1", -12)).await;
    assert_eq!(ids(&sender).await, ["e-1", "old 5", "old 4", "old 3"], "two go for one that comes");
    sender.rejected(&adjusted("e-2", -12)).await;
    sender.rejected(&adjusted("e-3", -12)).await;
    sender.rejected(&adjusted("e-4", -12)).await;
    let mut left = ids(&sender).await;
    left.sort();
    assert_eq!(left, ["e-1", "e-2", "e-3", "e-4"]);
}
