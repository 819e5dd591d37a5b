//! The room with 1,000 sockets, beside a plain JavaScript Durable Object in the same workerd.
//!
//! Guarantees: the plain object is posted to by the same Worker and has as many sockets; the stores are of this bench
//! alone, with as many members as a room of 1,000 needs. Relies on: `tests/bench`, which opens the sockets.

use super::Bench;
use super::workerd::{Workerd, Workers};
use crate::demo::new_id;
use crate::hrana::Database;
use crate::ports;
use crate::tokens::{LIFETIME_SECONDS, milliseconds_now};
use anyhow::Result;
use serde_json::{Value, json};
use storeroom_domain::id;

/// Members; a user may have at most 100 connections.
const MEMBERS: usize = 20;
const SOCKETS: usize = 1_000;
/// Seconds of writes.
const SECONDS: u64 = 30;
/// Events of the long log.
const EVENTS: u64 = 10_000;

/// A store of its own, open to the members of all stores.
const STORE: &str = "
INSERT INTO stores (id, name, currency, timezone, created_at, updated_at)
    VALUES ('{store}', 'Bench', 'EUR', 'Europe/Berlin', {now}, {now});
INSERT INTO memberships (store_id, user_id, role, created_at)
    SELECT '{store}', user_id, role, {now} FROM memberships WHERE store_id = '{demo}';";

const MEMBER: &str = "
INSERT INTO users (id, email, name, created_at) VALUES ('{user}', '{user}@hearthandbean.example', 'Load', {now});
INSERT INTO memberships (store_id, user_id, role, created_at) VALUES ('{demo}', '{user}', 'viewer', {now});
INSERT INTO sessions (id, user_id, created_at, expires_at) VALUES ('{session}', '{user}', {now}, {end});";

/// A log of changes of one product.
const LOG: &str = "
INSERT INTO events (store_id, seq, id, type, subject, version, at, actor, request_id, data)
    WITH RECURSIVE n(seq) AS (SELECT 1 UNION ALL SELECT seq + 1 FROM n WHERE seq < {events})
    SELECT '{store}', n.seq, 'evt_' || printf('%026d', n.seq), 'product.updated', p.id, n.seq, {now}, 'system',
        'req_' || printf('%026d', n.seq),
        json_object('description', 'Thrown by hand, fired twice, safe in a dishwasher. Batch ' || n.seq || ' of this year.',
            'version', n.seq, 'updated_at', '2026-11-20T09:30:00.000Z')
    FROM n, (SELECT id FROM products WHERE store_id = '{demo}' LIMIT 1) p;
UPDATE stores SET seq = {events}, head_at = {now} WHERE id = '{store}';";

/// Measures everything.
pub fn measure(bench: &Bench) -> Result<Vec<Value>> {
    let workers = Workers { broadcasts: true, ..bench.workers(String::new()) };
    let workerd = Workerd::start(bench.checkout, &bench.state.join("room"), &workers)?;
    let proxy = ports::pick_free()?;
    let counted =
        Workers { database_url: format!("http://127.0.0.1:{proxy}"), ..bench.workers(String::new()) };
    let counted = Workerd::start(bench.checkout, &bench.state.join("room-counted"), &counted)?;
    let tokens = members(bench)?;
    let plan = json!({
        "processes": { "workerd": workerd.pid() }, "url": workerd.url, "driver": workerd.driver_url,
        "counted": counted.url, "proxy": proxy, "database": bench.database_url,
        "tokens": tokens, "store": bench.demo.store, "quiet": open(bench, STORE)?,
        "long": open(bench, &format!("{STORE}{LOG}"))?, "events": EVENTS,
        "sockets": SOCKETS, "seconds": SECONDS, "rounds": bench.rounds,
    });
    bench.load("room", &json!({ "room": plan }))
}

/// The tokens of the owner and of new members.
fn members(bench: &Bench) -> Result<Vec<String>> {
    let mut tokens = vec![bench.tokens.owner.clone()];
    for _ in 1..MEMBERS {
        let (user, session) = (new_id::<id::User>()?, new_id::<id::Session>()?);
        let sql = MEMBER.replace("{user}", &user).replace("{session}", &session);
        run(bench, &sql)?;
        tokens.push(bench.secrets.key.sign(&user, &session)?);
    }
    Ok(tokens)
}

/// Makes a store by these statements.
fn open(bench: &Bench, sql: &str) -> Result<String> {
    let store = new_id::<id::Store>()?;
    run(bench, &sql.replace("{store}", &store))?;
    Ok(store)
}

fn run(bench: &Bench, sql: &str) -> Result<()> {
    let now = milliseconds_now();
    let values = [
        ("{demo}", bench.demo.store.clone()),
        ("{now}", now.to_string()),
        ("{end}", (now + LIFETIME_SECONDS * 1000).to_string()),
        ("{events}", EVENTS.to_string()),
    ];
    let sql = values.iter().fold(sql.to_owned(), |text, (name, value)| text.replace(name, value));
    Database::at(&bench.database_url, None)?.script(&sql)
}
