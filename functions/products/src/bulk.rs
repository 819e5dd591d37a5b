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
use storeroom_web::memory::Whose;
use storeroom_web::{Answer, Call, Shown};

/// How often the call is planned anew when somebody else is faster.
const TRIES: usize = 5;
/// Most faults of an operation that are told: with a thousand of them the answer must be one that can be kept.
const MOST_FAULTS: usize = 20;
/// About how much memory a byte of the body takes as a tree and as what is made of that.
const MEMORY_A_BYTE: u64 = 8;

/// A body with its operations apart: those may be faulty each for itself.
struct Input {
    is_atomic: bool,
    is_dry_run: bool,
    rows: Vec<Row>,
    /// Those of the rows that are none the worse for themselves.
    changes: Vec<Change>,
}

/// An operation.
struct Row {
    /// What is wrong with it by itself; without that it is one of the changes.
    problem: Option<Problem>,
    /// Where the product or the patch stands in the operation, if it has one.
    member: &'static str,
}

/// Does what can be done.
pub async fn bulk(call: &Call<'_>) -> Result<Answer, Problem> {
    let share = call.memory.share(Whose::Known);
    share.grow((call.body.len() as u64).saturating_mul(MEMORY_A_BYTE), call.ports.clock.now())?;
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
    let (query, args) = many::look_up(&input.changes);
    let found = call.read(&query, args).await?;
    let plan = many::plan(&input.changes, &found.rows, call.ports, call.now);
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
    fn of(mut body: Json) -> Result<Self, Problem> {
        let is = |name, value: Json| body.get(name) == Some(&value);
        let (is_atomic, is_dry_run) = (!is("mode", json!("per_row")), is("dry_run", json!(true)));
        if is_atomic {
            checked(&body)?;
        }
        let operations = operations(&mut body);
        checked(&body)?;
        let (mut rows, mut changes) = (Vec::with_capacity(operations.len()), Vec::new());
        for (index, operation) in operations.into_iter().enumerate() {
            let member = member(&operation);
            let problem = change(operation).map(|change| changes.push(change)).err();
            let problem = problem.map(|problem| placed(problem, index, ""));
            rows.push(Row { problem, member });
        }
        Ok(Self { is_atomic, is_dry_run, rows, changes })
    }

    /// What each operation comes to; all of them refused together where one is and the mode is `atomic`.
    fn outcomes(&self, plan: &Plan) -> Result<Vec<Outcome>, Problem> {
        let mut verdicts = plan.verdicts.iter();
        let outcome = |(index, row): (usize, &Row)| match &row.problem {
            Some(problem) => Outcome::Failed(problem.clone()),
            None => match verdicts.next() {
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

/// Takes the operations out of a body, if they are not too many.
fn operations(body: &mut Json) -> Vec<Json> {
    let list = body.get_mut("operations").and_then(Json::as_array_mut);
    list.filter(|list| list.len() <= MAX_OPERATIONS).map(std::mem::take).unwrap_or_default()
}

fn checked(body: &Json) -> Result<(), Problem> {
    let faults = validate(&Schema::Object(&BULK_INPUT), body);
    if faults.is_empty() { Ok(()) } else { Err(Problem::with_faults(Code::ValidationFailed, faults)) }
}

/// Where the product or the patch stands in an operation.
fn member(operation: &Json) -> &'static str {
    match operation.get("op").and_then(Json::as_str) {
        Some("create") => "/product",
        Some("update") => "/patch",
        _ => "",
    }
}

/// What an operation asks for.
fn change(mut operation: Json) -> Result<Change, Problem> {
    let mut faults = validate(&Schema::Object(&BULK_OPERATION), &operation);
    if faults.is_empty() {
        faults = misplaced(&operation);
    }
    if !faults.is_empty() {
        return Err(Problem::with_faults(Code::ValidationFailed, faults));
    }
    let mut body = |name| operation.get_mut(name).map(Json::take).unwrap_or_default();
    let (op, product, patch, id) = (body("op"), body("product"), body("patch"), body("id"));
    if op == "create" {
        return Ok(Change::Create(product));
    }
    let product = id.as_str().and_then(ProductId::parse).ok_or_else(|| Problem::not_found("product"))?;
    let meant = Meant { product, version: body("version").as_i64().unwrap_or_default() };
    Ok(match op.as_str() {
        Some("update") => Change::Update(meant, patch),
        Some("delete") => Change::Delete(meant),
        _ => Change::Publish(meant),
    })
}

/// Members that an operation lacks, and those that are another operation's.
fn misplaced(operation: &Json) -> Vec<Fault> {
    let op = operation.get("op").and_then(Json::as_str).unwrap_or_default();
    let needs: &[&str] = match op {
        "create" => &["product"],
        "update" => &["id", "version", "patch"],
        _ => &["id", "version"],
    };
    let lacks = needs.iter().filter(|name| operation.get(**name).is_none());
    let lacks = lacks.map(|name| fault(name, "required", format!("is required for the operation `{op}`.")));
    let has = operation.as_object().into_iter().flat_map(|members| members.keys());
    let foreign = has.filter(|name| *name != "op" && !needs.contains(&name.as_str()));
    let foreign =
        foreign.map(|name| fault(name, "unknown_field", format!("is not a member of the operation `{op}`.")));
    lacks.chain(foreign).collect()
}

fn fault(member: &str, code: &'static str, detail: String) -> Fault {
    Fault { pointer: format!("/{member}"), code, detail }
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
                let mut problem = problem.clone();
                problem.faults.truncate(MOST_FAULTS);
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
