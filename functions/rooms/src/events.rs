//! `GET /events`: the log after a cursor, at once or when there is something.

use crate::asked::{self, Types};
use crate::page::Page;
use crate::wait::Wake;
use storeroom_domain::{LogCursor, Timestamp};
use storeroom_operations::Problem;
use storeroom_sql::documents;
use storeroom_web::{Answer, Call, Found};

/// Events of a page unless the client says otherwise.
const DEFAULT_LIMIT: usize = 100;

/// Answers with the events after the cursor, oldest first.
pub async fn read(call: &Call<'_>) -> Result<Answer, Problem> {
    let (after, types) = (asked::after(call)?, asked::types(call)?);
    let limit = Call::number(&call.query, "limit", DEFAULT_LIMIT);
    let args = asked::args(after.map_or(0, |cursor| cursor.seq), &types, limit);
    let found = call.read(&documents::events_after(), args).await?;
    asked::check(after, found.cursor)?;
    let page = Page::of(&found, limit);
    match Call::number(&call.query, "wait", 0_i64) {
        0 => Ok(answer(&page)),
        _ if !page.is_empty() => Ok(answer(&page)),
        wait_s => {
            let until = call.ports.clock.now().plus_ms(wait_s.saturating_mul(1_000));
            wait(call, &found, &types, limit, until).await
        }
    }
}

/// Reads again whenever there may be something, and at the end. Access is checked by the read that answers.
async fn wait(
    call: &Call<'_>,
    before: &Found,
    types: &Types,
    limit: usize,
    until: Timestamp,
) -> Result<Answer, Problem> {
    let (from, clock) = (before.cursor, call.ports.clock.as_ref());
    let mut wake = Wake::of(call, before, types).await;
    loop {
        wake.wait(clock, until.ms().saturating_sub(clock.now().ms())).await;
        let found = read_on(call, from, types, limit).await?;
        let page = Page::of(&found, limit);
        if !page.is_empty() || clock.now() >= until {
            return Ok(answer(&page));
        }
    }
}

async fn read_on(call: &Call<'_>, from: LogCursor, types: &Types, limit: usize) -> Result<Found, Problem> {
    let args = asked::args(from.seq, types, limit).with("now", call.ports.clock.now().ms());
    let found = call.read(&documents::events_after(), args).await?;
    asked::check(Some(from), found.cursor)?;
    Ok(found)
}

fn answer(page: &Page<'_>) -> Answer {
    let events: Vec<&str> = page.events.iter().map(|event| event.json).collect();
    let (events, cursor, more) = (events.join(","), page.cursor, page.more);
    let json = format!("{{\"events\":[{events}],\"cursor\":\"{cursor}\",\"more\":{more}}}");
    Answer::json(200, json).compressible()
}
