//! What a credential may do is decided in the trip that does it, and bites at once.

use crate::bench::Bench;
use crate::shop::{NOW, Shop};
use storeroom_operations::Problem;
use storeroom_sql::{Args, Batch, access, documents};

async fn refusal(shop: &Shop<'_>, args: Args) -> Option<Problem> {
    let mut all = shop.args.clone();
    all.merge(args);
    let mut batch = Batch::new(all);
    access::guard(&mut batch, "products:write");
    shop.bench.batch(&batch).await.err().map(|refused| refused.problem)
}

/// Each way to be refused, as what to run first and what the problem is.
fn refusals() -> [(&'static str, Problem); 4] {
    [
        (
            "UPDATE memberships SET role = 'viewer' WHERE store_id = :store",
            access::role_lacks("products:write"),
        ),
        ("DELETE FROM memberships WHERE store_id = :store", access::no_such_store()),
        ("UPDATE sessions SET ended_at = :now WHERE id = :session", access::session_ended()),
        (
            "UPDATE sessions SET ended_at = NULL, expires_at = :now WHERE id = :session",
            access::session_ended(),
        ),
    ]
}

async fn apply(shop: &Shop<'_>, sql: &'static str) {
    let mut batch = Batch::new(shop.args.clone());
    batch.run(sql);
    shop.done(&batch).await;
}

pub async fn a_write_is_refused_at_once(bench: &Bench) {
    let shop = Shop::open(bench).await;
    assert_eq!(refusal(&shop, Args::new()).await, None);
    assert_eq!(refusal(&shop, Args::new().with("store", "str_other")).await, Some(access::no_such_store()));
    assert_eq!(refusal(&shop, Args::new().with("user", "usr_other")).await, Some(access::session_ended()));
    assert_eq!(refusal(&shop, Args::new().with("now", NOW + 1_000)).await, Some(access::session_ended()));
    for (sql, problem) in refusals() {
        apply(&shop, sql).await;
        assert_eq!(refusal(&shop, Args::new()).await, Some(problem), "{sql}");
    }
}

pub async fn a_read_is_one_row_with_access_and_cursor(bench: &Bench) {
    let shop = Shop::open(bench).await;
    shop.add("prd_a", None).await;
    let row = shop.rows(&access::read(documents::PRODUCT), Args::new().with("product", "prd_a")).await;
    assert_eq!((row.0.len(), row.0[0].len()), (1, access::COLUMNS + 2));
    assert_eq!((row.integer(0, 0), row.text(0, 1)), (Some(1), Some("editor")));
    assert_eq!((row.integer(0, 2), row.integer(0, 3)), (Some(1), Some(1)));
    assert!(
        row.text(0, 4).is_some_and(|document| document.contains("prd_a")) && row.integer(0, 5) == Some(1)
    );
    let nothing = shop.rows(&access::read(documents::PRODUCT), Args::new().with("product", "prd_none")).await;
    assert_eq!((nothing.integer(0, 0), nothing.text(0, 4), nothing.0.len()), (Some(1), None, 1));
}

pub async fn a_refused_read_gives_no_row_away(bench: &Bench) {
    let shop = Shop::open(bench).await;
    shop.add("prd_a", None).await;
    for (sql, _) in refusals() {
        apply(&shop, sql).await;
        let row = shop.rows(&access::read(documents::PRODUCT), Args::new().with("product", "prd_a")).await;
        assert_eq!((row.0.len(), row.text(0, 4), row.integer(0, 5)), (1, None, None), "{sql}");
    }
}

pub async fn a_credential_may_reach_one_store_or_more(bench: &Bench) {
    let shop = Shop::open(bench).await;
    let store = format!("str_{}", bench.scope);
    let only = shop.rows(access::ONLY_STORE, Args::new()).await;
    assert_eq!(only.text(0, 0), Some(store.as_str()));
    apply(
        &shop,
        "INSERT INTO stores (id, name, currency, timezone, created_at) VALUES (:store || '2', 'B', 'EUR', 'UTC', 0)",
    )
    .await;
    apply(&shop, "INSERT INTO memberships VALUES (:store || '2', :user, 'viewer', 0)").await;
    assert_eq!(shop.rows(access::ONLY_STORE, Args::new()).await.text(0, 0), None);
    assert_eq!(shop.rows(&access::read(access::NOTHING), Args::new()).await.integer(0, 4), Some(1));
}
