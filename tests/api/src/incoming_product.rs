//! `POST /webhook/product`.

use crate::incoming::{Sender, errors};
use crate::product::{create, faults, log, mug, simple};
use futures::future::join_all;
use serde_json::{Value, json};
use storeroom_domain::Role;

fn upserted(id: &str, product: Value) -> Value {
    json!({"event_id": id, "type": "product.upserted", "product": product})
}

async fn read(sender: &Sender, told: &Value) -> Value {
    let path = format!("/api/pms/products/{}", told["subject"].as_str().unwrap());
    sender.shelf.bed.call(Role::Viewer, "GET", &path, None).await.json()
}

#[tokio::test]
async fn one_that_is_not_there_is_made() {
    let sender = Sender::with([0, 0]).await;
    let before = sender.told().await;
    let mut product = simple("Teller", "PLATE");
    product["external_id"] = json!("pms-2");
    let told = sender.applied(&upserted("e-1", product)).await;
    let expected = json!({"event_id": "e-1", "type": "product.upserted", "status": "applied",
        "subject": told["subject"], "action": "created", "version": 1});
    assert_eq!(told, expected);
    let made = read(&sender, &told).await;
    assert_eq!(
        (&made["title"], &made["external_id"], &made["status"], &made["handle"]),
        (&json!("Teller"), &json!("pms-2"), &json!("draft"), &json!("teller"))
    );
    assert_eq!(made["variants"][0]["sku"], "PLATE");
    let events = log(&sender.shelf.bed, Role::Owner).await;
    let event = events.last().unwrap();
    assert_eq!(
        (events.len(), &event["type"], &event["data"]),
        (before + 1, &json!("product.created"), &made)
    );
    assert_eq!(event["actor"], sender.key.id.to_string());
    let audit = sender.last_audit().await;
    assert_eq!(audit, [json!("products.ingest"), told["subject"].clone(), json!(sender.key.id.to_string())]);
}

#[tokio::test]
async fn one_that_is_there_is_changed_where_the_event_says_so() {
    let sender = Sender::with([3, 0]).await;
    sender.shelf.bed.clock.advance(1);
    let told = sender
        .applied(&upserted("e-1", json!({"external_id": "pms-1", "title": "Tasse", "category": null})))
        .await;
    assert_eq!((&told["action"], &told["version"]), (&json!("updated"), &json!(3)));
    let now = read(&sender, &told).await;
    let mut expected = mug();
    expected["title"] = json!("Tasse");
    for member in ["title", "description", "tags", "attributes", "external_id", "options"] {
        assert_eq!(now[member], expected[member], "{member}");
    }
    assert_eq!(
        (&now["category"], &now["status"], &now["handle"]),
        (&Value::Null, &json!("published"), &json!("becher-groesse-l"))
    );
    let told = log(&sender.shelf.bed, Role::Owner).await.pop().unwrap();
    assert_eq!(told["type"], "product.updated");
    let changed: Vec<&String> = told["data"].as_object().unwrap().keys().collect();
    assert_eq!(changed, ["category", "title", "updated_at", "version"]);
}

#[tokio::test]
async fn a_sku_leads_to_it_too_and_variants_are_matched_by_theirs() {
    let sender = Sender::with([3, 0]).await;
    let price = json!({"amount": 1300, "currency": "EUR"});
    let variants = json!([{"sku": "MUG-S", "option_values": {"Size": "S"}, "price": price}]);
    let told = sender.applied(&upserted("e-1", json!({"external_id": "new-1", "variants": variants}))).await;
    let now = read(&sender, &told).await;
    assert_eq!((&told["action"], &now["external_id"]), (&json!("updated"), &json!("new-1")));
    assert_eq!(now["variants"].as_array().unwrap().len(), 1, "one that is left out goes");
    assert_eq!(
        (&now["variants"][0]["id"], &now["variants"][0]["price"]),
        (&json!(sender.shelf.variants[0]), &price)
    );
    assert_eq!(sender.shelf.stock_of(0).await[0], 3, "its stock stays");
}

#[tokio::test]
async fn names_that_lead_to_two_products_reject_it() {
    let sender = Sender::with([0, 0]).await;
    create(&sender.shelf.bed, simple("Teller", "PLATE")).await;
    let before = sender.told().await;
    let crossed = json!({"external_id": "pms-1", "variants": [{"sku": "PLATE"}]});
    let problem = sender.rejected(&upserted("e-1", crossed)).await;
    assert_eq!(
        (&problem["code"], errors(&problem)),
        (&json!("validation-failed"), vec!["/product/external_id ambiguous".to_owned()])
    );
    assert!(
        problem["detail"].as_str().unwrap().starts_with("/product/external_id: belongs to another"),
        "{problem}"
    );
    let both = json!({"title": "T", "variants": [{"sku": "PLATE"}, {"sku": "MUG-S"}]});
    assert_eq!(errors(&sender.rejected(&upserted("e-2", both)).await), ["/product/variants ambiguous"]);
    assert_eq!(sender.told().await, before);
    let audit = sender.last_audit().await;
    assert_eq!(audit[..2], [json!("products.ingest"), json!("e-2")]);
}

#[tokio::test]
async fn what_the_store_refuses_is_told_in_the_events_words() {
    let sender = Sender::with([3, 0]).await;
    create(&sender.shelf.bed, simple("Teller", "PLATE")).await;
    let dollars = json!([{"sku": "NEW", "price": {"amount": 1, "currency": "USD"}}]);
    for (product, code, expected) in [
        (json!({"external_id": "new"}), "validation-failed", "/product/title required"),
        (
            json!({"title": "T", "variants": dollars}),
            "validation-failed",
            "/product/variants/0/price/currency wrong_currency",
        ),
        (
            json!({"title": "T", "variants": [{"sku": "A"}, {"sku": "A"}]}),
            "validation-failed",
            "/product/variants/1/sku duplicate",
        ),
        (json!({"external_id": "pms-1", "variants": []}), "validation-failed", "/product/variants required"),
    ] {
        let problem = sender.rejected(&upserted(expected, product)).await;
        assert_eq!((problem["code"].as_str().unwrap(), errors(&problem)), (code, vec![expected.to_owned()]));
    }
    let taken = json!({"external_id": "pms-1", "handle": "teller"});
    assert_eq!(sender.rejected(&upserted("handle", taken)).await["code"], "handle-taken");
    sender.shelf.hold(1, 60).await;
    let gone = json!({"event_id": "gone", "type": "product.deleted", "external_id": "pms-1"});
    assert_eq!(sender.rejected(&gone).await["code"], "product-in-use");
}

#[tokio::test]
async fn one_that_is_no_more_is_deleted() {
    for name in ["sku", "external_id"] {
        let sender = Sender::with([0, 0]).await;
        let (before, value) = (sender.told().await, if name == "sku" { "MUG-L" } else { "pms-1" });
        let told = sender.applied(&json!({"event_id": "e-1", "type": "product.deleted", name: value})).await;
        assert_eq!((&told["action"], &told["version"]), (&json!("deleted"), &json!(3)));
        assert_eq!(sender.told_since(before).await, ["product.deleted"]);
        assert_eq!(read(&sender, &told).await["code"], "not-found");
        let again = json!({"event_id": "e-2", "type": "product.deleted", name: value});
        assert_eq!(sender.rejected(&again).await["code"], "not-found");
    }
}

#[tokio::test]
async fn one_that_is_deleted_has_one_name() {
    let sender = Sender::with([0, 0]).await;
    for (event, expected) in [
        (json!({"event_id": "e", "type": "product.deleted"}), vec!["/external_id required"]),
        (
            json!({"event_id": "e", "type": "product.deleted", "sku": "MUG-S", "external_id": "pms-1"}),
            vec!["/external_id unknown_field"],
        ),
        (
            json!({"type": "product.deleted", "colour": 1}),
            vec!["/event_id required", "/colour unknown_field", "/external_id required"],
        ),
    ] {
        let reply = sender.send(&event).await;
        assert_eq!(
            (reply.status(), faults(&reply)),
            (422, expected.iter().map(|fault| (*fault).to_owned()).collect())
        );
    }
    assert_eq!(sender.inbox().await.len(), 0);
}

#[tokio::test]
async fn of_twenty_who_tell_of_a_new_one_at_once_one_makes_it() {
    let sender = Sender::with([0, 0]).await;
    let variants = json!([{"sku": "PLATE"}]);
    for (name, product) in [
        ("id", json!({"title": "Teller", "external_id": "pms-2"})),
        ("sku", json!({"title": "Teller", "variants": variants})),
    ] {
        let events: Vec<Value> = (0..20).map(|n| upserted(&format!("{name} {n}"), product.clone())).collect();
        sender.look_up_first(20);
        let replies = join_all(events.iter().map(|event| sender.send(event))).await;
        let told: Vec<Value> = replies.iter().map(|reply| reply.json()).collect();
        let is_alike = |one: &Value| one["status"] == "applied" && one["subject"] == told[0]["subject"];
        assert!(told.iter().all(is_alike), "{told:?}");
        assert_eq!(told.iter().filter(|told| told["action"] == "created").count(), 1);
    }
}

#[tokio::test]
async fn twenty_changes_of_one_at_once_are_all_made() {
    let sender = Sender::with([0, 0]).await;
    let changes = (0..20).map(|n| {
        let sender = &sender;
        let event = upserted(
            &format!("e-{n}"),
            json!({"external_id": "pms-1", "attributes": {format!("a{n}"): "x"}}),
        );
        async move { sender.send(&event).await }
    });
    sender.look_up_first(20);
    let replies = join_all(changes).await;
    let mut versions: Vec<i64> =
        replies.iter().map(|reply| reply.json()["version"].as_i64().unwrap()).collect();
    versions.sort_unstable();
    assert_eq!(versions, (3..23).collect::<Vec<_>>());
    let now = read(&sender, &replies[0].json()).await;
    assert_eq!(now["attributes"].as_object().unwrap().len(), 21, "none is lost");
}
