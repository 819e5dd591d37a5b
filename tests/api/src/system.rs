//! Health, readiness, reference, problem pages.

use serde_json::{Value, json};
use storeroom_operations::problem::CODES;
use storeroom_testbed::{Fault, Reply, Testbed, request};

async fn get(bed: &Testbed, path: &str) -> Reply {
    bed.send(request("GET", path, None, &[])).await
}

#[tokio::test]
async fn health_asks_nobody() {
    let bed = Testbed::new().await;
    let reply = get(&bed, "/healthz").await;
    assert_eq!((reply.status(), reply.round_trips, reply.json()), (200, 0, json!({"status": "ok"})));
}

#[tokio::test]
async fn readiness_names_what_is_down() {
    let bed = Testbed::new().await;
    let up = get(&bed, "/readyz").await;
    assert_eq!((up.status(), &up.json()["status"]), (200, &json!("ok")));
    bed.database.fault.set(Fault::Down);
    let down = get(&bed, "/readyz").await;
    let words = |reply: &Reply| -> Vec<Value> {
        reply.json()["checks"].as_array().unwrap().iter().map(|check| check["status"].clone()).collect()
    };
    assert_eq!((down.status(), words(&down)), (503, vec![json!("down"), json!("ok"), json!("ok")]));
    bed.database.fault.set(Fault::None);
    bed.recorded.down.set(true);
    assert_eq!(words(&get(&bed, "/readyz").await), ["ok", "down", "down"]);
}

#[tokio::test]
async fn the_reference_is_a_page_under_a_strict_policy() {
    let bed = Testbed::new().await;
    let docs = get(&bed, "/docs").await;
    assert_eq!((docs.status(), docs.header("content-type")), (200, Some("text/html; charset=utf-8")));
    let policy = docs.header("content-security-policy").unwrap();
    assert!(
        policy.contains("default-src 'none'; style-src 'sha256-") && !policy.contains("unsafe"),
        "{policy}"
    );
    assert!(docs.text().contains("POST") && docs.text().contains("/api/pms/products"));
    let openapi = get(&bed, "/openapi.json").await;
    assert_eq!(openapi.json()["openapi"], "3.1.0");
}

#[tokio::test]
async fn every_problem_has_a_page() {
    let bed = Testbed::new().await;
    for code in CODES {
        let page = get(&bed, &format!("/problems/{}", code.slug())).await;
        assert_eq!(page.status(), 200);
        assert!(page.text().contains(code.slug()));
    }
    assert_eq!(get(&bed, "/problems/none-such").await.status(), 404);
}
