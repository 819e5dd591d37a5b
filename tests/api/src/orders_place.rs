//! `POST /orders`.

use crate::orders::{customer, payment};
use crate::product::{create, log, simple};
use crate::shelf::Shelf;
use serde_json::{Value, json};
use storeroom_domain::Role;
use storeroom_operations::shapes::order::Order;
use storeroom_sql::Args;

/// What the line at that place is about: `variant_id` stands beside each.
fn lines(reply: &storeroom_testbed::Reply) -> Value {
    reply.json()["lines"].clone()
}

#[tokio::test]
async fn an_order_has_everything_as_it_was() {
    let shelf = Shelf::with([5, 3]).await;
    let address = json!({"name": null, "company": null, "line1": "Kirchweg 1", "line2": null, "city": "Kassel",
        "region": null, "postal_code": "34117", "country": "DE", "phone": null});
    let body = json!({"lines": [shelf.line(0, 2), shelf.line(1, 3)], "customer": customer(), "note": "Leave it\nthere",
        "shipping_address": address, "shipping": {"amount": 490, "currency": "EUR"}});
    let reply = shelf.post_to("/api/pms/orders", Some(body)).await;
    assert_eq!((reply.status(), reply.round_trips), (201, 1), "{}", reply.text());
    let order = reply.json();
    let typed: Order = serde_json::from_value(order.clone()).unwrap();
    assert_eq!(serde_json::to_value(&typed).unwrap(), order);
    let path = format!("/api/pms/orders/{}", typed.id);
    assert_eq!((reply.header("location"), reply.header("etag")), (Some(path.as_str()), Some("\"1\"")));
    assert_eq!((typed.number, typed.state.as_str(), typed.version), (1, "pending", 1));
    assert_eq!(typed.expires_at.as_deref(), Some("2026-11-20T10:00:00.000Z"));
    assert_eq!((&order["customer"], &order["shipping_address"]), (&customer(), &address));
    let prices: Vec<i64> = typed.lines.iter().map(|line| line.unit_price.amount).collect();
    assert_eq!(typed.subtotal.amount, 2 * prices[0] + 3 * prices[1]);
    assert_eq!((typed.tax.amount, typed.total.amount), (0, typed.subtotal.amount + 490));
    assert_eq!((shelf.stock_of(0).await, shelf.stock_of(1).await), ([5, 0, 2, 3], [3, 0, 3, 0]));
    let told = log(&shelf.bed, Role::Fulfilment).await.pop().unwrap();
    assert_eq!(
        (&told["type"], &told["subject"], &told["data"]),
        (&json!("order.created"), &order["id"], &order)
    );
    let seen = log(&shelf.bed, Role::Viewer).await;
    assert!(!seen.iter().any(|event| event["type"] == "order.created"), "it tells of a customer");
}

#[tokio::test]
async fn a_title_and_a_price_stay_as_they_were() {
    let shelf = Shelf::with([5, 3]).await;
    let order = shelf.order(1).await;
    let product = &order["lines"][0]["product_id"];
    let path = format!("/api/pms/products/{}", product.as_str().unwrap());
    let patch = [("if-match", "*"), ("content-type", "application/merge-patch+json")];
    let title = Some(json!({"title": "Other"}));
    assert_eq!(shelf.bed.call_with(Role::Owner, "PATCH", &path, title, &patch).await.status(), 200);
    assert_eq!(shelf.read_order(&order).await, order);
}

#[tokio::test]
async fn numbers_count_up_without_holes() {
    let shelf = Shelf::with([5, 3]).await;
    let mut numbers = Vec::new();
    for quantity in [1, 9, 1, 9, 1] {
        let reply = shelf.try_order(json!([shelf.line(0, quantity)])).await;
        numbers.extend((reply.status() == 201).then(|| reply.json()["number"].as_i64().unwrap()));
    }
    assert_eq!(numbers, [1, 2, 3]);
}

#[tokio::test]
async fn more_than_there_is_is_refused_line_by_line() {
    let shelf = Shelf::with([5, 3]).await;
    shelf.order(2).await;
    shelf.hold(1, 60).await;
    let reply = shelf.try_order(json!([shelf.line(0, 3), shelf.line(1, 4)])).await;
    assert_eq!((reply.status(), reply.code().as_str()), (409, "insufficient-stock"));
    let short = |line: usize, requested: i64, available: i64| {
        json!({"pointer": format!("/lines/{line}"),
        "variant_id": shelf.variants[line], "requested": requested, "available": available})
    };
    assert_eq!(lines(&reply), json!([short(0, 3, 2), short(1, 4, 3)]));
    assert_eq!((shelf.stock_of(0).await, shelf.stock_of(1).await), ([5, 1, 2, 2], [3, 0, 0, 3]));
    assert_eq!(shelf.try_order(json!([shelf.line(0, 2), shelf.line(1, 3)])).await.status(), 201);
}

#[tokio::test]
async fn a_price_that_changed_is_refused_with_what_it_is() {
    let shelf = Shelf::with([5, 3]).await;
    let price = shelf.order(1).await["lines"][0]["unit_price"].clone();
    let expecting = |amount: i64| {
        let mut line = shelf.line(0, 1);
        line["expected_unit_price"] = json!({"amount": amount, "currency": "EUR"});
        json!([line])
    };
    let amount = price["amount"].as_i64().unwrap();
    assert_eq!(shelf.try_order(expecting(amount)).await.status(), 201);
    let reply = shelf.try_order(expecting(amount - 1)).await;
    assert_eq!((reply.status(), reply.code().as_str()), (409, "price-changed"));
    let expected = json!([{"pointer": "/lines/0", "variant_id": shelf.variants[0],
        "expected": {"amount": amount - 1, "currency": "EUR"}, "unit_price": price}]);
    assert_eq!(lines(&reply), expected);
}

#[tokio::test]
async fn only_what_is_published_is_sold() {
    let shelf = Shelf::with([5, 3]).await;
    let draft = create(&shelf.bed, simple("Draft", "DRAFT")).await;
    let variant = draft["variants"][0]["id"].clone();
    let body = json!([shelf.line(0, 1), {"variant_id": variant, "quantity": 1}]);
    let reply = shelf.try_order(body.clone()).await;
    assert_eq!((reply.status(), reply.code().as_str()), (409, "product-not-available"));
    assert_eq!(lines(&reply), json!([{"pointer": "/lines/1", "variant_id": variant}]));
    let publish = format!("/api/pms/products/{}/publish", draft["id"].as_str().unwrap());
    let soon = json!({"publish_at": "2026-11-20T09:31:00.000Z"});
    assert_eq!(shelf.bed.call(Role::Owner, "POST", &publish, Some(soon)).await.status(), 200);
    assert_eq!(shelf.try_order(body.clone()).await.code(), "product-not-available");
    shelf.bed.clock.advance(60_000);
    assert_eq!(shelf.try_order(body).await.code(), "insufficient-stock", "it is public from its moment on");
}

/// A body, and the faults it has: pointer and code.
fn bad_bodies(shelf: &Shelf) -> Vec<(Value, Vec<(&'static str, &'static str)>)> {
    let line = |quantity: Value| json!({"variant_id": shelf.variants[0], "quantity": quantity});
    let with = |lines: Value| json!({"lines": lines, "customer": customer()});
    let dollars = json!({"amount": 1, "currency": "USD"});
    let mut dear = line(json!(1));
    dear["expected_unit_price"] = dollars.clone();
    let strange = json!({"variant_id": "var_00000000000000000000000000", "quantity": 1});
    let away = json!({"variant_id": shelf.variants[0], "quantity": 1, "location_id": "loc_00000000000000000000000000"});
    let many: Vec<Value> = (0..1_001).map(|_| line(json!(1))).collect();
    let mut shipping = with(json!([line(json!(1))]));
    shipping["shipping"] = dollars;
    let mut held = with(json!([line(json!(1))]));
    held["hold_id"] = json!("hld_00000000000000000000000000");
    vec![
        (with(json!([])), vec![("/lines", "too_few")]),
        (with(json!(many)), vec![("/lines", "too_many")]),
        (with(json!([line(json!(1)), line(json!(0))])), vec![("/lines/1/quantity", "out_of_range")]),
        (with(json!([line(json!(-1))])), vec![("/lines/0/quantity", "out_of_range")]),
        (with(json!([line(json!(9_007_199_254_740_992_i64))])), vec![("/lines/0/quantity", "out_of_range")]),
        (with(json!([line(json!(1.5))])), vec![("/lines/0/quantity", "wrong_type")]),
        (with(json!([line(json!("1"))])), vec![("/lines/0/quantity", "wrong_type")]),
        (with(json!([line(json!(1)), strange])), vec![("/lines/1/variant_id", "unknown_value")]),
        (with(json!([away])), vec![("/lines/0/location_id", "unknown_value")]),
        (with(json!([line(json!(1)), line(json!(1))])), vec![("/lines/1/variant_id", "duplicate")]),
        (
            with(json!([line(json!(1)), dear])),
            vec![
                ("/lines/1/variant_id", "duplicate"),
                ("/lines/1/expected_unit_price/currency", "wrong_currency"),
            ],
        ),
        (with(json!([dear])), vec![("/lines/0/expected_unit_price/currency", "wrong_currency")]),
        (shipping, vec![("/shipping/currency", "wrong_currency")]),
        (held, vec![("/hold_id", "unknown_value")]),
        (json!({"lines": [line(json!(1))]}), vec![("/customer", "required")]),
        (
            json!({"lines": [line(json!(1))], "customer": {"email": "ann"}}),
            vec![("/customer/email", "wrong_format")],
        ),
        (
            json!({"lines": [line(json!(0))], "customer": {}, "total": 1}),
            vec![
                ("/lines/0/quantity", "out_of_range"),
                ("/customer/email", "required"),
                ("/total", "unknown_field"),
            ],
        ),
    ]
}

#[tokio::test]
async fn a_bad_body_names_every_fault_and_writes_nothing() {
    let shelf = Shelf::with([5, 3]).await;
    let before = log(&shelf.bed, Role::Owner).await.len();
    for (body, expected) in bad_bodies(&shelf) {
        let shown = body.to_string().chars().take(200).collect::<String>();
        let reply = shelf.post_to("/api/pms/orders", Some(body)).await;
        assert_eq!(
            (reply.status(), reply.code().as_str()),
            (422, "validation-failed"),
            "{shown}: {}",
            reply.text()
        );
        let problem = reply.json();
        let mut faults: Vec<(&str, &str)> = problem["errors"]
            .as_array()
            .unwrap()
            .iter()
            .map(|fault| (fault["pointer"].as_str().unwrap(), fault["code"].as_str().unwrap()))
            .collect();
        let mut expected = expected;
        faults.sort_unstable();
        expected.sort_unstable();
        assert_eq!(faults, expected, "{shown}");
    }
    assert_eq!((log(&shelf.bed, Role::Owner).await.len(), shelf.stock_of(0).await), (before, [5, 0, 0, 5]));
}

#[tokio::test]
async fn a_sum_beyond_every_amount_is_refused() {
    let shelf = Shelf::with([2, 0]).await;
    let args = || Args::new().with("store", shelf.bed.store.to_string());
    let dear = "UPDATE variants SET price_minor = 1000000000000 WHERE store_id = :store";
    shelf.bed.sql(dear, args()).await;
    for taxed in [
        "UPDATE stores SET tax_rate_basis_points = 0 WHERE id = :store",
        "UPDATE stores SET tax_rate_basis_points = 1, prices_include_tax = 0 WHERE id = :store",
    ] {
        shelf.bed.sql(taxed, args()).await;
        let quantity = if taxed.contains("= 0 WHERE") && !taxed.contains("include") { 2 } else { 1 };
        let reply = shelf.try_order(json!([shelf.line(0, quantity)])).await;
        assert_eq!(
            (reply.status(), &reply.json()["errors"][0]["pointer"]),
            (422, &json!("/lines")),
            "{}",
            reply.text()
        );
    }
    let millions = shelf.try_order(json!([shelf.line(0, 1_000_000)])).await;
    assert_eq!((millions.status(), &millions.json()["errors"][0]["code"]), (422, &json!("out_of_range")));
}

#[tokio::test]
async fn a_hold_never_blocks_its_own_order() {
    let shelf = Shelf::with([5, 3]).await;
    let hold =
        shelf.post("/holds", Some(json!({"lines": [shelf.line(0, 5), shelf.line(1, 2)]}))).await.json();
    let body = |quantity: i64| json!({"lines": [shelf.line(0, quantity)], "customer": customer(), "hold_id": hold["id"]});
    assert_eq!(shelf.try_order(json!([shelf.line(0, 1)])).await.code(), "insufficient-stock");
    let beyond = shelf.post_to("/api/pms/orders", Some(body(6))).await;
    assert_eq!((beyond.code().as_str(), &lines(&beyond)[0]["available"]), ("insufficient-stock", &json!(5)));
    assert_eq!(shelf.stock_of(0).await, [5, 5, 0, 0], "a refused order leaves the hold as it is");
    let order = shelf.post_to("/api/pms/orders", Some(body(4))).await.json();
    assert_eq!(order["hold_id"], hold["id"]);
    assert_eq!((shelf.stock_of(0).await, shelf.stock_of(1).await), ([5, 0, 4, 1], [3, 0, 0, 3]));
    let became = shelf.read(hold["id"].as_str().unwrap()).await;
    let committed: Vec<_> =
        became["lines"].as_array().unwrap().iter().map(|line| line["committed"].clone()).collect();
    assert_eq!(
        (&became["state"], &became["order_id"], committed),
        (&json!("committed"), &order["id"], vec![json!(4), json!(0)])
    );
    let types: Vec<_> =
        log(&shelf.bed, Role::Owner).await.iter().rev().take(2).map(|event| event["type"].clone()).collect();
    assert_eq!(types, [json!("order.created"), json!("hold.committed")]);
    assert_eq!(shelf.post_to("/api/pms/orders", Some(body(1))).await.code(), "hold-already-committed");
    let paid = shelf.acted(&order, "pay", payment()).await;
    shelf.acted(&paid, "fulfil", None).await;
    assert_eq!(shelf.stock_of(0).await, [1, 0, 0, 1]);
    assert_eq!(shelf.post("/reconcile", Some(json!({}))).await.json()["drift"], json!([]));
}

#[tokio::test]
async fn a_hold_that_resolved_or_expired_makes_no_order() {
    let shelf = Shelf::with([5, 3]).await;
    let (released, expired) = (shelf.hold(1, 60).await, shelf.hold(2, 60).await);
    assert_eq!(shelf.change(&released, "release", None).await.status(), 200);
    shelf.bed.clock.advance(60_000);
    for (hold, code) in [(released, "hold-already-released"), (expired, "hold-expired")] {
        let body = json!({"lines": [shelf.line(0, 1)], "customer": customer(), "hold_id": hold});
        let reply = shelf.post_to("/api/pms/orders", Some(body)).await;
        assert_eq!((reply.status(), reply.code().as_str()), (409, code));
    }
    assert_eq!(shelf.stock_of(0).await, [5, 0, 0, 5]);
}

#[tokio::test]
async fn an_order_may_take_more_than_its_hold_has() {
    let shelf = Shelf::with([5, 3]).await;
    let hold = shelf.hold(2, 60).await;
    let body =
        json!({"lines": [shelf.line(0, 3), shelf.line(1, 1)], "customer": customer(), "hold_id": hold});
    assert_eq!(shelf.post_to("/api/pms/orders", Some(body)).await.status(), 201);
    assert_eq!((shelf.stock_of(0).await, shelf.stock_of(1).await), ([5, 0, 3, 2], [3, 0, 1, 2]));
}

#[tokio::test]
async fn an_open_order_keeps_its_product_in_the_store() {
    let shelf = Shelf::with([5, 3]).await;
    let order = shelf.order(1).await;
    let path = format!("/api/pms/products/{}", order["lines"][0]["product_id"].as_str().unwrap());
    let delete = || shelf.bed.call_with(Role::Owner, "DELETE", &path, None, &[("if-match", "*")]);
    assert_eq!(delete().await.code(), "product-in-use");
    shelf.bed.clock.advance(1_800_000);
    assert_eq!(delete().await.status(), 204, "an expired order needs nothing");
    assert_eq!(shelf.read_order(&order).await["state"], "expired");
}
