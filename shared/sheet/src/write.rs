//! Products as lines of a file.
//!
//! Guarantees: the same product is always the same bytes; `null` and what is empty differ nowhere where both could be.

use crate::Format;
use crate::column::{COLUMNS, Column};
use crate::csv::quoted;
use serde_json::Value;

/// What stands before the first product.
pub fn head(format: Format) -> String {
    match format {
        Format::Csv => COLUMNS.map(Column::name).join(",") + "\r\n",
        Format::Ndjson => String::new(),
    }
}

/// Appends the lines of a product, given as its document.
pub fn product(format: Format, document: &Value, file: &mut String) {
    match format {
        Format::Csv => lines(document, file),
        Format::Ndjson => object(document, file),
    }
}

fn lines(document: &Value, file: &mut String) {
    let variants = document.get("variants").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    line(document, true, variants.first().unwrap_or(&Value::Null), file);
    for variant in variants.iter().skip(1) {
        line(document, false, variant, file);
    }
}

fn line(document: &Value, is_first: bool, variant: &Value, file: &mut String) {
    let cells = COLUMNS.map(|column| match column.is_of_variant() {
        true => quoted(&cell(column, variant)),
        false if is_first || column == Column::Handle => quoted(&cell(column, document)),
        false => String::new(),
    });
    file.push_str(&cells.join(","));
    file.push_str("\r\n");
}

fn cell(column: Column, of: &Value) -> String {
    let value = match column {
        Column::PriceMinor => of.pointer("/price/amount"),
        Column::CompareAtPriceMinor => of.pointer("/compare_at_price/amount"),
        Column::Currency => {
            of.pointer("/price/currency").or_else(|| of.pointer("/compare_at_price/currency"))
        }
        _ => of.get(column.name()),
    };
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(list)) if list.is_empty() => String::new(),
        Some(Value::Object(members)) if members.is_empty() => String::new(),
        Some(other) => other.to_string(),
    }
}

/// The members of a line of NDJSON, in order.
const OF_PRODUCT: [&str; 11] = [
    "handle",
    "external_id",
    "title",
    "description",
    "status",
    "publish_at",
    "category",
    "tags",
    "attributes",
    "options",
    "variants",
];
const OF_VARIANT: [&str; 6] =
    ["sku", "barcode", "option_values", "price", "compare_at_price", "weight_grams"];

fn object(document: &Value, file: &mut String) {
    members(&OF_PRODUCT, document, file);
    file.push('\n');
}

fn members(names: &[&str], of: &Value, file: &mut String) {
    file.push('{');
    for (place, name) in names.iter().enumerate() {
        if place > 0 {
            file.push(',');
        }
        file.push_str(&format!("\"{name}\":"));
        match of.get(name) {
            Some(Value::Array(variants)) if *name == "variants" => list(variants, file),
            value => file.push_str(&value.unwrap_or(&Value::Null).to_string()),
        }
    }
    file.push('}');
}

fn list(variants: &[Value], file: &mut String) {
    file.push('[');
    for (place, variant) in variants.iter().enumerate() {
        if place > 0 {
            file.push(',');
        }
        members(&OF_VARIANT, variant, file);
    }
    file.push(']');
}
