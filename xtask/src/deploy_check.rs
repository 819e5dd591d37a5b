//! `cargo xtask deploy-check`: everything about a deployment that can be known before it.
//!
//! Guarantees: each check that fails is one sentence that says what to change; nothing is sent anywhere.
//! Relies on: `wrangler deploy --dry-run` for the bundle; the tests for the routes of spin.toml.

use crate::checkout::Checkout;
use crate::command::output;
use crate::progress::Progress;
use crate::setup::{self, node};
use crate::{spin, worker};
use anyhow::{Context, Result, bail};
use clap::Args;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;
use std::fs;
use std::io::Write;
use std::path::Path;
use storeroom_operations::table::operations;

/// The size that Cloudflare takes, gzipped, on the paid plan.
const MAX_GZIPPED: usize = 10 * 1024 * 1024;

/// Options of `cargo xtask deploy-check`.
#[derive(Args)]
pub struct Options {
    /// The token keys of the deployment, a JWKS file, to be checked for keys that are for development only.
    #[arg(long, value_name = "FILE")]
    token_keys: Option<std::path::PathBuf>,
}

/// Checks the Worker's bundle, the Spin manifest and the settings.
pub fn run(checkout: &Checkout, options: &Options) -> Result<()> {
    let mut progress = Progress::new(setup::TO_RUN.len() + 4);
    setup::install(checkout, &setup::TO_RUN, &mut progress)?;
    progress.step("building the Worker", || worker::build(checkout))?;
    let size = progress.step("wrangler deploy --dry-run", || dry_run(checkout))?;
    progress.step("spin.toml against the routes", || spin_manifest(checkout))?;
    progress.step("settings and secrets", || settings(checkout, options))?;
    println!(
        "\nThe Worker has {} KB gzipped. Set the secrets that README.md names, then `npx wrangler deploy`.",
        size / 1024
    );
    Ok(())
}

/// Bundles as a deployment would and returns the size of the modules, gzipped.
fn dry_run(checkout: &Checkout) -> Result<usize> {
    let folder = checkout.state("dry-run")?;
    let _ = fs::remove_dir_all(&folder);
    let mut wrangler = node::command(checkout, "wrangler/bin/wrangler.js")?;
    wrangler.args(["deploy", "--dry-run", "--outdir"]).arg(&folder);
    wrangler.env("WRANGLER_SEND_METRICS", "false").env("NO_COLOR", "1");
    output(&mut wrangler).context("wrangler refuses wrangler.toml or the bundle")?;
    let size = gzipped(&folder)?;
    if size > MAX_GZIPPED {
        bail!("the Worker has {size} bytes gzipped, more than the {MAX_GZIPPED} that Cloudflare takes.");
    }
    Ok(size)
}

/// The size of a bundle's modules, gzipped each, without source maps.
pub fn gzipped(folder: &Path) -> Result<usize> {
    let mut total = 0;
    for entry in fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let path = entry?.path();
        let is_module = path.extension().is_some_and(|ending| ending == "js" || ending == "wasm");
        if is_module {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
            encoder.write_all(&fs::read(&path)?)?;
            total += encoder.finish()?.len();
        }
    }
    Ok(total)
}

/// Every operation's family has a component, and every component is built from this workspace.
fn spin_manifest(checkout: &Checkout) -> Result<()> {
    let text = fs::read_to_string(checkout.path("spin.toml")).context("there is no spin.toml")?;
    for operation in operations() {
        let family = operation.family();
        if !text.contains(&format!("[component.{family}]")) {
            bail!("spin.toml has no component `{family}`, which {} belongs to.", operation.row().path);
        }
    }
    for component in spin::components(checkout)? {
        let artefact = format!("{}.wasm", component.replace('-', "_"));
        if !text.contains(&artefact) {
            bail!("spin.toml names no source {artefact}: the component {component} would not be deployed.");
        }
    }
    Ok(())
}

fn settings(checkout: &Checkout, options: &Options) -> Result<()> {
    let text = fs::read_to_string(checkout.path("wrangler.toml")).context("there is no wrangler.toml")?;
    let wrangler = without_comments(&text);
    let set = |line: &str| wrangler.lines().any(|known| known.trim() == line);
    if !set("ENVIRONMENT = \"production\"") {
        bail!(
            "wrangler.toml must say ENVIRONMENT = \"production\": anything else takes keys for development."
        );
    }
    if !set("RATE_LIMITS = \"on\"") {
        bail!("wrangler.toml must say RATE_LIMITS = \"on\": off is for load tests.");
    }
    if wrangler.lines().any(|line| line.trim_start().starts_with("DATABASE_TOKEN")) {
        bail!("wrangler.toml holds DATABASE_TOKEN: it is a secret, set it with `npx wrangler secret put`.");
    }
    if wrangler.contains("\"dev-") {
        bail!(
            "wrangler.toml holds a key for development (its kid begins with dev-): make one for production."
        );
    }
    let has = |name: &str| wrangler.lines().any(|line| line.trim_start().starts_with(&format!("{name} =")));
    if !has("DATABASE_URL") {
        bail!("wrangler.toml sets no DATABASE_URL under [vars]: without it every request is answered 503.");
    }
    match options.token_keys.as_deref() {
        Some(path) => token_keys(path),
        None if has("TOKEN_KEYS") => Ok(()),
        None => bail!(
            "wrangler.toml sets no TOKEN_KEYS: set it there, or as a secret and pass its file with --token-keys."
        ),
    }
}

fn without_comments(toml: &str) -> String {
    let lines = toml.lines().filter(|line| !line.trim_start().starts_with('#'));
    lines.collect::<Vec<_>>().join("\n")
}

fn token_keys(path: &Path) -> Result<()> {
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let set: Value =
        serde_json::from_str(&text).with_context(|| format!("{} is not JSON", path.display()))?;
    let keys = set.get("keys").and_then(Value::as_array).cloned().unwrap_or_default();
    if keys.is_empty() {
        bail!("{} holds no key.", path.display());
    }
    for key in &keys {
        let kid = key.get("kid").and_then(Value::as_str).unwrap_or_default();
        if kid.is_empty() || kid.starts_with("dev-") {
            bail!(
                "{} holds the key `{kid}`, which is for development: make one for production.",
                path.display()
            );
        }
        if key.get("d").is_some() {
            bail!(
                "{} holds the private half of `{kid}`: the Worker needs the public half only.",
                path.display()
            );
        }
    }
    Ok(())
}
