//! The tour's way through images: see `plans`.

use crate::picture::{jpeg, send};
use crate::plans::call;
use crate::product::{create, path, simple};
use serde_json::json;
use storeroom_domain::Role;
use storeroom_testbed::Testbed;

/// Images that come, change, go, and leave files behind for due work.
pub async fn images(bed: &Testbed) {
    let product = create(bed, simple("Pictured", "PICTURED")).await;
    let images = format!("{}/images", path(&product));
    let mut ids = Vec::new();
    for shade in 0..3 {
        let key = storeroom_bad_input::new_key();
        let reply =
            send(bed, "POST", &images, jpeg(9, 9, [shade * 40; 3]), &[("idempotency-key", &key)]).await;
        assert_eq!(reply.status(), 201, "{}", reply.text());
        ids.push(reply.json()["id"].as_str().unwrap().to_owned());
    }
    let [first, second] = [0, 1].map(|n: usize| format!("{images}/{}", ids[n]));
    call(bed, "PATCH", &first, Some(json!({"alt": "A mug", "position": 2})), Some("*")).await;
    let replaced = send(bed, "PUT", &second, jpeg(9, 9, [7; 3]), &[("if-match", "*")]).await;
    assert_eq!(replaced.status(), 200, "{}", replaced.text());
    let stale = send(bed, "PUT", &second, jpeg(9, 9, [8; 3]), &[("if-match", "\"1\"")]).await;
    assert_eq!(stale.code(), "version-conflict");
    call(bed, "DELETE", &first, None, Some("*")).await;
    let gone = bed.call_with(Role::Owner, "DELETE", &first, None, &[("if-match", "*")]).await;
    assert_eq!(gone.status(), 404);
    bed.clock.advance(7_200_000);
    call(bed, "POST", "/api/pms/due", None, None).await;
    bed.clock.advance(-7_200_000);
}
