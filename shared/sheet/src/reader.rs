//! A file of products as it comes.

use crate::Format;
use crate::csv::Csv;
use crate::names::{Kind, Names, Twice};
use crate::ndjson::Ndjson;
use crate::row::Row;
use crate::text::{Text, fault, fault_in};
use storeroom_operations::Fault;
use storeroom_operations::validate::MAX_FAULTS;

/// Most rows of a file: variants, and products without one.
pub const MAX_ROWS: usize = 500_000;

/// How much is taken at a time, so that what comes in one piece needs no more memory than what comes in many.
const PIECE: usize = 64 * 1024;

/// Reads products out of bytes.
pub struct Reader {
    text: Text,
    form: Form,
    names: Names,
    rows: usize,
}

enum Form {
    Csv(Box<Csv>),
    Ndjson(Ndjson),
}

impl Reader {
    /// At the beginning of a file. Prices of a CSV without a currency are in this one.
    pub fn new(format: Format, currency: &str) -> Self {
        let form = match format {
            Format::Csv => Form::Csv(Box::new(Csv::new(currency))),
            Format::Ndjson => Form::Ndjson(Ndjson::new()),
        };
        Self { text: Text::new(), form, names: Names::new(), rows: 0 }
    }

    /// Cuts bytes into pieces of which each is to be pushed by itself.
    pub fn pieces(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
        bytes.chunks(PIECE)
    }

    /// Takes more of the file; the products that have come whole. A fault is one of the whole file.
    pub fn push(&mut self, bytes: &[u8]) -> Result<Vec<Row>, Fault> {
        let text = self.text.push(bytes)?;
        let mut rows = Vec::new();
        match &mut self.form {
            Form::Csv(csv) => csv.push(&text, &mut rows)?,
            Form::Ndjson(ndjson) => ndjson.push(&text, &mut rows)?,
        }
        self.note(&rows)?;
        Ok(rows)
    }

    /// Says that there is no more; the last products.
    pub fn finish(mut self) -> Result<Vec<Row>, Vec<Fault>> {
        let rows = self.last_rows().map_err(|fault| vec![fault])?;
        if self.rows == 0 {
            return Err(vec![fault(1, "required", "is followed by no product: the file is empty.")]);
        }
        let twice = self.names.twice(MAX_FAULTS);
        if twice.is_empty() { Ok(rows) } else { Err(twice.into_iter().map(told).collect()) }
    }

    fn last_rows(&mut self) -> Result<Vec<Row>, Fault> {
        self.text.finish()?;
        let mut rows = Vec::new();
        match &mut self.form {
            Form::Csv(csv) => csv.finish(&mut rows)?,
            Form::Ndjson(ndjson) => ndjson.finish(&mut rows)?,
        }
        self.note(&rows)?;
        Ok(rows)
    }

    fn note(&mut self, rows: &[Row]) -> Result<(), Fault> {
        for row in rows {
            let mut variants = 0_usize;
            for sku in row.skus() {
                let line = row.variant_lines.get(variants).copied().unwrap_or(row.line);
                self.names.note(Kind::Sku, sku, line);
                variants = variants.saturating_add(1);
            }
            if let Some(handle) = row.handle() {
                self.names.note(Kind::Handle, handle, row.line);
            }
            self.rows = self.rows.saturating_add(variants.max(1));
            if self.rows > MAX_ROWS {
                let detail = format!("is beyond the {MAX_ROWS} rows that a file may have. Send it in parts.");
                return Err(fault(row.line, "too_many", &detail));
            }
        }
        Ok(())
    }
}

fn told(twice: Twice) -> Fault {
    let (column, what) = match twice.kind {
        Kind::Sku => ("sku", "SKU"),
        Kind::Handle => ("handle", "handle"),
    };
    let detail = match twice.kind {
        Kind::Sku => format!("is the same {what} as in line {}. A file has it once.", twice.first),
        Kind::Handle => format!(
            "is the same {what} as in line {}. A further variant leaves the title and what else is the product's empty.",
            twice.first
        ),
    };
    fault_in(twice.line, column, "duplicate", &detail)
}
