//! Bodies that are no JSON, or JSON that does not fit: each member of a shape, however deep, with each kind of value that
//! it does not take.

use crate::Line;
use serde_json::{Value, json};
use storeroom_operations::example::{Extent, object, value};
use storeroom_operations::operation::Body;
use storeroom_operations::schema::{Object, Schema};

/// Longest list that is sent to be too long.
const LONG_LIST: usize = 1_000;
/// Characters of a text that no limit allows; the body still is under its own limit.
const HUGE: usize = 500_000;

/// Every bad body for an operation that takes one.
pub fn lines(rule: &Body, fitting: &dyn Fn() -> Line) -> Vec<Line> {
    let mut lines = vec![
        fitting().body(vec![b' '; rule.limit.saturating_add(1)]).expecting("size", 413, "body-too-large"),
        unsupported(fitting().header("content-type", "text/plain"), "media"),
        unsupported(fitting().header("content-encoding", "gzip"), "encoding"),
    ];
    if rule.is_json() {
        lines.push(unsupported(
            fitting().header("content-type", "application/json; charset=utf-16"),
            "charset",
        ));
        lines.extend(json_lines(rule, fitting));
    }
    lines
}

fn json_lines(rule: &Body, fitting: &dyn Fn() -> Line) -> Vec<Line> {
    let broken = |name: &str, bytes: Vec<u8>| fitting().body(bytes).expecting(name, 400, "malformed-json");
    let misfit = |name: &str, bytes: &str| fitting().body(bytes).expecting(name, 422, "validation-failed");
    let depth = |open: &str, close: &str| [open.repeat(10_000), close.repeat(10_000)].concat().into_bytes();
    let mut lines = vec![
        broken("json", b"{\"title\":".to_vec()),
        broken("utf-8", b"{\"title\":\"\xff\"}".to_vec()),
        broken("a lone surrogate", br#"{"title":"\ud800"}"#.to_vec()),
        broken("two values", b"{} {}".to_vec()),
        broken("a huge exponent", b"{\"limit\":1e999}".to_vec()),
        broken("depth", depth("[", "]")),
        broken("depth of objects", depth("{\"a\":", "}")),
        misfit("a list", "[]"),
        misfit("a number", "7"),
        misfit("null", "null"),
        misfit("unknown field", "{\"colour\":1}"),
    ];
    // GET aside, no body is a body of no JSON unless it may be left out.
    if !rule.optional {
        lines.push(broken("empty", Vec::new()));
    }
    let misfits = rule.shapes().flat_map(misfits);
    lines.extend(misfits.map(|(name, body)| misfit(&name, &body.to_string())));
    lines
}

fn unsupported(line: Line, name: &str) -> Line {
    // An optional body that fits is `{}`, which is not nothing.
    line.expecting(name, 415, "unsupported-media-type")
}

/// Bodies of which one place does not fit, with what and where.
fn misfits(shape: &'static Object) -> Vec<(String, Value)> {
    let whole = object(shape, Extent::Fullest);
    let mut places = Vec::new();
    members_of(shape, &mut String::new(), &mut places);
    let mut bodies = Vec::new();
    for (pointer, schema) in &places {
        for (what, bad) in unfit(schema) {
            bodies.extend(replaced(&whole, pointer, bad).map(|body| (format!("{what} at {pointer}"), body)));
        }
    }
    for field in shape.fields.iter().filter(|field| field.required) {
        let mut body = whole.clone();
        body.as_object_mut().and_then(|members| members.remove(field.name));
        bodies.push((format!("no {}", field.name), body));
    }
    bodies
}

fn replaced(whole: &Value, pointer: &str, bad: Value) -> Option<Value> {
    let mut body = whole.clone();
    *body.pointer_mut(pointer)? = bad;
    Some(body)
}

type Places = Vec<(String, &'static Schema)>;

/// Every place below an object, as it stands in the fullest example.
fn members_of(shape: &'static Object, pointer: &mut String, places: &mut Places) {
    for field in shape.fields {
        place(field.name, &field.schema, pointer, places);
    }
}

fn place(name: &str, schema: &'static Schema, pointer: &mut String, places: &mut Places) {
    let length = pointer.len();
    pointer.push('/');
    pointer.push_str(name);
    places.push((pointer.clone(), schema));
    places_below(schema, pointer, places);
    pointer.truncate(length);
}

fn places_below(schema: &'static Schema, pointer: &mut String, places: &mut Places) {
    match schema {
        Schema::Object(shape) => members_of(shape, pointer, places),
        Schema::List { items, .. } => place("0", items, pointer, places),
        Schema::Map { values, .. } => place("a", values, pointer, places),
        Schema::Nullable(inner) => places_below(inner, pointer, places),
        _ => {}
    }
}

/// Values that the schema does not take.
fn unfit(schema: &'static Schema) -> Vec<(&'static str, Value)> {
    match schema {
        Schema::Text { max, .. } => texts(schema, *max),
        Schema::Integer { min, max } => {
            let beyond = [min.checked_sub(1), max.checked_add(1)].into_iter().flatten();
            let mut values: Vec<_> = beyond.map(|number| ("out of range", json!(number))).collect();
            values.extend([("a point", json!(1.5)), ("a text", json!("1")), ("null", Value::Null)]);
            values.extend([("an exponent", json!(1e30)), ("a huge number", json!(u64::MAX))]);
            values
        }
        Schema::Boolean => vec![("a text", json!("true")), ("a number", json!(1)), ("null", Value::Null)],
        Schema::OneOf(_) => vec![("an unknown word", json!("nonsense")), ("a number", json!(1))],
        Schema::List { items, max, .. } => {
            let too_long =
                (*max <= LONG_LIST).then(|| vec![value(items, Extent::Least); max.saturating_add(1)]);
            let too_long = too_long.map(|list| ("too many items", json!(list)));
            too_long.into_iter().chain([("an object", json!({})), ("a text", json!("a"))]).collect()
        }
        Schema::Map { values, .. } => {
            let odd = json!({"a\u{0}": value(values, Extent::Least)});
            vec![("a list", json!([])), ("a NUL in a name", odd), ("a text", json!("a"))]
        }
        Schema::Object(_) => {
            vec![("a list", json!([])), ("a text", json!("a")), ("an unknown field", json!({"no": 1}))]
        }
        Schema::Nullable(inner) => unfit(inner).into_iter().filter(|(_, bad)| !bad.is_null()).collect(),
        Schema::Anything => Vec::new(),
    }
}

fn texts(schema: &'static Schema, max: usize) -> Vec<(&'static str, Value)> {
    let Value::String(good) = value(schema, Extent::Fullest) else { return Vec::new() };
    // One character less, so that it is not refused for its length.
    let shorter: String = good.chars().skip(1).collect();
    let holding = |odd: char| json!(format!("{odd}{shorter}"));
    vec![
        ("too long", json!("a".repeat(max.saturating_add(1)))),
        ("huge", json!("a".repeat(HUGE))),
        ("a NUL", holding('\0')),
        ("an escape character", holding('\u{1b}')),
        ("a control character of two bytes", holding('\u{85}')),
        ("a number", json!(7)),
        ("an object", json!({})),
    ]
}
