//! What rustup adds to the toolchain: targets and components.
//!
//! Guarantees: nothing is downloaded that is there already. Relies on: rustup's own record of what is installed.

use crate::checkout::Checkout;
use crate::command::{output, run};
use anyhow::Result;
use std::process::Command;

/// The Worker's target and Spin's.
const TARGETS: [&str; 2] = ["wasm32-unknown-unknown", "wasm32-wasip2"];

/// Adds the WASM targets.
pub fn add_targets(checkout: &Checkout) -> Result<()> {
    let installed = output(rustup(checkout).args(["target", "list", "--installed"]))?;
    let missing: Vec<_> =
        TARGETS.into_iter().filter(|target| !installed.lines().any(|line| line == *target)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let mut command = rustup(checkout);
    command.args(["target", "add"]).args(missing);
    run(&mut command, "adding the Rust targets", &checkout.log("rustup")?)
}

/// Adds what `cargo llvm-cov` reads coverage with.
pub fn add_llvm_tools(checkout: &Checkout) -> Result<()> {
    let installed = output(rustup(checkout).args(["component", "list", "--installed"]))?;
    if installed.lines().any(|line| line.starts_with("llvm-tools")) {
        return Ok(());
    }
    let mut command = rustup(checkout);
    command.args(["component", "add", "llvm-tools"]);
    run(&mut command, "adding llvm-tools", &checkout.log("rustup")?)
}

fn rustup(checkout: &Checkout) -> Command {
    checkout.command("rustup")
}
