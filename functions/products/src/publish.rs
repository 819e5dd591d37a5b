//! `POST /products/{id}/publish`: now, or from a moment on.

use crate::transition::transition;
use storeroom_domain::{EventType, Timestamp, Transition};
use storeroom_operations::Problem;
use storeroom_operations::shapes::product::PublishInput;
use storeroom_web::{Answer, Call};

/// Publishes now, or schedules when `publish_at` lies ahead.
pub async fn publish(call: &Call<'_>) -> Result<Answer, Problem> {
    let input: PublishInput = call.input()?;
    let publish_at = input.publish_at.as_deref().and_then(Timestamp::parse);
    match publish_at.filter(|at| *at > call.now) {
        Some(at) => transition(call, Transition::Schedule, Some(at), EventType::ProductUpdated).await,
        None => transition(call, Transition::Publish, None, EventType::ProductPublished).await,
    }
}
