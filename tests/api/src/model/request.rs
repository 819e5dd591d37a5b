//! Steps as requests: what is meant, with the holds, orders and numbers of the moment.

use crate::model::shop::{PRICES, Shop};
use crate::model::steps::{Amount, Ask, Line, Price, VARIANTS};
use crate::orders::customer;
use serde_json::{Value, json};

/// What a request means.
#[derive(Debug, Clone, PartialEq)]
pub enum Meant {
    Adjust(Vec<Line>),
    Set { line: Line, from: i64 },
    Transfer { from: usize, lines: Vec<Line> },
    Threshold(Line),
    Hold { lines: Vec<Line>, seconds: i64 },
    Commit { hold: usize, part: Option<Line> },
    Release(usize),
    Extend(usize, i64),
    Place { lines: Vec<Line>, hold: Option<usize>, expected: Option<i64> },
    Act { order: usize, verb: &'static str },
    Return { order: usize, part: Option<Line>, restock: bool },
    Refund { order: usize, amount: i64 },
    Reconcile,
}

/// A request.
#[derive(Debug, Clone)]
pub struct Request {
    pub meant: Meant,
    pub method: &'static str,
    pub path: String,
    pub body: Option<Value>,
}

impl Meant {
    /// What counts as one operation.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Adjust(_) => "adjust",
            Self::Set { .. } => "set",
            Self::Transfer { .. } => "transfer",
            Self::Threshold(_) => "threshold",
            Self::Hold { .. } => "hold",
            Self::Commit { .. } => "commit",
            Self::Release(_) => "release",
            Self::Extend(..) => "extend",
            Self::Place { hold: None, .. } => "place",
            Self::Place { .. } => "place from a hold",
            Self::Act { verb, .. } => verb,
            Self::Return { .. } => "return",
            Self::Refund { .. } => "refund",
            Self::Reconcile => "reconcile",
        }
    }
}

impl Shop {
    /// The request; `None` when there is no hold or order yet that it could be about.
    pub fn request(&self, ask: &Ask) -> Option<Request> {
        match ask {
            Ask::Hold(..) | Ask::Commit(..) | Ask::Release(_) | Ask::Extend(..) => self.about_hold(ask),
            Ask::Place(lines, hold, price) => Some(self.place(lines, *hold, *price)),
            Ask::Pay(_)
            | Ask::Fulfil(_)
            | Ask::Deliver(_)
            | Ask::Cancel(_)
            | Ask::Return(..)
            | Ask::Refund(..) => self.about_order(ask),
            _ => Some(self.about_stock(ask)),
        }
    }

    fn about_stock(&self, ask: &Ask) -> Request {
        match ask {
            Ask::Set(line, is_stale) => {
                let from = self.on_hand[line.0][line.1] + i64::from(*is_stale);
                let said = json!({"on_hand": line.2, "from": from, "reason": "count"});
                let body = json!({"lines": [self.line_with(line, &said)]});
                stock("/set", Meant::Set { line: *line, from }, body)
            }
            Ask::Transfer(from, numbers) => self.transfer(*from, numbers),
            Ask::Threshold(line) => {
                let body = json!({"lines": [self.line_with(line, &json!({"threshold": line.2}))]});
                Request { method: "PUT", ..stock("/thresholds", Meant::Threshold(*line), body) }
            }
            Ask::Reconcile(repair) => stock("/reconcile", Meant::Reconcile, json!({"repair": repair})),
            Ask::Adjust(lines) => self.adjust(lines),
            _ => self.adjust(&[]),
        }
    }

    /// A movement of these levels.
    pub fn adjust(&self, lines: &[Line]) -> Request {
        let lines = some(lines);
        let printed =
            lines.iter().map(|line| self.line_with(line, &json!({"delta": line.2, "reason": "count"})));
        let body = json!({"lines": printed.collect::<Vec<_>>()});
        stock("/adjust", Meant::Adjust(lines), body)
    }

    fn transfer(&self, from: usize, numbers: &[i64; 2]) -> Request {
        let lines = some(&[Line(0, from, numbers[0]), Line(1, from, numbers[1])]);
        let printed =
            lines.iter().map(|line| json!({"variant_id": self.terms.variants[line.0], "quantity": line.2}));
        let body = json!({
            "from_location_id": self.terms.places[from], "to_location_id": self.terms.places[1 - from],
            "lines": printed.collect::<Vec<_>>(),
        });
        stock("/transfer", Meant::Transfer { from, lines }, body)
    }

    fn about_hold(&self, ask: &Ask) -> Option<Request> {
        if let Ask::Hold(lines, seconds) = ask {
            let lines = some(lines);
            let body = json!({"lines": self.lines(&lines), "expires_in": seconds});
            return Some(stock("/holds", Meant::Hold { lines, seconds: *seconds }, body));
        }
        let (Ask::Commit(back, _) | Ask::Release(back) | Ask::Extend(back, _)) = ask else { return None };
        let hold = nth(self.holds.len(), *back)?;
        let path = |verb| format!("/holds/{}/{verb}", self.holds[hold].id);
        Some(match ask {
            Ask::Extend(_, seconds) => {
                stock(&path("extend"), Meant::Extend(hold, *seconds), json!({"expires_in": seconds}))
            }
            Ask::Commit(_, part) => {
                let first = self.holds[hold].lines[0];
                let part = part.map(|number| Line(first.0, first.1, number));
                let body = part.map_or_else(|| json!({}), |part| json!({"lines": self.lines(&[part])}));
                stock(&path("commit"), Meant::Commit { hold, part }, body)
            }
            _ => Request { body: None, ..stock(&path("release"), Meant::Release(hold), Value::Null) },
        })
    }

    fn place(&self, lines: &[Line; 3], hold: Option<usize>, price: Price) -> Request {
        let lines = some(lines);
        let hold = hold.and_then(|back| nth(self.holds.len(), back));
        let first = lines.first().map_or(0, |line| PRICES[line.0]);
        let expected = match price {
            Price::Unsaid => None,
            Price::Right => Some(first),
            Price::Wrong => Some(first + 1),
        };
        let mut body = json!({
            "lines": self.lines(&lines), "customer": customer(), "shipping": euros(self.terms.shipping),
            "hold_id": hold.map(|hold| self.holds[hold].id.as_str()),
        });
        if let (Some(expected), true) = (expected, !lines.is_empty()) {
            body["lines"][0]["expected_unit_price"] = euros(expected);
        }
        let path = "/api/pms/orders".to_owned();
        Request { meant: Meant::Place { lines, hold, expected }, method: "POST", path, body: Some(body) }
    }

    fn about_order(&self, ask: &Ask) -> Option<Request> {
        let (Ask::Pay(back) | Ask::Fulfil(back) | Ask::Deliver(back) | Ask::Cancel(back)) = ask else {
            return self.give_back(ask);
        };
        let order = nth(self.orders.len(), *back)?;
        let (verb, body) = match ask {
            Ask::Pay(_) => ("pay", Some(json!({"payment_reference": "pi_1"}))),
            Ask::Fulfil(_) => ("fulfil", Some(json!({"tracking": "1Z"}))),
            Ask::Cancel(_) => ("cancel", Some(json!({"reason": "regret"}))),
            _ => ("deliver", None),
        };
        Some(self.act(order, verb, Meant::Act { order, verb }, body))
    }

    fn give_back(&self, ask: &Ask) -> Option<Request> {
        let (Ask::Return(back, ..) | Ask::Refund(back, _)) = ask else { return None };
        let order = nth(self.orders.len(), *back)?;
        let known = &self.orders[order];
        if let Ask::Return(_, part, restock) = ask {
            let part = part.map(|number| Line(known.lines[0].0, known.lines[0].1, number));
            let mut body = json!({"restock": restock});
            if let Some(part) = part {
                body["lines"] = self.lines(&[part]);
            }
            return Some(self.act(
                order,
                "return",
                Meant::Return { order, part, restock: *restock },
                Some(body),
            ));
        }
        let left = known.total - known.refunded;
        let amount = match ask {
            Ask::Refund(_, Amount::Units(units)) => *units,
            Ask::Refund(_, Amount::Rest) => left.max(1),
            _ => left + 1,
        };
        let body = json!({"amount": euros(amount), "reason": "regret"});
        Some(self.act(order, "refund", Meant::Refund { order, amount }, Some(body)))
    }

    fn act(&self, order: usize, verb: &str, meant: Meant, body: Option<Value>) -> Request {
        let path = format!("/api/pms/orders/{}/{verb}", self.orders[order].id);
        Request { meant, method: "POST", path, body }
    }

    /// Lines as most requests have them. The default location is not named.
    fn lines(&self, lines: &[Line]) -> Value {
        lines.iter().map(|line| self.line_with(line, &json!({"quantity": line.2}))).collect()
    }

    fn line_with(&self, line: &Line, members: &Value) -> Value {
        let mut printed = json!({"variant_id": self.terms.variants[line.0]});
        if line.1 > 0 {
            printed["location_id"] = json!(self.terms.places[line.1]);
        }
        for (name, value) in members.as_object().into_iter().flatten() {
            printed[name] = value.clone();
        }
        printed
    }
}

fn stock(path: &str, meant: Meant, body: Value) -> Request {
    Request { meant, method: "POST", path: format!("/api/pms/inventory{path}"), body: Some(body) }
}

fn euros(amount: i64) -> Value {
    json!({"amount": amount, "currency": "EUR"})
}

/// The lines that there are.
fn some(lines: &[Line]) -> Vec<Line> {
    lines.iter().copied().filter(|line| line.2 != 0 && line.0 < VARIANTS).collect()
}

/// Counted back from the newest, round and round.
fn nth(count: usize, back: usize) -> Option<usize> {
    let behind = back.checked_rem(count)?;
    Some(count - 1 - behind)
}
