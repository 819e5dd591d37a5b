//! The OpenAPI 3.1 document, made from the table.
//!
//! Guarantees: every operation, parameter, shape and problem of the table is in it and nothing else; the same table
//! gives the same bytes, so the checked-in `openapi.json` is a reviewed diff.

use crate::operation::{Access, Answer, Body, Effect, Form, Idempotency, IfMatch, RateClass, Row};
use crate::problem::Code;
use crate::schema::{Format, Object, Schema};
use crate::table::{Operation, STORE, operations};
use crate::validate::type_of;
use serde_json::{Map, Value, json};

/// The version that `Api-Version` names.
pub const API_VERSION: &str = "2026-11-20";

/// The whole document.
pub fn document() -> Value {
    let mut schemas = Map::from_iter([("Problem".to_owned(), problem_schema())]);
    let mut paths: Map<String, Value> = Map::new();
    for operation in operations() {
        let described = describe(operation, &mut schemas);
        let path = paths.entry(operation.row().path).or_insert_with(|| json!({}));
        if let Some(methods) = path.as_object_mut() {
            methods.insert(operation.row().method.to_lowercase(), described);
        }
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Storeroom",
            "version": API_VERSION,
            "description": "A real-time back end for shops.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": security_schemes(),
        },
    })
}

fn security_schemes() -> Value {
    let header = |name: &str, about: &str| json!({"type": "apiKey", "in": "header", "name": name, "description": about});
    json!({
        "bearer": {
            "type": "http", "scheme": "bearer", "bearerFormat": "JWT",
            "description": "The access token of a session, good for 15 minutes.",
        },
        "apiKey": header("X-Api-Key", "`<key id>.<generation>`, as given out with the secret. \
            The four headers of a signed request are sent together."),
        "requestTimestamp": header("X-Request-Timestamp", "Unix seconds, within 300 of now."),
        "requestNonce": header("X-Request-Nonce", "16 to 64 characters, never the same twice."),
        "requestSignature": header("X-Request-Signature", "`v1=<hex>`: the HMAC-SHA256 by the key's secret over \
            these lines, joined by line feeds: method; path and query as sent; `X-Store-Id` or nothing; timestamp; \
            nonce; SHA-256 of the body in hex."),
    })
}

/// What an operation takes as a credential; each entry is one way.
fn security(access: Access) -> Option<Value> {
    let bearer = json!({"bearer": []});
    let signed = json!({"apiKey": [], "requestTimestamp": [], "requestNonce": [], "requestSignature": []});
    match access {
        Access::Open | Access::Public | Access::Ticket => None,
        Access::Account => Some(json!([bearer])),
        Access::Member(_) => Some(json!([bearer, signed])),
        Access::Signed(_) => Some(json!([signed])),
    }
}

fn describe(operation: Operation, schemas: &mut Map<String, Value>) -> Value {
    let row = operation.row();
    let mut described = json!({
        "operationId": row.name,
        "tags": [operation.family()],
        "summary": row.summary,
        "parameters": parameters(row),
        "responses": responses(row, schemas),
        "x-rate-class": row.rate.as_str(),
    });
    if let Some(security) = security(row.access) {
        set(&mut described, "security", security);
    }
    if let Some(permission) = row.permission() {
        set(&mut described, "x-permission", json!(permission.as_str()));
    }
    if let Some(body) = &row.body {
        let shape = body_schema(body, schemas);
        let content: Map<String, Value> =
            body.media.iter().map(|media| ((*media).to_owned(), json!({"schema": shape}))).collect();
        set(&mut described, "requestBody", json!({"required": !body.optional, "content": content}));
    }
    described
}

/// The shape of a body, or all of them where its member `type` says which it has.
fn body_schema(body: &Body, schemas: &mut Map<String, Value>) -> Value {
    let kinds = match body.form {
        Form::Json(shape) => return object_ref(shape, schemas),
        // JSON Schema has no word for bytes: OpenAPI 3.1 leaves the schema of a binary body empty.
        Form::Bytes | Form::Flow => return json!({}),
        Form::Kinds(kinds) => kinds,
    };
    let refs: Vec<Value> = kinds.iter().map(|kind| object_ref(kind, schemas)).collect();
    let named = kinds.iter().filter_map(|kind| Some((type_of(kind)?, kind.name)));
    let mapping: Map<String, Value> =
        named.map(|(word, name)| (word.to_owned(), json!(format!("#/components/schemas/{name}")))).collect();
    json!({"oneOf": refs, "discriminator": {"propertyName": "type", "mapping": mapping}})
}

fn set(target: &mut Value, name: &str, value: Value) {
    if let Some(members) = target.as_object_mut() {
        members.insert(name.to_owned(), value);
    }
}

fn parameters(row: &Row) -> Vec<Value> {
    let mut list: Vec<Value> = path_names(row.path).map(path_parameter).collect();
    match row.access {
        Access::Member(_) | Access::Signed(_) if row.store_in_path() => {}
        Access::Signed(_) => list.push(header("X-Store-Id", true, "The store; it is signed, too.")),
        Access::Member(_) => list.push(header(
            "X-Store-Id",
            false,
            "The store; may be left out by a bearer token that reaches exactly one.",
        )),
        Access::Public | Access::Ticket => list.push(query(&STORE.schema, "store", true, STORE.about)),
        Access::Open | Access::Account => {}
    }
    list.extend(row.query.iter().map(|param| query(&param.schema, param.name, false, param.about)));
    match row.if_match {
        IfMatch::Required => list.push(header("If-Match", true, "The version you saw, as `\"3\"`, or `*`.")),
        IfMatch::Honoured => list.push(header("If-Match", false, "The version you saw, as `\"3\"`, or `*`.")),
        IfMatch::Ignored => {}
    }
    list.extend(idempotency_key(row.idempotency()));
    if matches!(row.answer, Answer::Events) {
        list.push(header("Last-Event-ID", false, "The last cursor that came; it is taken before `after`."));
    }
    if matches!(row.answer, Answer::Image) {
        list.push(header("Range", false, "One range of bytes, as `bytes=0-1023`."));
        list.push(header(
            "If-Range",
            false,
            "The `ETag` that you have: the range if it still holds, else all.",
        ));
    }
    if is_validated(row) {
        list.push(header("If-None-Match", false, "The `ETag` that you have: 304 if it still holds."));
    }
    list.push(header("Api-Version", false, "The version of this API; the newest when left out."));
    list
}

fn idempotency_key(rule: Idempotency) -> Option<Value> {
    let about = "Of your own, such as a UUID; 1 to 255 printable ASCII characters. For 72 h the same request under the \
        same key gets the same answer, with `Idempotent-Replayed: true`, and is not done again; a refused one may be \
        tried again. Another request under the key is refused.";
    let mut described = header("Idempotency-Key", rule == Idempotency::Required, about);
    set(&mut described, "schema", json!({"type": "string", "maxLength": 255, "pattern": "^[ -~]+$"}));
    (rule != Idempotency::None).then_some(described)
}

/// The names of a path's parameters.
pub fn path_names(path: &'static str) -> impl Iterator<Item = &'static str> {
    path.split('/').filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'))
}

fn path_parameter(name: &str) -> Value {
    json!({"name": name, "in": "path", "required": true, "schema": {"type": "string"}})
}

fn header(name: &str, required: bool, about: &str) -> Value {
    json!({"name": name, "in": "header", "required": required, "description": about, "schema": {"type": "string"}})
}

fn query(schema: &Schema, name: &str, required: bool, about: &str) -> Value {
    let schema = inline(schema, &mut Map::new());
    json!({"name": name, "in": "query", "required": required, "description": about, "schema": schema})
}

fn responses(row: &Row, schemas: &mut Map<String, Value>) -> Value {
    let mut responses = Map::new();
    responses.insert(row.success.to_string(), success(row, schemas));
    if row.tells_when_down {
        responses.insert("503".to_owned(), success(row, schemas));
    }
    if is_validated(row) {
        responses.insert("304".to_owned(), json!({"description": "It has not changed."}));
    }
    for code in problems_of(row) {
        let entry = responses.entry(code.status().to_string()).or_insert_with(|| {
            json!({
                "description": "",
                "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
            })
        });
        let before = entry.get("description").and_then(Value::as_str).unwrap_or_default();
        let separator = if before.is_empty() { "" } else { ", " };
        let description = format!("{before}{separator}`{}`", code.slug());
        set(entry, "description", json!(description));
    }
    Value::Object(responses)
}

fn success(row: &Row, schemas: &mut Map<String, Value>) -> Value {
    match row.answer {
        Answer::Empty => json!({"description": "Done."}),
        Answer::Json(shape) => json!({
            "description": shape.about,
            "headers": headers(row),
            "content": {"application/json": {"schema": object_ref(shape, schemas)}},
        }),
        Answer::Table(shape) => json!({
            "description": shape.about,
            "headers": headers(row),
            "content": {
                "application/json": {"schema": object_ref(shape, schemas)},
                "text/csv": {"schema": {"type": "string"}},
            },
        }),
        Answer::Image => json!({
            "description": "The image. A range of its bytes is answered with 206.",
            "content": {"image/jpeg": {}, "image/png": {}, "image/webp": {}, "image/gif": {}},
        }),
        Answer::Lines => json!({
            "description": "The file.",
            "headers": headers(row),
            "content": {
                "text/csv": {"schema": {"type": "string"}},
                "application/x-ndjson": {"schema": {"type": "string"}},
            },
        }),
        Answer::Html => json!({"description": "A page.", "content": {"text/html": {}}}),
        Answer::Document => json!({"description": "The document.", "content": {"application/json": {}}}),
        Answer::Events => json!({
            "description": "A stream: `id: <cursor>`, `event: <type>`, `data: <event>`, the event as in the feed. An `id` \
                alone moves the cursor on. `event: reset` with `data: {\"cursor\", \"reason\"}` says that the log \
                cannot be followed: read the store anew, then go on from that cursor.",
            "headers": headers(row),
            "content": {"text/event-stream": {"schema": {"type": "string"}}},
        }),
        Answer::Socket => json!({"description": "The socket, subprotocol `storeroom.v1`."}),
    }
}

/// Whether an answer carries an ETag that a later read can be conditioned on.
fn is_validated(row: &Row) -> bool {
    let is_one_thing = row.has_store() && row.path.ends_with('}');
    row.method == "GET"
        && (is_one_thing || row.access == Access::Public || matches!(row.answer, Answer::Image))
}

/// Whether it makes something that can be read at an address of its own.
fn makes(row: &Row) -> bool {
    let is_below = |path: &str| {
        path.strip_prefix(row.path).is_some_and(|rest| rest.starts_with("/{") && rest.rfind('/') == Some(0))
    };
    row.success == 201
        && operations().map(|other| other.row()).any(|other| other.method == "GET" && is_below(other.path))
}

fn headers(row: &Row) -> Value {
    let header = |about: &str| json!({"description": about, "schema": {"type": "string"}});
    let makes = makes(row);
    let mut headers = Map::new();
    if is_validated(row) || row.if_match != IfMatch::Ignored || makes {
        headers.insert(
            "ETag".to_owned(),
            header("The version in quotes; of the catalogue, a hash of the body."),
        );
    }
    if makes {
        headers.insert("Location".to_owned(), header("The path of what was made."));
    }
    if row.idempotency() != Idempotency::None {
        let about =
            "`true` when the request was done before, under the same `Idempotency-Key`; else left out.";
        headers.insert("Idempotent-Replayed".to_owned(), header(about));
    }
    if row.permission().is_some() {
        headers.insert("Store-Cursor".to_owned(), header("Where the store's log stood: `<epoch>.<seq>`."));
    }
    if row.rate != RateClass::Free && row.access != Access::Public {
        headers.insert("RateLimit".to_owned(), header("What is left of the limit in this minute."));
        headers.insert("RateLimit-Policy".to_owned(), header("The limit."));
    }
    if row.access != Access::Public {
        headers.insert("X-Request-Id".to_owned(), header("Finds the request in the logs."));
    }
    Value::Object(headers)
}

/// Every refusal that an operation can answer with, in the order of the table of problems.
pub fn problems_of(row: &Row) -> Vec<Code> {
    let mut codes = vec![Code::MalformedRequest, Code::ApiVersionUnknown, Code::NotAcceptable];
    codes.extend([Code::Internal]);
    codes.extend(row.problems);
    if row.has_store() {
        codes.push(Code::NotFound);
    }
    if row.has_store() && !row.store_in_path() {
        codes.push(Code::StoreRequired);
    }
    if row.has_store() || row.access == Access::Account || row.effect == Effect::Write {
        codes.push(Code::Unavailable);
    }
    if row.rate != RateClass::Free {
        codes.push(Code::RateLimited);
    }
    if row.needs_caller() {
        codes.extend([Code::Unauthenticated, Code::Forbidden]);
    }
    if matches!(row.access, Access::Member(_) | Access::Account) {
        codes.push(Code::TokenExpired);
    }
    if row.permission().is_some() {
        codes.extend([Code::SignatureInvalid, Code::SignatureExpired, Code::NonceReplayed]);
    }
    if row.effect == Effect::Write {
        codes.extend([Code::OutcomeUnknown]);
    }
    if let Some(body) = &row.body {
        codes.extend([Code::ValidationFailed, Code::UnsupportedMediaType, Code::BodyTooLarge]);
        codes.extend(body.is_json().then_some(Code::MalformedJson));
    }
    match row.if_match {
        IfMatch::Required => codes.extend([Code::PreconditionRequired, Code::VersionConflict]),
        IfMatch::Honoured => codes.push(Code::VersionConflict),
        IfMatch::Ignored => {}
    }
    match row.idempotency() {
        Idempotency::Required => codes.extend([Code::IdempotencyKeyRequired, Code::IdempotencyKeyReused]),
        Idempotency::Taken => codes.push(Code::IdempotencyKeyReused),
        Idempotency::None => {}
    }
    codes.sort();
    codes.dedup();
    codes
}

fn object_ref(object: &'static Object, schemas: &mut Map<String, Value>) -> Value {
    if !schemas.contains_key(object.name) {
        schemas.insert(object.name.to_owned(), Value::Null);
        let described = object_schema(object, schemas);
        schemas.insert(object.name.to_owned(), described);
    }
    json!({"$ref": format!("#/components/schemas/{}", object.name)})
}

fn object_schema(object: &'static Object, schemas: &mut Map<String, Value>) -> Value {
    let mut properties = Map::new();
    for field in object.fields {
        let mut described = inline(&field.schema, schemas);
        set(&mut described, "description", json!(field.about));
        properties.insert(field.name.to_owned(), described);
    }
    let required: Vec<&str> = object.fields.iter().filter(|f| f.required).map(|f| f.name).collect();
    json!({
        "type": "object",
        "description": object.about,
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    })
}

fn inline(schema: &Schema, schemas: &mut Map<String, Value>) -> Value {
    match schema {
        Schema::Text { min, max, format } => text(*min, *max, *format),
        Schema::Integer { min, max } => integer(*min, *max),
        Schema::Boolean => json!({"type": "boolean"}),
        Schema::OneOf(words) => json!({"type": "string", "enum": words}),
        Schema::List { items, max, unique } => {
            json!({"type": "array", "items": inline(items, schemas), "maxItems": max, "uniqueItems": unique})
        }
        Schema::Object(object) => object_ref(object, schemas),
        Schema::Map { values, max, max_name } => json!({
            "type": "object",
            "additionalProperties": inline(values, schemas),
            "maxProperties": max,
            "propertyNames": {"minLength": 1, "maxLength": max_name},
        }),
        Schema::Nullable(inner) => json!({"anyOf": [inline(inner, schemas), {"type": "null"}]}),
        Schema::Anything => json!({}),
    }
}

fn integer(min: i64, max: i64) -> Value {
    if max == i64::MAX {
        json!({"type": "integer", "format": "int64", "minimum": min})
    } else {
        json!({"type": "integer", "format": "int64", "minimum": min, "maximum": max})
    }
}

fn text(min: usize, max: usize, format: Format) -> Value {
    let bounded = json!({"type": "string", "minLength": min, "maxLength": max});
    match format {
        Format::Line | Format::Lines => bounded,
        Format::Handle => json!({"type": "string", "maxLength": max, "pattern": "^[a-z0-9]+(-[a-z0-9]+)*$"}),
        Format::Id(prefix) => {
            json!({"type": "string", "pattern": format!("^{prefix}[0-9a-hjkmnp-tv-z]{{26}}$")})
        }
        Format::Time => json!({"type": "string", "format": "date-time"}),
        Format::Date => json!({"type": "string", "format": "date"}),
        Format::Currency => json!({"type": "string", "pattern": "^[A-Z]{3}$"}),
        Format::Email => json!({"type": "string", "format": "email", "maxLength": max}),
        Format::Timezone => {
            json!({"type": "string", "maxLength": max, "examples": ["Europe/Berlin"]})
        }
        Format::Password => {
            json!({"type": "string", "format": "password", "minLength": min, "maxLength": max})
        }
    }
}

fn problem_schema() -> Value {
    let codes: Vec<&str> = crate::problem::CODES.iter().map(|code| code.slug()).collect();
    json!({
        "type": "object",
        "description": "A refusal, RFC 9457. Some codes carry further members, such as `current` of a 412.",
        "properties": {
            "type": {"type": "string"}, "title": {"type": "string"}, "status": {"type": "integer"},
            "detail": {"type": "string"}, "code": {"type": "string", "enum": codes},
            "request_id": {"type": "string"},
            "errors": {"type": "array", "items": {
                "type": "object",
                "properties": {
                    "pointer": {"type": "string"}, "code": {"type": "string"}, "detail": {"type": "string"},
                },
                "required": ["pointer", "code", "detail"],
            }},
        },
        "required": ["type", "title", "status", "detail", "code", "request_id"],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_and_reference_is_there() {
        let document = document();
        for operation in operations() {
            let row = operation.row();
            let pointer = format!("/paths/{}/{}", row.path.replace('/', "~1"), row.method.to_lowercase());
            assert!(document.pointer(&pointer).is_some(), "{pointer}");
        }
        let text = document.to_string();
        for part in text.split("\"#/components/schemas/").skip(1) {
            let name = part.split('"').next().unwrap();
            assert!(document.pointer(&format!("/components/schemas/{name}")).is_some(), "{name}");
        }
    }

    fn described(name: &str) -> Value {
        let operation = operations().find(|operation| operation.row().name == name).unwrap();
        describe(operation, &mut Map::new())
    }

    #[test]
    fn says_which_credentials_count() {
        let ways = |name: &str| described(name)["security"].as_array().map_or(0, Vec::len);
        assert_eq!(["accounts.login", "accounts.me", "accounts.list_keys"].map(ways), [0, 1, 2]);
        let document = document();
        for name in described("accounts.list_keys")["security"][1].as_object().unwrap().keys() {
            assert_eq!(document["components"]["securitySchemes"][name]["in"], "header", "{name}");
        }
    }

    #[test]
    fn a_location_is_promised_where_something_can_be_read() {
        let promises = |name: &str| described(name)["responses"]["201"]["headers"]["Location"].is_object();
        let names = ["products.create", "accounts.create_store", "accounts.register", "accounts.invite"];
        assert_eq!(names.map(promises), [true, true, false, false]);
    }

    #[test]
    fn says_where_a_key_is_taken() {
        for operation in operations() {
            let row = operation.row();
            let text = describe(operation, &mut Map::new()).to_string();
            let is_taken = row.idempotency() != Idempotency::None;
            assert_eq!(text.contains("Idempotency-Key"), is_taken, "{}", row.name);
            assert_eq!(text.contains("`idempotency-key-reused`"), is_taken, "{}", row.name);
            let is_needed = row.idempotency() == Idempotency::Required;
            assert_eq!(text.contains("`idempotency-key-required`"), is_needed, "{}", row.name);
        }
    }

    #[test]
    fn a_path_that_names_the_store_needs_no_header() {
        let header = |name: &str| described(name)["parameters"].to_string().contains("X-Store-Id");
        assert_eq!(
            ["accounts.read_store", "accounts.list_keys", "accounts.me"].map(header),
            [false, true, false]
        );
    }
}
