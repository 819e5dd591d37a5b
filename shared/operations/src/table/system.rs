//! Rows of health, reference and problem pages.
//!
//! Guarantees: every operation of [`System`] has its row here.

use super::open;
use crate::operation::{Answer, RateClass, Row};
use crate::problem::Code;
use crate::shapes::system;

family! { System "Health, reference, problem pages."
    Health HEALTH;
    Ready READY;
    OpenApi OPENAPI;
    Docs DOCS;
    ProblemPage PROBLEM_PAGE;
}

static HEALTH: Row = Row {
    answer: Answer::Json(&system::HEALTH),
    ..open("system.health", "/healthz", "Whether the process answers")
};

static READY: Row = Row {
    rate: RateClass::Read,
    answer: Answer::Json(&system::READINESS),
    tells_when_down: true,
    ..open("system.ready", "/readyz", "Whether database, rooms and image store answer")
};

static OPENAPI: Row =
    Row { answer: Answer::Document, ..open("system.openapi", "/openapi.json", "This API as OpenAPI 3.1") };

static DOCS: Row =
    Row { answer: Answer::Html, ..open("system.docs", "/docs", "The API reference as a page") };

static PROBLEM_PAGE: Row = Row {
    answer: Answer::Html,
    problems: &[Code::NotFound],
    ..open("system.problem", "/problems/{code}", "What a problem means and what to do about it")
};
