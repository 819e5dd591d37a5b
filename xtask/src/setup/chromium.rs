//! The browser that the tests of web/client run in.
//!
//! Guarantees: afterwards there is one, or one sentence says what to do. Relies on: Debian's package `chromium`, which
//! only root can install; elsewhere on the variable that names a browser.

use crate::checkout::Checkout;
use crate::command::{output, run};
use anyhow::{Result, bail};
use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Names a browser that is not where Debian's is.
pub const VARIABLE: &str = "STOREROOM_CHROMIUM";

const OF_DEBIAN: &str = "/usr/bin/chromium";

/// The browser.
pub fn find() -> Result<PathBuf> {
    let path = env::var_os(VARIABLE).map_or_else(|| PathBuf::from(OF_DEBIAN), PathBuf::from);
    if path.is_file() {
        return Ok(path);
    }
    bail!(
        "there is no Chromium at {}: install it (Debian: `apt-get install chromium`), or name another one in {VARIABLE}, and run this again.",
        path.display()
    );
}

/// Installs Debian's package, unless there is a browser already.
pub fn install(checkout: &Checkout) -> Result<()> {
    if find().is_ok() || !may_install() {
        return find().map(|_| ());
    }
    let log = checkout.log("apt")?;
    run(&mut apt(&["update"]), "asking for Debian's packages", &log)?;
    let install = ["install", "-y", "--no-install-recommends", "chromium"];
    run(&mut apt(&install), "installing Chromium", &log)?;
    find().map(|_| ())
}

/// Whether this is root of a Debian.
fn may_install() -> bool {
    let is_root = output(Command::new("id").arg("-u")).is_ok_and(|id| id == "0");
    is_root && env::var_os(VARIABLE).is_none() && Path::new("/usr/bin/apt-get").is_file()
}

fn apt(arguments: &[&str]) -> Command {
    let mut command = Command::new("apt-get");
    command.args(arguments).env("DEBIAN_FRONTEND", "noninteractive");
    command
}
