//! What is due shows as settled before it is, and settling writes exactly that, once.

use crate::bench::Bench;
use crate::shop::{NOW, Shop};
use storeroom_sql::settle::{self, MAX_SETTLED};
use storeroom_sql::{Args, Batch, documents};

const STORED: &str = "SELECT document FROM product_documents WHERE store_id = :store AND id = :product";
const REVISION: &str = "SELECT document FROM revisions WHERE store_id = :store AND subject = :product \
    ORDER BY version DESC LIMIT 1";
const SETTLED_EVENTS: &str = "SELECT subject, at, version, data ->> 'status', id FROM events \
    WHERE store_id = :store AND type = 'product.published' ORDER BY seq";

const BACKLOG: &str = "INSERT INTO products (store_id, id, handle, title, description, status, tags, attributes, options, \
    publish_at, version, created_at, updated_at) SELECT :store, 'prd_' || value, value, 'Tea', '', 'scheduled', '[]', \
    '{}', '[]', :now - 5, 1, :now, :now FROM json_each(:numbers)";

fn product(id: &str) -> Args {
    Args::new().with("product", id)
}

async fn shop_with_schedules(bench: &Bench) -> Shop<'_> {
    let shop = Shop::open(bench).await;
    shop.add("prd_late", Some(NOW)).await;
    shop.add("prd_early", Some(NOW - 5_000)).await;
    shop.add("prd_future", Some(NOW + 1)).await;
    shop.add("prd_draft", None).await;
    shop
}

async fn settle_store(shop: &Shop<'_>) -> usize {
    let mut batch = Batch::new(shop.args.clone());
    settle::settle_store(&mut batch);
    shop.done(&batch).await.iter().map(|announcement| announcement.events.len()).sum()
}

pub async fn settling_writes_what_was_shown(bench: &Bench) {
    let shop = shop_with_schedules(bench).await;
    let products = ["prd_late", "prd_early", "prd_future", "prd_draft"];
    let mut shown = Vec::new();
    for id in products {
        shown.push(shop.text(documents::PRODUCT, product(id)).await);
    }
    assert_eq!(settle_store(&shop).await, 2);
    for (id, before) in products.iter().zip(&shown) {
        assert_eq!(shop.text(STORED, product(id)).await, *before);
        assert_eq!(shop.text(documents::PRODUCT, product(id)).await, *before);
        assert_eq!(shop.text(REVISION, product(id)).await, *before);
    }
    assert!(shown[0].contains(r#""status":"published""#) && shown[2].contains(r#""status":"scheduled""#));
}

pub async fn settled_things_are_told_in_order_without_holes(bench: &Bench) {
    let shop = shop_with_schedules(bench).await;
    let mut batch = Batch::new(shop.args.clone());
    settle::settle_store(&mut batch);
    let announced = shop.done(&batch).await;
    let seqs: Vec<i64> = announced.iter().flat_map(|one| &one.events).map(|event| event.seq).collect();
    assert_eq!((announced.len(), seqs), (1, vec![5, 6]));
    assert_eq!((shop.log().await, shop.head().await), (vec![1, 2, 3, 4, 5, 6], 6));
    let events = shop.rows(SETTLED_EVENTS, Args::new()).await;
    let told = |row: usize| {
        (events.text(row, 0), events.integer(row, 1), events.integer(row, 2), events.text(row, 4))
    };
    assert_eq!(told(0), (Some("prd_early"), Some(NOW - 5_000), Some(2), Some("evt_settled_000")));
    assert_eq!(told(1), (Some("prd_late"), Some(NOW), Some(2), Some("evt_settled_001")));
    assert_eq!(events.text(0, 3), Some("published"));
}

pub async fn settling_twice_does_nothing(bench: &Bench) {
    let shop = shop_with_schedules(bench).await;
    assert_eq!(settle_store(&shop).await, 2);
    let before = shop.text(STORED, product("prd_late")).await;
    assert_eq!(settle_store(&shop).await, 0);
    assert_eq!(shop.text(STORED, product("prd_late")).await, before);
    assert_eq!(shop.head().await, 6);
}

pub async fn a_product_settles_alone(bench: &Bench) {
    let shop = shop_with_schedules(bench).await;
    for (id, settled) in
        [("prd_late", 1), ("prd_late", 0), ("prd_future", 0), ("prd_draft", 0), ("prd_none", 0)]
    {
        let mut batch = shop.about(id);
        settle::settle_product(&mut batch);
        assert_eq!(shop.done(&batch).await.len(), settled, "{id}");
    }
    assert_eq!((shop.log().await, shop.head().await), (vec![1, 2, 3, 4, 5], 5));
    assert!(shop.text(STORED, product("prd_early")).await.contains(r#""status":"scheduled""#));
}

pub async fn a_backlog_settles_in_bounded_steps(bench: &Bench) {
    let shop = Shop::open(bench).await;
    let numbers: Vec<usize> = (0..=MAX_SETTLED).collect();
    let mut batch = Batch::new(shop.args.clone().with("numbers", format!("{numbers:?}")));
    batch.run(BACKLOG);
    batch.run(
        "INSERT INTO revisions (store_id, subject, version, at, actor, request_id, document) SELECT store_id, id, \
         version, :now, :actor, :request_id, document FROM product_documents WHERE store_id = :store",
    );
    shop.done(&batch).await;
    assert_eq!(settle_store(&shop).await, MAX_SETTLED);
    assert_eq!(settle_store(&shop).await, 1);
    assert_eq!(shop.log().await, (1..=101).collect::<Vec<_>>());
}

pub async fn what_is_due_is_found(bench: &Bench) {
    let shop = shop_with_schedules(bench).await;
    let stores = |rows: storeroom_sql::Rows| rows.0.contains(&vec![format!("str_{}", bench.scope).into()]);
    assert!(stores(shop.rows(settle::STORES_WITH_DUE, Args::new()).await));
    let next = shop.rows(settle::NEXT_DUE, Args::new()).await.integer(0, 0);
    assert!(next.is_some_and(|at| at <= NOW - 5_000));
    assert_eq!(shop.rows(settle::NEXT_CHANGE, Args::new()).await.integer(0, 0), Some(NOW + 1));
    settle_store(&shop).await;
    assert!(!stores(shop.rows(settle::STORES_WITH_DUE, Args::new()).await));
    shop.delete("prd_future").await;
    assert_eq!(shop.rows(settle::NEXT_CHANGE, Args::new()).await.0, [[storeroom_sql::Value::Null]]);
}
