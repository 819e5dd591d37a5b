//! `GET /webhook/rejected` and `POST /webhook/rejected/{id}/apply`: events of other systems that could not be applied.
//!
//! Guarantees: an event that is tried again takes the same way as when it was sent.

use storeroom_operations::Problem;
use storeroom_operations::schema::Object;
use storeroom_operations::shapes::incoming::{INVENTORY_KINDS, ORDER_KINDS, PRODUCT_KINDS};
use storeroom_operations::validate::type_of;
use storeroom_sql::{Args, inbox};
use storeroom_web::inbox::Event;
use storeroom_web::page::Page;
use storeroom_web::{Answer, Call};

/// Answers with a page of rejected events, those that came last first.
pub async fn list(call: &Call<'_>) -> Result<Answer, Problem> {
    let page = Page::of("webhook/rejected", &call.query)?;
    let found = call.read(&inbox::rejected_page(), page.args()).await?;
    Ok(page.answer(&found.rows))
}

/// Tries a rejected event again.
pub async fn apply(call: &Call<'_>) -> Result<Answer, Problem> {
    if let Some(kept) = call.kept().await? {
        return Ok(kept);
    }
    let id = call.path.get("id").map(String::as_str).unwrap_or_default();
    let found = call.read(inbox::REJECTED, Args::new().with("inbox_event", id)).await?;
    let body = found.rows.text(0, 0).ok_or_else(|| Problem::not_found("rejected event"))?;
    let value = serde_json::from_str(body).map_err(|error| call.fault(&error.to_string()))?;
    dispatched(call, &Event::of(&value)).await
}

async fn dispatched(call: &Call<'_>, event: &Event) -> Result<Answer, Problem> {
    let is_of = |kinds: &[&Object]| kinds.iter().any(|kind| type_of(kind) == Some(event.kind.as_str()));
    if is_of(PRODUCT_KINDS) {
        storeroom_products::ingest::try_again(call, event).await
    } else if is_of(INVENTORY_KINDS) {
        storeroom_inventory::ingest::try_again(call, event).await
    } else if is_of(ORDER_KINDS) {
        storeroom_orders::ingest::try_again(call, event).await
    } else {
        Err(call.fault("an event of a kind that nobody handles"))
    }
}
