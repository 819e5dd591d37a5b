//! Who sends: one runner at a time at an endpoint, one that dies is taken over, and no endpoint waits for another.

use crate::hooks::Hooks;
use futures::future::{Either, join, select};
use serde_json::{Value, json};
use std::pin::pin;
use storeroom_receiver::Behaviour;
use storeroom_testbed::Testbed;

/// A lease's length and a little more.
const LEASE_MS: i64 = 25_001;

fn seqs(hooks: &Hooks<'_>, path: &str) -> Vec<i64> {
    let bodies = hooks.receiver.requests_to(path).into_iter();
    bodies.map(|one| serde_json::from_slice::<Value>(&one.body).unwrap()["seq"].as_i64().unwrap()).collect()
}

#[tokio::test]
async fn two_runners_send_nothing_twice() {
    let bed = Testbed::new().await;
    let hooks = Hooks::at(&bed);
    let hook = hooks.endpoint("/a", &[]).await;
    for _ in 0..20 {
        hooks.event().await;
    }
    join(join(hooks.due(), hooks.due()), join(hooks.due(), hooks.due())).await;
    let mut sent = seqs(&hooks, "/a");
    sent.sort_unstable();
    assert_eq!(sent, (1..=20).collect::<Vec<_>>());
    assert!(hooks.deliveries(&hook, "").await.iter().all(|one| one["attempt_count"] == 1));
}

#[tokio::test]
async fn a_runner_that_died_is_taken_over() {
    let bed = Testbed::new().await;
    let hooks = Hooks::at(&bed);
    let hook = hooks.endpoint("/a", &[]).await;
    hooks.receiver.on("/a", Behaviour::HangBeforeHead);
    hooks.event().await;
    {
        let arrived = async {
            while hooks.receiver.requests().is_empty() {
                tokio::task::yield_now().await;
            }
        };
        let (run, arrived) = (pin!(hooks.due()), pin!(arrived));
        let ended = select(run, arrived).await;
        assert!(matches!(ended, Either::Right(_)), "the runner is dropped in the middle of its attempt");
    }
    hooks.receiver.on("/a", Behaviour::Status(200));
    hooks.due().await;
    bed.clock.advance(LEASE_MS - 10);
    hooks.due().await;
    assert_eq!(hooks.receiver.requests().len(), 1, "while the lease lasts, nobody else is at it");
    bed.clock.advance(10);
    hooks.due().await;
    let requests = hooks.receiver.requests();
    assert_eq!(requests.len(), 2);
    assert_eq!(requests[0].header("webhook-id"), requests[1].header("webhook-id"));
    let delivery = hooks.delivery(&hook).await;
    assert_eq!((&delivery["state"], &delivery["attempt_count"]), (&json!("delivered"), &json!(1)));
}

#[tokio::test]
async fn a_runner_that_comes_late_undoes_nothing() {
    let bed = Testbed::new().await;
    let hooks = Hooks::at(&bed);
    let hook = hooks.endpoint("/a", &[]).await;
    hooks.receiver.on("/a", Behaviour::HangBeforeHead);
    hooks.event().await;
    let another = async {
        while hooks.receiver.requests().is_empty() {
            tokio::task::yield_now().await;
        }
        hooks.receiver.on("/a", Behaviour::Status(200));
        bed.clock.advance(LEASE_MS);
        hooks.due().await;
    };
    join(hooks.due(), another).await;
    let delivery = hooks.delivery(&hook).await;
    assert_eq!(
        (&delivery["state"], &delivery["attempt_count"]),
        (&json!("delivered"), &json!(2)),
        "{delivery}"
    );
    let path = format!("/api/pms/deliveries/{}/replay", delivery["id"].as_str().unwrap());
    assert_eq!(hooks.send("POST", &path, None).await.status(), 202);
    hooks.due().await;
    let delivery = hooks.delivery(&hook).await;
    assert_eq!((&delivery["state"], &delivery["attempt_count"]), (&json!("delivered"), &json!(3)));
}

#[tokio::test]
async fn an_endpoint_that_hangs_holds_up_no_other() {
    let bed = Testbed::new().await;
    let hooks = Hooks::at(&bed);
    let mut hanging = Vec::new();
    for n in 0..8 {
        let path = format!("/hangs/{n}");
        hanging.push(hooks.endpoint(&path, &[]).await);
        hooks.receiver.on(&path, Behaviour::HangBeforeHead);
    }
    hooks.event().await;
    hooks.due().await;
    let healthy = hooks.endpoint("/healthy", &[]).await;
    hooks.receiver.forget();
    bed.clock.advance(10_000);
    hooks.event().await;
    hooks.due().await;
    let paths: Vec<String> = hooks.receiver.requests().iter().map(|one| one.path.clone()).collect();
    let place = paths.iter().position(|path| path == "/healthy").unwrap();
    assert!(place < 6, "who does not fail is served first: {paths:?}");
    assert_eq!(hooks.delivery(&healthy).await["state"], json!("delivered"));
    for hook in hanging {
        let counts: Vec<Value> =
            hooks.deliveries(&hook, "").await.iter().map(|one| one["attempt_count"].clone()).collect();
        assert_eq!(counts, [json!(2), json!(1)]);
    }
}

#[tokio::test]
async fn events_of_a_subject_arrive_in_order_and_one_that_fails_holds_up_none() {
    let bed = Testbed::new().await;
    let hooks = Hooks::at(&bed);
    hooks.endpoint("/a", &["product"]).await;
    let product = hooks.event().await;
    for n in 0..5 {
        hooks.change(&product, &format!("Title {n}")).await;
    }
    hooks.receiver.script("/a", [Behaviour::Status(200), Behaviour::Status(500), Behaviour::Status(200)]);
    hooks.due().await;
    assert_eq!(seqs(&hooks, "/a"), [1, 2, 3, 4, 5, 6]);
    bed.clock.advance(10_000);
    hooks.due().await;
    assert_eq!(seqs(&hooks, "/a"), [1, 2, 3, 4, 5, 6, 2]);
}

#[tokio::test]
async fn the_logs_order_counts_and_not_a_clock_that_is_behind() {
    let bed = Testbed::new().await;
    let hooks = Hooks::at(&bed);
    let hook = hooks.endpoint("/a", &["product"]).await;
    let product = hooks.event().await;
    for n in 0..70 {
        bed.clock.advance(-10);
        hooks.change(&product, &format!("Title {n}")).await;
    }
    bed.clock.advance(700);
    hooks.due().await;
    assert_eq!(seqs(&hooks, "/a"), (1..=71).collect::<Vec<_>>());
    let path = hook.path("");
    for active in [false, true] {
        hooks.change(&product, "Before and after the pause").await;
        hooks.send("PATCH", &path, Some(json!({"active": active}))).await;
    }
    hooks.change(&product, "Later").await;
    hooks.due().await;
    assert_eq!(seqs(&hooks, "/a").split_off(71), [72, 74], "what was held comes before what is new");
}

#[tokio::test]
async fn what_happens_while_a_runner_is_at_it_is_sent_too() {
    let bed = Testbed::new().await;
    let hooks = Hooks::at(&bed);
    let hook = hooks.endpoint("/a", &[]).await;
    hooks.event().await;
    let more = async {
        while hooks.receiver.requests().is_empty() {
            tokio::task::yield_now().await;
        }
        hooks.event().await;
    };
    join(hooks.due(), more).await;
    hooks.due().await;
    assert_eq!(seqs(&hooks, "/a"), [1, 2]);
    assert!(hooks.deliveries(&hook, "").await.iter().all(|one| one["state"] == "delivered"));
}

#[tokio::test]
async fn a_backlog_is_sent_to_its_end() {
    let bed = Testbed::new().await;
    let hooks = Hooks::at(&bed);
    let hook = hooks.endpoint("/a", &[]).await;
    for _ in 0..150 {
        hooks.event().await;
    }
    hooks.due().await;
    assert_eq!(hooks.deliveries(&hook, "&state=pending").await, Vec::<Value>::new());
    assert_eq!(seqs(&hooks, "/a"), (1..=150).collect::<Vec<_>>(), "one at a time is in order");
}

#[tokio::test]
async fn the_next_attempt_is_the_next_due_moment() {
    let bed = Testbed::new().await;
    let hooks = Hooks::at(&bed);
    let hook = hooks.endpoint("/a", &[]).await;
    hooks.receiver.on("/a", Behaviour::Status(500));
    hooks.event().await;
    let due = || async {
        let rows = bed.sql("SELECT due_at FROM webhook_endpoints", storeroom_sql::Args::new()).await;
        rows[0][0].clone()
    };
    let now = bed.ports.clock.now();
    assert_eq!(due().await, now.ms().into());
    hooks.due().await;
    let next = hooks.delivery(&hook).await["next_attempt_at"].as_str().unwrap().to_owned();
    let next = storeroom_domain::Timestamp::parse(&next).unwrap();
    assert_eq!(due().await, next.ms().into());
    hooks.receiver.on("/a", Behaviour::Status(200));
    bed.clock.advance(next.ms() - now.ms());
    hooks.due().await;
    assert_eq!(due().await, storeroom_sql::Value::Null);
}
