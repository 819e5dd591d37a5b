//! `PATCH /webhooks/{id}`: a merge patch, RFC 7396. Nothing of an endpoint can be cleared, so it is one round trip.

use super::{Topics, steps};
use storeroom_domain::WebhookId;
use storeroom_operations::Problem;
use storeroom_operations::shapes::webhook::WebhookPatch;
use storeroom_web::{Answer, Call};

/// A column that is not patched keeps its value. Whoever lets an endpoint go on, or points it elsewhere, gives it a new
/// start: that it failed before counts no more.
fn update() -> String {
    format!(
        "UPDATE webhook_endpoints SET url = coalesce(:url, url), types = coalesce(:types, types), \
         description = coalesce(:description, description), \
         stopped = CASE :active WHEN 1 THEN NULL WHEN 0 THEN coalesce(stopped, 'paused') ELSE stopped END, \
         stopped_at = CASE :active WHEN 1 THEN NULL WHEN 0 THEN coalesce(stopped_at, :now) ELSE stopped_at END, \
         stopped_cursor = CASE :active WHEN 1 THEN NULL WHEN 0 THEN coalesce(stopped_cursor, {cursor}) \
            ELSE stopped_cursor END, \
         failing_since = iif(stopped IS NOT NULL AND :active = 1 OR coalesce(:url <> url, 0), NULL, failing_since), \
         lease = iif(:active = 0, NULL, lease), due_at = iif(:active = 0, NULL, due_at), \
         updated_at = :now, version = version + 1 WHERE store_id = :store AND id = :endpoint",
        cursor = steps::CURSOR
    )
}

/// Changes an endpoint. What is queued for it stays queued, whatever its new types are.
pub async fn patch(call: &Call<'_>) -> Result<Answer, Problem> {
    let meant = call.precondition()?;
    let patch: WebhookPatch = call.input()?;
    let endpoint: WebhookId = call.path_id("id", "webhook endpoint")?;
    let topics = patch.types.map(Topics::of).transpose()?;
    patch.url.as_deref().map(|url| steps::check_target(call, url)).transpose()?;
    let mut batch = steps::begin(call, endpoint, meant);
    batch.set("url", patch.url);
    batch.set("types", topics.map(|topics| topics.json()));
    batch.set("description", patch.description);
    batch.set("active", patch.active.map(i64::from));
    batch.run(update());
    steps::subscribe(&mut batch);
    batch.run(steps::NOTE_DUE);
    steps::commit_and_show(call, batch).await
}
