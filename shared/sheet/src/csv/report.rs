//! CSV for people: reports that nobody reads back.
//!
//! Guarantees: a spreadsheet takes no text of a client for a formula: what begins like one gets an apostrophe before it
//! (OWASP, "CSV Injection").

use super::quoted;

/// A line of a report.
pub fn line(cells: &[&str]) -> String {
    let cells: Vec<String> = cells.iter().map(|cell| quoted(&harmless(cell))).collect();
    cells.join(",") + "\r\n"
}

fn harmless(text: &str) -> String {
    let is_formula = text
        .starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}']);
    if is_formula { format!("'{text}") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_are_made_harmless() {
        assert_eq!(line(&["17", "=1+1", "a, \"b\""]), "17,'=1+1,\"a, \"\"b\"\"\"\r\n");
    }
}
