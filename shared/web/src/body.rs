//! JSON bodies: from bytes to a checked type, with every fault found.

use serde::de::DeserializeOwned;
use serde_json::Value;
use storeroom_operations::schema::Schema;
use storeroom_operations::validate::validate;
use storeroom_operations::{Code, Fault, Problem, operation};

/// The JSON value of a body; `None` when it is empty and may be. Nested at most 127 levels deep, the parser's bound.
pub fn value(rule: &operation::Body, bytes: &[u8]) -> Result<Option<Value>, Problem> {
    if bytes.is_empty() && rule.optional {
        return Ok(None);
    }
    if bytes.is_empty() {
        return Err(Problem::new(Code::MalformedJson, "The body is empty. Send JSON."));
    }
    serde_json::from_slice(bytes).map(Some).map_err(|error| malformed(&error.to_string()))
}

fn malformed(why: &str) -> Problem {
    let detail = match why.strip_prefix("recursion limit exceeded") {
        Some(place) => format!("The body is nested more than 127 levels deep{place}."),
        None => format!("The body is not JSON: {why}."),
    };
    Problem::new(Code::MalformedJson, detail)
}

/// Checks a value against what the body must look like and reads it.
pub fn read_as<T: DeserializeOwned>(rule: &operation::Body, value: Value) -> Result<T, Problem> {
    read_unless(rule.faults(&value), value)
}

/// Checks a value against a shape and reads it.
pub fn read<T: DeserializeOwned>(
    shape: &'static storeroom_operations::schema::Object,
    value: Value,
) -> Result<T, Problem> {
    read_unless(validate(&Schema::Object(shape), &value), value)
}

/// Reads a value that has these faults.
pub fn read_unless<T: DeserializeOwned>(faults: Vec<Fault>, value: Value) -> Result<T, Problem> {
    if !faults.is_empty() {
        return Err(Problem::with_faults(Code::ValidationFailed, faults));
    }
    // The shape and the type say the same (tested), so this is the last word only if one of them is at fault.
    serde_json::from_value(value).map_err(|error| Problem::new(Code::ValidationFailed, error.to_string()))
}
