//! `GET /catalog/products` and `GET /catalog/products/{handle}`: what the public sees.
//!
//! Guarantees: published products only, from their moment on. An answer is at most `FRESH_MS` behind the log, and never
//! past the moment at which the next product of the store becomes public or the next hold or order expires; a client or
//! a cache on the way may keep it for at most a minute more, and never past that moment either.

mod entry;
mod page;
pub mod warm;

use crate::selection;
use entry::Entry;
use page::Page;
use storeroom_domain::handle::is_handle;
use storeroom_domain::{LogCursor, Timestamp};
use storeroom_operations::Problem;
use storeroom_ports::Cache;
use storeroom_sql::{Args, events};
use storeroom_web::published::CacheUse;
use storeroom_web::{Answer, Call};

/// Answers with a page of published products.
pub async fn list(call: &Call<'_>) -> Result<Answer, Problem> {
    answer(call, &Page::list(&call.store, &call.query)?).await
}

/// Answers with a published product.
pub async fn read(call: &Call<'_>) -> Result<Answer, Problem> {
    let handle = call.path.get("handle").filter(|text| is_handle(text)).cloned();
    answer(call, &Page::Product(handle.ok_or_else(page::unknown)?)).await
}

async fn answer(call: &Call<'_>, page: &Page) -> Result<Answer, Problem> {
    let (Some(cache), Some(name)) = (&call.ports.cache, page.name(&call.store)) else {
        call.trace.cache.set(Some(CacheUse::Bypass));
        return Ok(make(call, page).await?.answer(call.now));
    };
    match kept(call, cache.as_ref(), &name).await {
        Some(entry) => still_good(call, cache.as_ref(), &name, page, entry).await,
        None => {
            call.trace.cache.set(Some(CacheUse::Miss));
            anew(call, cache.as_ref(), &name, page).await
        }
    }
}

/// The entry, unless something has become due since it was made.
async fn kept(call: &Call<'_>, cache: &dyn Cache, name: &str) -> Option<Entry> {
    let entry = Entry::parse(&call.store, &cache.get(name).await?)?;
    (!entry.is_past(call.now)).then_some(entry)
}

/// The entry if it is fresh, or if the log has nothing that touches the catalogue since; else the page anew.
async fn still_good(
    call: &Call<'_>,
    cache: &dyn Cache,
    name: &str,
    page: &Page,
    mut entry: Entry,
) -> Result<Answer, Problem> {
    if entry.is_fresh(call.now) {
        call.trace.cache.set(Some(CacheUse::Hit));
        return Ok(entry.answer(call.now));
    }
    let Some((position, next_change)) = untouched(call, entry.position).await? else {
        call.trace.cache.set(Some(CacheUse::Changed));
        return anew(call, cache, name, page).await;
    };
    call.trace.cache.set(Some(CacheUse::Revalidated));
    // What is due may have come nearer without an event, such as the end of a hold.
    (entry.position, entry.at, entry.next_change) = (position, call.now, next_change);
    cache.put(name, &entry.print(&call.store)).await;
    Ok(entry.answer(call.now))
}

/// Where the log stands and when the next thing becomes due, if nothing after the position touched the catalogue.
async fn untouched(
    call: &Call<'_>,
    position: LogCursor,
) -> Result<Option<(LogCursor, Option<Timestamp>)>, Problem> {
    let args = Args::new().with("position", position.seq);
    let found = call.read_public(&events::touched_catalog(), args).await?;
    let same_life = found.position.epoch == position.epoch && found.position.seq >= position.seq;
    Ok((same_life && found.rows.0.is_empty()).then_some((found.position, found.next_change)))
}

async fn anew(call: &Call<'_>, cache: &dyn Cache, name: &str, page: &Page) -> Result<Answer, Problem> {
    match make(call, page).await {
        Ok(entry) => {
            // A name that nobody chose must not drive out what somebody reads.
            if !entry.is_empty {
                cache.put(name, &entry.print(&call.store)).await;
            }
            Ok(entry.answer(call.now))
        }
        Err(problem) => {
            if call.trace.cache.get() == Some(CacheUse::Changed) {
                cache.forget(name).await;
            }
            Err(problem)
        }
    }
}

async fn make(call: &Call<'_>, page: &Page) -> Result<Entry, Problem> {
    let (sql, args) = page.query();
    let found = call.read_public(&sql, args).await?;
    page.entry(&found, call.now)
}
