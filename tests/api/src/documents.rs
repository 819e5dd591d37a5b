//! Documents: what the views print is exactly what the shapes say.

use crate::dashboard::{Till, eur};
use crate::incoming::{Sender, adjusted};
use crate::product::{log, mug, path, publish};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};
use storeroom_domain::{Role, Timestamp};
use storeroom_operations::schema::{Object, Schema};
use storeroom_operations::shapes::account::{Me, Membership, Registration, SignedIn};
use storeroom_operations::shapes::audit::{AUDIT_ENTRY, AuditEntry, AuditVerdict};
use storeroom_operations::shapes::dashboard::{
    DASHBOARD, Dashboard, SALES_REPORT, SALES_UPDATED, SOLD_PRODUCT, SOLD_PRODUCT_PAGE, SalesReport,
    SalesUpdated, SoldProduct, TARGETS, Targets,
};
use storeroom_operations::shapes::event::{EVENT_FEED, Event, TICKET};
use storeroom_operations::shapes::incoming::{APPLIED_OR_REJECTED, REJECTED_PAGE};
use storeroom_operations::shapes::job::{JOB, JOB_ERROR, JOB_PAGE, Job};
use storeroom_operations::shapes::key::{KEY, Key, KeyUsage, NewKey};
use storeroom_operations::shapes::member::{Invite, MEMBER, Member};
use storeroom_operations::shapes::product::{
    CATALOG_PAGE, CATALOG_PRODUCT, CatalogProduct, PRODUCT, PRODUCT_PAGE, Product,
};
use storeroom_operations::shapes::store::{STORE, Store};
use storeroom_operations::shapes::system::{HEALTH, READINESS};
use storeroom_operations::validate::validate;
use storeroom_sql::Args;
use storeroom_testbed::{Testbed, request};

fn fits(shape: &'static Object, value: &Value) {
    assert_eq!(validate(&Schema::Object(shape), value), [], "{value}");
}

#[tokio::test]
async fn every_document_fits_its_shape_and_its_type() {
    let bed = Testbed::new().await;
    let product = publish(&bed, mug()).await;
    crate::picture::add(&bed, &product, storeroom_bad_input::GIF.to_vec()).await;
    let product = bed.call(Role::Owner, "GET", &path(&product), None).await.json();
    let get = |path: String| {
        let bed = &bed;
        async move { bed.call(Role::Owner, "GET", &path, None).await.json() }
    };
    fits(&PRODUCT, &product);
    let typed: Product = serde_json::from_value(product.clone()).unwrap();
    assert_eq!(serde_json::to_value(typed).unwrap(), product);
    fits(&PRODUCT_PAGE, &get("/api/pms/products".into()).await);
    assert_eq!(get(path(&product)).await, product);

    let catalog = get(format!("/api/pms/catalog/products?store={}", bed.store)).await;
    fits(&CATALOG_PAGE, &catalog);
    let typed: CatalogProduct = serde_json::from_value(catalog["items"][0].clone()).unwrap();
    assert_eq!(serde_json::to_value(typed).unwrap(), catalog["items"][0]);

    let feed = get("/api/pms/events".into()).await;
    fits(&EVENT_FEED, &feed);
    let typed: Event = serde_json::from_value(feed["events"][0].clone()).unwrap();
    assert_eq!(serde_json::to_value(typed).unwrap(), feed["events"][0]);

    fits(&TICKET, &bed.call(Role::Viewer, "POST", "/api/pms/room/ticket", None).await.json());
    fits(&HEALTH, &get("/healthz".into()).await);
    fits(&READINESS, &get("/readyz".into()).await);
}

#[tokio::test]
async fn members_stand_in_the_order_of_the_shape() {
    let bed = Testbed::new().await;
    let product = publish(&bed, mug()).await;
    let catalog = format!("/api/pms/catalog/products/becher-groesse-l?store={}", bed.store);
    for (shape, address) in [(&PRODUCT, path(&product)), (&CATALOG_PRODUCT, catalog)] {
        in_order(shape, &bed.call(Role::Owner, "GET", &address, None).await.text());
    }
}

/// Whether the first document of the shape in the text has its members in the shape's order.
fn in_order(shape: &'static Object, text: &str) {
    in_order_of(shape.fields.iter().map(|field| field.name), text);
}

fn in_order_of(names: impl Iterator<Item = &'static str>, text: &str) {
    let mut rest = text;
    for name in names {
        // What is nested has names of its own, so each is looked for after the one before.
        let name = format!("\"{name}\":");
        let place = rest.find(&name).unwrap_or_else(|| panic!("{name} is out of order: {text}"));
        rest = &rest[place + name.len()..];
    }
}

/// Whether the document reads into the type and prints back as it was.
macro_rules! reads_into {
    ($type:ty, $document:expr) => {{
        let document: Value = $document;
        let typed: $type =
            serde_json::from_value(document.clone()).unwrap_or_else(|e| panic!("{e}: {document}"));
        assert_eq!(serde_json::to_value(typed).unwrap(), document);
        document
    }};
}

/// The answer of the store's owner's request, which succeeds.
async fn owners(bed: &Testbed, method: &str, path: &str, body: Option<Value>) -> Value {
    let reply = bed.call(Role::Owner, method, path, body).await;
    assert!(reply.status() < 300, "{method} {path}: {}", reply.text());
    reply.json()
}

/// The answer of a request with that token, which succeeds.
async fn accounts(bed: &Testbed, token: &Value, route: &str, body: Value) -> Value {
    let authorization = format!("Bearer {}", token.as_str().unwrap_or_default());
    let headers = [("authorization", authorization.as_str())];
    let body = Some(body.to_string().into_bytes());
    let reply = bed.send(request("POST", &format!("/api/pms/auth/{route}"), body, &headers)).await;
    assert!(reply.status() < 300, "{route}: {}", reply.text());
    reply.json()
}

#[tokio::test]
async fn every_document_of_accounts_reads_into_its_type() {
    let bed = Testbed::new().await;
    let store = format!("/api/pms/stores/{}", bed.store);
    let ann = json!({"email": "ann@example.org", "password": "correct horse", "name": "Ann \"A\" 🏺",
        "store": {"name": "Kiosk", "currency": "EUR", "timezone": "UTC", "prices_include_tax": false}});
    let registered = reads_into!(Registration, accounts(&bed, &Value::Null, "register", ann).await);
    let login = json!({"email": "ann@example.org", "password": "correct horse"});
    reads_into!(SignedIn, accounts(&bed, &Value::Null, "login", login).await);
    let invite = json!({"email": "ANN@example.org", "role": "editor"});
    let invite = reads_into!(Invite, owners(&bed, "POST", &format!("{store}/members"), Some(invite)).await);
    let accept = json!({"token": invite["invite_token"]});
    reads_into!(Membership, accounts(&bed, &registered["access_token"], "invites/accept", accept).await);
    reads_into!(Me, owners(&bed, "GET", "/api/pms/auth/me", None).await);
    reads_into!(Store, owners(&bed, "GET", &store, None).await);
    reads_into!(Store, registered["store"].clone());
    let members = owners(&bed, "GET", &format!("{store}/members"), None).await;
    reads_into!(Member, members["items"][0].clone());
    let key = json!({"name": "Till", "role": "viewer"});
    let key = reads_into!(NewKey, owners(&bed, "POST", "/api/pms/keys", Some(key)).await);
    let keys = owners(&bed, "GET", "/api/pms/keys", None).await;
    reads_into!(Key, keys["items"][0].clone());
    let usage = format!("/api/pms/keys/{}/usage", key["id"].as_str().unwrap());
    reads_into!(KeyUsage, owners(&bed, "GET", &usage, None).await);
    let log = owners(&bed, "GET", "/api/pms/audit", None).await;
    log["items"].as_array().unwrap().iter().for_each(|row| drop(reads_into!(AuditEntry, row.clone())));
    reads_into!(AuditVerdict, owners(&bed, "GET", "/api/pms/audit/verify", None).await);
}

#[tokio::test]
async fn members_of_account_documents_stand_in_the_order_of_the_shape() {
    let bed = Testbed::new().await;
    owners(&bed, "POST", "/api/pms/keys", Some(json!({"name": "Till", "role": "viewer"}))).await;
    let store = format!("/api/pms/stores/{}", bed.store);
    for (shape, address) in [
        (&STORE, store.clone()),
        (&MEMBER, format!("{store}/members")),
        (&KEY, "/api/pms/keys".to_owned()),
        (&AUDIT_ENTRY, "/api/pms/audit".to_owned()),
    ] {
        in_order(shape, &bed.call(Role::Owner, "GET", &address, None).await.text());
    }
}

#[tokio::test]
async fn every_document_of_the_dashboard_reads_into_its_type() {
    let till = Till::with([9, 9]).await;
    let order = till.order(2).await;
    till.pay(&order).await;
    till.ship(&order).await;
    till.take_back(&order, 1).await;
    till.refund(&order, 100).await;
    let bed = &till.bed;
    let low = json!({"lines": [{"variant_id": till.variants[0], "threshold": 50}]});
    owners(bed, "PUT", "/api/pms/inventory/thresholds", Some(low)).await;
    let root = "/api/pms/dashboard";
    let patch = json!({"daily_revenue": eur(1), "monthly_orders": 2});
    let targets = owners(bed, "PATCH", &format!("{root}/targets"), Some(patch)).await;
    fits(&TARGETS, &reads_into!(Targets, targets));
    let seen = reads_into!(Dashboard, owners(bed, "GET", root, None).await);
    assert_eq!((seen["best_sellers"].as_array().unwrap().len(), &seen["low_stock"]["count"]), (1, &json!(1)));
    fits(&DASHBOARD, &seen);
    fits(&SALES_REPORT, &reads_into!(SalesReport, owners(bed, "GET", &format!("{root}/sales"), None).await));
    let products = owners(bed, "GET", &format!("{root}/products"), None).await;
    fits(&SOLD_PRODUCT_PAGE, &products);
    reads_into!(SoldProduct, products["items"][0].clone());
    let events = log(bed, Role::Viewer).await;
    let told = events.iter().filter(|event| event["type"] == "sales.updated");
    assert_eq!(
        told.map(|event| fits(&SALES_UPDATED, &reads_into!(SalesUpdated, event["data"].clone()))).count(),
        3
    );
}

#[tokio::test]
async fn members_of_documents_of_the_dashboard_stand_in_the_order_of_the_shape() {
    let till = Till::with([9, 9]).await;
    let order = till.order(1).await;
    till.pay(&order).await;
    for (shape, path) in [(&DASHBOARD, ""), (&SALES_REPORT, "/sales"), (&SOLD_PRODUCT, "/products")] {
        in_order(shape, &till.try_seeing(path).await.text());
    }
}

#[tokio::test]
async fn members_of_what_events_are_answered_stand_in_the_order_of_the_shape() {
    let sender = Sender::with([9, 9]).await;
    for delta in [-1, -100] {
        let reply = sender.send(&adjusted(&format!("e {delta}"), delta)).await;
        let shown = APPLIED_OR_REJECTED.fields.iter().filter(|field| reply.json().get(field.name).is_some());
        in_order_of(shown.map(|field| field.name), &reply.text());
    }
    let page = owners(&sender.shelf.bed, "GET", "/api/pms/webhook/rejected", None).await;
    fits(&REJECTED_PAGE, &page);
    let text = sender.shelf.bed.call(Role::Owner, "GET", "/api/pms/webhook/rejected", None).await.text();
    let names = ["event_id", "type", "received_at", "attempts", "problem", "body", "next_cursor"];
    in_order_of(names.into_iter(), &text);
}

/// The views print times in SQL; `Timestamp` prints them in Rust.
#[test]
fn times_print_alike_in_sql_and_in_rust() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let bed = runtime.block_on(Testbed::new());
    let mut runner = TestRunner::new(Config { cases: 500, failure_persistence: None, ..Config::default() });
    let result = runner.run(&(0i64..253_402_300_799_999), |ms| {
        let sql = "SELECT strftime('%Y-%m-%dT%H:%M:%fZ', :ms / 1000.0, 'unixepoch')";
        let rows = runtime.block_on(bed.sql(sql, Args::new().with("ms", ms)));
        prop_assert_eq!(&rows[0][0], &Timestamp::from_ms(ms).to_string().into());
        Ok(())
    });
    result.unwrap();
}

#[tokio::test]
async fn awkward_text_survives() {
    let bed = Testbed::new().await;
    let mut product = mug();
    product["title"] = json!("\"quotes\" \\ / 🏺 \u{2028}");
    product["attributes"] = json!({"a/b~c \"x\"": "\t\r\n", "$.x": "'"});
    product["tags"] = json!(["null", "1", "[]"]);
    let created = publish(&bed, product.clone()).await;
    for member in ["title", "attributes", "tags"] {
        assert_eq!(created[member], product[member]);
    }
    let catalog = format!("/api/pms/catalog/products?store={}&tag=%5B%5D", bed.store);
    let seen = bed.send(request("GET", &catalog, None, &[])).await.json();
    assert_eq!(seen["items"][0]["attributes"], product["attributes"]);
}

#[tokio::test]
async fn a_job_fits_its_shape_and_its_type() {
    let bed = Testbed::new().await;
    let file = "title,sku,weight_grams\nGood,A,1\nBad,B,heavy\n,C,heavier\n";
    let job = crate::sheets::import(&bed, crate::sheets::CSV, file).await;
    fits(&JOB, &job);
    let typed: Job = serde_json::from_value(job.clone()).unwrap();
    assert_eq!(serde_json::to_value(typed).unwrap(), job);
    let reply = bed.call(Role::Viewer, "GET", &crate::sheets::path(&job, ""), None).await;
    assert_eq!(reply.header("etag"), Some(format!("\"{}\"", job["version"]).as_str()));
    in_order(&JOB, &reply.text());
    let path = crate::sheets::path(&job, "/errors?format=ndjson");
    let errors = crate::sheets::body(bed.call(Role::Viewer, "GET", &path, None).await).await;
    assert_eq!(errors.lines().count(), 2);
    for line in errors.lines() {
        fits(&JOB_ERROR, &serde_json::from_str(line).unwrap());
    }
    fits(&JOB_PAGE, &bed.call(Role::Viewer, "GET", "/api/pms/jobs", None).await.json());
}
