//! `cargo xtask …`: the commands of a developer of Storeroom.
//!
//! Guarantees: each command says in one sentence what stopped it, and stops every process that it started.
//! Relies on: rustup, Node 20 or newer with npm; everything else is installed by `setup`.
#![allow(clippy::disallowed_methods, reason = "the bans are for code that runs in WASM; this runs on a desk")]

mod bench;
mod black_box;
mod checkout;
mod client;
mod command;
mod curl;
mod demo;
mod deploy_check;
mod dev;
mod hrana;
mod interrupt;
mod keeper;
mod master_key;
mod migrate;
mod open_store;
mod openapi;
mod ports;
mod process;
mod progress;
mod secrets;
mod seed;
mod setup;
mod spin;
mod sqld;
mod stack;
mod test;
mod token_key;
mod tokens;
mod worker;

use anyhow::Result;
use checkout::Checkout;
use clap::{Parser, Subcommand};
use std::process::ExitCode;

#[derive(Parser)]
#[command(name = "cargo xtask", about = "The developer's commands of Storeroom.")]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Set up, build, and run the service with a demo store until Ctrl-C.
    Dev(dev::Options),
    /// Run every check and test; ends with a line of what passed and failed.
    Test(test::Options),
    /// Build what runs on a host.
    #[command(subcommand)]
    Build(Build),
    /// Bring a database to the newest schema.
    Migrate(migrate::Options),
    /// Write openapi.json from the table of operations, asyncapi.json from the frames of the room, and the types of
    /// web/client from openapi.json.
    Openapi,
    /// Check everything about a deployment that can be known before it.
    DeployCheck(deploy_check::Options),
    /// Make the keys that sign the access tokens of a deployment, or rotate them.
    TokenKey(token_key::Options),
    /// Print a new master key for a deployment.
    MasterKey,
    /// Open a first store with its owner in a deployment's database.
    OpenStore(open_store::Options),
    /// Measure the figures of docs/benchmarks.md.
    Bench(bench::Options),
    /// Install the pinned tools, without building or running anything.
    Setup,
}

#[derive(Subcommand)]
enum Build {
    /// The Cloudflare Worker, into hosts/worker/build; returns at once when nothing changed.
    Worker,
    /// The Spin components.
    Spin,
}

fn main() -> ExitCode {
    match Checkout::find().and_then(|checkout| run(Cli::parse().task, &checkout)) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("\nerror: {error:#}");
            ExitCode::from(if interrupt::requested() { 130 } else { 1 })
        }
    }
}

fn run(task: Task, checkout: &Checkout) -> Result<ExitCode> {
    interrupt::install()?;
    match task {
        Task::Dev(options) => dev::run(checkout, &options)?,
        Task::Test(options) => return test::run(checkout, &options),
        Task::Build(Build::Worker) => worker::set_up_and_build(checkout)?,
        Task::Build(Build::Spin) => spin::set_up_and_build(checkout)?,
        Task::Migrate(options) => migrate::run(checkout, &options)?,
        Task::Openapi => openapi::run(checkout)?,
        Task::DeployCheck(options) => deploy_check::run(checkout, &options)?,
        Task::TokenKey(options) => token_key::run(&options)?,
        Task::MasterKey => master_key::run()?,
        Task::OpenStore(options) => open_store::run(&options)?,
        Task::Bench(options) => bench::run(checkout, &options)?,
        Task::Setup => setup::run(checkout)?,
    }
    Ok(ExitCode::SUCCESS)
}
