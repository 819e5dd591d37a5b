//! A database server that stands still.

use super::{Process, pid};
use crate::shop::Shop;
use futures::future::join_all;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::json;
use std::rc::Rc;

/// Holds the server's process still until it is dropped.
struct StandStill(Pid);

impl StandStill {
    fn new() -> Self {
        let pid = pid(Process::Database);
        kill(pid, Signal::SIGSTOP).unwrap();
        Self(pid)
    }
}

impl Drop for StandStill {
    fn drop(&mut self) {
        let _ = kill(self.0, Signal::SIGCONT);
    }
}

pub async fn that_does_not_answer(shop: Rc<Shop>) {
    let write = |title: String| {
        let shop = shop.clone();
        async move { shop.call(&shop.owner, "POST", "/api/pms/products", Some(json!({"title": title}))).await }
    };
    assert_eq!(write("before".into()).await.status, 201);
    let still = StandStill::new();
    let read = shop.call(&shop.viewer, "GET", "/api/pms/products", None);
    let (read, first) = futures::join!(read, write("during".into()));
    assert_eq!((read.status, read.code().as_str()), (503, "unavailable"), "{}", read.text);
    assert_eq!((first.status, first.code().as_str()), (503, "outcome-unknown"), "{}", first.text);
    assert!(first.header("retry-after").is_some());
    drop(still);
    let after = write("after".into()).await;
    assert_eq!(after.status, 201, "{}", after.text);
    let titles = shop.call(&shop.viewer, "GET", "/api/pms/products?sort=title", None).await.json();
    let count = titles["items"].as_array().unwrap().len();
    assert!((2..=3).contains(&count), "what was unknown was done once or not at all");
    assert_eq!(shop.log().await.len(), count);
}

/// More writes than the writer lets wait (512) while the database stands still: every one is refused with a 503, those
/// that found the queue full at once, and the service is whole afterwards.
pub async fn that_stands_still_fills_the_queue(shop: Rc<Shop>) {
    const WRITES: usize = 700;
    let write = |n: usize| {
        let shop = shop.clone();
        async move {
            shop.call(&shop.owner, "POST", "/api/pms/products", Some(json!({"title": format!("T{n}")}))).await
        }
    };
    let still = StandStill::new();
    let replies = join_all((0..WRITES).map(write)).await;
    drop(still);
    assert!(replies.iter().all(|reply| reply.status == 503 && reply.header("retry-after").is_some()));
    let count = |code: &str| replies.iter().filter(|reply| reply.code() == code).count();
    let (unavailable, unknown) = (count("unavailable"), count("outcome-unknown"));
    assert_eq!(unavailable + unknown, WRITES);
    assert!(unavailable > 0 && unknown > 0, "{unavailable} unavailable, {unknown} unknown");
    assert_eq!(write(WRITES).await.status, 201);
    let seqs: Vec<_> = shop.log().await.iter().map(|event| event["seq"].as_u64().unwrap() as usize).collect();
    assert_eq!(seqs, (1..=seqs.len()).collect::<Vec<_>>(), "the log has no holes");
    assert!(seqs.len() <= unknown + 1, "what was refused as unavailable was not done");
}
