//! 2,000 events, while the host is killed ten times and the receiver is down for a while.
//!
//! Guarantees: every event of the log arrives at least once, under its id, signed and as the log has it; those of one
//! subject that needed no second attempt arrive in the log's order.
//! Relies on: the receiver's down time being so short that no delivery fails a third time, after which it would wait for
//! two minutes.

use super::super::writing::Writing;
use super::super::{Process, beside_cron, kill, run_cron};
use super::endpoint::{Endpoint, assert_is_event, wait};
use super::receiver;
use crate::shop::{Shop, now};
use futures::future::join;
use serde_json::Value;
use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};
use storeroom_receiver::{Behaviour, Received, Receiver, verify};

const WRITES: usize = 2_000;
const WRITERS: usize = 8;
/// One write of a writer in so many makes a product: 40 of them.
const CREATES_ONE_IN: usize = 50;
/// From one write to the next: a minute of them, and the time that the host is gone.
const PACE: Duration = Duration::from_millis(30);
/// How often the host is killed, before and after the receiver is down.
const KILLS: [usize; 2] = [5, 5];
/// A kill waits for so many deliveries since the one before, so that it meets a runner at work …
const DELIVERED_BETWEEN: usize = 50;
/// … but not for longer than this: a runner that was killed counts as lost after 25 seconds only.
const BETWEEN_KILLS: Duration = Duration::from_secs(7);
/// How long it is waited for a runner before the receiver goes down.
const TAKEN_OVER_WITHIN: Duration = Duration::from_secs(90);
/// How long the receiver is down: two attempts.
const DOWN: Duration = Duration::from_secs(8);
/// How long after the last write an event may be on its way: a lost runner, and the second pause of the schedule.
const SETTLED_WITHIN: Duration = Duration::from_secs(100);

pub async fn every_event_arrives_whatever_dies(shop: Rc<Shop>) {
    let receiver = receiver(&[("/hooks", Behaviour::Status(200))]);
    let endpoint = Endpoint::make(&shop, &receiver.url("/hooks")).await;
    let writing = Writing {
        shop: shop.clone(),
        seed: now().ms().unsigned_abs(),
        begun: Instant::now(),
        writers: WRITERS,
        writes: WRITES,
        pace: PACE,
        creates_one_in: CREATES_ONE_IN,
        written: Cell::new(0),
        again: Cell::new(0),
    };
    join(writing.run(), trouble(&shop, &receiver)).await;
    // The last kill may have swallowed the alarm.
    run_cron(&shop).await;
    endpoint.settles(&shop, SETTLED_WITHIN).await;
    println!("everything arrived {:.1} s after the first write", writing.begun.elapsed().as_secs_f64());
    let log = writing.log().await;
    let arrivals = check_arrivals(&log, &endpoint.secret, &receiver.requests());
    check_order(&log, &endpoint.deliveries(&shop, None).await, &arrivals);
}

/// Kills, then a receiver that is down, then kills again.
async fn trouble(shop: &Shop, receiver: &Arc<Receiver>) {
    let mut at_work = kill_again_and_again(receiver, KILLS[0]).await;
    is_taken_over(shop, receiver).await;
    receiver.stop();
    tokio::time::sleep(DOWN).await;
    receiver.resume().unwrap();
    is_taken_over(shop, receiver).await;
    at_work += kill_again_and_again(receiver, KILLS[1]).await;
    println!("{} kills, {at_work} of them while events were on their way", KILLS[0] + KILLS[1]);
    assert!(at_work >= 2, "the kills met nobody at work");
}

/// Waits for the next delivery.
async fn is_taken_over(shop: &Shop, receiver: &Arc<Receiver>) {
    let next = wait(receiver, receiver.requests().len() + 1, TAKEN_OVER_WITHIN);
    beside_cron(shop, next).await.unwrap();
}

/// How many of the kills met a runner at work.
async fn kill_again_and_again(receiver: &Arc<Receiver>, times: usize) -> usize {
    let mut at_work = 0;
    for _ in 0..times {
        let count = receiver.requests().len() + DELIVERED_BETWEEN;
        at_work += usize::from(wait(receiver, count, BETWEEN_KILLS).await.is_ok());
        kill(Process::Host).await;
    }
    at_work
}

/// The place among all arrivals at which each event came first, by its id.
fn check_arrivals(log: &[Value], secret: &str, requests: &[Received]) -> HashMap<String, usize> {
    let events: BTreeMap<&str, &Value> =
        log.iter().map(|event| (event["id"].as_str().unwrap(), event)).collect();
    let mut first = HashMap::new();
    for (place, request) in requests.iter().enumerate() {
        let id = request.header("webhook-id").unwrap();
        let event = events.get(id).unwrap_or_else(|| panic!("{id} is not in the log"));
        assert_is_event(&verify(secret, request).unwrap(), event);
        first.entry(id.to_owned()).or_insert(place);
    }
    let missing: Vec<_> = events.keys().filter(|id| !first.contains_key(**id)).collect();
    assert!(missing.is_empty(), "{} events did not arrive: {missing:?}", missing.len());
    println!("{} events arrived, {} of them again", log.len(), requests.len() - log.len());
    first
}

/// Among the deliveries that took one attempt, each subject's came in the order of the log.
fn check_order(log: &[Value], deliveries: &[Value], arrivals: &HashMap<String, usize>) {
    assert_eq!(deliveries.len(), log.len(), "a delivery for each event");
    let is_first = |delivery: &&Value| delivery["state"] == "delivered" && delivery["attempt_count"] == 1;
    let smooth: BTreeSet<&str> =
        deliveries.iter().filter(is_first).map(|delivery| delivery["event_id"].as_str().unwrap()).collect();
    let mut latest: BTreeMap<&str, usize> = BTreeMap::new();
    for event in log.iter().filter(|event| smooth.contains(event["id"].as_str().unwrap())) {
        let place = arrivals[event["id"].as_str().unwrap()];
        let before = latest.insert(event["subject"].as_str().unwrap(), place);
        assert!(before < Some(place), "{event} arrived before what happened before it");
    }
    let more = deliveries.len() - smooth.len();
    println!("{} subjects, {} deliveries at the first attempt, {more} later", latest.len(), smooth.len());
    assert!(more > 0, "no delivery failed, though the receiver was down");
}
