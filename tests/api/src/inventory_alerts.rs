//! Thresholds and alerts: one alert a crossing, with room between its opening and its closing.

use crate::inventory::{adjust, change, items, moved, written};
use crate::product::{faults, log};
use crate::shelf::Shelf;
use serde_json::{Value, json};
use storeroom_domain::Role;
use storeroom_operations::schema::Schema;
use storeroom_operations::shapes::inventory::{ALERT, Alert};
use storeroom_operations::validate::validate;

async fn threshold(shelf: &Shelf, variant: usize, threshold: Value) {
    let lines = json!({"lines": [{"variant_id": shelf.variants[variant], "threshold": threshold}]});
    let reply = shelf.bed.call(Role::Fulfilment, "PUT", "/api/pms/inventory/thresholds", Some(lines)).await;
    assert_eq!((reply.status(), reply.round_trips), (200, 1), "{}", reply.text());
    assert_eq!(reply.json()["lines"][0]["threshold"], threshold);
}

/// The events about alerts, each as its type's last word and what was available.
async fn told(shelf: &Shelf) -> Vec<(String, i64)> {
    let events = log(&shelf.bed, Role::Viewer).await.into_iter();
    let alerts = events.filter(|event| event["subject"].as_str().unwrap().starts_with("alr_"));
    alerts
        .map(|event| {
            let word = event["type"].as_str().unwrap().trim_start_matches("stock.").to_owned();
            (word, event["data"]["available"].as_i64().unwrap())
        })
        .collect()
}

/// Moves from one number available to the next, one request each.
async fn walk(shelf: &Shelf, on_hand: &[i64]) {
    for next in on_hand {
        let delta = next - shelf.level(0).await.available;
        moved(shelf, 0, delta).await;
    }
}

#[tokio::test]
async fn alerts_open_and_close_with_hysteresis() {
    let low = |available: i64| ("low".to_owned(), available);
    let enough = |available: i64| ("replenished".to_owned(), available);
    for (limit, path, expected) in [
        (json!(10), vec![11, 10, 9, 11, 10, 11, 12], vec![low(10), enough(12)]),
        (json!(10), vec![12, 0, 100, 10], vec![low(0), enough(100), low(10)]),
        (json!(1), vec![2, 1, 2, 1], vec![low(1), enough(2), low(1)]),
        (json!(0), vec![3, 0, 3], vec![]),
        (json!(100), vec![101, 100, 119, 120], vec![low(100), enough(120)]),
        (json!(null), vec![6, 5, 6], vec![low(5), enough(6)]),
        (json!(10), vec![3, 9, 2], vec![]),
    ] {
        let shelf = Shelf::with([0, 0]).await;
        threshold(&shelf, 0, limit.clone()).await;
        walk(&shelf, &path).await;
        assert_eq!(told(&shelf).await, expected, "{limit}: {path:?}");
        let open = expected.last().is_some_and(|(word, _)| word == "low");
        assert_eq!(items(&shelf, "/alerts").await.len(), usize::from(open));
        let all = items(&shelf, "/alerts?state=all").await;
        assert_eq!(all.len(), expected.iter().filter(|(word, _)| word == "low").count());
    }
}

#[tokio::test]
async fn thresholds_holds_and_many_lines_cross_too() {
    let shelf = Shelf::with([0, 0]).await;
    let [a, b] = [&shelf.variants[0], &shelf.variants[1]];
    assert_eq!(adjust(&shelf, vec![change(a, 20), change(b, 30)]).await.status(), 200);
    threshold(&shelf, 0, json!(20)).await;
    assert_eq!(told(&shelf).await, [("low".to_owned(), 20)]);
    threshold(&shelf, 0, json!(0)).await;
    assert_eq!(items(&shelf, "/alerts").await, Vec::<Value>::new(), "what is off is not low");
    assert_eq!(adjust(&shelf, vec![change(b, -26), change(a, 1), change(b, 1)]).await.status(), 200);
    let events = told(&shelf).await;
    assert_eq!(events.last().unwrap(), &("low".to_owned(), 5));
    let ids: Vec<Value> =
        log(&shelf.bed, Role::Viewer).await.iter().map(|event| event["id"].clone()).collect();
    let distinct: std::collections::BTreeSet<String> = ids.iter().map(Value::to_string).collect();
    assert_eq!(ids.len(), distinct.len());
}

#[tokio::test]
async fn an_alert_is_taken_note_of_once() {
    let shelf = Shelf::with([0, 0]).await;
    walk(&shelf, &[9, 4]).await;
    let alert = items(&shelf, "/alerts").await[0].clone();
    assert_eq!(validate(&Schema::Object(&ALERT), &alert), []);
    let typed: Alert = serde_json::from_value(alert.clone()).unwrap();
    assert_eq!(serde_json::to_value(typed).unwrap(), alert);
    let path = format!("/alerts/{}/ack", alert["id"].as_str().unwrap());
    shelf.bed.clock.advance(1_000);
    let reply = shelf.post(&path, None).await;
    assert_eq!((reply.status(), reply.round_trips), (200, 1), "{}", reply.text());
    let acknowledged = reply.json();
    assert_eq!(acknowledged["acknowledged_at"], "2026-11-20T09:30:01.000Z");
    shelf.bed.clock.advance(1_000);
    assert_eq!(shelf.post(&path, None).await.json(), acknowledged);
    assert_eq!(items(&shelf, "/alerts").await[0]["state"], "open");
    for unknown in ["alr_01hf7yat00fentqaxbnentqaxb", "nonsense"] {
        assert_eq!(shelf.post(&format!("/alerts/{unknown}/ack"), None).await.status(), 404);
    }
}

#[tokio::test]
async fn bad_thresholds_are_named() {
    let shelf = Shelf::with([9, 9]).await;
    let before = written(&shelf).await;
    let line = |threshold: Value| json!({"variant_id": shelf.variants[0], "threshold": threshold});
    for (lines, expected) in [
        (
            vec![line(json!(-1)), line(json!(1.5))],
            vec!["/lines/0/threshold out_of_range", "/lines/1/threshold wrong_type"],
        ),
        (vec![line(json!(1)), line(json!(2))], vec!["/lines/1/variant_id duplicate"]),
        (vec![json!({"variant_id": shelf.variants[0]})], vec!["/lines/0/threshold required"]),
    ] {
        let body = Some(json!({"lines": lines}));
        let reply = shelf.bed.call(Role::Fulfilment, "PUT", "/api/pms/inventory/thresholds", body).await;
        assert_eq!(
            (reply.status(), faults(&reply)),
            (422, expected.into_iter().map(str::to_owned).collect())
        );
    }
    assert_eq!(written(&shelf).await, before);
}

#[tokio::test]
async fn an_alert_goes_with_its_variant() {
    let shelf = Shelf::with([0, 0]).await;
    walk(&shelf, &[9, 4]).await;
    let products = shelf.bed.call(Role::Owner, "GET", "/api/pms/products", None).await.json();
    let path = crate::product::path(&products["items"][0]);
    assert_eq!(
        shelf.bed.call_with(Role::Owner, "DELETE", &path, None, &[("if-match", "*")]).await.status(),
        204
    );
    assert_eq!(items(&shelf, "/alerts").await, Vec::<Value>::new());
}

#[tokio::test]
async fn drift_is_found_and_repaired() {
    let shelf = Shelf::with([9, 8]).await;
    shelf.hold(2, 60).await;
    let args = || storeroom_sql::Args::new().with("variant", shelf.variants[0].as_str());
    shelf.bed.sql("UPDATE levels SET on_hand = 12, held = 3 WHERE variant_id = :variant", args()).await;
    let drift = |field: &str, stored: i64, computed: i64| json!({"variant_id": shelf.variants[0], "location_id": shelf.location, "field": field, "stored": stored, "computed": computed});
    let expected = json!([drift("held", 3, 2), drift("on_hand", 12, 9)]);
    let before = written(&shelf).await;
    let found = shelf.post("/reconcile", Some(json!({"repair": false}))).await;
    assert_eq!((found.status(), found.round_trips), (200, 1), "{}", found.text());
    assert_eq!(found.json(), json!({"drift": expected, "checked": 2, "repaired": 0}));
    assert_eq!(before[0][0], written(&shelf).await[0][0], "looking moves nothing");
    let repaired = shelf.post("/reconcile", Some(json!({"repair": true}))).await;
    assert_eq!((repaired.status(), repaired.round_trips), (200, 2), "{}", repaired.text());
    assert_eq!(repaired.json(), json!({"drift": expected, "checked": 2, "repaired": 2}));
    let row = items(&shelf, "/history").await[0].clone();
    assert_eq!((&row["kind"], &row["before"], &row["after"]), (&json!("reconciled"), &json!(9), &json!(12)));
    assert_eq!(shelf.level(0).await.held, 2);
    let again = shelf.post("/reconcile", Some(json!({"repair": true}))).await.json();
    assert_eq!(again, json!({"drift": [], "checked": 2, "repaired": 0}));
}
