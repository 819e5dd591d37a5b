//! Which licences come in with the dependencies. What `cargo deny` also checks needs a database from the network;
//! this part works without one.

use crate::metadata;

/// Licences that a shop may build on without giving anything up.
const ALLOWED: [&str; 14] = [
    "MIT",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "ISC",
    "Zlib",
    "Unicode-3.0",
    "0BSD",
    "MIT-0",
    "CC0-1.0",
    "Unlicense",
    "BSL-1.0",
    "CDLA-Permissive-2.0",
];

/// Whether one of the alternatives is allowed: `A OR (B AND C)`, with `/` for OR in old manifests.
fn allowed(licence: &str) -> bool {
    licence.replace('/', " OR ").split(" OR ").any(|choice| {
        choice.split(" AND ").all(|part| ALLOWED.contains(&part.trim().trim_matches(['(', ')'])))
    })
}

#[test]
fn every_dependency_has_a_permissive_licence() {
    let metadata = metadata(&[]);
    for package in metadata["packages"].as_array().unwrap() {
        let licence = package["license"].as_str().unwrap_or("none stated");
        assert!(allowed(licence), "{} {}: {licence}", package["name"], package["version"]);
    }
}

#[test]
fn every_dependency_comes_from_the_registry_or_the_checkout() {
    let metadata = metadata(&[]);
    for package in metadata["packages"].as_array().unwrap() {
        let source = package["source"].as_str().unwrap_or("registry+");
        assert!(source.starts_with("registry+"), "{} comes from {source}", package["name"]);
    }
}

#[test]
fn expressions_are_understood() {
    for yes in
        ["MIT", "MIT OR GPL-3.0", "Apache-2.0/MIT", "(MIT OR Apache-2.0) AND Unicode-3.0", "MIT AND ISC"]
    {
        assert!(allowed(yes), "{yes}");
    }
    for no in ["GPL-3.0", "MIT AND GPL-3.0", ""] {
        assert!(!allowed(no), "{no}");
    }
}
