//! What every source file must be.

use crate::root;
use std::path::{Path, PathBuf};

/// The end of a file's growth, in lines.
const MAX_LINES: usize = 600;
/// Names that say nothing about what is inside.
const EMPTY_NAMES: [&str; 5] = ["utils", "util", "common", "helpers", "core"];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if path.is_dir()
            && !name.starts_with('.')
            && !["target", "node_modules", "build"].contains(&name.as_str())
        {
            sources(&path, found);
        } else if name.ends_with(".rs") {
            found.push(path);
        }
    }
}

fn all() -> Vec<PathBuf> {
    let mut found = Vec::new();
    for folder in ["functions", "shared", "hosts", "tests", "xtask"] {
        sources(&root().join(folder), &mut found);
    }
    assert!(found.len() > 50);
    found
}

#[test]
fn every_file_says_what_it_is() {
    for path in all() {
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("//! ") && text.len() > 40, "{} must open with what it is", path.display());
    }
}

#[test]
fn no_file_is_two_things() {
    for path in all() {
        let lines = std::fs::read_to_string(&path).unwrap().lines().count();
        assert!(lines <= MAX_LINES, "{} has {lines} lines", path.display());
    }
}

#[test]
fn names_say_what_is_inside() {
    for path in all() {
        let stem = path.file_stem().unwrap().to_str().unwrap();
        assert!(stem != "mod" && !EMPTY_NAMES.contains(&stem), "{}", path.display());
        let folders = path.parent().unwrap().iter().filter_map(|name| name.to_str());
        assert!(!folders.into_iter().any(|name| EMPTY_NAMES.contains(&name)), "{}", path.display());
    }
}

#[test]
fn what_the_documents_name_exists() {
    for document in [
        "README.md",
        "ARCHITECTURE.md",
        "CONTRIBUTING.md",
        "docs/adding-a-route.md",
        "docs/hosts.md",
        "docs/security.md",
    ] {
        let text = std::fs::read_to_string(root().join(document)).unwrap();
        let folder = root().join(document).parent().unwrap().to_owned();
        for link in text.split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next()) {
            let outside = link.is_empty() || link.contains("://");
            assert!(outside || folder.join(link).exists(), "{document} names {link}");
        }
    }
}
