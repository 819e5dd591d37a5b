//! Products as files: CSV (RFC 4180) with a line a variant, and NDJSON with a line a product.
//!
//! Guarantees: what `write` prints `Reader` reads back as it was, byte by byte of every text; a reader keeps no more than
//! one product and the hashes of names, however long the file is; it takes the file in pieces of any size; whatever is
//! wrong is told with its line.
//! Relies on: `storeroom-operations` for what a product may look like. No input and output of its own.

mod column;
mod csv;
mod names;
mod ndjson;
mod reader;
mod row;
mod text;
mod write;

pub use column::{COLUMNS, Column};
pub use csv::report;
pub use reader::{MAX_ROWS, Reader};
pub use row::{MAX_PRODUCT, Mistake, Row, line_of};
pub use write::{head, product};

/// How products are written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// RFC 4180, a line a variant.
    Csv,
    /// A JSON object a line, a line a product.
    Ndjson,
}

impl Format {
    /// The content type, as an answer states it.
    pub fn media(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8",
            Self::Ndjson => "application/x-ndjson",
        }
    }

    /// The end of a file's name.
    pub fn ending(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Ndjson => "ndjson",
        }
    }
}

#[cfg(test)]
mod tests;
