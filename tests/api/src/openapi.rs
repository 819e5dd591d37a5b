//! The checked-in `openapi.json` is what the table says.

#[test]
fn the_checked_in_document_has_not_drifted() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../openapi.json");
    let checked_in: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let made = storeroom_operations::openapi::document();
    assert!(
        checked_in == made,
        "openapi.json is not what the table says: run `cargo xtask openapi` and read the diff"
    );
}
