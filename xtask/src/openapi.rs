//! `cargo xtask openapi`: writes `openapi.json` from the table of operations, and from that the types of web/client.
//!
//! Guarantees: the same table gives the same bytes; a test fails while a file says something else.

use crate::checkout::Checkout;
use crate::client;
use crate::setup::node;
use anyhow::{Context, Result};
use std::fs;

/// Writes the files.
pub fn run(checkout: &Checkout) -> Result<()> {
    let path = checkout.path("openapi.json");
    let text = serde_json::to_string_pretty(&storeroom_operations::openapi::document())?;
    fs::write(&path, format!("{text}\n")).with_context(|| format!("cannot write {}", path.display()))?;
    node::install(checkout)?;
    client::generate(checkout)?;
    println!("wrote openapi.json: read its diff, it is what clients will see.");
    Ok(())
}
