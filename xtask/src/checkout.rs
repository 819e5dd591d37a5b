//! Where things are: the checkout, its state folder `.storeroom`, the tools, the target directory.
//!
//! Guarantees: a path that is asked for as a folder exists. Relies on: cargo, which says where the package lies and
//! where it builds to (`CARGO_TARGET_DIR` may point outside the checkout).

use crate::command;
use anyhow::{Context, Result, bail};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

/// The folder that holds the tools, when they are to outlive the checkout.
const TOOLS_VARIABLE: &str = "STOREROOM_TOOLS";

/// One working copy of Storeroom.
#[derive(Clone)]
pub struct Checkout {
    root: PathBuf,
}

impl Checkout {
    /// The checkout that this command was started in.
    pub fn find() -> Result<Self> {
        let package =
            env::var("CARGO_MANIFEST_DIR").unwrap_or_else(|_| env!("CARGO_MANIFEST_DIR").to_owned());
        let root = Path::new(&package).parent().context("xtask lies in no folder")?;
        if !root.join("wrangler.toml").is_file() {
            bail!("{} is not a checkout of Storeroom: run this by `cargo xtask` inside one.", root.display());
        }
        Ok(Self { root: root.to_owned() })
    }

    /// A path inside the checkout.
    pub fn path(&self, inside: &str) -> PathBuf {
        self.root.join(inside)
    }

    /// The top of the checkout.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// A path inside `.storeroom`, whose parent exists.
    pub fn state(&self, inside: &str) -> Result<PathBuf> {
        let path = self.root.join(".storeroom").join(inside);
        make_parent(&path)?;
        Ok(path)
    }

    /// The log file of a step or a service.
    pub fn log(&self, name: &str) -> Result<PathBuf> {
        self.state(&format!("logs/{name}.log"))
    }

    /// The folder of installed tools; programs are in its `bin`.
    pub fn tools(&self) -> Result<PathBuf> {
        let folder = match env::var_os(TOOLS_VARIABLE) {
            Some(folder) => self.root.join(folder),
            None => self.state("tools")?,
        };
        fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        Ok(folder)
    }

    /// A program that `setup` installed with cargo.
    pub fn tool(&self, name: &str) -> Result<PathBuf> {
        Ok(self.tools()?.join("bin").join(name))
    }

    /// A program that npm installed.
    pub fn npm_tool(&self, name: &str) -> PathBuf {
        self.root.join("node_modules/.bin").join(name)
    }

    /// Where cargo builds to.
    pub fn target(&self) -> Result<PathBuf> {
        let mut metadata = self.cargo();
        metadata.args(["metadata", "--format-version=1", "--no-deps"]);
        let metadata: serde_json::Value = serde_json::from_str(&command::output(&mut metadata)?)?;
        let folder = metadata.get("target_directory").and_then(|folder| folder.as_str());
        Ok(PathBuf::from(folder.context("cargo metadata names no target directory")?))
    }

    /// A cargo command in the checkout.
    pub fn cargo(&self) -> Command {
        self.command("cargo")
    }

    /// A command in the checkout, free of what `cargo run` told this process about its own package: some build
    /// scripts would take that for a change, and a cargo that runs below would build again.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.root);
        for (name, _) in env::vars_os() {
            let text = name.to_string_lossy();
            if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
                command.env_remove(&name);
            }
        }
        command
    }
}

/// Makes the folder that `path` is to lie in.
pub fn make_parent(path: &Path) -> Result<()> {
    let Some(parent) = path.parent() else { return Ok(()) };
    fs::create_dir_all(parent).with_context(|| format!("cannot make {}", parent.display()))
}
