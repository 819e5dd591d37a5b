//! `POST /inventory/set`, `POST /inventory/transfer` and the locations.

use crate::inventory::{adjust, check_fold, items, location, moved, written};
use crate::product::{faults, log, log_types};
use crate::shelf::Shelf;
use serde_json::{Value, json};
use storeroom_domain::Role;

fn count(variant: &str, from: i64, on_hand: i64) -> Value {
    json!({"variant_id": variant, "from": from, "on_hand": on_hand, "reason": "count"})
}

#[tokio::test]
async fn a_count_sets_what_is_on_hand() {
    let shelf = Shelf::with([5, 3]).await;
    let lines = json!({"lines": [count(&shelf.variants[0], 5, 2), count(&shelf.variants[1], 3, 3)]});
    let reply = shelf.post("/set", Some(lines)).await;
    assert_eq!((reply.status(), reply.round_trips), (200, 1), "{}", reply.text());
    assert_eq!((shelf.level(0).await.on_hand, shelf.level(1).await.on_hand), (2, 3));
    let rows = items(&shelf, "/history").await;
    assert_eq!(
        (&rows[0]["kind"], &rows[0]["delta"], &rows[0]["before"]),
        (&json!("set"), &json!(-3), &json!(5))
    );
    assert_ne!(rows[1]["kind"], "set", "a count that finds what was there moves nothing");
    check_fold(&shelf).await;
    let told = log_types(&shelf.bed).await.len();
    let same = json!({"lines": [count(&shelf.variants[0], 2, 2)]});
    assert_eq!(shelf.post("/set", Some(same)).await.status(), 200);
    assert_eq!(log_types(&shelf.bed).await.len(), told);
}

#[tokio::test]
async fn a_stale_count_is_refused() {
    let shelf = Shelf::with([5, 3]).await;
    let before = written(&shelf).await;
    let [a, b] = [&shelf.variants[0], &shelf.variants[1]];
    let reply = shelf.post("/set", Some(json!({"lines": [count(a, 5, 9), count(b, 4, 9)]}))).await;
    assert_eq!((reply.status(), reply.code().as_str()), (409, "stock-changed"));
    let expected = json!([{"pointer": "/lines/1/from", "variant_id": b, "from": 4, "on_hand": 3}]);
    assert_eq!(reply.json()["lines"], expected);
    assert_eq!(written(&shelf).await, before);
}

#[tokio::test]
async fn a_count_leaves_what_is_held() {
    let shelf = Shelf::with([5, 3]).await;
    shelf.hold(4, 60).await;
    let before = written(&shelf).await;
    let reply = shelf.post("/set", Some(json!({"lines": [count(&shelf.variants[0], 5, 3)]}))).await;
    assert_eq!((reply.status(), reply.code().as_str()), (409, "insufficient-stock"));
    assert_eq!(
        (&reply.json()["lines"][0]["requested"], &reply.json()["lines"][0]["available"]),
        (&json!(2), &json!(1))
    );
    assert_eq!(written(&shelf).await, before);
}

#[tokio::test]
async fn bad_counts_are_named() {
    let shelf = Shelf::with([5, 3]).await;
    let before = written(&shelf).await;
    let a = &shelf.variants[0];
    let mut twice = count(a, 5, 5);
    twice["location_id"] = json!(shelf.location);
    for (lines, expected) in [
        (
            vec![count(a, 5, -1), count(a, -1, 1)],
            vec!["/lines/0/on_hand out_of_range", "/lines/1/from out_of_range"],
        ),
        (vec![count(a, 5, 1_000_000_001)], vec!["/lines/0/on_hand out_of_range"]),
        (vec![count(a, 5, 6), twice], vec!["/lines/1/variant_id duplicate"]),
        (vec![], vec!["/lines too_few"]),
        (vec![count("var_01hf7yat00fentqaxbnentqaxb", 0, 1)], vec!["/lines/0/variant_id unknown_value"]),
    ] {
        let reply = shelf.post("/set", Some(json!({"lines": lines}))).await;
        assert_eq!(
            (reply.status(), faults(&reply)),
            (422, expected.into_iter().map(str::to_owned).collect())
        );
    }
    assert_eq!(written(&shelf).await, before);
}

#[tokio::test]
async fn a_transfer_moves_every_line_or_none() {
    let shelf = Shelf::with([5, 3]).await;
    let cellar = location(&shelf, "Cellar").await;
    let body = |quantities: [i64; 2]| {
        json!({"from_location_id": shelf.location, "to_location_id": cellar,
            "lines": [shelf.line(0, quantities[0]), shelf.line(1, quantities[1])]})
    };
    let before = written(&shelf).await;
    let reply = shelf.post("/transfer", Some(body([1, 4]))).await;
    assert_eq!((reply.status(), reply.code().as_str()), (409, "insufficient-stock"));
    let expected =
        json!([{"pointer": "/lines/1", "variant_id": shelf.variants[1], "requested": 4, "available": 3}]);
    assert_eq!(reply.json()["lines"], expected);
    assert_eq!(written(&shelf).await, before);
    let reply = shelf.post("/transfer", Some(body([1, 3]))).await;
    assert_eq!((reply.status(), reply.round_trips), (200, 1), "{}", reply.text());
    let lines = reply.json()["lines"].as_array().unwrap().clone();
    let on_hand: Vec<&Value> = lines.iter().map(|level| &level["on_hand"]).collect();
    assert_eq!(on_hand, [&json!(4), &json!(1), &json!(0), &json!(3)]);
    let told =
        log(&shelf.bed, Role::Viewer).await.into_iter().find(|event| event["type"] == "stock.transferred");
    assert_eq!(told.unwrap()["data"], reply.json());
    check_fold(&shelf).await;
}

#[tokio::test]
async fn bad_transfers_are_named() {
    let shelf = Shelf::with([5, 3]).await;
    let cellar = location(&shelf, "Cellar").await;
    let before = written(&shelf).await;
    let (here, nowhere) = (shelf.location.as_str(), "loc_01hf7yat00fentqaxbnentqaxb");
    for (from, to, lines, expected) in [
        (here, here, vec![shelf.line(0, 1)], vec!["/to_location_id duplicate"]),
        (here, nowhere, vec![shelf.line(0, 1)], vec!["/to_location_id unknown_value"]),
        (
            here,
            &cellar,
            vec![shelf.line(0, 0), shelf.line(1, -1)],
            vec!["/lines/0/quantity out_of_range", "/lines/1/quantity out_of_range"],
        ),
        (
            here,
            &cellar,
            vec![shelf.line(0, 1), shelf.line(1, 1), shelf.line(0, 1)],
            vec!["/lines/2/variant_id duplicate"],
        ),
        (here, &cellar, vec![], vec!["/lines too_few"]),
    ] {
        let body = json!({"from_location_id": from, "to_location_id": to, "lines": lines});
        let reply = shelf.post("/transfer", Some(body)).await;
        assert_eq!(
            (reply.status(), faults(&reply)),
            (422, expected.into_iter().map(str::to_owned).collect())
        );
    }
    assert_eq!(written(&shelf).await, before);
}

#[tokio::test]
async fn locations_are_listed_and_bounded() {
    let shelf = Shelf::with([0, 0]).await;
    for n in 1..100 {
        shelf.bed.clock.advance(1);
        location(&shelf, &format!("L{n}")).await;
    }
    let body = Some(json!({"name": "one more"}));
    let reply = shelf.bed.call(Role::Fulfilment, "POST", "/api/pms/locations", body).await;
    assert_eq!((reply.status(), faults(&reply)), (422, vec!["/name too_many".to_owned()]));
    let page = shelf.bed.call(Role::Viewer, "GET", "/api/pms/locations?limit=99", None).await.json();
    assert_eq!((page["items"].as_array().unwrap().len(), &page["items"][0]["name"]), (99, &json!("L99")));
    assert_eq!(page["items"][0]["is_default"], json!(false));
    let next = format!("/api/pms/locations?limit=99&cursor={}", page["next_cursor"].as_str().unwrap());
    let page = shelf.bed.call(Role::Viewer, "GET", &next, None).await.json();
    assert_eq!((&page["items"][0]["is_default"], &page["next_cursor"]), (&json!(true), &Value::Null));
}

#[tokio::test]
async fn status_filters_and_pages() {
    let shelf = Shelf::with([6, 3]).await;
    let cellar = location(&shelf, "Cellar").await;
    let at =
        |n: usize| json!({"variant_id": shelf.variants[n], "location_id": cellar, "delta": 9, "reason": "r"});
    assert_eq!(adjust(&shelf, vec![at(0)]).await.status(), 200);
    let on_hand =
        |items: Vec<Value>| items.iter().map(|level| level["on_hand"].as_i64().unwrap()).collect::<Vec<_>>();
    for (query, expected) in [
        (String::new(), vec![3, 6, 9]),
        (format!("?variant_id={}", shelf.variants[0]), vec![6, 9]),
        ("?sku=MUG-L".to_owned(), vec![3]),
        (format!("?location_id={cellar}"), vec![9]),
        (format!("?location_id={cellar}&sku=MUG-L"), vec![]),
        ("?low_stock=true".to_owned(), vec![3]),
        ("?low_stock=false".to_owned(), vec![6, 9]),
    ] {
        let mut found = on_hand(items(&shelf, &format!("/status{query}")).await);
        found.sort_unstable();
        assert_eq!(found, expected, "{query}");
    }
    let all = items(&shelf, "/status").await;
    let (mut walked, mut path) = (Vec::new(), "/status?limit=1".to_owned());
    loop {
        let page = crate::inventory::read(&shelf, &path).await;
        walked.extend(page["items"].as_array().unwrap().clone());
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        path = format!("/status?limit=1&cursor={cursor}");
    }
    assert_eq!(walked, all);
}

#[tokio::test]
async fn the_history_is_paged_filtered_and_a_file() {
    let shelf = Shelf::with([6, 3]).await;
    let cellar = location(&shelf, "Cellar").await;
    let line = |reason: &str| json!({"variant_id": shelf.variants[0], "location_id": cellar, "delta": 1, "reason": reason, "reference": "a,b"});
    assert_eq!(adjust(&shelf, vec![line("=cmd|' /C calc'!A0"), line("found")]).await.status(), 200);
    moved(&shelf, 1, 2).await;
    let all = items(&shelf, "/history").await;
    assert_eq!(all.len(), 5);
    assert_eq!(items(&shelf, &format!("/history?variant_id={}", shelf.variants[0])).await.len(), 3);
    assert_eq!(items(&shelf, &format!("/history?location_id={cellar}")).await.len(), 2);
    assert_eq!(items(&shelf, "/history?before=3").await, all[3..]);
    let page = crate::inventory::read(&shelf, "/history?limit=2").await;
    let next = format!("/history?limit=250&cursor={}", page["next_cursor"].as_str().unwrap());
    assert_eq!(items(&shelf, &next).await, all[2..]);
    let path = "/api/pms/inventory/history";
    for (path, accept) in [(path.to_owned(), "text/csv"), (format!("{path}?format=csv"), "*/*")] {
        let reply = shelf.bed.call_with(Role::Viewer, "GET", &path, None, &[("accept", accept)]).await;
        assert_eq!((reply.status(), reply.round_trips), (200, 1), "{}", reply.text());
        assert_eq!(reply.header("content-type"), Some("text/csv; charset=utf-8"));
        let text = reply.text();
        assert_eq!(text.lines().count(), 6);
        assert!(text.contains(",\"'=cmd|' /C calc'!A0\",\"a,b\",usr_"), "{text}");
    }
    let other = shelf
        .bed
        .call_with(Role::Viewer, "GET", "/api/pms/inventory/status", None, &[("accept", "text/csv")])
        .await;
    assert_eq!(other.status(), 406);
}
