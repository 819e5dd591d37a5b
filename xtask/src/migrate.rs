//! Brings a database to the schema of `migrations/`, forward only.
//!
//! Guarantees: each file is applied once, in order, with its record, in one transaction; a file that changed after it
//! was applied is refused. Relies on: a `Target` that runs a script as a whole or, when a statement fails, not at all.

mod files;
pub mod sqlite;

use crate::checkout::Checkout;
use crate::hrana::Database;
use crate::progress::Progress;
use crate::setup::{self, Tool};
use anyhow::{Context, Result, bail};
use clap::Args;
use files::Migration;
use sqlite::SqliteFile;
use std::env;
use std::path::PathBuf;

const RECORDS: &str = "CREATE TABLE IF NOT EXISTS migrations (
    version INTEGER NOT NULL PRIMARY KEY, name TEXT NOT NULL, sha256 TEXT NOT NULL, applied_at INTEGER NOT NULL
) STRICT";

/// Which database, and how to get in.
#[derive(Args)]
#[group(required = true, multiple = false)]
pub struct Place {
    /// A libSQL database: libsql://…, https://… or http://….
    #[arg(long)]
    url: Option<String>,
    /// A SQLite file, such as the one that Spin keeps.
    #[arg(long)]
    sqlite: Option<PathBuf>,
}

/// Options of `cargo xtask migrate`.
#[derive(Args)]
pub struct Options {
    #[command(flatten)]
    place: Place,
    /// The environment variable that holds the database's token.
    #[arg(long, value_name = "NAME", requires = "url")]
    token_env: Option<String>,
}

/// A database that can be migrated.
pub trait Target {
    /// Runs statements; the caller writes BEGIN and COMMIT.
    fn script(&self, sql: &str) -> Result<()>;

    /// The rows of a query without arguments.
    fn rows(&self, sql: &str) -> Result<Vec<Vec<String>>>;
}

impl Target for Database {
    fn script(&self, sql: &str) -> Result<()> {
        Database::script(self, sql)
    }

    fn rows(&self, sql: &str) -> Result<Vec<Vec<String>>> {
        self.query(sql, &[])
    }
}

/// `cargo xtask migrate`.
pub fn run(checkout: &Checkout, options: &Options) -> Result<()> {
    let names = match (&options.place.url, &options.place.sqlite) {
        (Some(url), _) => apply(checkout, &Database::at(url, token(options)?)?)?,
        (None, Some(file)) => {
            setup::install(checkout, &[Tool::Node], &mut Progress::new(1))?;
            apply(checkout, &SqliteFile::open(checkout, file)?)?
        }
        (None, None) => bail!("pass --url or --sqlite."),
    };
    for name in &names {
        println!("applied {name}");
    }
    println!("{} applied; the schema is the newest.", names.len());
    Ok(())
}

/// Applies what is missing and returns the names of those files.
pub fn apply(checkout: &Checkout, target: &impl Target) -> Result<Vec<String>> {
    let wanted = files::read(&checkout.path("migrations"))?;
    target.script(RECORDS)?;
    let applied = target.rows("SELECT version, name, sha256 FROM migrations ORDER BY version")?;
    check_unchanged(&wanted, &applied)?;
    let mut names = Vec::new();
    for migration in wanted.into_iter().skip(applied.len()) {
        target
            .script(&transaction(&migration))
            .with_context(|| format!("migration {} failed", migration.name))?;
        names.push(migration.name);
    }
    Ok(names)
}

fn check_unchanged(wanted: &[Migration], applied: &[Vec<String>]) -> Result<()> {
    for (index, row) in applied.iter().enumerate() {
        let [version, name, sha256] = row.as_slice() else {
            bail!("the table `migrations` has other columns.")
        };
        match wanted.get(index) {
            Some(migration) if migration.version.to_string() == *version && migration.sha256 == *sha256 => {}
            Some(migration) if migration.version.to_string() == *version => bail!(
                "{name} was changed after this database applied it: put the change into a new file (a development database can start over with --fresh)."
            ),
            _ => bail!("the database has the migration {name}, which this checkout does not have."),
        }
    }
    Ok(())
}

fn transaction(migration: &Migration) -> String {
    let Migration { version, name, sha256, sql } = migration;
    format!(
        "BEGIN IMMEDIATE;\n{sql}\n;INSERT INTO migrations (version, name, sha256, applied_at)
         VALUES ({version}, '{name}', '{sha256}', CAST(unixepoch('subsec') * 1000 AS INTEGER));\nCOMMIT;"
    )
}

fn token(options: &Options) -> Result<Option<String>> {
    let Some(name) = &options.token_env else { return Ok(None) };
    let token = env::var(name).with_context(|| format!("the environment variable {name} is not set"))?;
    Ok(Some(token))
}
