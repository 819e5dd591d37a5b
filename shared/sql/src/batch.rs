//! A batch: what a handler writes, as an atomic list of statements with guards between them.
//!
//! Guarantees: the work is all or nothing; a failed step is answered with the problem that stands beside it; what
//! is unforeseen is `internal` and never leaks SQL to a client.
//! Relies on: the view `guard` of the schema, whose trigger raises `guard`.

use crate::frame::{Frame, FrameResult, Gate, Part};
use crate::value::{Args, MissingArgument, Rows, Statement};
use std::borrow::Cow;
use std::collections::BTreeMap;
use storeroom_operations::{Code, Fault, Problem};

/// SQL that is fixed, or put together from fixed parts.
pub type Sql = Cow<'static, str>;

/// A way in which a statement can fail that a client can do something about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Violation {
    /// A guard's condition does not hold.
    Guard,
    /// A UNIQUE index, named by its columns as SQLite prints them.
    Unique(&'static str),
    /// A CHECK, named by its constraint.
    Check(&'static str),
}

impl Violation {
    fn is_told_by(self, message: &str) -> bool {
        match self {
            Self::Guard => message.trim_end().ends_with("guard"),
            Self::Unique(columns) => message.contains(&format!("UNIQUE constraint failed: {columns}")),
            Self::Check(name) => message.contains(&format!("CHECK constraint failed: {name}")),
        }
    }
}

#[derive(Debug)]
struct Step {
    sql: Sql,
    name: Option<&'static str>,
    problems: Vec<(Violation, Problem)>,
}

#[derive(Debug)]
enum Explanation {
    Member(&'static str),
    Faults(&'static str),
}

/// Statements to be done together.
#[derive(Debug, Default)]
pub struct Batch {
    args: Args,
    prelude: Vec<Step>,
    work: Vec<Step>,
    otherwise: Vec<(Code, Explanation, Sql)>,
    kept: Option<(usize, Sql)>,
    aside: Option<Sql>,
    announces: Vec<usize>,
    gates: Vec<Gate>,
    due: Option<usize>,
    is_patient: bool,
}

/// The rows of the named queries of a batch that was done.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Outcome {
    rows: BTreeMap<&'static str, Rows>,
}

impl Outcome {
    /// The rows of the query of that name; none when there is no such query.
    pub fn rows(&self, name: &str) -> Rows {
        self.rows.get(name).cloned().unwrap_or_default()
    }
}

/// Why a batch was not done.
#[derive(Debug, Clone, PartialEq)]
pub struct Refused {
    /// What the client is told.
    pub problem: Problem,
    /// What the log is told when nobody foresaw it: SQLite's message, which holds no values.
    pub unforeseen: Option<String>,
    /// The rows of the query that is asked whether or not the work is refused.
    pub aside: Rows,
    /// The rows that `Batch::unless_kept` found, when they are why; the problem means nothing then.
    pub kept: Option<Rows>,
}

impl Batch {
    /// An empty batch with these arguments.
    pub fn new(args: Args) -> Self {
        Self { args, ..Self::default() }
    }

    /// Sets an argument for every statement that names it.
    pub fn set(&mut self, name: &'static str, value: impl Into<crate::Value>) {
        self.args.set(name, value);
    }

    /// Sets arguments for every statement that names them.
    pub fn set_all(&mut self, args: Args) {
        self.args.merge(args);
    }

    /// A statement that stays done even when the work is refused, and whose failure refuses everything.
    pub fn prelude(&mut self, sql: impl Into<Sql>, problems: Vec<(Violation, Problem)>) {
        self.prelude.push(Step { sql: sql.into(), name: None, problems });
    }

    /// A statement.
    pub fn run(&mut self, sql: impl Into<Sql>) {
        self.run_or(sql, Vec::new());
    }

    /// A statement that may meet one of these violations.
    pub fn run_or(&mut self, sql: impl Into<Sql>, problems: Vec<(Violation, Problem)>) {
        self.work.push(Step { sql: sql.into(), name: None, problems });
    }

    /// A statement that must change that many rows; another number is the problem.
    pub fn run_expecting(&mut self, count: i64, sql: impl Into<Sql>, problem: Problem) {
        self.run(sql);
        self.guard_step(format!("INSERT INTO guard SELECT changes() = {count}"), problem);
    }

    /// Goes on only if the SQL expression is true; NULL and no row are not.
    pub fn guard(&mut self, condition: &str, problem: Problem) {
        self.guard_step(format!("INSERT INTO guard SELECT coalesce(({condition}), 0)"), problem);
    }

    fn guard_step(&mut self, sql: String, problem: Problem) {
        self.run_or(sql, vec![(Violation::Guard, problem)]);
    }

    /// Does what `steps` adds only if the SQL expression is true, and goes on in any case. What is not done is not even
    /// compiled, which is most of the cost of a statement that finds nothing to do. Not one inside another.
    pub fn only_if(&mut self, condition: &str, steps: impl FnOnce(&mut Self)) {
        let probe = self.work.len();
        self.run(format!("INSERT INTO guard SELECT coalesce(({condition}), 0)"));
        steps(self);
        self.gates.push(Gate { probe, end: self.work.len() });
    }

    /// Goes on only if the query has no row; what it finds is `Refused::kept`. One a batch.
    pub fn unless_kept(&mut self, query: impl Into<Sql>) {
        let query = query.into();
        let found = Problem::new(Code::Internal, "What was kept is the answer.");
        self.kept = Some((self.work.len(), query.clone()));
        self.guard_step(format!("INSERT INTO guard SELECT NOT EXISTS ({query})"), found);
    }

    /// Whether the batch has a step of `unless_kept`.
    pub fn asks_for_kept(&self) -> bool {
        self.kept.is_some()
    }

    /// A query whose rows the caller wants, under this name.
    pub fn query(&mut self, name: &'static str, sql: impl Into<Sql>) {
        self.work.push(Step { sql: sql.into(), name: Some(name), problems: Vec::new() });
    }

    /// A statement whose rows are events, in the columns of `events::ANNOUNCED`.
    pub fn announce(&mut self, sql: impl Into<Sql>) {
        self.announces.push(self.work.len());
        self.run(sql);
    }

    /// The query that tells the next moment at which something is due.
    pub fn due(&mut self, sql: impl Into<Sql>) {
        self.due = Some(self.work.len());
        self.run(sql);
    }

    /// Lets batches that clients wait for go first.
    pub fn let_others_first(&mut self) {
        self.is_patient = true;
    }

    /// When the work is refused with `code`, this query's first value, JSON, becomes a member of the problem.
    pub fn explain(&mut self, code: Code, member: &'static str, sql: impl Into<Sql>) {
        self.otherwise.push((code, Explanation::Member(member), sql.into()));
    }

    /// When the work is refused with `code`, this query's rows, (pointer, detail), become its list of faults, each
    /// with the fault's code.
    pub fn explain_faults(&mut self, code: Code, fault: &'static str, sql: impl Into<Sql>) {
        self.otherwise.push((code, Explanation::Faults(fault), sql.into()));
    }

    /// A query whose rows the caller wants under this name, and of a refusal too.
    pub fn query_always(&mut self, name: &'static str, sql: impl Into<Sql>) {
        let sql = sql.into();
        self.aside = Some(sql.clone());
        self.query(name, sql);
    }

    /// The batch as it travels.
    pub fn frame(&self) -> Result<Frame, MissingArgument> {
        let bind = |sql: &Sql| Statement::bind(sql.clone(), &self.args);
        Ok(Frame {
            prelude: self.prelude.iter().map(|step| bind(&step.sql)).collect::<Result<_, _>>()?,
            work: self.work.iter().map(|step| bind(&step.sql)).collect::<Result<_, _>>()?,
            otherwise: self.otherwise_sql().map(bind).collect::<Result<_, _>>()?,
            announces: self.announces.clone(),
            gates: self.gates.clone(),
            due: self.due,
            is_patient: self.is_patient,
        })
    }

    /// The queries of a refusal: the explanations in order, what was kept, then the one that is always asked.
    fn otherwise_sql(&self) -> impl Iterator<Item = &Sql> {
        let kept = self.kept.as_ref().map(|(_, sql)| sql);
        self.otherwise.iter().map(|(_, _, sql)| sql).chain(kept).chain(&self.aside)
    }

    /// What a frame's result means for this batch.
    pub fn interpret(&self, result: FrameResult) -> Result<Outcome, Refused> {
        match result {
            FrameResult::Done(rows) => {
                let named = self.work.iter().zip(rows).filter_map(|(step, rows)| Some((step.name?, rows)));
                Ok(Outcome { rows: named.collect() })
            }
            FrameResult::Refused { part, step, message, otherwise } => {
                Err(self.refusal(part, step, message, &otherwise))
            }
        }
    }

    fn refusal(&self, part: Part, step: usize, message: String, otherwise: &[Rows]) -> Refused {
        let steps = match part {
            Part::Prelude => &self.prelude,
            Part::Work => &self.work,
        };
        let problems = steps.get(step).map(|step| step.problems.as_slice()).unwrap_or_default();
        let foreseen = problems.iter().find(|(violation, _)| violation.is_told_by(&message));
        let after = otherwise.get(self.otherwise.len()..).unwrap_or_default();
        let aside = after.get(usize::from(self.kept.is_some())).cloned().unwrap_or_default();
        let Some((_, problem)) = foreseen else {
            let problem = Problem::new(Code::Internal, "The change could not be made.");
            return Refused { problem, unforeseen: Some(message), aside, kept: None };
        };
        let is_kept = part == Part::Work && self.kept.as_ref().is_some_and(|(number, _)| *number == step);
        let kept = is_kept.then(|| after.first().cloned().unwrap_or_default());
        let explanations =
            self.otherwise.iter().zip(otherwise).filter(|((code, ..), _)| *code == problem.code);
        let mut problem = problem.clone();
        for ((_, explanation, _), rows) in explanations {
            explain(&mut problem, explanation, rows);
        }
        Refused { problem, unforeseen: None, aside, kept }
    }
}

fn explain(problem: &mut Problem, explanation: &Explanation, rows: &Rows) {
    match explanation {
        Explanation::Member(name) => {
            if let Some(json) = rows.text(0, 0) {
                problem.members.push((name, json.to_owned()));
            }
        }
        Explanation::Faults(code) => {
            let count = rows.0.len().min(storeroom_operations::validate::MAX_FAULTS);
            problem.faults.extend((0..count).filter_map(|row| {
                let (pointer, detail) = (rows.text(row, 0)?, rows.text(row, 1)?);
                Some(Fault { pointer: pointer.to_owned(), code, detail: detail.to_owned() })
            }));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Value;

    fn refused(step: usize, message: &str, otherwise: Vec<Rows>) -> FrameResult {
        FrameResult::Refused { part: Part::Work, step, message: message.into(), otherwise }
    }

    #[test]
    fn a_failed_step_is_its_problem() {
        let mut batch = Batch::new(Args::new());
        batch.guard("SELECT 1", Problem::new(Code::NotFound, "gone"));
        let taken = Problem::new(Code::SkuTaken, "taken");
        batch.run_or("INSERT", vec![(Violation::Unique("variants.store_id, variants.sku"), taken)]);
        batch.explain_faults(Code::SkuTaken, "taken", "SELECT 1");
        batch.explain(Code::NotFound, "state", "SELECT 2");
        let faults = Rows(vec![vec![Value::from("/variants/0/sku"), Value::from("A is taken.")]]);
        let state = Rows(vec![vec![Value::from("\"draft\"")]]);

        let unique = "SQLite error: UNIQUE constraint failed: variants.store_id, variants.sku";
        let problem =
            batch.interpret(refused(1, unique, vec![faults.clone(), state.clone()])).unwrap_err().problem;
        assert_eq!((problem.code, problem.faults.len(), problem.members.len()), (Code::SkuTaken, 1, 0));
        let problem = batch.interpret(refused(0, "guard", vec![faults, state])).unwrap_err().problem;
        assert_eq!(
            (problem.code, problem.members),
            (Code::NotFound, vec![("state", "\"draft\"".to_owned())])
        );
    }

    #[test]
    fn the_unforeseen_is_internal_and_for_the_log_only() {
        let mut batch = Batch::default();
        batch.run("INSERT");
        let refusal = batch.interpret(refused(0, "no such table: secrets", vec![])).unwrap_err();
        assert_eq!(refusal.problem.code, Code::Internal);
        assert!(!refusal.problem.to_json("r").contains("secrets"));
        assert_eq!(refusal.unforeseen.as_deref(), Some("no such table: secrets"));
    }

    #[test]
    fn a_refused_prelude_is_its_problem() {
        let mut batch = Batch::default();
        let spent = Problem::new(Code::NonceReplayed, "spent");
        batch.prelude("INSERT", vec![(Violation::Unique("nonces.key_id"), spent)]);
        batch.run("UPDATE");
        assert_eq!(batch.frame().unwrap().prelude.len(), 1);
        let message = "UNIQUE constraint failed: nonces.key_id, nonces.nonce".to_owned();
        let result = FrameResult::Refused { part: Part::Prelude, step: 0, message, otherwise: vec![] };
        assert_eq!(batch.interpret(result).unwrap_err().problem.code, Code::NonceReplayed);
    }

    #[test]
    fn what_was_kept_is_told_apart_from_other_refusals() {
        let mut batch = Batch::default();
        batch.guard("SELECT 1", Problem::not_found("store"));
        batch.unless_kept("SELECT 2");
        batch.explain(Code::NotFound, "state", "SELECT 3");
        batch.query_always("cursor", "SELECT 4");
        assert!(batch.asks_for_kept());
        let sql: Vec<_> = batch.frame().unwrap().otherwise.into_iter().map(|step| step.sql).collect();
        assert_eq!(sql, ["SELECT 3", "SELECT 2", "SELECT 4"]);
        let [state, kept, cursor] = ["\"a\"", "b", "c"].map(|text| Rows(vec![vec![Value::from(text)]]));
        let otherwise = vec![state, kept.clone(), cursor.clone()];
        let refusal = batch.interpret(refused(1, "guard", otherwise.clone())).unwrap_err();
        assert_eq!((refusal.kept, refusal.aside), (Some(kept), cursor.clone()));
        let refusal = batch.interpret(refused(0, "guard", otherwise)).unwrap_err();
        assert_eq!((refusal.kept, refusal.aside), (None, cursor));
    }

    #[test]
    fn named_queries_come_back() {
        let mut batch = Batch::new(Args::new().with("a", 1));
        batch.run_expecting(1, "UPDATE", Problem::not_found("thing"));
        batch.query("document", "SELECT :a");
        batch.due("SELECT 2");
        let frame = batch.frame().unwrap();
        assert_eq!((frame.work.len(), frame.due), (4, Some(3)));
        let rows = Rows(vec![vec![Value::from(7)]]);
        let done = vec![Rows::default(), Rows::default(), rows.clone(), Rows::default()];
        assert_eq!(batch.interpret(FrameResult::Done(done)).unwrap().rows("document"), rows);
    }
}
