//! Files as a whole: what is written is read back, and what is wrong is told with its line.

mod faults;
mod memory;
mod round_trip;

use crate::{Format, Reader, Row};
use storeroom_operations::Fault;

/// The products of a file that comes in pieces of so many bytes.
fn read(format: Format, file: &[u8], piece: usize) -> Result<Vec<Row>, Vec<Fault>> {
    let mut reader = Reader::new(format, "EUR");
    let mut rows = Vec::new();
    for piece in file.chunks(piece) {
        rows.extend(reader.push(piece).map_err(|fault| vec![fault])?);
    }
    rows.extend(reader.finish()?);
    Ok(rows)
}
