//! `POST /products/bulk`: many changes in one call.
//!
//! Guarantees: one transaction, whatever the mode, so a retry under the same key finds everything done or nothing; each
//! change is done or refused as its own operation would do it.
//! Two round trips: what is there is looked at first, because that decides what each change comes to.

use crate::many::{self, Change, Meant, Plan, Verdict};
use serde_json::{Value as Json, json};
use storeroom_domain::ProductId;
use storeroom_operations::schema::Schema;
use storeroom_operations::shapes::bulk::{BULK_INPUT, BULK_OPERATION, MAX_OPERATIONS};
use storeroom_operations::validate::{MAX_FAULTS, validate};
use storeroom_operations::{Code, Fault, Problem};
use storeroom_web::inbox;
use storeroom_web::{Answer, Call, Shown};

/// How often the call is planned anew when somebody else is faster.
const TRIES: usize = 5;

/// A body with its operations apart: those may be faulty each for itself.
struct Input {
    is_atomic: bool,
    is_dry_run: bool,
    rows: Vec<Row>,
}

/// An operation: the change, or what is wrong with it.
struct Row {
    change: Result<Change, Problem>,
    /// Where the product or the patch stands in the operation, if it has one.
    member: &'static str,
}

/// Does what can be done.
pub async fn bulk(call: &Call<'_>) -> Result<Answer, Problem> {
    let input = Input::of(call.json()?.unwrap_or_default())?;
    if let Some(kept) = call.kept().await? {
        return Ok(kept);
    }
    let mut result = attempt(call, &input).await;
    for _ in 1..TRIES {
        match &result {
            Err(problem) if many::is_raced(problem) => result = attempt(call, &input).await,
            _ => break,
        }
    }
    result
}

async fn attempt(call: &Call<'_>, input: &Input) -> Result<Answer, Problem> {
    let changes: Vec<Change> =
        input.rows.iter().filter_map(|row| row.change.as_ref().ok().cloned()).collect();
    let (query, args) = many::look_up(&changes);
    let found = call.read(&query, args).await?;
    let plan = many::plan(&changes, &found.rows, call.ports, call.now);
    let outcomes = input.outcomes(&plan)?;
    let answer = answer(call, input, &outcomes);
    if input.is_dry_run {
        return Ok(Answer::json(200, answer));
    }
    let mut batch = call.write();
    plan.add_steps(&mut batch, call.ports, call.now);
    batch.set("bulk_answer", answer);
    let document = "SELECT :bulk_answer AS document, NULL AS version".into();
    call.commit_and_show(batch, Shown { status: 200, document, location: None }).await
}

impl Input {
    fn of(body: Json) -> Result<Self, Problem> {
        let word = |name| body.get(name).cloned().unwrap_or_default();
        let is_atomic = word("mode") != "per_row";
        let faults = if is_atomic { validate(&Schema::Object(&BULK_INPUT), &body) } else { around(&body) };
        if !faults.is_empty() {
            return Err(Problem::with_faults(Code::ValidationFailed, faults));
        }
        let rows = body.get("operations").and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default();
        let rows = rows.iter().enumerate().map(|(index, row)| Row::of(index, row)).collect();
        Ok(Self { is_atomic, is_dry_run: word("dry_run") == true, rows })
    }

    /// What each operation comes to; all of them refused together where one is and the mode is `atomic`.
    fn outcomes(&self, plan: &Plan) -> Result<Vec<Outcome>, Problem> {
        let mut verdicts = plan.verdicts.iter();
        let outcome = |(index, row): (usize, &Row)| match &row.change {
            Err(problem) => Outcome::Failed(problem.clone()),
            Ok(_) => match verdicts.next() {
                Some(Verdict::Done { product, version, .. }) => Outcome::Applied(*product, *version),
                Some(Verdict::Refused(problem)) => {
                    Outcome::Failed(placed(problem.clone(), index, row.member))
                }
                Some(Verdict::Postponed) | None => Outcome::Failed(too_much()),
            },
        };
        let outcomes: Vec<Outcome> = self.rows.iter().enumerate().map(outcome).collect();
        let faults = outcomes.iter().enumerate().flat_map(|(index, outcome)| outcome.faults(index));
        let faults: Vec<Fault> = faults.take(MAX_FAULTS).collect();
        if self.is_atomic && !faults.is_empty() {
            return Err(Problem::with_faults(Code::ValidationFailed, faults));
        }
        Ok(outcomes)
    }
}

impl Row {
    fn of(index: usize, operation: &Json) -> Self {
        let member = match operation.get("op").and_then(Json::as_str) {
            Some("create") => "/product",
            Some("update") => "/patch",
            _ => "",
        };
        Self {
            change: change(operation)
                .map_err(|problem| inbox::respelt(problem, &format!("/operations/{index}"), &[])),
            member,
        }
    }
}

/// What an operation asks for.
fn change(operation: &Json) -> Result<Change, Problem> {
    let mut faults = validate(&Schema::Object(&BULK_OPERATION), operation);
    let op = operation.get("op").and_then(Json::as_str).unwrap_or_default();
    let needs: &[&str] = match op {
        "create" => &["product"],
        "update" => &["id", "patch"],
        _ => &["id"],
    };
    let takes_version = op != "create";
    if faults.is_empty() {
        faults = misplaced(operation, op, needs, takes_version);
    }
    if !faults.is_empty() {
        return Err(Problem::with_faults(Code::ValidationFailed, faults));
    }
    let body = |name| operation.get(name).cloned().unwrap_or_default();
    if op == "create" {
        return Ok(Change::Create(body("product")));
    }
    let id = operation.get("id").and_then(Json::as_str).unwrap_or_default();
    let product = ProductId::parse(id).ok_or_else(|| Problem::not_found("product"))?;
    let meant = Meant { product, version: operation.get("version").and_then(Json::as_i64) };
    Ok(match op {
        "update" => Change::Update(meant, body("patch")),
        "delete" => Change::Delete(meant),
        _ => Change::Publish(meant),
    })
}

/// Members that an operation lacks, and those that are another operation's.
fn misplaced(operation: &Json, op: &str, needs: &[&str], takes_version: bool) -> Vec<Fault> {
    let lacks = needs.iter().filter(|name| operation.get(**name).is_none());
    let lacks = lacks.map(|name| fault(name, "required", format!("is required for the operation `{op}`.")));
    let has = operation.as_object().into_iter().flat_map(|members| members.keys());
    let foreign = has.filter(|name| match name.as_str() {
        "op" => false,
        "version" => !takes_version,
        name => !needs.contains(&name),
    });
    let foreign =
        foreign.map(|name| fault(name, "unknown_field", format!("is not a member of the operation `{op}`.")));
    lacks.chain(foreign).collect()
}

fn fault(member: &str, code: &'static str, detail: String) -> Fault {
    Fault { pointer: format!("/{member}"), code, detail }
}

/// The faults of what stands around the operations, and of their number.
fn around(body: &Json) -> Vec<Fault> {
    let mut body = body.clone();
    if let Some(operations) = body.get_mut("operations").and_then(Json::as_array_mut)
        && operations.len() <= MAX_OPERATIONS
    {
        operations.clear();
    }
    validate(&Schema::Object(&BULK_INPUT), &body)
}

/// What becomes of an operation.
enum Outcome {
    /// It is done: the product, and the version that it has then.
    Applied(ProductId, i64),
    /// It cannot be done.
    Failed(Problem),
}

impl Outcome {
    /// What is wrong, as faults of the whole body.
    fn faults(&self, index: usize) -> Vec<Fault> {
        match self {
            Self::Applied(..) => Vec::new(),
            Self::Failed(problem) if problem.faults.is_empty() => vec![Fault {
                pointer: format!("/operations/{index}"),
                code: problem.code.slug(),
                detail: problem.detail.clone(),
            }],
            Self::Failed(problem) => problem.faults.clone(),
        }
    }

    fn to_json(&self, index: usize, request_id: &str) -> String {
        match self {
            Self::Applied(product, version) => {
                json!({"index": index, "status": "applied", "id": product.to_string(), "version": version})
                    .to_string()
            }
            Self::Failed(problem) => {
                let problem = problem.to_json(request_id);
                format!(r#"{{"index":{index},"status":"failed","problem":{problem}}}"#)
            }
        }
    }
}

fn answer(call: &Call<'_>, input: &Input, outcomes: &[Outcome]) -> String {
    let applied = outcomes.iter().filter(|outcome| matches!(outcome, Outcome::Applied(..))).count();
    let rows = outcomes.iter().enumerate();
    let rows: Vec<String> = rows.map(|(index, outcome)| outcome.to_json(index, &call.request_id)).collect();
    format!(
        r#"{{"dry_run":{},"applied":{applied},"failed":{},"results":[{}]}}"#,
        input.is_dry_run,
        outcomes.len().saturating_sub(applied),
        rows.join(",")
    )
}

/// A problem whose pointers lead into the whole body.
fn placed(problem: Problem, index: usize, member: &str) -> Problem {
    inbox::respelt(problem, &format!("/operations/{index}{member}"), &[])
}

fn too_much() -> Problem {
    let detail =
        "The products of this call are more than one call can look at. Send this change in another call.";
    Problem::new(Code::BodyTooLarge, detail)
}
