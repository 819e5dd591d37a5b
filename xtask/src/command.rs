//! Commands that run to their end: cargo, npm, rustup.
//!
//! Guarantees: output goes to a log; a failure is one sentence with the log's last telling line; Ctrl-C ends the
//! command and what it started; a long one shows every so often how far it is. Relies on: `process` for groups.

use crate::checkout::make_parent;
use crate::process::{Group, last_lines};
use anyhow::{Context, Result, anyhow, bail};
use std::fs::File;
use std::io::ErrorKind;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// How often a long command shows its newest line.
const SIGN_OF_LIFE: Duration = Duration::from_secs(20);

/// What a log says when a registry could not be reached.
const NO_NETWORK: [&str; 12] = [
    "could not resolve host",
    "couldn't resolve host",
    "failed to lookup address",
    "dns error",
    "enotfound",
    "eai_again",
    "etimedout",
    "econnrefused",
    "network is unreachable",
    "could not connect to server",
    "failed to connect",
    "error sending request",
];

/// Runs a command to its end with its output in `log`; `what` names it in the failure.
pub fn run(command: &mut Command, what: &str, log: &Path) -> Result<()> {
    let status = run_to_status(command, log)?;
    if status.success() {
        return Ok(());
    }
    Err(failure(what, log))
}

/// What a command prints on stdout; its stderr is in the failure.
pub fn output(command: &mut Command) -> Result<String> {
    let name = name_of(command);
    let output = command.stdin(Stdio::null()).output().map_err(|error| cannot_start(&name, &error))?;
    if !output.status.success() {
        let text = String::from_utf8_lossy(&output.stderr);
        bail!("`{name}` failed: {}", telling_line(&text));
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// The sentence for a program that could not be started.
pub fn cannot_start(name: &str, error: &std::io::Error) -> anyhow::Error {
    if error.kind() != ErrorKind::NotFound {
        return anyhow!("`{name}` cannot be started: {error}.");
    }
    match name {
        "rustup" | "cargo" => {
            anyhow!("`{name}` is missing: install Rust with rustup (https://rustup.rs) and run this again.")
        }
        "node" | "npm" => {
            anyhow!(
                "`{name}` is missing: install Node 20 or newer with npm (https://nodejs.org) and run this again."
            )
        }
        _ => anyhow!("`{name}` is missing: run `cargo xtask setup`."),
    }
}

/// The program's name, without its folder.
pub fn name_of(command: &Command) -> String {
    let program = Path::new(command.get_program());
    program.file_name().unwrap_or(command.get_program()).to_string_lossy().into_owned()
}

fn run_to_status(command: &mut Command, log: &Path) -> Result<ExitStatus> {
    make_parent(log)?;
    let file = File::create(log).with_context(|| format!("cannot write {}", log.display()))?;
    command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file);
    let mut group = Group::start(command)?;
    let mut shown = Instant::now();
    let begin = shown;
    loop {
        if let Some(status) = group.ended()? {
            return Ok(status);
        }
        crate::interrupt::pause(50)?;
        if shown.elapsed() >= SIGN_OF_LIFE {
            shown = Instant::now();
            println!("      {} s: {}", begin.elapsed().as_secs(), last_lines(log, 1).trim());
        }
    }
}

fn failure(what: &str, log: &Path) -> anyhow::Error {
    let text = last_lines(log, 400);
    let lower = text.to_lowercase();
    if NO_NETWORK.iter().any(|sign| lower.contains(sign)) {
        return anyhow!(
            "{what} failed because a registry cannot be reached: connect to the network and run this again (log: {}).",
            log.display()
        );
    }
    anyhow!("{what} failed: {} (log: {})", telling_line(&text), log.display())
}

/// The first line that names an error, else the last line.
fn telling_line(text: &str) -> &str {
    let lines = || text.lines().map(str::trim).filter(|line| !line.is_empty());
    let error =
        lines().find(|line| line.to_lowercase().starts_with("error") || line.starts_with("npm error "));
    error.or_else(|| lines().next_back()).unwrap_or("it said nothing")
}
