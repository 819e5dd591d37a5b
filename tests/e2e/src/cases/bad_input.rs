//! Bad input over the wire: the same lines as in process.

use crate::shop::{Reply, Shop};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use std::rc::Rc;
use storeroom_bad_input::{Line, NOISY_HEADERS, Subject, lines, noise};
use storeroom_operations::operation::{Answer, Row};
use storeroom_operations::table::operations;

/// How many requests of noise are sent.
const NOISES: usize = 300;

/// The rows that the host offers. Without an upgrade the room answers 400 whatever else is wrong, so it is left out.
fn rows(shop: &Shop) -> Vec<&'static Row> {
    let is_asked =
        |row: &&Row| !matches!(row.answer, Answer::Socket) && (shop.websockets || row.needs.is_empty());
    operations().map(|operation| operation.row()).filter(is_asked).collect()
}

async fn send(shop: &Shop, line: &Line, noise: &[(usize, Vec<u8>)]) -> Reply {
    let (token, store) = (format!("Bearer {}", shop.owner.token), shop.store.to_string());
    let noise: Vec<(&str, String)> = noise
        .iter()
        .map(|(name, value)| (NOISY_HEADERS[*name], String::from_utf8(value.clone()).unwrap()))
        .collect();
    let mut headers = vec![("authorization", token.as_str()), ("x-store-id", store.as_str())];
    headers.extend(line.headers.iter().copied());
    for (name, value) in &noise {
        headers.retain(|(known, _)| known != name);
        headers.push((name, value));
    }
    // A GET has no body, and an OPTIONS request is answered the same with and without one.
    let body = line.body.clone().filter(|_| !matches!(line.method, "GET" | "OPTIONS"));
    shop.send(line.method, &line.path, body, &headers).await
}

pub async fn every_line_on_every_route(shop: Rc<Shop>) {
    let product = shop.create("Kerze").await["id"].as_str().unwrap().to_owned();
    let store = shop.store.to_string();
    for row in rows(&shop) {
        for line in lines(row, Subject { product: &product, store: &store }) {
            let reply = send(&shop, &line, &[]).await;
            let answered = (reply.status, reply.code());
            assert_eq!(
                answered,
                (line.status, line.code.to_owned()),
                "{} {}: {}",
                row.name,
                line.name,
                reply.text
            );
        }
    }
    assert_eq!(shop.log().await.len(), 1, "nothing was written");
}

pub async fn random_bytes(shop: Rc<Shop>) {
    let product = shop.create("Kerze").await["id"].as_str().unwrap().to_owned();
    let store = shop.store.to_string();
    let seed = *shop.store.to_string().as_bytes().last_chunk::<26>().unwrap();
    let mut bytes = [0; 32];
    bytes[..26].copy_from_slice(&seed);
    println!("seed of the noise: {bytes:?}");
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let rows = rows(&shop);
    for _ in 0..NOISES {
        let noise = noise().new_tree(&mut runner).unwrap().current();
        let line = noise.line(&rows, Subject { product: &product, store: &store }).unwrap();
        let Ok(_) = reqwest::Url::parse(&format!("{}{}", shop.url, line.path)) else { continue };
        let reply = send(&shop, &line, &noise.headers).await;
        assert!(reply.status < 500, "{line:?} {:?}: {}", noise.headers, reply.text);
    }
}
