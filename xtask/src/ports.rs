//! TCP ports of this machine.
//!
//! Guarantees: a port that is checked or picked was free at that moment. Relies on: nobody taking it in the
//! milliseconds until its server listens.

use anyhow::{Context, Result, bail};
use std::net::{Ipv4Addr, TcpListener};

/// Fails with one sentence when something listens on `port`.
pub fn check_free(port: u16) -> Result<()> {
    if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_err() {
        bail!("port {port} is in use by something else: stop it, or pass another one with --port.");
    }
    Ok(())
}

/// A port that nobody listens on.
pub fn pick_free() -> Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("there is no free port")?;
    Ok(listener.local_addr()?.port())
}
