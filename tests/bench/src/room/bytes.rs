//! How many bytes a member's socket takes in an hour, deflated and not.
//!
//! Guarantees: what is counted is what TCP carries both ways after the upgrade, without TCP's and IP's own headers.
//! Relies on: an hour being like the short time that is measured: pings answered alike, changes of a kind. A browser
//! would deflate what it sends, too; here that goes as it is.

use super::Plan;
use super::socket::Socket;
use crate::writes::Writer;
use serde_json::{Value, json};
use std::time::Duration;
use storeroom_testbed::http::NativeHttp;

const PING: &str = r#"{"t":"ping"}"#;
/// Pings that are measured, and those of an hour.
const PINGS: usize = 20;
const PINGS_AN_HOUR: usize = 120;
/// Changes that are measured, one a second, and those of an hour.
const CHANGES: usize = 40;
const CHANGES_AN_HOUR: usize = 3_600;
const DEFLATE: &str = "sec-websocket-extensions: permessage-deflate\r\n";

/// Measures both kinds of sockets at the same time.
pub async fn measure(plan: &Plan) -> Value {
    let http = NativeHttp::new();
    let mut sockets = Vec::new();
    for headers in ["", DEFLATE] {
        let url = plan.ticket(&http, &plan.url, &plan.store, &plan.tokens[1]).await;
        sockets.push(Socket::join(&url, r#"{"t":"hello"}"#, headers).await);
    }
    let writer = Writer::new(plan.shop(), "Bytes").await;
    let mut kinds = Vec::new();
    for socket in &mut sockets {
        settle(socket).await;
    }
    let changing = writer.change(CHANGES as u64, Duration::from_secs(1));
    let (plain, deflated) = sockets.split_at_mut(1);
    let (_, plain_changes, deflated_changes) =
        futures::join!(changing, events(&mut plain[0]), events(&mut deflated[0]));
    for (socket, changes) in sockets.iter_mut().zip([plain_changes, deflated_changes]) {
        settle(socket).await;
        let pings = pings(socket).await;
        let idle = pings * PINGS_AN_HOUR / PINGS;
        kinds.push(json!({"idle": idle, "active": idle + changes * CHANGES_AN_HOUR / CHANGES}));
    }
    json!({
        "name": "bytes", "plain": kinds[0], "deflated": kinds[1],
        "deflate_ratio": plain_changes as f64 / deflated_changes as f64,
    })
}

/// Waits until nothing has come for a while, which is longer than an acknowledgement is put off.
async fn settle(socket: &mut Socket) {
    let quiet = Duration::from_millis(5_500);
    while tokio::time::timeout(quiet, socket.next(&mut |_| {})).await.is_ok() {
        socket.acknowledge().await;
    }
}

fn total(socket: &Socket) -> usize {
    socket.received + socket.sent
}

/// The bytes of the changes and of what acknowledges them.
async fn events(socket: &mut Socket) -> usize {
    let before = total(socket);
    for _ in 0..CHANGES {
        socket.next(&mut |_| {}).await;
        socket.acknowledge().await;
    }
    total(socket) - before
}

async fn pings(socket: &mut Socket) -> usize {
    let before = total(socket);
    for _ in 0..PINGS {
        socket.send(PING).await;
        socket.next(&mut |_| {}).await;
    }
    total(socket) - before
}
