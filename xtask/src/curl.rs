//! Three requests to try, as lines for a shell.
//!
//! Guarantees: each line works as it is printed, in any folder, and again when it is repeated. Relies on: curl, and
//! `date` for a title and a SKU that are new each time.

use crate::stack::Tokens;

/// A line for a shell.
pub struct Example {
    /// What it shows.
    pub what: &'static str,
    /// The command.
    pub line: String,
}

/// A read as the viewer, a write as the owner, and what the public sees.
pub fn examples(url: &str, store: &str, tokens: &Tokens) -> [Example; 3] {
    let Tokens { owner, viewer } = tokens;
    let body = r#"{\"title\": \"Mug $(date +%s)\", \"variants\": [{\"sku\": \"MUG-$(date +%s)\", \"price\": {\"amount\": 1490, \"currency\": \"EUR\"}}]}"#;
    let products = format!("'{url}/api/pms/products");
    [
        Example {
            what: "list products, as the viewer",
            line: format!("curl -H 'Authorization: Bearer {viewer}' {products}?limit=3'"),
        },
        Example {
            what: "create a product, as the owner",
            line: format!(
                "curl -X POST -H 'Authorization: Bearer {owner}' -H 'Content-Type: application/json' -d \"{body}\" {products}'"
            ),
        },
        Example {
            what: "read the public catalogue",
            line: format!("curl '{url}/api/pms/catalog/products?store={store}&limit=3'"),
        },
    ]
}
