//! Changes to many products in one call.

use super::VERSION;
use super::product::{PRODUCT_INPUT, PRODUCT_PATCH};
use crate::schema::{Field, Object, Schema};

/// Most changes of one call.
pub const MAX_OPERATIONS: usize = 1_000;

const PRODUCT: Schema = Schema::id("prd_");

/// The words of `mode`: all or nothing, or each for itself.
pub const MODES: &[&str] = &["atomic", "per_row"];

/// What is asked for.
pub const BULK_INPUT: Object = Object {
    name: "BulkInput",
    about: "Changes to many products, done in one transaction in the order of the list.",
    fields: &[
        Field::optional(
            "mode",
            Schema::OneOf(MODES),
            "`atomic`, the default: all or nothing. `per_row`: what can be done is done.",
        ),
        Field::optional("dry_run", Schema::Boolean, "Whether only to say what would be done."),
        Field::required(
            "operations",
            Schema::List { items: &Schema::Object(&BULK_OPERATION), max: MAX_OPERATIONS, unique: false },
            "The changes, at most one to a product.",
        ),
    ],
};

/// One change.
pub const BULK_OPERATION: Object = Object {
    name: "BulkOperation",
    about: "A change to a product: `create` has `product`, `update` has `id`, `version` and `patch`, `delete` and \
        `publish` have `id` and `version`.",
    fields: &[
        Field::required("op", Schema::OneOf(&["create", "update", "delete", "publish"]), "What to do."),
        Field::optional("product", Schema::Object(&PRODUCT_INPUT), "The product to create."),
        Field::optional("id", PRODUCT, "The product that is meant."),
        Field::optional("version", VERSION, "The version that is meant."),
        Field::optional(
            "patch",
            Schema::Object(&PRODUCT_PATCH),
            "A JSON merge patch (RFC 7396) of the product.",
        ),
    ],
};

/// What became of it.
pub const BULK_RESULT: Object = Object {
    name: "BulkResult",
    about: "What became of the changes.",
    fields: &[
        Field::required("dry_run", Schema::Boolean, "Whether nothing was written because nothing was to be."),
        Field::required("applied", COUNT, "How many were done."),
        Field::required("failed", COUNT, "How many could not be done."),
        Field::required(
            "results",
            Schema::List { items: &Schema::Object(&BULK_ROW), max: MAX_OPERATIONS, unique: false },
            "What became of each, in the order of the list.",
        ),
    ],
};

const COUNT: Schema = Schema::Integer { min: 0, max: 1_000 };

/// What became of one change.
pub const BULK_ROW: Object = Object {
    name: "BulkRow",
    about: "What became of one change.",
    fields: &[
        Field::required("index", Schema::Integer { min: 0, max: 999 }, "Its place in the list, from 0."),
        Field::required("status", Schema::OneOf(&["applied", "failed"]), "Whether it was done."),
        Field::optional("id", PRODUCT, "The product."),
        Field::optional(
            "version",
            VERSION,
            "The version that the product has since; of one that is gone, its last.",
        ),
        Field::optional("problem", Schema::Object(&BULK_PROBLEM), "Why it could not be done."),
    ],
};

const TEXT: Schema = Schema::lines(2_000);

/// A problem inside an answer.
const BULK_PROBLEM: Object = Object {
    name: "BulkProblem",
    about: "A problem (RFC 9457) of one change, with the members that its code has elsewhere.",
    fields: &[
        Field::required("type", TEXT, "The address of its page."),
        Field::required("title", TEXT, "What kind of problem it is."),
        Field::required(
            "status",
            Schema::Integer { min: 400, max: 599 },
            "The status that it would have alone.",
        ),
        Field::required("detail", TEXT, "What is wrong, and what to do."),
        Field::required("code", TEXT, "Its stable name."),
        Field::required("request_id", TEXT, "The request."),
        Field::optional(
            "errors",
            Schema::Anything,
            "The faults, at most 20, with a pointer into the body of the request.",
        ),
        Field::optional("current", Schema::Anything, "Of a stale version: the product as it is now."),
        Field::optional("state", TEXT, "Of an illegal transition: where the product stands."),
        Field::optional("allowed", Schema::Anything, "Of an illegal transition: where that leads."),
    ],
};
