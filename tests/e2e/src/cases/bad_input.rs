//! Bad input over the wire: the same lines as in process.

use crate::shop::{Reply, Shop, now};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use std::rc::Rc;
use storeroom_bad_input::{Line, NOISY_HEADERS, Subject, lines, noise};
use storeroom_domain::Role;
use storeroom_operations::operation::{Answer, Row};
use storeroom_operations::table::operations;
use storeroom_sql::{Args, Value};

/// How many requests of noise are sent.
const NOISES: usize = 300;

/// The rows that the host offers. Without an upgrade the room answers 400 whatever else is wrong, so it is left out.
fn rows(shop: &Shop) -> Vec<&'static Row> {
    let is_asked =
        |row: &&Row| !matches!(row.answer, Answer::Socket) && (shop.websockets || row.needs.is_empty());
    operations().map(|operation| operation.row()).filter(is_asked).collect()
}

async fn send(shop: &Shop, line: &Line, noise: &[(usize, Vec<u8>)]) -> Reply {
    let noise: Vec<(&str, String)> = noise
        .iter()
        .map(|(name, value)| (NOISY_HEADERS[*name], String::from_utf8(value.clone()).unwrap()))
        .collect();
    let mut headers: Vec<_> = line.headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    for (name, value) in &noise {
        headers.retain(|(known, _)| known != name);
        headers.push((name, value));
    }
    // A GET has no body.
    let body = line.body.clone().filter(|_| line.method != "GET");
    shop.send(line.method, &line.path, body, &headers).await
}

/// What the requests are about.
struct Ground {
    store: String,
    product: String,
    key: String,
    user: String,
}

impl Ground {
    async fn new(shop: &Shop) -> Self {
        let key = shop.create_key(Role::Viewer).await.name;
        Self {
            store: shop.store.to_string(),
            product: shop.create("Kerze").await["id"].as_str().unwrap().to_owned(),
            key: key.split('.').next().unwrap().to_owned(),
            user: shop.viewer.identity.user.to_string(),
        }
    }

    fn subject<'a>(&'a self, shop: &'a Shop) -> Subject<'a> {
        Subject {
            store: &self.store,
            token: &shop.owner.token,
            product: &self.product,
            key: &self.key,
            user: &self.user,
            now_s: now().ms() / 1_000,
        }
    }
}

/// What a request could write to, counted.
async fn written(shop: &Shop) -> Vec<Vec<Value>> {
    let counts = "SELECT (SELECT total(seq + version + audit_count) FROM stores), (SELECT count(*) FROM users), \
        (SELECT count(*) FROM sessions WHERE ended_at IS NULL), (SELECT count(*) FROM refresh_tokens), \
        (SELECT count(*) FROM sign_in_failures), (SELECT total(version) FROM memberships), \
        (SELECT count(*) FROM invites), (SELECT total(version) FROM api_keys), (SELECT count(*) FROM nonces), \
        (SELECT count(*) FROM audit), (SELECT count(*) FROM events), (SELECT total(version) FROM products)";
    shop.sql(&[counts], &Args::new()).await
}

pub async fn every_line_on_every_route(shop: Rc<Shop>) {
    let ground = Ground::new(&shop).await;
    let before = written(&shop).await;
    let mut mistakes = Vec::new();
    for row in rows(&shop) {
        for line in lines(row, ground.subject(&shop)) {
            let reply = send(&shop, &line, &[]).await;
            let answered = (reply.status, reply.code());
            if answered != (line.status, line.code.to_owned()) {
                let Line { name, status, code, .. } = &line;
                let text: String = reply.text.chars().take(300).collect();
                mistakes.push(format!("{} {name}: not {status} {code} but {answered:?}: {text}", row.name));
            }
        }
    }
    assert!(mistakes.is_empty(), "{}:\n{}", mistakes.len(), mistakes.join("\n"));
    assert_eq!(written(&shop).await, before, "something was written");
}

pub async fn random_bytes(shop: Rc<Shop>) {
    let ground = Ground::new(&shop).await;
    let seed = *shop.store.to_string().as_bytes().last_chunk::<26>().unwrap();
    let mut bytes = [0; 32];
    bytes[..26].copy_from_slice(&seed);
    println!("seed of the noise: {bytes:?}");
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    // A stream that noise happens to open has no end.
    let rows: Vec<_> = rows(&shop).into_iter().filter(|row| !matches!(row.answer, Answer::Events)).collect();
    for _ in 0..NOISES {
        let noise = noise().new_tree(&mut runner).unwrap().current();
        let line = noise.line(&rows, ground.subject(&shop)).unwrap();
        let Ok(_) = reqwest::Url::parse(&format!("{}{}", shop.url, line.path)) else { continue };
        let reply = send(&shop, &line, &noise.headers).await;
        assert!(reply.status < 500, "{line:?} {:?}: {}", noise.headers, reply.text);
    }
}
