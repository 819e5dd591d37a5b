//! CSV: from cells to products, a line a variant.
//!
//! Guarantees: a line without a title is a further variant of the product above; what a cell cannot be read as is a mistake
//! of its row, what a line cannot be split into is a fault of the file.

mod header;
pub mod report;
mod tokens;
mod value;

use crate::column::Column;
use crate::row::{MAX_PRODUCT, Mistake, Row};
use crate::text::{fault, fault_in};
use header::Header;
use serde_json::{Map, Value};
use storeroom_operations::Fault;
use storeroom_operations::shapes::product::MAX_VARIANTS;
use storeroom_operations::validate::MAX_FAULTS;
use tokens::{Record, Tokens};

pub use tokens::quoted;

/// Reads CSV.
pub struct Csv {
    tokens: Tokens,
    header: Option<Header>,
    currency: String,
    /// The product whose variants may still come.
    product: Option<Gathered>,
}

/// A product that is being put together.
struct Gathered {
    line: u32,
    handle: String,
    product: Map<String, Value>,
    variants: Vec<Value>,
    lines: Vec<u32>,
    mistakes: Vec<Mistake>,
    bytes: usize,
}

impl Csv {
    /// Prices without a currency are in this one.
    pub fn new(currency: &str) -> Self {
        Self { tokens: Tokens::new(), header: None, currency: currency.to_owned(), product: None }
    }

    /// Takes more text; the products that have come whole.
    pub fn push(&mut self, text: &str, rows: &mut Vec<Row>) -> Result<(), Fault> {
        let mut records = Vec::new();
        self.tokens.push(text, &mut records)?;
        records.into_iter().try_for_each(|record| self.record(record, rows))
    }

    /// Says that there is no more.
    pub fn finish(&mut self, rows: &mut Vec<Row>) -> Result<(), Fault> {
        if let Some(record) = self.tokens.finish()? {
            self.record(record, rows)?;
        }
        if self.header.is_none() {
            return Err(fault(1, "required", "must be the names of the columns: the file is empty."));
        }
        rows.extend(self.product.take().map(Gathered::row));
        Ok(())
    }

    fn record(&mut self, record: Record, rows: &mut Vec<Row>) -> Result<(), Fault> {
        let Some(header) = &self.header else {
            self.header = Some(Header::read(&record)?);
            return Ok(());
        };
        let line = record.line;
        let cells = header.cells(record)?;
        // Spreadsheets end files with lines of nothing.
        if cells.iter().all(String::is_empty) {
            return Ok(());
        }
        let cells = Cells { line, header, cells };
        let (title, handle) = (cells.text(Column::Title), cells.text(Column::Handle));
        let is_titled = self.product.as_ref().is_some_and(|above| above.is_titled(title));
        if handle.is_empty() && is_titled {
            return Err(fault_in(line, "title", "duplicate", TITLED_TWICE));
        }
        let goes_on =
            |above: &&mut Gathered| title.is_empty() && (handle.is_empty() || handle == above.handle);
        match self.product.as_mut().filter(goes_on) {
            Some(above) => above.go_on(&cells, &self.currency),
            None => {
                let begun = Gathered::begin(&cells, &self.currency);
                rows.extend(self.product.replace(begun).map(Gathered::row));
            }
        }
        Ok(())
    }
}

/// The cells of a line by their columns.
struct Cells<'a> {
    line: u32,
    header: &'a Header,
    cells: Vec<String>,
}

impl Cells<'_> {
    /// What stands in a column; nothing where there is none of that name.
    fn text(&self, column: Column) -> &str {
        self.get(column).unwrap_or_default()
    }

    /// What stands in a column that the file has.
    fn get(&self, column: Column) -> Option<&str> {
        self.cells.get(self.header.place(column)?).map(String::as_str)
    }

    fn mistake(&self, pointer: String, code: &'static str, detail: &str) -> Mistake {
        Mistake { line: self.line, pointer, code, detail: detail.to_owned() }
    }
}

const TITLED_TWICE: &str = "is that of the product above. Leave it empty on the further lines of a product, or give each \
    product a `handle`.";

impl Gathered {
    fn begin(cells: &Cells<'_>, currency: &str) -> Self {
        let mut gathered = Self {
            line: cells.line,
            handle: cells.text(Column::Handle).to_owned(),
            product: Map::new(),
            variants: Vec::new(),
            lines: Vec::new(),
            mistakes: Vec::new(),
            bytes: 0,
        };
        gathered.mistakes.extend(value::product(cells, &mut gathered.product));
        if cells.has_variant() {
            gathered.add_variant(cells, currency);
        } else {
            gathered.count(cells);
        }
        gathered
    }

    fn is_titled(&self, title: &str) -> bool {
        !title.is_empty() && self.product.get("title").is_some_and(|above| above == title)
    }

    fn go_on(&mut self, cells: &Cells<'_>, currency: &str) {
        // Beyond what is told of a row, more of them would only take memory.
        let room = MAX_FAULTS.saturating_sub(self.mistakes.len());
        for column in cells.of_product_again().take(room) {
            let detail = "must be empty on the further lines of a product. A product of its own has a title.";
            self.mistakes.push(cells.mistake(format!("/{}", column.name()), "misplaced", detail));
        }
        self.add_variant(cells, currency);
    }

    /// Adds the variant of a line; beyond what a product may be only its line, so that the memory stays small.
    fn add_variant(&mut self, cells: &Cells<'_>, currency: &str) {
        self.count(cells);
        if self.bytes > MAX_PRODUCT || self.variants.len() > MAX_VARIANTS {
            return;
        }
        let (variant, mistakes) = value::variant(cells, self.variants.len(), currency);
        self.variants.push(variant);
        self.lines.push(cells.line);
        self.mistakes.extend(mistakes);
    }

    fn count(&mut self, cells: &Cells<'_>) {
        let bytes = cells.cells.iter().map(String::len).sum();
        let before = self.bytes;
        self.bytes = before.saturating_add(bytes);
        if before <= MAX_PRODUCT && self.bytes > MAX_PRODUCT {
            self.mistakes.push(cells.mistake(String::new(), "too_long", "A product may have at most 1 MiB."));
        }
    }

    fn row(mut self) -> Row {
        self.product.insert("variants".to_owned(), Value::Array(self.variants));
        Row::checked(self.line, self.lines, self.product, self.mistakes)
    }
}

impl Cells<'_> {
    fn has_variant(&self) -> bool {
        self.filled().any(Column::is_of_variant)
    }

    /// What a further line says of the product once more, its handle aside.
    fn of_product_again(&self) -> impl Iterator<Item = Column> {
        self.filled().filter(|column| !column.is_of_variant() && *column != Column::Handle)
    }

    fn filled(&self) -> impl Iterator<Item = Column> {
        crate::COLUMNS.into_iter().filter(|column| !self.text(*column).is_empty())
    }
}
