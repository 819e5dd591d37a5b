//! What every table of the migrations keeps to, so that savepoints hold and failures have names.

use crate::bench::Bench;
use crate::block_on;
use std::rc::Rc;
use storeroom_sql::{Rows, Statement};
use storeroom_testbed::embedded::Embedded;

/// Indexes over all stores: a user's stores, what is due anywhere, and what names its store itself. None of them is
/// unique.
const OVER_ALL_STORES: [&str; 14] = [
    "memberships_by_user",
    "products_scheduled",
    "invites_by_token",
    "api_keys_by_id",
    "api_keys_by_expiry",
    "api_keys_expiring",
    "audit_unsealed",
    "idempotency_keys_by_expiry",
    "holds_open",
    "orders_pending",
    "deliveries_finished",
    "webhook_endpoints_due",
    "image_files_due",
    "jobs_due",
];

const TABLES: &str = "SELECT name, sql FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name NOT LIKE 'product_search%' ORDER BY name";
const COLUMNS: &str = "SELECT name, pk FROM pragma_table_info(?1) ORDER BY cid";
const INDEXES: &str = "SELECT i.name, i.\"unique\", c.name FROM pragma_index_list(?1) i \
    JOIN pragma_index_info(i.name) c WHERE c.seqno = 0";

async fn bench() -> Bench {
    Bench { connection: Rc::new(Embedded::migrated().await), scope: "schema" }
}

async fn about(bench: &Bench, sql: &'static str, table: &str) -> Rows {
    bench.rows(Statement { sql: sql.into(), args: vec![table.into()] }).await
}

/// The definitions of everything, without comments, in upper case, one blank between words.
async fn definitions(bench: &Bench) -> Vec<String> {
    let rows = bench.rows(Statement::plain("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL")).await;
    (0..rows.0.len()).map(|row| words(rows.text(row, 0).unwrap()).join(" ")).collect()
}

fn words(sql: &str) -> Vec<String> {
    let code = sql.lines().map(|line| line.split("--").next().unwrap_or_default());
    let spaced = code.collect::<Vec<_>>().join(" ").replace('(', " ( ").replace(',', " , ").to_uppercase();
    spaced.split_whitespace().map(str::to_owned).collect()
}

#[test]
fn nothing_breaks_out_of_a_savepoint() {
    block_on(async {
        for sql in definitions(&bench().await).await {
            for banned in ["DEFERRABLE", "OR ROLLBACK", "ON CONFLICT ROLLBACK", "RAISE ( ROLLBACK"] {
                assert!(!sql.contains(banned), "{banned}: {sql}");
            }
        }
    });
}

#[test]
fn every_check_has_a_name() {
    block_on(async {
        let mut checks = 0;
        for sql in definitions(&bench().await).await {
            let words: Vec<&str> = sql.split(' ').collect();
            for at in (0..words.len()).filter(|at| words[*at] == "CHECK") {
                assert!(at >= 2 && words[at - 2] == "CONSTRAINT", "{sql}");
                checks += 1;
            }
        }
        assert!(checks >= 20, "{checks} checks");
    });
}

#[test]
fn every_table_is_strict() {
    block_on(async {
        let tables = bench().await.rows(Statement::plain(TABLES)).await;
        assert!(tables.0.len() >= 10);
        for row in 0..tables.0.len() {
            let words = words(tables.text(row, 1).unwrap());
            let options = words.iter().rev().take_while(|word| *word != ")");
            assert!(options.into_iter().any(|word| word.trim_matches(',') == "STRICT"), "{words:?}");
        }
    });
}

#[test]
fn the_store_leads_every_key_of_its_tables() {
    block_on(async {
        let bench = bench().await;
        let tables = bench.rows(Statement::plain(TABLES)).await;
        let mut of_stores = 0;
        for row in 0..tables.0.len() {
            let table = tables.text(row, 0).unwrap();
            let columns = about(&bench, COLUMNS, table).await;
            if (0..columns.0.len()).any(|column| columns.text(column, 0) == Some("store_id")) {
                of_stores += 1;
                assert_eq!(
                    (columns.text(0, 0), columns.integer(0, 1)),
                    (Some("store_id"), Some(1)),
                    "{table}"
                );
                store_leads_indexes(&about(&bench, INDEXES, table).await);
            }
        }
        assert!(of_stores >= 8, "{of_stores} tables");
    });
}

fn store_leads_indexes(indexes: &Rows) {
    for row in 0..indexes.0.len() {
        let name = indexes.text(row, 0).unwrap();
        let excepted = OVER_ALL_STORES.contains(&name) && indexes.integer(row, 1) == Some(0);
        assert!(excepted || indexes.text(row, 2) == Some("store_id"), "{name}");
    }
}
