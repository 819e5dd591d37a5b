//! Rows of a job become products.

use super::entry::{Entry, Mistake};
use super::merged::merged;
use super::progress::{self, Step, Tally};
use super::run::Runner;
use crate::content::Content;
use crate::{create, replace, steps};
use serde_json::{Map, Value, json};
use std::cell::RefCell;
use std::collections::BTreeMap;
use storeroom_domain::{EventType, ProductId, Timestamp};
use storeroom_operations::route::PathParams;
use storeroom_operations::{Code, Fault, Operation, Problem, Products};
use storeroom_ports::{DatabaseError, due};
use storeroom_sql::documents::{IS_DUE, PRODUCT_AS_OF_NOW};
use storeroom_sql::{Batch, events};
use storeroom_web::call::Trace;
use storeroom_web::query::Query;
use storeroom_web::{Call, Precondition};

/// Applies rows with the step that the job makes by it; whether it was done.
pub async fn apply(runner: &Runner<'_>, rows: &[Entry], step: Step) -> Result<bool, DatabaseError> {
    let mut tally = Tally::default();
    let call = call(runner, step);
    let found = found(runner, rows).await?;
    let mut ids: Vec<ProductId> = rows.iter().map(|_| call.new_id()).collect();
    ids.sort_unstable();
    for (place, (row, id)) in rows.iter().zip(ids).enumerate() {
        let outcome = match row.mistakes.is_empty() {
            true => {
                one(runner, &call, row, found.get(&place).map(Vec::as_slice).unwrap_or_default(), id).await?
            }
            false => Err(row.mistakes.clone()),
        };
        match outcome {
            Ok(true) => tally.created += 1,
            Ok(false) => tally.updated += 1,
            Err(mistakes) => {
                tally.failed += 1;
                tally.mistakes.extend(mistakes);
            }
        }
    }
    let mut batch = Batch::new(runner.job.args(runner.ports.clock.now().ms()));
    progress::add_steps(&mut batch, runner.ports, &runner.job, &tally, step);
    due::commit(runner.ports, batch, "rows not applied", ("job", &runner.job.id)).await
}

struct Found {
    id: ProductId,
    version: i64,
    document: Value,
}

async fn found(runner: &Runner<'_>, rows: &[Entry]) -> Result<BTreeMap<usize, Vec<Found>>, DatabaseError> {
    let skus: Vec<Value> = rows
        .iter()
        .enumerate()
        .flat_map(|(row, entry)| entry.skus().map(move |sku| json!({"row": row, "sku": sku})))
        .collect();
    let sql = format!(
        "SELECT found.row, d.id, d.version + {IS_DUE}, {PRODUCT_AS_OF_NOW} FROM (SELECT DISTINCT j.value ->> 'row' AS row, \
         v.product_id AS product FROM json_each(:skus) AS j CROSS JOIN variants v ON v.store_id = :store \
         AND v.sku = j.value ->> 'sku') AS found CROSS JOIN product_documents d ON d.store_id = :store AND d.id = found.product"
    );
    let args = runner.job.args(runner.ports.clock.now().ms()).with("skus", json!(skus).to_string());
    let sql: &'static str = Box::leak(sql.into_boxed_str());
    let rows = due::read(runner.ports, sql, &args).await?;
    let mut found: BTreeMap<usize, Vec<Found>> = BTreeMap::new();
    for row in 0..rows.0.len() {
        let (Some(place), Some(id)) = (rows.integer(row, 0), rows.text(row, 1).and_then(ProductId::parse))
        else {
            continue;
        };
        let document = rows.text(row, 3).and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
        let version = rows.integer(row, 2).unwrap_or_default();
        found.entry(usize::try_from(place).unwrap_or(0)).or_default().push(Found { id, version, document });
    }
    Ok(found)
}

async fn one(
    runner: &Runner<'_>,
    call: &Call<'_>,
    row: &Entry,
    found: &[Found],
    id: ProductId,
) -> Result<Result<bool, Vec<Mistake>>, DatabaseError> {
    if found.len() > 1 {
        let fault = Fault {
            pointer: "/variants".into(),
            code: "ambiguous",
            detail: "has SKUs that belong to different products.".into(),
        };
        return Ok(Err(row.refused(Problem::with_faults(Code::ValidationFailed, vec![fault]))));
    }
    let document = found.first().map_or_else(|| json!({}), |found| found.document.clone());
    let content = match merged(document, &row.product) {
        Ok(content) => content,
        Err(problem) => return Ok(Err(row.refused(problem))),
    };
    if runner.job.is_dry {
        return Ok(Ok(found.is_empty()));
    }
    let batch = batch(call, found.first(), id, &content, &row.product);
    let frame = batch.frame().map_err(|missing| DatabaseError::Failed(missing.0.to_string()))?;
    Ok(match batch.interpret(runner.ports.database.commit(frame).await?) {
        Ok(_) => Ok(found.is_empty()),
        Err(refused) => Err(row.refused(refused.problem)),
    })
}

fn batch(
    call: &Call<'_>,
    found: Option<&Found>,
    id: ProductId,
    content: &Content,
    said: &Map<String, Value>,
) -> Batch {
    let mut batch = Batch::new(call.args());
    let product = match found {
        Some(found) => {
            replace::add_steps(&mut batch, call, found.id, Precondition::Version(found.version), content);
            found.id
        }
        None => {
            create::add_steps(&mut batch, call, id, content);
            id
        }
    };
    let status = said.get("status").and_then(Value::as_str);
    let before = found.and_then(|found| found.document.get("status")?.as_str()).unwrap_or("draft");
    if let Some(status) = status.filter(|status| *status != before) {
        let publish_at = said.get("publish_at").and_then(Value::as_str).and_then(Timestamp::parse);
        batch.set("status", status);
        batch.set("publish_at", publish_at.map(Timestamp::ms));
        if matches!(status, "published" | "scheduled") {
            steps::guard_can_be_sold(&mut batch, crate::transition::UNSELLABLE);
        }
        batch.run(crate::transition::UPDATE);
        let event: storeroom_domain::EventId = call.new_id();
        batch.set("status_event", event.to_string());
        batch.run(
            "INSERT INTO revisions (store_id, subject, version, at, actor, request_id, document) \
             SELECT store_id, id, version, :now, :actor, :request_id, document \
             FROM product_documents WHERE store_id = :store AND id = :product",
        );
        events::append_as(
            &mut batch,
            ":status_event",
            EventType::ProductUpdated,
            "SELECT :product AS subject, (SELECT version FROM products WHERE store_id = :store AND id = :product) AS version, '{}' AS data",
        );
    }
    let _ = product;
    batch
}

fn call<'a>(runner: &Runner<'a>, step: Step) -> Call<'a> {
    let call = Call {
        ports: runner.ports,
        secrets: runner.secrets,
        row: Operation::Products(Products::Import).row(),
        path: PathParams::new(),
        raw_query: String::new(),
        query: Query::new(),
        headers: http::HeaderMap::new(),
        body: Vec::new(),
        origin: String::new(),
        client: String::new(),
        caller: None,
        store: runner.job.store.clone(),
        request_id: runner.job.request_id.clone(),
        idempotency_key: None,
        fingerprint: String::new(),
        flow: RefCell::new(None),
        now: Timestamp::from_ms(step.ids_at),
        trace: Trace::default(),
    };
    call.acts_as(&runner.job.actor);
    call
}
