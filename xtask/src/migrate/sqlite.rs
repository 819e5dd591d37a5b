//! A SQLite file as a target of migrations.
//!
//! Guarantees: the process that runs a script ends with it, so that an open transaction is rolled back.
//! Relies on: `node:sqlite` of the Node that Wrangler runs on; so nothing has to be compiled for this.

use super::Target;
use crate::checkout::{Checkout, make_parent};
use crate::command::output;
use crate::setup::node;
use anyhow::{Context, Result};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Prints the rows of a query, or runs a script.
const PROGRAM: &str = r#"
import { DatabaseSync } from "node:sqlite";
const [file, kind, sql] = process.argv.slice(1);
try {
  const database = new DatabaseSync(file);
  if (kind === "script") database.exec(sql);
  else console.log(JSON.stringify(database.prepare(sql).all().map((row) => Object.values(row).map(String))));
} catch (error) {
  console.error("error: " + error.message);
  process.exit(1);
}
"#;

/// A database file.
pub struct SqliteFile {
    node: PathBuf,
    file: PathBuf,
}

impl SqliteFile {
    /// The file, which is made when it is not there.
    pub fn open(checkout: &Checkout, file: &Path) -> Result<Self> {
        make_parent(file)?;
        Ok(Self { node: node::modern_node(checkout)?, file: file.to_owned() })
    }

    fn run(&self, kind: &str, sql: &str) -> Result<String> {
        let mut command = Command::new(&self.node);
        command.args(["--no-warnings", "--input-type=module", "--eval", PROGRAM]);
        output(command.arg(&self.file).args([kind, sql]))
    }
}

impl Target for SqliteFile {
    fn script(&self, sql: &str) -> Result<()> {
        self.run("script", sql).map(|_| ())
    }

    fn rows(&self, sql: &str) -> Result<Vec<Vec<String>>> {
        serde_json::from_str(&self.run("query", sql)?).context("node:sqlite answers no rows")
    }
}
