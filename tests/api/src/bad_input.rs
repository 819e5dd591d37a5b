//! Bad input on every route: a problem that says what was wrong, nothing written, never a 5xx.

use crate::product::{create, log, mug};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use storeroom_domain::Role;
use storeroom_operations::operation::{Access, Row};
use storeroom_operations::table::{MIB, operations};
use storeroom_testbed::{Reply, Testbed, request};

fn rows() -> impl Iterator<Item = &'static Row> {
    operations().map(|operation| operation.row())
}

struct Case<'a> {
    method: &'a str,
    path: String,
    body: Option<Vec<u8>>,
    headers: Vec<(&'a str, &'a str)>,
}

impl Case<'_> {
    /// A request of the owner that fits the row, to be made worse.
    fn of(row: &'static Row, id: &str, bed: &Testbed) -> Self {
        let mut path = row.path.replace("{id}", id).replace("{handle}", "h").replace("{code}", "not-found");
        if !matches!(row.access, Access::Member(_) | Access::Open) {
            path.push_str(&format!("?store={}", bed.store));
        }
        let body = row.body.as_ref().map(|_| b"{\"title\":\"T\"}".to_vec());
        Self { method: row.method, path, body, headers: vec![("if-match", "*")] }
    }

    async fn send(&self, bed: &Testbed) -> Reply {
        let (token, store) = (format!("Bearer {}", bed.member(Role::Owner).token), bed.store.to_string());
        let mut headers = vec![("authorization", token.as_str()), ("x-store-id", store.as_str())];
        headers.extend(self.headers.iter().copied());
        let mut sent = request(self.method, &self.path, self.body.clone(), &[]);
        for (name, value) in headers {
            let (name, value) = (http_name(name), http_value(value));
            sent.headers.insert(name, value);
        }
        bed.send(sent).await
    }
}

fn http_name(name: &str) -> storeroom_testbed::HeaderName {
    storeroom_testbed::HeaderName::from_bytes(name.as_bytes()).unwrap()
}

fn http_value(value: &str) -> storeroom_testbed::HeaderValue {
    storeroom_testbed::HeaderValue::from_bytes(value.as_bytes()).unwrap()
}

async fn bed_with_product() -> (Testbed, String) {
    let bed = Testbed::new().await;
    let id = create(&bed, mug()).await["id"].as_str().unwrap().to_owned();
    (bed, id)
}

#[tokio::test]
async fn every_route_refuses_each_bad_line() {
    let (bed, id) = bed_with_product().await;
    for row in rows() {
        let worse = |change: &dyn Fn(&mut Case<'static>)| {
            let mut case = Case::of(row, &id, &bed);
            change(&mut case);
            case
        };
        let mut expectations: Vec<(&str, Case<'static>, u16, &str)> = vec![
            ("method", worse(&|case| case.method = "TRACE"), 405, "method-not-allowed"),
            (
                "route",
                worse(&|case| {
                    case.path = case.path.replacen(row.path.split('{').next().unwrap(), "/nowhere/", 1)
                }),
                404,
                "not-found",
            ),
            (
                "version",
                worse(&|case| case.headers.push(("api-version", "1999-01-01"))),
                400,
                "api-version-unknown",
            ),
        ];
        if !row.needs.contains(&storeroom_operations::Capability::WebSocket) || row.method == "POST" {
            let accept = worse(&|case| case.headers.push(("accept", "image/png")));
            expectations.push(("accept", accept, 406, "not-acceptable"));
        }
        if row.has_store() {
            let unknown = worse(&|case| {
                let separator = if case.path.contains('?') { '&' } else { '?' };
                case.path.push_str(&format!("{separator}colour=red"));
            });
            if !row.query.is_empty() {
                expectations.push(("parameter", unknown, 400, "malformed-request"));
            }
        }
        if row.body.is_some() {
            let body = |bytes: Vec<u8>| worse(&move |case| case.body = Some(bytes.clone()));
            expectations.extend([
                ("json", body(b"{\"title\":".to_vec()), 400, "malformed-json"),
                ("utf-8", body(b"{\"title\":\"\xff\"}".to_vec()), 400, "malformed-json"),
                ("depth", body([vec![b'['; 10_000], vec![b']'; 10_000]].concat()), 400, "malformed-json"),
                ("shape", body(b"[]".to_vec()), 422, "validation-failed"),
                ("unknown field", body(b"{\"colour\":1}".to_vec()), 422, "validation-failed"),
                ("size", body(vec![b' '; MIB + 1]), 413, "body-too-large"),
                (
                    "media",
                    worse(&|case| case.headers.push(("content-type", "text/plain"))),
                    415,
                    "unsupported-media-type",
                ),
                (
                    "encoding",
                    worse(&|case| case.headers.push(("content-encoding", "gzip"))),
                    415,
                    "unsupported-media-type",
                ),
            ]);
        }
        for (line, case, status, code) in expectations {
            let reply = case.send(&bed).await;
            assert_eq!(
                (reply.status(), reply.code().as_str()),
                (status, code),
                "{} {line}: {}",
                row.name,
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

/// Any request made of pieces that lead somewhere and of random bytes.
fn anything() -> impl Strategy<Value = (usize, String, Vec<u8>, Vec<(usize, Vec<u8>)>)> {
    let piece = prop_oneof![
        "[ -~]{0,40}",
        Just("prd_01hf7yat00fentqaxbnentqaxb".to_owned()),
        Just("%ff%00".to_owned()),
        ".{0,20}",
    ];
    let body = prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..200),
        "\\{\"(title|variants|tags|x)\":(\"[a-z]{0,9}\"|[0-9e.-]{1,9}|\\[\\]|null|true)\\}"
            .prop_map(String::into_bytes),
    ];
    let headers = proptest::collection::vec((0usize..9, proptest::collection::vec(32u8..=255, 0..60)), 0..4);
    (0usize..200, piece, body, headers)
}

const HEADERS: [&str; 9] = [
    "authorization",
    "x-store-id",
    "if-match",
    "if-none-match",
    "accept",
    "content-type",
    "api-version",
    "content-length",
    "upgrade",
];

#[test]
fn random_bytes_never_break_anything() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (bed, id) = runtime.block_on(bed_with_product());
    let all: Vec<&Row> = rows().collect();
    let config = Config { cases: 1_500, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new(config);
    let result = runner.run(&anything(), |(which, piece, body, headers)| {
        let row = all[which % all.len()];
        let mut case = Case::of(row, if which % 2 == 0 { &id } else { &piece }, &bed);
        if which % 3 == 0 {
            let separator = if case.path.contains('?') { '&' } else { '?' };
            case.path.push_str(&format!(
                "{separator}{}={piece}",
                ["cursor", "store", "limit", "after", "q"][which % 5]
            ));
        }
        case.body = Some(body);
        let mut sent = request(case.method, &case.path, case.body.clone(), &[]);
        let (token, store) = (format!("Bearer {}", bed.member(Role::Owner).token), bed.store.to_string());
        for (name, value) in [("authorization", token.as_str()), ("x-store-id", &store), ("if-match", "*")] {
            sent.headers.insert(http_name(name), http_value(value));
        }
        for (name, value) in headers {
            if let Ok(value) = storeroom_testbed::HeaderValue::from_bytes(&value) {
                sent.headers.insert(http_name(HEADERS[name]), value);
            }
        }
        let reply = runtime.block_on(bed.send(sent));
        prop_assert!(reply.status() < 500, "{} {}: {}", case.method, case.path, reply.text());
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
}
