//! The tour's way through events of other systems: see `plans`.
//!
//! Guarantees: each kind of event is applied at least once, and each way to be rejected by statements of its own is met.

use crate::plans::call;
use crate::product::{publish, simple};
use serde_json::{Value, json};
use storeroom_domain::Role;
use storeroom_testbed::{ApiKey, Testbed};

const PATH: &str = "/api/pms/webhook";

async fn sent(bed: &Testbed, key: &ApiKey, event: Value, status: &str) {
    let path = format!("{PATH}/{}", event["type"].as_str().unwrap().split('.').next().unwrap());
    let idempotency = storeroom_bad_input::new_key();
    let headers = [("idempotency-key", idempotency.as_str())];
    let reply = bed.signed(key, "POST", &path, Some(event), &headers).await;
    assert_eq!((reply.status(), reply.json()["status"].as_str()), (202, Some(status)), "{}", reply.text());
}

fn placed(id: &str, amount: i64) -> Value {
    json!({"event_id": id, "type": "order.placed", "order": {"external_id": "toured",
        "customer": {"email": "ann@example.org"},
        "lines": [{"sku": "SENT", "quantity": 1, "unit_price": {"amount": amount, "currency": "EUR"}}]}})
}

/// One of each kind, again, rejected, listed and applied.
pub async fn incoming(bed: &Testbed) {
    let key = bed.api_key(bed.store, Role::Owner).await;
    publish(bed, simple("Sent", "SENT")).await;
    let lines = |name: &str, number: i64| json!([{"sku": "SENT", name: number, "reason": "tour"}]);
    let adjusted = |id: &str, delta: i64| json!({"event_id": id, "type": "inventory.adjusted", "lines": lines("delta", delta)});
    sent(bed, &key, adjusted("late", -3), "rejected").await;
    sent(bed, &key, adjusted("never", -3_000), "rejected").await;
    let counted =
        json!({"event_id": "1", "type": "inventory.counted", "lines": [{"sku": "SENT", "on_hand": 9}]});
    sent(bed, &key, counted, "applied").await;
    for _ in 0..2 {
        sent(bed, &key, adjusted("2", -1), "applied").await;
    }
    sent(bed, &key, placed("3", 99), "rejected").await;
    sent(bed, &key, placed("3", 100), "applied").await;
    sent(bed, &key, placed("4", 100), "rejected").await;
    for (id, kind) in [("5", "order.paid"), ("6", "order.cancelled")] {
        sent(bed, &key, json!({"event_id": id, "type": kind, "external_id": "toured"}), "applied").await;
    }
    for (id, title) in [("7", "Made"), ("8", "Changed")] {
        let product = json!({"external_id": "toured", "title": title});
        let event = json!({"event_id": id, "type": "product.upserted", "product": product});
        sent(bed, &key, event, "applied").await;
    }
    let deleted = json!({"event_id": "9", "type": "product.deleted", "external_id": "toured"});
    sent(bed, &key, deleted, "applied").await;
    let page = call(bed, "GET", &format!("{PATH}/rejected?limit=1"), None, None).await.json();
    let cursor = page["next_cursor"].as_str().unwrap();
    call(bed, "GET", &format!("{PATH}/rejected?limit=1&cursor={cursor}"), None, None).await;
    call(bed, "POST", &format!("{PATH}/rejected/late/apply"), None, None).await;
}
