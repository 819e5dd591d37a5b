//! `cargo xtask token-key`: a key pair that signs access tokens of a deployment.
//!
//! Guarantees: the private half is written to a file that this user alone can read; the public half is printed.

use crate::tokens::SigningKey;
use anyhow::{Result, bail};
use clap::Args;
use std::path::PathBuf;

/// Options of `cargo xtask token-key`.
#[derive(Args)]
pub struct Options {
    /// The key's name, such as the month: 2026-11.
    #[arg(long)]
    kid: String,
    /// Where the private half goes. Keep it out of the checkout.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

/// Makes the pair.
pub fn run(options: &Options) -> Result<()> {
    if options.kid.starts_with("dev-") {
        bail!("a name that begins with dev- is for development keys, which a deployment refuses.");
    }
    if options.out.exists() {
        bail!("{} is there already: nothing was written.", options.out.display());
    }
    let key = SigningKey::make(&options.kid, &options.out)?;
    println!("{}", key.jwks());
    Ok(())
}
