//! One product of a file, and what is wrong with it.

use crate::column::Column;
use serde_json::{Map, Value};
use storeroom_operations::Fault;
use storeroom_operations::schema::Schema;
use storeroom_operations::shapes::product::IMPORTED_PRODUCT;
use storeroom_operations::validate::{MAX_FAULTS, validate};

/// Most bytes of a product, as many as a request with one may have.
pub const MAX_PRODUCT: usize = 1024 * 1024;

/// A product of a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// The line on which it begins, from 1.
    pub line: u32,
    /// The line of each variant where they have lines of their own; empty where all is one line.
    pub variant_lines: Vec<u32>,
    /// The members that the file says something of: what is absent stays as it is.
    pub product: Map<String, Value>,
    /// What is wrong with it.
    pub mistakes: Vec<Mistake>,
}

/// Something wrong with a product of a file, which does not keep the others from being taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// The line.
    pub line: u32,
    /// Where in the product.
    pub pointer: String,
    /// What kind of fault.
    pub code: &'static str,
    /// What is wrong, after the name of the place.
    pub detail: String,
}

impl Row {
    /// A row of these members, with every mistake that can be told without a store.
    pub fn checked(
        line: u32,
        variant_lines: Vec<u32>,
        product: Map<String, Value>,
        known: Vec<Mistake>,
    ) -> Self {
        let mut row = Self { line, variant_lines, product, mistakes: known };
        let product = Value::Object(std::mem::take(&mut row.product));
        let mut faults = validate(&Schema::Object(&IMPORTED_PRODUCT), &product);
        faults.extend(schedule_fault(&product));
        if let Value::Object(members) = product {
            row.product = members;
        }
        // What a cell could not be read as was told already, in better words.
        faults.retain(|fault| row.mistakes.iter().all(|known| known.pointer != fault.pointer));
        row.mistakes.extend(faults.into_iter().map(|fault| row.mistake(fault)).collect::<Vec<_>>());
        row.mistakes.truncate(MAX_FAULTS);
        row
    }

    /// A fault of this product with the line that it is on.
    pub fn mistake(&self, fault: Fault) -> Mistake {
        let line = line_of(&fault.pointer, self.line, &self.variant_lines);
        Mistake { line, pointer: fault.pointer, code: fault.code, detail: fault.detail }
    }

    /// The SKUs of its variants, in order.
    pub fn skus(&self) -> impl Iterator<Item = &str> {
        let variants = self.product.get("variants").and_then(Value::as_array).map(Vec::as_slice);
        let named = variants.unwrap_or_default().iter();
        named.filter_map(|variant| variant.get(Column::Sku.name())?.as_str())
    }

    /// Its handle, if the file says it.
    pub fn handle(&self) -> Option<&str> {
        self.product.get(Column::Handle.name())?.as_str()
    }
}

/// The line that a pointer into a product leads to.
pub fn line_of(pointer: &str, line: u32, variant_lines: &[u32]) -> u32 {
    let index =
        pointer.strip_prefix("/variants/").and_then(|rest| rest.split('/').next()?.parse::<usize>().ok());
    index.and_then(|index| variant_lines.get(index).copied()).unwrap_or(line)
}

/// A time belongs to a schedule, and a schedule has a time.
fn schedule_fault(product: &Value) -> Option<Fault> {
    let is_scheduled = product.get(Column::Status.name()).and_then(Value::as_str) == Some("scheduled");
    let has_time = product.get(Column::PublishAt.name()).is_some_and(|at| !at.is_null());
    let (code, detail) = match (is_scheduled, has_time) {
        (true, false) => ("required", "is required where the status is `scheduled`."),
        (false, true) => ("unknown_field", "is only for products whose status is `scheduled`."),
        _ => return None,
    };
    Some(Fault { pointer: "/publish_at".to_owned(), code, detail: detail.to_owned() })
}
