//! No statement that a request or due work runs reads a table from end to end: a tour through every operation that asks
//! the database, and the plan of each statement on the way. `tests/contract` does the same for those of `storeroom-sql`.

use crate::plans_accounts;
use crate::plans_bulk;
use crate::plans_dashboard;
use crate::plans_images;
use crate::plans_import;
use crate::plans_incoming;
use crate::plans_inventory;
use crate::plans_orders;
use crate::plans_webhooks;
use crate::product::{create, mug, path, publish, simple};
use fallible_iterator::FallibleIterator;
use libsql_sqlite3_parser::lexer::sql::Parser;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use storeroom_domain::Role;
use storeroom_operations::operation::{Access, Effect, Param};
use storeroom_operations::schema::Schema;
use storeroom_operations::table::operations;
use storeroom_operations::{Operation, Products, Rooms, Row};
use storeroom_sql::Rows;
use storeroom_testbed::plans::scanned;
use storeroom_testbed::{Reply, Testbed, request};

/// A value for a filter that all products of the tour's shelf fit.
fn value(row: &Row, param: &Param) -> String {
    match param.name {
        "q" if row.path.ends_with("/products") => "blue P".to_owned(),
        "price_min" => "0".to_owned(),
        "price_max" => "99999".to_owned(),
        "low_stock" => "true".to_owned(),
        "status" => "published".to_owned(),
        "category" => "Mugs".to_owned(),
        "tag" => "blue".to_owned(),
        "sku" => "S0".to_owned(),
        "updated_after" => "2026-11-20T09:00:00Z".to_owned(),
        "state" => "expired".to_owned(),
        "customer" => "ANN@example.org".to_owned(),
        "created_after" => "2026-11-20T09:00:00Z".to_owned(),
        "created_before" => "2026-11-21T09:00:00Z".to_owned(),
        "q" => "ann exam".to_owned(),
        "types" => "product".to_owned(),
        "after" => "1.0".to_owned(),
        "wait" => "1".to_owned(),
        other => panic!("say here what the tour filters by when it comes to `{other}`"),
    }
}

/// Most filters that stand together, besides all of them.
const TOGETHER: usize = 2;

/// None of the row's filters, each, every two of them, and all, in every sort, as query strings.
pub fn queries(row: &Row) -> Vec<String> {
    let is_filter = |param: &&Param| !matches!(param.name, "limit" | "cursor" | "sort");
    let filters: Vec<String> = row
        .query
        .iter()
        .filter(is_filter)
        .map(|param| format!("&{}={}", param.name, value(row, param)))
        .collect();
    let selections = (0u32..1 << filters.len()).filter(|bits| {
        let count = bits.count_ones() as usize;
        count <= TOGETHER || count == filters.len()
    });
    let picked = |bits: u32| -> String {
        let chosen = filters.iter().enumerate().filter(|(place, _)| bits & (1 << place) != 0);
        chosen.map(|(_, filter)| filter.as_str()).collect()
    };
    let selections: Vec<String> = selections.map(picked).collect();
    let sorts = sorts(row);
    let all =
        selections.iter().flat_map(|filters| sorts.iter().map(move |sort| format!("limit=1{filters}{sort}")));
    all.collect()
}

fn sorts(row: &Row) -> Vec<String> {
    let sort = row.query.iter().find(|param| param.name == "sort").map(|param| param.schema);
    let named: &[&str] = if let Some(Schema::OneOf(names)) = sort { names } else { &[] };
    [String::new()].into_iter().chain(named.iter().map(|name| format!("&sort={name}"))).collect()
}

/// A request of the store's owner that succeeds. Each has an idempotency key of its own, so that what keeps its answer is
/// on the tour, too; others who come by have none.
pub async fn call(
    bed: &Testbed,
    method: &str,
    path: &str,
    body: Option<Value>,
    version: Option<&str>,
) -> Reply {
    let key = storeroom_bad_input::new_key();
    let version = version.map(|version| ("if-match", version));
    let headers: Vec<_> = version.into_iter().chain([("idempotency-key", key.as_str())]).collect();
    let reply = bed.call_with(Role::Owner, method, path, body, &headers).await;
    assert!(reply.status() < 300, "{method} {path}: {}", reply.text());
    reply
}

/// Three products that every filter lists.
async fn shelf(bed: &Testbed) {
    for n in 0..3 {
        let mut product = simple(&format!("P{n}"), &format!("S{n}"));
        product["category"] = json!("Mugs");
        product["tags"] = json!(["blue"]);
        publish(bed, product).await;
        bed.clock.advance(1_000);
    }
}

/// Asks for every list; returns the statements of the pages after the first.
async fn lists(bed: &Testbed) -> BTreeSet<String> {
    let mut next_pages = BTreeSet::new();
    for (operation, store) in [
        (Operation::Products(Products::List), String::new()),
        (Operation::Products(Products::CatalogList), format!("&store={}", bed.store)),
        (Operation::Rooms(Rooms::Events), String::new()),
    ] {
        let row = operation.row();
        let has_pages = row.query.iter().any(|param| param.name == "cursor");
        for query in queries(row) {
            let first = format!("{}?{query}{store}", row.path);
            let page = call(bed, "GET", &first, None, None).await.json();
            // A SKU is one product's, so there is no second page of it.
            if has_pages && !query.contains("sku=") {
                let cursor = page["next_cursor"].as_str().unwrap_or_else(|| panic!("{first}: {page}"));
                let so_far = bed.database.statements.take();
                call(bed, "GET", &format!("{first}&cursor={cursor}"), None, None).await;
                let next = bed.database.statements.replace(so_far);
                bed.database.statements.borrow_mut().extend(next.iter().cloned());
                next_pages.extend(next);
            }
        }
    }
    next_pages
}

async fn one_product(bed: &Testbed) {
    let product = create(bed, mug()).await;
    let (path, handle) = (path(&product), product["handle"].as_str().unwrap());
    let (publish, unpublish) = (format!("{path}/publish"), format!("{path}/unpublish"));
    call(bed, "GET", &path, None, None).await;
    for version in ["\"1\"", "*"] {
        call(bed, "PUT", &path, Some(mug()), Some(version)).await;
    }
    for version in ["\"3\"", "*"] {
        call(bed, "PATCH", &path, Some(json!({"title": "Becher"})), Some(version)).await;
    }
    for revisions in ["revisions", "revisions?limit=1", "revisions/1"] {
        call(bed, "GET", &format!("{path}/{revisions}"), None, None).await;
    }
    call(bed, "POST", &format!("{path}/revisions/1/restore"), None, None).await;
    call(bed, "POST", &publish, None, None).await;
    let public = format!("/api/pms/catalog/products/{handle}?store={}", bed.store);
    call(bed, "GET", &public, None, None).await;
    call(bed, "POST", &unpublish, None, Some("*")).await;
    let at = bed.ports.clock.now().plus_ms(1_000);
    call(bed, "POST", &publish, Some(json!({"publish_at": at.to_string()})), None).await;
    bed.clock.advance(1_000);
    assert_eq!(storeroom_products::due::run(&bed.ports).await, Ok(1));
    call(bed, "POST", &format!("{path}/archive"), None, None).await;
    call(bed, "DELETE", &path, None, Some("*")).await;
}

async fn rooms(bed: &Testbed) {
    let ticket = call(bed, "POST", "/api/pms/room/ticket", None, None).await.json();
    let (_, join) = ticket["url"].as_str().unwrap().split_once("shop.example").unwrap();
    assert_eq!(bed.send(request("GET", join, None, &[("upgrade", "websocket")])).await.status(), 101);
    for query in ["", "&types=product"] {
        let path = format!("/api/pms/events/stream?after=1.0{query}");
        let mut stream = call(bed, "GET", &path, None, None).await.stream().unwrap();
        for chunk in 0..2 {
            assert!(stream.next().await.is_some(), "chunk {chunk}");
        }
    }
}

/// Requests whose store or access is looked up on its own.
async fn apart(bed: &Testbed) {
    let token = format!("Bearer {}", bed.member(Role::Owner).token);
    let without_store = request("GET", "/api/pms/products", None, &[("authorization", &token)]);
    assert_eq!(bed.send(without_store).await.status(), 200);
    let refused = bed.call(Role::Owner, "POST", "/api/pms/products", Some(json!({}))).await;
    assert_eq!(refused.status(), 422);
}

/// Requests under a key that was used before: the same one, another, and one that is refused before the database is asked.
async fn repeated(bed: &Testbed) {
    let key = [("idempotency-key", "tour")];
    let store = json!({"name": "Third", "currency": "EUR", "timezone": "Europe/Berlin"});
    for (path, body) in [("/api/pms/products", json!({"title": "Again"})), ("/api/pms/stores", store)] {
        let other =
            json!({"name": "Fourth", "title": "Other", "currency": "EUR", "timezone": "Europe/Berlin"});
        for (body, status) in [(&body, 201), (&body, 201), (&other, 422), (&json!({}), 422)] {
            let reply = bed.call_with(Role::Owner, "POST", path, Some(body.clone()), &key).await;
            assert_eq!(reply.status(), status, "{}", reply.text());
        }
    }
}

/// Pages that are made without the database.
fn asks_the_database(row: &Row) -> bool {
    row.access != Access::Open || row.effect == Effect::Write
}

/// The operations that succeeded, by the log.
fn toured(bed: &Testbed) -> BTreeSet<String> {
    let lines = bed.recorded.lines.borrow();
    let lines = lines.iter().map(|(_, line)| serde_json::from_str::<Value>(line).unwrap());
    let good = lines.filter(|line| line["status"].as_u64().is_some_and(|status| status < 300));
    good.map(|line| line["route"].as_str().unwrap().to_owned()).collect()
}

/// Requests through every operation that asks the database.
async fn tour(bed: &Testbed) {
    shelf(bed).await;
    lists(bed).await;
    one_product(bed).await;
    plans_bulk::bulk(bed).await;
    rooms(bed).await;
    apart(bed).await;
    call(bed, "POST", "/api/pms/due", None, None).await;
    repeated(bed).await;
    plans_inventory::movements(bed).await;
    plans_inventory::lists(bed).await;
    plans_inventory::holds(bed).await;
    plans_accounts::account(bed).await;
    plans_accounts::keys(bed).await;
    plans_accounts::stores(bed).await;
    plans_accounts::lists(bed).await;
    // After the settings: with the first order the currency is fixed.
    plans_orders::orders(bed).await;
    plans_orders::lists(bed).await;
    plans_incoming::incoming(bed).await;
    plans_accounts::audit(bed).await;
    plans_webhooks::webhooks(bed).await;
    plans_images::images(bed).await;
    plans_import::import(bed).await;
    // After what changes the store's currency.
    plans_dashboard::dashboard(bed).await;
    let rows = operations().map(|operation| operation.row()).filter(|row| asks_the_database(row));
    let all: BTreeSet<String> = rows.map(|row| row.name.to_owned()).collect();
    assert_eq!(toured(bed), all, "the tour leaves an operation out");
}

#[tokio::test]
async fn no_statement_of_any_operation_scans_a_table() {
    let bed = Testbed::new().await;
    tour(&bed).await;
    let statements = bed.database.statements.borrow().clone();
    assert!(statements.len() > 450, "only {} statements: is the recorder at work?", statements.len());
    let mut scans = Vec::new();
    for sql in &statements {
        let plan = bed.plan(sql).await;
        assert!(!plan.0.is_empty() || !sql.contains(" FROM "), "no plan of {sql}");
        scans.extend(scanned(&plan).map(|table| format!("SCAN {table}\n{sql}\n{plan:?}")));
        scans.extend(walked(&plan).map(|table| format!("{table}\n{sql}\n{plan:?}")));
    }
    assert!(scans.is_empty(), "{} of {}:\n{}", scans.len(), statements.len(), scans.join("\n\n"));
}

/// Walks through all deliveries of a store: no scan, but as slow.
fn walked(plan: &Rows) -> impl Iterator<Item = &str> {
    let details = (0..plan.0.len()).filter_map(|row| plan.text(row, 3));
    details.filter(|detail| detail.starts_with("SEARCH deliveries ") && detail.ends_with("(store_id=?)"))
}

/// Why libSQL's server would refuse the statement, if it would. It parses SQL with a parser of its own before SQLite does,
/// and takes less of it.
fn unparsed(sql: &str) -> Option<String> {
    Parser::new(sql.as_bytes()).next().err().map(|error| format!("{error}: {sql}"))
}

#[tokio::test]
async fn the_servers_parser_takes_every_statement() {
    let bed = Testbed::new().await;
    tour(&bed).await;
    let statements = bed.database.statements.borrow();
    let refused: Vec<String> = statements.iter().filter_map(|sql| unparsed(sql)).collect();
    assert!(refused.is_empty(), "{}", refused.join("\n\n"));
    for sql in [
        "SELECT json_group_array(title ORDER BY id) FROM products",
        "SELECT min(id) FROM products HAVING count(*) = 1",
    ] {
        assert!(unparsed(sql).is_some(), "{sql}");
    }
}

/// No scan, but as slow: a page that begins at the store's first row, and what is due looked for among all the rest.
#[tokio::test]
async fn a_next_page_begins_at_its_place() {
    let bed = Testbed::new().await;
    shelf(&bed).await;
    let mut statements = lists(&bed).await;
    statements.extend(plans_orders::lists(&bed).await);
    assert!(statements.len() > 150, "only {} statements", statements.len());
    let mut slow = Vec::new();
    for sql in &statements {
        let plan = bed.plan(sql).await;
        let details: Vec<&str> = (0..plan.0.len()).filter_map(|row| plan.text(row, 3)).collect();
        let rows: Vec<&&str> = details.iter().filter(|detail| detail.starts_with("SEARCH t ")).collect();
        let walks = rows.iter().any(|detail| detail.ends_with(" (store_id=?)"));
        let by_moment = [" products_scheduled_by_store ", " orders_pending_by_store "];
        let gathers_due = rows.iter().any(|detail| by_moment.iter().any(|index| detail.contains(index)));
        if walks || !gathers_due {
            slow.push(format!(
                "walks the store: {walks}, gathers what is due: {gathers_due}\n{sql}\n{details:#?}"
            ));
        }
    }
    let some = slow.iter().take(3).map(String::as_str).collect::<Vec<_>>().join("\n\n");
    assert!(slow.is_empty(), "{} of {} statements, such as\n{some}", slow.len(), statements.len());
}

/// Lists with one order only begin where the page before ended, and nothing is sorted for them.
#[tokio::test]
async fn a_next_page_of_a_list_with_one_order_begins_at_its_place() {
    let bed = Testbed::new().await;
    plans_inventory::movements(&bed).await;
    let mut statements = plans_inventory::lists(&bed).await;
    plans_accounts::keys(&bed).await;
    plans_accounts::stores(&bed).await;
    statements.extend(plans_accounts::lists(&bed).await);
    assert!(statements.len() >= 16, "only {} statements", statements.len());
    for sql in &statements {
        let plan = bed.plan(sql).await;
        let details: Vec<&str> = (0..plan.0.len()).filter_map(|row| plan.text(row, 3)).collect();
        assert!(details.iter().any(|detail| detail.ends_with("<?)")), "{sql}\n{details:#?}");
        assert!(!details.iter().any(|detail| detail.contains("TEMP B-TREE")), "{sql}\n{details:#?}");
    }
}

#[tokio::test]
async fn a_scan_is_noticed() {
    let bed = Testbed::new().await;
    for sql in ["SELECT * FROM products p WHERE p.title = ?1", "SELECT count(*) FROM product_documents"] {
        let plan = bed.plan(sql).await;
        assert!(scanned(&plan).is_some(), "{plan:?}");
    }
}

/// No scan, but as slow: what moves a few levels walks through all of the store's.
#[tokio::test]
async fn a_movement_finds_its_levels() {
    let bed = Testbed::new().await;
    plans_inventory::movements(&bed).await;
    let statements = bed.database.statements.take();
    let writes = ["INSERT ", "UPDATE ", "DELETE "];
    let mut walks = Vec::new();
    // A reconciliation is meant to walk.
    let moves = |sql: &&String| writes.iter().any(|verb| sql.starts_with(verb)) && !sql.contains("'field'");
    for sql in statements.iter().filter(moves) {
        let plan = bed.plan(sql).await;
        let details: Vec<&str> = (0..plan.0.len()).filter_map(|row| plan.text(row, 3)).collect();
        let tables = ["levels", "l", "alerts", "a", "ledger", "variants", "v"];
        let is_walk = |detail: &&&str| {
            tables.iter().any(|table| detail.starts_with(&format!("SEARCH {table} ")))
                && detail.ends_with("(store_id=?)")
        };
        // The last row of the ledger is one step, however the plan words it.
        let is_last = sql.contains("max(seq)");
        if details.iter().any(|detail| is_walk(&detail) && !(is_last && detail.starts_with("SEARCH ledger ")))
        {
            walks.push(format!("{sql}\n{details:#?}"));
        }
    }
    assert!(walks.is_empty(), "{}", walks.join("\n\n"));
}

/// The schema travels through the server's parser too.
#[test]
fn the_servers_parser_takes_the_schema() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../migrations");
    let mut count = 0;
    for file in std::fs::read_dir(folder).unwrap() {
        let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
        let mut parser = Parser::new(text.as_bytes());
        while parser.next().unwrap_or_else(|error| panic!("{error}")).is_some() {
            count += 1;
        }
    }
    assert!(count > 60, "only {count} statements");
}
