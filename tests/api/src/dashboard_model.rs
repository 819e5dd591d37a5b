//! Random lives of orders at random moments, in many time zones, against a fold in memory.
//!
//! Guarantees: days, weeks, the last 30 days and the table of products are each what the fold says, so they add up to
//! the same; and what the migration would make of the orders is what the triggers have kept. The seed is printed;
//! `SALES_SEED` repeats it.
#![allow(clippy::disallowed_methods, reason = "the seed of a run is this machine's clock")]

use crate::dashboard::{Till, eur, numbers};
use crate::dashboard_migration;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::{Config, RngSeed, TestRunner};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::SystemTime;
use storeroom_domain::{LocalDate, Timestamp, Zone};

const SEQUENCES: u32 = 200;
const STEPS: usize = 6;
const PRICE: i64 = 1_200;

/// Zones with whole, half and quarter hours, and some whose clocks skip a midnight.
const ZONES: &[&str] = &[
    "UTC",
    "Europe/Berlin",
    "Asia/Kathmandu",
    "America/St_Johns",
    "America/Santiago",
    "Africa/Cairo",
    "Pacific/Kiritimati",
    "Pacific/Pago_Pago",
    "Pacific/Chatham",
    "Australia/Lord_Howe",
];

/// Moments near which the days of some zone change their length.
const TURNS: &[&str] =
    &["2026-03-29T01:00:00Z", "2026-10-25T01:00:00Z", "2026-04-23T22:00:00Z", "2026-09-06T04:00:00Z"];

#[derive(Debug, Clone)]
enum Step {
    /// An order of so many, with so much for shipping, is paid so many milliseconds after it was placed, if at all.
    Sell {
        at: i64,
        quantity: i64,
        shipping: i64,
        paid_after_ms: Option<i64>,
    },
    Cancel(Index, i64),
    Ship(Index, i64),
    Refund(Index, i64, i64),
    Return(Index, i64, i64),
}

fn moment() -> impl Strategy<Value = i64> {
    let ms = |text: &str| Timestamp::parse(text).unwrap().ms();
    let (begin, end) = (ms("2026-02-01T00:00:00Z"), ms("2026-12-01T00:00:00Z"));
    let turns: Vec<i64> = TURNS.iter().map(|turn| ms(turn)).collect();
    let near = (select(turns), -200..200_i64).prop_map(|(turn, quarters)| turn + quarters * 900_000);
    let brink = prop_oneof![Just(0), Just(-1), Just(1)];
    prop_oneof![begin..end, (near, brink).prop_map(|(at, ms)| at + ms)]
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let order = any::<Index>;
    let pay = prop_oneof![1 => Just(None), 5 => (0..1_799_999_i64).prop_map(Some)];
    let sell = (moment(), 1..5_i64, 0..500_i64, pay).prop_map(|(at, quantity, shipping, paid_after_ms)| {
        Step::Sell { at, quantity, shipping, paid_after_ms }
    });
    let step = prop_oneof![
        4 => sell,
        1 => (order(), moment()).prop_map(|(order, at)| Step::Cancel(order, at)),
        2 => (order(), moment()).prop_map(|(order, at)| Step::Ship(order, at)),
        2 => (order(), moment(), 1..3_000_i64).prop_map(|(order, at, amount)| Step::Refund(order, at, amount)),
        2 => (order(), moment(), 1..4_i64).prop_map(|(order, at, quantity)| Step::Return(order, at, quantity)),
    ];
    prop::collection::vec(step, 1..=STEPS)
}

/// An order as the model knows it.
#[derive(Debug, Clone)]
struct Sold {
    order: Value,
    state: &'static str,
    paid_at: i64,
    quantity: i64,
    total: i64,
    refunded: i64,
    returned: i64,
}

/// A service, and everything that ever counted: its moment and its figures.
struct Trial {
    till: Till,
    orders: Vec<Sold>,
    unpaid: i64,
    counted: Vec<(i64, [i64; 5])>,
}

impl Trial {
    async fn step(&mut self, step: &Step) {
        match step {
            Step::Sell { at, quantity, shipping, paid_after_ms } => {
                self.sell(*at, *quantity, *shipping, *paid_after_ms).await;
            }
            Step::Cancel(order, at) => self.cancel(order, *at).await,
            Step::Ship(order, at) => self.ship(order, *at).await,
            Step::Refund(order, at, amount) => self.refund(order, *at, *amount).await,
            Step::Return(order, at, quantity) => self.take_back(order, *at, *quantity).await,
        }
    }

    fn turn_to(&self, ms: i64) {
        self.till.turn_to(&Timestamp::from_ms(ms).to_string());
    }

    async fn sell(&mut self, at: i64, quantity: i64, shipping: i64, paid_after_ms: Option<i64>) {
        self.turn_to(at);
        let body = json!({"lines": [self.till.line(0, quantity)], "shipping": eur(shipping),
            "customer": {"email": "ann@example.org"}});
        let order = self.till.post_to("/api/pms/orders", Some(body)).await.json();
        let Some(after_ms) = paid_after_ms else {
            self.unpaid += 1;
            return;
        };
        self.turn_to(at + after_ms);
        self.till.pay(&order).await;
        let total = quantity * PRICE + shipping;
        assert_eq!(order["total"], eur(total));
        self.counted.push((at + after_ms, [1, quantity, total, 0, 0]));
        let paid_at = at + after_ms;
        self.orders.push(Sold { order, state: "paid", paid_at, quantity, total, refunded: 0, returned: 0 });
    }

    /// Does something to one of the orders, which succeeds if it may.
    async fn act(&mut self, order: usize, at: i64, verb: &str, body: Option<Value>, may: bool) -> bool {
        self.turn_to(at);
        let reply = self.till.act(&self.orders[order].order, verb, body).await;
        assert_eq!(reply.status() == 200, may, "{verb} {:?}: {}", self.orders[order], reply.text());
        may
    }

    fn pick(&self, order: &Index) -> Option<usize> {
        (!self.orders.is_empty()).then(|| order.index(self.orders.len()))
    }

    async fn cancel(&mut self, order: &Index, at: i64) {
        let Some(n) = self.pick(order) else { return };
        let may = self.orders[n].state == "paid";
        if self.act(n, at, "cancel", Some(json!({"reason": "none"})), may).await {
            let Sold { paid_at, quantity, total, .. } = self.orders[n];
            self.orders[n].state = "cancelled";
            self.counted.push((paid_at, [-1, -quantity, -total, 0, 0]));
        }
    }

    async fn ship(&mut self, order: &Index, at: i64) {
        let Some(n) = self.pick(order) else { return };
        let may = self.orders[n].state == "paid";
        if self.act(n, at, "fulfil", None, may).await {
            self.orders[n].state = "fulfilled";
        }
    }

    async fn refund(&mut self, order: &Index, at: i64, amount: i64) {
        let Some(n) = self.pick(order) else { return };
        let may = self.orders[n].refunded + amount <= self.orders[n].total;
        let body = json!({"amount": eur(amount), "reason": "broken"});
        if self.act(n, at, "refund", Some(body), may).await {
            self.orders[n].refunded += amount;
            self.counted.push((at, [0, 0, 0, amount, 0]));
        }
    }

    async fn take_back(&mut self, order: &Index, at: i64, quantity: i64) {
        let Some(n) = self.pick(order) else { return };
        let Sold { state, quantity: shipped, returned, .. } = self.orders[n];
        let may = matches!(state, "fulfilled" | "returned") && returned + quantity <= shipped;
        let body = json!({"lines": [self.till.line(0, quantity)], "restock": true});
        if self.act(n, at, "return", Some(body), may).await {
            self.orders[n].state = "returned";
            self.orders[n].returned += quantity;
            self.counted.push((at, [0, 0, 0, 0, quantity]));
        }
    }

    /// What counted in each local day, by the date that the clocks of the zone showed at its moment.
    fn days(&self, zone: &Zone) -> BTreeMap<LocalDate, [i64; 5]> {
        let mut days = BTreeMap::<_, [i64; 5]>::new();
        for (at, figures) in &self.counted {
            let day = days.entry(zone.date_at(Timestamp::from_ms(*at))).or_default();
            *day = sum([*day, *figures]);
        }
        days.retain(|_, figures| *figures != [0; 5]);
        days
    }

    /// All that is shown is what the fold says.
    async fn check(&self, timezone: &'static str, at: i64) {
        self.till.move_to(timezone).await;
        self.turn_to(at);
        let zone = Zone::parse(timezone).unwrap();
        let days = self.days(&zone);
        let year = "?from=2026-01-01&to=2026-12-31";
        let expected: Vec<_> = days.iter().map(|(date, figures)| (date.to_string(), *figures)).collect();
        assert_eq!(self.till.days(year).await, expected, "{timezone}");
        let all = sum(days.values().copied());
        let weeks = self.till.days(&format!("{year}&by=week")).await;
        assert_eq!(sum(weeks.into_iter().map(|(_, figures)| figures)), all);
        self.check_products(year, all).await;
        let today = zone.date_at(Timestamp::from_ms(at));
        let month = sum(days.range(today.plus_days(-29)..=today).map(|(_, figures)| *figures));
        let seen = self.till.see("").await;
        assert_eq!(numbers(&seen["last_30_days"]), month, "{timezone} {today}");
        assert_eq!(numbers(&seen["today"]), days.get(&today).copied().unwrap_or_default());
        for by in ["day", "week"] {
            let parts = self.till.days(&format!("?by={by}")).await;
            assert_eq!(sum(parts.into_iter().map(|(_, figures)| figures)), month, "by {by}");
        }
    }

    async fn check_products(&self, range: &str, [_, units, _, _, returns]: [i64; 5]) {
        let table = self.till.see(&format!("/products{range}")).await;
        let row = &table["items"][0];
        let expected = json!([units, eur(units * PRICE), returns]);
        if (units, returns) == (0, 0) {
            assert_eq!(table["items"], json!([]));
        } else {
            assert_eq!(json!([row["units"], row["revenue"], row["returns"]]), expected);
        }
    }

    /// At last nothing is open any more.
    async fn check_states(&self) {
        self.till.turn_to("2027-01-01T00:00:00Z");
        let seen = self.till.see("").await["orders_by_state"].clone();
        let count = |state: &str| self.orders.iter().filter(|order| order.state == state).count();
        for state in ["paid", "fulfilled", "cancelled", "returned"] {
            assert_eq!(seen[state], json!(count(state)), "{state}: {seen}");
        }
        assert_eq!((&seen["pending"], &seen["expired"]), (&json!(0), &json!(self.unpaid)));
    }
}

fn sum(figures: impl IntoIterator<Item = [i64; 5]>) -> [i64; 5] {
    figures.into_iter().fold([0; 5], |sum, figures| std::array::from_fn(|n| sum[n] + figures[n]))
}

fn seed() -> u64 {
    let given = std::env::var("SALES_SEED").ok().and_then(|text| text.parse().ok());
    let seed = given.unwrap_or_else(|| {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
        u64::from(since.subsec_nanos())
    });
    println!("SALES_SEED={seed}");
    seed
}

#[test]
fn every_life_adds_up() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let till = runtime.block_on(Till::ageless([1_000_000, 0], "UTC"));
    let trial = std::cell::RefCell::new(Trial { till, orders: Vec::new(), unpaid: 0, counted: Vec::new() });
    let config = Config {
        cases: SEQUENCES,
        failure_persistence: None,
        max_shrink_iters: 0,
        rng_seed: RngSeed::Fixed(seed()),
        ..Config::default()
    };
    let lives = (steps(), select(ZONES), moment());
    let result = TestRunner::new(config).run(&lives, |(steps, zone, at)| {
        let mut trial = trial.borrow_mut();
        runtime.block_on(async {
            for step in &steps {
                trial.step(step).await;
            }
            trial.check(zone, at).await;
        });
        Ok(())
    });
    result.unwrap_or_else(|error| panic!("{error}"));
    let trial = trial.borrow();
    runtime.block_on(async {
        trial.check_states().await;
        dashboard_migration::check(&trial.till).await;
    });
}
