//! A row of a job as it is kept until it is applied: a line of JSON in a part of the file.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::borrow::Cow;
use storeroom_operations::{Fault, Problem};
use storeroom_sheet::Row;

/// Most mistakes of a row that are told.
const MOST_MISTAKES: usize = 20;

/// A row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// The line on which it begins.
    pub line: u32,
    /// The line of each variant where they have lines of their own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<u32>,
    /// What the file says of the product; nothing where it is at fault.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub product: Map<String, Value>,
    /// What is wrong with it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mistakes: Vec<Mistake>,
}

/// Something wrong with a row, as it is kept and told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mistake {
    /// The line.
    pub line: u32,
    /// The variant's SKU, or the first of the product's.
    pub sku: Option<String>,
    /// Where in the product.
    pub pointer: String,
    /// What kind of fault.
    pub code: Cow<'static, str>,
    /// What is wrong.
    pub detail: String,
}

impl From<Row> for Entry {
    fn from(row: Row) -> Self {
        let mut entry =
            Self { line: row.line, lines: row.variant_lines, product: row.product, mistakes: Vec::new() };
        let faults = row.mistakes.into_iter().take(MOST_MISTAKES);
        let told = |found: storeroom_sheet::Mistake| {
            let fault = Fault { pointer: found.pointer, code: found.code, detail: found.detail };
            Mistake { line: found.line, ..entry.mistake(fault) }
        };
        let mistakes: Vec<Mistake> = faults.map(told).collect();
        if !mistakes.is_empty() {
            entry.product = Map::new();
            entry.mistakes = mistakes;
        }
        entry
    }
}

impl Entry {
    /// What a refusal says of the row.
    pub fn refused(&self, problem: Problem) -> Vec<Mistake> {
        if problem.faults.is_empty() {
            let fault = Fault {
                pointer: String::new(),
                code: problem.code.slug(),
                detail: problem.detail.to_string(),
            };
            return vec![self.mistake(fault)];
        }
        problem.faults.into_iter().take(MOST_MISTAKES).map(|fault| self.mistake(fault)).collect()
    }

    fn mistake(&self, fault: Fault) -> Mistake {
        Mistake {
            line: storeroom_sheet::line_of(&fault.pointer, self.line, &self.lines),
            sku: self.sku_at(&fault.pointer),
            pointer: fault.pointer,
            code: fault.code.into(),
            detail: fault.detail,
        }
    }

    fn sku_at(&self, pointer: &str) -> Option<String> {
        let place = pointer.strip_prefix("/variants/").and_then(|rest| rest.split('/').next()?.parse().ok());
        let variants = self.product.get("variants")?.as_array()?;
        let variant = variants.get(place.unwrap_or(0_usize))?;
        // What is too long to be one is no name to find the row by.
        Some(variant.get("sku")?.as_str()?.chars().take(64).collect())
    }
}

/// The rows of a part.
pub fn read(part: &[u8]) -> serde_json::Result<Vec<Entry>> {
    serde_json::Deserializer::from_slice(part).into_iter().collect()
}

/// The name of a part among the host's files.
pub fn part_name(store: &str, job: &str, number: i64) -> String {
    format!("imports/{store}/{job}/{number}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn part_format_unchanged() {
        let entry = Entry {
            line: 17,
            lines: vec![17, 18],
            product: json!({"title": "A"}).as_object().unwrap().clone(),
            mistakes: Vec::new(),
        };
        let mistake = Mistake {
            line: 19,
            sku: Some("S".to_owned()),
            pointer: "/title".to_owned(),
            code: "required".into(),
            detail: "is required.".to_owned(),
        };
        let bad = Entry { line: 19, lines: Vec::new(), product: Map::new(), mistakes: vec![mistake] };
        let text = "{\"line\":17,\"lines\":[17,18],\"product\":{\"title\":\"A\"}}\n\
            {\"line\":19,\"mistakes\":[{\"line\":19,\"sku\":\"S\",\"pointer\":\"/title\",\"code\":\"required\",\
            \"detail\":\"is required.\"}]}\n";
        let lines: String = [&entry, &bad].map(|entry| serde_json::to_string(entry).unwrap() + "\n").concat();
        assert_eq!(lines, text);
        assert_eq!(read(text.as_bytes()).unwrap(), [entry, bad]);
    }

    #[test]
    fn a_mistake_names_the_line_and_the_sku_of_its_variant() {
        let product = json!({"title": "", "variants": [{"sku": "A"}, {"sku": "B"}]});
        let row = Row::checked(4, vec![4, 5], product.as_object().unwrap().clone(), Vec::new());
        let entry = Entry::from(Row { mistakes: Vec::new(), ..row });
        let fault =
            |pointer: &str| Fault { pointer: pointer.to_owned(), code: "taken", detail: String::new() };
        let told = |pointer| {
            let mistake = entry.mistake(fault(pointer));
            (mistake.line, mistake.sku.unwrap())
        };
        assert_eq!(told("/variants/1/sku"), (5, "B".to_owned()));
        assert_eq!(told("/handle"), (4, "A".to_owned()));
    }
}
