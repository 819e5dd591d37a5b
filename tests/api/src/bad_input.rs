//! Bad input on every route: a problem that says what was wrong, nothing written, never a 5xx, and soon.
#![allow(clippy::disallowed_methods, reason = "how long a refusal takes is measured by this machine's clock")]

use crate::product::{create, mug};
use proptest::prelude::prop_assert;
use proptest::test_runner::{Config, TestRunner};
use std::time::{Duration, Instant};
use storeroom_bad_input::{Line, NOISY_HEADERS, Noise, Subject, lines, noise};
use storeroom_domain::Role;
use storeroom_operations::operation::Row;
use storeroom_operations::table::{MIB, operations};
use storeroom_sql::{Args, Value};
use storeroom_testbed::{HeaderName, HeaderValue, Reply, Testbed, request};

/// How soon a refusal is there. It does no slow work, so a machine that does other things at the same time may be given
/// a few tries.
const SOON: Duration = Duration::from_millis(250);
const TRIES: usize = 5;

/// Everything that a request could write to, counted.
const WRITTEN: &str = "SELECT (SELECT total(seq + epoch + version + audit_count) FROM stores), \
    (SELECT count(*) FROM users), (SELECT count(*) FROM sessions WHERE ended_at IS NULL), \
    (SELECT count(*) FROM refresh_tokens), (SELECT count(*) FROM sign_in_failures), (SELECT total(version) FROM memberships), \
    (SELECT count(*) FROM invites), (SELECT total(version) FROM api_keys), (SELECT count(*) FROM nonces), \
    (SELECT count(*) FROM audit), (SELECT count(*) FROM events), (SELECT count(*) FROM revisions), \
    (SELECT total(version) FROM products), (SELECT count(*) FROM idempotency_keys)";

fn rows() -> Vec<&'static Row> {
    operations().map(|operation| operation.row()).collect()
}

/// A test bed and what requests to it are about.
struct Ground {
    bed: Testbed,
    store: String,
    token: String,
    product: String,
    key: String,
    user: String,
}

impl Ground {
    async fn new() -> Self {
        let bed = Testbed::new().await;
        Self {
            store: bed.store.to_string(),
            token: bed.member(Role::Owner).token,
            product: create(&bed, mug()).await["id"].as_str().unwrap().to_owned(),
            key: bed.api_key(bed.store, Role::Viewer).await.id.to_string(),
            user: bed.member(Role::Viewer).identity.user.to_string(),
            bed,
        }
    }

    fn subject(&self) -> Subject<'_> {
        Subject {
            store: &self.store,
            token: &self.token,
            product: &self.product,
            key: &self.key,
            user: &self.user,
            now_s: self.bed.ports.clock.now().ms() / 1_000,
        }
    }

    /// Sends a line; noise replaces the headers that it names.
    async fn send(&self, line: &Line, noise: &[(usize, Vec<u8>)]) -> Reply {
        let headers: Vec<_> = line.headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let mut sent = request(line.method, &line.path, line.body.clone(), &headers);
        for (name, value) in noise {
            let value = HeaderValue::from_bytes(value).unwrap();
            sent.headers.insert(HeaderName::from_static(NOISY_HEADERS[*name]), value);
        }
        self.bed.send(sent).await
    }

    async fn written(&self) -> Vec<Vec<Value>> {
        self.bed.sql(WRITTEN, Args::new()).await
    }

    /// Sends a line; the answer and how long it took, at best when it is slow at first.
    async fn timed(&self, line: &Line) -> (Reply, Duration) {
        let mut best = Duration::MAX;
        for _ in 1..TRIES {
            let start = Instant::now();
            let reply = self.send(line, &[]).await;
            best = best.min(start.elapsed());
            if best <= SOON {
                return (reply, best);
            }
        }
        (self.send(line, &[]).await, best)
    }
}

/// What is wrong with the answer to a line, if anything.
fn mistake(row: &Row, line: &Line, reply: &Reply) -> Option<String> {
    let Line { name, status, code, .. } = line;
    let answered = (reply.status(), reply.code());
    let tells = reply.header("x-request-id").is_some() && reply.json()["detail"].is_string();
    let text: String = reply.text().chars().take(400).collect();
    (answered != (*status, (*code).to_owned()) || !tells)
        .then(|| format!("{} {name}: not {status} {code} but {answered:?}: {text}", row.name))
}

#[tokio::test]
async fn every_route_refuses_each_bad_line_soon() {
    let ground = Ground::new().await;
    let before = ground.written().await;
    let (mut count, mut mistakes, mut slowest) = (0, Vec::new(), (Duration::ZERO, String::new()));
    for row in rows() {
        for line in lines(row, ground.subject()) {
            let (reply, duration) = ground.timed(&line).await;
            count += 1;
            mistakes.extend(mistake(row, &line, &reply));
            slowest = slowest.max((duration, format!("{} {}", row.name, line.name)));
        }
        assert_eq!(ground.written().await, before, "{} wrote something", row.name);
    }
    println!("{count} lines; the slowest refusal: {slowest:?}");
    assert!(count > 2_000, "only {count} lines");
    assert!(mistakes.is_empty(), "{} of {count} lines:\n{}", mistakes.len(), mistakes.join("\n"));
    assert!(slowest.0 <= SOON, "{slowest:?}");
}

#[tokio::test]
async fn a_method_that_is_not_there_lists_those_that_are() {
    let bed = Testbed::new().await;
    for method in ["DELETE", "TRACE", "PROPFIND", "MADE-UP"] {
        let reply = bed.send(request(method, "/api/pms/products", None, &[])).await;
        assert_eq!(
            (reply.status(), reply.header("allow")),
            (405, Some("GET, HEAD, POST, OPTIONS")),
            "{method}"
        );
    }
}

#[tokio::test]
async fn an_announced_length_is_believed_before_the_body_is_read() {
    let bed = Testbed::new().await;
    let length = (MIB + 1).to_string();
    let headers = [("content-length", length.as_str())];
    let reply = bed.send(request("POST", "/api/pms/products", Some(b"{}".to_vec()), &headers)).await;
    assert_eq!(reply.status(), 413, "also for a stranger");
}

#[tokio::test]
async fn control_characters_are_refused_and_everything_else_is_kept() {
    let bed = Testbed::new().await;
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
    let ground = runtime.block_on(Ground::new());
    let rows = rows();
    let config = Config { cases: 2_000, failure_persistence: None, ..Config::default() };
    let result = TestRunner::new(config).run(&noise(), |noise: Noise| {
        let line = noise.line(&rows, ground.subject()).unwrap();
        let reply = runtime.block_on(ground.send(&line, &noise.headers));
        prop_assert!(reply.status() < 500, "{line:?}: {}", reply.text());
        Ok(())
    });
    result.unwrap_or_else(|error| panic!("{error}"));
    let still_in = runtime.block_on(ground.bed.call(Role::Owner, "GET", "/api/pms/stores", None));
    assert_eq!(still_in.status(), 200, "noise has shut the sender out");
}
