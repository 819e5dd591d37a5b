//! What a room keeps in its object's SQLite: what the machine wants kept, and the tickets that were given out.
//!
//! Guarantees: a ticket is spent by the statement that finds it, so it lets in once. Relies on: the object being the
//! only one with this database, and on its writes being on disk before an answer leaves.

use std::cell::Cell;
use std::collections::BTreeMap;
use storeroom_domain::{LogCursor, Role};
use storeroom_ports::Admission;
use storeroom_room::Member;
use worker::{Result, SqlCursor, SqlStorage, SqlStorageValue, State};

const TABLES: &str = "CREATE TABLE IF NOT EXISTS tickets (hash TEXT PRIMARY KEY, admission TEXT, expires_at INTEGER); \
    CREATE TABLE IF NOT EXISTS kept (name TEXT PRIMARY KEY, text TEXT)";

/// The object's database.
pub struct RoomStorage {
    sql: SqlStorage,
    has_tables: Cell<bool>,
}

impl RoomStorage {
    /// Opens it. Its tables come with the first ticket: a room that nobody was let into keeps nothing, so that
    /// made-up addresses cost nothing.
    pub fn open(state: &State) -> Self {
        let sql = state.storage().sql();
        let found = sql.exec("SELECT name FROM sqlite_master WHERE name = 'tickets'", None);
        let has_tables = found.and_then(|rows| first_text(&rows)).is_ok_and(|name| name.is_some());
        Self { sql, has_tables: Cell::new(has_tables) }
    }

    /// What was kept, by name.
    pub fn kept(&self) -> BTreeMap<String, String> {
        if !self.has_tables.get() {
            return BTreeMap::new();
        }
        let rows = self.sql.exec("SELECT name, text FROM kept", None);
        let rows = rows.map(|rows| rows.raw().flatten().collect::<Vec<_>>()).unwrap_or_default();
        let pair = |row: Vec<SqlStorageValue>| {
            let mut texts = row.into_iter().filter_map(text);
            texts.next().zip(texts.next())
        };
        rows.into_iter().filter_map(pair).collect()
    }

    /// Keeps a text, or forgets it.
    pub fn keep(&self, name: String, text: Option<String>) -> Result<()> {
        if !self.has_tables.get() {
            return Ok(());
        }
        let done = match text {
            Some(text) => {
                self.sql.exec("INSERT OR REPLACE INTO kept VALUES (?, ?)", vec![name.into(), text.into()])
            }
            None => self.sql.exec("DELETE FROM kept WHERE name = ?", vec![name.into()]),
        };
        done.map(|_| ())
    }

    /// Keeps a ticket until it is spent, and forgets those that nobody came with.
    pub fn admit(&self, admission: &Admission, now_ms: i64) -> Result<()> {
        self.sql.exec(TABLES, None)?;
        self.has_tables.set(true);
        self.sql.exec("DELETE FROM tickets WHERE expires_at <= ?", vec![now_ms.into()])?;
        let row = vec![
            admission.ticket_hash.as_str().into(),
            serde_json::to_string(admission)?.into(),
            admission.expires_at.into(),
        ];
        self.sql.exec("INSERT OR REPLACE INTO tickets VALUES (?, ?, ?)", row).map(|_| ())
    }

    /// Drops the tickets that these sessions took.
    pub fn expel(&self, sessions: &[String]) -> Result<()> {
        if !self.has_tables.get() {
            return Ok(());
        }
        let taken = "DELETE FROM tickets WHERE json_extract(admission, '$.session') IN (SELECT value FROM json_each(?))";
        self.sql.exec(taken, vec![serde_json::to_string(sessions)?.into()]).map(|_| ())
    }

    /// Whom the ticket lets in; it does so once.
    pub fn spend(&self, ticket_hash: &str, now_ms: i64) -> Result<Option<Member>> {
        if !self.has_tables.get() {
            return Ok(None);
        }
        let spent = self
            .sql
            .exec("DELETE FROM tickets WHERE hash = ? RETURNING admission", vec![ticket_hash.into()])?;
        let Some(text) = first_text(&spent)? else { return Ok(None) };
        Ok(member(serde_json::from_str(&text)?, now_ms))
    }
}

fn member(admission: Admission, now_ms: i64) -> Option<Member> {
    let role = Role::parse(&admission.role).filter(|_| now_ms < admission.expires_at)?;
    let as_of = LogCursor::parse(&admission.as_of)?;
    Some(Member { user: admission.user, role, session: admission.session, as_of })
}

fn first_text(rows: &SqlCursor) -> Result<Option<String>> {
    let first = rows.raw().next().transpose()?.and_then(|row| row.into_iter().next());
    Ok(first.and_then(text))
}

fn text(value: SqlStorageValue) -> Option<String> {
    match value {
        SqlStorageValue::String(text) => Some(text),
        _ => None,
    }
}
