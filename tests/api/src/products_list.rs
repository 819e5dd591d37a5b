//! `GET /products`: filters, sorts, cursors.

use crate::product::{create, path, publish, simple};
use serde_json::{Value, json};
use storeroom_domain::Role;
use storeroom_testbed::Testbed;

async fn titles(bed: &Testbed, query: &str) -> Vec<String> {
    let reply = bed.call(Role::Viewer, "GET", &format!("/api/pms/products{query}"), None).await;
    assert_eq!((reply.status(), reply.round_trips), (200, 1), "{}", reply.text());
    items(&reply.json())
}

fn items(page: &Value) -> Vec<String> {
    page["items"].as_array().unwrap().iter().map(|item| item["title"].as_str().unwrap().to_owned()).collect()
}

async fn shelf(bed: &Testbed) {
    for (title, category, tag) in
        [("banana", "fruit", "yellow"), ("Apple", "fruit", "red"), ("Cup", "mugs", "red")]
    {
        let mut product = simple(title, title);
        product["category"] = json!(category);
        product["tags"] = json!([tag]);
        create(bed, product).await;
        bed.clock.advance(1_000);
    }
    publish(bed, simple("Door", "Door")).await;
}

#[tokio::test]
async fn filters_combine() {
    let bed = Testbed::new().await;
    shelf(&bed).await;
    for (query, expected) in [
        ("", vec!["Door", "Cup", "Apple", "banana"]),
        ("?status=draft", vec!["Cup", "Apple", "banana"]),
        ("?status=published", vec!["Door"]),
        ("?category=fruit", vec!["Apple", "banana"]),
        ("?tag=red", vec!["Cup", "Apple"]),
        ("?tag=red&category=fruit&status=draft", vec!["Apple"]),
        ("?sku=banana", vec!["banana"]),
        ("?updated_after=2026-11-20T09:30:01.000Z", vec!["Door", "Cup"]),
        ("?tag=green", vec![]),
    ] {
        assert_eq!(titles(&bed, query).await, expected, "{query}");
    }
}

#[tokio::test]
async fn sorts_both_ways() {
    let bed = Testbed::new().await;
    shelf(&bed).await;
    for (sort, expected) in [
        ("title", vec!["Apple", "banana", "Cup", "Door"]),
        ("-title", vec!["Door", "Cup", "banana", "Apple"]),
        ("created_at", vec!["banana", "Apple", "Cup", "Door"]),
        ("updated_at", vec!["banana", "Apple", "Cup", "Door"]),
        ("-updated_at", vec!["Door", "Cup", "Apple", "banana"]),
    ] {
        assert_eq!(titles(&bed, &format!("?sort={sort}")).await, expected, "{sort}");
    }
}

#[tokio::test]
async fn pages_neither_repeat_nor_skip_whatever_the_sort() {
    let bed = Testbed::new().await;
    for n in 0..23 {
        let product = create(&bed, simple(&format!("T{:02}", n % 7), &format!("S{n}"))).await;
        if n % 3 == 0 {
            let at = json!({"publish_at": format!("2026-11-20T09:31:{n:02}Z")});
            bed.call(Role::Owner, "POST", &format!("{}/publish", path(&product)), Some(at)).await;
        }
    }
    bed.clock.advance(65_000);
    for sort in ["created_at", "-created_at", "updated_at", "-updated_at", "title", "-title"] {
        let whole = ids(&bed, &format!("?sort={sort}&limit=250")).await.0;
        let mut paged = Vec::new();
        let mut query = format!("?sort={sort}&limit=4");
        loop {
            let (more, cursor) = ids(&bed, &query).await;
            paged.extend(more);
            // A row that comes in while somebody pages changes nothing for rows that were there.
            if paged.len() == 8 {
                create(&bed, simple("T03", &format!("late-{sort}"))).await;
            }
            match cursor {
                Some(cursor) => query = format!("?sort={sort}&limit=4&cursor={cursor}"),
                None => break,
            }
        }
        let seen: Vec<&String> = paged.iter().filter(|id| whole.contains(id)).collect();
        assert_eq!(seen, whole.iter().collect::<Vec<_>>(), "{sort}");
    }
}

async fn ids(bed: &Testbed, query: &str) -> (Vec<String>, Option<String>) {
    let page = bed.call(Role::Viewer, "GET", &format!("/api/pms/products{query}"), None).await.json();
    let ids = page["items"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap().to_owned());
    (ids.collect(), page["next_cursor"].as_str().map(str::to_owned))
}

#[tokio::test]
async fn a_cursor_belongs_to_its_list() {
    let bed = Testbed::new().await;
    shelf(&bed).await;
    let cursor = ids(&bed, "?limit=1").await.1.unwrap();
    for query in [
        format!("?cursor={cursor}&status=draft"),
        format!("?cursor={cursor}&sort=title"),
        format!("?cursor={cursor}x"),
        "?cursor=AAAA".to_owned(),
    ] {
        let reply = bed.call(Role::Viewer, "GET", &format!("/api/pms/products{query}"), None).await;
        assert_eq!((reply.status(), reply.code().as_str()), (400, "cursor-invalid"), "{query}");
    }
    assert_eq!(ids(&bed, &format!("?cursor={cursor}&limit=250")).await.0.len(), 3, "the limit may change");
}

#[tokio::test]
async fn large_products_come_in_pages_of_bounded_size() {
    let bed = Testbed::new().await;
    for n in 0..60 {
        let mut product = simple(&format!("P{n:02}"), &format!("S{n}"));
        product["attributes"] = (0..90).map(|n| (format!("a{n}"), json!("x".repeat(999)))).collect();
        create(&bed, product).await;
    }
    for sort in ["-created_at", "title", "updated_at"] {
        let (first, cursor) = ids(&bed, &format!("?limit=250&sort={sort}")).await;
        assert!(first.len() < 60, "{sort}: {}", first.len());
        let cursor = cursor.unwrap();
        let (rest, end) = ids(&bed, &format!("?limit=250&sort={sort}&cursor={cursor}")).await;
        assert_eq!((first.len() + rest.len(), end), (60, None), "{sort}");
    }
}
