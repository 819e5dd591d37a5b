//! `{{ name }}` templates over the application's variables.
//!
//! Guarantees that what is not between double braces stays as it is, and that an unknown name is an error and never
//! an empty string. There is no escape, as in Spin.

use std::collections::BTreeMap;

/// Replaces every `{{ name }}` in `template`; the error says in words what is wrong.
pub fn expand(template: &str, values: &BTreeMap<String, String>) -> Result<String, String> {
    let mut expanded = String::new();
    let mut rest = template;
    while let Some((literal, after)) = rest.split_once("{{") {
        let Some((name, tail)) = after.split_once("}}") else {
            return Err(format!("unmatched '{{{{' in {template}"));
        };
        let name = name.trim();
        let value =
            values.get(name).ok_or_else(|| format!("no variable {name}, which {template} refers to"))?;
        expanded.push_str(literal);
        expanded.push_str(value);
        rest = tail;
    }
    expanded.push_str(rest);
    Ok(expanded)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values() -> BTreeMap<String, String> {
        [("host", "db.example.com"), ("port", "8080"), ("braces", "{{ host }}")]
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect()
    }

    #[test]
    fn names_are_replaced_and_the_rest_is_kept() {
        for (template, expanded) in [
            ("", ""),
            ("plain", "plain"),
            ("{{ host }}", "db.example.com"),
            ("https://{{host}}:{{  port  }}/x", "https://db.example.com:8080/x"),
            ("{{port}}{{port}}", "80808080"),
            ("a } b } c {", "a } b } c {"),
        ] {
            assert_eq!(expand(template, &values()).unwrap(), expanded);
        }
    }

    #[test]
    fn a_value_is_not_expanded_again() {
        assert_eq!(expand("{{ braces }}", &values()).unwrap(), "{{ host }}");
    }

    #[test]
    fn unknown_names_and_open_braces_are_errors() {
        for template in ["{{ nobody }}", "{{}}", "{{ host", "{{ host }} {{"] {
            assert!(expand(template, &values()).is_err(), "{template}");
        }
    }
}
