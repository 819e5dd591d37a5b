//! `cargo xtask open-store`: a first store with its owner in a deployment's database, and a token for the owner.
//!
//! Guarantees: nothing is written when the e-mail address is taken. Relies on: a migrated database, and the token
//! keys of the deployment (`cargo xtask token-key`).

use crate::demo::new_id;
use crate::hrana::Database;
use crate::tokens::{LIFETIME_SECONDS, SigningKey, milliseconds_now};
use anyhow::{Context, Result, bail};
use clap::Args;
use std::path::PathBuf;
use storeroom_domain::{Currency, id};

/// Options of `cargo xtask open-store`.
#[derive(Args)]
pub struct Options {
    /// The libSQL database: libsql://…, https://… or http://….
    #[arg(long)]
    url: String,
    /// The environment variable that holds the database's token.
    #[arg(long, value_name = "NAME")]
    token_env: Option<String>,
    /// The token keys of the deployment, a JWKS file with the private half of one.
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// The store's name.
    #[arg(long)]
    name: String,
    /// The store's currency, ISO 4217.
    #[arg(long)]
    currency: String,
    /// The store's time zone, such as Europe/Berlin.
    #[arg(long)]
    timezone: String,
    /// The owner's e-mail address.
    #[arg(long)]
    email: String,
}

/// Writes the rows and prints the store's id and the owner's token.
pub fn run(options: &Options) -> Result<()> {
    if Currency::parse(&options.currency).is_none() {
        bail!("{} is not an ISO 4217 code in capitals, such as EUR.", options.currency);
    }
    let key = SigningKey::load(&options.key)?;
    let token = options.token_env.as_ref().map(std::env::var).transpose();
    let database = Database::at(&options.url, token.context("the token's environment variable is not set")?)?;
    if !database.query("SELECT id FROM users WHERE email = ?", &[&options.email])?.is_empty() {
        bail!("{} has an account in this database already: nothing was written.", options.email);
    }
    let (store, owner, session) = (new_id::<id::Store>()?, new_id::<id::User>()?, new_id::<id::Session>()?);
    database.script(&rows(options, &store, &owner, &session)?)?;
    println!("store: {store}\ntoken: {}", key.sign(&owner, &session)?);
    eprintln!("The token is good for {} days.", LIFETIME_SECONDS / 86_400);
    Ok(())
}

fn rows(options: &Options, store: &str, owner: &str, session: &str) -> Result<String> {
    let now = milliseconds_now();
    let end = now + LIFETIME_SECONDS * 1000;
    let location = new_id::<id::Location>()?;
    let text = |value: &str| value.replace('\'', "''");
    let (name, currency) = (text(&options.name), text(&options.currency));
    let (timezone, email) = (text(&options.timezone), text(&options.email));
    Ok(format!(
        "BEGIN IMMEDIATE;
INSERT INTO stores (id, name, currency, timezone, created_at, updated_at)
    VALUES ('{store}', '{name}', '{currency}', '{timezone}', {now}, {now});
INSERT INTO revisions (store_id, subject, version, at, actor, request_id, document)
    SELECT id, id, version, {now}, 'system', 'open-store', document FROM store_documents WHERE id = '{store}';
INSERT INTO locations (store_id, id, name, is_default, created_at) VALUES ('{store}', '{location}', 'Main', 1, {now});
INSERT INTO users (id, email, name, created_at) VALUES ('{owner}', '{email}', '{email}', {now});
INSERT INTO sessions (id, user_id, created_at, expires_at) VALUES ('{session}', '{owner}', {now}, {end});
INSERT INTO memberships (store_id, user_id, role, created_at) VALUES ('{store}', '{owner}', 'owner', {now});
COMMIT;"
    ))
}
