//! `POST /webhooks`.

use super::{Topics, steps};
use storeroom_domain::WebhookId;
use storeroom_operations::shapes::webhook::WebhookInput;
use storeroom_operations::{Code, Problem};
use storeroom_sql::Batch;
use storeroom_web::{Answer, Call};

/// Most endpoints of a store: each event may be queued that often.
pub const MAX_ENDPOINTS: i64 = 50;

const INSERT: &str = "INSERT INTO webhook_endpoints (store_id, id, url, types, description, stopped, stopped_at, \
    stopped_cursor, generation, created_at, updated_at, version) \
    SELECT id, :endpoint, :url, :types, :description, iif(:active, NULL, 'paused'), iif(:active, NULL, :now), \
    iif(:active, NULL, epoch || '.' || seq), 1, :now, :now, 1 FROM stores WHERE id = :store";

/// Makes an endpoint, which gets the events that happen from now on. Its secret is shown this once.
pub async fn create(call: &Call<'_>) -> Result<Answer, Problem> {
    let input: WebhookInput = call.input()?;
    let topics = Topics::of(input.types)?;
    steps::check_target(call, &input.url)?;
    let endpoint: WebhookId = call.new_id();
    let mut batch = call.write();
    steps::bind(&mut batch, call, endpoint);
    batch.set("url", input.url);
    batch.set("types", topics.json());
    batch.set("description", input.description);
    batch.set("active", i64::from(input.active.unwrap_or(true)));
    guard_few(&mut batch);
    batch.run(INSERT);
    batch.run(
        "INSERT INTO webhook_generations (store_id, endpoint_id, generation) VALUES (:store, :endpoint, 1)",
    );
    steps::subscribe(&mut batch);
    steps::commit_and_show_secret(call, batch, endpoint).await
}

fn guard_few(batch: &mut Batch) {
    let detail = format!("The store has {MAX_ENDPOINTS} endpoints. Delete one that is not needed any more.");
    batch.guard(
        &format!("SELECT count(*) < {MAX_ENDPOINTS} FROM webhook_endpoints WHERE store_id = :store"),
        Problem::new(Code::ValidationFailed, detail),
    );
}
