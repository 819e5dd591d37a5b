//! Bad input on every route: a problem that says what was wrong, nothing written, never a 5xx.

use crate::product::{create, log, mug};
use proptest::prelude::prop_assert;
use proptest::test_runner::{Config, TestRunner};
use storeroom_bad_input::{Line, NOISY_HEADERS, Noise, Subject, lines, noise};
use storeroom_domain::Role;
use storeroom_operations::operation::Row;
use storeroom_operations::table::{MIB, operations};
use storeroom_testbed::{HeaderName, HeaderValue, Reply, Testbed, request};

fn rows() -> Vec<&'static Row> {
    operations().map(|operation| operation.row()).collect()
}

/// Sends a line as the store's owner; noise replaces what it names.
async fn send(bed: &Testbed, line: &Line, noise: &[(usize, Vec<u8>)]) -> Reply {
    let (token, store) = (format!("Bearer {}", bed.member(Role::Owner).token), bed.store.to_string());
    let mut headers = vec![("authorization", token.as_str()), ("x-store-id", store.as_str())];
    headers.extend(line.headers.iter().copied());
    let mut sent = request(line.method, &line.path, line.body.clone(), &headers);
    for (name, value) in noise {
        sent.headers
            .insert(HeaderName::from_static(NOISY_HEADERS[*name]), HeaderValue::from_bytes(value).unwrap());
    }
    bed.send(sent).await
}

async fn bed_with_product() -> (Testbed, String) {
    let bed = Testbed::new().await;
    let id = create(&bed, mug()).await["id"].as_str().unwrap().to_owned();
    (bed, id)
}

#[tokio::test]
async fn every_route_refuses_each_bad_line() {
    let (bed, product) = bed_with_product().await;
    let store = bed.store.to_string();
    for row in rows() {
        for line in lines(row, Subject { product: &product, store: &store }) {
            let reply = send(&bed, &line, &[]).await;
            let answered = (reply.status(), reply.code());
            assert_eq!(
                answered,
                (line.status, line.code.to_owned()),
                "{} {}: {}",
                row.name,
                line.name,
                reply.text()
            );
            assert!(
                reply.header("x-request-id").is_some() && reply.json()["detail"].is_string(),
                "{}",
                row.name
            );
        }
    }
    assert_eq!(log(&bed, Role::Owner).await.len(), 1, "nothing was written");
}

#[tokio::test]
async fn a_method_that_is_not_there_lists_those_that_are() {
    let (bed, _) = bed_with_product().await;
    let reply = bed.send(request("DELETE", "/api/pms/products", None, &[])).await;
    assert_eq!((reply.status(), reply.header("allow")), (405, Some("GET, POST")));
}

#[tokio::test]
async fn an_announced_length_is_believed_before_the_body_is_read() {
    let (bed, _) = bed_with_product().await;
    let length = (MIB + 1).to_string();
    let headers = [("content-length", length.as_str())];
    let reply = bed.send(request("POST", "/api/pms/products", Some(b"{}".to_vec()), &headers)).await;
    assert_eq!(reply.status(), 413, "also for a stranger");
}

#[tokio::test]
async fn control_characters_are_refused_and_everything_else_is_kept() {
    let (bed, _) = bed_with_product().await;
    for title in ["a\u{0}b", "a\nb", "\u{7f}", "\u{85}"] {
        let body = serde_json::json!({"title": title});
        let reply = bed.call(Role::Owner, "POST", "/api/pms/products", Some(body)).await;
        assert_eq!((reply.status(), reply.code().as_str()), (422, "validation-failed"), "{title:?}");
    }
    for title in [
        "<script>alert(1)</script>",
        "'; DROP TABLE products; --",
        "🏺 עברית العربية",
        "\u{202e}x",
        "a:b :store",
    ] {
        let body = serde_json::json!({"title": title});
        let reply = bed.call(Role::Owner, "POST", "/api/pms/products", Some(body)).await;
        assert_eq!((reply.status(), reply.json()["title"].as_str()), (201, Some(title)));
    }
}

#[test]
fn random_bytes_never_break_anything() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (bed, product) = runtime.block_on(bed_with_product());
    let (rows, store) = (rows(), bed.store.to_string());
    let config = Config { cases: 1_500, failure_persistence: None, ..Config::default() };
    let result = TestRunner::new(config).run(&noise(), |noise: Noise| {
        let line = noise.line(&rows, Subject { product: &product, store: &store }).unwrap();
        let reply = runtime.block_on(send(&bed, &line, &noise.headers));
        prop_assert!(reply.status() < 500, "{line:?}: {}", reply.text());
        Ok(())
    });
    result.unwrap_or_else(|error| panic!("{error}"));
}
