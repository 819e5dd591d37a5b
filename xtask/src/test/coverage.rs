//! The native tests under `cargo llvm-cov`, and how many lines they reach.
//!
//! Guarantees: only functions/ and shared/ are measured; less than `LEAST_PERCENT` of their lines fails the run.
//! Relies on: the JSON summary of llvm-cov.

use super::stage::Stage;
use crate::checkout::Checkout;
use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::fs;
use std::path::Path;

/// The share of lines that the native tests must reach.
const LEAST_PERCENT: f64 = 90.0;

/// Folders whose lines do not count.
const NOT_MEASURED: &str = "/(xtask|tests|hosts)/";

/// The native tests with their coverage.
pub fn stage(checkout: &Checkout) -> Result<Stage<'_>> {
    let report = checkout.state("coverage.json")?;
    let mut cargo = checkout.cargo();
    let mut path = std::ffi::OsString::from(checkout.tools()?.join("bin"));
    path.push(":");
    path.push(std::env::var_os("PATH").unwrap_or_default());
    cargo.env("PATH", path);
    cargo
        .args(["llvm-cov", "test", "--no-fail-fast", "--json", "--summary-only", "--output-path"])
        .arg(&report);
    let root = quote(&checkout.root().to_string_lossy());
    cargo.arg("--ignore-filename-regex").arg(format!("^{root}{NOT_MEASURED}"));
    Ok(Stage::command("native tests", cargo).with_review(move || review(&report)))
}

fn review(report: &Path) -> Result<String> {
    let report: Value = serde_json::from_slice(&fs::read(report).context("llvm-cov wrote no report")?)?;
    let percent = report.pointer("/data/0/totals/lines/percent").and_then(Value::as_f64);
    let percent = percent.context("llvm-cov's report has no percentage")?;
    let text = format!("coverage of functions/ and shared/: {percent:.1} % of lines");
    if percent < LEAST_PERCENT {
        bail!("{text}, less than {LEAST_PERCENT} %");
    }
    Ok(text)
}

/// `text` as a regular expression that matches just it.
fn quote(text: &str) -> String {
    let mut quoted = String::new();
    for character in text.chars() {
        if !character.is_alphanumeric() && character != '/' {
            quoted.push('\\');
        }
        quoted.push(character);
    }
    quoted
}
