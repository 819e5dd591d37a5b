//! Movements as CSV, RFC 4180.
//!
//! Guarantees: a spreadsheet takes no text of a client for a formula: what begins like one gets an apostrophe
//! before it (OWASP, "CSV Injection"). Numbers stay numbers.

use storeroom_sql::{Rows, Value};

const HEADER: &str =
    "seq,at,variant_id,sku,location_id,kind,delta,before,after,reason,reference,actor,request_id\r\n";

/// A header and a line a row, in the order of the header.
pub fn print(rows: &Rows) -> String {
    let lines = rows.0.iter().map(|row| row.iter().map(field).collect::<Vec<_>>().join(","));
    lines.fold(HEADER.to_owned(), |file, line| file + &line + "\r\n")
}

fn field(value: &Value) -> String {
    match value {
        Value::Text(text) => quoted(text),
        Value::Integer(number) => number.to_string(),
        _ => String::new(),
    }
}

fn quoted(text: &str) -> String {
    let is_formula = text
        .starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}']);
    let safe = if is_formula { format!("'{text}") } else { text.to_owned() };
    if safe.contains([',', '"', '\r', '\n', ';', '\'']) {
        return format!("\"{}\"", safe.replace('"', "\"\""));
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_quoted_and_no_formula() {
        for (text, expected) in [
            ("plain", "plain"),
            ("a, \"b\"", "\"a, \"\"b\"\"\""),
            ("=1+1", "\"'=1+1\""),
            ("@cmd", "\"'@cmd\""),
            ("-1", "\"'-1\""),
            ("+1", "\"'+1\""),
            ("\u{ff1d}1", "\"'\u{ff1d}1\""),
            ("a=1", "a=1"),
        ] {
            assert_eq!(quoted(text), expected);
        }
    }

    #[test]
    fn movement_file_format_unchanged() {
        let row = vec![Value::from(7), Value::from("t"), Value::Null, Value::from(-3)];
        let file = print(&Rows(vec![row]));
        assert_eq!(file, format!("{HEADER}7,t,,-3\r\n"));
        assert!(HEADER.starts_with("seq,at,variant_id,sku,") && HEADER.matches(',').count() == 12);
    }
}
