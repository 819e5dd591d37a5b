//! The tour's way through imports, exports and jobs: see `plans`.
//!
//! Guarantees: a job makes, changes and refuses products, ends, and is forgotten; another fails; an upload that never ended is
//! deleted; each file has a page after its first.

use crate::plans::call;
use crate::product::{create, publish, simple};
use crate::sheets::{CSV, due, finished, path, send, send_as};
use storeroom_domain::Role;
use storeroom_sql::Args;
use storeroom_testbed::Testbed;

const DAY_MS: i64 = 86_400_000;

/// Files on their way in and out.
pub async fn import(bed: &Testbed) {
    let mut product = simple("Filtered", "FILTERED");
    product["category"] = "Mugs".into();
    product["tags"] = ["blue"].into();
    publish(bed, product).await;
    create(bed, simple("Imported", "IMPORTED")).await;
    let file = "title,sku,weight_grams,status\nNew,NEW,,draft\nRenamed,IMPORTED,,archived\nBad,BAD,heavy,\n";
    let key = storeroom_bad_input::new_key();
    let keyed = [("idempotency-key", key.as_str())];
    let owner = bed.member(Role::Owner);
    let first = send_as(bed, &owner, "", CSV, file.into(), &keyed).await;
    assert_eq!(first.status(), 202, "{}", first.text());
    let again = send_as(bed, &owner, "", CSV, file.into(), &keyed).await;
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    let job = finished(bed, &first.json()).await;
    call(bed, "GET", &path(&job, ""), None, None).await;
    assert_eq!(send(bed, CSV, "title;sku").await.status(), 422);
    files(bed, &path(&job, "/errors?format=csv")).await;
    ends(bed).await;
    lists(bed).await;
    bed.clock.advance(31 * DAY_MS);
    due(bed).await;
    bed.clock.advance(-31 * DAY_MS);
}

/// A job that fails, and an upload that never ended.
async fn ends(bed: &Testbed) {
    let lost = send(bed, CSV, "title,sku\nLost,LOST\n").await.json();
    bed.recorded.files.borrow_mut().clear();
    due(bed).await;
    call(bed, "GET", &path(&lost, ""), None, None).await;
    let begun = send(bed, CSV, "title,sku\nBegun,BEGUN\n").await.json();
    let args = Args::new().with("job", begun["id"].as_str().unwrap());
    bed.sql("UPDATE jobs SET state = 'uploading' WHERE id = :job", args).await;
    due(bed).await;
    // Somebody else's turn: the job is given back.
    send(bed, CSV, "title,sku\nDown,DOWN\n").await;
    bed.recorded.down.set(true);
    let _ = storeroom_products::import::due::run(&bed.ports).await;
    bed.recorded.down.set(false);
}

async fn lists(bed: &Testbed) {
    let page = call(bed, "GET", "/api/pms/jobs?limit=1", None, None).await.json();
    let cursor = page["next_cursor"].as_str().unwrap_or_else(|| panic!("one page: {page}"));
    call(bed, "GET", &format!("/api/pms/jobs?limit=1&cursor={cursor}"), None, None).await;
    for filters in
        ["", "&status=published", "&category=Mugs", "&tag=blue", "&status=published&category=Mugs&tag=blue"]
    {
        files(bed, &format!("/api/pms/products/export?format=ndjson{filters}")).await;
    }
}

/// Reads a file to its end.
async fn files(bed: &Testbed, path: &str) {
    let mut stream = call(bed, "GET", path, None, None).await.stream().unwrap();
    while stream.next().await.is_some() {}
    assert!(!stream.is_broken());
}
