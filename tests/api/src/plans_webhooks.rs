//! The tour's way through webhook endpoints and deliveries: see `plans`.
//!
//! Guarantees: each operation runs at least once to its good end, each refusal that the database decides is met, due work
//! finds something to send, to give up, to disable and to forget, and each list is asked for its second page.

use crate::hooks::Hooks;
use crate::plans::call;
use serde_json::json;
use storeroom_domain::Role;
use storeroom_receiver::Behaviour;
use storeroom_testbed::Testbed;

const DAY_MS: i64 = 86_400_000;

/// An endpoint's life, with one delivery of each fate.
pub async fn webhooks(bed: &Testbed) {
    let hooks = Hooks::at(bed);
    let hook = hooks.endpoint("/tour", &[]).await;
    hooks.event().await;
    hooks.due().await;
    call(bed, "GET", &hook.path(""), None, None).await;
    call(bed, "POST", &hook.path("/rotate"), Some(json!({"overlap_seconds": 60})), None).await;
    call(bed, "POST", &hook.path("/test"), None, None).await;
    let delivered = hooks.deliveries(&hook, "").await.remove(0);
    let delivery = format!("/api/pms/deliveries/{}", delivered["id"].as_str().unwrap());
    call(bed, "GET", &delivery, None, None).await;
    call(bed, "POST", &format!("{delivery}/replay"), None, None).await;
    for body in [json!({"after": "1.0"}), json!({"after": "1.0", "types": ["order"]})] {
        call(bed, "POST", &hook.path("/replay"), Some(body), None).await;
    }
    hooks.receiver.on("/tour", Behaviour::Status(500));
    hooks.due().await;
    for active in [false, true] {
        call(bed, "PATCH", &hook.path(""), Some(json!({"active": active, "types": ["product"]})), Some("*"))
            .await;
    }
    hooks.receiver.on("/tour", Behaviour::Status(410));
    hooks.due().await;
    let refused = bed.call(Role::Owner, "POST", &hook.path("/replay"), Some(json!({"after": "9.9"}))).await;
    assert_eq!(refused.code(), "cursor-invalid");
    let stale = [("if-match", "\"99\"")];
    let stale = bed.call_with(Role::Owner, "DELETE", &hook.path(""), None, &stale).await;
    assert_eq!(stale.code(), "version-conflict");
    bed.clock.advance(31 * DAY_MS);
    hooks.due().await;
    bed.clock.advance(-31 * DAY_MS);
    lists(bed).await;
    call(bed, "DELETE", &hook.path(""), None, Some("*")).await;
}

/// Asks for each list's first and second page.
async fn lists(bed: &Testbed) {
    let hooks = Hooks::at(bed);
    let [hook, _] =
        [hooks.endpoint("/listed", &["product"]).await, hooks.endpoint("/other", &["order"]).await];
    for state in ["delivered", "failed", "pending", "held"] {
        for _ in 0..2 {
            hooks.event().await;
        }
        if state == "held" {
            call(bed, "PATCH", &hook.path(""), Some(json!({"active": false})), Some("*")).await;
        } else {
            hooks.become_all(&hook, state).await;
        }
        for query in ["limit=1".to_owned(), format!("limit=1&state={state}")] {
            second_page(bed, &format!("{}?{query}", hook.path("/deliveries"))).await;
        }
    }
    second_page(bed, "/api/pms/webhooks?limit=1").await;
    for endpoint in hooks.made.take() {
        call(bed, "DELETE", &endpoint.path(""), None, Some("*")).await;
    }
    hooks.due().await;
}

async fn second_page(bed: &Testbed, first: &str) {
    let page = call(bed, "GET", first, None, None).await.json();
    let cursor = page["next_cursor"].as_str().unwrap_or_else(|| panic!("{first} has one page: {page}"));
    call(bed, "GET", &format!("{first}&cursor={cursor}"), None, None).await;
}
