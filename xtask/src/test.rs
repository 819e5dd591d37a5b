//! `cargo xtask test`: every check and test, one stage after the other.
//!
//! Guarantees: a failed stage does not hide the later ones; the last line counts what passed and failed, and the exit
//! code says the same; before it stands how long each stage took. Relies on: `cargo test` printing a line "test result:"
//! a test program, and Node's test runner "ℹ pass" and "ℹ fail"; a stage without such a line counts as one.

mod coverage;
mod stage;

use crate::checkout::Checkout;
use crate::progress::Progress;
use crate::setup::{self, Tool, node};
use crate::{black_box, client, interrupt, spin, worker};
use anyhow::Result;
use clap::Args;
use stage::{Counts, Stage};
use std::process::{Command, ExitCode};
use std::time::Instant;

/// Options of `cargo xtask test`.
#[derive(Args)]
pub struct Options {
    /// The native tests alone, without lints, coverage and hosts.
    #[arg(long)]
    fast: bool,
    /// Only the stages whose name holds this text, such as "black box: Spin"; what they need must be built.
    #[arg(long, conflicts_with = "fast")]
    only: Option<String>,
}

/// Sets up and runs the stages.
pub fn run(checkout: &Checkout, options: &Options) -> Result<ExitCode> {
    let tools: &[Tool] = if options.fast { &[Tool::Node] } else { &setup::TO_TEST };
    setup::install(checkout, tools, &mut Progress::new(tools.len()))?;
    let stages = if options.fast { vec![native_tests(checkout)] } else { all(checkout)? };
    let mut counts = Counts::default();
    let (mut times, mut notes) = (Vec::new(), Vec::new());
    let wanted = |stage: &Stage| options.only.as_ref().is_none_or(|text| stage.name.contains(text));
    for stage in stages.into_iter().filter(wanted) {
        interrupt::check()?;
        println!("\n== {} ==", stage.name);
        let (name, begin) = (stage.name.clone(), Instant::now());
        let outcome = stage.run()?;
        times.push((name, begin.elapsed().as_secs()));
        counts.add(outcome.counts);
        notes.extend(outcome.note);
    }
    println!();
    times.iter().for_each(|(name, seconds)| println!("{seconds:>5} s  {name}"));
    notes.iter().for_each(|note| println!("{note}"));
    println!("{} passed, {} failed", counts.passed, counts.failed);
    Ok(if counts.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The stages in their order: what is quick to fail comes first.
fn all(checkout: &Checkout) -> Result<Vec<Stage<'_>>> {
    let components = spin::components(checkout)?;
    let mut stages = vec![
        Stage::command("rustfmt", cargo(checkout, &["fmt", "--all", "--check"])),
        Stage::command("signed requests: test vectors", vectors(checkout)?),
        Stage::task("client: types", || client::check(checkout)),
        Stage::command("client: test vectors", client::vectors(checkout)?),
        Stage::command("clippy: native", clippy(checkout, &["--all-targets"])),
        Stage::command(
            "clippy: Worker",
            clippy(checkout, &["-p", "storeroom-worker", "--target", "wasm32-unknown-unknown"]),
        ),
        Stage::command("clippy: Spin components", clippy_of_spin(checkout, &components)),
        coverage::stage(checkout)?,
        Stage::task("build: Worker", || worker::build(checkout)),
    ];
    for component in components {
        let build = spin::build_command(checkout, &component);
        stages.push(Stage::command(&format!("build: {component}"), build));
    }
    let spin_host = cargo(checkout, &["test", "--no-fail-fast", "-p", "storeroom-spin-host"]);
    stages.extend([
        Stage::command("Spin's test host", spin_host),
        Stage::command("build: Spin's test host", cargo(checkout, &["build", "-p", "storeroom-spin-host"])),
        Stage::hosted("black box: workerd", || black_box::on_workerd(checkout)),
        Stage::hosted("black box: client on workerd", || black_box::client_on_workerd(checkout)),
        Stage::hosted("black box: Spin", || black_box::on_spin(checkout)),
    ]);
    Ok(stages)
}

fn native_tests(checkout: &Checkout) -> Stage<'_> {
    Stage::command("native tests", cargo(checkout, &["test", "--no-fail-fast"]))
}

/// The test vectors of signed requests, by an implementation that shares nothing with the service's.
fn vectors(checkout: &Checkout) -> Result<Command> {
    let mut node = checkout.command(node::modern_node(checkout)?);
    node.arg(checkout.path("tests/vectors/check.mjs"));
    Ok(node)
}

fn clippy_of_spin(checkout: &Checkout, components: &[String]) -> Command {
    let mut arguments = vec!["--target", "wasm32-wasip2"];
    for component in components {
        arguments.extend(["-p", component]);
    }
    clippy(checkout, &arguments)
}

fn clippy(checkout: &Checkout, arguments: &[&str]) -> Command {
    let mut clippy = cargo(checkout, &["clippy"]);
    clippy.args(arguments).args(["--", "-D", "warnings"]);
    clippy
}

fn cargo(checkout: &Checkout, arguments: &[&str]) -> Command {
    let mut cargo = checkout.cargo();
    cargo.args(arguments);
    cargo
}
