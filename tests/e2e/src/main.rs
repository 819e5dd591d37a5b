//! The black-box suite: one set of cases over a base URL, run against every host.
//!
//! Guarantees: a case knows the host only by its address and its capabilities; what a host cannot do is a case too,
//! never a skipped one. Relies on: `STOREROOM_E2E`, the path of a JSON file that says where the host is, which
//! `cargo xtask test` writes after it has started one.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test stops at the first surprise, and the clock of this machine is the clock of the host"
)]

mod cases;
mod delays;
mod shop;
mod socket;
mod sse;

use libtest_mimic::{Arguments, Failed, Trial};
use std::process::ExitCode;
use std::rc::Rc;
use std::sync::Arc;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let Ok(path) = std::env::var("STOREROOM_E2E") else {
        eprintln!("The black-box suite needs a host: run `cargo xtask test`.");
        return ExitCode::FAILURE;
    };
    let facts = Arc::new(shop::Facts::read(&path));
    let trials = cases::all(&facts).into_iter().map(|case| {
        let facts = facts.clone();
        Trial::test(format!("{}::{}", facts.host, case.name), move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(async {
                let shop = Rc::new(shop::Shop::open(&facts).await);
                (case.run)(shop).await;
            });
            Ok::<(), Failed>(())
        })
    });
    // One after the other: some cases stop the database for a moment.
    let arguments = Arguments { test_threads: Some(1), ..arguments };
    libtest_mimic::run(&arguments, trials.collect()).exit_code()
}
