//! `spin.toml` leads every operation to the component of its family.

use crate::root;
use storeroom_operations::table::operations;

/// The component that the longest fitting route of the manifest leads to.
fn component(manifest: &toml::Value, path: &str) -> Option<String> {
    let triggers = manifest.get("trigger")?.get("http")?.as_array()?;
    let fitting = triggers.iter().filter_map(|trigger| {
        let route = trigger.get("route")?.as_str()?;
        let fits = match route.strip_suffix("/...") {
            Some(prefix) => path == prefix || path.starts_with(&format!("{prefix}/")),
            None => path == route,
        };
        let exact = !route.ends_with("/...");
        fits.then_some(((exact, route.len()), trigger.get("component")?.as_str()?.to_owned()))
    });
    fitting.max().map(|(_, component)| component)
}

#[test]
fn every_operation_reaches_its_component() {
    let text = std::fs::read_to_string(root().join("spin.toml")).unwrap();
    let manifest: toml::Value = toml::from_str(&text).unwrap();
    for operation in operations() {
        let path = operation.row().path.replace(['{', '}'], "");
        assert_eq!(component(&manifest, &path).as_deref(), Some(operation.family()), "{path}");
    }
    assert_eq!(component(&manifest, "/nowhere").as_deref(), Some("system"), "somebody must say 404");
}
