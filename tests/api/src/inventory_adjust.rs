//! `POST /inventory/adjust`.

use crate::inventory::{adjust, change, check_fold, items, location, moved, written};
use crate::product::{faults, log, log_types};
use crate::shelf::Shelf;
use futures::future::join_all;
use serde_json::{Value, json};
use storeroom_domain::Role;
use storeroom_operations::schema::Schema;
use storeroom_operations::shapes::inventory::{LEVEL, Level};
use storeroom_operations::validate::validate;

#[tokio::test]
async fn levels_move_in_one_round_trip() {
    let shelf = Shelf::with([0, 3]).await;
    let [a, b] = [&shelf.variants[0], &shelf.variants[1]];
    let line = json!({"variant_id": b, "location_id": shelf.location, "delta": -1, "reason": "broken", "reference": "R 1"});
    let reply = adjust(&shelf, vec![change(a, 5), line, change(a, 2)]).await;
    assert_eq!((reply.status(), reply.round_trips), (200, 1), "{}", reply.text());
    let level = |variant: &str, sku: &str, on_hand: i64| {
        json!({"variant_id": variant, "sku": sku, "location_id": shelf.location, "on_hand": on_hand, "held": 0,
            "committed": 0, "incoming": 0, "available": on_hand, "threshold": null})
    };
    let levels = json!({"lines": [level(a, "MUG-S", 7), level(b, "MUG-L", 2)]});
    assert_eq!(reply.json(), levels);
    assert_eq!(validate(&Schema::Object(&LEVEL), &levels["lines"][0]), []);
    let typed: Level = serde_json::from_value(levels["lines"][0].clone()).unwrap();
    assert_eq!(serde_json::to_value(typed).unwrap(), levels["lines"][0]);
    let told = log(&shelf.bed, Role::Viewer)
        .await
        .into_iter()
        .find(|event| event["type"] == "stock.adjusted")
        .unwrap();
    assert_eq!((&told["subject"], &told["version"], &told["data"]), (&json!("stock"), &told["seq"], &levels));
    check_fold(&shelf).await;
}

#[tokio::test]
async fn each_line_is_a_row_of_the_ledger() {
    let shelf = Shelf::with([0, 0]).await;
    let before = items(&shelf, "/history").await.len();
    let [a, b] = [&shelf.variants[0], &shelf.variants[1]];
    let reply = adjust(&shelf, vec![change(a, -2), change(b, 4), change(a, 7)]).await;
    assert_eq!(reply.status(), 200, "what comes is summed with what goes: {}", reply.text());
    let rows = items(&shelf, "/history").await;
    let told: Vec<Value> = rows
        .iter()
        .map(|row| json!([row["variant_id"], row["delta"], row["before"], row["after"]]))
        .collect();
    let expected = [json!([a, 7, -2, 5]), json!([b, 4, 0, 4]), json!([a, -2, 0, -2])];
    assert_eq!(told.get(..3).unwrap(), expected);
    assert_eq!(rows.len(), before + 3);
    assert_eq!((&rows[0]["kind"], &rows[0]["reason"]), (&json!("adjusted"), &json!("test")));
    assert_eq!(rows[0]["actor"], json!(shelf.bed.member(Role::Fulfilment).identity.user.to_string()));
}

#[tokio::test]
async fn what_is_not_there_does_not_go() {
    let shelf = Shelf::with([5, 1]).await;
    shelf.hold(2, 60).await;
    let before = written(&shelf).await;
    let [a, b] = [&shelf.variants[0], &shelf.variants[1]];
    let reply = adjust(&shelf, vec![change(a, -2), change(b, 9), change(a, -2), change(b, -11)]).await;
    assert_eq!((reply.status(), reply.code().as_str()), (409, "insufficient-stock"));
    let short = |line: usize, variant: &str, requested: i64, available: i64| json!({"pointer": format!("/lines/{line}"), "variant_id": variant, "requested": requested, "available": available});
    let expected = json!([short(0, a, 2, 3), short(2, a, 2, 3), short(3, b, 11, 1)]);
    assert_eq!(reply.json()["lines"], expected);
    assert_eq!(written(&shelf).await, before);
    shelf.bed.clock.advance(60_000);
    assert_eq!(adjust(&shelf, vec![change(a, -5)]).await.status(), 200, "an expired hold keeps nothing");
}

#[tokio::test]
async fn every_fault_of_every_line_is_named() {
    let shelf = Shelf::with([5, 1]).await;
    let before = written(&shelf).await;
    let a = &shelf.variants[0];
    let with = |delta: Value| json!({"variant_id": a, "delta": delta, "reason": "r"});
    let lines = vec![
        with(json!(0)),
        with(json!(1.5)),
        with(json!(1_000_001)),
        with(json!(9_007_199_254_740_992_i64)),
        with(json!("1")),
        json!({"variant_id": "var_1", "delta": 1, "reason": ""}),
        json!({"variant_id": a, "delta": 1, "reason": "r", "quantity": 1}),
    ];
    let reply = adjust(&shelf, lines).await;
    let mut found = faults(&reply);
    found.sort();
    assert_eq!(
        found,
        [
            "/lines/0/delta out_of_range",
            "/lines/1/delta wrong_type",
            "/lines/2/delta out_of_range",
            "/lines/3/delta out_of_range",
            "/lines/4/delta wrong_type",
            "/lines/5/reason too_short",
            "/lines/5/variant_id too_short",
            "/lines/6/quantity unknown_field",
        ]
    );
    for (lines, expected) in [(0, "/lines too_few"), (1_001, "/lines too_many")] {
        let reply = adjust(&shelf, vec![change(a, 1); lines]).await;
        assert_eq!((reply.status(), faults(&reply)), (422, vec![expected.to_owned()]));
    }
    assert_eq!(written(&shelf).await, before);
}

#[tokio::test]
async fn strange_variants_and_locations_are_named() {
    let shelf = Shelf::with([5, 1]).await;
    let sql = "SELECT id FROM locations WHERE store_id = :other";
    let args = storeroom_sql::Args::new().with("other", shelf.bed.other_store.to_string());
    let rows = storeroom_sql::Rows(shelf.bed.sql(sql, args).await);
    let (foreign, unknown) = (rows.text(0, 0).unwrap(), "var_01hf7yat00fentqaxbnentqaxb");
    let before = written(&shelf).await;
    let at = |variant: &str, location: &str| json!({"variant_id": variant, "location_id": location, "delta": 1, "reason": "r"});
    let lines = vec![
        change(&shelf.variants[0], 1),
        change(unknown, 1),
        at(&shelf.variants[0], foreign),
        at(unknown, foreign),
    ];
    let reply = adjust(&shelf, lines).await;
    let mut found = faults(&reply);
    found.sort();
    let expected =
        ["/lines/1/variant_id", "/lines/2/location_id", "/lines/3/location_id", "/lines/3/variant_id"];
    assert_eq!(found, expected.map(|pointer| format!("{pointer} unknown_value")));
    assert_eq!((reply.status(), reply.round_trips), (422, 1));
    assert_eq!(written(&shelf).await, before);
}

#[tokio::test]
async fn a_thousand_lines_are_one_round_trip() {
    let shelf = Shelf::with([0, 0]).await;
    let lines = (0..1_000).map(|n| change(&shelf.variants[n % 2], 1)).collect();
    let reply = adjust(&shelf, lines).await;
    assert_eq!((reply.status(), reply.round_trips), (200, 1), "{}", reply.text());
    assert_eq!((shelf.level(0).await.on_hand, shelf.level(1).await.on_hand), (500, 500));
    check_fold(&shelf).await;
}

#[tokio::test]
async fn fifty_at_once_end_at_the_right_sum() {
    let shelf = Shelf::with([40, 0]).await;
    let take = || adjust(&shelf, vec![change(&shelf.variants[0], -1)]);
    let replies = join_all((0..50).map(|_| take())).await;
    let done = replies.iter().filter(|reply| reply.status() == 200).count();
    assert_eq!((done, shelf.level(0).await.on_hand), (40, 0));
    assert!(replies.iter().all(|reply| reply.status() == 200 || reply.code() == "insufficient-stock"));
    assert_eq!(log_types(&shelf.bed).await.iter().filter(|kind| *kind == "stock.adjusted").count(), 40);
    check_fold(&shelf).await;
}

#[tokio::test]
async fn another_location_has_levels_of_its_own() {
    let shelf = Shelf::with([5, 0]).await;
    let cellar = location(&shelf, "Cellar").await;
    let line = json!({"variant_id": shelf.variants[0], "location_id": cellar, "delta": 2, "reason": "found"});
    let reply = adjust(&shelf, vec![line]).await.json();
    assert_eq!(
        (&reply["lines"][0]["on_hand"], &reply["lines"][0]["location_id"]),
        (&json!(2), &json!(cellar))
    );
    assert_eq!(shelf.level(0).await.on_hand, 5);
}

#[tokio::test]
async fn the_catalogue_follows_the_levels() {
    let shelf = Shelf::with([0, 0]).await;
    let product = crate::product::simple("Cup", "CUP");
    let product = crate::product::publish(&shelf.bed, product).await;
    let variant = product["variants"][0]["id"].as_str().unwrap();
    let path = format!(
        "/api/pms/catalog/products/{}?store={}",
        product["handle"].as_str().unwrap(),
        shelf.bed.store
    );
    for (delta, word) in [(0, "out_of_stock"), (5, "low_stock"), (1, "in_stock"), (-6, "out_of_stock")] {
        if delta != 0 {
            assert_eq!(adjust(&shelf, vec![change(variant, delta)]).await.status(), 200);
        }
        // What is kept counts for as long.
        shelf.bed.clock.advance(2_000);
        let seen = shelf.bed.call(Role::Viewer, "GET", &path, None).await.json();
        assert_eq!(seen["availability"], word, "{seen}");
    }
}

#[tokio::test]
async fn the_ledger_outlives_its_variant() {
    let shelf = Shelf::with([0, 0]).await;
    moved(&shelf, 0, 9).await;
    let products = shelf.bed.call(Role::Owner, "GET", "/api/pms/products", None).await.json();
    let path = crate::product::path(&products["items"][0]);
    let gone = shelf.bed.call_with(Role::Owner, "DELETE", &path, None, &[("if-match", "*")]).await;
    assert_eq!(gone.status(), 204, "{}", gone.text());
    let rows = items(&shelf, "/history").await;
    assert_eq!((&rows[0]["after"], &rows[0]["sku"]), (&json!(9), &Value::Null));
    assert_eq!(items(&shelf, "/status").await, Vec::<Value>::new());
    check_fold(&shelf).await;
}
