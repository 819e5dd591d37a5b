//! Bursts.

use super::bench::*;
use super::presence::exhaust;
use crate::protocol::GATHER_MS;
use crate::*;
use serde_json::json;

fn tick(effects: &[Effect]) -> Option<i64> {
    effects.iter().find_map(|effect| match effect {
        Effect::Tick { in_ms } => Some(*in_ms),
        _ => None,
    })
}

fn bench() -> Bench {
    let mut bench = Bench::with_log(0);
    bench.join(1, json!({"t": "hello"}));
    bench.sent.clear();
    bench
}

#[test]
fn g1_a_few_events_leave_at_once() {
    let mut bench = bench();
    for seq in 1..=50 {
        let nudge = bench.commit(&["product.created"]);
        let effects = bench.step(nudge);
        assert_eq!((bench.events(1).0, tick(&effects)), (vec![seq], None));
    }
}

#[test]
fn g2_a_burst_is_gathered_into_one_frame() {
    let mut bench = bench();
    exhaust(&mut bench);
    let nudges: Vec<Input> = (0..20).map(|_| bench.commit(&["product.created"])).collect();
    let mut ticks = Vec::new();
    for nudge in nudges.into_iter().rev() {
        ticks.extend(tick(&bench.step(nudge)));
    }
    assert_eq!((bench.take(1).len(), ticks), (0, vec![GATHER_MS]), "one tick for all");
    bench.now_ms += GATHER_MS;
    bench.run(Input::Tick);
    let frames = bench.take(1);
    assert_eq!((frames.len(), seqs(&frames[0])), (1, (1..=20).collect()), "also when they came in disorder");
    assert_eq!(bench.looks, 1, "the hello's");
}

#[test]
fn g3_nothing_waits_longer_than_50_ms() {
    let mut bench = bench();
    exhaust(&mut bench);
    let mut waiting_since = Vec::new();
    for _ in 0..40 {
        exhaust(&mut bench);
        waiting_since.push(bench.now_ms);
        let nudge = bench.commit(&["product.created"]);
        bench.run(nudge);
        bench.now_ms += 7;
        bench.run(Input::Tick);
        for seq in bench.events(1).0 {
            let waited = bench.now_ms - waiting_since[usize::try_from(seq - 1).unwrap()];
            assert!(waited <= GATHER_MS + 7, "{seq} waited {waited} ms");
        }
    }
    assert!(bench.head() == 40);
}

#[test]
fn g4_a_clock_that_is_set_back_keeps_nothing_waiting() {
    let mut bench = bench();
    bench.now_ms = 1_000_000;
    for sent in [1, 0] {
        let nudge = bench.commit(&["product.created"]);
        bench.run(nudge);
        assert_eq!(bench.take(1).len(), sent);
        exhaust(&mut bench);
    }
    bench.now_ms = 10;
    bench.run(Input::Tick);
    assert_eq!(bench.events(1).0, [2]);
}

#[test]
fn g5_what_a_lost_memory_gathered_is_made_good() {
    let mut bench = bench();
    exhaust(&mut bench);
    let nudge = bench.commit(&["product.created"]);
    bench.run(nudge);
    bench.sleep();
    bench.run(Input::Head { epoch: 1, head: 1 });
    assert_eq!(bench.events(1).0, [1]);
}
