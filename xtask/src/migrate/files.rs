//! The files of `migrations/`.
//!
//! Guarantees: versions are 1, 2, 3 … without a hole, and names hold nothing that SQL would have to quote.
//! Relies on: names like `0001_foundation.sql`.

use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};
use std::fs;
use std::path::Path;

/// One step of the schema.
pub struct Migration {
    /// Counts from 1.
    pub version: usize,
    /// The file's name.
    pub name: String,
    /// Of the file's bytes, in hex.
    pub sha256: String,
    /// Its statements.
    pub sql: String,
}

/// All migrations, in order.
pub fn read(folder: &Path) -> Result<Vec<Migration>> {
    let entries = fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let mut names = Vec::new();
    for entry in entries {
        names.push(entry?.file_name().to_string_lossy().into_owned());
    }
    names.retain(|name| name.ends_with(".sql"));
    names.sort();
    names.into_iter().enumerate().map(|(index, name)| load(folder, index + 1, name)).collect()
}

fn load(folder: &Path, version: usize, name: String) -> Result<Migration> {
    if !name.starts_with(&format!("{version:04}_")) || !name.bytes().all(is_plain) {
        bail!(
            "{name} is not the name of migration {version}: it is {version:04}_<words>.sql, in lower case."
        );
    }
    let sql = fs::read_to_string(folder.join(&name)).with_context(|| format!("cannot read {name}"))?;
    let sha256 = format!("{:x}", Sha256::digest(&sql));
    Ok(Migration { version, name, sha256, sql })
}

fn is_plain(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_' || byte == b'.'
}
