//! How soon after its answer an event is at every socket.
//!
//! Guarantees: the time is from the moment at which this program has the answer to the one at which it has read the
//! frame, both by one clock; a frame that comes before its answer counts as nothing. The writes that warm up count
//! nowhere.

use super::Plan;
use super::arrivals::Arrival;
use super::crowd::Crowd;
use crate::figures::percentile;
use crate::writes::{Answers, Writer};
use futures::future::join_all;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::time::{Duration, Instant};
use storeroom_testbed::http::NativeHttp;

/// 100 writes a second.
const PACE: Duration = Duration::from_millis(10);
const A_SECOND: u64 = 100;
/// Seconds of writes that warm up, and of those without anybody in the room.
const SHORT_SECONDS: u64 = 5;
/// Sockets that are opened together.
const TICKETS_AT_ONCE: usize = 25;

/// Measures it.
pub async fn measure(plan: &Plan) -> Value {
    let writer = Writer::new(plan.shop(), "Delivery").await;
    writer.change(SHORT_SECONDS * A_SECOND, PACE).await;
    let alone_us = cpu_a_write(plan, &writer).await;
    let crowd = gather(plan, &plan.store).await;
    writer.change(SHORT_SECONDS * A_SECOND, PACE).await;
    crowd.wait_for_events(SHORT_SECONDS * A_SECOND).await;

    *crowd.arrivals.all.lock().unwrap() = Some(Vec::new());
    let (cpu_before, (frames_before, events_before)) = (plan.cpu_us(), crowd.arrivals.counts());
    let writes = plan.seconds * A_SECOND;
    let begun = Instant::now();
    let answers = writer.change(writes, PACE).await;
    let took = begun.elapsed();
    crowd.wait_for_events(SHORT_SECONDS * A_SECOND + writes).await;
    let cpu_us = plan.cpu_us() - cpu_before;
    let (frames, events) = crowd.arrivals.counts();
    let (frames, events) = (frames - frames_before, events - events_before);

    let all = crowd.arrivals.all.lock().unwrap().take().unwrap();
    let answered = by_place(&answers, &crowd.arrivals.places.lock().unwrap());
    let mut delays_ms = delays_ms(&all, &answered);
    let early = delays_ms.iter().filter(|delay| **delay == 0.0).count();
    json!({
        "name": "delivery", "sockets": plan.sockets, "writes": writes, "seconds": took.as_secs_f64(),
        "p50_ms": percentile(&mut delays_ms, 50), "p90_ms": percentile(&mut delays_ms, 90),
        "p99_ms": percentile(&mut delays_ms, 99), "most_ms": percentile(&mut delays_ms, 100),
        "before_their_answer": early as f64 / delays_ms.len() as f64,
        "frames": frames, "events": events,
        "cpu_us_a_frame": cpu_us / frames as f64, "cpu_us_an_event": cpu_us / events as f64,
        "cpu_share": cpu_us / took.as_micros() as f64, "cpu_us_a_write_alone": alone_us,
    })
}

/// Members' sockets in the room of a store.
pub async fn gather(plan: &Plan, store: &str) -> Crowd {
    let http = NativeHttp::new();
    let mut crowd = Crowd::new(None);
    // A ticket is good for 30 s.
    for some in (0..plan.sockets).collect::<Vec<_>>().chunks(TICKETS_AT_ONCE) {
        let tickets = some.iter().map(|socket| plan.ticket(&http, &plan.url, store, plan.token(*socket)));
        crowd.add(join_all(tickets).await).await;
    }
    crowd
}

/// What a write takes when nobody is in the room.
async fn cpu_a_write(plan: &Plan, writer: &Writer) -> f64 {
    let before = plan.cpu_us();
    writer.change(SHORT_SECONDS * A_SECOND, PACE).await;
    (plan.cpu_us() - before) / (SHORT_SECONDS * A_SECOND) as f64
}

fn by_place(answers: &Answers, places: &HashMap<(String, u64), u64>) -> HashMap<u64, Instant> {
    answers.iter().map(|(change, answer)| (places[change], answer.at)).collect()
}

fn delays_ms(arrivals: &[Arrival], answered: &HashMap<u64, Instant>) -> Vec<f64> {
    let delay = |arrival: &Arrival, place| {
        arrival.at.saturating_duration_since(answered[&place]).as_secs_f64() * 1_000.0
    };
    arrivals
        .iter()
        .flat_map(|arrival| (arrival.first..=arrival.last).map(move |place| delay(arrival, place)))
        .collect()
}
