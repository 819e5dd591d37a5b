//! Every change tells what it changed, in its own transaction, at the store's next `seq`.

use crate::bench::Bench;
use crate::shop::Shop;
use storeroom_domain::EventType;
use storeroom_operations::{Code, Problem};
use storeroom_sql::events::{self, append_product_event};
use storeroom_sql::{Args, Value, documents};

async fn event(shop: &Shop<'_>, seq: i64) -> serde_json::Value {
    let sql = format!("SELECT {} FROM events WHERE store_id = :store AND seq = {seq}", documents::EVENT);
    serde_json::from_str(&shop.text(&sql, Args::new()).await).unwrap()
}

async fn rename(shop: &Shop<'_>, allowed: bool) -> bool {
    let mut batch = shop.about("prd_a");
    batch.set("event_id", "evt_renamed");
    batch.run(
        "UPDATE products SET title = 'Coffee', updated_at = :now + 1, version = version + 1 \
         WHERE store_id = :store AND id = :product",
    );
    append_product_event(&mut batch, EventType::ProductUpdated);
    batch.guard(if allowed { "1" } else { "0" }, Problem::new(Code::NotFound, "gone"));
    shop.bench.batch(&batch).await.is_ok()
}

pub async fn the_first_event_tells_everything(bench: &Bench) {
    let shop = Shop::open(bench).await;
    shop.add("prd_a", None).await;
    let document = shop.text(documents::PRODUCT, Args::new().with("product", "prd_a")).await;
    let event = event(&shop, 1).await;
    assert_eq!(event["data"], serde_json::from_str::<serde_json::Value>(&document).unwrap());
    assert_eq!(event["type"], "product.created");
    assert_eq!(event["at"], "2026-11-20T09:30:00.000Z");
    assert_eq!(event["actor"], format!("usr_{}", bench.scope));
}

pub async fn a_change_tells_what_differs(bench: &Bench) {
    let shop = Shop::open(bench).await;
    shop.add("prd_a", None).await;
    assert!(rename(&shop, true).await);
    let event = event(&shop, 2).await;
    let data = serde_json::json!({"title": "Coffee", "updated_at": "2026-11-20T09:30:00.001Z", "version": 2});
    assert_eq!((&event["data"], &event["version"]), (&data, &2.into()));
}

pub async fn the_end_tells_nothing_but_itself(bench: &Bench) {
    let shop = Shop::open(bench).await;
    shop.add("prd_a", None).await;
    shop.delete("prd_a").await;
    let event = event(&shop, 2).await;
    assert_eq!((&event["data"], &event["type"]), (&serde_json::json!({}), &"product.deleted".into()));
    let left = "SELECT (SELECT count(*) FROM variants WHERE store_id = :store), (SELECT count(*) FROM revisions \
        WHERE store_id = :store), (SELECT count(*) FROM product_documents WHERE store_id = :store)";
    assert_eq!(shop.rows(left, Args::new()).await.0, [[0, 2, 0].map(Value::from)]);
}

pub async fn a_refused_change_leaves_no_hole(bench: &Bench) {
    let shop = Shop::open(bench).await;
    shop.add("prd_a", None).await;
    assert!(!rename(&shop, false).await);
    assert!(rename(&shop, true).await);
    shop.add("prd_b", None).await;
    assert_eq!((shop.log().await, shop.head().await), (vec![1, 2, 3], 3));
}

pub async fn announcements_are_the_events(bench: &Bench) {
    let shop = Shop::open(bench).await;
    shop.add("prd_a", None).await;
    let mut batch = shop.about("prd_a");
    batch.set("event_id", "evt_again");
    batch.run("UPDATE products SET version = version + 1 WHERE store_id = :store AND id = :product");
    append_product_event(&mut batch, EventType::ProductUpdated);
    let announced = shop.done(&batch).await;
    assert_eq!((announced.len(), announced[0].epoch), (1, 1));
    assert_eq!(announced[0].store, format!("str_{}", bench.scope));
    let told: serde_json::Value = serde_json::from_str(&announced[0].events[0].document).unwrap();
    assert_eq!(told, event(&shop, 2).await);
}

pub async fn the_log_is_read_on_from_any_place(bench: &Bench) {
    let shop = Shop::open(bench).await;
    for product in ["prd_a", "prd_b", "prd_c"] {
        shop.add(product, None).await;
    }
    for (after, expected) in [(0, vec![1, 2]), (1, vec![2, 3]), (2, vec![3])] {
        let part = shop.rows(&events::backfill(), Args::new().with("after", after)).await;
        let seqs: Vec<i64> = (0..part.0.len()).filter_map(|row| part.integer(row, 2)).collect();
        assert_eq!((part.integer(0, 0), part.integer(0, 1), seqs), (Some(1), Some(3), expected));
    }
    let end = shop.rows(&events::backfill(), Args::new().with("after", 3)).await;
    assert_eq!(end.0, [[Value::from(1), Value::from(3), Value::Null, Value::Null, Value::Null]]);
}

pub async fn stores_whose_log_has_grown_are_found(bench: &Bench) {
    let shop = Shop::open(bench).await;
    shop.add("prd_a", None).await;
    let row = vec![Value::from(format!("str_{}", bench.scope)), Value::from(1), Value::from(1)];
    assert!(shop.rows(events::HEADS_SINCE, Args::new()).await.0.contains(&row));
    let later = Args::new().with("since", crate::shop::NOW + 2);
    assert!(!shop.rows(events::HEADS_SINCE, later).await.0.contains(&row));
}
