//! From a method and a path to an operation.
//!
//! Guarantees: a literal segment beats a parameter, so `/products/bulk` is never a product; what has another method
//! is told apart from what does not exist.

use crate::table::{Operation, operations};
use std::collections::BTreeMap;

/// The parameters of a path, by name, still percent-encoded.
pub type PathParams = BTreeMap<&'static str, String>;

/// What a request's method and path lead to.
#[derive(Debug, PartialEq, Eq)]
pub enum Match {
    /// An operation and its path's parameters.
    Found(Operation, PathParams),
    /// The path exists with these methods only.
    OtherMethods(Vec<&'static str>),
    /// There is no such path.
    Nothing,
}

/// Finds the operation. `HEAD` goes where `GET` goes.
pub fn find(method: &str, path: &str) -> Match {
    let method = if method == "HEAD" { "GET" } else { method };
    let mut fitting: Vec<(Operation, PathParams)> =
        operations().filter_map(|operation| Some((operation, fit(operation.row().path, path)?))).collect();
    let fewest = fitting.iter().map(|(_, params)| params.len()).min();
    fitting.retain(|(_, params)| Some(params.len()) == fewest);
    let methods: Vec<&'static str> = fitting.iter().map(|(operation, _)| operation.row().method).collect();
    match fitting.into_iter().find(|(operation, _)| operation.row().method == method) {
        Some((operation, params)) => Match::Found(operation, params),
        None if methods.is_empty() => Match::Nothing,
        None => Match::OtherMethods(methods),
    }
}

/// The parameters of `path` when it has the shape of `template`.
pub fn fit(template: &'static str, path: &str) -> Option<PathParams> {
    let mut params = PathParams::new();
    let mut segments = path.split('/');
    for expected in template.split('/') {
        let segment = segments.next()?;
        match expected.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
            Some(name) if !segment.is_empty() => {
                params.insert(name, segment.to_owned());
            }
            Some(_) => return None,
            None if expected == segment => {}
            None => return None,
        }
    }
    segments.next().is_none().then_some(params)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::{Products, System};

    #[test]
    fn finds_operations_and_parameters() {
        let found = find("GET", "/api/pms/products/prd_1");
        let params = PathParams::from([("id", "prd_1".to_owned())]);
        assert_eq!(found, Match::Found(Operation::Products(Products::Read), params));
        let head = find("HEAD", "/healthz");
        assert_eq!(head, Match::Found(Operation::System(System::Health), PathParams::new()));
    }

    #[test]
    fn tells_other_methods_from_nothing() {
        assert_eq!(find("DELETE", "/api/pms/products"), Match::OtherMethods(vec!["GET", "POST"]));
        for path in ["/", "/api/pms/products/", "/api/pms/products/a/b", "/api/pms//products", "/healthz/"] {
            assert_eq!(find("GET", path), Match::Nothing, "{path}");
        }
    }

    #[test]
    fn every_row_is_found_by_its_own_path() {
        for operation in operations() {
            let row = operation.row();
            let path = row.path.replace(['{', '}'], "");
            assert!(
                matches!(find(row.method, &path), Match::Found(found, _) if found == operation),
                "{}",
                row.name
            );
        }
    }
}
