//! State machines as SQL: their states as lists, and where each leads.

/// Names in quotes with commas between: a list of SQL with `'`, the inside of a JSON list with `"`.
pub fn list<'a>(names: impl IntoIterator<Item = &'a str>, quote: char) -> String {
    names.into_iter().map(|name| format!("{quote}{name}{quote}")).collect::<Vec<_>>().join(",")
}

/// The JSON list of where the column `state` leads, as an expression: each state with the states that may follow it.
pub fn allowed<'a>(edges: impl IntoIterator<Item = (&'a str, Vec<&'a str>)>) -> String {
    let cases = edges.into_iter().map(|(from, to)| format!("WHEN '{from}' THEN '[{}]'", list(to, '"')));
    format!("CASE state {} END", cases.collect::<Vec<_>>().join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_become_lists() {
        assert_eq!(list(["a", "b"], '\''), "'a','b'");
        let machine = allowed([("a", vec!["b", "c"]), ("c", vec![])]);
        assert_eq!(machine, r#"CASE state WHEN 'a' THEN '["b","c"]' WHEN 'c' THEN '[]' END"#);
    }
}
