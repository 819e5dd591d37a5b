//! A manifest and the values given to it, resolved into what the host runs.
//!
//! Guarantees that everything a manifest can get wrong is found before a component is compiled: routes, templates,
//! variables, outbound hosts and database labels. Opens no component file.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::error::{HostError, Result};
use crate::manifest::{Component, Manifest};
use crate::outbound::AllowedHosts;
use crate::routing::Router;
use crate::template;
use crate::variables::{Values, application_values, component_values};

/// The only database a host has; Spin needs a runtime configuration for any other label.
const DATABASE: &str = "default";

/// A resolved application.
pub struct Application {
    /// From a path to a component's id.
    pub routes: Router<String>,
    /// The components that a route leads to, by id.
    pub components: BTreeMap<String, ResolvedComponent>,
}

/// One component, ready to be compiled.
pub struct ResolvedComponent {
    /// The component's file.
    pub source: PathBuf,
    /// What it may use.
    pub grants: Arc<Grants>,
}

/// What a component may see and use, from its own table in the manifest.
#[derive(Debug, Default)]
pub struct Grants {
    /// Labels of the databases it may open.
    pub databases: BTreeSet<String>,
    /// Labels of the key-value stores it may open.
    pub stores: BTreeSet<String>,
    /// Its own variables.
    pub variables: Values,
    /// Its environment variables.
    pub environment: Vec<(String, String)>,
    /// Where it may send requests.
    pub outbound: Arc<AllowedHosts>,
}

impl Application {
    /// Reads the manifest at `path` and resolves it with the given values of application variables.
    pub fn resolve(path: &Path, given: &Values) -> Result<Self> {
        let manifest = Manifest::read(path)?;
        let fault = |reason: String| HostError::Manifest { path: path.to_owned(), reason };
        let values = application_values(&manifest.variables, given)?;
        let folder = path.parent().unwrap_or(Path::new(""));
        let triggers = manifest.trigger.http;
        let routes =
            Router::build(triggers.iter().map(|trigger| (trigger.route.as_str(), trigger.component.clone())));
        let routed: BTreeSet<&String> = triggers.iter().map(|trigger| &trigger.component).collect();
        let components = manifest.component.into_iter().filter(|(id, _)| routed.contains(id));
        let components = components.map(|(id, component)| {
            let resolved = ResolvedComponent::new(&id, component, folder, &values)?;
            Ok((id, resolved))
        });
        Ok(Self { routes: routes.map_err(fault)?, components: components.collect::<Result<_>>()? })
    }
}

impl ResolvedComponent {
    fn new(id: &str, component: Component, folder: &Path, values: &Values) -> Result<Self> {
        if let Some(label) = component.sqlite_databases.iter().find(|label| *label != DATABASE) {
            return Err(HostError::component(
                id,
                format!("no database {label}: this host has {DATABASE} only"),
            ));
        }
        let hosts = component.allowed_outbound_hosts.iter().map(|entry| template::expand(entry, values));
        let hosts = hosts
            .collect::<std::result::Result<Vec<_>, _>>()
            .and_then(|hosts| AllowedHosts::parse(hosts.iter().map(String::as_str)));
        let grants = Grants {
            databases: component.sqlite_databases,
            stores: component.key_value_stores,
            variables: component_values(&component.variables, values)?,
            environment: component.environment.into_iter().collect(),
            outbound: Arc::new(hosts.map_err(|reason| HostError::component(id, reason))?),
        };
        Ok(Self { source: folder.join(component.source), grants: Arc::new(grants) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"
        spin_manifest_version = 2
        application = { name = "shop" }
        [variables]
        upstream = { required = true }
        [[trigger.http]]
        route = "/a/..."
        component = "a"
        [[trigger.http]]
        route = "/a/exact"
        component = "b"
        [component.a]
        source = "out/a.wasm"
        sqlite_databases = ["default"]
        allowed_outbound_hosts = ["{{ upstream }}"]
        [component.b]
        source = "/elsewhere/b.wasm"
        variables = { target = "{{ upstream }}/x" }
        [component.idle]
        source = "out/idle.wasm"
    "#;

    fn resolve(name: &str, text: &str) -> Result<Application> {
        let file = std::env::temp_dir().join(format!("{}-{name}.toml", std::process::id()));
        std::fs::write(&file, text).unwrap();
        let given = [("upstream".to_owned(), "http://127.0.0.1:9".to_owned())].into();
        let application = Application::resolve(&file, &given);
        std::fs::remove_file(&file).unwrap();
        application
    }

    #[test]
    fn routes_lead_to_components_with_their_own_grants() {
        let application = resolve("grants", TEXT).unwrap();
        assert_eq!(application.routes.find("/a/exact").unwrap(), "b");
        assert_eq!(application.routes.find("/a/other").unwrap(), "a");
        let (a, b) = (&application.components["a"], &application.components["b"]);
        assert!(a.grants.databases.contains("default") && b.grants.databases.is_empty());
        assert!(a.grants.variables.is_empty());
        assert_eq!(b.grants.variables["target"], "http://127.0.0.1:9/x");
        assert!(a.grants.outbound.allow(&"http://127.0.0.1:9/y".parse().unwrap()));
        assert!(!b.grants.outbound.allow(&"http://127.0.0.1:9/y".parse().unwrap()));
    }

    #[test]
    fn sources_are_relative_to_the_manifest_unless_absolute() {
        let application = resolve("sources", TEXT).unwrap();
        assert_eq!(application.components["a"].source, std::env::temp_dir().join("out/a.wasm"));
        assert_eq!(application.components["b"].source, Path::new("/elsewhere/b.wasm"));
    }

    #[test]
    fn a_component_without_a_route_is_left_out() {
        assert!(!resolve("idle", TEXT).unwrap().components.contains_key("idle"));
    }

    #[test]
    fn a_database_that_the_host_does_not_have_is_refused() {
        let refusal = resolve("label", &TEXT.replace("[\"default\"]", "[\"other\"]")).err().unwrap();
        assert!(refusal.to_string().contains("no database other"));
    }

    #[test]
    fn a_template_over_an_unknown_variable_is_refused() {
        assert!(resolve("template", &TEXT.replace("{{ upstream }}\"", "{{ downstream }}\"")).is_err());
    }
}
