//! Documents: what the views print is exactly what the shapes say.

use crate::product::{mug, path, publish};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};
use storeroom_domain::{Role, Timestamp};
use storeroom_operations::schema::{Object, Schema};
use storeroom_operations::shapes::event::{EVENT_FEED, Event, TICKET};
use storeroom_operations::shapes::product::{
    CATALOG_PAGE, CATALOG_PRODUCT, CatalogProduct, PRODUCT, PRODUCT_PAGE, Product,
};
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
        let text = bed.call(Role::Owner, "GET", &address, None).await.text();
        let mut rest = text.as_str();
        for field in shape.fields {
            // What is nested has names of its own, so each is looked for after the one before.
            let name = format!("\"{}\":", field.name);
            let place = rest.find(&name).unwrap_or_else(|| panic!("{name} is out of order: {text}"));
            rest = &rest[place + name.len()..];
        }
    }
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
