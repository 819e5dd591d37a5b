//! `GET /events`.

use crate::product::{create, mug, path, simple};
use serde_json::{Value, json};
use storeroom_domain::Role;
use storeroom_sql::Args;
use storeroom_sql::documents::MAX_PAGE_BYTES;
use storeroom_testbed::Testbed;

async fn feed(bed: &Testbed, role: Role, query: &str) -> Value {
    let reply = bed.call(role, "GET", &format!("/api/pms/events{query}"), None).await;
    assert_eq!((reply.status(), reply.round_trips), (200, 1), "{}", reply.text());
    reply.json()
}

fn seqs(feed: &Value) -> Vec<i64> {
    feed["events"].as_array().unwrap().iter().map(|event| event["seq"].as_i64().unwrap()).collect()
}

#[tokio::test]
async fn is_read_on_from_its_cursor() {
    let bed = Testbed::new().await;
    let empty = feed(&bed, Role::Viewer, "").await;
    assert_eq!(empty, json!({"events": [], "cursor": "1.0", "more": false}));
    for n in 0..5 {
        create(&bed, simple(&format!("P{n}"), &format!("S{n}"))).await;
    }
    let first = feed(&bed, Role::Viewer, "?limit=2&after=1.0").await;
    assert_eq!((seqs(&first), &first["cursor"], &first["more"]), (vec![1, 2], &json!("1.2"), &json!(true)));
    let rest = feed(&bed, Role::Viewer, "?after=1.2").await;
    assert_eq!((seqs(&rest), &rest["cursor"], &rest["more"]), (vec![3, 4, 5], &json!("1.5"), &json!(false)));
    let nothing = feed(&bed, Role::Viewer, "?after=1.5").await;
    assert_eq!((seqs(&nothing), &nothing["cursor"]), (vec![], &json!("1.5")));
}

#[tokio::test]
async fn a_cursor_of_another_life_is_refused() {
    let bed = Testbed::new().await;
    create(&bed, mug()).await;
    for cursor in ["2.0", "1.2", "1.x", "0.1", "abc"] {
        let reply = bed.call(Role::Viewer, "GET", &format!("/api/pms/events?after={cursor}"), None).await;
        assert_eq!((reply.status(), reply.code().as_str()), (400, "cursor-invalid"), "{cursor}");
    }
}

#[tokio::test]
async fn types_are_prefixes_up_to_a_dot() {
    let bed = Testbed::new().await;
    let product = create(&bed, mug()).await;
    bed.call(Role::Owner, "POST", &format!("{}/publish", path(&product)), None).await;
    for (types, expected) in [
        ("product", vec![1, 2]),
        ("product.published", vec![2]),
        ("product.pub", vec![]),
        ("order,%20product.created", vec![1]),
        ("prod", vec![]),
    ] {
        let feed = feed(&bed, Role::Viewer, &format!("?types={types}")).await;
        assert_eq!((seqs(&feed), &feed["cursor"]), (expected, &json!("1.2")), "{types}");
    }
}

#[tokio::test]
async fn what_a_role_may_not_read_is_passed_over() {
    let bed = Testbed::new().await;
    create(&bed, mug()).await;
    let args = Args::new().with("store", bed.store.to_string());
    bed.sql("UPDATE events SET type = 'order.created' WHERE store_id = :store", args).await;
    assert_eq!(seqs(&feed(&bed, Role::Owner, "").await), [1]);
    let seen = feed(&bed, Role::Viewer, "").await;
    assert_eq!((seqs(&seen), &seen["cursor"]), (vec![], &json!("1.1")));
}

#[tokio::test]
async fn large_events_come_in_pages_of_bounded_size() {
    let bed = Testbed::new().await;
    for n in 0..60 {
        let mut product = simple(&format!("P{n}"), &format!("S{n}"));
        product["attributes"] = (0..90).map(|n| (format!("a{n}"), json!("x".repeat(999)))).collect();
        create(&bed, product).await;
    }
    let (mut after, mut seen, mut pages) = ("1.0".to_owned(), Vec::new(), 0);
    loop {
        let reply =
            bed.call(Role::Viewer, "GET", &format!("/api/pms/events?limit=1000&after={after}"), None).await;
        assert!(reply.text().len() < MAX_PAGE_BYTES + 200_000, "{}", reply.text().len());
        let feed = reply.json();
        (after, pages) = (feed["cursor"].as_str().unwrap().to_owned(), pages + 1);
        seen.extend(seqs(&feed));
        if feed["more"] == false {
            break;
        }
    }
    assert_eq!((seen, pages), ((1..=60).collect(), 2));
}
