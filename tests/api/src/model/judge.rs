//! What a request must be answered, and what it does to the store: stock and holds.
//!
//! Guarantees: a refusal names the code and shows what the contract says it shows; what is refused changes nothing.

use crate::model::request::Meant;
use crate::model::shop::{Hold, Shop, sum};
use crate::model::steps::Line;
use serde_json::{Value, json};

/// A refusal: its code, and members of its body.
#[derive(Debug, Clone, PartialEq)]
pub struct Refusal {
    pub code: &'static str,
    pub shown: Value,
}

/// Members of the answer's body, or the refusal.
pub type Judgement = Result<Value, Refusal>;

/// A refusal that shows nothing of its own.
pub fn refused(code: &'static str) -> Refusal {
    Refusal { code, shown: json!({}) }
}

impl Shop {
    /// Judges a request and does what it asks for. A new hold or order has no id yet.
    pub fn apply(&mut self, meant: &Meant) -> Judgement {
        match meant {
            Meant::Adjust(lines) => self.adjusted(lines, "stock.adjusted"),
            Meant::Set { line, from } => self.set(*line, *from),
            Meant::Transfer { from, lines } => self.transferred(*from, lines),
            Meant::Threshold(Line(variant, place, number)) => {
                self.thresholds[*variant][*place] = Some(*number);
                self.told.push("stock.adjusted");
                Ok(json!({"lines": [self.level(*variant, *place)]}))
            }
            Meant::Hold { lines, seconds } => self.hold(lines, *seconds),
            Meant::Commit { hold, part } => self.commit(*hold, *part),
            Meant::Release(hold) => self.resolve(*hold, "released"),
            Meant::Extend(hold, seconds) => {
                self.open(*hold)?;
                self.holds[*hold].expires_at = self.now + seconds * 1_000;
                self.holds[*hold].version += 1;
                Ok(self.hold_shown(&self.holds[*hold]))
            }
            Meant::Reconcile => Ok(json!({"drift": [], "repaired": 0})),
            _ => self.apply_order(meant),
        }
    }

    /// Gives the hold or order that such a request made the id that it got. A refused one made none.
    pub fn learn_id(&mut self, meant: &Meant, id: &str) {
        let ids = match meant {
            Meant::Hold { .. } => self.holds.last_mut().map(|hold| &mut hold.id),
            Meant::Place { .. } => self.orders.last_mut().map(|order| &mut order.id),
            _ => None,
        };
        if let Some(unknown) = ids.filter(|known| known.is_empty()) {
            id.clone_into(unknown);
        }
    }

    fn adjusted(&mut self, lines: &[Line], told: &'static str) -> Judgement {
        if lines.is_empty() {
            return Err(refused("validation-failed"));
        }
        self.judge_available(lines)?;
        for line in lines {
            self.on_hand[line.0][line.1] += line.2;
        }
        self.told.push(told);
        Ok(self.levels(lines))
    }

    fn set(&mut self, line: Line, from: i64) -> Judgement {
        let on_hand = self.on_hand[line.0][line.1];
        if from != on_hand {
            let shown = json!({"variant_id": self.terms.variants[line.0], "from": from, "on_hand": on_hand});
            return Err(Refusal { code: "stock-changed", shown: json!({"lines": [shown]}) });
        }
        let moved = Line(line.0, line.1, line.2 - from);
        if moved.2 == 0 {
            return Ok(self.levels(&[moved]));
        }
        self.adjusted(&[moved], "stock.adjusted")
    }

    fn transferred(&mut self, from: usize, lines: &[Line]) -> Judgement {
        let legs =
            lines.iter().flat_map(|line| [Line(line.0, from, -line.2), Line(line.0, 1 - from, line.2)]);
        let legs: Vec<Line> = legs.collect();
        let judged = self.adjusted(&legs, "stock.transferred");
        // The two legs of a line have its number.
        judged.map_err(|mut refusal| {
            for (shown, leg) in short_of(&mut refusal) {
                shown["pointer"] = json!(format!("/lines/{}", leg / 2));
            }
            refusal
        })
    }

    fn hold(&mut self, lines: &[Line], seconds: i64) -> Judgement {
        judge_lines(lines)?;
        self.judge_available(&taken(lines))?;
        self.holds.push(Hold {
            id: String::new(),
            lines: lines.to_vec(),
            committed: vec![0; lines.len()],
            expires_at: self.now + seconds * 1_000,
            became: None,
            version: 1,
            order: None,
        });
        let mut shown = self.hold_shown(&self.holds[self.holds.len() - 1]);
        shown.as_object_mut().unwrap().remove("id");
        Ok(shown)
    }

    /// Refuses unless the hold is open.
    pub fn open(&self, hold: usize) -> Result<(), Refusal> {
        match self.holds[hold].state(self.now) {
            "committed" => Err(refused("hold-already-committed")),
            "released" => Err(refused("hold-already-released")),
            "expired" => Err(refused("hold-expired")),
            _ => Ok(()),
        }
    }

    fn resolve(&mut self, hold: usize, became: &'static str) -> Judgement {
        self.open(hold)?;
        self.holds[hold].became = Some(became);
        self.holds[hold].version += 1;
        Ok(self.hold_shown(&self.holds[hold]))
    }

    fn commit(&mut self, hold: usize, part: Option<Line>) -> Judgement {
        self.open(hold)?;
        let lines = self.holds[hold].lines.clone();
        if part.is_some_and(|part| part.2 > lines[0].2) {
            return Err(refused("validation-failed"));
        }
        for (nth, line) in lines.iter().enumerate() {
            let number = match part {
                None => line.2,
                Some(part) if nth == 0 => part.2,
                Some(_) => 0,
            };
            self.holds[hold].committed[nth] = number;
            self.on_hand[line.0][line.1] -= number;
        }
        self.resolve(hold, "committed")
    }

    /// Refuses what takes more from a level than is available there.
    pub fn judge_available(&self, lines: &[Line]) -> Result<(), Refusal> {
        let is_short =
            |line: &Line| line.2 < 0 && self.available(line.0, line.1) + sum(lines, line.0, line.1) < 0;
        let short = lines.iter().enumerate().filter(|(_, line)| is_short(line)).map(|(nth, line)| {
            json!({"pointer": format!("/lines/{nth}"), "variant_id": self.terms.variants[line.0],
                "requested": -line.2, "available": self.available(line.0, line.1)})
        });
        let short: Vec<Value> = short.collect();
        if short.is_empty() {
            return Ok(());
        }
        Err(Refusal { code: "insufficient-stock", shown: json!({"lines": short}) })
    }

    /// The levels of the lines, each once.
    fn levels(&self, lines: &[Line]) -> Value {
        let is_first =
            |nth: usize| !lines[..nth].iter().any(|line| (line.0, line.1) == (lines[nth].0, lines[nth].1));
        let first = (0..lines.len()).filter(|nth| is_first(*nth));
        json!({"lines": first.map(|nth| self.level(lines[nth].0, lines[nth].1)).collect::<Vec<_>>()})
    }
}

/// Refuses no lines, and two about one level.
pub fn judge_lines(lines: &[Line]) -> Result<(), Refusal> {
    let twice = lines.iter().enumerate().any(|(nth, line)| sum(&lines[..nth], line.0, line.1) > 0);
    if lines.is_empty() || twice { Err(refused("validation-failed")) } else { Ok(()) }
}

/// The lines as movements.
pub fn taken(lines: &[Line]) -> Vec<Line> {
    lines.iter().map(|line| Line(line.0, line.1, -line.2)).collect()
}

/// The lines that a refusal shows, each with its number.
fn short_of(refusal: &mut Refusal) -> Vec<(&mut Value, usize)> {
    let lines = refusal.shown.get_mut("lines").and_then(Value::as_array_mut).into_iter().flatten();
    let number = |line: &Value| line["pointer"].as_str()?.strip_prefix("/lines/")?.parse().ok();
    lines.map(|line| (number(line).unwrap_or_default(), line)).map(|(nth, line)| (line, nth)).collect()
}
