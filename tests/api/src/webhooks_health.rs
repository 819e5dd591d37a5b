//! Endpoints that are paused, that fail for days, and that want nothing any more.

use crate::hooks::{Hook, Hooks};
use crate::product::log;
use futures::future::join;
use serde_json::{Value, json};
use storeroom_domain::Role;
use storeroom_receiver::Behaviour;
use storeroom_testbed::Testbed;

const HOUR_MS: i64 = 3_600_000;

async fn states(hooks: &Hooks<'_>, hook: &Hook) -> Vec<String> {
    let deliveries = hooks.deliveries(hook, "").await;
    deliveries.iter().map(|delivery| delivery["state"].as_str().unwrap().to_owned()).collect()
}

async fn set_active(hooks: &Hooks<'_>, hook: &Hook, active: bool) -> Value {
    let reply = hooks.send("PATCH", &hook.path(""), Some(json!({"active": active}))).await;
    assert_eq!((reply.status(), reply.round_trips), (200, 1), "{}", reply.text());
    reply.json()
}

#[tokio::test]
async fn a_pause_holds_what_is_queued_and_tells_where_to_go_on() {
    let bed = Testbed::new().await;
    let hooks = Hooks::at(&bed);
    let hook = hooks.endpoint("/a", &[]).await;
    hooks.event().await;
    let paused = set_active(&hooks, &hook, false).await;
    assert_eq!(paused["active"], json!(false));
    assert_eq!(
        paused["stopped"],
        json!({"reason": "paused", "at": "2026-11-20T09:30:00.000Z", "cursor": "1.1"})
    );
    hooks.event().await;
    hooks.due().await;
    assert_eq!(states(&hooks, &hook).await, ["held"]);
    bed.clock.advance(HOUR_MS);
    assert_eq!(set_active(&hooks, &hook, false).await["stopped"], paused["stopped"], "paused once");
    let active = set_active(&hooks, &hook, true).await;
    assert_eq!((&active["active"], &active["stopped"]), (&json!(true), &Value::Null));
    hooks.event().await;
    hooks.due().await;
    let seqs =
        || hooks.receiver.requests().iter().map(|one| hook.verified(one)["seq"].clone()).collect::<Vec<_>>();
    assert_eq!(seqs(), [json!(1), json!(3)]);
    let since = json!({"after": paused["stopped"]["cursor"]});
    assert_eq!(hooks.send("POST", &hook.path("/replay"), Some(since)).await.json()["queued"], json!(2));
    hooks.due().await;
    assert_eq!(seqs().split_off(2), [json!(2), json!(3)]);
}

#[tokio::test]
async fn what_is_asked_for_of_a_paused_endpoint_is_held() {
    let bed = Testbed::new().await;
    let hooks = Hooks::at(&bed);
    let hook = hooks.endpoint("/a", &[]).await;
    hooks.event().await;
    hooks.due().await;
    set_active(&hooks, &hook, false).await;
    let id = hooks.delivery(&hook).await["id"].as_str().unwrap().to_owned();
    let reply = hooks.send("POST", &format!("/api/pms/deliveries/{id}/replay"), None).await;
    assert_eq!((reply.status(), &reply.json()["state"]), (202, &json!("held")));
    hooks.send("POST", &hook.path("/replay"), Some(json!({"after": "1.0"}))).await;
    hooks.due().await;
    assert_eq!(states(&hooks, &hook).await, ["held"]);
    set_active(&hooks, &hook, true).await;
    hooks.due().await;
    assert_eq!(
        (states(&hooks, &hook).await, hooks.receiver.requests().len()),
        (vec!["delivered".to_owned()], 2)
    );
}

#[tokio::test]
async fn an_endpoint_may_begin_paused() {
    let bed = Testbed::new().await;
    let hooks = Hooks::at(&bed);
    let input = json!({"url": hooks.receiver.url("/a"), "active": false});
    let made = hooks.send("POST", "/api/pms/webhooks", Some(input)).await.json();
    assert_eq!((&made["active"], &made["stopped"]["reason"]), (&json!(false), &json!("paused")));
    hooks.event().await;
    let list = format!("/api/pms/webhooks/{}/deliveries", made["id"].as_str().unwrap());
    assert_eq!(bed.call(Role::Admin, "GET", &list, None).await.json()["items"], json!([]));
}

#[tokio::test]
async fn gone_is_believed_at_once() {
    let bed = Testbed::new().await;
    let hooks = Hooks::at(&bed);
    let [hook, other] = [hooks.endpoint("/a", &[]).await, hooks.endpoint("/b", &["webhook"]).await];
    hooks.receiver.on("/a", Behaviour::Status(410));
    hooks.event().await;
    hooks.due().await;
    let document = hooks.document(&hook).await;
    assert_eq!((&document["active"], &document["stopped"]["reason"]), (&json!(false), &json!("gone")));
    let told = log(&bed, Role::Owner).await.pop().unwrap();
    assert_eq!(
        (&told["type"], &told["subject"], &told["actor"]),
        (&json!("webhook.disabled"), &json!(hook.id), &json!("system"))
    );
    let expected = json!({"url": document["url"], "reason": "gone", "cursor": "1.1"});
    assert_eq!((&told["data"], &told["version"]), (&expected, &document["version"]));
    assert_eq!(states(&hooks, &hook).await, ["held"]);
    hooks.due().await;
    assert_eq!(hooks.receiver.requests_to("/a").len(), 1);
    let at_other = hooks.receiver.requests_to("/b");
    assert_eq!(other.verified(&at_other[0])["type"], json!("webhook.disabled"));
}

#[tokio::test]
async fn what_an_address_does_that_was_left_does_not_count() {
    let bed = Testbed::new().await;
    let hooks = Hooks::at(&bed);
    let hook = hooks.endpoint("/old", &[]).await;
    hooks.receiver.on("/old", Behaviour::HangBeforeHead);
    hooks.receiver.on("/new", Behaviour::Status(200));
    hooks.event().await;
    let moved = async {
        while hooks.receiver.requests().is_empty() {
            tokio::task::yield_now().await;
        }
        let patch = json!({"url": hooks.receiver.url("/new")});
        assert_eq!(hooks.send("PATCH", &hook.path(""), Some(patch)).await.status(), 200);
    };
    join(hooks.due(), moved).await;
    let document = hooks.document(&hook).await;
    assert_eq!((&document["failing_since"], &document["version"]), (&Value::Null, &json!(2)));
    assert_eq!(hooks.delivery(&hook).await["attempt_count"], json!(1));
    bed.clock.advance(10_000);
    hooks.due().await;
    assert_eq!(hooks.receiver.requests_to("/new").len(), 1);
}

#[tokio::test]
async fn five_days_of_failures_disable_and_delete_nothing() {
    let bed = Testbed::new().await;
    let hooks = Hooks::at(&bed);
    let hook = hooks.endpoint("/a", &["product"]).await;
    hooks.receiver.on("/a", Behaviour::Status(500));
    hooks.event().await;
    hooks.due().await;
    let since = hooks.document(&hook).await;
    assert_eq!((&since["failing_since"], &since["version"]), (&json!("2026-11-20T09:30:00.000Z"), &json!(2)));
    for _ in 0..119 {
        bed.clock.advance(HOUR_MS);
        hooks.due().await;
        assert_eq!(hooks.document(&hook).await["active"], json!(true));
    }
    hooks.event().await;
    bed.clock.advance(HOUR_MS);
    hooks.due().await;
    let document = hooks.document(&hook).await;
    assert_eq!((&document["active"], &document["stopped"]["reason"]), (&json!(false), &json!("failing")));
    assert_eq!(log(&bed, Role::Owner).await.pop().unwrap()["type"], json!("webhook.disabled"));
    assert_eq!(states(&hooks, &hook).await, ["failed", "held"]);
    hooks.receiver.on("/a", Behaviour::Status(200));
    assert_eq!(set_active(&hooks, &hook, true).await["failing_since"], Value::Null);
    bed.clock.advance(10_000);
    hooks.due().await;
    assert_eq!(states(&hooks, &hook).await, ["failed", "delivered"]);
}

#[tokio::test]
async fn one_success_ends_the_days_of_failures() {
    let bed = Testbed::new().await;
    let hooks = Hooks::at(&bed);
    let hook = hooks.endpoint("/a", &[]).await;
    for day in 0..8 {
        hooks.receiver.on("/a", Behaviour::Status(if day == 3 { 200 } else { 500 }));
        hooks.event().await;
        hooks.due().await;
        assert_eq!(hooks.document(&hook).await["failing_since"].is_null(), day == 3, "day {day}");
        bed.clock.advance(24 * HOUR_MS);
    }
    assert_eq!(hooks.document(&hook).await["active"], json!(true));
}
