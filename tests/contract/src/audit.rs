//! The audit log: it counts up, only grows, and is sealed once.

use crate::bench::Bench;
use crate::shop::Shop;
use storeroom_sql::{Args, Batch, FrameResult, audit};

async fn append(shop: &Shop<'_>) {
    let mut batch = Batch::new(shop.args.clone());
    audit::append(&mut batch);
    shop.done(&batch).await;
}

/// The message with which a statement by hand is refused; `None` when it is done.
async fn refusal(shop: &Shop<'_>, sql: &'static str) -> Option<String> {
    let mut batch = Batch::new(shop.args.clone());
    batch.run(sql);
    match shop.bench.commit(batch.frame().unwrap()).await.unwrap() {
        FrameResult::Done(_) => None,
        FrameResult::Refused { message, .. } => Some(message),
    }
}

pub async fn counts_up_in_each_store(bench: &Bench) {
    let shop = Shop::open(bench).await;
    append(&shop).await;
    let next = || shop.args.clone().with("request_id", "req_2");
    let mut refused = Batch::new(next());
    audit::append(&mut refused);
    refused.guard("SELECT 0", storeroom_operations::Problem::not_found("thing"));
    assert!(bench.batch(&refused).await.is_err());
    let mut everywhere = Batch::new(next());
    audit::append_to(&mut everywhere, "SELECT store_id FROM memberships WHERE user_id = :user");
    shop.done(&everywhere).await;
    let sql = "SELECT group_concat(seq, ' '), (SELECT audit_count FROM stores WHERE id = :store) \
        FROM (SELECT seq FROM audit WHERE store_id = :store ORDER BY seq)";
    let rows = shop.rows(sql, Args::new()).await;
    assert_eq!(
        (rows.text(0, 0), rows.integer(0, 1)),
        (Some("1 2"), Some(2)),
        "a refused change leaves no hole"
    );
}

pub async fn has_one_row_a_request(bench: &Bench) {
    let shop = Shop::open(bench).await;
    append(&shop).await;
    let mut again = Batch::new(shop.args.clone());
    audit::append(&mut again);
    let unforeseen = bench.batch(&again).await.err().and_then(|refused| refused.unforeseen);
    assert!(unforeseen.is_some_and(|message| message.contains("audit.store_id, audit.request_id")));
}

pub async fn only_grows_and_is_sealed_once(bench: &Bench) {
    let shop = Shop::open(bench).await;
    append(&shop).await;
    for sql in [
        "DELETE FROM audit WHERE store_id = :store",
        "UPDATE audit SET actor = 'usr_eve' WHERE store_id = :store",
        "UPDATE audit SET seal = 's', action = 'products.delete' WHERE store_id = :store",
        "UPDATE audit SET seq = 9 WHERE store_id = :store",
    ] {
        let message = refusal(&shop, sql).await;
        assert!(message.as_deref().is_some_and(|told| told.contains("append-only")), "{sql}: {message:?}");
    }
    let seal = "UPDATE audit SET seal = 's' WHERE store_id = :store";
    assert_eq!(refusal(&shop, seal).await, None);
    for sql in [seal, "UPDATE audit SET seal = NULL WHERE store_id = :store"] {
        assert!(refusal(&shop, sql).await.is_some_and(|message| message.contains("append-only")), "{sql}");
    }
}

pub async fn unsealed_rows_are_found(bench: &Bench) {
    let shop = Shop::open(bench).await;
    append(&shop).await;
    let stores = async |late_ms: i64| {
        let now = Args::new().with("now", crate::shop::NOW + late_ms);
        let rows = shop.rows(audit::STORES_TO_SEAL, now).await;
        let own = format!("str_{}", bench.scope);
        (0..rows.0.len()).any(|row| rows.text(row, 0) == Some(own.as_str()))
    };
    assert!(!stores(19_999).await && stores(20_000).await, "20 s after it was written");
    let rows = shop.rows(audit::UNSEALED, Args::new().with("limit", 5)).await;
    assert_eq!((rows.0.len(), rows.integer(0, 0), rows.integer(0, 4)), (1, None, Some(1)));
    assert_eq!(refusal(&shop, "UPDATE audit SET seal = 's' WHERE store_id = :store").await, None);
    assert!(!stores(20_000).await);
}
