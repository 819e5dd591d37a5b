//! `/openapi.json`, `/docs` and `/problems/{code}`: all made from the table of operations, none from the database.

use storeroom_operations::reference::{STYLE, page, problem_page};
use storeroom_operations::{Code, Problem, openapi as document};
use storeroom_web::{Answer, Call};

/// How long a cache may keep them: they change with a deployment.
const MAX_AGE_S: i64 = 300;

/// The API as OpenAPI.
pub fn openapi() -> Answer {
    Answer::json(200, document::document().to_string()).hashed().public(MAX_AGE_S)
}

/// The API as a page.
pub fn docs() -> Answer {
    Answer::page(page().into_bytes(), STYLE).hashed().public(MAX_AGE_S)
}

/// The page of a problem.
pub fn problem(call: &Call<'_>) -> Result<Answer, Problem> {
    let code = call.path.get("code").and_then(|slug| Code::parse(slug));
    let code =
        code.ok_or_else(|| Problem::new(Code::NotFound, "There is no such problem. /docs lists them."))?;
    Ok(Answer::page(problem_page(code).into_bytes(), STYLE).hashed().public(MAX_AGE_S))
}
