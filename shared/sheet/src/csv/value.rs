//! Cells as the members of products and variants.
//!
//! Guarantees: a column that the file does not have says nothing; an empty cell is null, the empty text, the empty list or
//! the empty object, whichever the member can be.

use super::Cells;
use crate::column::Column;
use crate::row::Mistake;
use serde_json::{Map, Value, json};

/// What a cell holds.
enum Kind {
    /// A text that may be empty.
    Text,
    /// A text; empty is null.
    TextOrNull,
    /// A text; empty says nothing.
    TextOrAbsent,
    /// A JSON list; empty is none.
    List,
    /// A JSON object; empty has no members.
    Object,
    /// A whole number; empty is null.
    Integer,
}

const OF_PRODUCT: [(Column, Kind); 10] = [
    (Column::Handle, Kind::TextOrAbsent),
    (Column::ExternalId, Kind::TextOrNull),
    (Column::Title, Kind::Text),
    (Column::Description, Kind::Text),
    (Column::Status, Kind::TextOrAbsent),
    (Column::PublishAt, Kind::TextOrAbsent),
    (Column::Category, Kind::TextOrNull),
    (Column::Tags, Kind::List),
    (Column::Attributes, Kind::Object),
    (Column::Options, Kind::List),
];

const OF_VARIANT: [(Column, Kind); 4] = [
    (Column::Sku, Kind::TextOrAbsent),
    (Column::Barcode, Kind::TextOrNull),
    (Column::OptionValues, Kind::Object),
    (Column::WeightGrams, Kind::Integer),
];

/// Reads the product's own cells.
pub fn product(cells: &Cells<'_>, members: &mut Map<String, Value>) -> Vec<Mistake> {
    read(cells, &OF_PRODUCT, "", members)
}

/// Reads the cells of the variant of that place.
pub fn variant(cells: &Cells<'_>, place: usize, currency: &str) -> (Value, Vec<Mistake>) {
    let mut members = Map::new();
    let pointer = format!("/variants/{place}");
    let mut mistakes = read(cells, &OF_VARIANT, &pointer, &mut members);
    let currency = Some(cells.text(Column::Currency)).filter(|text| !text.is_empty()).unwrap_or(currency);
    for (column, member) in [(Column::PriceMinor, "price"), (Column::CompareAtPriceMinor, "compare_at_price")]
    {
        let Some(text) = cells.get(column) else { continue };
        let price = match text.parse::<i64>() {
            _ if text.is_empty() => Value::Null,
            Ok(amount) => json!({"amount": amount, "currency": currency}),
            Err(_) => {
                let detail = "must be a whole number of minor units, such as 1999 for 19.99.";
                mistakes.push(cells.mistake(format!("{pointer}/{member}"), "wrong_type", detail));
                Value::Null
            }
        };
        members.insert(member.to_owned(), price);
    }
    (Value::Object(members), mistakes)
}

fn read(
    cells: &Cells<'_>,
    columns: &[(Column, Kind)],
    pointer: &str,
    members: &mut Map<String, Value>,
) -> Vec<Mistake> {
    let mut mistakes = Vec::new();
    for (column, kind) in columns {
        let Some(text) = cells.get(*column) else { continue };
        match value(kind, text) {
            Ok(Some(value)) => {
                members.insert(column.name().to_owned(), value);
            }
            Ok(None) => {}
            Err(detail) => {
                mistakes.push(cells.mistake(format!("{pointer}/{}", column.name()), "wrong_type", detail));
            }
        }
    }
    mistakes
}

fn value(kind: &Kind, text: &str) -> Result<Option<Value>, &'static str> {
    let parsed = || serde_json::from_str::<Value>(text);
    Ok(match kind {
        Kind::TextOrAbsent if text.is_empty() => None,
        Kind::TextOrNull | Kind::Integer if text.is_empty() => Some(Value::Null),
        Kind::List if text.is_empty() => Some(json!([])),
        Kind::Object if text.is_empty() => Some(json!({})),
        Kind::Text | Kind::TextOrNull | Kind::TextOrAbsent => Some(text.into()),
        Kind::Integer => {
            Some(text.parse::<i64>().map_err(|_| "must be a whole number, without point or unit.")?.into())
        }
        Kind::List => {
            Some(parsed().ok().filter(Value::is_array).ok_or("must be a JSON list, such as [\"a\",\"b\"].")?)
        }
        Kind::Object => Some(
            parsed()
                .ok()
                .filter(Value::is_object)
                .ok_or("must be a JSON object, such as {\"Size\":\"S\"}.")?,
        ),
    })
}
