//! `GET /dashboard/products`: the table of what was sold.

use crate::dashboard::{Till, eur};
use crate::product::{path, publish, simple};
use serde_json::{Value, json};
use storeroom_domain::Role;

/// Publishes so many products and sells of each so many as its number says, by threes.
async fn sell_some(till: &Till, count: usize) -> Vec<Value> {
    let mut products = Vec::new();
    for n in 0..count {
        let product = publish(&till.bed, simple(&format!("P{n}"), &format!("P-{n}"))).await;
        let variant = &product["variants"][0]["id"];
        let line = json!({"variant_id": variant, "delta": 10, "reason": "delivery"});
        assert_eq!(till.post("/adjust", Some(json!({"lines": [line]}))).await.status(), 200);
        let order = till.place(json!([{"variant_id": variant, "quantity": 1 + n / 3}])).await;
        till.pay(&order).await;
        products.push(product);
    }
    products
}

/// All pages of the table, as product ids.
async fn pages(till: &Till, query: &str) -> Vec<String> {
    let (mut ids, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = till.see(&format!("/products?limit=2{query}{cursor}")).await;
        let items = page["items"].as_array().unwrap().iter();
        ids.extend(items.map(|item| item["product_id"].as_str().unwrap().to_owned()));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return ids,
        }
    }
}

#[tokio::test]
async fn a_row_says_what_was_sold_and_what_is_left() {
    let till = Till::with([20, 10]).await;
    let order = till.order(3).await;
    till.pay(&order).await;
    till.ship(&order).await;
    till.take_back(&order, 1).await;
    till.order(4).await;
    let row = |available: i64| {
        json!({"items": [{"product_id": order["lines"][0]["product_id"], "title": "Becher Größe L", "units": 3,
            "revenue": eur(3_600), "returns": 1, "available": available}], "next_cursor": null})
    };
    assert_eq!(till.see("/products").await, row(17 - 4 + 10));
    till.bed.clock.advance(1_800_000);
    // The order was not paid in time.
    assert_eq!(till.see("/products").await, row(17 + 10));
    assert_eq!(till.see("/products?to=2026-11-19").await["items"], json!([]));
}

#[tokio::test]
async fn pages_neither_repeat_nor_skip_under_ties() {
    let till = Till::with([5, 5]).await;
    let products = sell_some(&till, 8).await;
    let id = |product: &Value| product["id"].as_str().unwrap().to_owned();
    let mut expected: Vec<(usize, String)> =
        products.iter().enumerate().map(|(n, product)| (n / 3, id(product))).collect();
    expected.sort();
    let ascending: Vec<String> = expected.into_iter().map(|(_, id)| id).collect();
    let descending: Vec<String> = ascending.iter().rev().cloned().collect();
    for key in ["revenue", "units"] {
        assert_eq!(pages(&till, &format!("&sort={key}")).await, ascending, "{key}");
        assert_eq!(pages(&till, &format!("&sort=-{key}")).await, descending, "{key}");
    }
    assert_eq!(pages(&till, "").await, descending, "the revenue counts unless something else is asked for");
    let mut by_id: Vec<String> = products.iter().map(id).collect();
    by_id.sort();
    assert_eq!(pages(&till, "&sort=returns").await, by_id, "nothing came back");
}

#[tokio::test]
async fn a_cursor_belongs_to_its_table() {
    let till = Till::with([5, 5]).await;
    sell_some(&till, 3).await;
    let page = till.see("/products?limit=1&sort=units").await;
    let cursor = page["next_cursor"].as_str().unwrap();
    let own = till.try_seeing(&format!("/products?limit=2&sort=units&cursor={cursor}")).await;
    assert_eq!(own.json()["items"].as_array().unwrap().len(), 2, "the limit may change");
    for other in [
        format!("/products?sort=-units&cursor={cursor}"),
        format!("/products?sort=units&from=2026-11-01&cursor={cursor}"),
        "/products?cursor=nonsense".to_owned(),
    ] {
        let reply = till.try_seeing(&other).await;
        assert_eq!((reply.status(), reply.code().as_str()), (400, "cursor-invalid"), "{other}");
    }
}

#[tokio::test]
async fn a_table_that_is_read_over_midnight_stays_one_table() {
    let till = Till::ageless([5, 5], "Europe/Berlin").await;
    till.turn_to("2026-11-20T22:59:00Z");
    sell_some(&till, 3).await;
    let first = till.see("/products?limit=2").await;
    // 31 days later nothing of this is in the last 30 days any more.
    till.turn_to("2026-12-20T23:00:00Z");
    assert_eq!(till.see("/products").await["items"], json!([]));
    let next = format!("/products?limit=2&cursor={}", first["next_cursor"].as_str().unwrap());
    let second = till.see(&next).await;
    assert_eq!((second["items"].as_array().unwrap().len(), &second["next_cursor"]), (1, &Value::Null));
}

#[tokio::test]
async fn a_product_that_is_gone_keeps_its_last_title() {
    let till = Till::with([5, 5]).await;
    let product = publish(&till.bed, simple("Old", "GONE")).await;
    let variant = product["variants"][0]["id"].clone();
    let stock = json!({"lines": [{"variant_id": variant, "delta": 9, "reason": "delivery"}]});
    assert_eq!(till.post("/adjust", Some(stock)).await.status(), 200);
    let line = json!([{"variant_id": variant, "quantity": 1}]);
    let order = till.place(line.clone()).await;
    till.pay(&order).await;
    let patch = Some(json!({"title": "New"}));
    let headers = [("if-match", "*")];
    let patched = till.bed.call_with(Role::Owner, "PATCH", &path(&product), patch, &headers).await;
    assert_eq!(patched.status(), 200, "{}", patched.text());
    let title = || async { till.see("/products").await["items"][0]["title"].clone() };
    assert_eq!(title().await, "New", "it is called so now");
    let second = till.place(line).await;
    till.pay(&second).await;
    for order in [&order, &second] {
        till.ship(order).await;
        till.acted(order, "deliver", None).await;
    }
    let deleted = till.bed.call_with(Role::Owner, "DELETE", &path(&product), None, &headers).await;
    assert_eq!(deleted.status(), 204, "{}", deleted.text());
    assert_eq!(
        till.see("/products").await["items"],
        json!([{"product_id": product["id"], "title": "New", "units": 2, "revenue": eur(200), "returns": 0,
            "available": 0}])
    );
    assert_eq!(till.see("").await["best_sellers"][0]["title"], "New");
}

#[tokio::test]
async fn a_product_that_was_only_returned_is_listed_and_one_that_was_cancelled_is_not() {
    let till = Till::ageless([20, 5], "Europe/Berlin").await;
    let order = till.sell("2026-11-01T12:00:00Z", 3).await;
    till.turn_to("2026-11-20T12:00:00Z");
    till.ship(&order).await;
    till.take_back(&order, 2).await;
    let sold = sell_some(&till, 1).await;
    let orders = till.bed.call(Role::Owner, "GET", "/api/pms/orders?limit=1", None).await.json();
    till.cancel(&orders["items"][0]).await;
    let items = till.see("/products?from=2026-11-20&sort=-returns").await["items"].clone();
    assert_eq!(items.as_array().unwrap().len(), 1, "{items} {sold:?}");
    let row = &items[0];
    assert_eq!((&row["units"], &row["revenue"], &row["returns"]), (&json!(0), &eur(0), &json!(2)));
}
