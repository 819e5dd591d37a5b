//! `cargo xtask master-key`: a new master key of a deployment.
//!
//! Guarantees: it is printed and kept nowhere.

use crate::secrets;
use anyhow::Result;

/// Prints one.
pub fn run() -> Result<()> {
    println!("{}", secrets::new_master_key()?);
    Ok(())
}
