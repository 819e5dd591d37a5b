//! The npm package in `web/client`: its generated types, the check of all its types, and the commands of its tests.
//!
//! Guarantees: types that are not those of openapi.json, or that do not fit together, are one sentence. Relies on: the
//! Node-side tools; TypeScript that Node runs as it is, so that tests need no build.

use crate::checkout::Checkout;
use crate::command::run;
use crate::setup::{chromium, node};
use anyhow::{Context, Result, bail};
use std::ffi::OsStr;
use std::fs;
use std::path::Path;
use std::process::Command;

const TYPES: &str = "web/client/src/generated/api.ts";
const TESTS: &str = "web/client/test/**/*.test.ts";
const VECTORS: &str = "web/client/test/http_vectors.test.ts";
/// Ends a test that hangs; the longest one takes a part of it.
const TEST_LIMIT_MS: u32 = 180_000;

/// Writes the types of openapi.json.
pub fn generate(checkout: &Checkout) -> Result<()> {
    generate_to(checkout, &checkout.path(TYPES))
}

/// Checks that the generated types are those of openapi.json and that all types fit, and builds the package.
pub fn check(checkout: &Checkout) -> Result<()> {
    let fresh = checkout.state("client-api.ts")?;
    generate_to(checkout, &fresh)?;
    if read(&fresh)? != read(&checkout.path(TYPES))? {
        bail!("{TYPES} is not what openapi.json says: run `cargo xtask openapi`.");
    }
    compile(checkout, "tsconfig.json")?;
    compile(checkout, "tsconfig.build.json")
}

fn compile(checkout: &Checkout, project: &str) -> Result<()> {
    let mut tsc = node::command(checkout, "typescript/bin/tsc")?;
    tsc.arg("--project").arg(checkout.path("web/client").join(project));
    run(&mut tsc, "compiling web/client", &checkout.log("client-tsc")?)
}

/// The command that checks its signatures against tests/vectors.
pub fn vectors(checkout: &Checkout) -> Result<Command> {
    tests_of(checkout, VECTORS)
}

/// The command that runs all its tests against the service at `url`; `facts` is what else there is to know of it.
pub fn tests(checkout: &Checkout, url: &str, facts: &Path) -> Result<Command> {
    let mut command = tests_of(checkout, TESTS)?;
    command.env("STOREROOM_URL", url).env("STOREROOM_E2E", facts);
    command.env(chromium::VARIABLE, chromium::find()?);
    Ok(command)
}

fn tests_of(checkout: &Checkout, files: &str) -> Result<Command> {
    let mut command = checkout.command(node::modern_node(checkout)?);
    command
        .args(["--test", "--test-reporter=spec", "--test-force-exit"])
        .arg(format!("--test-timeout={TEST_LIMIT_MS}"));
    command.arg(files).env("PATH", node::path_with(checkout)?);
    Ok(command)
}

fn generate_to(checkout: &Checkout, types: &Path) -> Result<()> {
    let mut command = node::command(checkout, "openapi-typescript/bin/cli.js")?;
    command
        .args([OsStr::new("openapi.json"), OsStr::new("--alphabetize"), OsStr::new("--output")])
        .arg(types);
    run(&mut command, "making the types of openapi.json", &checkout.log("client-types")?)
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}
