//! Health and readiness.

use crate::schema::{Field, Object, Schema};

/// The answer of `/healthz`.
pub const HEALTH: Object = Object {
    name: "Health",
    about: "The process answers.",
    fields: &[Field::required("status", Schema::OneOf(&["ok"]), "Always `ok`.")],
};

/// The answer of `/readyz`.
pub const READINESS: Object = Object {
    name: "Readiness",
    about: "Whether what the service needs is there.",
    fields: &[
        Field::required("status", Schema::OneOf(&["ok", "down"]), "`down` when a check is."),
        Field::required(
            "checks",
            Schema::List { items: &Schema::Object(&CHECK), max: 10, unique: false },
            "One a part.",
        ),
    ],
};

const CHECK: Object = Object {
    name: "ReadinessCheck",
    about: "One part that the service needs.",
    fields: &[
        Field::required("name", Schema::line(1, 50), "The part: `database`, `rooms` or `images`."),
        Field::required("status", Schema::OneOf(&["ok", "down"]), "Whether it answers."),
        Field::required("latency_ms", Schema::Integer { min: 0, max: 60_000 }, "How long it took."),
    ],
};

/// The answer of a run of due work.
pub const DUE: Object = Object {
    name: "DueWork",
    about: "A run of due work.",
    fields: &[Field::required(
        "more",
        Schema::Boolean,
        "Whether something is still due, because a run takes on no more than 100 stores of a kind: ask again at once.",
    )],
};
