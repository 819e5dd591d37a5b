//! Query strings: known parameters only, each once, each checked.

use percent_encoding::percent_decode_str;
use std::collections::BTreeMap;
use storeroom_operations::operation::{Param, Row};
use storeroom_operations::table::STORE;
use storeroom_operations::validate::validate_text;
use storeroom_operations::{Code, Fault, Problem};

/// Longest query string in bytes.
pub const MAX_QUERY: usize = 8 * 1024;

/// Parameters by name.
pub type Query = BTreeMap<String, String>;

/// Decodes a query string and checks it against the operation's row.
pub fn parse(row: &Row, query: &str) -> Result<Query, Problem> {
    if query.len() > MAX_QUERY {
        let detail = format!("The query string has more than {MAX_QUERY} bytes.");
        return Err(Problem::new(Code::MalformedRequest, detail));
    }
    let mut parsed = Query::new();
    let mut faults = Vec::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        match (decode(name), decode(value)) {
            (Some(name), Some(value)) => faults.extend(check(row, &mut parsed, name, value)),
            _ => faults.push(fault("?", "wrong_format", "is not percent-encoded UTF-8.")),
        }
    }
    if faults.is_empty() { Ok(parsed) } else { Err(Problem::with_faults(Code::MalformedRequest, faults)) }
}

fn check(row: &Row, parsed: &mut Query, name: String, value: String) -> Option<Fault> {
    let Some(param) = param(row, &name) else {
        return Some(fault(&name, "unknown_parameter", "is not a parameter of this operation."));
    };
    if parsed.contains_key(&name) {
        return Some(fault(&name, "duplicate", "is given twice."));
    }
    let found = validate_text(&param.schema, &name, &value);
    parsed.insert(name, value);
    found
}

fn param(row: &Row, name: &str) -> Option<&'static Param> {
    row.query.iter().chain(row.has_store().then_some(&STORE)).find(|param| param.name == name)
}

fn fault(name: &str, code: &'static str, detail: &str) -> Fault {
    let shown: String = name.chars().take(100).collect();
    Fault { pointer: shown, code, detail: detail.to_owned() }
}

fn decode(text: &str) -> Option<String> {
    let spaced = text.replace('+', " ");
    percent_decode_str(&spaced).decode_utf8().ok().map(std::borrow::Cow::into_owned)
}

/// Decodes a segment of a path; `None` when it is not UTF-8.
pub fn decode_segment(segment: &str) -> Option<String> {
    percent_decode_str(segment).decode_utf8().ok().map(std::borrow::Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use storeroom_operations::{Operation, Products};

    fn list(query: &str) -> Result<Query, Vec<&'static str>> {
        let row = Operation::Products(Products::List).row();
        parse(row, query).map_err(|problem| problem.faults.iter().map(|fault| fault.code).collect())
    }

    #[test]
    fn decodes_what_is_known() {
        let query =
            list("category=Caf%C3%A9+%26+Tee&limit=25&&store=str_01hf7yat00fentqaxbnentqaxb").unwrap();
        assert_eq!(query.get("category").map(String::as_str), Some("Café & Tee"));
        assert_eq!(query.len(), 3);
    }

    #[test]
    fn refuses_everything_else() {
        for (query, code) in [
            ("colour=red", "unknown_parameter"),
            ("limit=1&limit=2", "duplicate"),
            ("limit=0", "out_of_range"),
            ("limit=x", "wrong_type"),
            ("tag=%ff", "wrong_format"),
            ("store=str_1", "too_short"),
        ] {
            assert_eq!(list(query), Err(vec![code]), "{query}");
        }
        assert!(list(&"a".repeat(MAX_QUERY + 1)).is_err());
        assert_eq!(decode_segment("caf%C3%A9").as_deref(), Some("café"));
        assert_eq!(decode_segment("%ff"), None);
    }
}
