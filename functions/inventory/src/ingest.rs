//! `POST /webhook/inventory`: another system tells what it has counted, and what came and went.
//!
//! Guarantees: an event leads to the same steps as `set` and `adjust`; a count is set over what was on hand when it was
//! looked up, and looked up again if that has moved meanwhile; every SKU that the store does not have is named.

use crate::movements::{adjust, set};
use serde::Serialize;
use serde_json::Value as Json;
use storeroom_operations::shapes::incoming::{AdjustedLine, CountedLine, InventoryEvent};
use storeroom_operations::shapes::inventory::{AdjustLine, SetLine};
use storeroom_operations::{Fault, Problem};
use storeroom_sql::batch::Sql;
use storeroom_sql::{Args, Batch};
use storeroom_web::inbox::{self, Command, Effect, Event};
use storeroom_web::{Answer, Call, body_lines};

/// What is known of each line, in order: the variant and what is on hand.
const LOOK_UP: &str = "SELECT json_group_array(json(line)) FROM (\
    SELECT json_object('variant_id', v.id, 'on_hand', coalesce(l.on_hand, 0)) AS line \
    FROM json_each(:inbox_lines) AS j \
    LEFT JOIN variants v ON v.store_id = :store AND v.sku = j.value ->> 'sku' \
    LEFT JOIN levels l ON l.store_id = :store AND l.variant_id = v.id \
        AND l.location_id = coalesce(j.value ->> 'location_id', \
            (SELECT id FROM locations WHERE store_id = :store AND is_default = 1)) \
    ORDER BY j.key)";

/// Stock has no version.
const VERSION: &str = "SELECT NULL";

/// Takes an event about stock.
pub async fn ingest(call: &Call<'_>) -> Result<Answer, Problem> {
    let (event, said): (Event, InventoryEvent) = inbox::read(call, bad_lines)?;
    inbox::receive(call, &event, &Told(said)).await
}

/// Tries an event again that was rejected.
pub async fn try_again(call: &Call<'_>, event: &Event) -> Result<Answer, Problem> {
    inbox::try_again(call, event, &Told(event.says()?)).await
}

fn bad_lines(event: &Json) -> Vec<Fault> {
    let is_empty = body_lines::lines(event).is_some_and(|lines| lines.is_empty());
    is_empty.then(body_lines::too_few).into_iter().chain(adjust::zeros(event)).collect()
}

struct Told(InventoryEvent);

/// What was looked up of a line.
struct Known {
    variant: Option<String>,
    on_hand: i64,
}

impl Command for Told {
    fn look_up(&self) -> (Sql, Args) {
        let lines = match &self.0 {
            InventoryEvent::Counted { lines, .. } => printed(lines),
            InventoryEvent::Adjusted { lines, .. } => printed(lines),
        };
        (LOOK_UP.into(), Args::new().with("inbox_lines", lines))
    }

    fn add_steps(&self, call: &Call<'_>, batch: &mut Batch, found: &Json) -> Result<Effect, Problem> {
        let known: Vec<Known> = found.as_array().into_iter().flatten().map(Known::of).collect();
        body_lines::guard_skus(known.iter().map(|known| known.variant.as_deref()))?;
        let action = match &self.0 {
            InventoryEvent::Counted { lines, .. } => {
                let lines = lines.iter().zip(known).filter_map(|(line, known)| counted(line, known));
                set::add_steps(batch, call, lines.collect())?;
                "counted"
            }
            InventoryEvent::Adjusted { lines, .. } => {
                let lines = lines.iter().zip(known).filter_map(|(line, known)| adjusted(line, known));
                adjust::add_steps(batch, call, &lines.collect::<Vec<_>>())?;
                "adjusted"
            }
        };
        Ok(Effect { subject: "stock".to_owned(), action, version: VERSION })
    }

    fn respelt(&self, problem: Problem) -> Problem {
        inbox::respelt(problem, "", &[("/variant_id", "/sku")])
    }
}

impl Known {
    fn of(line: &Json) -> Self {
        Self {
            variant: line.get("variant_id").and_then(Json::as_str).map(str::to_owned),
            on_hand: line.get("on_hand").and_then(Json::as_i64).unwrap_or_default(),
        }
    }
}

fn printed(lines: &[impl Serialize]) -> String {
    serde_json::to_string(lines).unwrap_or_default()
}

fn counted(line: &CountedLine, known: Known) -> Option<SetLine> {
    Some(SetLine {
        variant_id: known.variant?,
        location_id: line.location_id.clone(),
        on_hand: line.on_hand,
        from: known.on_hand,
        reason: "counted".to_owned(),
        reference: None,
    })
}

fn adjusted(line: &AdjustedLine, known: Known) -> Option<AdjustLine> {
    Some(AdjustLine {
        variant_id: known.variant?,
        location_id: line.location_id.clone(),
        delta: line.delta,
        reason: line.reason.clone(),
        reference: None,
    })
}
