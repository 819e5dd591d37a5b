//! `cargo xtask openapi`: writes `openapi.json` from the table of operations and `asyncapi.json` from the frames of the
//! room.
//!
//! Guarantees: the same table and types give the same bytes; a test fails while a file says something else.

use crate::checkout::Checkout;
use anyhow::{Context, Result};
use serde_json::Value;
use std::fs;

/// Writes the files.
pub fn run(checkout: &Checkout) -> Result<()> {
    write(checkout, "openapi.json", &storeroom_operations::openapi::document())?;
    write(checkout, "asyncapi.json", &storeroom_room::asyncapi::document())?;
    println!("wrote openapi.json and asyncapi.json: read their diff, it is what clients will see.");
    Ok(())
}

fn write(checkout: &Checkout, name: &str, document: &Value) -> Result<()> {
    let path = checkout.path(name);
    let text = serde_json::to_string_pretty(document)?;
    fs::write(&path, format!("{text}\n")).with_context(|| format!("cannot write {}", path.display()))
}
