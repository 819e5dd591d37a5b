//! Ctrl-C: a flag that every waiting loop looks at.
//!
//! Guarantees: after SIGINT, SIGTERM or SIGHUP the next `check` fails, so that the caller unwinds and its guards stop
//! what was started. Relies on: nobody waiting without `pause` or `check`.

use anyhow::{Context, Result, bail};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::sleep;
use std::time::Duration;

static REQUESTED: AtomicBool = AtomicBool::new(false);

/// Takes the signals over.
pub fn install() -> Result<()> {
    ctrlc::set_handler(|| REQUESTED.store(true, Ordering::SeqCst)).context("cannot listen for Ctrl-C")
}

/// Whether the user asked to stop.
pub fn requested() -> bool {
    REQUESTED.load(Ordering::SeqCst)
}

/// Fails once the user asked to stop.
pub fn check() -> Result<()> {
    if requested() {
        bail!("stopped by Ctrl-C.");
    }
    Ok(())
}

/// Sleeps a moment, unless the user asked to stop.
pub fn pause(milliseconds: u64) -> Result<()> {
    check()?;
    sleep(Duration::from_millis(milliseconds));
    check()
}
