//! The tour of the statements of changes to many products.

use crate::plans::call;
use crate::product::{create, path, simple};
use serde_json::json;
use storeroom_domain::Timestamp;
use storeroom_ports::Clock;
use storeroom_testbed::Testbed;

const BULK: &str = "/api/pms/products/bulk";

/// Makes, changes and deletes products in one call, one of them with a schedule that is due.
pub async fn bulk(bed: &Testbed) {
    let (scheduled, gone) =
        (create(bed, simple("Bald", "BULK-1")).await, create(bed, simple("Weg", "BULK-2")).await);
    let publish_at = json!({"publish_at": Timestamp::from_ms(bed.clock.now().ms() + 1_000).to_string()});
    call(bed, "POST", &format!("{}/publish", path(&scheduled)), Some(publish_at), None).await;
    bed.clock.advance(2_000);
    let operations = json!([
        {"op": "create", "product": simple("Neu", "BULK-3")},
        {"op": "update", "id": scheduled["id"], "version": 3, "patch": {"variants": [{"id": scheduled["variants"][0]["id"],
            "sku": "BULK-4", "price": {"amount": 1, "currency": "EUR"}}]}},
        {"op": "delete", "id": gone["id"], "version": 1},
    ]);
    let body = json!({"operations": operations});
    let made = call(bed, "POST", BULK, Some(body), None).await.json();
    // Later parts of the tour look for their own products.
    let operations = [0, 1].map(|row: usize| {
        let row = &made["results"][row];
        json!({"op": "delete", "id": row["id"], "version": row["version"]})
    });
    call(bed, "POST", BULK, Some(json!({"operations": operations})), None).await;
}
