//! No statement of `storeroom-sql` reads a table that grows from end to end.

use crate::bench::Bench;
use crate::shop::arguments;
use storeroom_domain::EventType;
use storeroom_sql::{Batch, Statement, access, documents, events, settle};
use storeroom_testbed::plans::{explain, scanned};

/// Every statement that `storeroom-sql` makes.
fn statements() -> Vec<Statement> {
    let args = arguments("plans");
    let mut batch = Batch::new(args.clone());
    access::guard(&mut batch, "products:write");
    settle::settle_product(&mut batch);
    settle::settle_store(&mut batch);
    events::append_product_event(&mut batch, EventType::ProductUpdated);
    events::append_product_end(&mut batch);
    let reads = [
        access::read(documents::PRODUCT),
        access::read(access::NOTHING),
        access::ONLY_STORE.to_owned(),
        documents::PRODUCT.to_owned(),
        settle::STORES_WITH_DUE.to_owned(),
        settle::NEXT_DUE.to_owned(),
        settle::NEXT_CHANGE.to_owned(),
        events::backfill(),
        events::HEADS_SINCE.to_owned(),
    ];
    let reads = reads.into_iter().map(|sql| Statement::bind(sql, &args).unwrap());
    reads.chain(batch.frame().unwrap().work).collect()
}

pub async fn no_statement_scans_a_table_that_grows(bench: &Bench) {
    for statement in statements() {
        let plan = bench.rows(explain(&statement)).await;
        assert_eq!(scanned(&plan), None, "{}\n{plan:?}", statement.sql);
    }
}

pub async fn a_scan_is_noticed(bench: &Bench) {
    let scans =
        ["SELECT * FROM products", "SELECT * FROM levels l WHERE l.held = 1", "SELECT id FROM sessions"];
    for sql in scans {
        let plan = bench.rows(explain(&Statement::plain(sql))).await;
        assert!(scanned(&plan).is_some(), "{plan:?}");
    }
}
