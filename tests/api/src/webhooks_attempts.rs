//! What an endpoint may do with an event, and what becomes of the delivery: over real sockets, with a clock that is moved.
//!
//! Guarantees: a time limit of ten seconds lasts a fiftieth of that here; everything else is as in a deployment.

use crate::hooks::Hooks;
use serde_json::{Value, json};
use std::time::Duration;
use storeroom_domain::Timestamp;
use storeroom_domain::delivery::PAUSES_MS;
use storeroom_receiver::Behaviour;
use storeroom_testbed::Testbed;

/// What an attempt comes to: its status, whether there is a sentence about it, and for how long it is left in seconds,
/// nothing when the event was taken.
#[derive(Debug, PartialEq, Eq)]
struct Fate {
    status: Value,
    has_error: bool,
    pause_s: Option<i64>,
}

fn pause_ms(delivery: &Value, from: Timestamp) -> Option<i64> {
    let next = Timestamp::parse(delivery["next_attempt_at"].as_str()?).unwrap();
    Some(next.ms() - from.ms())
}

/// The pause with a tenth on either side taken for the whole.
fn about(pause_ms: i64, whole_ms: i64) -> i64 {
    if (pause_ms - whole_ms).abs() * 10 <= whole_ms { whole_ms / 1_000 } else { pause_ms / 1_000 }
}

async fn fate(hooks: &Hooks<'_>, behaviour: Behaviour) -> (Fate, Value) {
    let hook = hooks.endpoint("/fate", &[]).await;
    hooks.receiver.on("/fate", behaviour);
    hooks.event().await;
    hooks.due().await;
    let delivery = hooks.delivery(&hook).await;
    assert_eq!(delivery["attempt_count"], json!(1), "{delivery}");
    let attempt = &delivery["attempts"][0];
    let is_done = delivery["state"] == "delivered";
    assert_eq!(delivery["finished_at"].is_null(), !is_done, "{delivery}");
    let pause_s = pause_ms(&delivery, hooks.bed.ports.clock.now()).map(|pause| about(pause, PAUSES_MS[0]));
    assert_eq!(pause_s.is_none(), is_done, "{delivery}");
    let fate = Fate { status: attempt["status"].clone(), has_error: !attempt["error"].is_null(), pause_s };
    hooks.send("DELETE", &hook.path(""), None).await;
    (fate, attempt.clone())
}

fn taken() -> Fate {
    Fate { status: json!(200), has_error: false, pause_s: None }
}

fn refused(status: u16, pause_s: i64) -> Fate {
    Fate { status: json!(status), has_error: false, pause_s: Some(pause_s) }
}

fn unanswered() -> Fate {
    Fate { status: Value::Null, has_error: true, pause_s: Some(5) }
}

#[tokio::test]
async fn each_way_to_behave_has_its_fate() {
    let bed = Testbed::new().await;
    let hooks = Hooks::at(&bed);
    let drip = Duration::from_millis(20);
    for (behaviour, expected) in [
        (Behaviour::Status(200), taken()),
        (Behaviour::Status(204), Fate { status: json!(204), ..taken() }),
        (Behaviour::HangAfterHead, taken()),
        (Behaviour::SlowBody(drip), taken()),
        (Behaviour::EndlessBody, taken()),
        (Behaviour::CutBody, taken()),
        (Behaviour::Status(500), refused(500, 5)),
        (Behaviour::Status(404), refused(404, 5)),
        (Behaviour::Body(503, 100_000), refused(503, 5)),
        (Behaviour::RedirectToItself(301), refused(301, 5)),
        (Behaviour::RedirectToItself(307), refused(307, 5)),
        (Behaviour::RetryAfter(429, "120".to_owned()), refused(429, 120)),
        (Behaviour::RetryAfter(503, "Fri, 20 Nov 2026 10:30:00 GMT".to_owned()), refused(503, 3_600)),
        (Behaviour::RetryAfter(503, "tomorrow".to_owned()), refused(503, 5)),
        (Behaviour::HangBeforeHead, unanswered()),
        (Behaviour::SlowHead(drip), unanswered()),
        (Behaviour::Reset, unanswered()),
        (Behaviour::Close, unanswered()),
    ] {
        hooks.receiver.forget();
        let name = format!("{behaviour:?}");
        let (fate, attempt) = fate(&hooks, behaviour).await;
        assert_eq!(fate, expected, "{name}: {attempt}");
        assert_eq!(hooks.receiver.requests().len(), 1, "{name}: a redirect is not followed");
        assert!(attempt["answer"].as_str().is_none_or(|answer| answer.len() <= 1_024), "{name}");
    }
}

#[tokio::test]
async fn the_first_kibibyte_of_an_answer_is_kept() {
    let bed = Testbed::new().await;
    let hooks = Hooks::at(&bed);
    for behaviour in [Behaviour::Body(200, 5_000), Behaviour::EndlessBody] {
        let (_, attempt) = fate(&hooks, behaviour).await;
        assert_eq!(attempt["answer"].as_str().map(str::len), Some(1_024));
    }
    let (_, attempt) = fate(&hooks, Behaviour::Text(400, "no such \u{0}table".to_owned())).await;
    assert_eq!(attempt["answer"], json!("no such \u{fffd}table"));
}

#[tokio::test]
async fn nobody_listens_and_no_tls_is_spoken() {
    let bed = Testbed::new().await;
    let hooks = Hooks::at(&bed);
    let hook = hooks.endpoint("/gone", &[]).await;
    let tls = hooks.endpoint_at(&hooks.receiver.url_without_tls("/tls"), &[]).await;
    hooks.receiver.stop();
    hooks.event().await;
    hooks.due().await;
    for hook in [hook, tls] {
        let delivery = hooks.delivery(&hook).await;
        let attempt = &delivery["attempts"][0];
        assert_eq!((&delivery["state"], &attempt["status"]), (&json!("pending"), &Value::Null));
        assert!(!attempt["error"].as_str().unwrap().is_empty());
    }
}

#[tokio::test]
async fn it_is_tried_twelve_times_over_four_days() {
    let bed = Testbed::new().await;
    let hooks = Hooks::at(&bed);
    let hook = hooks.endpoint("/never", &[]).await;
    hooks.receiver.on("/never", Behaviour::Status(500));
    hooks.event().await;
    for (failed, whole_ms) in PAUSES_MS.into_iter().enumerate() {
        hooks.due().await;
        let delivery = hooks.delivery(&hook).await;
        assert_eq!(delivery["attempt_count"], json!(failed + 1));
        let pause_ms = pause_ms(&delivery, bed.ports.clock.now()).unwrap();
        assert_eq!(about(pause_ms, whole_ms), whole_ms / 1_000, "after {} attempts", failed + 1);
        bed.clock.advance(pause_ms - 1);
        hooks.due().await;
        assert_eq!(hooks.receiver.requests().len(), failed + 1, "not before its time");
        bed.clock.advance(1);
    }
    hooks.due().await;
    let delivery = hooks.delivery(&hook).await;
    assert_eq!((&delivery["state"], &delivery["attempt_count"]), (&json!("failed"), &json!(12)));
    assert_eq!(
        (&delivery["next_attempt_at"], delivery["attempts"].as_array().unwrap().len()),
        (&Value::Null, 12)
    );
    bed.clock.advance(86_400_000);
    hooks.due().await;
    let requests = hooks.receiver.requests();
    assert_eq!(requests.len(), 12);
    let first = hook.verified(&requests[0]);
    let ids: Vec<_> = requests.iter().map(|request| request.header("webhook-id").unwrap()).collect();
    assert!(ids.iter().all(|id| Some(*id) == first["id"].as_str()), "one id, however often: {ids:?}");
    assert!(requests.iter().all(|request| request.body == requests[0].body));
    assert_eq!(
        hooks.document(&hook).await["active"],
        json!(true),
        "an endpoint is not disabled within five days"
    );
}

#[tokio::test]
async fn a_delivery_succeeds_late() {
    let bed = Testbed::new().await;
    let hooks = Hooks::at(&bed);
    let hook = hooks.endpoint("/late", &[]).await;
    hooks.receiver.script("/late", [Behaviour::Status(500), Behaviour::Reset, Behaviour::Status(202)]);
    hooks.event().await;
    for _ in 0..3 {
        hooks.due().await;
        bed.clock.advance(60_000);
    }
    let delivery = hooks.delivery(&hook).await;
    let statuses: Vec<_> =
        delivery["attempts"].as_array().unwrap().iter().map(|one| one["status"].clone()).collect();
    assert_eq!(
        (&delivery["state"], statuses),
        (&json!("delivered"), vec![json!(500), Value::Null, json!(202)])
    );
    assert_eq!(hooks.document(&hook).await["failing_since"], Value::Null);
}

#[tokio::test]
async fn delivery_body_format_unchanged() {
    let bed = Testbed::new().await;
    let hooks = Hooks::at(&bed);
    let hook = hooks.endpoint("/a", &[]).await;
    let product = hooks.event().await;
    hooks.due().await;
    let body = hook.verified(&hooks.receiver.requests()[0]);
    let event = crate::product::log(&bed, storeroom_domain::Role::Owner).await.remove(0);
    let mut expected = event.clone();
    expected["store_id"] = json!(bed.store.to_string());
    expected["timestamp"] = event["at"].clone();
    assert_eq!((&body, &body["data"]), (&expected, &product));
    let request = &hooks.receiver.requests()[0];
    assert_eq!((request.method.as_str(), request.header("content-type")), ("POST", Some("application/json")));
    assert_eq!(request.header("user-agent"), Some("Storeroom-Webhooks/1"));
    assert_eq!(request.header("webhook-timestamp"), Some("1795167000"));
}
