//! Webhook endpoints, the deliveries to them, and every attempt.
//!
//! Guarantees: a type that carries a secret has no `Debug`, so that it cannot reach a log.

use super::{NEXT_CURSOR, VERSION, page};
use crate::schema::{Field, Object, Schema};
use serde::{Deserialize, Serialize};

/// Longest address of an endpoint.
pub const MAX_URL: usize = 2_048;
/// Most types and topics of an endpoint: more than there are.
pub const MAX_TYPES: usize = 64;
/// The states of a delivery.
pub const STATES: &[&str] = &["pending", "held", "delivered", "failed"];

const TIME_OR_NULL: Schema = Schema::Nullable(&Schema::TIME);
const COUNT: Schema = Schema::Integer { min: 0, max: i64::MAX };
const URL: Schema = Schema::line(1, MAX_URL);
const TYPE: Schema = Schema::line(1, 60);
const TYPES: Schema = Schema::List { items: &TYPE, max: MAX_TYPES, unique: true };
const DESCRIPTION: Schema = Schema::line(0, 500);
const TYPES_ABOUT: &str =
    "Types of events and their topics, such as `order.paid` or `product`; empty is all.";

/// An endpoint without its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Webhook {
    /// Its id.
    pub id: String,
    /// Where events are sent.
    pub url: String,
    /// Types of events and topics; empty is all.
    pub types: Vec<String>,
    /// What it is for.
    pub description: String,
    /// Whether events are sent.
    pub active: bool,
    /// Why not, if not.
    pub stopped: Option<Stopped>,
    /// The first attempt that failed since the last that did not.
    pub failing_since: Option<String>,
    /// Until when the secret before signs too.
    pub overlap_until: Option<String>,
    /// Counts its changes, from 1.
    pub version: i64,
    /// When it was made.
    pub created_at: String,
    /// When it was changed last.
    pub updated_at: String,
}

/// Why an endpoint gets no events.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stopped {
    /// `paused`, `failing` or `gone`.
    pub reason: String,
    /// Since when.
    pub at: String,
    /// Where the log stood then.
    pub cursor: String,
}

const STOPPED: Object = Object {
    name: "WebhookStopped",
    about: "Why an endpoint gets no events.",
    fields: &[
        Field::required(
            "reason",
            Schema::OneOf(&["paused", "failing", "gone"]),
            "`paused` by a member; `failing` for 5 days; `gone`, because it answered 410.",
        ),
        Field::required("at", Schema::TIME, "Since when."),
        Field::required(
            "cursor",
            Schema::line(3, 50),
            "Where the log stood then: send it as `after` to have what happened since replayed.",
        ),
    ],
};

const FIELDS: [Field; 11] = [
    Field::required("id", Schema::id("whk_"), "Its id."),
    Field::required("url", URL, "Where events are sent."),
    Field::required("types", TYPES, TYPES_ABOUT),
    Field::required("description", DESCRIPTION, "What it is for."),
    Field::required("active", Schema::Boolean, "Whether events are sent."),
    Field::required(
        "stopped",
        Schema::Nullable(&Schema::Object(&STOPPED)),
        "Why not; null while it is active.",
    ),
    Field::required(
        "failing_since",
        TIME_OR_NULL,
        "The first attempt that failed since the last that did not; null while the last one did not.",
    ),
    Field::required(
        "overlap_until",
        TIME_OR_NULL,
        "Until when the secret before signs too, since the last rotation; null without an overlap.",
    ),
    Field::required("version", VERSION, "Counts its changes."),
    Field::required("created_at", Schema::TIME, "When it was made."),
    Field::required("updated_at", Schema::TIME, "When it was changed last."),
];

/// `Webhook` as data.
pub const WEBHOOK: Object =
    Object { name: "Webhook", about: "A webhook endpoint of a store, without its secret.", fields: &FIELDS };

/// A page of endpoints.
pub const WEBHOOK_PAGE: Object = page(
    "WebhookPage",
    &[
        Field::required(
            "items",
            Schema::List { items: &Schema::Object(&WEBHOOK), max: 250, unique: false },
            "The endpoints, newest first.",
        ),
        NEXT_CURSOR,
    ],
);

/// An endpoint with its secret, shown once.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewWebhook {
    /// The endpoint.
    #[serde(flatten)]
    pub record: Webhook,
    /// What its deliveries are signed with; a replayed answer leaves it out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
}

/// `NewWebhook` as data.
pub const NEW_WEBHOOK: Object = Object {
    name: "NewWebhook",
    about: "A webhook endpoint with its secret, which is shown this once.",
    fields: &{
        let [id, url, types, description, active, stopped, failing, overlap, version, created, updated] =
            FIELDS;
        let secret = Field::optional(
            "secret",
            Schema::line(20, 200),
            "What deliveries are signed with, `whsec_…`; left out when a request is repeated under its `Idempotency-Key`.",
        );
        [id, url, types, description, active, stopped, failing, overlap, version, created, updated, secret]
    },
};

/// An endpoint as it is made.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebhookInput {
    /// Where events are to be sent.
    pub url: String,
    /// Types of events and topics; empty is all.
    #[serde(default)]
    pub types: Vec<String>,
    /// What it is for.
    #[serde(default)]
    pub description: String,
    /// Whether it gets events at once.
    #[serde(default)]
    pub active: Option<bool>,
}

/// `WebhookInput` as data.
pub const WEBHOOK_INPUT: Object = Object {
    name: "WebhookInput",
    about: "A webhook endpoint as it is made.",
    fields: &[
        Field::required(
            "url",
            URL,
            "Where events are sent: `https`, port 443 or 8443, a public address, no user, no fragment.",
        ),
        Field::optional("types", TYPES, TYPES_ABOUT),
        Field::optional("description", DESCRIPTION, "What it is for."),
        Field::optional("active", Schema::Boolean, "Whether it gets events at once; it does when left out."),
    ],
};

/// A merge patch of an endpoint.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebhookPatch {
    /// Another address.
    #[serde(default)]
    pub url: Option<String>,
    /// Other types.
    #[serde(default)]
    pub types: Option<Vec<String>>,
    /// Another description.
    #[serde(default)]
    pub description: Option<String>,
    /// Pauses it or lets it go on.
    #[serde(default)]
    pub active: Option<bool>,
}

/// `WebhookPatch` as data.
pub const WEBHOOK_PATCH: Object = Object {
    name: "WebhookPatch",
    about: "What changes of a webhook endpoint. Types that it had stay for what is queued already.",
    fields: &[
        Field::optional("url", URL, "Another address: what is queued goes there, too."),
        Field::optional("types", TYPES, TYPES_ABOUT),
        Field::optional("description", DESCRIPTION, "What it is for."),
        Field::optional(
            "active",
            Schema::Boolean,
            "`false` pauses it: what is queued waits, what happens meanwhile is not queued. `true` lets it go on.",
        ),
    ],
};

/// What came of a test.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebhookTest {
    /// The id that the event was sent with.
    pub event_id: String,
    /// Whether the endpoint took it.
    pub delivered: bool,
    /// The answer's status.
    pub status: Option<u16>,
    /// How long it took.
    pub latency_ms: i64,
    /// Why there was no answer.
    pub error: Option<String>,
    /// The beginning of the answer's body.
    pub answer: Option<String>,
}

const STATUS_FIELD: Field = Field::required(
    "status",
    Schema::Nullable(&Schema::Integer { min: 100, max: 999 }),
    "The answer's status; null where there was none.",
);
const LATENCY_FIELD: Field = Field::required("latency_ms", COUNT, "How long it took.");
const ERROR_FIELD: Field =
    Field::required("error", Schema::Nullable(&Schema::line(1, 300)), "Why there was no answer.");
const ANSWER_FIELD: Field = Field::required(
    "answer",
    Schema::Nullable(&Schema::lines(2_048)),
    "The first 1 KiB of the answer's body, as text; null where it was empty.",
);

/// `WebhookTest` as data.
pub const WEBHOOK_TEST: Object = Object {
    name: "WebhookTest",
    about: "What came of a `webhook.test`, which is sent once and is in no log.",
    fields: &[
        Field::required("event_id", Schema::id("evt_"), "The `webhook-id` that it was sent with."),
        Field::required("delivered", Schema::Boolean, "Whether the endpoint answered with 2xx in time."),
        STATUS_FIELD,
        LATENCY_FIELD,
        ERROR_FIELD,
        ANSWER_FIELD,
    ],
};

/// What is to be sent again.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReplayInput {
    /// Events after this cursor.
    pub after: String,
    /// Only these types and topics.
    #[serde(default)]
    pub types: Option<Vec<String>>,
}

/// `ReplayInput` as data.
pub const REPLAY_INPUT: Object = Object {
    name: "ReplayInput",
    about: "Which events are to be sent again.",
    fields: &[
        Field::required("after", Schema::line(3, 50), "A cursor of the log: the events after it."),
        Field::optional("types", TYPES, "Only these types and topics; left out, those of the endpoint."),
    ],
};

/// How much is sent again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Replay {
    /// How many of them are queued.
    pub queued: i64,
    /// How far the log was read.
    pub cursor: String,
    /// Whether there are events after it.
    pub more: bool,
}

/// `Replay` as data.
pub const REPLAY: Object = Object {
    name: "Replay",
    about: "How much is sent again: of at most 10,000 events at a time.",
    fields: &[
        Field::required(
            "queued",
            COUNT,
            "How many of them are to be sent as soon as they can be, or wait for the endpoint to go on.",
        ),
        Field::required(
            "cursor",
            Schema::line(3, 50),
            "How far the log was read: send it as `after` for the rest.",
        ),
        Field::required("more", Schema::Boolean, "Whether there are events after the cursor."),
    ],
};

/// An event on its way to an endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Delivery {
    /// Its id.
    pub id: String,
    /// The endpoint's.
    pub endpoint_id: String,
    /// The event's.
    pub event_id: String,
    /// The event's place in the log.
    pub seq: i64,
    /// The event's type.
    #[serde(rename = "type")]
    pub event_type: String,
    /// What the event is about.
    pub subject: String,
    /// How it stands.
    pub state: String,
    /// How many attempts there were.
    pub attempt_count: i64,
    /// The newest of them.
    pub attempts: Vec<Attempt>,
    /// When it is tried next.
    pub next_attempt_at: Option<String>,
    /// Since when it is queued.
    pub queued_at: String,
    /// When it was delivered or given up.
    pub finished_at: Option<String>,
}

/// One attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attempt {
    /// Counts the attempts of a delivery, from 1.
    pub number: i64,
    /// When it began.
    pub at: String,
    /// How long it took.
    pub latency_ms: i64,
    /// The answer's status.
    pub status: Option<u16>,
    /// Why there was no answer.
    pub error: Option<String>,
    /// The beginning of the answer's body.
    pub answer: Option<String>,
}

const ATTEMPT: Object = Object {
    name: "DeliveryAttempt",
    about: "One attempt of a delivery.",
    fields: &[
        Field::required("number", VERSION, "Counts the attempts of a delivery."),
        Field::required("at", Schema::TIME, "When it began."),
        LATENCY_FIELD,
        STATUS_FIELD,
        ERROR_FIELD,
        ANSWER_FIELD,
    ],
};

/// `Delivery` as data.
pub const DELIVERY: Object = Object {
    name: "Delivery",
    about: "An event on its way to a webhook endpoint. What is done is kept for 30 days.",
    fields: &[
        Field::required("id", Schema::id("dlv_"), "Its id."),
        Field::required("endpoint_id", Schema::id("whk_"), "The endpoint's id."),
        Field::required("event_id", Schema::id("evt_"), "The event's id, which is sent as `webhook-id`."),
        Field::required("seq", VERSION, "The event's place in the log."),
        Field::required("type", TYPE, "The event's type."),
        Field::required("subject", Schema::line(1, 100), "The id of what the event is about."),
        Field::required(
            "state",
            Schema::OneOf(STATES),
            "`pending`: it is tried at `next_attempt_at`; `held`: its endpoint is stopped; `failed`: it was tried for the last time.",
        ),
        Field::required("attempt_count", COUNT, "How many attempts there were."),
        Field::required(
            "attempts",
            Schema::List { items: &Schema::Object(&ATTEMPT), max: 12, unique: false },
            "The last twelve attempts, oldest first.",
        ),
        Field::required(
            "next_attempt_at",
            TIME_OR_NULL,
            "When it is tried next; a time that has passed means as soon as it can be; null where it is not tried.",
        ),
        Field::required("queued_at", Schema::TIME, "When its event happened."),
        Field::required("finished_at", TIME_OR_NULL, "When it was delivered or given up."),
    ],
};

/// A page of deliveries.
pub const DELIVERY_PAGE: Object = page(
    "DeliveryPage",
    &[
        Field::required(
            "items",
            Schema::List { items: &Schema::Object(&DELIVERY), max: 250, unique: false },
            "The deliveries, those of the newest events first.",
        ),
        NEXT_CURSOR,
    ],
);
