//! The Cloudflare Worker: its build, and `wrangler dev` around workerd.
//!
//! Guarantees: the build is skipped when the WASM and the tools are the same as last time; `start` returns when the
//! Worker has answered `/healthz`. Relies on: worker-build, which finds its three helpers by their variables and so
//! downloads nothing; wrangler.toml, whose [build] comes back to `build` here.

use crate::checkout::Checkout;
use crate::command::run;
use crate::ports;
use crate::process::Service;
use crate::progress::Progress;
use crate::secrets;
use crate::setup::{self, node};
use anyhow::{Context, Result};
use sha2::{Digest, Sha256};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

const START_LIMIT: Duration = Duration::from_secs(180);
const TARGET: &str = "wasm32-unknown-unknown";

/// How one Worker on this machine is to run.
pub struct Settings<'a> {
    /// Names the log.
    pub name: &'a str,
    /// Where it listens, on 127.0.0.1.
    pub port: u16,
    /// Holds its objects, its bucket and its secrets.
    pub state: &'a Path,
    /// Variables; they come before those of wrangler.toml.
    pub variables: &'a [(&'a str, &'a str)],
    /// Secrets: the names that wrangler.toml requires, and no others.
    pub secrets: &'a [(&'a str, &'a str)],
}

/// Sets up and builds, as `[build]` of wrangler.toml and a deployer do.
pub fn set_up_and_build(checkout: &Checkout) -> Result<()> {
    let mut progress = Progress::new(setup::TO_RUN.len() + 1);
    setup::install(checkout, &setup::TO_RUN, &mut progress)?;
    progress.step("building the Worker", || build(checkout))
}

/// Builds hosts/worker/build from the crate `storeroom-worker`.
pub fn build(checkout: &Checkout) -> Result<()> {
    compile(checkout)?;
    let stamp = checkout.state("worker-build-sha256")?;
    let fingerprint = fingerprint(checkout)?;
    let built = checkout.path("hosts/worker/build/index.js").is_file();
    if built && fs::read_to_string(&stamp).is_ok_and(|last| last == fingerprint) {
        return Ok(());
    }
    bundle(checkout)?;
    fs::write(&stamp, fingerprint).with_context(|| format!("cannot write {}", stamp.display()))
}

/// Starts `wrangler dev`; also says on which port its inspector listens.
pub fn start(checkout: &Checkout, settings: &Settings) -> Result<(Service, u16)> {
    let inspector = ports::pick_free()?;
    let secrets = write_secrets(settings)?;
    let mut command = node::command(checkout, "wrangler/bin/wrangler.js")?;
    command.args(["dev", "--ip", "127.0.0.1", "--port"]).arg(settings.port.to_string());
    command.arg("--inspector-port").arg(inspector.to_string());
    command.args(["--show-interactive-dev-session=false", "--test-scheduled", "--local"]);
    command.arg("--persist-to").arg(settings.state.join("wrangler"));
    command.arg("--env-file").arg(secrets);
    for (name, value) in settings.variables {
        command.arg("--var").arg(format!("{name}:{value}"));
    }
    // Wrangler would take a secret of this shell, such as a deployment's database token, before that of the file.
    for (name, _) in settings.secrets {
        command.env_remove(name);
    }
    command.envs([
        ("WRANGLER_SEND_METRICS", "false"),
        ("CLOUDFLARE_CF_FETCH_ENABLED", "false"),
        ("NO_COLOR", "1"),
    ]);
    let mut service = Service::start("wrangler dev", &mut command, checkout.log(settings.name)?)?;
    service.wait_until_ready(&format!("http://127.0.0.1:{}/healthz", settings.port), START_LIMIT)?;
    Ok((service, inspector))
}

/// The same cargo command as worker-build's, so that the two share their results.
fn compile(checkout: &Checkout) -> Result<()> {
    let mut cargo = checkout.cargo();
    cargo.current_dir(checkout.path("hosts/worker"));
    cargo.args(["build", "--lib", "--release", "--target", TARGET]).env("WASM_BINDGEN_USE_JS_SYS", "1");
    run(&mut cargo, "compiling the Worker", &checkout.log("worker-compile")?)
}

fn bundle(checkout: &Checkout) -> Result<()> {
    let mut command = checkout.command(checkout.tool("worker-build")?);
    command.current_dir(checkout.path("hosts/worker")).arg("--release");
    command.env("PATH", node::path_with(checkout)?);
    command.env("WASM_BINDGEN_BIN", checkout.tool("wasm-bindgen")?);
    command.env("ESBUILD_BIN", checkout.npm_tool("esbuild"));
    command.env("WASM_OPT_BIN", checkout.npm_tool("wasm-opt"));
    run(&mut command, "building the Worker", &checkout.log("worker-build")?)
}

/// Of what goes into `bundle`.
fn fingerprint(checkout: &Checkout) -> Result<String> {
    let wasm = checkout.target()?.join(TARGET).join("release/storeroom_worker.wasm");
    let mut hash = Sha256::new();
    for input in [
        wasm,
        checkout.tool("worker-build")?,
        checkout.tool("wasm-bindgen")?,
        checkout.path("package-lock.json"),
        checkout.path("hosts/worker/Cargo.toml"),
    ] {
        hash.update(Sha256::digest(
            fs::read(&input).with_context(|| format!("cannot read {}", input.display()))?,
        ));
    }
    Ok(format!("{:x}", hash.finalize()))
}

/// Written anew for this user alone.
fn write_secrets(settings: &Settings) -> Result<PathBuf> {
    let path = settings.state.join("dev.vars");
    let lines = settings.secrets.iter().map(|(name, value)| format!("{name}='{value}'"));
    let _ = fs::remove_file(&path);
    secrets::write(&path, &lines.collect::<Vec<_>>().join("\n"))?;
    Ok(path)
}
