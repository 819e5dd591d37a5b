//! Bytes that come in pieces as text.
//!
//! Guarantees: UTF-8 or a fault that says where; a byte order mark at the beginning is no part of the text.

use storeroom_operations::Fault;

const MARK: &str = "\u{feff}";

/// Turns bytes into text.
#[derive(Debug)]
pub struct Text {
    /// The beginning of a character whose end has not come.
    rest: Vec<u8>,
    /// Where it stands in the file, in bytes.
    offset: usize,
    line: u32,
    is_beginning: bool,
}

impl Text {
    /// At the beginning of a file.
    pub fn new() -> Self {
        Self { rest: Vec::new(), offset: 0, line: 1, is_beginning: true }
    }

    /// The text of more bytes, as far as its last character is whole.
    pub fn push(&mut self, bytes: &[u8]) -> Result<String, Fault> {
        let mut all = std::mem::take(&mut self.rest);
        all.extend_from_slice(bytes);
        if self.is_beginning && (all.starts_with(&[0xff, 0xfe]) || all.starts_with(&[0xfe, 0xff])) {
            return Err(fault(1, "wrong_encoding", "begins as UTF-16 does. Save the file as UTF-8."));
        }
        let whole = match std::str::from_utf8(&all) {
            Ok(_) => all.len(),
            Err(error) if error.error_len().is_none() => error.valid_up_to(),
            Err(error) => return Err(self.not_utf8(&all, error.valid_up_to())),
        };
        self.rest = all.split_off(whole);
        let text = String::from_utf8(all).map_err(|error| {
            let valid = error.utf8_error().valid_up_to();
            self.not_utf8(error.as_bytes(), valid)
        })?;
        Ok(self.passed(text))
    }

    /// Says that there is no more.
    pub fn finish(&self) -> Result<(), Fault> {
        if self.rest.is_empty() { Ok(()) } else { Err(self.not_utf8(&self.rest, 0)) }
    }

    fn passed(&mut self, mut text: String) -> String {
        self.offset = self.offset.saturating_add(text.len());
        self.line = self.line.saturating_add(breaks(text.as_bytes()));
        if self.is_beginning && !text.is_empty() {
            self.is_beginning = false;
            if let Some(rest) = text.strip_prefix(MARK) {
                text = rest.to_owned();
            }
        }
        text
    }

    fn not_utf8(&self, bytes: &[u8], valid: usize) -> Fault {
        let line = self.line.saturating_add(breaks(bytes.get(..valid).unwrap_or_default()));
        let byte = self.offset.saturating_add(valid).saturating_add(1);
        let detail = format!(
            "is not UTF-8 at byte {byte} of the file. A spreadsheet may have saved it as Latin-1 or Windows-1252: save it as \
             CSV UTF-8."
        );
        fault(line, "wrong_encoding", &detail)
    }
}

fn breaks(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.iter().filter(|byte| **byte == b'\n').count()).unwrap_or(u32::MAX)
}

/// A fault of a file that is about a line.
pub fn fault(line: u32, code: &'static str, detail: &str) -> Fault {
    Fault { pointer: format!("/lines/{line}"), code, detail: detail.to_owned() }
}

/// A fault of a file that is about a column of a line.
pub fn fault_in(line: u32, column: &str, code: &'static str, detail: &str) -> Fault {
    Fault { pointer: format!("/lines/{line}/{column}"), code, detail: detail.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(pieces: &[&[u8]]) -> Result<String, Fault> {
        let mut text = Text::new();
        let mut whole = String::new();
        for piece in pieces {
            whole += &text.push(piece)?;
        }
        text.finish().map(|()| whole)
    }

    #[test]
    fn characters_may_come_in_pieces() {
        let emoji = "ä😀".as_bytes();
        let bytes: Vec<&[u8]> = emoji.chunks(1).collect();
        assert_eq!(all(&bytes).unwrap(), "ä😀");
        assert_eq!(all(&[b"\xef", b"\xbb", b"\xbfa\xef\xbb\xbf"]).unwrap(), "a\u{feff}");
    }

    #[test]
    fn what_is_no_text_is_told_with_its_place() {
        let fault = all(&[b"a\nb\nGr\xf6", b"\xdfe"]).unwrap_err();
        assert_eq!((fault.pointer.as_str(), fault.code), ("/lines/3", "wrong_encoding"));
        assert!(fault.detail.contains("byte 7") && fault.detail.contains("Latin-1"), "{}", fault.detail);
        assert_eq!(all(&[b"a\n", b"\xc3"]).unwrap_err().pointer, "/lines/2", "cut in a character");
        for mark in [b"\xff\xfea\0", b"\xfe\xff\0a"] {
            assert!(all(&[mark]).unwrap_err().detail.contains("UTF-16"));
        }
    }
}
