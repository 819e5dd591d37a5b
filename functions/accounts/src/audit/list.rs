//! `GET /audit`.

use super::seals::BROKEN;
use storeroom_operations::Problem;
use storeroom_web::page::Page;
use storeroom_web::{Answer, Call};

/// Answers with a page of the audit log, the newest first.
pub async fn list(call: &Call<'_>) -> Result<Answer, Problem> {
    let actor = call.query.get("actor");
    let page = Page::of(
        actor.map_or_else(|| "audit".to_owned(), |actor| format!("audit?actor={actor}")),
        &call.query,
    )?;
    let args = page.args().with("only_actor", actor.cloned());
    let found = call.read(&sql(actor.is_some()), args).await?;
    Ok(page.answer(&found.rows))
}

/// The page's rows: `document` and `seq` as text.
fn sql(by_actor: bool) -> String {
    let filter = if by_actor { "AND actor = :only_actor" } else { "" };
    format!(
        "SELECT json_object('seq', seq, 'at', strftime('%Y-%m-%dT%H:%M:%fZ', at / 1000.0, 'unixepoch'), \
            'actor', actor, 'action', action, 'subject', subject, 'address', address, 'request_id', request_id, \
            'hash', hash, 'sealed', json(iif(coalesce(seal <> '{BROKEN}', 0), 'true', 'false'))) AS document, \
            CAST(seq AS TEXT) AS place \
         FROM audit WHERE store_id = :store {filter} \
         AND seq < coalesce(CAST(:after AS INTEGER), {}) ORDER BY seq DESC LIMIT :limit",
        i64::MAX
    )
}
