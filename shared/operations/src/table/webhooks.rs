//! Rows of webhook endpoints and their deliveries.
//!
//! Guarantees: every operation of [`Webhooks`] has its row here.

use super::{CURSOR, LIMIT, body, merge_patch, optional_body, read, write};
use crate::operation::{Answer, IfMatch, Param, Row};
use crate::problem::Code;
use crate::schema::Schema;
use crate::shapes::{key, webhook};
use storeroom_domain::Permission;

family! { Webhooks "Webhook endpoints, deliveries and every attempt."
    List LIST;
    Create CREATE;
    Read READ;
    Patch PATCH;
    Delete DELETE;
    Rotate ROTATE;
    Test TEST;
    Replay REPLAY;
    ListDeliveries LIST_DELIVERIES;
    ReadDelivery READ_DELIVERY;
    ReplayDelivery REPLAY_DELIVERY;
}

static LIST: Row = Row {
    query: &[LIMIT, CURSOR],
    answer: Answer::Json(&webhook::WEBHOOK_PAGE),
    problems: &[Code::CursorInvalid],
    ..read("webhooks.list", "/api/pms/webhooks", "List webhook endpoints", Permission::WebhooksManage)
};

static CREATE: Row = Row {
    body: body(&webhook::WEBHOOK_INPUT),
    success: 201,
    answer: Answer::Json(&webhook::NEW_WEBHOOK),
    problems: &[Code::EndpointUrlRefused],
    ..write(
        "webhooks.create",
        "POST",
        "/api/pms/webhooks",
        "Have events sent to an address",
        Permission::WebhooksManage,
    )
};

static READ: Row = Row {
    answer: Answer::Json(&webhook::WEBHOOK),
    problems: &[Code::NotFound],
    ..read("webhooks.read", "/api/pms/webhooks/{id}", "Read a webhook endpoint", Permission::WebhooksManage)
};

static PATCH: Row = Row {
    if_match: IfMatch::Required,
    body: merge_patch(&webhook::WEBHOOK_PATCH),
    answer: Answer::Json(&webhook::WEBHOOK),
    problems: &[Code::NotFound, Code::EndpointUrlRefused],
    ..write(
        "webhooks.patch",
        "PATCH",
        "/api/pms/webhooks/{id}",
        "Change a webhook endpoint by merge patch, pause it or let it go on",
        Permission::WebhooksManage,
    )
};

static DELETE: Row = Row {
    if_match: IfMatch::Required,
    success: 204,
    problems: &[Code::NotFound],
    ..write(
        "webhooks.delete",
        "DELETE",
        "/api/pms/webhooks/{id}",
        "Delete a webhook endpoint with its deliveries",
        Permission::WebhooksManage,
    )
};

static ROTATE: Row = Row {
    body: optional_body(&key::ROTATE_INPUT),
    answer: Answer::Json(&webhook::NEW_WEBHOOK),
    problems: &[Code::NotFound],
    ..write(
        "webhooks.rotate",
        "POST",
        "/api/pms/webhooks/{id}/rotate",
        "Give a webhook endpoint a new secret",
        Permission::WebhooksManage,
    )
};

static TEST: Row = Row {
    answer: Answer::Json(&webhook::WEBHOOK_TEST),
    problems: &[Code::NotFound, Code::EndpointUrlRefused],
    ..write(
        "webhooks.test",
        "POST",
        "/api/pms/webhooks/{id}/test",
        "Send a `webhook.test` event to an endpoint now and answer with the outcome",
        Permission::WebhooksManage,
    )
};

static REPLAY: Row = Row {
    body: body(&webhook::REPLAY_INPUT),
    success: 202,
    answer: Answer::Json(&webhook::REPLAY),
    problems: &[Code::NotFound, Code::CursorInvalid],
    ..write(
        "webhooks.replay",
        "POST",
        "/api/pms/webhooks/{id}/replay",
        "Send an endpoint the events after a cursor, once more or for the first time",
        Permission::WebhooksManage,
    )
};

static LIST_DELIVERIES: Row = Row {
    query: &[
        Param {
            name: "state",
            schema: Schema::OneOf(webhook::STATES),
            about: "Only deliveries in this state.",
        },
        LIMIT,
        CURSOR,
    ],
    answer: Answer::Json(&webhook::DELIVERY_PAGE),
    problems: &[Code::NotFound, Code::CursorInvalid],
    ..read(
        "webhooks.list_deliveries",
        "/api/pms/webhooks/{id}/deliveries",
        "List an endpoint's deliveries, the newest events first",
        Permission::WebhooksManage,
    )
};

static READ_DELIVERY: Row = Row {
    answer: Answer::Json(&webhook::DELIVERY),
    problems: &[Code::NotFound],
    ..read(
        "webhooks.read_delivery",
        "/api/pms/deliveries/{id}",
        "Read a delivery with its attempts",
        Permission::WebhooksManage,
    )
};

static REPLAY_DELIVERY: Row = Row {
    success: 202,
    answer: Answer::Json(&webhook::DELIVERY),
    problems: &[Code::NotFound],
    ..write(
        "webhooks.replay_delivery",
        "POST",
        "/api/pms/deliveries/{id}/replay",
        "Send one delivery again, now",
        Permission::WebhooksManage,
    )
};
