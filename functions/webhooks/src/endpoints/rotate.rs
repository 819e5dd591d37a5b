//! `POST /webhooks/{id}/rotate`.

use super::steps;
use storeroom_domain::WebhookId;
use storeroom_operations::shapes::key::RotateInput;
use storeroom_operations::{Code, Problem};
use storeroom_sql::Batch;
use storeroom_web::{Answer, Call};

/// Most secrets that sign one delivery, each with a signature of its own in the header.
const MAX_SECRETS: i64 = 8;

/// Gives an endpoint a new secret, which is shown this once. Until the overlap ends, deliveries are signed with the older
/// ones too.
pub async fn rotate(call: &Call<'_>) -> Result<Answer, Problem> {
    let input: RotateInput = call.input()?;
    let endpoint: WebhookId = call.path_id("id", "webhook endpoint")?;
    let mut batch = call.write();
    steps::bind(&mut batch, call, endpoint);
    batch.set("overlap_until", call.now.plus_ms(input.overlap_seconds.saturating_mul(1_000)).ms());
    steps::guard_exists(&mut batch);
    end_older(&mut batch);
    batch.run(
        "UPDATE webhook_endpoints SET generation = generation + 1, version = version + 1, updated_at = :now \
         WHERE store_id = :store AND id = :endpoint",
    );
    batch.run(format!(
        "INSERT INTO webhook_generations (store_id, endpoint_id, generation) \
         SELECT store_id, id, generation FROM {}",
        steps::THIS
    ));
    steps::commit_and_show_secret(call, batch, endpoint).await
}

fn end_older(batch: &mut Batch) {
    let own = "webhook_generations WHERE store_id = :store AND endpoint_id = :endpoint";
    batch.run(
        "UPDATE webhook_generations SET ends_at = min(coalesce(ends_at, :overlap_until), :overlap_until) \
         WHERE store_id = :store AND endpoint_id = :endpoint",
    );
    batch.run(format!("DELETE FROM {own} AND ends_at <= :now"));
    let detail = format!(
        "{MAX_SECRETS} secrets sign this endpoint's events. Rotate with a shorter overlap, such as 0."
    );
    batch.guard(
        &format!("SELECT count(*) < {MAX_SECRETS} FROM {own}"),
        Problem::new(Code::ValidationFailed, detail),
    );
}
