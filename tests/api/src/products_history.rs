//! `GET /products/{id}/revisions`, one of them, and going back to one.

use crate::product::{create, faults, log, log_types, mug, path, publish, simple};
use serde_json::{Value, json};
use storeroom_domain::Role;
use storeroom_operations::schema::Schema;
use storeroom_operations::shapes::revision::{REVISION_PAGE, Revision, WHOLE_REVISION, WholeRevision};
use storeroom_operations::validate::validate;
use storeroom_testbed::{Reply, Testbed};

async fn get(bed: &Testbed, path: &str) -> Value {
    let reply = bed.call(Role::Viewer, "GET", path, None).await;
    assert_eq!((reply.status(), reply.round_trips), (200, 1), "{path}: {}", reply.text());
    reply.json()
}

async fn history(bed: &Testbed, product: &Value) -> Vec<Value> {
    let page = get(bed, &format!("{}/revisions", path(product))).await;
    assert_eq!(validate(&Schema::Object(&REVISION_PAGE), &page), [], "{page}");
    page["items"].as_array().unwrap().clone()
}

async fn version(bed: &Testbed, product: &Value, version: i64) -> Value {
    let revision = get(bed, &format!("{}/revisions/{version}", path(product))).await;
    assert_eq!(validate(&Schema::Object(&WHOLE_REVISION), &revision), [], "{revision}");
    let typed: WholeRevision = serde_json::from_value(revision.clone()).unwrap();
    assert_eq!(serde_json::to_value(typed).unwrap(), revision);
    revision
}

async fn change(bed: &Testbed, product: &Value, method: &str, body: Option<Value>) -> Reply {
    bed.call_with(Role::Editor, method, &path(product), body, &[("if-match", "*")]).await
}

async fn restore(bed: &Testbed, product: &Value, version: i64, headers: &[(&str, &str)]) -> Reply {
    let path = format!("{}/revisions/{version}/restore", path(product));
    bed.call_with(Role::Editor, "POST", &path, None, headers).await
}

#[tokio::test]
async fn tells_who_changed_what_and_when() {
    let bed = Testbed::new().await;
    let product = create(&bed, mug()).await;
    bed.clock.advance(1_000);
    let changed = change(&bed, &product, "PATCH", Some(json!({"title": "Tasse", "tags": ["blue"]}))).await;
    let document = changed.json();
    let request = changed.header("x-request-id").unwrap().to_owned();
    let entries = history(&bed, &product).await;
    let typed: Revision = serde_json::from_value(entries[0].clone()).unwrap();
    assert_eq!(serde_json::to_value(typed).unwrap(), entries[0]);
    let editor = bed.member(Role::Editor).identity.user.to_string();
    assert_eq!(
        entries[0],
        json!({"version": 2, "at": "2026-11-20T09:30:01.000Z", "actor": editor, "request_id": request,
            "changed": ["title", "tags"], "deleted": false})
    );
    let first: Vec<&str> =
        entries[1]["changed"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
    assert!(first.contains(&"variants") && !first.contains(&"version"), "{first:?}");
    assert_eq!((entries.len(), &entries[1]["version"]), (2, &json!(1)));
    let whole = version(&bed, &product, 2).await;
    assert_eq!((&whole["document"], &whole["changed"]), (&document, &json!(["title", "tags"])));
    assert_eq!(version(&bed, &product, 1).await["document"], product);
}

#[tokio::test]
async fn comes_in_pages() {
    let bed = Testbed::new().await;
    let product = create(&bed, mug()).await;
    for n in 0..6 {
        change(&bed, &product, "PATCH", Some(json!({"title": format!("T{n}")}))).await;
    }
    let (mut seen, mut query) = (Vec::new(), "?limit=3".to_owned());
    loop {
        let page = get(&bed, &format!("{}/revisions{query}", path(&product))).await;
        seen.extend(page["items"].as_array().unwrap().iter().map(|item| item["version"].as_i64().unwrap()));
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        query = format!("?limit=3&cursor={cursor}");
        // A version that comes meanwhile moves no other.
        change(&bed, &product, "PATCH", Some(json!({"title": format!("while {}", seen.len())}))).await;
    }
    assert_eq!(seen, [7, 6, 5, 4, 3, 2, 1]);
    let other = create(&bed, simple("Other", "OTHER")).await;
    let reply = bed.call(Role::Viewer, "GET", &format!("{}/revisions{query}", path(&other)), None).await;
    assert_eq!(reply.code(), "cursor-invalid");
}

#[tokio::test]
async fn what_is_not_there_is_404() {
    let bed = Testbed::new().await;
    let product = create(&bed, mug()).await;
    let nobody = "/api/pms/products/prd_01hf7yat00fentqaxbnentqaxb".to_owned();
    let revisions = format!("{}/revisions", path(&product));
    for path in [
        format!("{nobody}/revisions"),
        format!("{nobody}/revisions/1"),
        "/api/pms/products/x/revisions".to_owned(),
        format!("{revisions}/2"),
        format!("{revisions}/0"),
        format!("{revisions}/01"),
        format!("{revisions}/-1"),
        format!("{revisions}/99999999999999999999"),
        format!("{revisions}/one"),
    ] {
        let reply = bed.call(Role::Viewer, "GET", &path, None).await;
        assert_eq!((reply.status(), reply.code().as_str()), (404, "not-found"), "{path}");
    }
    for version in [0, 2] {
        let reply = restore(&bed, &product, version, &[]).await;
        assert_eq!((reply.status(), reply.code().as_str()), (404, "not-found"), "{version}");
    }
}

#[tokio::test]
async fn a_deleted_products_history_stays() {
    let bed = Testbed::new().await;
    let product = create(&bed, mug()).await;
    assert_eq!(change(&bed, &product, "DELETE", None).await.status(), 204);
    let entries = history(&bed, &product).await;
    assert_eq!((&entries[0]["deleted"], &entries[0]["changed"]), (&json!(true), &json!([])));
    assert_eq!(entries[1]["deleted"], json!(false));
    assert_eq!(version(&bed, &product, 2).await["document"], Value::Null);
    assert_eq!(version(&bed, &product, 1).await["document"], product);
    for version in [1, 2] {
        let reply = restore(&bed, &product, version, &[]).await;
        assert_eq!(reply.status(), 404);
        assert!(reply.text().contains("was deleted"), "{}", reply.text());
    }
}

#[tokio::test]
async fn goes_back_to_a_version_but_not_in_status() {
    let bed = Testbed::new().await;
    let product = publish(&bed, mug()).await;
    let other = json!({"title": "Tasse", "handle": "tasse", "external_id": null, "description": "", "category": null,
        "tags": [], "attributes": {"material": null}, "options": [], "variants": [
            {"id": product["variants"][1]["id"], "sku": "TASSE", "price": {"amount": 1, "currency": "EUR"}}]});
    assert_eq!(change(&bed, &product, "PATCH", Some(other)).await.status(), 200);
    bed.clock.advance(1_000);
    let reply = restore(&bed, &product, 1, &[("if-match", "\"3\"")]).await;
    assert_eq!(
        (reply.status(), reply.header("etag"), reply.round_trips),
        (200, Some("\"4\""), 2),
        "{}",
        reply.text()
    );
    let restored = reply.json();
    for member in
        ["title", "handle", "external_id", "description", "category", "tags", "attributes", "options"]
    {
        assert_eq!(restored[member], product[member], "{member}");
    }
    assert_eq!(
        (&restored["status"], &restored["published_at"], &restored["created_at"]),
        (&json!("published"), &product["published_at"], &product["created_at"])
    );
    assert_eq!(restored["updated_at"], "2026-11-20T09:30:01.000Z");
    // The variant that was still there is the same one; the other has to be made anew.
    let variant = |product: &Value, n: usize| product["variants"][n]["id"].clone();
    assert_eq!(variant(&restored, 1), variant(&product, 1));
    assert_ne!(variant(&restored, 0), variant(&product, 0));
    let without_ids = |product: &Value| {
        let mut variants = product["variants"].clone();
        variants.as_array_mut().unwrap().iter_mut().for_each(|variant| drop(variant["id"].take()));
        variants
    };
    assert_eq!(without_ids(&restored), without_ids(&product));
    assert_eq!(log_types(&bed).await[2..], ["product.updated", "product.updated"]);
    let told = log(&bed, Role::Owner).await.pop().unwrap();
    assert_eq!((&told["data"]["title"], &told["version"]), (&product["title"], &json!(4)));
    assert_eq!(history(&bed, &product).await.len(), 4);
    // The index of texts follows.
    let found = get(&bed, "/api/pms/products?q=becher%20mug-s").await;
    assert_eq!(found["items"][0]["id"], product["id"]);
}

#[tokio::test]
async fn a_variant_made_again_under_the_same_sku_is_the_one() {
    let bed = Testbed::new().await;
    let product = create(&bed, mug()).await;
    change(&bed, &product, "PATCH", Some(json!({"options": [], "variants": []}))).await;
    let again = json!({"variants": [{"sku": "MUG-L", "price": null}]});
    let remade = change(&bed, &product, "PATCH", Some(again)).await.json();
    let restored = restore(&bed, &product, 1, &[]).await.json();
    assert_eq!(restored["variants"][1]["id"], remade["variants"][0]["id"], "{restored}");
    assert_eq!(restored["variants"][1]["price"], product["variants"][1]["price"]);
}

#[tokio::test]
async fn variants_that_exchanged_their_skus_change_back() {
    let bed = Testbed::new().await;
    let product = create(&bed, mug()).await;
    let mut exchanged = product["variants"].clone();
    exchanged[0]["sku"] = json!("MUG-L");
    exchanged[1]["sku"] = json!("MUG-S");
    for variant in exchanged.as_array_mut().unwrap() {
        variant.as_object_mut().unwrap().remove("position");
    }
    assert_eq!(change(&bed, &product, "PATCH", Some(json!({"variants": exchanged}))).await.status(), 200);
    assert_eq!(restore(&bed, &product, 1, &[]).await.json()["variants"], product["variants"]);
}

#[tokio::test]
async fn is_refused_when_others_stand_in_the_way() {
    let bed = Testbed::new().await;
    let product = create(&bed, mug()).await;
    let away = json!({"handle": "else", "external_id": null, "options": [], "variants": []});
    assert_eq!(change(&bed, &product, "PATCH", Some(away)).await.status(), 200);
    let stays = async |code: &str, status: u16| {
        let reply = restore(&bed, &product, 1, &[]).await;
        assert_eq!((reply.status(), reply.code().as_str()), (status, code), "{}", reply.text());
        assert_eq!(get(&bed, &path(&product)).await["version"], 2);
        reply
    };
    let mut other = simple("Other", "OTHER");
    other["handle"] = product["handle"].clone();
    let other = create(&bed, other).await;
    stays("handle-taken", 409).await;
    let put = async |change_of: Value| {
        let reply = change(&bed, &other, "PATCH", Some(change_of)).await;
        assert_eq!(reply.status(), 200, "{}", reply.text());
    };
    put(json!({"handle": "other", "external_id": product["external_id"]})).await;
    assert_eq!(faults(&stays("validation-failed", 422).await), ["/external_id taken"]);
    put(json!({"external_id": null, "variants": [{"sku": "MUG-L"}]})).await;
    assert_eq!(faults(&stays("sku-taken", 409).await), ["/variants/1/sku taken"]);
    put(json!({"variants": []})).await;
    assert_eq!(restore(&bed, &product, 1, &[]).await.status(), 200);
}

#[tokio::test]
async fn a_public_product_keeps_its_price_and_what_is_held_its_variant() {
    let bed = Testbed::new().await;
    let product = create(&bed, json!({"title": "Mug"})).await;
    let variant = json!({"variants": [{"sku": "MUG", "price": {"amount": 100, "currency": "EUR"}}]});
    let made = change(&bed, &product, "PATCH", Some(variant)).await.json();
    bed.call(Role::Owner, "POST", &format!("{}/publish", path(&product)), None).await;
    let reply = restore(&bed, &product, 1, &[]).await;
    assert_eq!((reply.status(), faults(&reply)), (422, vec!["/variants required".to_owned()]));
    bed.call(Role::Owner, "POST", &format!("{}/unpublish", path(&product)), None).await;
    let post = async |path: &str, body: Value| {
        let reply = bed.call_with(Role::Owner, "POST", path, Some(body), &[("idempotency-key", path)]).await;
        assert!(reply.status() < 300, "{}", reply.text());
        reply.json()
    };
    let line = |member: &str| json!({"variant_id": made["variants"][0]["id"], member: 1});
    let mut adjusted = line("delta");
    adjusted["reason"] = json!("found");
    post("/api/pms/inventory/adjust", json!({"lines": [adjusted]})).await;
    post("/api/pms/inventory/holds", json!({"lines": [line("quantity")], "expires_in": 60})).await;
    assert_eq!(restore(&bed, &product, 1, &[]).await.code(), "product-in-use");
    bed.clock.advance(60_000);
    assert_eq!(restore(&bed, &product, 1, &[]).await.status(), 200, "what has expired holds nothing");
}

#[tokio::test]
async fn a_stale_version_and_a_key_count_as_elsewhere() {
    let bed = Testbed::new().await;
    let product = create(&bed, mug()).await;
    change(&bed, &product, "PATCH", Some(json!({"title": "Tasse"}))).await;
    let stale = restore(&bed, &product, 1, &[("if-match", "\"1\"")]).await;
    assert_eq!((stale.status(), &stale.json()["current"]["title"]), (412, &json!("Tasse")));
    let key = [("idempotency-key", "again"), ("if-match", "\"2\"")];
    let first = restore(&bed, &product, 1, &key).await;
    assert_eq!((first.status(), first.round_trips), (200, 3));
    let again = restore(&bed, &product, 1, &key).await;
    assert_eq!((again.text(), again.header("idempotent-replayed")), (first.text(), Some("true")));
    assert_eq!(get(&bed, &path(&product)).await["version"], 3);
    let path = format!("{}/revisions/1/restore", path(&product));
    for role in [Role::Viewer, Role::Fulfilment] {
        assert_eq!(bed.call(role, "POST", &path, None).await.status(), 403);
    }
}

/// A publication that is due shows before anybody has written it down, and reads the same once somebody has.
#[tokio::test]
async fn a_due_publication_is_a_version() {
    let bed = Testbed::new().await;
    let product = create(&bed, mug()).await;
    let at = json!({"publish_at": "2026-11-20T09:31:00Z"});
    bed.call(Role::Owner, "POST", &format!("{}/publish", path(&product)), Some(at)).await;
    assert_eq!(history(&bed, &product).await.len(), 2);
    bed.clock.advance(70_000);
    let due = history(&bed, &product).await;
    assert_eq!(
        due[0],
        json!({"version": 3, "at": "2026-11-20T09:31:00.000Z", "actor": "system", "request_id": null,
            "changed": ["status", "publish_at", "published_at"], "deleted": false})
    );
    let unsettled = version(&bed, &product, 3).await;
    assert_eq!(unsettled["document"], get(&bed, &path(&product)).await);
    let second = get(&bed, &format!("{}/revisions?limit=1", path(&product))).await["next_cursor"].clone();
    let rest = get(&bed, &format!("{}/revisions?cursor={}", path(&product), second.as_str().unwrap())).await;
    assert_eq!(rest["items"].as_array().unwrap().len(), 2);
    // Going back settles it first.
    let restored = restore(&bed, &product, 3, &[("if-match", "\"3\"")]).await;
    assert_eq!((restored.status(), restored.header("etag")), (200, Some("\"4\"")), "{}", restored.text());
    let mut settled = history(&bed, &product).await;
    assert!(settled[1]["request_id"].is_string());
    settled[1]["request_id"] = Value::Null;
    assert_eq!((&settled[1], settled.len()), (&due[0], 4));
    assert_eq!(version(&bed, &product, 3).await["document"], unsettled["document"]);
    assert_eq!(settled[0]["changed"], json!([]));
}
