//! `POST /webhook/inventory`.

use crate::incoming::{Sender, adjusted, errors};
use crate::inventory::{check_fold, items, location, written};
use crate::product::{faults, log};
use futures::future::join_all;
use serde_json::{Value, json};
use storeroom_domain::Role;

fn counted(id: &str, lines: Value) -> Value {
    json!({"event_id": id, "type": "inventory.counted", "lines": lines})
}

#[tokio::test]
async fn a_count_becomes_what_is_on_hand() {
    let sender = Sender::with([9, 9]).await;
    let before = sender.told().await;
    let lines = json!([{"sku": "MUG-S", "on_hand": 12}, {"sku": "MUG-L", "on_hand": 9}]);
    let told = sender.applied(&counted("e-1", lines)).await;
    assert_eq!(
        told,
        json!({"event_id": "e-1", "type": "inventory.counted", "status": "applied", "subject": "stock",
            "action": "counted", "version": null})
    );
    assert_eq!((sender.shelf.stock_of(0).await[0], sender.shelf.stock_of(1).await[0]), (12, 9));
    let moved = &items(&sender.shelf, "/history?limit=1").await[0];
    assert_eq!(
        (&moved["kind"], &moved["reason"], &moved["before"], &moved["after"]),
        (&json!("set"), &json!("counted"), &json!(9), &json!(12))
    );
    assert_eq!(moved["actor"], sender.key.id.to_string());
    assert_eq!(sender.told_since(before).await, ["stock.adjusted"]);
    let audit = sender.last_audit().await;
    assert_eq!(audit[..2], [json!("inventory.ingest"), Value::Null]);
    sender.applied(&counted("e-2", json!([{"sku": "MUG-S", "on_hand": 12}]))).await;
    assert_eq!(sender.told().await, before + 1, "a count that finds what was there tells nothing");
    check_fold(&sender.shelf).await;
}

#[tokio::test]
async fn what_came_and_went_is_added_up_at_its_location() {
    let sender = Sender::with([9, 9]).await;
    let cellar = location(&sender.shelf, "Cellar").await;
    let line = |delta: i64| json!({"sku": "MUG-S", "delta": delta, "reason": "sold"});
    let mut there = line(5);
    there["location_id"] = json!(cellar);
    let lines = json!([line(-10), line(4), there]);
    let event = json!({"event_id": "e-1", "type": "inventory.adjusted", "lines": lines});
    assert_eq!(sender.applied(&event).await["action"], "adjusted");
    let path = format!("/status?variant_id={}", sender.shelf.variants[0]);
    let mut left: Vec<i64> =
        items(&sender.shelf, &path).await.iter().map(|level| level["on_hand"].as_i64().unwrap()).collect();
    left.sort_unstable();
    assert_eq!(left, [3, 5]);
    let event = log(&sender.shelf.bed, Role::Owner).await.pop().unwrap();
    assert_eq!((&event["type"], &event["subject"]), (&json!("stock.low"), &event["subject"]));
    check_fold(&sender.shelf).await;
}

#[tokio::test]
async fn every_line_at_fault_is_named() {
    let sender = Sender::with([9, 9]).await;
    let nowhere = "loc_00000000000000000000000000";
    let before = written(&sender.shelf).await;
    let unknown =
        json!([{"sku": "A", "on_hand": 1}, {"sku": "MUG-S", "on_hand": 1}, {"sku": "mug-s", "on_hand": 1}]);
    let unknown = sender.rejected(&counted("e-1", unknown)).await;
    assert_eq!(errors(&unknown), ["/lines/0/sku unknown_value", "/lines/2/sku unknown_value"]);
    let twice = json!([{"sku": "MUG-S", "on_hand": 1}, {"sku": "MUG-S", "on_hand": 2}]);
    assert_eq!(errors(&sender.rejected(&counted("e-2", twice)).await), ["/lines/1/sku duplicate"]);
    let lost = json!([{"sku": "MUG-S", "on_hand": 1, "location_id": nowhere}]);
    assert_eq!(errors(&sender.rejected(&counted("e-3", lost)).await), ["/lines/0/location_id unknown_value"]);
    let short = sender.rejected(&adjusted("e-4", -10)).await;
    assert_eq!(short["code"], "insufficient-stock");
    let expected = json!([{"pointer": "/lines/0", "variant_id": sender.shelf.variants[0], "requested": 10, "available": 9}]);
    assert_eq!(short["lines"], expected);
    sender.shelf.hold(4, 60).await;
    let held = sender.rejected(&counted("e-5", json!([{"sku": "MUG-S", "on_hand": 3}]))).await;
    assert_eq!(held["code"], "insufficient-stock", "what is held cannot be counted away");
    let after = written(&sender.shelf).await;
    assert_eq!((&after[0][0], &after[0][2]), (&before[0][0], &before[0][2]), "nothing moved");
}

#[tokio::test]
async fn what_does_not_fit_is_refused() {
    let sender = Sender::with([9, 9]).await;
    let line = json!({"sku": "MUG-S", "on_hand": 1});
    let many: Vec<_> = (0..1_001).map(|_| line.clone()).collect();
    let zero = json!({"event_id": "e", "type": "inventory.adjusted", "lines": [
        {"sku": "MUG-S", "delta": 0, "reason": "r"}, {"sku": "", "delta": 1}, {"sku": "A", "delta": 0, "reason": "r"}]});
    for (event, expected) in [
        (counted("e", json!([])), vec!["/lines too_few"]),
        (counted("e", json!(many)), vec!["/lines too_many"]),
        (counted("e", json!([{"sku": "A", "on_hand": -1}])), vec!["/lines/0/on_hand out_of_range"]),
        (
            zero,
            vec![
                "/lines/1/sku too_short",
                "/lines/1/reason required",
                "/lines/0/delta out_of_range",
                "/lines/2/delta out_of_range",
            ],
        ),
    ] {
        let reply = sender.send(&event).await;
        assert_eq!(
            (reply.status(), faults(&reply)),
            (422, expected.iter().map(|fault| (*fault).to_owned()).collect())
        );
    }
    assert_eq!(sender.inbox().await.len(), 0);
}

#[tokio::test]
async fn a_thousand_lines_are_one_event() {
    let sender = Sender::with([1_000, 0]).await;
    let lines: Vec<_> = (0..1_000).map(|_| json!({"sku": "MUG-S", "delta": -1, "reason": "sold"})).collect();
    let event = json!({"event_id": "e-1", "type": "inventory.adjusted", "lines": lines});
    sender.applied(&event).await;
    assert_eq!(sender.shelf.stock_of(0).await[0], 0);
    check_fold(&sender.shelf).await;
}

/// A count is compared with what was looked up, so one that lost the race is looked up again.
#[tokio::test]
async fn counts_and_sales_at_once_are_all_done() {
    let sender = Sender::with([50, 50]).await;
    let events = (0..20).map(|n| {
        let (sender, id) = (&sender, format!("e-{n}"));
        let event = match n % 2 {
            0 => counted(&id, json!([{"sku": "MUG-S", "on_hand": 100 + n}])),
            _ => adjusted(&id, -1),
        };
        async move { sender.send(&event).await }
    });
    sender.look_up_first(20);
    for reply in join_all(events).await {
        assert_eq!((reply.status(), &reply.json()["status"]), (202, &json!("applied")), "{}", reply.text());
    }
    let counts = items(&sender.shelf, "/history?limit=100").await;
    assert_eq!(counts.iter().filter(|moved| moved["kind"] == "set").count(), 10);
    check_fold(&sender.shelf).await;
}
