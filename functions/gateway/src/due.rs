//! The due work of every function, for hosts that run it by timers and for schedulers that ask for it.
//!
//! Guarantees: one family's failure does not keep another's work from being done; safe to run from many places at
//! once; never needed for what a read shows.

use storeroom_operations::Problem;
use storeroom_ports::{DatabaseError, Ports};
use storeroom_sql::settle::NEXT_DUE;
use storeroom_web::secrets::Secrets;
use storeroom_web::{Answer, Call, Shown};

pub use storeroom_webhooks::due::{serve, wake};

/// Does what is due; returns how many things it touched, or the first failure.
pub async fn run(ports: &Ports, secrets: &Secrets) -> Result<usize, DatabaseError> {
    let products = storeroom_products::due::run(ports).await;
    let inventory = storeroom_inventory::due::run(ports).await;
    let accounts = storeroom_accounts::due::run(ports, &secrets.master).await;
    let images = storeroom_images::due::run(ports).await;
    // After what takes a moment, because jobs take seconds.
    let jobs = storeroom_products::import::due::run(ports).await;
    // Last, because the others' events are to be sent too.
    let webhooks = storeroom_webhooks::due::run(ports, &secrets.master).await;
    Ok([products?, inventory?, accounts?, images?, jobs?, webhooks?]
        .into_iter()
        .fold(0, usize::saturating_add))
}

/// `POST /due`: access is looked up first, because the work is not the caller's store's alone; its answer is written last,
/// so that a run that failed is done again under the same idempotency key.
pub async fn answer(call: &Call<'_>) -> Result<Answer, Problem> {
    if let Some(kept) = call.look_first().await? {
        return Ok(kept);
    }
    run(call.ports, call.secrets).await.map_err(|error| call.database_problem(error))?;
    let document = format!(
        "SELECT json_object('more', json(iif(coalesce(({NEXT_DUE}) <= :now, 0), 'true', 'false'))) AS document, \
         NULL AS version"
    );
    call.commit_and_show(call.write(), Shown { status: 200, document: document.into(), location: None }).await
}
