//! `POST /products/{id}/unpublish`.

use crate::transition::transition;
use storeroom_domain::{EventType, Transition};
use storeroom_operations::Problem;
use storeroom_web::{Answer, Call};

/// Takes the product back to draft.
pub async fn unpublish(call: &Call<'_>) -> Result<Answer, Problem> {
    transition(call, Transition::Unpublish, None, EventType::ProductUnpublished).await
}
