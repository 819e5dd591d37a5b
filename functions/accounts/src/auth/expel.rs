//! Telling rooms that sessions have ended.
//!
//! Guarantees: a connection of a session that has ended is closed at once where the telling arrives.
//! Relies on: due work, which tells again of what ended lately, for tellings that get lost and for further stores; of a
//! closed account the event `member.removed` tells them.

use futures::future::join_all;
use storeroom_sql::Rows;
use storeroom_web::Call;

/// Most rooms that a request tells itself: a host bounds a request's calls.
const MAX_ROOMS: usize = 20;
/// Most sessions that a room is told of at once.
const MAX_SESSIONS: usize = 500;

/// The stores of a user, whose id the SQL expression gives, as the rooms to tell.
pub fn rooms_of(user: &str) -> String {
    format!("SELECT store_id FROM memberships WHERE user_id = {user} ORDER BY store_id LIMIT {MAX_ROOMS}")
}

/// The sessions of `:user` that are open and fit the SQL condition, newest first.
pub fn open_sessions(which: &str) -> String {
    format!(
        "SELECT id FROM sessions WHERE user_id = :user AND ended_at IS NULL AND expires_at > :now AND {which} \
         ORDER BY id DESC LIMIT {MAX_SESSIONS}"
    )
}

/// Closes the sessions' connections to the stores' rooms.
pub async fn expel(call: &Call<'_>, stores: &[String], sessions: &[String]) {
    if sessions.is_empty() {
        return;
    }
    join_all(stores.iter().take(MAX_ROOMS).map(|store| call.ports.rooms.expel(store, sessions))).await;
}

/// The texts of a query of one column.
pub fn texts(rows: &Rows) -> Vec<String> {
    (0..rows.0.len()).filter_map(|row| rows.text(row, 0)).map(str::to_owned).collect()
}
