//! The Spin components: one build each.
//!
//! Guarantees: every component is built alone, so that cargo does not unify features over them. Relies on: a component
//! a folder in hosts/spin/components, with the package `storeroom-spin-<folder>`.

use crate::checkout::Checkout;
use crate::command::run;
use crate::progress::Progress;
use crate::setup::{self, Tool};
use anyhow::{Context, Result};
use std::fs;
use std::process::Command;

/// Adds the target and builds every component.
pub fn set_up_and_build(checkout: &Checkout) -> Result<()> {
    let components = components(checkout)?;
    let mut progress = Progress::new(1 + components.len());
    setup::install(checkout, &[Tool::Targets], &mut progress)?;
    for component in components {
        let (mut command, log) = (build_command(checkout, &component), checkout.log(&component)?);
        progress.step(&format!("building {component}"), || run(&mut command, &component, &log))?;
    }
    Ok(())
}

/// The packages of the components, in order of their names.
pub fn components(checkout: &Checkout) -> Result<Vec<String>> {
    let folder = checkout.path("hosts/spin/components");
    let entries = fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry?;
        if entry.path().join("Cargo.toml").is_file() {
            names.push(format!("storeroom-spin-{}", entry.file_name().to_string_lossy()));
        }
    }
    names.sort();
    Ok(names)
}

/// The command that builds one component.
pub fn build_command(checkout: &Checkout, component: &str) -> Command {
    let mut cargo = checkout.cargo();
    cargo.args(["build", "--release", "--target", "wasm32-wasip2", "-p", component]);
    cargo
}
