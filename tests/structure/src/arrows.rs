//! Arrows go one way: hosts → gateway → functions → web, room, sheet, hrana → ports → sql → operations → domain.

use crate::metadata;
use serde_json::Value;

/// Every crate that others build on, with the only crates of the workspace that it may depend on.
const ARROWS: &[(&str, &[&str])] = &[
    ("storeroom-domain", &[]),
    ("storeroom-operations", &["storeroom-domain"]),
    ("storeroom-sql", &["storeroom-domain", "storeroom-operations"]),
    ("storeroom-ports", &["storeroom-domain", "storeroom-operations", "storeroom-sql"]),
    ("storeroom-room", &["storeroom-domain"]),
    ("storeroom-pictures", &[]),
    ("storeroom-sheet", &["storeroom-domain", "storeroom-operations"]),
    ("storeroom-hrana", &["storeroom-sql", "storeroom-ports"]),
    ("storeroom-web", &["storeroom-domain", "storeroom-operations", "storeroom-sql", "storeroom-ports"]),
    ("storeroom-accounts", FUNCTIONS),
    ("storeroom-images", IMAGES),
    ("storeroom-inventory", FUNCTIONS),
    ("storeroom-orders", FUNCTIONS),
    ("storeroom-products", FUNCTIONS),
    ("storeroom-rooms", FUNCTIONS),
    ("storeroom-system", FUNCTIONS),
    ("storeroom-webhooks", FUNCTIONS),
    ("storeroom-gateway", GATEWAY),
    ("storeroom-worker", HOSTS),
    ("storeroom-spin", HOSTS),
    ("storeroom-spin-accounts", SPIN_COMPONENTS),
    ("storeroom-spin-gateway", SPIN_COMPONENTS),
    ("storeroom-spin-images", SPIN_COMPONENTS),
    ("storeroom-spin-inventory", SPIN_COMPONENTS),
    ("storeroom-spin-orders", SPIN_COMPONENTS),
    ("storeroom-spin-products", SPIN_COMPONENTS),
    ("storeroom-spin-rooms", SPIN_COMPONENTS),
    ("storeroom-spin-system", SPIN_COMPONENTS),
    ("storeroom-spin-webhooks", SPIN_COMPONENTS),
    ("storeroom-testbed", HOSTS),
];

/// Functions never depend on each other: what two need moves to `shared/`.
const FUNCTIONS: &[&str] = &[
    "storeroom-domain",
    "storeroom-operations",
    "storeroom-sql",
    "storeroom-ports",
    "storeroom-room",
    "storeroom-sheet",
    "storeroom-web",
];
/// The only functions that decode pictures, so that no other component carries the codecs.
const IMAGES: &[&str] = &[
    "storeroom-domain",
    "storeroom-operations",
    "storeroom-pictures",
    "storeroom-sql",
    "storeroom-ports",
    "storeroom-web",
];
const GATEWAY: &[&str] = &[
    "storeroom-domain",
    "storeroom-operations",
    "storeroom-sql",
    "storeroom-ports",
    "storeroom-web",
    "storeroom-accounts",
    "storeroom-images",
    "storeroom-inventory",
    "storeroom-orders",
    "storeroom-products",
    "storeroom-rooms",
    "storeroom-system",
    "storeroom-webhooks",
];
const HOSTS: &[&str] = &[
    "storeroom-domain",
    "storeroom-operations",
    "storeroom-sql",
    "storeroom-ports",
    "storeroom-room",
    "storeroom-web",
    "storeroom-hrana",
    "storeroom-gateway",
];
const SPIN_COMPONENTS: &[&str] = &[
    "storeroom-spin",
    "storeroom-operations",
    "storeroom-web",
    "storeroom-gateway",
    "storeroom-accounts",
    "storeroom-images",
    "storeroom-inventory",
    "storeroom-orders",
    "storeroom-products",
    "storeroom-rooms",
    "storeroom-system",
    "storeroom-webhooks",
];

/// Crates of a platform, with the beginnings of the folders that alone may use them.
const PLATFORMS: &[(&str, &[&str])] = &[
    ("worker", &["hosts/worker"]),
    ("wasm-bindgen", &["hosts/worker"]),
    ("spin-sdk", &["hosts/spin"]),
    ("libsql", &["hosts/testbed", "tests/", "xtask"]),
    ("tokio", &["hosts/testbed", "tests/", "xtask"]),
];

fn packages() -> Vec<Value> {
    metadata(&["--no-deps"])["packages"].as_array().unwrap().clone()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

/// The names of a package's dependencies, those of its tests left out.
fn dependencies(package: &Value) -> Vec<&str> {
    let list = package["dependencies"].as_array().unwrap().iter();
    list.filter(|dependency| dependency["kind"] != "dev")
        .map(|dependency| text(&dependency["name"]))
        .collect()
}

#[test]
fn no_arrow_points_the_wrong_way() {
    for package in packages() {
        let name = text(&package["name"]);
        let Some((_, allowed)) = ARROWS.iter().find(|(known, _)| *known == name) else {
            let folder = text(&package["manifest_path"]).to_owned();
            let is_leaf = folder.contains("/tests/") || folder.contains("/xtask/");
            assert!(is_leaf, "{name} is new: say in ARROWS what it may depend on");
            continue;
        };
        for dependency in dependencies(&package).into_iter().filter(|name| name.starts_with("storeroom-")) {
            assert!(allowed.contains(&dependency), "{name} must not depend on {dependency}");
        }
    }
}

#[test]
fn platforms_stay_in_their_hosts() {
    for package in packages() {
        let manifest = text(&package["manifest_path"]);
        for (platform, folders) in PLATFORMS {
            let uses = dependencies(&package).contains(platform);
            let may = folders.iter().any(|folder| manifest.contains(&format!("/{folder}")));
            assert!(!uses || may, "{} must not depend on {platform}", package["name"]);
        }
    }
}

#[test]
fn the_rules_name_only_crates_that_exist() {
    let names: Vec<String> = packages().iter().map(|package| text(&package["name"]).to_owned()).collect();
    for (name, allowed) in ARROWS {
        for known in std::iter::once(name).chain(allowed.iter()) {
            assert!(names.iter().any(|name| name == known), "{known} does not exist");
        }
    }
}
