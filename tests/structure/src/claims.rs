//! What docs/security.md says is shown by a test is shown by one that exists.
//!
//! Relies on: every such claim standing in backticks as `<path>.rs: <function>`.

use crate::root;
use std::fs::read_to_string;

const PAGE: &str = "docs/security.md";
/// How many items the OWASP API Security Top 10 has.
const ITEMS: usize = 10;
/// The item that nothing can show yet: no request goes to an address of a user's.
const SHOWN_BY_NOTHING: &str = "API7";

/// The claims of a text: a file and the name of a function in it.
fn claims(text: &str) -> Vec<(&str, &str)> {
    let in_backticks = text.split('`').skip(1).step_by(2);
    in_backticks.filter_map(|span| span.split_once(": ").filter(|(file, _)| file.ends_with(".rs"))).collect()
}

/// Whether the source declares a function of that name.
fn declares(source: &str, name: &str) -> bool {
    let declaration = format!("fn {name}(");
    source.lines().any(|line| line.contains(&declaration) && !line.trim_start().starts_with("//"))
}

#[test]
fn every_claim_names_a_function() {
    let page = read_to_string(root().join(PAGE)).unwrap();
    let claims = claims(&page);
    assert!(claims.len() >= 30, "{PAGE} names {} tests: were they written in another form?", claims.len());
    for (file, name) in claims {
        let source = read_to_string(root().join(file)).unwrap_or_default();
        assert!(declares(&source, name), "{PAGE} names `{file}: {name}`, which is not there");
    }
}

#[test]
fn every_item_of_the_list_is_shown() {
    let page = read_to_string(root().join(PAGE)).unwrap();
    for item in (1..=ITEMS).map(|number| format!("API{number}")) {
        let row = page.lines().find(|line| line.starts_with(&format!("| {item} ")));
        let row = row.unwrap_or_else(|| panic!("{PAGE} has no row {item}"));
        assert!(item == SHOWN_BY_NOTHING || !claims(row).is_empty(), "{item} is shown by nothing");
    }
}

#[test]
fn a_claim_that_is_not_so_is_noticed() {
    let text = "`a/b.rs: shown` and `Retry-After: 1`, `c.rs`; `d.rs: of_a_macro`";
    assert_eq!(claims(text), [("a/b.rs", "shown"), ("d.rs", "of_a_macro")]);
    assert!(declares("#[test]\nasync fn shown() {}", "shown"));
    assert!(!declares("// fn shown()\nfn shown_too() {}", "shown"));
}
