//! What a credential costs: the same product read openly, with a token and with a signature; and what a sign-in costs.
//!
//! Guarantees: the key, the account and every answer come through the API; each run is there once with the database
//! and once refused just before it, with the same problem whatever the credential.
//! Relies on: the gateway, which looks at `?store=` after the credential and before the database.

use super::workerd::Workerd;
use super::{Bench, Product, TURN_MS, api};
use anyhow::{Context, Result};
use serde_json::{Value, json};

/// Sign-ins of each kind that count. One of each at a time: a turn is one request.
const SIGN_INS: usize = 100;
const EMAIL: &str = "bench@hearthandbean.example";
const PASSWORD: &str = "a kettle on the third shelf";
/// As long as the right one.
const WRONG_PASSWORD: &str = "a kettle on the fifth shelf";

/// The figures of requests by credential, and those of sign-ins.
pub struct Measured {
    /// Reads.
    pub reads: Vec<Value>,
    /// Sign-ins.
    pub sign_ins: Vec<Value>,
}

/// Measures both.
pub fn measure(bench: &Bench, product: &Product) -> Result<Measured> {
    let workers = bench.workers(String::new());
    let workerd = Workerd::start(bench.checkout, &bench.state.join("credentials"), &workers)?;
    let key = make_key(bench, &workerd)?;
    make_account(&workerd)?;
    let processes = json!({ "workerd": workerd.pid(), "sqld": bench.database_process.pid() });
    let viewer = &bench.demo.viewer;
    let reads = bench.load(
        "credentials",
        &json!({
            "rounds": bench.rounds, "turn_ms": TURN_MS, "processes": processes,
            "bearer": {
                "keys": bench.state.join("token-keys.json"), "user": viewer.user, "session": viewer.session,
            },
            "runs": reads(bench, &workerd.url, product, &key),
        }),
    )?;
    let sign_ins = bench.load(
        "sign-ins",
        &json!({ "rounds": SIGN_INS, "turn_ms": 1, "processes": processes, "runs": sign_ins(&workerd.url) }),
    )?;
    Ok(Measured { reads, sign_ins })
}

/// A new key of the viewer's role, as the load takes it but for the store.
fn make_key(bench: &Bench, workerd: &Workerd) -> Result<Value> {
    let body = json!({ "name": "Load", "role": "viewer" });
    let made = api::post(&workerd.url, "/keys", Some(&bench.owner()), None, &body, 201)?;
    let part = |name: &str| made.get(name).cloned().with_context(|| format!("a new key has no {name}"));
    Ok(json!({ "kind": "key", "key": part("key")?, "secret": part("secret")? }))
}

fn make_account(workerd: &Workerd) -> Result<()> {
    let body = json!({ "email": EMAIL, "password": PASSWORD, "name": "Load" });
    api::post(&workerd.url, "/auth/register", None, None, &body, 201).map(|_| ())
}

fn reads(bench: &Bench, url: &str, product: &Product, key: &Value) -> Vec<Value> {
    let clients = [1, 16].into_iter();
    clients
        .flat_map(|clients| {
            [good(bench, url, product, key, clients), refused(bench, url, product, key, clients)].concat()
        })
        .collect()
}

/// Reads that are answered.
fn good(bench: &Bench, url: &str, product: &Product, key: &Value, clients: u32) -> Vec<Value> {
    let (id, store) = (&product.id, &bench.demo.store);
    let open = format!("{url}/api/pms/catalog/products/{}?store={store}", product.handle);
    let member = format!("{url}/api/pms/products/{id}");
    let run = |name: &str, url: &str, headers: Value, credential: Value| {
        json!({
            "name": name, "method": "GET", "clients": clients, "status": 200, "contains": id, "url": url,
            "headers": headers, "credential": credential,
        })
    };
    let named = json!(["x-store-id", store]);
    vec![
        run("open", &open, json!([]), Value::Null),
        run("bearer", &member, json!([named, token(bench)]), Value::Null),
        run("bearer, a new token each", &member, json!([named]), json!({ "kind": "new_token" })),
        run("signed", &member, json!([]), with_store(key, store)),
    ]
}

/// The same requests with a store that none can be, refused after the credential and before the database.
fn refused(bench: &Bench, url: &str, product: &Product, key: &Value, clients: u32) -> Vec<Value> {
    let open = format!("{url}/api/pms/catalog/products/{}?store=none", product.handle);
    let member = format!("{url}/api/pms/products/{}?store=none", product.id);
    let run = |name: &str, url: &str, headers: Value, credential: Value| {
        json!({
            "name": name, "method": "GET", "clients": clients, "status": 400, "contains": "malformed-request",
            "url": url, "headers": headers, "credential": credential,
        })
    };
    vec![
        run("open, refused", &open, json!([]), Value::Null),
        run("bearer, refused", &member, json!([token(bench)]), Value::Null),
        run("bearer, a new token each, refused", &member, json!([]), json!({ "kind": "new_token" })),
        run("signed, refused", &member, json!([]), with_store(key, "")),
    ]
}

fn token(bench: &Bench) -> Value {
    json!(["authorization", format!("Bearer {}", bench.tokens.viewer)])
}

fn with_store(key: &Value, store: &str) -> Value {
    let mut key = key.clone();
    if let Some(key) = key.as_object_mut() {
        key.insert("store".to_owned(), Value::from(store));
    }
    key
}

/// Sign-ins to one account, with its password and with another, and to accounts that are not there. Each comes from
/// another network address and each that finds no account is for another e-mail address, or the throttle would soon
/// answer; what is held against the account its next good sign-in takes back.
fn sign_ins(url: &str) -> Vec<Value> {
    let run = |name: &str, email: &str, password: &str, status: u16, contains: &str| {
        json!({
            "name": name, "method": "POST", "url": format!("{url}/api/pms/auth/login"), "clients": 1,
            "status": status, "contains": contains,
            "body": json!({ "email": email, "password": password }).to_string(),
            "headers": [["content-type", "application/json"], ["cf-connecting-ip", "{address}"]],
        })
    };
    vec![
        run("sign-in", EMAIL, PASSWORD, 200, "access_token"),
        run("sign-in, wrong password", EMAIL, WRONG_PASSWORD, 401, "invalid-credentials"),
        run(
            "sign-in, no such account",
            "nobody-{n}@hearthandbean.example",
            WRONG_PASSWORD,
            401,
            "invalid-credentials",
        ),
    ]
}
