//! `PATCH /dashboard/targets`.

use crate::dashboard::{Till, eur};
use crate::product::{faults, log, log_types};
use serde_json::{Value, json};
use storeroom_domain::Role;
use storeroom_testbed::Reply;

async fn patch(till: &Till, role: Role, body: Value) -> Reply {
    till.bed.call(role, "PATCH", "/api/pms/dashboard/targets", Some(body)).await
}

async fn patched(till: &Till, body: Value) -> Value {
    let reply = patch(till, Role::Fulfilment, body).await;
    assert_eq!((reply.status(), reply.round_trips), (200, 1), "{}", reply.text());
    let targets = reply.json();
    assert_eq!(till.see("").await["targets"], targets);
    targets
}

async fn told(till: &Till) -> Vec<Value> {
    let events = log(&till.bed, Role::Viewer).await;
    let told = events.into_iter().filter(|event| event["type"] == "dashboard.targets_updated");
    told.inspect(|event| {
        assert_eq!((&event["subject"], &event["version"]), (&json!("dashboard"), &event["seq"]))
    })
    .map(|event| event["data"].clone())
    .collect()
}

#[tokio::test]
async fn what_is_left_out_stays_and_null_clears() {
    let till = Till::with([1, 1]).await;
    let targets = patched(&till, json!({"daily_revenue": eur(50_000), "monthly_orders": 400})).await;
    let expected = json!({"daily_revenue": eur(50_000), "daily_orders": null, "monthly_revenue": null, "monthly_orders": 400});
    assert_eq!(targets, expected);
    let targets =
        patched(&till, json!({"daily_revenue": null, "daily_orders": 20, "monthly_orders": 400})).await;
    let expected =
        json!({"daily_revenue": null, "daily_orders": 20, "monthly_revenue": null, "monthly_orders": 400});
    assert_eq!(targets, expected);
    assert_eq!(
        told(&till).await,
        [
            json!({"daily_revenue": eur(50_000), "monthly_orders": 400}),
            json!({"daily_revenue": null, "daily_orders": 20})
        ]
    );
}

#[tokio::test]
async fn a_patch_that_changes_nothing_tells_nothing() {
    let till = Till::with([1, 1]).await;
    for body in [json!({}), json!({"daily_orders": null}), json!({"monthly_revenue": null})] {
        patched(&till, body).await;
    }
    assert_eq!(told(&till).await, Vec::<Value>::new());
    for _ in 0..2 {
        patched(&till, json!({"daily_orders": 0})).await;
    }
    assert_eq!(told(&till).await, [json!({"daily_orders": 0})]);
    log_types(&till.bed).await;
}

#[tokio::test]
async fn a_bad_patch_changes_nothing() {
    let till = Till::with([1, 1]).await;
    let usd = json!({"amount": 1, "currency": "USD"});
    for (body, fault) in [
        (json!({"daily_revenue": usd, "daily_orders": 5}), "/daily_revenue/currency wrong_currency"),
        (json!({"monthly_revenue": usd}), "/monthly_revenue/currency wrong_currency"),
        (json!({"weekly_orders": 1}), "/weekly_orders unknown_field"),
        (json!({"daily_orders": -1}), "/daily_orders out_of_range"),
        (json!({"daily_revenue": 5}), "/daily_revenue wrong_type"),
        (json!({"daily_revenue": {"amount": -1, "currency": "EUR"}}), "/daily_revenue/amount out_of_range"),
    ] {
        let reply = patch(&till, Role::Owner, body.clone()).await;
        let answered = (reply.status(), reply.code(), faults(&reply));
        assert_eq!(answered, (422, "validation-failed".to_owned(), vec![fault.to_owned()]), "{body}");
    }
    assert_eq!(till.see("").await["targets"]["daily_orders"], Value::Null);
    assert_eq!(told(&till).await, Vec::<Value>::new());
}

#[tokio::test]
async fn who_only_looks_sets_no_targets() {
    let till = Till::with([1, 1]).await;
    for (role, status) in
        [(Role::Viewer, 403), (Role::Editor, 403), (Role::Fulfilment, 200), (Role::Owner, 200)]
    {
        assert_eq!(patch(&till, role, json!({"daily_orders": 1})).await.status(), status, "{role:?}");
    }
}
