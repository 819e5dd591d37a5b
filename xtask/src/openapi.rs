//! `cargo xtask openapi`: writes `openapi.json` from the table of operations, `asyncapi.json` from the frames of the
//! room, and the types of web/client from `openapi.json`.
//!
//! Guarantees: the same table and types give the same bytes; a test fails while a file says something else.

use crate::checkout::Checkout;
use crate::client;
use crate::setup::node;
use anyhow::{Context, Result};
use serde_json::Value;
use std::fs;

/// Writes the files.
pub fn run(checkout: &Checkout) -> Result<()> {
    write(checkout, "openapi.json", &storeroom_operations::openapi::document())?;
    write(checkout, "asyncapi.json", &storeroom_room::asyncapi::document())?;
    node::install(checkout)?;
    client::generate(checkout)?;
    println!("wrote openapi.json and asyncapi.json: read their diff, it is what clients will see.");
    Ok(())
}

fn write(checkout: &Checkout, name: &str, document: &Value) -> Result<()> {
    let path = checkout.path(name);
    let text = serde_json::to_string_pretty(document)?;
    fs::write(&path, format!("{text}\n")).with_context(|| format!("cannot write {}", path.display()))
}
