//! Rows of imports, exports and jobs, which belong to the family of products.

use super::{CURSOR, LIMIT, MIB, read, write};
use crate::operation::{Answer, Body, Form, Param, RateClass, Row};
use crate::problem::Code;
use crate::schema::Schema;
use crate::shapes::job;
use storeroom_domain::Permission;

/// The content types of files of products, the usual one first.
pub const SHEETS: &[&str] = &["text/csv", "application/x-ndjson"];

/// Most bytes of a file of products.
pub const MAX_FILE: usize = 100_000_000;
const _: () = assert!(MAX_FILE > 95 * MIB);

const FORMAT: Param = Param {
    name: "format",
    schema: Schema::OneOf(&["csv", "ndjson"]),
    about: "What the file is; else `Accept` says it, and `csv` is the default.",
};

pub(super) static IMPORT_PRODUCTS: Row = Row {
    rate: RateClass::Upload,
    query: &[Param {
        name: "dry_run",
        schema: Schema::OneOf(&["true", "false"]),
        about: "`true` for a job that writes nothing and says what it would do.",
    }],
    body: Some(Body { form: Form::Flow, optional: false, media: SHEETS, limit: MAX_FILE }),
    success: 202,
    answer: Answer::Json(&job::JOB),
    ..write(
        "products.import",
        "POST",
        "/api/pms/products/import",
        "Import a file of products",
        Permission::ProductsWrite,
    )
};

pub(super) static EXPORT_PRODUCTS: Row = Row {
    query: &[
        FORMAT,
        Param {
            name: "status",
            schema: Schema::OneOf(&["draft", "scheduled", "published", "archived"]),
            about: "Only products of this status; a schedule that is due counts as published.",
        },
        Param { name: "category", schema: Schema::line(1, 100), about: "Only products of this category." },
        Param { name: "tag", schema: Schema::line(1, 50), about: "Only products with this tag." },
    ],
    answer: Answer::Lines,
    ..read(
        "products.export",
        "/api/pms/products/export",
        "Export all products as a file, oldest first",
        Permission::ProductsRead,
    )
};

pub(super) static LIST_JOBS: Row = Row {
    query: &[LIMIT, CURSOR],
    answer: Answer::Json(&job::JOB_PAGE),
    problems: &[Code::CursorInvalid],
    ..read("jobs.list", "/api/pms/jobs", "List jobs, newest first", Permission::ProductsRead)
};

pub(super) static READ_JOB: Row = Row {
    answer: Answer::Json(&job::JOB),
    problems: &[Code::NotFound],
    ..read("jobs.read", "/api/pms/jobs/{id}", "Read how far a job is", Permission::ProductsRead)
};

pub(super) static JOB_ERRORS: Row = Row {
    query: &[FORMAT],
    answer: Answer::Lines,
    problems: &[Code::NotFound],
    ..read(
        "jobs.errors",
        "/api/pms/jobs/{id}/errors",
        "Read what was wrong with the rows of a job, as a file: the first 10,000 mistakes, 20 a row",
        Permission::ProductsRead,
    )
};
