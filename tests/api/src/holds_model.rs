//! Random sequences of movements, holds and jumps of the clock against a model in memory.
//!
//! Guarantees: after every step, what the service shows and keeps is what the model says, and every refusal is the
//! one that the model foresees. The seed is printed; `HOLDS_SEED` repeats it.
#![allow(clippy::disallowed_methods, reason = "the seed of a run is this machine's clock")]

use crate::shelf::{Level, Shelf};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed, TestRunner};
use serde_json::{Value, json};
use std::time::SystemTime;
use storeroom_sql::{Args, Value as Cell};
use storeroom_testbed::Reply;

const SEQUENCES: u32 = 200;
const STEPS: usize = 10;

#[derive(Debug, Clone)]
enum Step {
    /// So many of a variant come or go.
    Adjust(usize, i64),
    /// So many of each variant, for so many seconds.
    Hold([i64; 2], i64),
    /// Of one of the holds, all or at most so many of its first line.
    Commit(prop::sample::Index, Option<i64>),
    Release(prop::sample::Index),
    Extend(prop::sample::Index, i64),
    /// Milliseconds go by.
    Wait(i64),
    DueWork,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let hold = any::<prop::sample::Index>;
    let step = prop_oneof![
        3 => (0..2_usize, prop_oneof![-6..0_i64, 1..9_i64]).prop_map(|(n, delta)| Step::Adjust(n, delta)),
        4 => ([0..4_i64, 0..4_i64], 1..4_i64).prop_map(|(quantities, s)| Step::Hold(quantities, s)),
        2 => (hold(), proptest::option::of(1..4_i64)).prop_map(|(hold, part)| Step::Commit(hold, part)),
        1 => hold().prop_map(Step::Release),
        1 => (hold(), 1..4_i64).prop_map(|(hold, s)| Step::Extend(hold, s)),
        3 => prop_oneof![Just(1), Just(999), Just(1_000), 1..3_000_i64].prop_map(Step::Wait),
        1 => Just(Step::DueWork),
    ];
    prop::collection::vec(step, 1..=STEPS)
}

/// A hold as the model knows it.
#[derive(Debug, Clone)]
struct Held {
    id: String,
    quantities: [i64; 2],
    expires_at: i64,
    /// What it was resolved to by a request.
    became: Option<&'static str>,
}

impl Held {
    fn state(&self, now: i64) -> &'static str {
        self.became.unwrap_or(if self.expires_at <= now { "expired" } else { "open" })
    }

    /// What a request to resolve or extend it is refused with.
    fn refusal(&self, now: i64) -> Option<&'static str> {
        match self.state(now) {
            "committed" => Some("hold-already-committed"),
            "released" => Some("hold-already-released"),
            "expired" => Some("hold-expired"),
            _ => None,
        }
    }
}

struct Model {
    on_hand: [i64; 2],
    holds: Vec<Held>,
    now: i64,
    /// Where the log stood when it began.
    begin: i64,
}

impl Model {
    fn held(&self, variant: usize) -> i64 {
        let open = self.holds.iter().filter(|hold| hold.state(self.now) == "open");
        open.map(|hold| hold.quantities[variant]).sum()
    }

    fn available(&self, variant: usize) -> i64 {
        self.on_hand[variant] - self.held(variant)
    }
}

/// A service and what the model says of it.
struct Trial<'a> {
    shelf: &'a Shelf,
    model: Model,
}

impl Trial<'_> {
    async fn step(&mut self, step: &Step) {
        match step {
            Step::Adjust(variant, delta) => self.adjust(*variant, *delta).await,
            Step::Hold(quantities, seconds) => self.hold(*quantities, *seconds).await,
            Step::Commit(hold, part) => self.resolve(hold, "commit", *part).await,
            Step::Release(hold) => self.resolve(hold, "release", None).await,
            Step::Extend(hold, seconds) => self.extend(hold, *seconds).await,
            Step::Wait(ms) => {
                self.shelf.bed.clock.advance(*ms);
                self.model.now += ms;
            }
            Step::DueWork => drop(storeroom_inventory::due::run(&self.shelf.bed.ports).await.unwrap()),
        }
    }

    async fn adjust(&mut self, variant: usize, delta: i64) {
        let line = json!({"variant_id": self.shelf.variants[variant], "delta": delta, "reason": "count"});
        let reply = self.shelf.post("/adjust", Some(json!({"lines": [line]}))).await;
        let fits = self.model.available(variant) + delta >= 0;
        expect(&reply, (!fits).then_some("insufficient-stock"));
        if fits {
            self.model.on_hand[variant] += delta;
        }
    }

    async fn hold(&mut self, quantities: [i64; 2], seconds: i64) {
        let wanted = [0, 1].into_iter().filter(|n| quantities[*n] > 0);
        let lines: Vec<Value> = wanted.map(|n| self.shelf.line(n, quantities[n])).collect();
        let reply = self.shelf.post("/holds", Some(json!({"lines": lines, "expires_in": seconds}))).await;
        if quantities == [0, 0] {
            return expect(&reply, Some("validation-failed"));
        }
        let fits = [0, 1].iter().all(|n| quantities[*n] <= self.model.available(*n));
        expect(&reply, (!fits).then_some("insufficient-stock"));
        if fits {
            let id = reply.json()["id"].as_str().unwrap().to_owned();
            let expires_at = self.model.now + seconds * 1_000;
            self.model.holds.push(Held { id, quantities, expires_at, became: None });
        }
    }

    fn pick(&mut self, hold: &prop::sample::Index) -> Option<(usize, Held)> {
        let count = self.model.holds.len();
        let index = (count > 0).then(|| hold.index(count))?;
        Some((index, self.model.holds[index].clone()))
    }

    async fn resolve(&mut self, hold: &prop::sample::Index, verb: &str, part: Option<i64>) {
        let Some((index, held)) = self.pick(hold) else { return };
        let first = usize::from(held.quantities[0] == 0);
        let part = part.map(|part| part.min(held.quantities[first]));
        let body = part.map(|part| json!({"lines": [self.shelf.line(first, part)]}));
        let reply = self.shelf.change(&held.id, verb, body).await;
        expect(&reply, held.refusal(self.model.now));
        if reply.status() != 200 {
            return;
        }
        self.model.holds[index].became = Some(if verb == "commit" { "committed" } else { "released" });
        if verb == "commit" {
            for variant in 0..2 {
                let committed = match part {
                    Some(part) if variant == first => part,
                    Some(_) => 0,
                    None => held.quantities[variant],
                };
                self.model.on_hand[variant] -= committed;
            }
        }
    }

    async fn extend(&mut self, hold: &prop::sample::Index, seconds: i64) {
        let Some((index, held)) = self.pick(hold) else { return };
        let reply = self.shelf.change(&held.id, "extend", Some(json!({"expires_in": seconds}))).await;
        expect(&reply, held.refusal(self.model.now));
        if reply.status() == 200 {
            self.model.holds[index].expires_at = self.model.now + seconds * 1_000;
        }
    }

    /// What is shown is what the model says; what is stored adds up.
    async fn check(&self) {
        let stocked = self.shelf.stocked().await;
        for (variant, stocked) in stocked.into_iter().enumerate() {
            let (on_hand, held) = (self.model.on_hand[variant], self.model.held(variant));
            let expected = Level { on_hand, held, available: on_hand - held };
            assert_eq!((stocked.level, stocked.folded), (expected, [on_hand, held]));
            assert!(expected.available >= 0);
        }
    }

    /// Once every hold has resolved: each did so once, its document says so, and the log tells of it without holes.
    async fn check_end(&mut self) {
        self.shelf.bed.clock.advance(10_000);
        self.model.now += 10_000;
        for held in &self.model.holds {
            assert_eq!(self.shelf.read(&held.id).await["state"], held.state(self.model.now));
        }
        storeroom_inventory::due::run(&self.shelf.bed.ports).await.unwrap();
        self.check().await;
        for held in &self.model.holds {
            let told = self.told(&held.id).await;
            let last = format!("hold.{}", held.state(self.model.now));
            assert_eq!(told, ["hold.created", last.as_str()], "{} did not resolve once", held.id);
        }
        let sums = "SELECT count(*) FROM levels l WHERE l.store_id = :store AND l.held <> coalesce((SELECT \
            sum(quantity) FROM hold_lines h WHERE h.store_id = l.store_id AND h.variant_id = l.variant_id \
            AND h.location_id = l.location_id AND h.open_until IS NOT NULL), 0)";
        assert_eq!(self.rows(sums).await, [[Cell::Integer(0)]], "a level holds what no hold has");
        let holes = "SELECT s.seq - count(*), s.seq - max(e.seq) FROM stores s JOIN events e ON e.store_id = s.id \
            WHERE s.id = :store";
        assert_eq!(self.rows(holes).await, [[Cell::Integer(0), Cell::Integer(0)]], "the log has a hole");
        let unmoved = "SELECT seq FROM ledger WHERE store_id = :store AND seq > (SELECT count(*) FROM ledger \
            WHERE store_id = :store)";
        assert_eq!(self.rows(unmoved).await, [] as [Vec<Cell>; 0], "the ledger has a hole");
    }

    /// The types of the events about a hold, in order.
    async fn told(&self, hold: &str) -> Vec<String> {
        let args =
            Args::new().with("store", self.shelf.bed.store.to_string()).with("after", self.model.begin);
        let sql = "SELECT type FROM events WHERE store_id = :store AND seq > :after AND subject = :hold ORDER BY seq";
        let rows = self.shelf.bed.sql(sql, args.with("hold", hold)).await;
        let text = |row: Vec<Cell>| match row.into_iter().next() {
            Some(Cell::Text(text)) => text,
            other => panic!("{other:?}"),
        };
        rows.into_iter().map(text).collect()
    }

    async fn rows(&self, sql: &'static str) -> Vec<Vec<Cell>> {
        self.shelf.bed.sql(sql, Args::new().with("store", self.shelf.bed.store.to_string())).await
    }
}

/// The reply is a success, or refused with that code.
fn expect(reply: &Reply, refusal: Option<&str>) {
    assert_eq!(reply.code(), refusal.unwrap_or_default(), "{}", reply.text());
    assert_eq!((reply.status() < 300, reply.round_trips <= 1), (refusal.is_none(), true), "{}", reply.text());
}

fn seed() -> u64 {
    let given = std::env::var("HOLDS_SEED").ok().and_then(|text| text.parse().ok());
    let seed = given.unwrap_or_else(|| {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
        u64::from(since.subsec_nanos())
    });
    println!("HOLDS_SEED={seed}");
    seed
}

#[test]
fn every_sequence_is_as_the_model_says() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let shelf = std::cell::RefCell::new(runtime.block_on(Shelf::with([0, 0])));
    let config = Config {
        cases: SEQUENCES,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(seed()),
        ..Config::default()
    };
    let result = TestRunner::new(config).run(&steps(), |steps| {
        let mut shelf = shelf.borrow_mut();
        runtime.block_on(async {
            shelf.renew().await;
            let now = shelf.bed.ports.clock.now().ms();
            let model = Model { on_hand: [0, 0], holds: Vec::new(), now, begin: 0 };
            let mut trial = Trial { shelf: &shelf, model };
            let seq = trial.rows("SELECT seq FROM stores WHERE id = :store").await;
            let Cell::Integer(seq) = seq[0][0] else { panic!("{seq:?}") };
            trial.model.begin = seq;
            trial.step(&Step::Adjust(0, 5)).await;
            for step in &steps {
                trial.step(step).await;
                trial.check().await;
            }
            trial.check_end().await;
        });
        Ok(())
    });
    result.unwrap_or_else(|error| panic!("{error}"));
}
