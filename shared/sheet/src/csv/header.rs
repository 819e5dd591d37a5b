//! The first line of a CSV file: which column stands where.

use super::tokens::{Record, separated_otherwise};
use crate::column::{Column, REQUIRED, names};
use crate::text::{fault, fault_in};
use storeroom_operations::Fault;

/// The columns of a file in their order.
#[derive(Debug)]
pub struct Header(Vec<Column>);

impl Header {
    /// Reads the first line.
    pub fn read(record: &Record) -> Result<Self, Fault> {
        let line = record.line;
        if let [only] = record.cells.as_slice() {
            separated_otherwise(line, only)?;
        }
        let mut columns = Vec::with_capacity(record.cells.len());
        for name in &record.cells {
            let name = name.trim();
            let shown: String = name.chars().take(100).collect();
            let column = Column::parse(name).ok_or_else(|| {
                fault_in(line, &shown, "unknown_column", &format!("is not a column. There are {}.", names()))
            })?;
            if columns.contains(&column) {
                return Err(fault_in(line, &shown, "duplicate", "is a column twice."));
            }
            columns.push(column);
        }
        for column in REQUIRED {
            if !columns.contains(&column) {
                return Err(fault_in(line, column.name(), "required", "is a column that every file has."));
            }
        }
        Ok(Self(columns))
    }

    /// Where a column stands.
    pub fn place(&self, column: Column) -> Option<usize> {
        self.0.iter().position(|known| *known == column)
    }

    /// The cells of a line, as many as there are columns.
    pub fn cells(&self, record: Record) -> Result<Vec<String>, Fault> {
        let (found, expected) = (record.cells.len(), self.0.len());
        if found == expected {
            return Ok(record.cells);
        }
        let detail =
            format!("has {found} cells where the header has {expected}. Is a comma or a quote missing?");
        Err(fault(record.line, "wrong_length", &detail))
    }
}
