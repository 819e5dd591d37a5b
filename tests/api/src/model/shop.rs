//! The model: a store in memory, in a few plain rules.
//!
//! Guarantees: it knows nothing of SQL; what is due counts from its moment on, because states are asked for with the
//! time. Relies on: `order_totals` for what an order comes to.

use crate::model::steps::{Line, PLACES, VARIANTS};
use serde_json::{Value, json};
use std::rc::Rc;

/// What one of each variant costs.
pub const PRICES: [i64; VARIANTS] = [333, 250, 100];

/// What does not change in a sequence.
#[derive(Debug, Clone)]
pub struct Terms {
    pub variants: Vec<String>,
    pub places: Vec<String>,
    pub rate: i64,
    pub included: bool,
    pub order_expiry_s: i64,
    pub shipping: i64,
}

#[derive(Debug, Clone)]
pub struct Hold {
    pub id: String,
    pub lines: Vec<Line>,
    /// Of each line.
    pub committed: Vec<i64>,
    pub expires_at: i64,
    /// What it became by a request.
    pub became: Option<&'static str>,
    pub version: i64,
    /// The order that it became.
    pub order: Option<usize>,
}

impl Hold {
    pub fn state(&self, now: i64) -> &'static str {
        self.became.unwrap_or(if self.expires_at <= now { "expired" } else { "open" })
    }
}

#[derive(Debug, Clone)]
pub struct Order {
    pub id: String,
    pub number: i64,
    pub lines: Vec<Line>,
    /// Of each line.
    pub returned: Vec<i64>,
    /// Where it stands by requests.
    pub stands: &'static str,
    pub expires_at: i64,
    pub was_paid: bool,
    pub total: i64,
    pub refunded: i64,
    /// The events about it, but for its expiry.
    pub told: Vec<&'static str>,
    pub hold: Option<usize>,
}

impl Order {
    pub fn state(&self, now: i64) -> &'static str {
        if self.stands == "pending" && self.expires_at <= now { "expired" } else { self.stands }
    }

    pub fn was_shipped(&self) -> bool {
        ["fulfilled", "delivered", "returned"].contains(&self.stands)
    }

    /// Of each line, what has not come back.
    pub fn out(&self) -> Vec<i64> {
        let lines = self.lines.iter().zip(&self.returned);
        lines.map(|(line, back)| if self.was_shipped() { line.2 - back } else { 0 }).collect()
    }

    pub fn told_by(&self, now: i64) -> Vec<&'static str> {
        let expired = (self.state(now) == "expired").then_some("order.expired");
        self.told.iter().copied().chain(expired).collect()
    }
}

/// A store.
#[derive(Debug, Clone)]
pub struct Shop {
    pub terms: Rc<Terms>,
    pub now: i64,
    pub on_hand: [[i64; PLACES]; VARIANTS],
    pub thresholds: [[Option<i64>; PLACES]; VARIANTS],
    pub holds: Vec<Hold>,
    pub orders: Vec<Order>,
    /// The events about stock.
    pub told: Vec<&'static str>,
}

impl Shop {
    pub fn new(terms: Terms, now: i64) -> Self {
        Self {
            terms: Rc::new(terms),
            now,
            on_hand: Default::default(),
            thresholds: Default::default(),
            holds: Vec::new(),
            orders: Vec::new(),
            told: Vec::new(),
        }
    }

    pub fn held(&self, variant: usize, place: usize) -> i64 {
        let open = self.holds.iter().filter(|hold| hold.state(self.now) == "open");
        open.map(|hold| sum(&hold.lines, variant, place)).sum()
    }

    pub fn committed(&self, variant: usize, place: usize) -> i64 {
        let keeping = self.orders.iter().filter(|order| ["pending", "paid"].contains(&order.state(self.now)));
        keeping.map(|order| sum(&order.lines, variant, place)).sum()
    }

    pub fn available(&self, variant: usize, place: usize) -> i64 {
        self.on_hand[variant][place] - self.held(variant, place) - self.committed(variant, place)
    }

    /// The level as a client sees it.
    pub fn level(&self, variant: usize, place: usize) -> Value {
        json!({
            "variant_id": self.terms.variants[variant], "location_id": self.terms.places[place],
            "on_hand": self.on_hand[variant][place], "held": self.held(variant, place),
            "committed": self.committed(variant, place), "available": self.available(variant, place),
            "threshold": self.thresholds[variant][place],
        })
    }

    /// The hold as a client sees it.
    pub fn hold_shown(&self, hold: &Hold) -> Value {
        let lines = hold.lines.iter().zip(&hold.committed).map(|(line, committed)| {
            json!({"variant_id": self.terms.variants[line.0], "location_id": self.terms.places[line.1],
                "quantity": line.2, "committed": committed})
        });
        let expired = i64::from(hold.state(self.now) == "expired");
        json!({
            "id": hold.id, "state": hold.state(self.now), "lines": lines.collect::<Vec<_>>(),
            "expires_at": moment(hold.expires_at), "version": hold.version + expired,
            "order_id": hold.order.map(|order| self.orders[order].id.as_str()),
        })
    }

    /// The order as a client sees it.
    pub fn order_shown(&self, order: &Order) -> Value {
        let told = order.told_by(self.now);
        let lines = order.lines.iter().zip(&order.returned).map(|(line, returned)| {
            json!({"variant_id": self.terms.variants[line.0], "location_id": self.terms.places[line.1],
                "quantity": line.2, "returned": returned, "unit_price": {"amount": PRICES[line.0]}})
        });
        let expires = ["pending", "expired"].contains(&order.stands).then(|| moment(order.expires_at));
        json!({
            "id": order.id, "number": order.number, "state": order.state(self.now),
            "lines": lines.collect::<Vec<_>>(), "total": {"amount": order.total},
            "refunded": {"amount": order.refunded}, "version": told.len(), "expires_at": expires,
            "hold_id": order.hold.map(|hold| self.holds[hold].id.as_str()),
            "timeline": told.iter().map(|told| json!({"type": told})).collect::<Vec<_>>(),
        })
    }

    /// The next moment at which something expires.
    pub fn next_expiry(&self) -> Option<i64> {
        let holds = self.holds.iter().filter(|hold| hold.state(self.now) == "open");
        let orders = self.orders.iter().filter(|order| order.state(self.now) == "pending");
        holds.map(|hold| hold.expires_at).chain(orders.map(|order| order.expires_at)).min()
    }
}

/// How many of a level the lines have.
pub fn sum(lines: &[Line], variant: usize, place: usize) -> i64 {
    lines.iter().filter(|line| (line.0, line.1) == (variant, place)).map(|line| line.2).sum()
}

/// A moment as clients see it.
pub fn moment(ms: i64) -> String {
    storeroom_domain::Timestamp::from_ms(ms).to_string()
}
