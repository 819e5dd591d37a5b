//! Orders from before the tables of sales: the migration folds them in as the triggers would have kept them.
//!
//! Relies on: the fold standing at the end of its file, after its comment, and having no trigger in it.

use crate::dashboard::Till;
use serde_json::json;
use storeroom_sql::{Rows, Statement};

const MIGRATION: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../migrations/0005_sales.sql"));

/// What is kept, without what has come to nothing.
const KEPT: [&str; 4] = [
    "SELECT * FROM sales WHERE orders <> 0 OR units <> 0 OR revenue_minor <> 0 OR refunded_minor <> 0 OR returned <> 0",
    "SELECT * FROM product_sales WHERE units <> 0 OR revenue_minor <> 0 OR returned <> 0",
    "SELECT * FROM sold_products",
    "SELECT * FROM order_counts WHERE orders <> 0",
];

async fn run(till: &Till, sql: &str) -> Rows {
    let statement = Statement { sql: sql.to_owned().into(), args: Vec::new() };
    let rows = till.bed.ports.database.read(statement).await;
    rows.unwrap_or_else(|error| panic!("{sql}: {error:?}"))
}

async fn kept(till: &Till) -> Vec<Rows> {
    let mut kept = Vec::new();
    for query in KEPT {
        kept.push(run(till, query).await);
    }
    kept
}

/// The fold of all orders is what the triggers have kept.
pub async fn check(till: &Till) {
    let before = kept(till).await;
    for table in ["sales", "product_sales", "sold_products", "order_counts"] {
        run(till, &format!("DELETE FROM {table}")).await;
    }
    let (_, fold) = MIGRATION.split_once("-- Orders from before these tables").unwrap();
    let (_, statements) = fold.split_once('\n').unwrap();
    for statement in statements.split(";\n").filter(|statement| !statement.trim().is_empty()) {
        run(till, statement).await;
    }
    assert_eq!(kept(till).await, before);
    assert_eq!(run(till, "SELECT * FROM sales_changes").await, Rows::default());
}

#[tokio::test]
async fn orders_of_before_count_as_if_they_had_been_kept_all_along() {
    let till = Till::ageless([50, 50], "Europe/Berlin").await;
    let first = till.sell("2026-03-01T12:00:00Z", 3).await;
    let cancelled = till.sell("2026-03-01T12:20:00Z", 2).await;
    till.turn_to("2026-04-01T00:00:00Z");
    till.ship(&first).await;
    till.refund(&first, 300).await;
    till.take_back(&first, 1).await;
    till.turn_to("2026-04-02T23:59:59.999Z");
    till.take_back(&first, 2).await;
    till.refund(&first, 200).await;
    till.cancel(&cancelled).await;
    till.refund(&cancelled, 2_400).await;
    let two = till.place(json!([till.line(0, 1), till.line(1, 1)])).await;
    till.pay(&two).await;
    till.order(1).await;
    let seen = till.see("/sales?from=2026-03-01&to=2026-04-30").await;
    check(&till).await;
    assert_eq!(till.see("/sales?from=2026-03-01&to=2026-04-30").await, seen);
}
