//! Answers under idempotency keys: kept with their work, found in its place, gone after their time.

use crate::bench::Bench;
use crate::shop::{NOW, Shop};
use storeroom_operations::Problem;
use storeroom_sql::idempotency::{KEPT_FOR_MS, Kept, keep, look_up};
use storeroom_sql::{Args, Batch, FrameResult, Refused, Rows, Value};

/// Counts how often the work was done.
const WORK: &str = "UPDATE stores SET head_at = head_at + 1 WHERE id = :store";
const DOCUMENT: &str = "SELECT json_object('done', head_at), head_at FROM stores WHERE id = :store";

fn batch(shop: &Shop<'_>, args: Args) -> Batch {
    let mut all = shop.args.clone();
    all.merge(args);
    let mut batch = Batch::new(all);
    look_up(&mut batch);
    batch.run(WORK);
    keep(&mut batch, "shown", DOCUMENT);
    batch.query_always("cursor", "SELECT seq FROM stores WHERE id = :store");
    batch
}

/// The answer that was made now; else the one that was kept.
async fn answer(shop: &Shop<'_>, args: Args) -> Result<Rows, Option<Kept>> {
    match shop.bench.batch(&batch(shop, args)).await {
        Ok(outcome) => Ok(outcome.rows("shown")),
        Err(refused) => Err(kept(&refused)),
    }
}

fn kept(refused: &Refused) -> Option<Kept> {
    assert_eq!((refused.aside.0.len(), &refused.unforeseen), (1, &None));
    refused.kept.as_ref().and_then(Kept::of)
}

fn made(number: i64) -> Rows {
    Rows(vec![vec![Value::from(format!("{{\"done\":{number}}}")), Value::from(format!("\"{number}\""))]])
}

async fn kept_keys(shop: &Shop<'_>) -> String {
    let keys = "SELECT coalesce(group_concat(key, ' '), '') FROM (SELECT key FROM idempotency_keys \
        WHERE store_id = :store ORDER BY key)";
    shop.text(keys, Args::new()).await
}

fn key(key: &str) -> Args {
    Args::new().with("idempotency_key", key)
}

pub async fn an_answer_is_kept_with_its_work(bench: &Bench) {
    let shop = Shop::open(bench).await;
    assert_eq!(answer(&shop, Args::new()).await, Ok(made(1)));
    let first = Kept {
        fingerprint: "f".to_owned(),
        status: 201,
        etag: Some("\"1\"".to_owned()),
        location: Some("/there".to_owned()),
        body: Some("{\"done\":1}".to_owned()),
    };
    for fingerprint in ["f", "g"] {
        let again = answer(&shop, Args::new().with("fingerprint", fingerprint)).await;
        assert_eq!(again, Err(Some(first.clone())), "whoever asks compares the fingerprints");
    }
    assert_eq!(answer(&shop, key("l")).await, Ok(made(2)));
}

pub async fn an_answer_may_be_empty(bench: &Bench) {
    let shop = Shop::open(bench).await;
    let mut batch = Batch::new(shop.args.clone().with("kept_status", 204).with("kept_location", Value::Null));
    keep(&mut batch, "shown", "SELECT NULL, NULL");
    let rows = bench.batch(&batch).await.unwrap().rows("shown");
    assert_eq!(rows, Rows(vec![vec![Value::Null, Value::Null]]));
    let empty = Kept { fingerprint: "f".to_owned(), status: 204, etag: None, location: None, body: None };
    assert_eq!(answer(&shop, Args::new()).await, Err(Some(empty)));
}

pub async fn refused_work_keeps_nothing(bench: &Bench) {
    let shop = Shop::open(bench).await;
    let mut refused = batch(&shop, Args::new());
    refused.guard("SELECT 0", Problem::not_found("thing"));
    let refused = bench.batch(&refused).await.unwrap_err();
    assert_eq!((refused.problem, refused.kept), (Problem::not_found("thing"), None));
    assert_eq!(answer(&shop, Args::new()).await, Ok(made(1)));
}

pub async fn a_key_is_its_actors_in_its_store(bench: &Bench) {
    let shop = Shop::open(bench).await;
    let elsewhere = |name, value: &str| Args::new().with(name, format!("{value}_{}", bench.scope));
    for (number, args) in [
        Args::new(),
        elsewhere("idempotency_actor", "key"),
        elsewhere("idempotency_store", "str_other"),
        Args::new().with("idempotency_store", ""),
    ]
    .into_iter()
    .enumerate()
    {
        let number = i64::try_from(number).unwrap() + 1;
        assert_eq!(answer(&shop, args.clone()).await, Ok(made(number)));
        assert!(answer(&shop, args).await.is_err_and(|kept| kept.is_some()));
    }
}

pub async fn what_has_expired_is_not_found_and_replaced(bench: &Bench) {
    let shop = Shop::open(bench).await;
    // Cases share a database: with these the sweep has others to take than the key's own.
    old_ones(&shop, &["v", "w"], -9).await;
    old_ones(&shop, &["k"], NOW + 1).await;
    assert!(answer(&shop, Args::new()).await.is_err_and(|kept| kept.unwrap().status == 200));
    let mut expire = Batch::new(shop.args.clone());
    expire.run("UPDATE idempotency_keys SET expires_at = :now WHERE store_id = :store AND key = 'k'");
    shop.done(&expire).await;
    assert_eq!(answer(&shop, Args::new()).await, Ok(made(1)));
    let replaced = answer(&shop, Args::new()).await.unwrap_err().unwrap();
    assert_eq!((replaced.status, replaced.body), (201, Some("{\"done\":1}".to_owned())));
    let times = "SELECT expires_at FROM idempotency_keys WHERE store_id = :store AND key = 'k'";
    assert_eq!(shop.rows(times, Args::new()).await.integer(0, 0), Some(NOW + KEPT_FOR_MS));
}

/// Adds answers that end at these milliseconds, one after the other; a sweep takes those of long ago before those of other
/// cases.
async fn old_ones(shop: &Shop<'_>, keys: &[&str], expires_at: i64) {
    for (key, expires_at) in keys.iter().zip(expires_at..) {
        let mut batch = Batch::new(shop.args.clone().with("old", *key).with("expires_at", expires_at));
        batch.run(
            "INSERT INTO idempotency_keys (store_id, actor, key, fingerprint, status, expires_at) \
             VALUES (:store, :actor, :old, 'f', 200, :expires_at)",
        );
        shop.done(&batch).await;
    }
}

pub async fn what_has_expired_is_swept(bench: &Bench) {
    let shop = Shop::open(bench).await;
    old_ones(&shop, &["v", "w", "x", "y"], -99).await;
    assert_eq!(answer(&shop, key("a")).await, Ok(made(1)));
    assert_eq!(answer(&shop, key("b")).await, Ok(made(2)));
    assert_eq!(kept_keys(&shop).await, "a b", "two go for one that comes");
}

pub async fn a_group_does_it_once(bench: &Bench) {
    let shop = Shop::open(bench).await;
    let batches: Vec<Batch> = (0..20).map(|_| batch(&shop, Args::new())).collect();
    let frames = batches.iter().map(|batch| batch.frame().unwrap()).collect();
    let results: Vec<FrameResult> = bench.commit_all(frames).await.unwrap();
    let (done, refused): (Vec<_>, Vec<_>) =
        batches.iter().zip(results).map(|(batch, result)| batch.interpret(result)).partition(Result::is_ok);
    assert_eq!((done.len(), refused.len()), (1, 19));
    let bodies = refused.into_iter().map(|refused| kept(&refused.unwrap_err()).unwrap().body);
    assert!(bodies.into_iter().all(|body| body.as_deref() == Some("{\"done\":1}")));
}
