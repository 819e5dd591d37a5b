//! `cargo xtask dev`: from a fresh machine to a running service with a demo store.
//!
//! Guarantees: everything that it prints works when it is printed; `.storeroom/dev.json` says the same for programs
//! and exists only once the service is ready; Ctrl-C stops all that was started. Relies on: `stack`.

use crate::checkout::Checkout;
use crate::curl;
use crate::progress::Progress;
use crate::stack::{self, Claim, Limits, Stack};
use crate::{ports, setup, worker};
use anyhow::{Context, Result};
use clap::Args;
use serde_json::json;
use std::fs;
use std::path::Path;

/// Options of `cargo xtask dev`.
#[derive(Args)]
pub struct Options {
    /// Where the service listens, on 127.0.0.1.
    #[arg(long, default_value_t = 8787)]
    port: u16,
    /// Whether rates are limited; off is for load tests.
    #[arg(long, value_enum, default_value_t = Limits::On)]
    limits: Limits,
    /// Start over: delete the database, the objects and the demo store of earlier runs.
    #[arg(long)]
    fresh: bool,
}

/// Sets up, builds, starts, and waits for Ctrl-C.
pub fn run(checkout: &Checkout, options: &Options) -> Result<()> {
    let claim = Claim::new(checkout, "dev")?;
    ports::check_free(options.port)?;
    let facts = checkout.state("dev.json")?;
    let _ = fs::remove_file(&facts);
    let mut progress = Progress::new(setup::TO_RUN.len() + 1 + stack::STEPS);
    setup::install(checkout, &setup::TO_RUN, &mut progress)?;
    progress.step("building the Worker", || worker::build(checkout))?;
    let settings =
        stack::Settings { name: "dev", port: options.port, limits: options.limits, fresh: options.fresh };
    let mut stack = Stack::start(checkout, &settings, claim, &mut progress)?;
    write_facts(&stack, options.limits, &facts)?;
    announce(&stack, &progress, &facts);
    stack.wait_for_interrupt()?;
    println!("\nstopping …");
    drop(stack);
    println!("stopped.");
    Ok(())
}

fn write_facts(stack: &Stack, limits: Limits, path: &Path) -> Result<()> {
    let facts = json!({
        "url": stack.url,
        "store_id": stack.demo.store,
        "tokens": { "owner": stack.tokens.owner, "viewer": stack.tokens.viewer },
        "limits": limits.word(),
    });
    // Renamed into place, so that a program that waits for the file never reads half of it.
    let draft = path.with_extension("json.new");
    fs::write(&draft, format!("{facts:#}\n")).with_context(|| format!("cannot write {}", draft.display()))?;
    fs::rename(&draft, path).with_context(|| format!("cannot write {}", path.display()))
}

fn announce(stack: &Stack, progress: &Progress, facts: &Path) {
    println!("\nStoreroom runs at {} (ready after {} s).", stack.url, progress.seconds());
    println!(
        "Demo store: {}, with an owner and a viewer; their access tokens, good for 30 days, are in",
        stack.demo.store
    );
    println!("  {}\n", facts.display());
    for example in curl::examples(&stack.url, &stack.demo.store, &stack.tokens) {
        println!("# {}\n{}\n", example.what, example.line);
    }
    println!("Logs: .storeroom/logs. Ctrl-C stops everything.");
}
