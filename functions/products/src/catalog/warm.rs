//! Makes pages of the catalogue anew once a product became public, is to be so, or is so no more, so that nobody waits for
//! them, and that none may be kept past the moment of a schedule.
//!
//! Guarantees: it happens after the answer and only where the host can do that; what goes wrong is a line in the log.

use crate::catalog::page::Page;
use std::rc::Rc;
use storeroom_operations::Code;
use storeroom_ports::{Cache, Level, Ports};
use storeroom_sql::Statement;
use storeroom_web::published::{self, Published};
use storeroom_web::query::Query;
use storeroom_web::{Answer, Body, Call};

/// Forgets the product's own page and the first page of the list, so that who asks here next sees what was done, and has
/// them made anew after the answer that shows the product.
pub async fn after(call: &Call<'_>, answer: &Answer) {
    let (Some(cache), Some(handle)) = (&call.ports.cache, handle(answer)) else { return };
    let pages = pages(&call.store, handle);
    for name in pages.iter().filter_map(|page| page.name(&call.store)) {
        cache.forget(&name).await;
    }
    if let Some(later) = &call.ports.later {
        later.run(Box::pin(warm(call.ports.clone(), cache.clone(), call.store.clone(), pages)));
    }
}

fn pages(store: &str, handle: String) -> Vec<Page> {
    let first = Page::list(store, &Query::new());
    [Some(Page::Product(handle)), first.ok()].into_iter().flatten().collect()
}

/// The handle of the product that the answer shows.
fn handle(answer: &Answer) -> Option<String> {
    let Body::Bytes(bytes) = &answer.body else { return None };
    let product: serde_json::Value = serde_json::from_slice(bytes).ok()?;
    product.get("handle")?.as_str().map(str::to_owned)
}

async fn warm(ports: Ports, cache: Rc<dyn Cache>, store: String, pages: Vec<Page>) {
    for page in pages {
        if let Err(detail) = make(&ports, cache.as_ref(), &store, &page).await {
            let level = Level::Warn;
            let line = serde_json::json!({
                "time": ports.clock.now().to_string(), "level": level.as_str(),
                "message": "catalogue not warmed", "detail": detail, "store": store,
            });
            ports.log.line(level, &line.to_string());
        }
    }
}

async fn make(ports: &Ports, cache: &dyn Cache, store: &str, page: &Page) -> Result<(), String> {
    let Some(name) = page.name(store) else { return Ok(()) };
    let now = ports.clock.now();
    let (sql, args) = page.query();
    let args = args.with("store", store).with("now", now.ms());
    let statement =
        Statement::bind(published::sql(&sql), &args).map_err(|missing| format!("no :{}", missing.0))?;
    let rows = ports.database.read(statement).await.map_err(|error| format!("{error:?}"))?;
    let entry = Published::of(rows).and_then(|found| page.entry(&found, now));
    match entry {
        Ok(entry) if !entry.is_empty => cache.put(&name, &entry.print(store)).await,
        Ok(_) => cache.forget(&name).await,
        Err(problem) if problem.code == Code::NotFound => cache.forget(&name).await,
        Err(problem) => return Err(problem.detail),
    }
    Ok(())
}
