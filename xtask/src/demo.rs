//! The demo store: a shop with an owner and a viewer, who are signed in.
//!
//! Guarantees: its ids stay the same until the state folder is deleted; a second start changes nothing but the end of
//! the two sessions. Relies on: the tables of migrations/.

use crate::hrana::Database;
use crate::secrets;
use crate::tokens::{LIFETIME_SECONDS, milliseconds_now};
use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::Path;
use storeroom_domain::id::{self, Id, Kind};

const ROWS: &str = "
INSERT OR IGNORE INTO stores (id, name, currency, timezone, created_at, updated_at)
    VALUES ('{store}', 'Hearth & Bean', 'EUR', 'Europe/Berlin', {now}, {now});
INSERT OR IGNORE INTO revisions (store_id, subject, version, at, actor, request_id, document)
    SELECT id, id, version, {now}, 'system', 'demo', document FROM store_documents WHERE id = '{store}';
INSERT OR IGNORE INTO locations (store_id, id, name, is_default, created_at)
    VALUES ('{store}', '{location}', 'Warehouse', 1, {now});
INSERT OR IGNORE INTO users (id, email, name, created_at) VALUES
    ('{owner}', 'owner@hearthandbean.example', 'Ada Weiß', {now}),
    ('{viewer}', 'viewer@hearthandbean.example', 'Jonas Brandt', {now});
INSERT OR IGNORE INTO memberships (store_id, user_id, role, created_at) VALUES
    ('{store}', '{owner}', 'owner', {now}), ('{store}', '{viewer}', 'viewer', {now});
INSERT OR IGNORE INTO sessions (id, user_id, created_at, expires_at) VALUES
    ('{owner_session}', '{owner}', {now}, {end}), ('{viewer_session}', '{viewer}', {now}, {end});";

const LONGER: &str = "UPDATE sessions SET expires_at = {end} WHERE id IN ('{owner_session}', '{viewer_session}') AND ended_at IS NULL;";

/// Who acts in the demo store.
#[derive(Serialize, Deserialize)]
pub struct Actor {
    /// `usr_…`
    pub user: String,
    /// `ses_…`
    pub session: String,
}

/// The ids of the demo store.
#[derive(Serialize, Deserialize)]
pub struct Demo {
    /// `str_…`
    pub store: String,
    /// `loc_…`, where the stock is.
    pub location: String,
    /// May do everything.
    pub owner: Actor,
    /// May read.
    pub viewer: Actor,
    /// Whether the products are all there.
    pub has_products: bool,
}

impl Demo {
    /// The demo store of `file`, with new ids when there is none.
    pub fn load_or_make(file: &Path) -> Result<Self> {
        if file.exists() {
            return Ok(serde_json::from_slice(&fs::read(file)?)?);
        }
        let actor = || anyhow::Ok(Actor { user: new_id::<id::User>()?, session: new_id::<id::Session>()? });
        let (owner, viewer) = (actor()?, actor()?);
        let (store, location) = (new_id::<id::Store>()?, new_id::<id::Location>()?);
        let demo = Self { store, location, owner, viewer, has_products: false };
        demo.save(file)?;
        Ok(demo)
    }

    /// Keeps the ids, and whether the products are there.
    pub fn save(&self, file: &Path) -> Result<()> {
        fs::write(file, serde_json::to_string_pretty(self)?)
            .with_context(|| format!("cannot write {}", file.display()))
    }

    /// Writes the store into the database, or lets its sessions last longer.
    pub fn write(&self, database: &Database) -> Result<()> {
        let statements = if self.has_products { LONGER } else { ROWS };
        database.script(&self.fill(statements)).context("the demo store cannot be written")
    }

    fn fill(&self, statements: &str) -> String {
        let now = milliseconds_now();
        let values = [
            ("{store}", self.store.clone()),
            ("{location}", self.location.clone()),
            ("{owner}", self.owner.user.clone()),
            ("{viewer}", self.viewer.user.clone()),
            ("{owner_session}", self.owner.session.clone()),
            ("{viewer_session}", self.viewer.session.clone()),
            ("{now}", now.to_string()),
            ("{end}", (now + LIFETIME_SECONDS * 1000).to_string()),
        ];
        values.iter().fold(statements.to_owned(), |text, (name, value)| text.replace(name, value))
    }
}

/// A new id of the kind that the caller's type says.
pub fn new_id<K: Kind>() -> Result<String> {
    Ok(Id::<K>::new(i64::try_from(milliseconds_now())?, secrets::random()?).to_string())
}
