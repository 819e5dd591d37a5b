//! `spin.toml` leads every operation to the component of its family.

use crate::root;
use storeroom_operations::table::operations;

/// Whether a path fits a route without its `/...`, segment by segment; `:name` takes any.
fn fits(route: &[&str], path: &[&str]) -> bool {
    route.iter().zip(path).all(|(expected, segment)| expected.starts_with(':') || expected == segment)
}

/// The component that the longest fitting route of the manifest leads to.
fn component(manifest: &toml::Value, path: &str) -> Option<String> {
    let path: Vec<&str> = path.split('/').collect();
    let triggers = manifest.get("trigger")?.get("http")?.as_array()?;
    let fitting = triggers.iter().filter_map(|trigger| {
        let route = trigger.get("route")?.as_str()?;
        let (prefix, exact) = route.strip_suffix("/...").map_or((route, true), |prefix| (prefix, false));
        let route: Vec<&str> = prefix.split('/').collect();
        let reaches = if exact { route.len() == path.len() } else { route.len() <= path.len() };
        let rank = (exact, route.len());
        (reaches && fits(&route, &path)).then_some((rank, trigger.get("component")?.as_str()?.to_owned()))
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
    assert_eq!(component(&manifest, "/api/pms/products/prd_1").as_deref(), Some("products"));
    assert_eq!(component(&manifest, "/nowhere").as_deref(), Some("system"), "somebody must say 404");
}
