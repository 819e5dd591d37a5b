//! Secrets: those of a stack on this machine, and the files of a deployment's.
//!
//! Guarantees: a file with a secret can be read by this user alone and is never overwritten; a stack's secrets are for
//! development, which a deployment refuses. Relies on: the system's source of randomness.

use crate::checkout;
use crate::tokens::SigningKey;
use anyhow::{Context, Result, anyhow};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use storeroom_web::master::DEV_MASTER;

/// Bytes of a master key.
const MASTER_KEY_BYTES: usize = 32;

/// The secrets of a stack.
pub struct Secrets {
    /// Signs its access tokens.
    pub key: SigningKey,
    /// Its `MASTER_KEY`.
    pub master_key: String,
}

impl Secrets {
    /// The secrets that the folder keeps, made when there are none.
    pub fn load_or_make(folder: &Path) -> Result<Self> {
        let file = folder.join("master-key");
        if !file.exists() {
            write(&file, &format!("{DEV_MASTER}{}", new_master_key()?))?;
        }
        let master_key = read(&file)?;
        Ok(Self { key: SigningKey::load_or_make(&folder.join("token-keys.json"))?, master_key })
    }
}

/// A new master key, base64url.
pub fn new_master_key() -> Result<String> {
    Ok(BASE64.encode(random::<MASTER_KEY_BYTES>()?))
}

/// Bytes that nobody can guess.
pub fn random<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| anyhow!("the system gives no randomness: {error}"))?;
    Ok(bytes)
}

/// The text of a file with a secret, without the line's end.
pub fn read(file: &Path) -> Result<String> {
    let text = fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    Ok(text.trim_end().to_owned())
}

/// Writes a file that is not there yet.
pub fn write(file: &Path, text: &str) -> Result<()> {
    checkout::make_parent(file)?;
    let mut options = OpenOptions::new();
    let opened = options.write(true).create_new(true).mode(0o600).open(file);
    let mut file = opened.with_context(|| format!("cannot write {}", file.display()))?;
    Ok(writeln!(file, "{text}")?)
}
