//! The inbox: how an event of another system is applied, once a store and for good.
//!
//! Guarantees: what an event asks for and the note that it was applied are one transaction; the same event again is
//! answered as before and does nothing; what the state of the store refuses is kept with its problem and may come again;
//! what the database could not do is kept nowhere, so the sender's next try is the first.
//! Relies on: the families for the commands, which are made of the same steps as their operations.

use crate::answer::hex;
use crate::call::{Call, Shown, unavailable};
use crate::{Answer, body};
use serde::de::DeserializeOwned;
use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};
use storeroom_operations::validate::MAX_FAULTS;
use storeroom_operations::{Code, Fault, Problem};
use storeroom_sql::batch::Sql;
use storeroom_sql::{Args, Batch, access, inbox};

/// How often an event is tried that loses a race: of those that race, one wins each time.
const TRIES: usize = 50;

/// An event as it was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// The sender's id.
    pub id: String,
    /// Its type.
    pub kind: String,
    /// Its canonical JSON: members in the order of their names, no blanks.
    body: String,
}

impl Event {
    /// The event of a body that has its shape.
    pub fn of(value: &Json) -> Self {
        let text = |name: &str| value.get(name).and_then(Json::as_str).unwrap_or_default().to_owned();
        Self { id: text("event_id"), kind: text("type"), body: value.to_string() }
    }

    /// What it says.
    pub fn says<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        serde_json::from_str(&self.body)
            .map_err(|error| Problem::new(Code::ValidationFailed, error.to_string()))
    }

    fn hash(&self) -> String {
        hex(&Sha256::digest(&self.body))
    }

    fn args(&self) -> Args {
        Args::new()
            .with("inbox_event", self.id.as_str())
            .with("inbox_type", self.kind.as_str())
            .with("inbox_hash", self.hash())
    }

    /// Answers the same event with what it was answered when it was applied; refuses another one under its id.
    fn repeated(&self, call: &Call<'_>, hash: &str, result: &str) -> Result<Answer, Problem> {
        if hash == self.hash() {
            return Ok(Answer { is_replayed: true, ..Answer::json(call.row.success, result) });
        }
        let detail = "was applied with another content. An id is one event's.".to_owned();
        let fault = Fault { pointer: "/event_id".to_owned(), code: "taken", detail };
        Err(Problem::with_faults(Code::ValidationFailed, vec![fault]))
    }
}

/// What an event asks for.
pub trait Command {
    /// The SQL expression of what must be known of the store before: a JSON text. Names `:store`, `:now` and the
    /// arguments.
    fn look_up(&self) -> (Sql, Args);

    /// Adds the steps to a batch that begins as every write. `found` is what was looked up.
    fn add_steps(&self, call: &Call<'_>, batch: &mut Batch, found: &Json) -> Result<Effect, Problem>;

    /// The problem in the sender's words.
    fn respelt(&self, problem: Problem) -> Problem;
}

/// What a command does, once it is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effect {
    /// To what: an id, or a word for what has none.
    pub subject: String,
    /// What.
    pub action: &'static str,
    /// The query of the version that the subject has since.
    pub version: &'static str,
}

/// Reads the event of a request; `own` finds faults beyond those of its shape.
pub fn read<T: DeserializeOwned>(
    call: &Call<'_>,
    own: fn(&Json) -> Vec<Fault>,
) -> Result<(Event, T), Problem> {
    let (Some(rule), Some(value)) = (&call.row.body, call.json()?) else {
        return Err(call.fault("a row without a body"));
    };
    let mut faults = rule.faults(&value);
    faults.extend(own(&value));
    faults.truncate(MAX_FAULTS);
    let event = Event::of(&value);
    Ok((event, body::read_unless(faults, value)?))
}

/// Applies an event that was sent; one that is refused by what the store has is kept, and the answer says why.
pub async fn receive(call: &Call<'_>, event: &Event, command: &dyn Command) -> Result<Answer, Problem> {
    if let Some(kept) = call.kept().await? {
        return Ok(kept);
    }
    match apply(call, event, command).await? {
        Outcome::Applied(answer) => Ok(answer),
        Outcome::Rejected(problem) => Ok(rejected(call, event, &problem)),
    }
}

/// Applies an event that was rejected before; refused again, its problem is the answer.
pub async fn try_again(call: &Call<'_>, event: &Event, command: &dyn Command) -> Result<Answer, Problem> {
    match apply(call, event, command).await? {
        Outcome::Applied(answer) => Ok(answer),
        Outcome::Rejected(problem) => Err(problem),
    }
}

enum Outcome {
    Applied(Answer),
    Rejected(Problem),
}

async fn apply(call: &Call<'_>, event: &Event, command: &dyn Command) -> Result<Outcome, Problem> {
    for _ in 0..TRIES {
        let refused = match attempt(call, event, command).await {
            Ok(answer) => return Ok(Outcome::Applied(answer)),
            Err(Refusal::Final(problem)) => return Err(problem),
            Err(Refusal::OfTheStore(problem)) => problem,
        };
        if lost_race(&refused) {
            continue;
        }
        let problem = command.respelt(refused);
        match keep(call, event, &problem).await {
            Err(refused) if lost_race(&refused) => {}
            kept => return kept.map(|()| Outcome::Rejected(problem)),
        }
    }
    Err(unavailable("Too many others are changing the same; nothing was done."))
}

enum Refusal {
    /// By who asks, or by what broke: it says nothing of the event.
    Final(Problem),
    /// By what the store has now.
    OfTheStore(Problem),
}

async fn attempt(call: &Call<'_>, event: &Event, command: &dyn Command) -> Result<Answer, Refusal> {
    let (look_up, mut args) = command.look_up();
    args.merge(event.args());
    let rows = call.read(&inbox::look_up(&look_up), args.clone()).await.map_err(Refusal::Final)?.rows;
    if let (Some("applied"), Some(hash), Some(result)) = (rows.text(0, 1), rows.text(0, 2), rows.text(0, 3)) {
        return event.repeated(call, hash, result).map_err(Refusal::Final);
    }
    let found = rows.text(0, 4).map(str::to_owned);
    let mut batch = begin(call, event);
    batch.set_all(args);
    batch.set("inbox_found", found.clone());
    inbox::guard_unchanged(&mut batch, &look_up, changed_meanwhile());
    write(call, batch, command, found.as_deref()).await.map_err(|problem| match is_of_the_store(&problem) {
        true => Refusal::OfTheStore(problem),
        false => Refusal::Final(problem),
    })
}

async fn write(
    call: &Call<'_>,
    mut batch: Batch,
    command: &dyn Command,
    found: Option<&str>,
) -> Result<Answer, Problem> {
    let found = found.and_then(|found| serde_json::from_str(found).ok()).unwrap_or(Json::Null);
    let Effect { subject, action, version } = command.add_steps(call, &mut batch, &found)?;
    batch.set("inbox_subject", subject);
    batch.set("inbox_action", action);
    inbox::note_applied(&mut batch, version);
    let shown = Shown { status: call.row.success, document: inbox::APPLIED.into(), location: None };
    call.commit_and_show(batch, shown).await
}

fn begin(call: &Call<'_>, event: &Event) -> Batch {
    let mut batch = call.write();
    batch.set_all(event.args());
    inbox::guard_not_applied(&mut batch, applied_meanwhile());
    batch
}

async fn keep(call: &Call<'_>, event: &Event, problem: &Problem) -> Result<(), Problem> {
    let mut batch = begin(call, event);
    batch.set("inbox_body", event.body.as_str());
    batch.set("inbox_problem", problem.to_json(&call.request_id));
    inbox::keep_rejected(&mut batch, full());
    call.about(&event.id);
    call.commit(batch).await.map(|_| ())
}

fn rejected(call: &Call<'_>, event: &Event, problem: &Problem) -> Answer {
    Answer::json(call.row.success, "{}")
        .member("event_id", &json!(event.id).to_string())
        .member("type", &json!(event.kind).to_string())
        .member("status", "\"rejected\"")
        .member("problem", &problem.to_json(&call.request_id))
}

/// The refusal of an event that somebody else has applied since it was looked up: no client sees it.
fn applied_meanwhile() -> Problem {
    Problem::new(Code::IdempotencyKeyReused, "The event was applied meanwhile.")
}

/// The refusal of an event that somebody else has changed the ground of since it was looked up: no client sees it.
fn changed_meanwhile() -> Problem {
    Problem::new(Code::VersionConflict, "What the event is about has changed meanwhile.")
}

/// The refusal of an event that cannot be applied and not be kept: whoever sent it has it still.
fn full() -> Problem {
    unavailable("The event cannot be applied now, and too many wait already: see the rejected ones.")
}

/// Whether the next try may find it otherwise: what was looked up has changed since.
fn lost_race(problem: &Problem) -> bool {
    // A command may explain a conflict, so its code alone tells it.
    problem.code == Code::VersionConflict || *problem == applied_meanwhile()
}

fn is_of_the_store(problem: &Problem) -> bool {
    problem.code.status() < 500 && access::is_passed(problem)
}

/// The problem with the pointers of an event whose content stands at `root` and calls what a pointer ends with, or has
/// before a further name, otherwise: pairs of our name and the sender's, each with its slash.
pub fn respelt(mut problem: Problem, root: &str, names: &[(&str, &str)]) -> Problem {
    let spelt = |pointer: &str| {
        names.iter().fold(format!("{root}{pointer}"), |pointer, (ours, theirs)| pointer.replace(ours, theirs))
    };
    if let [only] = problem.faults.as_slice()
        && let Some(rest) = problem.detail.strip_prefix(&only.pointer)
    {
        problem.detail = format!("{}{rest}", spelt(&only.pointer));
    }
    for fault in &mut problem.faults {
        fault.pointer = spelt(&fault.pointer);
    }
    for (_, json) in problem.members.iter_mut().filter(|(name, _)| *name == "lines") {
        let mut lines: Json = serde_json::from_str(json).unwrap_or_default();
        for line in lines.as_array_mut().into_iter().flatten() {
            if let Some(Json::String(pointer)) = line.get_mut("pointer") {
                *pointer = spelt(pointer);
            }
        }
        *json = lines.to_string();
    }
    problem
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn event_hash_format_unchanged() {
        let of = |text: &str| Event::of(&serde_json::from_str(text).unwrap());
        let event = of(r#"{"event_id":"e","type":"t","lines":[{"a":1,"b":"\u00fc"}]}"#);
        let again = of("{ \"type\": \"t\",\n\"lines\": [{\"b\": \"ü\", \"a\": 1}], \"event_id\": \"e\" }");
        assert_eq!(event, again);
        assert_eq!(event.hash(), "04759c9d9ab481274ac39a6dfb6697d96f38f1370b34e0827a09650d18b561cf");
        let other = of(r#"{"event_id":"e","type":"t","lines":[{"a":2,"b":"ü"}]}"#);
        assert_ne!(event.hash(), other.hash());
        assert_eq!((event.id.as_str(), event.kind.as_str()), ("e", "t"));
    }

    #[test]
    fn a_problem_is_told_in_the_senders_words() {
        let fault = |pointer: &str| Fault { pointer: pointer.to_owned(), code: "c", detail: "d.".to_owned() };
        let names = &[("/variant_id", "/sku"), ("/expected_unit_price", "/unit_price")];
        let one = Problem::with_faults(Code::ValidationFailed, vec![fault("/lines/0/variant_id")]);
        let one = respelt(one, "/order", names);
        assert_eq!(
            (one.detail.as_str(), one.faults),
            ("/order/lines/0/sku: d.", vec![fault("/order/lines/0/sku")])
        );
        let far = fault("/lines/1/expected_unit_price/currency");
        let two = Problem::with_faults(Code::ValidationFailed, vec![far, fault("/external_id")]);
        let expected = vec![fault("/order/lines/1/unit_price/currency"), fault("/order/external_id")];
        assert_eq!(respelt(two, "/order", names).faults, expected);
        let short = Problem::new(Code::InsufficientStock, "d.");
        let short =
            respelt(short.member("lines", r#"[{"available":1,"pointer":"/lines/0"}]"#), "/order", names);
        assert_eq!(short.members, [("lines", r#"[{"available":1,"pointer":"/order/lines/0"}]"#.to_owned())]);
    }
}
