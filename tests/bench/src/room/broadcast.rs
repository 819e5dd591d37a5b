//! What a delivered frame costs: the room beside a plain object that broadcasts the same strings.
//!
//! Guarantees: both are in one workerd, are posted to through one Worker, and have as many sockets, all of them open all
//! the time; their turns alternate. A post is made when its time has come and the one before was answered. No write and
//! no database is part of it.
//! Relies on: the room taking a nudge that follows its log without looking at the database.

use super::Plan;
use super::crowd::Crowd;
use super::delivery::gather;
use crate::figures::percentile;
use crate::http::{member, send};
use serde_json::{Value, json};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use storeroom_testbed::http::NativeHttp;

/// Posts a second.
const RATES: [u64; 2] = [50, 100];
/// How long a turn is.
const TURN: Duration = Duration::from_secs(2);

/// Who broadcasts.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Who {
    Room,
    Plain,
    /// The plain object, which is sent what the room's clients acknowledge, too, and does nothing about it.
    PlainWithAcks,
}

const EVERYBODY: [Who; 3] = [Who::Room, Who::Plain, Who::PlainWithAcks];

impl Who {
    fn name(self) -> &'static str {
        match self {
            Self::Room => "room",
            Self::Plain => "plain object",
            Self::PlainWithAcks => "plain object that is sent acknowledgements",
        }
    }
}

/// Both, with their sockets.
struct Stage<'a> {
    plan: &'a Plan,
    http: NativeHttp,
    room: Crowd,
    plain: Crowd,
    /// An event as the log writes it.
    event: Value,
}

/// What a turn has cost.
struct Turn {
    cpu_us: f64,
    frames: u64,
    events: u64,
    posts_a_second: f64,
}

/// Measures it.
pub async fn measure(plan: &Plan) -> Vec<Value> {
    let room = gather(plan, &plan.quiet).await;
    let address = format!("{}/connect?object=plain&name={}", plan.driver, plan.quiet);
    let mut plain = Crowd::new(Some(0));
    plain.add(vec![address; plan.sockets]).await;
    let http = NativeHttp::new();
    let stage = Stage { event: an_event(plan, &http).await, plan, http, room, plain };
    let mut lines = Vec::new();
    for rate in RATES {
        let mut turns: [Vec<Turn>; 3] = Default::default();
        for round in 0..=plan.rounds {
            for (turns, who) in turns.iter_mut().zip(EVERYBODY) {
                let turn = stage.turn(who, rate).await;
                // The first round warms up.
                if round > 0 {
                    turns.push(turn);
                }
            }
        }
        lines.extend(EVERYBODY.iter().zip(&turns).map(|(who, turns)| line(*who, rate, plan.sockets, turns)));
    }
    lines
}

fn line(who: Who, rate: u64, sockets: usize, turns: &[Turn]) -> Value {
    let each = |of: fn(&Turn) -> f64| turns.iter().map(of).collect::<Vec<f64>>();
    let a_frame = each(|turn| turn.cpu_us / turn.frames as f64);
    let an_event = each(|turn| turn.cpu_us / turn.events as f64);
    let frames: u64 = turns.iter().map(|turn| turn.frames).sum();
    let events: u64 = turns.iter().map(|turn| turn.events).sum();
    json!({
        "name": "broadcast", "who": who.name(), "rate": rate, "sockets": sockets,
        "cpu_us_a_frame": a_frame, "cpu_us_an_event": an_event,
        "events_a_frame": events as f64 / frames as f64,
        "posts_a_second": percentile(&mut each(|turn| turn.posts_a_second), 50),
    })
}

impl Stage<'_> {
    async fn turn(&self, who: Who, rate: u64) -> Turn {
        let crowd = if who == Who::Room { &self.room } else { &self.plain };
        crowd.arrivals.acknowledges.store(who != Who::Plain, Ordering::Relaxed);
        let posts = rate * TURN.as_secs();
        let (frames, events) = crowd.arrivals.counts();
        let first = events / crowd.sockets + 1;
        let (begun, before) = (Instant::now(), self.plan.cpu_us());
        for n in 0..posts {
            let due =
                begun + Duration::from_secs(1) / u32::try_from(rate).unwrap() * u32::try_from(n).unwrap();
            tokio::time::sleep_until(due.into()).await;
            self.post(who, first + n).await;
        }
        let took = begun.elapsed();
        crowd.wait_for_events(first + posts - 1).await;
        let cpu_us = self.plan.cpu_us() - before;
        let (frames_now, events_now) = crowd.arrivals.counts();
        Turn {
            cpu_us,
            frames: frames_now - frames,
            events: events_now - events,
            posts_a_second: posts as f64 / took.as_secs_f64(),
        }
    }

    async fn post(&self, who: Who, place: u64) {
        let mut event = self.event.clone();
        event["seq"] = place.into();
        let document = event.to_string();
        let (object, body) = match who {
            Who::Room => {
                let event = json!({"seq": place, "type": event["type"], "document": document});
                ("room", json!({"epoch": 1, "events": [event]}).to_string())
            }
            _ => ("plain", format!(r#"{{"t":"events","events":[{document}],"cursor":"1.{place}"}}"#)),
        };
        let url = format!("{}/nudge?object={object}&name={}", self.plan.driver, self.plan.quiet);
        let answer = send(&self.http, "POST", url, Vec::new(), body.into_bytes()).await;
        assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
    }
}

/// A change of a product as the log has it.
async fn an_event(plan: &Plan, http: &NativeHttp) -> Value {
    let url = format!("{}/api/pms/events?types=product.updated&limit=1", plan.url);
    let answer = send(http, "GET", url, member(&plan.tokens[0], &plan.store), Vec::new()).await;
    let feed: Value = serde_json::from_slice(&answer.body).unwrap();
    let event = feed["events"][0].clone();
    assert!(event.is_object(), "the log has no change of a product: {feed}");
    event
}
