//! The peer: the JavaScript Worker of tests/bench/peer, installed and bundled.
//!
//! Guarantees: its packages are those of its own lock file, and no package's script ran; nothing of it is installed
//! unless it is measured. Relies on: npm; `wrangler deploy --dry-run`, which bundles and sends nothing.

use crate::checkout::Checkout;
use crate::command::run;
use crate::setup::node;
use anyhow::Result;
use std::path::{Path, PathBuf};

const FOLDER: &str = "tests/bench/peer";

/// Installs and bundles it into `folder`; says where the bundle is.
pub fn bundle(checkout: &Checkout, folder: &Path) -> Result<PathBuf> {
    install(checkout)?;
    let mut wrangler = node::command(checkout, "wrangler/bin/wrangler.js")?;
    wrangler.args(["deploy", "--dry-run", "--config"]).arg(checkout.path(FOLDER).join("wrangler.toml"));
    wrangler.arg("--outdir").arg(folder).env("WRANGLER_SEND_METRICS", "false");
    run(&mut wrangler, "bundling the peer", &checkout.log("bench-peer-bundle")?)?;
    Ok(folder.join("worker.js"))
}

fn install(checkout: &Checkout) -> Result<()> {
    let mut npm = checkout.command("npm");
    npm.args(["ci", "--ignore-scripts", "--omit=optional", "--no-audit", "--no-fund"]);
    npm.current_dir(checkout.path(FOLDER));
    run(&mut npm, "installing the peer", &checkout.log("bench-peer-npm")?)
}
