//! What a credential may do is decided in the trip that does it, and bites at once.

use crate::bench::Bench;
use crate::shop::{NOW, Shop};
use storeroom_operations::{Code, Problem};
use storeroom_sql::access::Credential::{Key, Session};
use storeroom_sql::access::{self, Credential, no_such_store, role_lacks};
use storeroom_sql::{Args, Batch, documents};

async fn refusal_of(shop: &Shop<'_>, credential: Credential, args: Args) -> Option<Problem> {
    let mut all = shop.args.clone();
    all.merge(args);
    let mut batch = Batch::new(all);
    access::guard(&mut batch, credential, "products:write");
    shop.bench.batch(&batch).await.err().map(|refused| refused.problem)
}

async fn refusal(shop: &Shop<'_>, args: Args) -> Option<Problem> {
    refusal_of(shop, Session, args).await
}

/// Each way to be refused, as what to run first and what the problem is.
fn refusals() -> [(&'static str, Problem); 4] {
    [
        ("UPDATE memberships SET role = 'viewer' WHERE store_id = :store", role_lacks("products:write")),
        ("DELETE FROM memberships WHERE store_id = :store", no_such_store()),
        ("UPDATE sessions SET ended_at = :now WHERE id = :session", Session.ended()),
        ("UPDATE sessions SET ended_at = NULL, expires_at = :now WHERE id = :session", Session.ended()),
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
    assert_eq!(refusal(&shop, Args::new().with("store", "str_other")).await, Some(no_such_store()));
    assert_eq!(refusal(&shop, Args::new().with("user", "usr_other")).await, Some(Session.ended()));
    assert_eq!(refusal(&shop, Args::new().with("now", NOW + 1_000)).await, Some(Session.ended()));
    for (sql, problem) in refusals() {
        apply(&shop, sql).await;
        assert_eq!(refusal(&shop, Args::new()).await, Some(problem), "{sql}");
    }
}

pub async fn a_read_is_one_row_with_access_and_cursor(bench: &Bench) {
    let shop = Shop::open(bench).await;
    shop.add("prd_a", None).await;
    let row =
        shop.rows(&access::read(Session, documents::PRODUCT), Args::new().with("product", "prd_a")).await;
    assert_eq!((row.0.len(), row.0[0].len()), (1, access::COLUMNS + 2));
    assert_eq!((row.integer(0, 0), row.text(0, 1)), (Some(1), Some("editor")));
    assert_eq!((row.integer(0, 2), row.integer(0, 3)), (Some(1), Some(1)));
    assert!(
        row.text(0, 4).is_some_and(|document| document.contains("prd_a")) && row.integer(0, 5) == Some(1)
    );
    let nothing =
        shop.rows(&access::read(Session, documents::PRODUCT), Args::new().with("product", "prd_none")).await;
    assert_eq!((nothing.integer(0, 0), nothing.text(0, 4), nothing.0.len()), (Some(1), None, 1));
}

pub async fn a_refused_read_gives_no_row_away(bench: &Bench) {
    let shop = Shop::open(bench).await;
    shop.add("prd_a", None).await;
    for (sql, _) in refusals() {
        apply(&shop, sql).await;
        let row =
            shop.rows(&access::read(Session, documents::PRODUCT), Args::new().with("product", "prd_a")).await;
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
    apply(
        &shop,
        "INSERT INTO memberships (store_id, user_id, role, created_at) VALUES (:store || '2', :user, 'viewer', 0)",
    )
    .await;
    assert_eq!(shop.rows(access::ONLY_STORE, Args::new()).await.text(0, 0), None);
    assert_eq!(shop.rows(&access::read(Session, access::NOTHING), Args::new()).await.integer(0, 4), Some(1));
}

/// Each way in which a key is refused, as what to run first and what the problem is. Each undoes the one before.
fn refusals_of_a_key() -> [(&'static str, Problem); 6] {
    [
        ("UPDATE api_keys SET role = 'viewer' WHERE store_id = :store", role_lacks("products:write")),
        ("UPDATE api_keys SET role = 'editor', revoked_at = :now WHERE store_id = :store", Key.ended()),
        ("UPDATE api_keys SET revoked_at = NULL, expires_at = :now WHERE store_id = :store", Key.ended()),
        ("UPDATE api_keys SET expires_at = NULL, generation = 2 WHERE store_id = :store", Key.ended()),
        ("UPDATE key_generations SET generation = 1, ends_at = :now WHERE key_id = :key", Key.ended()),
        ("DELETE FROM key_generations WHERE key_id = :key", Key.ended()),
    ]
}

pub async fn a_key_is_refused_at_once(bench: &Bench) {
    let shop = Shop::open(bench).await;
    shop.add_key().await;
    assert_eq!(refusal_of(&shop, Key, Args::new()).await, None);
    let other_store = Args::new().with("store", "str_other");
    assert_eq!(refusal_of(&shop, Key, other_store).await, Some(no_such_store()));
    for args in [Args::new().with("key", "key_other"), Args::new().with("generation", 2)] {
        assert_eq!(refusal_of(&shop, Key, args).await, Some(Key.ended()));
    }
    for (number, (sql, problem)) in refusals_of_a_key().into_iter().enumerate() {
        apply(&shop, sql).await;
        if number == 3 {
            // A newer secret alone harms nobody: the one before is gone when its row says so.
            assert_eq!(refusal_of(&shop, Key, Args::new()).await, None);
            apply(&shop, "UPDATE key_generations SET generation = 2 WHERE key_id = :key").await;
        }
        assert_eq!(refusal_of(&shop, Key, Args::new()).await, Some(problem), "{sql}");
        let read = access::read(Key, access::NOTHING);
        assert_eq!(shop.rows(&read, Args::new()).await.integer(0, 4), None, "{sql}");
    }
}

/// A key's write with that nonce: whether it was done, else its problem.
async fn write_with_nonce(shop: &Shop<'_>, nonce: &str, name: &str) -> Option<Code> {
    let mut batch = Batch::new(shop.args.clone().with("nonce", nonce).with("name", name));
    access::guard(&mut batch, Key, "products:write");
    access::spend_nonce(&mut batch);
    batch.run("UPDATE api_keys SET name = :name WHERE store_id = :store AND id = :key");
    shop.bench.batch(&batch).await.err().map(|refused| refused.problem.code)
}

async fn key_column(shop: &Shop<'_>, sql: &str) -> String {
    shop.text(sql, Args::new()).await
}

const NONCES: &str =
    "SELECT group_concat(nonce, ' ') FROM (SELECT nonce FROM nonces WHERE key_id = :key ORDER BY nonce)";

pub async fn a_nonce_counts_once_whatever_becomes_of_its_request(bench: &Bench) {
    let shop = Shop::open(bench).await;
    shop.add_key().await;
    assert_eq!(write_with_nonce(&shop, "a", "First").await, None);
    assert_eq!(write_with_nonce(&shop, "a", "Replayed").await, Some(Code::NonceReplayed));
    apply(&shop, "UPDATE api_keys SET role = 'viewer' WHERE store_id = :store").await;
    assert_eq!(write_with_nonce(&shop, "b", "Refused").await, Some(Code::Forbidden));
    apply(&shop, "UPDATE api_keys SET role = 'editor' WHERE store_id = :store").await;
    assert_eq!(write_with_nonce(&shop, "b", "Tried again").await, Some(Code::NonceReplayed));
    assert_eq!(key_column(&shop, "SELECT name FROM api_keys WHERE store_id = :store").await, "First");
    assert_eq!(key_column(&shop, NONCES).await, "a b");
    let usage = shop.rows("SELECT requests FROM key_usage WHERE store_id = :store", Args::new()).await;
    assert_eq!((usage.0.len(), usage.integer(0, 0)), (1, Some(2)), "what was replayed is not counted");
}

pub async fn a_nonce_is_any_keys_own(bench: &Bench) {
    let shop = Shop::open(bench).await;
    shop.add_key().await;
    assert_eq!(write_with_nonce(&shop, "a", "First").await, None);
    let other = Shop { bench, args: shop.args.clone().with("key", format!("key_other_{}", bench.scope)) };
    other.add_key().await;
    assert_eq!(write_with_nonce(&other, "a", "Second").await, None);
}

pub async fn nonces_that_have_expired_are_swept(bench: &Bench) {
    let shop = Shop::open(bench).await;
    shop.add_key().await;
    // Cases share a database, and whoever comes sweeps what is oldest: these are.
    apply(
        &shop,
        "INSERT INTO nonces (key_id, nonce, expires_at) VALUES (:key, 'w', -4), (:key, 'x', -3), (:key, 'y', -2), \
         (:key, 'z', -1)",
    )
    .await;
    for nonce in ["a", "b"] {
        assert_eq!(write_with_nonce(&shop, nonce, "Swept").await, None);
    }
    assert_eq!(key_column(&shop, NONCES).await, "a b", "two go for one that comes");
}
