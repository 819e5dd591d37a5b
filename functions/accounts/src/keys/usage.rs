//! `GET /keys/{id}/usage`.

use super::expiry::DAY_MS;
use storeroom_domain::KeyId;
use storeroom_operations::Problem;
use storeroom_sql::Args;
use storeroom_web::{Answer, Call};

/// Days that are shown unless the client says otherwise.
const DEFAULT_DAYS: i64 = 30;

const USAGE: &str = "SELECT json_object('items', (SELECT json_group_array(json_object('day', day, 'requests', requests)) \
        FROM (SELECT strftime('%Y-%m-%d', u.day * 86400, 'unixepoch') AS day, u.requests FROM key_usage u \
            WHERE u.store_id = k.store_id AND u.key_id = k.id AND u.day > :day_before ORDER BY u.day DESC))) AS document \
    FROM api_keys k WHERE k.store_id = :store AND k.id = :target";

/// Answers with the days (UTC) on which a key signed requests, refused ones included, the newest first; of a key that
/// is good no more too.
pub async fn usage(call: &Call<'_>) -> Result<Answer, Problem> {
    let target: KeyId = call.path_id("id", "key")?;
    let days = Call::number(&call.query, "days", DEFAULT_DAYS);
    let today = call.now.ms().div_euclid(DAY_MS);
    let args = Args::new().with("target", target.to_string()).with("day_before", today.saturating_sub(days));
    let found = call.read(USAGE, args).await?;
    let document = found.rows.text(0, 0).ok_or_else(|| Problem::not_found("key"))?;
    Ok(Answer::json(200, document))
}
