//! `POST /products/{id}/archive`.

use crate::transition::transition;
use storeroom_domain::{EventType, Transition};
use storeroom_operations::Problem;
use storeroom_web::{Answer, Call};

/// Puts the product away.
pub async fn archive(call: &Call<'_>) -> Result<Answer, Problem> {
    transition(call, Transition::Archive, None, EventType::ProductArchived).await
}
