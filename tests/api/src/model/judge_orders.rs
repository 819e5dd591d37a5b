//! What a request must be answered, and what it does to the store: orders.
//!
//! Guarantees: as `judge`. The edges between states are the contract's, written down a second time.

use crate::model::judge::{Judgement, Refusal, judge_lines, refused, taken};
use crate::model::request::Meant;
use crate::model::shop::{Order, PRICES, Shop};
use crate::model::steps::{Line, VARIANTS};
use crate::order_totals::{Tax, totals};
use serde_json::json;

/// What happens to an order: the verb, the states it starts from, where it leads, the event.
const EDGES: [(&str, &[&str], &str, &str); 5] = [
    ("pay", &["pending"], "paid", "order.paid"),
    ("fulfil", &["paid"], "fulfilled", "order.fulfilled"),
    ("deliver", &["fulfilled"], "delivered", "order.delivered"),
    ("cancel", &["pending", "paid"], "cancelled", "order.cancelled"),
    ("return", &["fulfilled", "delivered", "returned"], "returned", "order.returned"),
];

impl Shop {
    /// As `apply`, for orders.
    pub fn apply_order(&mut self, meant: &Meant) -> Judgement {
        match meant {
            Meant::Place { lines, hold, expected } => self.placed(lines, *hold, *expected),
            Meant::Act { order, verb } => self.act_on(*order, verb),
            Meant::Return { order, part, restock } => self.returned(*order, *part, *restock),
            Meant::Refund { order, amount } => self.refunded(*order, *amount),
            _ => unreachable!("{meant:?} is about no order"),
        }
    }

    fn placed(&mut self, lines: &[Line], hold: Option<usize>, expected: Option<i64>) -> Judgement {
        judge_lines(lines)?;
        let mut after = self.clone();
        if let Some(hold) = hold {
            after.take(hold, lines)?;
        }
        if lines.iter().any(|line| line.0 == VARIANTS - 1) {
            return Err(refused("product-not-available"));
        }
        if let Some(expected) = expected.filter(|expected| *expected != PRICES[lines[0].0]) {
            let prices = json!({"pointer": "/lines/0", "expected": {"amount": expected}, "unit_price": {"amount": PRICES[lines[0].0]}});
            return Err(Refusal { code: "price-changed", shown: json!({"lines": [prices]}) });
        }
        after.judge_available(&taken(lines))?;
        after.orders.push(after.new_order(lines, hold));
        *self = after;
        let mut shown = self.order_shown(&self.orders[self.orders.len() - 1]);
        shown.as_object_mut().unwrap().remove("id");
        Ok(shown)
    }

    /// Resolves the hold for the order that comes next.
    fn take(&mut self, hold: usize, lines: &[Line]) -> Result<(), Refusal> {
        self.open(hold)?;
        let order = self.orders.len();
        let hold = &mut self.holds[hold];
        for (line, committed) in hold.lines.iter().zip(&mut hold.committed) {
            let wanted = lines.iter().find(|wanted| (wanted.0, wanted.1) == (line.0, line.1));
            *committed = wanted.map_or(0, |wanted| wanted.2.min(line.2));
        }
        (hold.became, hold.order) = (Some("committed"), Some(order));
        hold.version += 1;
        Ok(())
    }

    fn new_order(&self, lines: &[Line], hold: Option<usize>) -> Order {
        let priced: Vec<(i64, i64)> = lines.iter().map(|line| (line.2, PRICES[line.0])).collect();
        let tax = Tax { rate: self.terms.rate, included: self.terms.included };
        Order {
            id: String::new(),
            number: self.orders.len() as i64 + 1,
            lines: lines.to_vec(),
            returned: vec![0; lines.len()],
            stands: "pending",
            expires_at: self.now + self.terms.order_expiry_s * 1_000,
            was_paid: false,
            total: totals(&priced, tax, self.terms.shipping).total,
            refunded: 0,
            told: vec!["order.created"],
            hold,
        }
    }

    /// Moves the order's state, or refuses.
    fn lead(&mut self, order: usize, verb: &str) -> Result<(), Refusal> {
        let (_, sources, target, event) = EDGES.into_iter().find(|edge| edge.0 == verb).unwrap();
        let state = self.orders[order].state(self.now);
        let is_back = state == "returned" && self.orders[order].out().iter().all(|out| *out == 0);
        if !sources.contains(&state) || is_back {
            return Err(self.illegal(order));
        }
        self.orders[order].stands = target;
        self.orders[order].told.push(event);
        Ok(())
    }

    /// The refusal that shows where the order stands and where that leads.
    fn illegal(&self, order: usize) -> Refusal {
        let order = &self.orders[order];
        let allowed = match order.state(self.now) {
            "pending" => vec!["paid", "cancelled"],
            "paid" => vec!["fulfilled", "cancelled"],
            "fulfilled" => vec!["delivered", "returned"],
            "delivered" => vec!["returned"],
            "returned" if order.out().iter().any(|out| *out > 0) => vec!["returned"],
            _ => Vec::new(),
        };
        Refusal {
            code: "illegal-transition",
            shown: json!({"state": order.state(self.now), "allowed": allowed}),
        }
    }

    fn act_on(&mut self, order: usize, verb: &str) -> Judgement {
        self.lead(order, verb)?;
        match verb {
            "pay" => self.orders[order].was_paid = true,
            "fulfil" => {
                for line in self.orders[order].lines.clone() {
                    self.on_hand[line.0][line.1] -= line.2;
                }
            }
            _ => {}
        }
        Ok(self.order_shown(&self.orders[order]))
    }

    fn returned(&mut self, order: usize, part: Option<Line>, restock: bool) -> Judgement {
        let out = self.orders[order].out();
        if part.is_some_and(|part| self.orders[order].was_shipped() && part.2 > out[0]) {
            return Err(refused("validation-failed"));
        }
        self.lead(order, "return")?;
        let coming = part.map_or(out, |part| vec![part.2]);
        for (nth, number) in coming.into_iter().enumerate() {
            let line = self.orders[order].lines[nth];
            self.orders[order].returned[nth] += number;
            if restock {
                self.on_hand[line.0][line.1] += number;
            }
        }
        Ok(self.order_shown(&self.orders[order]))
    }

    fn refunded(&mut self, order: usize, amount: i64) -> Judgement {
        let known = &self.orders[order];
        if !known.was_paid || known.refunded >= known.total {
            return Err(self.illegal(order));
        }
        if known.refunded + amount > known.total {
            return Err(refused("validation-failed"));
        }
        self.orders[order].refunded += amount;
        self.orders[order].told.push("order.refunded");
        Ok(self.order_shown(&self.orders[order]))
    }
}
