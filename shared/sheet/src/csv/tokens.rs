//! CSV as cells, RFC 4180: quotes around a cell, doubled inside, and nothing but a comma or the end of the line after them.
//!
//! Guarantees: texts in quotes come out as they went in, line breaks too; lines may end in CR LF, LF or CR; empty lines are
//! no records.

use crate::text::fault;
use storeroom_operations::Fault;

/// Most bytes of a cell: the longest attributes that a product may have fit in.
const MAX_CELL: usize = 512 * 1024;
/// Most cells of a line, many more than there are columns.
const MAX_CELLS: usize = 100;

/// A line's cells; it may go over several lines of the file.
#[derive(Debug, PartialEq, Eq)]
pub struct Record {
    /// Where it begins.
    pub line: u32,
    /// Its cells.
    pub cells: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Before the first character of a cell.
    Begin,
    /// In a cell without quotes.
    Plain,
    /// Between quotes.
    Quoted,
    /// After a quote that may be the last.
    Closing,
    /// After a CR that ended a line.
    Returned,
}

/// Splits text into cells.
#[derive(Debug)]
pub struct Tokens {
    state: State,
    cell: String,
    cells: Vec<String>,
    /// Where the text stands.
    line: u32,
    /// Where the record began.
    record_line: u32,
    /// Where the last quote was opened.
    quote_line: u32,
    /// Whether it is in the first record, the header.
    is_header: bool,
}

impl Tokens {
    /// At the beginning of a file.
    pub fn new() -> Self {
        Self {
            state: State::Begin,
            cell: String::new(),
            cells: Vec::new(),
            line: 1,
            record_line: 1,
            quote_line: 1,
            is_header: true,
        }
    }

    /// Takes more text.
    pub fn push(&mut self, text: &str, records: &mut Vec<Record>) -> Result<(), Fault> {
        let mut rest = text;
        while !rest.is_empty() {
            rest = self.step(rest, records)?;
        }
        Ok(())
    }

    /// Says that there is no more; the last record, if its line has no end.
    pub fn finish(&mut self) -> Result<Option<Record>, Fault> {
        if self.state == State::Quoted {
            return Err(fault(self.quote_line, "open_quote", "opens a quote that is never closed."));
        }
        let mut records = Vec::new();
        self.end_record(&mut records)?;
        Ok(records.pop())
    }

    fn step<'t>(&mut self, text: &'t str, records: &mut Vec<Record>) -> Result<&'t str, Fault> {
        match self.state {
            State::Quoted => self.quoted(text),
            State::Plain => self.plain(text),
            State::Begin | State::Closing | State::Returned => self.between(text, records),
        }
    }

    /// Up to the next quote.
    fn quoted<'t>(&mut self, text: &'t str) -> Result<&'t str, Fault> {
        let (inside, rest) = match text.split_once('"') {
            Some((inside, rest)) => {
                self.state = State::Closing;
                (inside, rest)
            }
            None => (text, ""),
        };
        let breaks = inside.bytes().filter(|byte| *byte == b'\n').count();
        self.line = self.line.saturating_add(u32::try_from(breaks).unwrap_or(u32::MAX));
        self.take(inside)?;
        Ok(rest)
    }

    /// Up to the end of a cell without quotes.
    fn plain<'t>(&mut self, text: &'t str) -> Result<&'t str, Fault> {
        let end = text.find([',', '\r', '\n', '"']).unwrap_or(text.len());
        let (inside, rest) = text.split_at_checked(end).unwrap_or((text, ""));
        self.take(inside)?;
        if rest.starts_with('"') {
            self.first_name(&self.cell)?;
            let detail = "has a quote inside a cell that does not begin with one. Put the cell into quotes and double those \
                inside.";
            return Err(fault(self.line, "stray_quote", detail));
        }
        if !rest.is_empty() {
            // What ends the cell is looked at as after a closing quote.
            self.state = State::Closing;
        }
        Ok(rest)
    }

    /// One character where a cell begins or has ended.
    fn between<'t>(&mut self, text: &'t str, records: &mut Vec<Record>) -> Result<&'t str, Fault> {
        let mut rest = text.chars();
        match (self.state, rest.next()) {
            (State::Returned, Some('\n')) => self.state = State::Begin,
            (State::Returned, _) => {
                self.state = State::Begin;
                return Ok(text);
            }
            (_, Some(',')) => self.end_cell()?,
            (_, Some('\n')) => self.end_line(State::Begin, records)?,
            (_, Some('\r')) => self.end_line(State::Returned, records)?,
            (State::Closing, Some('"')) => {
                self.take("\"")?;
                self.state = State::Quoted;
            }
            (State::Closing, _) => {
                self.first_name(text.get(..1).unwrap_or_default())?;
                let detail = "has text after the quote that closes a cell. Double the quotes inside a cell.";
                return Err(fault(self.line, "stray_quote", detail));
            }
            (_, Some('"')) => {
                self.quote_line = self.line;
                self.state = State::Quoted;
            }
            (_, _) => {
                self.state = State::Plain;
                return Ok(text);
            }
        }
        Ok(rest.as_str())
    }

    /// Refuses the first name of the header where such a text in it, or behind its quotes, separates it from the next.
    fn first_name(&self, text: &str) -> Result<(), Fault> {
        match self.is_header && self.cells.is_empty() {
            true => separated_otherwise(self.record_line, text),
            false => Ok(()),
        }
    }

    fn take(&mut self, text: &str) -> Result<(), Fault> {
        if self.cell.len().saturating_add(text.len()) > MAX_CELL {
            let line = if self.state == State::Plain { self.line } else { self.quote_line };
            let detail = format!(
                "has a cell of more than {MAX_CELL} bytes. Is a quote opened here that is never closed?"
            );
            return Err(fault(line, "too_long", &detail));
        }
        self.cell.push_str(text);
        Ok(())
    }

    fn end_cell(&mut self) -> Result<(), Fault> {
        if self.cells.len() >= MAX_CELLS {
            return Err(fault(self.record_line, "wrong_length", "has more than 100 cells."));
        }
        self.cells.push(std::mem::take(&mut self.cell));
        self.state = State::Begin;
        Ok(())
    }

    fn end_line(&mut self, next: State, records: &mut Vec<Record>) -> Result<(), Fault> {
        self.end_record(records)?;
        self.state = next;
        self.line = self.line.saturating_add(1);
        self.record_line = self.line;
        Ok(())
    }

    fn end_record(&mut self, records: &mut Vec<Record>) -> Result<(), Fault> {
        let is_empty = self.cells.is_empty() && self.cell.is_empty() && self.state != State::Closing;
        if !is_empty {
            self.end_cell()?;
            records.push(Record { line: self.record_line, cells: std::mem::take(&mut self.cells) });
            self.is_header = false;
        }
        Ok(())
    }
}

/// Refuses a name of a column that has the separator of another kind of file in it.
pub fn separated_otherwise(line: u32, name: &str) -> Result<(), Fault> {
    let separator = match name {
        name if name.contains(';') => "semicolons",
        name if name.contains('\t') => "tabs",
        _ => return Ok(()),
    };
    let detail =
        format!("separates its columns by {separator}. Save the file with commas between them (RFC 4180).");
    Err(fault(line, "wrong_separator", &detail))
}

/// A cell, in quotes where it needs them.
pub fn quoted(text: &str) -> String {
    if text.contains([',', '"', '\r', '\n']) {
        return format!("\"{}\"", text.replace('"', "\"\""));
    }
    text.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn records(pieces: &[&str]) -> Result<Vec<Record>, Fault> {
        let (mut tokens, mut records) = (Tokens::new(), Vec::new());
        for piece in pieces {
            tokens.push(piece, &mut records)?;
        }
        records.extend(tokens.finish()?);
        Ok(records)
    }

    fn record(line: u32, cells: &[&str]) -> Record {
        Record { line, cells: cells.iter().map(|cell| (*cell).to_owned()).collect() }
    }

    #[test]
    fn cells_are_split() {
        let text = "a,b\r\n\"x, \"\"y\"\"\r\nz\",\n\n,\"\"\rlast,";
        let expected = [
            record(1, &["a", "b"]),
            record(2, &["x, \"y\"\r\nz", ""]),
            record(5, &["", ""]),
            record(6, &["last", ""]),
        ];
        assert_eq!(records(&[text]).unwrap(), expected);
        assert_eq!(records(&[""]).unwrap(), []);
        assert_eq!(records(&["\n\r\n"]).unwrap(), []);
        assert_eq!(records(&["\"\""]).unwrap(), [record(1, &[""])]);
    }

    #[test]
    fn what_is_no_csv_is_told_with_its_line() {
        for (text, pointer, code) in [
            ("a\n\"b\nc", "/lines/2", "open_quote"),
            ("a\nb\"c", "/lines/2", "stray_quote"),
            ("a\n\"b\"c", "/lines/2", "stray_quote"),
            ("a\n\"b\" ,c", "/lines/2", "stray_quote"),
        ] {
            let fault = records(&[text]).unwrap_err();
            assert_eq!((fault.pointer.as_str(), fault.code), (pointer, code), "{text}");
        }
        let long = format!("a\n\"{}", "x".repeat(MAX_CELL + 1));
        assert_eq!(records(&[&long]).unwrap_err().pointer, "/lines/2");
        assert_eq!(records(&[&",".repeat(200)]).unwrap_err().code, "wrong_length");
    }

    proptest! {
        #[test]
        fn cells_come_back_however_they_are_cut(
            lines in prop::collection::vec(prop::collection::vec("[a,\"\r\n ä😀=;]{0,6}", 2), 1..6),
            cut in 1_usize..8,
        ) {
            let text: String =
                lines.iter().map(|cells| cells.iter().map(|cell| quoted(cell)).collect::<Vec<_>>().join(",") + "\r\n").collect();
            let letters: Vec<String> = text.chars().map(String::from).collect();
            let pieces: Vec<String> = letters.chunks(cut).map(|piece| piece.concat()).collect();
            let found = records(&pieces.iter().map(String::as_str).collect::<Vec<_>>()).unwrap();
            prop_assert_eq!(found.into_iter().map(|record| record.cells).collect::<Vec<_>>(), lines);
        }
    }
}
