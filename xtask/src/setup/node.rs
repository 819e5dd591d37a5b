//! The Node side: what package-lock.json pins, and a Node that is new enough for Wrangler.
//!
//! Guarantees: `node_modules` is what the lock file says; no package's script ran. Relies on: npm; for an older system
//! Node on the platform packages `node-*`, which bring a newer one into node_modules.

use crate::checkout::Checkout;
use crate::command::{output, run};
use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The oldest Node that a developer may have.
const SYSTEM_NODE: Version = Version { major: 20, minor: 0 };

/// The oldest Node that Wrangler runs on.
const WRANGLER_NODE: Version = Version { major: 22, minor: 12 };

/// Written beside what it describes, so that it goes when node_modules goes.
const STAMP: &str = "node_modules/.storeroom-lock-sha256";

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Version {
    major: u32,
    minor: u32,
}

/// Installs the packages of the lock file, unless that was done already.
pub fn install(checkout: &Checkout) -> Result<()> {
    let lock = fs::read(checkout.path("package-lock.json")).context("package-lock.json cannot be read")?;
    let wanted = format!("{:x}", Sha256::digest(lock));
    if fs::read_to_string(checkout.path(STAMP)).is_ok_and(|stamp| stamp == wanted) {
        return Ok(());
    }
    check_system_node()?;
    let mut npm = checkout.command("npm");
    npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]);
    run(&mut npm, "installing the Node-side tools", &checkout.log("npm")?)?;
    fs::write(checkout.path(STAMP), wanted).context("node_modules cannot be written")
}

/// A program of node_modules, run by a Node that is new enough for it; `script` is its path in node_modules.
pub fn command(checkout: &Checkout, script: &str) -> Result<Command> {
    let node = modern_node(checkout)?;
    let mut command = checkout.command(node);
    command.arg(checkout.path("node_modules").join(script));
    command.env("PATH", path_with(checkout)?);
    Ok(command)
}

/// A Node that runs Wrangler: the one in node_modules, else the system's.
pub fn modern_node(checkout: &Checkout) -> Result<PathBuf> {
    let candidates = [checkout.npm_tool("node"), PathBuf::from("node")];
    let found =
        candidates.into_iter().find(|node| version_of(node).is_ok_and(|version| version >= WRANGLER_NODE));
    found.context("Wrangler needs Node 22.12 or newer, and there is no package of it for this platform: install it from https://nodejs.org and run this again.")
}

/// `PATH` with the programs of node_modules first.
pub fn path_with(checkout: &Checkout) -> Result<std::ffi::OsString> {
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = std::iter::once(checkout.path("node_modules/.bin")).chain(env::split_paths(&path));
    env::join_paths(folders).context("PATH cannot be extended")
}

fn check_system_node() -> Result<()> {
    let version = version_of(Path::new("node"))?;
    output(Command::new("npm").arg("--version"))?;
    if version < SYSTEM_NODE {
        let Version { major, minor } = version;
        bail!(
            "Node {major}.{minor} is too old: install Node 20 or newer (https://nodejs.org) and run this again."
        );
    }
    Ok(())
}

fn version_of(node: &Path) -> Result<Version> {
    let text = output(Command::new(node).arg("--version"))?;
    let mut numbers = text.trim_start_matches('v').split('.').map(str::parse);
    match (numbers.next(), numbers.next()) {
        (Some(Ok(major)), Some(Ok(minor))) => Ok(Version { major, minor }),
        _ => bail!("`node --version` answers \"{text}\", which is no version."),
    }
}
