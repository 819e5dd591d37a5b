//! `GET /products/export`: all products as a file.

use crate::product::{create, mug, publish, simple};
use crate::sheets::{body, export};
use serde_json::json;
use storeroom_domain::Role;
use storeroom_sql::Args;
use storeroom_testbed::{Fault, Testbed};

const PATH: &str = "/api/pms/products/export";

async fn many(bed: &Testbed, count: usize) {
    for n in 0..count {
        create(bed, simple(&format!("Product {n:03}"), &format!("SKU-{n:03}"))).await;
        bed.clock.advance(1);
    }
}

#[tokio::test]
async fn the_form_is_what_the_query_or_accept_asks_for() {
    let bed = Testbed::new().await;
    create(&bed, mug()).await;
    for (query, accept, media, ending) in [
        ("", None, "text/csv; charset=utf-8", "csv"),
        ("", Some("*/*"), "text/csv; charset=utf-8", "csv"),
        ("", Some("application/x-ndjson"), "application/x-ndjson", "ndjson"),
        ("", Some("application/x-ndjson, text/csv"), "text/csv; charset=utf-8", "csv"),
        ("?format=ndjson", None, "application/x-ndjson", "ndjson"),
        ("?format=csv", Some("application/x-ndjson"), "text/csv; charset=utf-8", "csv"),
    ] {
        let headers: Vec<(&str, &str)> = accept.map(|accept| ("accept", accept)).into_iter().collect();
        let reply = bed.call_with(Role::Viewer, "GET", &format!("{PATH}{query}"), None, &headers).await;
        assert_eq!((reply.status(), reply.round_trips), (200, 1));
        assert_eq!(reply.header("content-type"), Some(media), "{query} {accept:?}");
        let name = format!("attachment; filename=\"products.{ending}\"");
        assert_eq!(reply.header("content-disposition"), Some(name.as_str()));
    }
    let reply = bed.call_with(Role::Viewer, "GET", PATH, None, &[("accept", "application/json")]).await;
    assert_eq!((reply.status(), reply.code().as_str()), (406, "not-acceptable"));
}

#[tokio::test]
async fn a_file_has_all_pages_in_order_and_each_product_once() {
    let bed = Testbed::new().await;
    many(&bed, 450).await;
    let reply = bed.call(Role::Viewer, "GET", PATH, None).await;
    let mut stream = reply.stream().unwrap();
    let mut file = stream.next().await.unwrap();
    // Those that come after the place are seen as they are then, those before it no more.
    let rename = |from: &str, to: &str| {
        let args = Args::new().with("from", from).with("to", to);
        bed.sql("UPDATE products SET title = :to WHERE title = :from RETURNING id", args)
    };
    rename("Product 000", "Changed behind").await;
    rename("Product 449", "Changed ahead").await;
    create(&bed, simple("New", "NEW")).await;
    while let Some(chunk) = stream.next().await {
        file.extend(chunk);
    }
    assert!(!stream.is_broken());
    let text = String::from_utf8(file).unwrap();
    let titles: Vec<&str> = text.lines().skip(1).map(|line| line.split(',').nth(2).unwrap()).collect();
    let mut expected: Vec<String> = (0..449).map(|n| format!("Product {n:03}")).collect();
    expected.extend(["Changed ahead".to_owned(), "New".to_owned()]);
    assert_eq!(titles, expected);
}

#[tokio::test]
async fn a_file_that_cannot_be_made_to_its_end_breaks_off() {
    let bed = Testbed::new().await;
    many(&bed, 250).await;
    let stream = async || bed.call(Role::Viewer, "GET", PATH, None).await.stream().unwrap();
    let mut cut = stream().await;
    assert!(cut.next().await.is_some());
    bed.database.fault.set(Fault::Down);
    assert_eq!(cut.next().await, None);
    assert!(cut.is_broken());
    bed.database.fault.set(Fault::None);
    let mut shut_out = stream().await;
    assert!(shut_out.next().await.is_some());
    let viewer = bed.member(Role::Viewer).identity.user;
    let member = format!("/api/pms/stores/{}/members/{viewer}", bed.store);
    assert_eq!(bed.call(Role::Owner, "DELETE", &member, None).await.status(), 204);
    assert_eq!(shut_out.next().await, None);
    assert!(shut_out.is_broken(), "who lost access gets no more, and no file that looks whole");
}

#[tokio::test]
async fn filters_narrow_the_file() {
    let bed = Testbed::new().await;
    publish(&bed, mug()).await;
    create(&bed, simple("Draft", "DRAFT")).await;
    let later = create(&bed, simple("Later", "LATER")).await;
    let at = json!({"publish_at": bed.ports.clock.now().plus_ms(1_000).to_string()});
    let publish = format!("{}/publish", crate::product::path(&later));
    assert_eq!(bed.call(Role::Owner, "POST", &publish, Some(at)).await.status(), 200);
    let titles = async |query: &str| {
        let reply = bed.call(Role::Viewer, "GET", &format!("{PATH}?format=ndjson{query}"), None).await;
        let text = body(reply).await;
        let title = |line: &str| {
            let product: serde_json::Value = serde_json::from_str(line).unwrap();
            product["title"].as_str().unwrap().to_owned()
        };
        text.lines().map(title).collect::<Vec<_>>()
    };
    assert_eq!(titles("&status=scheduled").await, ["Later"]);
    bed.clock.advance(1_000);
    assert_eq!(titles("&status=published").await, ["Becher Größe L", "Later"], "a schedule that is due");
    assert_eq!(titles("&status=scheduled").await, [""; 0]);
    assert_eq!(titles("&tag=blue").await, ["Becher Größe L"]);
    assert_eq!(titles("&category=Mugs").await, ["Becher Größe L"]);
    assert_eq!(titles("&category=None").await, [""; 0]);
    let empty = export(&Testbed::new().await, "csv").await;
    assert!(empty.starts_with("handle,") && empty.lines().count() == 1, "an empty store has a header");
}
