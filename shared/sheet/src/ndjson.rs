//! NDJSON: a line a product.
//!
//! Guarantees: a line that is no JSON is a fault of the file, JSON that is no product is a mistake of its row.

use crate::row::{MAX_PRODUCT, Mistake, Row};
use crate::text::fault;
use serde_json::{Map, Value};
use storeroom_operations::Fault;

/// Reads NDJSON.
#[derive(Debug)]
pub struct Ndjson {
    /// The line whose end has not come.
    begun: String,
    line: u32,
}

impl Ndjson {
    /// At the beginning of a file.
    pub fn new() -> Self {
        Self { begun: String::new(), line: 1 }
    }

    /// Takes more text; the products that have come whole.
    pub fn push(&mut self, text: &str, rows: &mut Vec<Row>) -> Result<(), Fault> {
        let mut rest = text;
        while let Some((end, next)) = rest.split_once('\n') {
            self.take(end)?;
            self.end_line(rows)?;
            self.line = self.line.saturating_add(1);
            rest = next;
        }
        self.take(rest)
    }

    /// Says that there is no more.
    pub fn finish(&mut self, rows: &mut Vec<Row>) -> Result<(), Fault> {
        self.end_line(rows)
    }

    fn take(&mut self, text: &str) -> Result<(), Fault> {
        if self.begun.len().saturating_add(text.len()) > MAX_PRODUCT {
            return Err(fault(self.line, "too_long", "has more than 1 MiB. A line is one product."));
        }
        self.begun.push_str(text);
        Ok(())
    }

    fn end_line(&mut self, rows: &mut Vec<Row>) -> Result<(), Fault> {
        let text = std::mem::take(&mut self.begun);
        if text.trim().is_empty() {
            return Ok(());
        }
        let value = serde_json::from_str(&text).map_err(|error| self.no_json(&error))?;
        rows.push(match value {
            Value::Object(product) => Row::checked(self.line, Vec::new(), product, Vec::new()),
            _ => self.no_object(),
        });
        Ok(())
    }

    fn no_json(&self, error: &serde_json::Error) -> Fault {
        // The parser's own line is the first of one: what it says of it would mislead.
        let why = error.to_string();
        let why = why.split(" at line ").next().unwrap_or_default();
        let detail = format!("is not JSON at column {}: {why}. Each line is one product.", error.column());
        fault(self.line, "malformed", &detail)
    }

    fn no_object(&self) -> Row {
        let mistake = Mistake {
            line: self.line,
            pointer: String::new(),
            code: "wrong_type",
            detail: "A line must be a JSON object.".to_owned(),
        };
        Row { line: self.line, variant_lines: Vec::new(), product: Map::new(), mistakes: vec![mistake] }
    }
}
