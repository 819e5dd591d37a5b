//! `POST /orders/{id}/return`, `/refund` and `/cancel`.

use crate::orders::{folded, payment};
use crate::product::log;
use crate::shelf::Shelf;
use serde_json::{Value, json};
use storeroom_domain::Role;

/// An order of three of the first and two of the second variant that was shipped.
async fn shipped(shelf: &Shelf) -> Value {
    let order = shelf.try_order(json!([shelf.line(0, 3), shelf.line(1, 2)])).await.json();
    shelf.acted(&order, "pay", payment()).await;
    shelf.acted(&order, "fulfil", None).await
}

fn back(lines: Value, restock: bool) -> Option<Value> {
    Some(json!({"lines": lines, "restock": restock}))
}

fn fault(reply: &storeroom_testbed::Reply) -> (u16, Value, Value) {
    let fault = reply.json()["errors"][0].clone();
    (reply.status(), fault["pointer"].clone(), fault["code"].clone())
}

#[tokio::test]
async fn a_part_comes_back_and_then_the_rest() {
    let shelf = Shelf::with([3, 2]).await;
    let order = shipped(&shelf).await;
    let part = shelf.acted(&order, "return", back(json!([shelf.line(0, 1)]), true)).await;
    let returned = |order: &Value| [0, 1].map(|n| order["lines"][n]["returned"].as_i64().unwrap());
    assert_eq!((&part["state"], returned(&part)), (&json!("returned"), [1, 0]));
    assert_eq!((shelf.stock_of(0).await, shelf.stock_of(1).await), ([1, 0, 0, 1], [0, 0, 0, 0]));
    let beyond = shelf.act(&order, "return", back(json!([shelf.line(1, 1), shelf.line(0, 3)]), true)).await;
    assert_eq!(fault(&beyond), (422, json!("/lines/1/quantity"), json!("out_of_range")));
    let rest = shelf.acted(&order, "return", Some(json!({"restock": false}))).await;
    assert_eq!((returned(&rest), shelf.stock_of(0).await), ([3, 2], [1, 0, 0, 1]));
    let nothing = shelf.act(&order, "return", Some(json!({"restock": true}))).await;
    assert_eq!((nothing.code().as_str(), &nothing.json()["allowed"]), ("illegal-transition", &json!([])));
    assert_eq!(folded(&log(&shelf.bed, Role::Owner).await, &order["id"]), rest);
    assert_eq!(shelf.post("/reconcile", Some(json!({}))).await.json()["drift"], json!([]));
}

#[tokio::test]
async fn what_was_not_ordered_does_not_come_back() {
    let shelf = Shelf::with([5, 5]).await;
    let order = shelf.order(1).await;
    let early = shelf.act(&order, "return", back(json!([shelf.line(0, 1)]), true)).await;
    assert_eq!(early.code(), "illegal-transition");
    shelf.acted(&order, "pay", payment()).await;
    shelf.acted(&order, "fulfil", None).await;
    for (lines, expected) in [
        (json!([]), (422, json!("/lines"), json!("too_few"))),
        (json!([shelf.line(1, 1)]), (422, json!("/lines/0/variant_id"), json!("unknown_value"))),
        (
            json!([shelf.line(0, 1), shelf.line(0, 1)]),
            (422, json!("/lines/1/variant_id"), json!("duplicate")),
        ),
        (json!([shelf.line(0, 0)]), (422, json!("/lines/0/quantity"), json!("out_of_range"))),
    ] {
        assert_eq!(fault(&shelf.act(&order, "return", back(lines, true)).await), expected);
    }
}

#[tokio::test]
async fn what_left_the_catalogue_can_come_back_but_not_onto_a_shelf() {
    let shelf = Shelf::with([5, 5]).await;
    let order = shipped(&shelf).await;
    let product = format!("/api/pms/products/{}", order["lines"][0]["product_id"].as_str().unwrap());
    let gone = shelf.bed.call_with(Role::Owner, "DELETE", &product, None, &[("if-match", "*")]).await;
    assert_eq!(gone.status(), 204, "{}", gone.text());
    let reply = shelf.act(&order, "return", Some(json!({"restock": true}))).await;
    assert_eq!(fault(&reply), (422, json!("/restock"), json!("unknown_value")));
    let returned = shelf.acted(&order, "return", Some(json!({"restock": false}))).await;
    assert_eq!(returned["state"], "returned");
}

#[tokio::test]
async fn no_more_is_refunded_than_was_paid() {
    let shelf = Shelf::with([5, 5]).await;
    let order = shelf.order(2).await;
    let refund = |amount: i64, currency: &str| {
        Some(json!({"amount": {"amount": amount, "currency": currency}, "reason": "r"}))
    };
    assert_eq!(shelf.act(&order, "refund", refund(1, "EUR")).await.code(), "illegal-transition");
    shelf.acted(&order, "pay", payment()).await;
    let total = order["total"]["amount"].as_i64().unwrap();
    for (body, expected) in [
        (refund(0, "EUR"), (422, json!("/amount/amount"), json!("out_of_range"))),
        (refund(-1, "EUR"), (422, json!("/amount/amount"), json!("out_of_range"))),
        (refund(total + 1, "EUR"), (422, json!("/amount/amount"), json!("out_of_range"))),
        (refund(1, "USD"), (422, json!("/amount/currency"), json!("wrong_currency"))),
    ] {
        assert_eq!(fault(&shelf.act(&order, "refund", body).await), expected);
    }
    let part = shelf.acted(&order, "refund", refund(total - 1, "EUR")).await;
    assert_eq!((&part["state"], &part["refunded"]["amount"]), (&json!("paid"), &json!(total - 1)));
    let (a, b) = futures::join!(
        shelf.act(&order, "refund", refund(1, "EUR")),
        shelf.act(&order, "refund", refund(1, "EUR"))
    );
    let mut statuses = [a.status(), b.status()];
    statuses.sort_unstable();
    assert_eq!(
        (statuses, shelf.read_order(&order).await["refunded"].clone()),
        ([200, 409], order["total"].clone())
    );
}

#[tokio::test]
async fn a_cancelled_order_gives_its_stock_back() {
    let shelf = Shelf::with([5, 5]).await;
    for paid in [false, true] {
        let order = shelf.order(3).await;
        if paid {
            shelf.acted(&order, "pay", payment()).await;
        }
        let cancelled = shelf.acted(&order, "cancel", Some(json!({"reason": "changed her mind"}))).await;
        assert_eq!((&cancelled["state"], &cancelled["expires_at"]), (&json!("cancelled"), &Value::Null));
        assert_eq!(shelf.stock_of(0).await, [5, 0, 0, 5]);
        assert_eq!(folded(&log(&shelf.bed, Role::Owner).await, &order["id"]), cancelled);
        let refund = json!({"amount": order["total"], "reason": "r"});
        let refund = shelf.act(&order, "refund", Some(refund)).await;
        assert_eq!(refund.status(), if paid { 200 } else { 409 }, "what was not paid is not given back");
    }
    let history = shelf.bed.call(Role::Viewer, "GET", "/api/pms/inventory/history", None).await.json();
    assert_eq!(history["items"].as_array().unwrap().len(), 2, "nothing left the shelf");
}
