//! Jobs, and what was wrong with the rows of their files.

use super::{NEXT_CURSOR, VERSION, page};
use crate::schema::{Field, Object, Schema};
use serde::{Deserialize, Serialize};

const COUNT: Schema = Schema::Integer { min: 0, max: i64::MAX };
const TIME_OR_NULL: Schema = Schema::Nullable(&Schema::TIME);

/// A job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Job {
    /// Its id.
    pub id: String,
    /// `import`.
    pub kind: String,
    /// `queued`, `running`, `done` or `failed`.
    pub state: String,
    /// Whether nothing is written.
    pub dry_run: bool,
    /// Its rows: the products of the file.
    pub total: i64,
    /// Rows that were applied.
    pub done: i64,
    /// Of these, the products that were made.
    pub created: i64,
    /// Those that were there and were changed.
    pub updated: i64,
    /// And those that were as the file says already.
    pub unchanged: i64,
    /// Rows that could not be applied.
    pub failed: i64,
    /// Where to read why.
    pub errors_url: Option<String>,
    /// Why the job itself could not go on.
    pub problem: Option<String>,
    /// Counts its changes, from 1.
    pub version: i64,
    /// When it was made.
    pub created_at: String,
    /// When it came to its end.
    pub finished_at: Option<String>,
}

/// `Job` as data.
pub const JOB: Object = Object {
    name: "Job",
    about: "Work that goes on after its request was answered. Every step of it is an event, `job.progress`, and its end \
        another, `job.finished`.",
    fields: &[
        Field::required("id", Schema::id("job_"), "Its id."),
        Field::required("kind", Schema::OneOf(&["import"]), "What it does."),
        Field::required(
            "state",
            Schema::OneOf(&["queued", "running", "done", "failed"]),
            "Where it stands; `failed` only when the job itself could not go on.",
        ),
        Field::required("dry_run", Schema::Boolean, "Whether it only says what it would do."),
        Field::required("total", COUNT, "Its rows: the products of the file."),
        Field::required("done", COUNT, "Rows that were applied."),
        Field::required("created", COUNT, "Of these, the products that were made."),
        Field::required("updated", COUNT, "Of these, the products that were there and were changed."),
        Field::required("unchanged", COUNT, "And those that were as the file says already."),
        Field::required("failed", COUNT, "Rows that could not be applied."),
        Field::required(
            "errors_url",
            Schema::Nullable(&Schema::line(1, 200)),
            "Where to read what was wrong with those: the first 10,000 mistakes, of each row the first 20; null while nothing was.",
        ),
        Field::required("problem", Schema::Nullable(&Schema::line(1, 500)), "Why the job could not go on."),
        Field::required("version", VERSION, "Counts its changes; also its ETag."),
        Field::required("created_at", Schema::TIME, "When it was made."),
        Field::required("finished_at", TIME_OR_NULL, "When it came to its end."),
    ],
};

/// A page of jobs.
pub const JOB_PAGE: Object = page(
    "JobPage",
    &[
        Field::required(
            "items",
            Schema::List { items: &Schema::Object(&JOB), max: 250, unique: false },
            "The jobs.",
        ),
        NEXT_CURSOR,
    ],
);

/// Something wrong with a row, as a line of NDJSON.
pub const JOB_ERROR: Object = Object {
    name: "JobError",
    about: "Something wrong with a row of a file.",
    fields: &[
        Field::required("line", Schema::Integer { min: 1, max: i64::MAX }, "The line of the file."),
        Field::required(
            "sku",
            Schema::Nullable(&Schema::line(0, 64)),
            "The variant's SKU, or the first of the product's.",
        ),
        Field::required("pointer", Schema::line(0, 200), "Where in the product, as a JSON pointer."),
        Field::required("code", Schema::line(1, 60), "What kind of fault."),
        Field::required("detail", Schema::line(1, 1000), "What is wrong."),
    ],
};
