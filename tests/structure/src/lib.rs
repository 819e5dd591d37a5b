//! The rules of the layout, kept by tests: which crate may depend on which, what stands in which file, which
//! licences come in, that the deployment files fit the table of operations, and that the documents say what is so.

#![cfg(test)]

mod arrows;
mod claims;
mod files;
mod licences;
mod orders_page;
mod spin_routes;

use serde_json::Value;
use std::path::PathBuf;
use std::process::Command;

/// The root of the checkout.
fn root() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

/// What `cargo metadata` says, with these further arguments.
fn metadata(args: &[&str]) -> Value {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--locked"])
        .args(args)
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}
