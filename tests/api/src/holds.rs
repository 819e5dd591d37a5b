//! Holds: what they do to stock, that they resolve once, and what is refused.

use crate::product::{create, faults, log, log_types};
use crate::shelf::{Level, Shelf};
use futures::future::join_all;
use serde_json::{Value, json};
use storeroom_domain::Role;
use storeroom_operations::schema::Schema;
use storeroom_operations::shapes::hold::{HOLD, Hold};
use storeroom_operations::validate::validate;
use storeroom_sql::Args;

fn level(on_hand: i64, held: i64) -> Level {
    Level { on_hand, held, available: on_hand - held }
}

#[tokio::test]
async fn a_hold_sets_stock_aside_in_one_round_trip() {
    let shelf = Shelf::with([5, 3]).await;
    let body =
        json!({"lines": [shelf.line(0, 2), shelf.line(1, 3)], "expires_in": 60, "reference": "basket 7"});
    let reply = shelf.post("/holds", Some(body)).await;
    assert_eq!((reply.status(), reply.round_trips), (201, 1), "{}", reply.text());
    let hold = reply.json();
    assert_eq!(
        reply.header("location"),
        Some(format!("/api/pms/inventory/holds/{}", hold["id"].as_str().unwrap()).as_str())
    );
    assert_eq!(reply.header("etag"), None);
    let line = |n: usize, quantity: i64| json!({"variant_id": shelf.variants[n], "location_id": shelf.location, "quantity": quantity, "committed": 0});
    let expected = json!({
        "id": hold["id"], "state": "open", "lines": [line(0, 2), line(1, 3)],
        "expires_at": "2026-11-20T09:31:00.000Z", "reference": "basket 7", "order_id": null,
        "version": 1,
        "created_at": "2026-11-20T09:30:00.000Z",
    });
    assert_eq!(hold, expected);
    assert_eq!((shelf.level(0).await, shelf.level(1).await), (level(5, 2), level(3, 3)));
    let events = log(&shelf.bed, Role::Viewer).await;
    let told = events.last().unwrap();
    assert_eq!(
        (&told["type"], &told["subject"], &told["data"]),
        (&json!("hold.created"), &hold["id"], &hold)
    );
    assert_eq!(shelf.read(hold["id"].as_str().unwrap()).await, hold);
}

#[tokio::test]
async fn a_hold_reads_into_its_type_and_back() {
    let shelf = Shelf::with([5, 3]).await;
    let document = shelf.try_hold(1, 60).await.json();
    assert_eq!(validate(&Schema::Object(&HOLD), &document), []);
    let typed: Hold = serde_json::from_value(document.clone()).unwrap();
    assert_eq!(serde_json::to_value(typed).unwrap(), document);
}

#[tokio::test]
async fn the_store_says_how_long_a_hold_lasts() {
    let shelf = Shelf::with([5, 3]).await;
    let hold = shelf.post("/holds", Some(json!({"lines": [shelf.line(0, 1)]}))).await.json();
    assert_eq!(hold["expires_at"], "2026-11-20T09:45:00.000Z");
    let path = format!("/api/pms/stores/{}", shelf.bed.store);
    let patch = Some(json!({"hold_expiry_seconds": 120}));
    let patched = shelf.bed.call_with(Role::Owner, "PATCH", &path, patch, &[("if-match", "*")]).await;
    assert_eq!(patched.status(), 200, "{}", patched.text());
    let hold = shelf.post("/holds", Some(json!({"lines": [shelf.line(0, 1)]}))).await.json();
    assert_eq!(hold["expires_at"], "2026-11-20T09:32:00.000Z");
}

#[tokio::test]
async fn a_commit_takes_all_of_it() {
    let shelf = Shelf::with([5, 3]).await;
    let hold = shelf.hold(2, 60).await;
    let reply = shelf.change(&hold, "commit", None).await;
    assert_eq!((reply.status(), reply.round_trips), (200, 1), "{}", reply.text());
    assert_eq!(
        (&reply.json()["state"], &reply.json()["lines"][0]["committed"]),
        (&json!("committed"), &json!(2))
    );
    assert_eq!(reply.json()["version"], 2);
    assert_eq!((shelf.level(0).await, shelf.folded(0).await), (level(3, 0), [3, 0]));
    let told = log(&shelf.bed, Role::Viewer).await.pop().unwrap();
    let data = json!({"state": "committed", "lines": reply.json()["lines"], "version": 2});
    assert_eq!(
        (&told["type"], &told["version"], &told["data"]),
        (&json!("hold.committed"), &json!(2), &data)
    );
}

#[tokio::test]
async fn a_commit_of_a_part_gives_the_rest_back() {
    let shelf = Shelf::with([5, 3]).await;
    let body = json!({"lines": [shelf.line(0, 4), shelf.line(1, 3)]});
    let hold = shelf.post("/holds", Some(body)).await.json();
    let hold = hold["id"].as_str().unwrap();
    let part = json!({"lines": [shelf.line(0, 1)]});
    let reply = shelf.change(hold, "commit", Some(part)).await;
    let committed = |n: usize| reply.json()["lines"][n]["committed"].clone();
    assert_eq!((reply.status(), committed(0), committed(1)), (200, json!(1), json!(0)), "{}", reply.text());
    assert_eq!((shelf.level(0).await, shelf.level(1).await), (level(4, 0), level(3, 0)));
    assert_eq!((shelf.folded(0).await, shelf.folded(1).await), ([4, 0], [3, 0]));
    assert_eq!(shelf.read(hold).await, reply.json());
}

#[tokio::test]
async fn a_release_gives_all_of_it_back() {
    let shelf = Shelf::with([5, 3]).await;
    let hold = shelf.hold(5, 60).await;
    assert_eq!(shelf.try_hold(1, 60).await.code(), "insufficient-stock");
    let reply = shelf.change(&hold, "release", None).await;
    assert_eq!((reply.status(), reply.round_trips, &reply.json()["state"]), (200, 1, &json!("released")));
    assert_eq!((shelf.level(0).await, shelf.folded(0).await), (level(5, 0), [5, 0]));
    let told = log(&shelf.bed, Role::Viewer).await.pop().unwrap();
    assert_eq!(
        (&told["type"], &told["data"]),
        (&json!("hold.released"), &json!({"state": "released", "version": 2}))
    );
}

#[tokio::test]
async fn an_extension_counts_from_now_and_is_no_event() {
    let shelf = Shelf::with([5, 3]).await;
    let hold = shelf.hold(5, 60).await;
    let before = log_types(&shelf.bed).await;
    shelf.bed.clock.advance(59_000);
    let reply = shelf.change(&hold, "extend", Some(json!({"expires_in": 10}))).await;
    assert_eq!((reply.status(), reply.round_trips), (200, 1), "{}", reply.text());
    assert_eq!(
        (&reply.json()["expires_at"], &reply.json()["version"]),
        (&json!("2026-11-20T09:31:09.000Z"), &json!(2))
    );
    assert_eq!(log_types(&shelf.bed).await, before);
    shelf.bed.clock.advance(9_999);
    assert_eq!(shelf.level(0).await, level(5, 5));
    shelf.bed.clock.advance(1);
    assert_eq!(shelf.level(0).await, level(5, 0));
    assert_eq!(shelf.change(&hold, "extend", Some(json!({"expires_in": 10}))).await.code(), "hold-expired");
}

#[tokio::test]
async fn a_hold_resolves_once_and_says_what_it_became() {
    let shelf = Shelf::with([9, 3]).await;
    let (committed, released, expired) =
        (shelf.hold(1, 60).await, shelf.hold(1, 60).await, shelf.hold(1, 1).await);
    assert_eq!(shelf.change(&committed, "commit", None).await.status(), 200);
    assert_eq!(shelf.change(&released, "release", None).await.status(), 200);
    shelf.bed.clock.advance(1_000);
    let before = (shelf.level(0).await, log_types(&shelf.bed).await);
    for (hold, code) in [
        (&committed, "hold-already-committed"),
        (&released, "hold-already-released"),
        (&expired, "hold-expired"),
    ] {
        for (verb, body) in [("commit", None), ("release", None), ("extend", Some(json!({"expires_in": 60})))]
        {
            let reply = shelf.change(hold, verb, body).await;
            assert_eq!((reply.status(), reply.code().as_str()), (409, code), "{verb}");
        }
    }
    assert_eq!((shelf.level(0).await, log_types(&shelf.bed).await), before);
}

#[tokio::test]
async fn of_many_at_once_exactly_one_resolves_it() {
    let shelf = Shelf::with([5, 3]).await;
    let hold = shelf.hold(4, 60).await;
    let verbs = (0..20).map(|n| if n % 2 == 0 { "commit" } else { "release" });
    let replies = join_all(verbs.map(|verb| shelf.change(&hold, verb, None))).await;
    let won: Vec<_> = replies.iter().filter(|reply| reply.status() == 200).collect();
    assert_eq!(won.len(), 1);
    let became = won[0].json()["state"].as_str().unwrap().to_owned();
    let lost = format!("hold-already-{became}");
    assert!(replies.iter().filter(|reply| reply.status() != 200).all(|reply| reply.code() == lost));
    let expected = if became == "committed" { level(1, 0) } else { level(5, 0) };
    assert_eq!(shelf.level(0).await, expected);
    let types = log_types(&shelf.bed).await;
    assert_eq!(types.iter().filter(|told| told.starts_with("hold.")).count(), 2, "{types:?}");
}

#[tokio::test]
async fn the_last_units_are_held_once() {
    let shelf = Shelf::with([5, 3]).await;
    let replies = join_all((0..20).map(|_| shelf.try_hold(2, 60))).await;
    assert_eq!(replies.iter().filter(|reply| reply.status() == 201).count(), 2);
    assert_eq!(shelf.level(0).await, level(5, 4));
}

#[tokio::test]
async fn too_little_stock_names_each_line_and_writes_nothing() {
    let shelf = Shelf::with([5, 3]).await;
    shelf.hold(2, 60).await;
    let before = log_types(&shelf.bed).await;
    let body = json!({"lines": [shelf.line(0, 4), shelf.line(1, 4)]});
    let reply = shelf.post("/holds", Some(body)).await;
    assert_eq!((reply.status(), reply.code().as_str(), reply.round_trips), (409, "insufficient-stock", 1));
    let lines = json!([
        {"pointer": "/lines/0", "variant_id": shelf.variants[0], "requested": 4, "available": 3},
        {"pointer": "/lines/1", "variant_id": shelf.variants[1], "requested": 4, "available": 3},
    ]);
    assert_eq!(reply.json()["lines"], lines);
    assert_eq!((shelf.level(0).await, shelf.level(1).await), (level(5, 2), level(3, 0)));
    assert_eq!(log_types(&shelf.bed).await, before);
}

#[tokio::test]
async fn a_variant_stands_once_a_location() {
    let shelf = Shelf::with([5, 3]).await;
    let mut named = shelf.line(0, 1);
    named["location_id"] = json!(shelf.location);
    let body = json!({"lines": [shelf.line(0, 1), shelf.line(1, 1), named]});
    let reply = shelf.post("/holds", Some(body.clone())).await;
    assert_eq!((reply.status(), faults(&reply)), (422, vec!["/lines/2/variant_id duplicate".to_owned()]));
    let hold = shelf.hold(2, 60).await;
    let reply = shelf.change(&hold, "commit", Some(body)).await;
    assert_eq!((reply.status(), faults(&reply)[0].as_str()), (422, "/lines/2/variant_id duplicate"));
}

#[tokio::test]
async fn what_is_not_the_stores_is_named() {
    let shelf = Shelf::with([5, 3]).await;
    let mut elsewhere = shelf.line(0, 1);
    elsewhere["location_id"] = json!("loc_01hf7yat00fapaqaxbneyqpfbb");
    let foreign = json!({"variant_id": "var_01hf7yat00fapaqaxbneyqpfbb", "quantity": 1});
    let body = json!({"lines": [shelf.line(1, 1), foreign, elsewhere]});
    let reply = shelf.post("/holds", Some(body)).await;
    assert_eq!(reply.status(), 422);
    assert_eq!(faults(&reply), ["/lines/1/variant_id unknown_value", "/lines/2/location_id unknown_value"]);
}

#[tokio::test]
async fn a_commit_takes_only_what_the_hold_has() {
    let shelf = Shelf::with([5, 3]).await;
    let hold = shelf.hold(2, 60).await;
    let reply =
        shelf.change(&hold, "commit", Some(json!({"lines": [shelf.line(0, 3), shelf.line(1, 1)]}))).await;
    assert_eq!(reply.status(), 422);
    assert_eq!(faults(&reply), ["/lines/1/variant_id unknown_value", "/lines/0/quantity out_of_range"]);
    let reply = shelf.change(&hold, "commit", Some(json!({"lines": []}))).await;
    assert_eq!((reply.status(), faults(&reply)), (422, vec!["/lines too_few".to_owned()]));
    assert_eq!(shelf.read(&hold).await["state"], "open");
}

#[tokio::test]
async fn bad_numbers_are_refused() {
    let shelf = Shelf::with([5, 3]).await;
    for quantity in
        [json!(0), json!(-1), json!(1_000_001), json!(9_007_199_254_740_992_i64), json!(1.5), json!("1")]
    {
        let body = json!({"lines": [{"variant_id": shelf.variants[0], "quantity": quantity}]});
        let reply = shelf.post("/holds", Some(body)).await;
        assert_eq!((reply.status(), faults(&reply).len()), (422, 1), "{quantity}: {}", reply.text());
        assert!(faults(&reply)[0].starts_with("/lines/0/quantity "), "{quantity}");
    }
    let hold = shelf.hold(1, 60).await;
    for expires_in in [0, -1, 604_801, 31_536_000] {
        let reply = shelf.try_hold(1, expires_in).await;
        assert_eq!((reply.status(), faults(&reply)), (422, vec!["/expires_in out_of_range".to_owned()]));
        let reply = shelf.change(&hold, "extend", Some(json!({"expires_in": expires_in}))).await;
        assert_eq!((reply.status(), faults(&reply)), (422, vec!["/expires_in out_of_range".to_owned()]));
    }
    for lines in [json!([]), Value::Array(vec![shelf.line(0, 1); 1_001])] {
        let reply = shelf.post("/holds", Some(json!({"lines": lines}))).await;
        assert_eq!(
            (reply.status(), faults(&reply)[0].starts_with("/lines too_")),
            (422, true),
            "{}",
            reply.text()
        );
    }
    assert_eq!(shelf.level(0).await, level(5, 1));
}

#[tokio::test]
async fn a_strangers_hold_is_not_there() {
    let shelf = Shelf::with([5, 3]).await;
    let hold = shelf.hold(1, 60).await;
    let (token, store) = (format!("Bearer {}", shelf.bed.stranger.token), shelf.bed.other_store.to_string());
    let headers =
        [("authorization", token.as_str()), ("x-store-id", store.as_str()), ("idempotency-key", "a")];
    for (method, verb) in [("GET", ""), ("POST", "/commit"), ("POST", "/release")] {
        let path = format!("/api/pms/inventory/holds/{hold}{verb}");
        let reply = shelf.bed.send(storeroom_testbed::request(method, &path, None, &headers)).await;
        assert_eq!(reply.status(), 404, "{method} {verb}");
    }
    assert_eq!(shelf.change("hld_01hf7yat00fapaqaxbneyqpfbb", "release", None).await.status(), 404);
}

/// 20 products of 50 variants.
async fn many(shelf: &Shelf) -> Vec<Value> {
    let mut lines = Vec::new();
    for product in 0..20 {
        let values: Vec<String> = (0..50).map(|n| format!("v{n}")).collect();
        let variant =
            |value: &String| json!({"sku": format!("{product}-{value}"), "option_values": {"N": value}});
        let variants: Vec<Value> = values.iter().map(variant).collect();
        let body =
            json!({"title": "Many", "options": [{"name": "N", "values": values}], "variants": variants});
        let made = create(&shelf.bed, body).await;
        let ids = made["variants"].as_array().unwrap().iter().map(|variant| variant["id"].clone());
        lines.extend(ids.map(|id| json!({"variant_id": id, "quantity": 2})));
    }
    let args = Args::new().with("store", shelf.bed.store.to_string());
    shelf.bed.sql("UPDATE levels SET on_hand = 5 WHERE store_id = :store", args).await;
    lines
}

#[tokio::test]
async fn a_thousand_lines_take_one_round_trip() {
    let shelf = Shelf::with([5, 3]).await;
    let lines = many(&shelf).await;
    assert_eq!(lines.len(), 1_000);
    let reply = shelf.post("/holds", Some(json!({"lines": lines}))).await;
    assert_eq!((reply.status(), reply.round_trips), (201, 1), "{}", reply.text());
    let hold = reply.json()["id"].as_str().unwrap().to_owned();
    let part: Vec<Value> =
        lines.iter().map(|line| json!({"variant_id": line["variant_id"], "quantity": 1})).collect();
    let reply = shelf.change(&hold, "commit", Some(json!({"lines": part}))).await;
    assert_eq!((reply.status(), reply.round_trips), (200, 1), "{}", reply.text());
    let sums = "SELECT sum(on_hand), sum(held), (SELECT count(*) FROM ledger WHERE kind = 'hold_committed') FROM levels";
    let numbers = shelf.bed.sql(sums, Args::new()).await;
    assert_eq!(numbers, [[1_002 * 5 - 1_000, 0, 1_000].map(storeroom_sql::Value::Integer)]);
}
