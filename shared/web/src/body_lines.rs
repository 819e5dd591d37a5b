//! Bodies with lines.
//!
//! Guarantees: what the shape forbids and what only this module knows is told together, every fault of every line.

use crate::{Call, body};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value as Json;
use storeroom_operations::validate::MAX_FAULTS;
use storeroom_operations::{Code, Fault, Problem};

/// Reads a body that has `lines`, at least one; `own` finds further faults in it, which may have faults of its shape.
pub fn read<T: DeserializeOwned>(call: &Call<'_>, own: fn(&Json) -> Vec<Fault>) -> Result<T, Problem> {
    let (Some(rule), Some(value)) = (&call.row.body, call.json()?) else {
        return Err(call.fault("a row without a body"));
    };
    let mut faults = rule.faults(&value);
    if lines(&value).is_some_and(|lines| lines.is_empty()) {
        faults.push(too_few());
    }
    faults.extend(own(&value));
    faults.truncate(MAX_FAULTS);
    body::read_unless(faults, value)
}

/// No faults but those of the shape.
pub fn nothing_more(_: &Json) -> Vec<Fault> {
    Vec::new()
}

/// The lines of a body, if they are a list.
pub fn lines(body: &Json) -> Option<&Vec<Json>> {
    body.get("lines")?.as_array()
}

/// A fault.
pub fn fault(pointer: String, code: &'static str, detail: &str) -> Fault {
    Fault { pointer, code, detail: detail.to_owned() }
}

/// The fault of a list of lines that is empty.
pub fn too_few() -> Fault {
    fault("/lines".to_owned(), "too_few", "must have at least one line.")
}

/// Refuses lines whose SKU leads to no variant of the store. One a line, in order.
pub fn guard_skus<'a>(variants: impl Iterator<Item = Option<&'a str>>) -> Result<(), Problem> {
    let unknown = variants.enumerate().filter(|(_, variant)| variant.is_none());
    let fault =
        |(line, _)| fault(format!("/lines/{line}/sku"), "unknown_value", "is not a SKU of this store.");
    let faults: Vec<Fault> = unknown.map(fault).take(MAX_FAULTS).collect();
    if faults.is_empty() { Ok(()) } else { Err(Problem::with_faults(Code::ValidationFailed, faults)) }
}

/// Lines as the argument `:lines`.
pub fn print(call: &Call<'_>, lines: &impl Serialize) -> Result<String, Problem> {
    serde_json::to_string(lines).map_err(|error| call.fault(&error.to_string()))
}

/// A line as `storeroom_sql::stock` takes it: so many are added to a level, or taken from it below 0.
#[derive(Debug, Serialize)]
pub struct StockLine<'a> {
    /// The variant.
    pub variant_id: &'a str,
    /// The location; none for the store's default.
    pub location_id: Option<&'a str>,
    /// How many.
    pub delta: i64,
}
