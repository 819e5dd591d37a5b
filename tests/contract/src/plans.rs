//! No statement of `storeroom-sql` reads a table that grows from end to end.

use crate::bench::Bench;
use crate::shop::arguments;
use storeroom_domain::EventType;
use storeroom_operations::Problem;
use storeroom_sql::access::Credential::{Key, Session};
use storeroom_sql::{
    Args, Batch, Statement, access, audit, documents, events, holds, idempotency, inbox, settle, stock,
};
use storeroom_testbed::plans::{explain, scanned};

/// Every step that `storeroom-sql` makes.
fn batch(args: Args) -> Batch {
    let mut batch = Batch::new(args);
    access::spend_nonce(&mut batch);
    for credential in [Session, Key] {
        access::guard(&mut batch, credential, "products:write");
        access::guard_alive(&mut batch, credential);
    }
    settle::settle_product(&mut batch);
    settle::settle_store(&mut batch);
    settle::settle_hold(&mut batch);
    settle::settle_order(&mut batch);
    holds::guard_open(&mut batch);
    holds::resolve(&mut batch, "released");
    holds::tell(&mut batch, ":event_id", EventType::HoldReleased, "document");
    settle::settle_lines(&mut batch);
    settle::settle_expired(&mut batch);
    events::append_product_event(&mut batch, EventType::ProductUpdated);
    events::append_product_end(&mut batch);
    events::append_store_event(&mut batch);
    idempotency::look_up(&mut batch);
    idempotency::keep(&mut batch, "shown", documents::PRODUCT);
    batch.query("plain", idempotency::shown(documents::PRODUCT));
    inbox::guard_not_applied(&mut batch, Problem::not_found("event"));
    inbox::guard_unchanged(&mut batch, "SELECT NULL", Problem::not_found("event"));
    inbox::note_applied(&mut batch, "SELECT NULL");
    inbox::keep_rejected(&mut batch, Problem::not_found("place"));
    batch.query("applied", inbox::APPLIED);
    stock::guard_known(&mut batch);
    stock::guard_distinct(&mut batch);
    stock::guard_available(&mut batch);
    stock::make_levels(&mut batch);
    stock::move_on_hand(&mut batch, "adjusted");
    stock::set_thresholds(&mut batch);
    stock::tell_levels(&mut batch, EventType::StockAdjusted, "TRUE");
    stock::tell_crossings(&mut batch);
    audit::append(&mut batch);
    audit::append_to(&mut batch, "SELECT store_id FROM memberships WHERE user_id = :user");
    batch
}

/// Every statement that `storeroom-sql` makes.
fn statements() -> Vec<Statement> {
    let args = arguments("plans");
    let reads = [
        access::read(Session, documents::PRODUCT),
        access::read(Key, documents::PRODUCT),
        access::read(Session, access::NOTHING),
        access::read(Session, idempotency::KEPT),
        access::read_alive(Session, idempotency::KEPT),
        idempotency::KEPT.to_owned(),
        access::read_alive(Session, access::ONLY_STORE),
        access::ONLY_STORE.to_owned(),
        access::ENDED_SESSIONS_SINCE.to_owned(),
        audit::UNSEALED.to_owned(),
        audit::STORES_TO_SEAL.to_owned(),
        documents::PRODUCT.to_owned(),
        documents::HOLD.to_owned(),
        documents::ORDER.to_owned(),
        access::read(Session, documents::HOLD),
        access::read(Session, documents::ORDER),
        settle::STORES_WITH_EXPIRED.to_owned(),
        settle::STORES_WITH_DUE.to_owned(),
        settle::NEXT_DUE.to_owned(),
        settle::NEXT_CHANGE.to_owned(),
        events::backfill(),
        events::HEADS_SINCE.to_owned(),
        access::read(Key, &inbox::look_up("SELECT NULL")),
        access::read(Key, inbox::REJECTED),
        access::read(Session, &inbox::rejected_page()),
    ];
    let reads = reads.into_iter().map(|sql| Statement::bind(sql, &args).unwrap());
    let frame = batch(args.clone()).frame().unwrap();
    reads.chain(frame.prelude).chain(frame.work).collect()
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
