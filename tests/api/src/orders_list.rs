//! `GET /orders`: filters, sorts, cursors.

use crate::orders::payment;
use crate::shelf::Shelf;
use serde_json::{Value, json};
use storeroom_domain::Role;

async fn page(shelf: &Shelf, query: &str) -> Value {
    let reply = shelf.bed.call(Role::Fulfilment, "GET", &format!("/api/pms/orders{query}"), None).await;
    assert_eq!((reply.status(), reply.round_trips), (200, 1), "{query}: {}", reply.text());
    reply.json()
}

fn numbers(page: &Value) -> Vec<i64> {
    page["items"].as_array().unwrap().iter().map(|order| order["number"].as_i64().unwrap()).collect()
}

/// Orders a minute apart: 1 of Ann's was paid, 2 of Bob's will have expired, 3 is Ann's, 4 Zoë's.
async fn orders() -> Shelf {
    let shelf = Shelf::with([50, 50]).await;
    for (number, (email, name, quantity)) in [
        ("Ann@Example.org", "Ann Lee", 3),
        ("bob@example.org", "Bob", 1),
        ("ann@example.org", "Ann Lee", 4),
        ("zoe@example.com", "Zoë Müller", 2),
    ]
    .into_iter()
    .enumerate()
    {
        let customer = json!({"email": email, "name": name});
        let body = json!({"lines": [shelf.line(0, quantity)], "customer": customer});
        let order = shelf.post_to("/api/pms/orders", Some(body)).await.json();
        shelf.bed.clock.advance(60_000);
        if number == 0 {
            shelf.acted(&order, "pay", payment()).await;
        }
    }
    // From 09:34 to when the second has expired and the third has not.
    shelf.bed.clock.advance(27 * 60_000);
    shelf
}

#[tokio::test]
async fn filters_combine() {
    let shelf = orders().await;
    for (query, expected) in [
        ("", vec![4, 3, 2, 1]),
        ("?state=pending", vec![4, 3]),
        ("?state=expired", vec![2]),
        ("?state=paid", vec![1]),
        ("?state=cancelled", vec![]),
        ("?customer=ANN@example.org", vec![3, 1]),
        ("?customer=ann@example.org&state=pending", vec![3]),
        ("?created_after=2026-11-20T09:30:00.000Z", vec![4, 3, 2]),
        ("?created_after=2026-11-20T09:29:59.999Z&created_before=2026-11-20T09:31:00.001Z", vec![2, 1]),
        ("?created_before=2026-11-20T09:31:00.000Z", vec![1]),
        ("?q=ann", vec![3, 1]),
        ("?q=LEE+an", vec![3, 1]),
        ("?q=zo%C3%AB", vec![4]),
        ("?q=m%C3%BC", vec![4]),
        ("?q=%232", vec![2]),
        ("?q=example.com", vec![]),
        ("?q=zoe%40example.com", vec![4]),
        ("?q=bob+ann", vec![]),
        ("?q=%23", vec![]),
    ] {
        assert_eq!(numbers(&page(&shelf, query).await), expected, "{query}");
    }
}

#[tokio::test]
async fn sorts_both_ways_and_pages() {
    let shelf = orders().await;
    for (sort, expected) in [
        ("created_at", [1, 2, 3, 4]),
        ("-created_at", [4, 3, 2, 1]),
        ("total", [2, 4, 1, 3]),
        ("-total", [3, 1, 4, 2]),
        // The second changed when it expired.
        ("updated_at", [1, 3, 4, 2]),
        ("-updated_at", [2, 4, 3, 1]),
    ] {
        let mut listed = Vec::new();
        let mut cursor = String::new();
        loop {
            let page = page(&shelf, &format!("?sort={sort}&limit=1{cursor}")).await;
            listed.extend(numbers(&page));
            let Some(next) = page["next_cursor"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
        assert_eq!(listed, expected, "{sort}");
    }
}

#[tokio::test]
async fn a_listed_order_is_the_order() {
    let shelf = orders().await;
    for order in page(&shelf, "").await["items"].as_array().unwrap() {
        assert_eq!(order, &shelf.read_order(order).await);
    }
}

#[tokio::test]
async fn what_is_no_filter_is_refused() {
    let shelf = Shelf::with([0, 0]).await;
    for query in
        ["?state=lost", "?customer=ann", "?created_after=yesterday", "?sort=colour", "?q=", "?limit=251"]
    {
        let reply = shelf.bed.call(Role::Fulfilment, "GET", &format!("/api/pms/orders{query}"), None).await;
        assert_eq!((reply.status(), reply.code().as_str()), (400, "malformed-request"), "{query}");
    }
    let page = page(&orders().await, "?limit=1").await;
    let other = format!("?limit=1&state=paid&cursor={}", page["next_cursor"].as_str().unwrap());
    let reply = shelf.bed.call(Role::Fulfilment, "GET", &format!("/api/pms/orders{other}"), None).await;
    assert_eq!((reply.status(), reply.code().as_str()), (400, "cursor-invalid"));
}
