//! `cargo xtask openapi`: writes `openapi.json` from the table of operations.
//!
//! Guarantees: the same table gives the same bytes; a test fails while the file says something else.

use crate::checkout::Checkout;
use anyhow::{Context, Result};
use std::fs;

/// Writes the file.
pub fn run(checkout: &Checkout) -> Result<()> {
    let path = checkout.path("openapi.json");
    let text = serde_json::to_string_pretty(&storeroom_operations::openapi::document())?;
    fs::write(&path, format!("{text}\n")).with_context(|| format!("cannot write {}", path.display()))?;
    println!("wrote openapi.json: read its diff, it is what clients will see.");
    Ok(())
}
