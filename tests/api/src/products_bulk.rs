//! `POST /products/bulk`.

use crate::product::{create, faults, log_types, mug, path, publish, simple};
use serde_json::{Value, json};
use storeroom_domain::Role;
use storeroom_testbed::{Reply, Testbed};

const BULK: &str = "/api/pms/products/bulk";

async fn bulk(bed: &Testbed, body: Value) -> Reply {
    bed.call(Role::Editor, "POST", BULK, Some(body)).await
}

async fn per_row(bed: &Testbed, operations: Value) -> Value {
    let reply = bulk(bed, json!({"mode": "per_row", "operations": operations})).await;
    assert_eq!(reply.status(), 200, "{}", reply.text());
    reply.json()
}

async fn read(bed: &Testbed, product: &Value) -> Value {
    bed.call(Role::Viewer, "GET", &path(product), None).await.json()
}

/// The problems' codes by row, empty for what was applied.
fn codes(result: &Value) -> Vec<&str> {
    let rows = result["results"].as_array().unwrap();
    rows.iter().map(|row| row["problem"]["code"].as_str().unwrap_or_default()).collect()
}

#[tokio::test]
async fn does_all_kinds_of_changes_in_two_round_trips() {
    let bed = Testbed::new().await;
    let (kept, gone, shown) = (
        create(&bed, mug()).await,
        create(&bed, simple("Weg", "G")).await,
        create(&bed, simple("Da", "D")).await,
    );
    let reply = bulk(
        &bed,
        json!({"mode": "atomic", "dry_run": false, "operations": [
            {"op": "create", "product": simple("Neu", "N")},
            {"op": "update", "id": kept["id"], "version": 1, "patch": {"title": "Tasse", "tags": ["new"]}},
            {"op": "delete", "id": gone["id"], "version": 1},
            {"op": "publish", "id": shown["id"], "version": 1},
        ]}),
    )
    .await;
    assert_eq!((reply.status(), reply.round_trips), (200, 2), "{}", reply.text());
    let result = reply.json();
    assert_eq!((&result["applied"], &result["failed"]), (&json!(4), &json!(0)));
    assert_eq!(
        result["results"][1],
        json!({"index": 1, "status": "applied", "id": kept["id"], "version": 2})
    );

    let made = read(&bed, &result["results"][0]).await;
    assert_eq!(
        (&made["handle"], &made["version"], &made["status"]),
        (&json!("neu"), &json!(1), &json!("draft"))
    );
    let changed = read(&bed, &kept).await;
    assert_eq!((&changed["title"], &changed["tags"]), (&json!("Tasse"), &json!(["new"])));
    assert_eq!(changed["variants"], kept["variants"], "what a patch does not name stays");
    assert_eq!(changed["handle"], kept["handle"]);
    assert_eq!(bed.call(Role::Viewer, "GET", &path(&gone), None).await.status(), 404);
    assert_eq!(read(&bed, &shown).await["status"], "published");
    let types = log_types(&bed).await;
    assert_eq!(types[3..], ["product.created", "product.updated", "product.deleted", "product.published"]);
}

/// What bulk writes is what the single operations write: documents, events and revisions.
#[tokio::test]
async fn writes_what_single_operations_write() {
    let (bulky, single) = (Testbed::new().await, Testbed::new().await);
    let patch = json!({"title": "Tasse", "variants": [{"sku": "MUG-L", "option_values": {"Size": "L"},
        "price": {"amount": 1, "currency": "EUR"}}, {"sku": "MUG-XS", "option_values": {"Size": "S"}}]});
    let made = create(&single, mug()).await;
    single.call_with(Role::Editor, "PATCH", &path(&made), Some(patch.clone()), &[("if-match", "*")]).await;
    let bulk_made = per_row(&bulky, json!([{"op": "create", "product": mug()}])).await["results"][0].clone();
    per_row(&bulky, json!([{"op": "update", "id": bulk_made["id"], "version": 1, "patch": patch}])).await;

    let told = |events: Vec<Value>| -> Vec<(Value, Value, Value)> {
        let mut texts = Vec::new();
        for event in events {
            let data = without_ids(event["data"].clone());
            texts.push((event["type"].clone(), event["version"].clone(), data));
        }
        texts
    };
    let (one, other) =
        (crate::product::log(&bulky, Role::Owner).await, crate::product::log(&single, Role::Owner).await);
    assert_eq!(told(one), told(other));
    assert_eq!(without_ids(read(&bulky, &bulk_made).await), without_ids(read(&single, &made).await));
}

fn without_ids(mut document: Value) -> Value {
    document.as_object_mut().unwrap().remove("id");
    for variant in document["variants"].as_array_mut().into_iter().flatten() {
        variant.as_object_mut().unwrap().remove("id");
    }
    document
}

#[tokio::test]
async fn one_fault_undoes_all_of_an_atomic_call() {
    let bed = Testbed::new().await;
    let there = create(&bed, mug()).await;
    let operations = json!([
        {"op": "create", "product": simple("Neu", "N")},
        {"op": "create", "product": simple("Doppelt", "MUG-S")},
        {"op": "update", "id": there["id"], "version": 7, "patch": {"title": "T"}},
        {"op": "create", "product": {"title": "P", "variants": [{"sku": "P", "price": {"amount": 1, "currency": "USD"}}]}},
    ]);
    for mode in [json!({"mode": "atomic"}), json!({})] {
        let mut body = mode;
        body["operations"] = operations.clone();
        let reply = bulk(&bed, body).await;
        assert_eq!(reply.status(), 422);
        assert_eq!(
            faults(&reply),
            [
                "/operations/1/product/variants/0/sku taken",
                "/operations/2 version-conflict",
                "/operations/3/product/variants/0/price/currency wrong_currency",
            ]
        );
    }
    assert_eq!(log_types(&bed).await, ["product.created"]);
}

#[tokio::test]
async fn each_row_stands_for_itself_when_asked() {
    let bed = Testbed::new().await;
    let (there, public) = (create(&bed, mug()).await, publish(&bed, simple("Da", "D")).await);
    let third = create(&bed, simple("Drittes", "III")).await;
    let unknown = "prd_01kapfq8r7c8mr2nkxm2nq7m2p";
    let result = per_row(
        &bed,
        json!([
            {"op": "create", "product": simple("Neu", "N")},
            {"op": "create", "product": {"title": ""}},
            {"op": "update", "id": there["id"], "version": 7, "patch": {"title": "T"}},
            {"op": "delete", "id": unknown, "version": 1},
            {"op": "publish", "id": public["id"], "version": public["version"]},
            {"op": "update", "id": third["id"], "version": 1,
                "patch": {"variants": [{"id": public["variants"][0]["id"], "sku": "X"}]}},
            {"op": "create", "product": {"title": "Da", "handle": "da", "variants": []}},
            {"op": "create", "product": {"title": "E", "external_id": "pms-1"}},
            {"op": "create", "id": unknown, "product": simple("Zu viel", "Z")},
            {"op": "update", "id": there["id"], "version": 1},
            {"op": "explode"},
            {"op": "publish", "id": there["id"]},
            {"op": "create", "product": simple("Neu", "N")},
        ]),
    )
    .await;
    assert_eq!(
        codes(&result),
        [
            "",
            "validation-failed",
            "version-conflict",
            "not-found",
            "illegal-transition",
            "validation-failed",
            "handle-taken",
            "validation-failed",
            "validation-failed",
            "validation-failed",
            "validation-failed",
            "validation-failed",
            "sku-taken",
        ]
    );
    let problem = |row: usize| &result["results"][row]["problem"];
    assert_eq!(problem(1)["errors"][0]["pointer"], "/operations/1/product/title");
    assert_eq!(problem(2)["current"]["version"], 1, "a stale version shows what is there");
    assert_eq!((&problem(4)["state"], &problem(4)["status"]), (&json!("published"), &json!(409)));
    assert_eq!(problem(5)["errors"][0]["pointer"], "/operations/5/patch/variants/0/id");
    assert_eq!(problem(8)["errors"][0]["pointer"], "/operations/8/id");
    assert_eq!(problem(9)["errors"][0]["pointer"], "/operations/9/patch");
    assert_eq!(problem(11)["errors"][0]["pointer"], "/operations/11/version");
    assert_eq!(
        problem(12)["errors"][0]["pointer"],
        "/operations/12/product/variants/0/sku",
        "the first row took it"
    );
    assert_eq!((&result["applied"], &result["failed"]), (&json!(1), &json!(12)));
}

/// The answer stays one that can be kept: a product is shown at most once, and of each row some faults.
#[tokio::test]
async fn what_is_refused_often_is_told_once() {
    let bed = Testbed::new().await;
    let there = create(&bed, mug()).await;
    let stale = json!({"op": "delete", "id": there["id"], "version": 7});
    let mut odd = simple("Neu", "N");
    odd.as_object_mut().unwrap().extend((0..90).map(|number| (format!("odd{number}"), json!(1))));
    let result = per_row(&bed, json!([stale, stale, {"op": "create", "product": odd}])).await;
    assert_eq!(codes(&result), ["version-conflict", "validation-failed", "validation-failed"]);
    assert_eq!(result["results"][1]["problem"]["current"], Value::Null);
    assert_eq!(result["results"][2]["problem"]["errors"].as_array().unwrap().len(), 20);
}

/// Later changes see what earlier ones did; names that they free can be taken.
#[tokio::test]
async fn changes_are_made_in_their_order() {
    let bed = Testbed::new().await;
    let (one, other) = (create(&bed, simple("Eins", "A")).await, create(&bed, simple("Zwei", "B")).await);
    let result = per_row(
        &bed,
        json!([
            {"op": "update", "id": one["id"], "version": 1, "patch": {"handle": "frei", "variants": [{"id": one["variants"][0]["id"], "sku": "C"}]}},
            {"op": "update", "id": other["id"], "version": 1, "patch": {"handle": "eins", "variants": [{"id": other["variants"][0]["id"], "sku": "A"}]}},
            {"op": "create", "product": simple("Zwei", "B")},
            {"op": "delete", "id": one["id"], "version": 2},
        ]),
    )
    .await;
    assert_eq!(codes(&result), ["", "", "", "validation-failed"], "one change to a product: {result}");
    assert_eq!(read(&bed, &other).await["handle"], "eins");
    assert_eq!(read(&bed, &other).await["variants"][0]["id"], other["variants"][0]["id"]);
    assert_eq!(read(&bed, &result["results"][2]).await["handle"], "zwei");
}

#[tokio::test]
async fn stock_that_is_needed_stays() {
    let bed = Testbed::new().await;
    let product = publish(&bed, simple("Da", "D")).await;
    let variant = product["variants"][0]["id"].clone();
    let lines = json!({"lines": [{"variant_id": variant, "delta": 5, "reason": "count"}]});
    bed.call_with(Role::Owner, "POST", "/api/pms/inventory/adjust", Some(lines), &[("idempotency-key", "a")])
        .await;
    let hold = json!({"lines": [{"variant_id": variant, "quantity": 1}]});
    let held = bed
        .call_with(Role::Owner, "POST", "/api/pms/inventory/holds", Some(hold), &[("idempotency-key", "h")])
        .await;
    assert_eq!(held.status(), 201, "{}", held.text());
    for operation in [
        json!({"op": "delete", "id": product["id"], "version": 2}),
        json!({"op": "update", "id": product["id"], "version": 2, "patch": {"variants": [{"sku": "Other", "price": {"amount": 1, "currency": "EUR"}}]}}),
    ] {
        assert_eq!(codes(&per_row(&bed, json!([operation])).await), ["product-in-use"]);
    }
}

#[tokio::test]
async fn a_dry_run_writes_nothing() {
    let bed = Testbed::new().await;
    let operations = json!([{"op": "create", "product": simple("Neu", "N")}, {"op": "create", "product": simple("Neu", "N")}]);
    let body = json!({"mode": "per_row", "dry_run": true, "operations": operations});
    let reply = bed.call_with(Role::Editor, "POST", BULK, Some(body), &[("idempotency-key", "k")]).await;
    let result = reply.json();
    assert_eq!((&result["dry_run"], codes(&result)), (&json!(true), vec!["", "sku-taken"]));
    assert!(log_types(&bed).await.is_empty());
}

#[tokio::test]
async fn a_retry_doubles_no_row() {
    let bed = Testbed::new().await;
    let body = json!({"mode": "per_row", "operations": [
        {"op": "create", "product": simple("Neu", "N")}, {"op": "create", "product": {"title": ""}},
    ]});
    let send = || bed.call_with(Role::Editor, "POST", BULK, Some(body.clone()), &[("idempotency-key", "k")]);
    let (first, second) = (send().await, send().await);
    assert_eq!((first.status(), first.text()), (second.status(), second.text()));
    assert_eq!(second.header("idempotent-replayed"), Some("true"));
    assert_eq!(log_types(&bed).await, ["product.created"]);
}

/// A schedule that became due between two runs of due work is written down with the change.
#[tokio::test]
async fn what_is_due_is_settled_first() {
    let bed = Testbed::new().await;
    let product = create(&bed, simple("Bald", "B")).await;
    let publish_at = json!({"publish_at": "2026-11-20T09:31:00.000Z"});
    bed.call(Role::Owner, "POST", &format!("{}/publish", path(&product)), Some(publish_at)).await;
    bed.clock.advance(120_000);
    let result =
        per_row(&bed, json!([{"op": "update", "id": product["id"], "version": 3, "patch": {"title": "Da"}}]))
            .await;
    assert_eq!(result["results"][0]["version"], 4, "{result}");
    let shown = read(&bed, &product).await;
    assert_eq!(
        (&shown["status"], &shown["published_at"]),
        (&json!("published"), &json!("2026-11-20T09:31:00.000Z"))
    );
    let types = log_types(&bed).await;
    assert_eq!(types, ["product.created", "product.updated", "product.published", "product.updated"]);
}

#[tokio::test]
async fn a_thousand_rows_are_one_call() {
    let bed = Testbed::new().await;
    let operations: Vec<Value> = (0..1000)
        .map(|number| json!({"op": "create", "product": simple(&format!("Ware {number}"), &format!("W-{number}"))}))
        .collect();
    let reply = bulk(&bed, json!({"operations": operations})).await;
    assert_eq!((reply.status(), reply.round_trips), (200, 2));
    let result = reply.json();
    assert_eq!(result["applied"], 1000);
    let ids: Vec<&str> =
        result["results"].as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap()).collect();
    assert!(ids.is_sorted(), "products stand in lists as they stood in the call");
    let one_more: Vec<Value> =
        (0..1001).map(|_| json!({"op": "publish", "id": ids[0], "version": 1})).collect();
    assert_eq!(bulk(&bed, json!({"mode": "per_row", "operations": one_more})).await.status(), 422);
}
