//! The part of a `spin.toml` (manifest version 2) that this host models, as data.
//!
//! Guarantees that a key it does not model is an error and never silently ignored, so that a test cannot pass because
//! the host left out a setting that Spin would have applied. Keys that change nothing at run time (`description`,
//! `authors`, `build`) are accepted and dropped.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::error::{HostError, Result};

const VERSION: u32 = 2;

/// A whole manifest.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    spin_manifest_version: u32,
    #[serde(rename = "application")]
    _application: Application,
    /// Application variables by name.
    #[serde(default)]
    pub variables: BTreeMap<String, Variable>,
    /// What starts a component.
    pub trigger: Triggers,
    /// Components by id.
    #[serde(default)]
    pub component: BTreeMap<String, Component>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Application {
    #[serde(rename = "name")]
    _name: String,
    #[serde(default, rename = "version")]
    _version: String,
    #[serde(default, rename = "description")]
    _description: String,
    #[serde(default, rename = "authors")]
    _authors: Vec<String>,
}

/// An application variable; it has a default or is required.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Variable {
    /// Whether a value must be given from outside.
    #[serde(default)]
    pub required: bool,
    /// The value when none is given.
    pub default: Option<String>,
    /// Whether the value must not be shown; this host shows no values at all.
    #[serde(default, rename = "secret")]
    _secret: bool,
    #[serde(default, rename = "description")]
    _description: String,
}

/// The triggers of an application, by kind.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Triggers {
    /// Routes, in the order of the manifest.
    pub http: Vec<HttpTrigger>,
}

/// One `[[trigger.http]]` entry.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpTrigger {
    /// The optional id, which means nothing to this host.
    #[serde(default, rename = "id")]
    _id: String,
    /// An exact path, or one with `:name` segments, or one that ends in `/...`.
    pub route: String,
    /// The id of the component that answers.
    pub component: String,
}

/// One `[component.X]` table.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Component {
    /// The component's file, relative to the manifest's folder.
    pub source: String,
    #[serde(default, rename = "description")]
    _description: String,
    /// Labels of the databases that the component may open.
    #[serde(default)]
    pub sqlite_databases: BTreeSet<String>,
    /// Labels of the key-value stores that the component may open.
    #[serde(default)]
    pub key_value_stores: BTreeSet<String>,
    /// Where the component may send HTTP requests; templates over the application's variables.
    #[serde(default)]
    pub allowed_outbound_hosts: Vec<String>,
    /// Environment variables of the component, taken literally.
    #[serde(default)]
    pub environment: BTreeMap<String, String>,
    /// The component's own variables: templates over the application's variables.
    #[serde(default)]
    pub variables: BTreeMap<String, String>,
    /// How the file is built: the business of the caller.
    #[serde(default, rename = "build")]
    _build: Option<Build>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Build {
    #[serde(rename = "command")]
    _command: IgnoredAny,
    #[serde(default, rename = "workdir")]
    _workdir: Option<String>,
    #[serde(default, rename = "watch")]
    _watch: Vec<String>,
}

impl Manifest {
    /// Reads and checks the manifest at `path`.
    pub fn read(path: &Path) -> Result<Self> {
        let fault = |reason: String| HostError::Manifest { path: path.to_owned(), reason };
        let text = std::fs::read_to_string(path).map_err(|error| fault(error.to_string()))?;
        Self::parse(&text).map_err(fault)
    }

    /// Parses a manifest's text; the error says in words what is wrong.
    pub fn parse(text: &str) -> std::result::Result<Self, String> {
        let manifest: Self = toml::from_str(text).map_err(|error| error.to_string())?;
        if manifest.spin_manifest_version != VERSION {
            return Err(format!("only manifest version {VERSION} is known"));
        }
        for trigger in &manifest.trigger.http {
            if !manifest.component.contains_key(&trigger.component) {
                return Err(format!("route {} names no component: {}", trigger.route, trigger.component));
            }
        }
        Ok(manifest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: &str = r#"
        spin_manifest_version = 2
        application = { name = "shop", version = "0.1.0", authors = ["a"] }
        [variables]
        token = { required = true, secret = true }
        region = { default = "eu", description = "where" }
        [[trigger.http]]
        route = "/api/..."
        component = "api"
        [component.api]
        source = "target/api.wasm"
        sqlite_databases = ["default"]
        key_value_stores = ["default", "blobs"]
        allowed_outbound_hosts = ["https://{{ region }}.example.com"]
        environment = { RUST_BACKTRACE = "1" }
        [component.api.variables]
        token = "{{ token }}"
        [component.api.build]
        command = "cargo build"
        watch = ["src/**/*.rs"]
    "#;

    #[test]
    fn every_modelled_key_is_read() {
        let manifest = Manifest::parse(SMALL).unwrap();
        let api = &manifest.component["api"];
        assert_eq!(manifest.trigger.http[0].route, "/api/...");
        assert_eq!(manifest.variables["region"].default.as_deref(), Some("eu"));
        assert!(manifest.variables["token"].required);
        assert_eq!(api.source, "target/api.wasm");
        assert!(api.sqlite_databases.contains("default"));
        assert_eq!(api.key_value_stores.len(), 2);
        assert_eq!(api.environment["RUST_BACKTRACE"], "1");
        assert_eq!(api.variables["token"], "{{ token }}");
    }

    #[test]
    fn an_unknown_key_is_an_error_wherever_it_stands() {
        for (known, unknown) in [
            ("spin_manifest_version = 2", "spin_manifest_version = 2\nextra = 1"),
            ("authors = [\"a\"]", "author = \"a\""),
            ("secret = true", "secrets = true"),
            ("route = \"/api/...\"", "route = \"/api/...\"\nexecutor = { type = \"http\" }"),
            ("source = \"target/api.wasm\"", "source = \"target/api.wasm\"\nfiles = [\"*\"]"),
            ("watch =", "watched ="),
            ("[[trigger.http]]", "[[trigger.cron]]\ncron_expression = \"0\"\n[[trigger.http]]"),
        ] {
            let text = SMALL.replace(known, unknown);
            assert_ne!(text, SMALL, "{known} must occur");
            assert!(Manifest::parse(&text).unwrap_err().contains("unknown field"), "{unknown}");
        }
    }

    #[test]
    fn another_manifest_version_is_refused() {
        let text = SMALL.replace("spin_manifest_version = 2", "spin_manifest_version = 1");
        assert!(Manifest::parse(&text).unwrap_err().contains("version 2"));
    }

    #[test]
    fn a_route_must_name_a_component_that_exists() {
        let text = SMALL.replace("component = \"api\"", "component = \"other\"");
        assert!(Manifest::parse(&text).unwrap_err().contains("other"));
    }
}
