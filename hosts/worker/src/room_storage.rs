//! What a room keeps in its object's SQLite: the machine's snapshot, and the tickets that were given out.
//!
//! Guarantees: a ticket is spent by the statement that finds it, so it lets in once. Relies on: the object being the
//! only one with this database, and on its writes being on disk before an answer leaves.

use storeroom_domain::{LogCursor, Role};
use storeroom_ports::Admission;
use storeroom_room::{Member, Snapshot};
use worker::{Result, SqlCursor, SqlStorage, SqlStorageValue, State};

const TABLES: &str = "CREATE TABLE IF NOT EXISTS tickets (hash TEXT PRIMARY KEY, admission TEXT, expires_at INTEGER); \
    CREATE TABLE IF NOT EXISTS snapshots (id INTEGER PRIMARY KEY, snapshot TEXT)";

/// The object's database.
pub struct RoomStorage(SqlStorage);

impl RoomStorage {
    /// Opens it. Its tables come with the first ticket: a room that nobody was let into keeps nothing, so that
    /// made-up addresses cost nothing.
    pub fn open(state: &State) -> Self {
        Self(state.storage().sql())
    }

    fn has_tables(&self) -> bool {
        let found = self.0.exec("SELECT name FROM sqlite_master WHERE name = 'tickets'", None);
        found.and_then(|rows| first_text(&rows)).is_ok_and(|name| name.is_some())
    }

    /// What was kept last.
    pub fn snapshot(&self) -> Snapshot {
        let kept = self.0.exec("SELECT snapshot FROM snapshots", None).and_then(|rows| first_text(&rows));
        kept.ok().flatten().and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default()
    }

    /// Keeps a snapshot.
    pub fn persist(&self, snapshot: &Snapshot) -> Result<()> {
        if !self.has_tables() {
            return Ok(());
        }
        let text = serde_json::to_string(snapshot)?;
        self.0.exec("INSERT OR REPLACE INTO snapshots VALUES (1, ?)", vec![text.into()]).map(|_| ())
    }

    /// Keeps a ticket until it is spent, and forgets those that nobody came with.
    pub fn admit(&self, admission: &Admission, now_ms: i64) -> Result<()> {
        self.0.exec(TABLES, None)?;
        self.0.exec("DELETE FROM tickets WHERE expires_at <= ?", vec![now_ms.into()])?;
        let row = vec![
            admission.ticket_hash.as_str().into(),
            serde_json::to_string(admission)?.into(),
            admission.expires_at.into(),
        ];
        self.0.exec("INSERT OR REPLACE INTO tickets VALUES (?, ?, ?)", row).map(|_| ())
    }

    /// Drops the tickets that these sessions took.
    pub fn expel(&self, sessions: &[String]) -> Result<()> {
        if !self.has_tables() {
            return Ok(());
        }
        let taken = "DELETE FROM tickets WHERE json_extract(admission, '$.session') IN (SELECT value FROM json_each(?))";
        self.0.exec(taken, vec![serde_json::to_string(sessions)?.into()]).map(|_| ())
    }

    /// Whom the ticket lets in; it does so once.
    pub fn spend(&self, ticket_hash: &str, now_ms: i64) -> Result<Option<Member>> {
        if !self.has_tables() {
            return Ok(None);
        }
        let spent = self
            .0
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
    Ok(first.and_then(|value| match value {
        SqlStorageValue::String(text) => Some(text),
        _ => None,
    }))
}
