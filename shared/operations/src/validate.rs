//! Checks a JSON value against a `Schema` and finds every fault, not the first.
//!
//! Guarantees: a value without faults deserialises into the type of its shape; at most `MAX_FAULTS` are listed, so
//! that an answer stays small whatever was sent; linear in the size of the value.

use crate::problem::Fault;
use crate::schema::{Field, Format, Object, Schema};
use serde_json::{Map, Value};
use storeroom_domain::{Currency, LocalDate, Timestamp, email, handle, timezone};

/// How many faults are listed at the most.
pub const MAX_FAULTS: usize = 100;

/// How many characters of a name that a client made up are repeated.
const MAX_SHOWN: usize = 100;

/// Every fault of `value`, each with a JSON pointer.
pub fn validate(schema: &Schema, value: &Value) -> Vec<Fault> {
    let mut check = Check { faults: Vec::new(), pointer: String::new() };
    check.value(schema, value);
    check.faults
}

/// Every fault of an object of which its member `type` says which of the kinds it is. What has another type is checked
/// for what every kind has before it: the first members, up to `type`.
pub fn validate_kind(kinds: &[&'static Object], value: &Value) -> Vec<Fault> {
    let named = value.get("type").and_then(Value::as_str);
    if let Some(kind) = kinds.iter().find(|kind| named.is_some_and(|name| type_of(kind) == Some(name))) {
        return validate(&Schema::Object(kind), value);
    }
    let mut check = Check { faults: Vec::new(), pointer: String::new() };
    match (kinds.first(), value) {
        (Some(kind), Value::Object(members)) => check.unknown_kind(kinds, kind, members),
        _ => check.fault("wrong_type", "must be an object."),
    }
    check.faults
}

/// The only word that an object's member `type` may be.
pub fn type_of(kind: &Object) -> Option<&'static str> {
    let field = kind.fields.iter().find(|field| field.name == "type")?;
    match field.schema {
        Schema::OneOf([only]) => Some(only),
        _ => None,
    }
}

/// The fault of one text from outside a body (a query parameter), if any.
pub fn validate_text(schema: &Schema, name: &str, text: &str) -> Option<Fault> {
    let value = match schema {
        Schema::Integer { .. } => text.parse::<i64>().map_or(Value::String(text.to_owned()), Value::from),
        Schema::Boolean => text.parse::<bool>().map_or(Value::String(text.to_owned()), Value::from),
        _ => Value::String(text.to_owned()),
    };
    let mut check = Check { faults: Vec::new(), pointer: name.to_owned() };
    check.value(schema, &value);
    check.faults.into_iter().next()
}

struct Check {
    faults: Vec<Fault>,
    pointer: String,
}

impl Check {
    fn fault(&mut self, code: &'static str, detail: impl Into<String>) {
        if self.faults.len() < MAX_FAULTS {
            let pointer = self.pointer.clone();
            self.faults.push(Fault { pointer, code, detail: detail.into() });
        }
    }

    fn below(&mut self, segment: &str, check: impl FnOnce(&mut Self)) {
        let length = self.pointer.len();
        self.pointer.push('/');
        self.pointer.push_str(&segment.replace('~', "~0").replace('/', "~1"));
        check(self);
        self.pointer.truncate(length);
    }

    fn value(&mut self, schema: &Schema, value: &Value) {
        match (schema, value) {
            (Schema::Anything, _)
            | (Schema::Nullable(_), Value::Null)
            | (Schema::Boolean, Value::Bool(_)) => {}
            (Schema::Nullable(inner), value) => self.value(inner, value),
            (Schema::Text { min, max, format }, Value::String(text)) => self.text(*min, *max, *format, text),
            (Schema::Integer { min, max }, Value::Number(number)) => self.integer(*min, *max, number),
            (Schema::OneOf(words), Value::String(word)) => {
                if !words.contains(&word.as_str()) {
                    self.fault("unknown_value", format!("must be one of {}.", words.join(", ")));
                }
            }
            (Schema::List { items, max, unique }, Value::Array(list)) => {
                self.list(items, *max, *unique, list)
            }
            (Schema::Object(object), Value::Object(members)) => self.object(object, members),
            (Schema::Map { values, max, max_name }, Value::Object(members)) => {
                self.map(values, *max, *max_name, members);
            }
            (schema, _) => self.fault("wrong_type", format!("must be {}.", kind(schema))),
        }
    }

    fn text(&mut self, min: usize, max: usize, format: Format, text: &str) {
        let length = text.chars().count();
        if length < min {
            // What it should look like says more than how long that is.
            self.fault("too_short", misfit(format, text).unwrap_or_else(|| at_least(min)));
        } else if length > max {
            self.fault("too_long", format!("must have at most {max} characters; it has {length}."));
        } else if let Some(detail) = misfit(format, text) {
            self.fault("wrong_format", detail);
        }
    }

    fn integer(&mut self, min: i64, max: i64, number: &serde_json::Number) {
        match number.as_i64() {
            Some(n) if (min..=max).contains(&n) => {}
            Some(_) => self.fault("out_of_range", format!("must be from {min} to {max}.")),
            None if number.is_u64() => self.fault("out_of_range", format!("must be from {min} to {max}.")),
            None => self.fault("wrong_type", "must be a whole number, without point or exponent."),
        }
    }

    fn list(&mut self, items: &Schema, max: usize, unique: bool, list: &[Value]) {
        if list.len() > max {
            self.fault("too_many", format!("must have at most {max} items; it has {}.", list.len()));
            return;
        }
        for (index, item) in list.iter().enumerate() {
            self.below(&index.to_string(), |check| {
                check.value(items, item);
                if unique && list.iter().take(index).any(|before| before == item) {
                    check.fault("duplicate", "stands in the list twice.");
                }
            });
        }
    }

    fn object(&mut self, object: &Object, members: &Map<String, Value>) {
        for field in object.fields {
            match members.get(field.name) {
                Some(value) => self.below(field.name, |check| check.value(&field.schema, value)),
                None if field.required => {
                    self.below(field.name, |check| check.fault("required", "is required."));
                }
                None => {}
            }
        }
        for name in members.keys().filter(|name| !known(object.fields, name)) {
            self.below(shown(name), |check| check.fault("unknown_field", "is not a field of this object."));
        }
    }

    fn unknown_kind(&mut self, kinds: &[&'static Object], first: &Object, members: &Map<String, Value>) {
        for field in first.fields.iter().take_while(|field| field.name != "type") {
            self.below(field.name, |check| match members.get(field.name) {
                Some(value) => check.value(&field.schema, value),
                None => check.fault("required", "is required."),
            });
        }
        let known: Vec<&str> = kinds.iter().filter_map(|kind| type_of(kind)).collect();
        let detail = format!("must be one of {}.", known.join(", "));
        self.below("type", |check| match members.get("type") {
            Some(Value::String(_)) => check.fault("unknown_value", detail),
            Some(_) => check.fault("wrong_type", "must be a text."),
            None => check.fault("required", "is required."),
        });
    }

    fn map(&mut self, values: &Schema, max: usize, max_name: usize, members: &Map<String, Value>) {
        if members.len() > max {
            self.fault("too_many", format!("must have at most {max} members; it has {}.", members.len()));
            return;
        }
        for (name, value) in members {
            self.below(shown(name), |check| {
                let length = name.chars().count();
                if length == 0 || length > max_name || name.chars().any(char::is_control) {
                    let detail = format!("its name must have 1 to {max_name} characters, none of control.");
                    check.fault("wrong_name", detail);
                }
                check.value(values, value);
            });
        }
    }
}

/// A name that a client made up, cut to what an answer may repeat.
fn shown(name: &str) -> &str {
    name.char_indices().nth(MAX_SHOWN).map_or(name, |(end, _)| name.get(..end).unwrap_or_default())
}

fn known(fields: &[Field], name: &str) -> bool {
    fields.iter().any(|field| field.name == name)
}

fn kind(schema: &Schema) -> &'static str {
    match schema {
        Schema::Text { .. } | Schema::OneOf(_) => "a text",
        Schema::Integer { .. } => "a whole number",
        Schema::Boolean => "true or false",
        Schema::List { .. } => "a list",
        Schema::Object(_) | Schema::Map { .. } => "an object",
        Schema::Nullable(inner) => kind(inner),
        Schema::Anything => "a JSON value",
    }
}

fn at_least(min: usize) -> String {
    if min == 1 { "must not be empty.".to_owned() } else { format!("must have at least {min} characters.") }
}

fn misfit(format: Format, text: &str) -> Option<String> {
    let fits = match format {
        Format::Line | Format::Password => !text.chars().any(char::is_control),
        Format::Lines => !text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')),
        Format::Handle => handle::is_handle(text),
        Format::Id(prefix) => storeroom_domain::id::is_spelt(prefix, text),
        Format::Time => Timestamp::parse(text).is_some(),
        Format::Date => LocalDate::parse(text).is_some(),
        Format::Currency => Currency::parse(text).is_some(),
        Format::Email => email::is_email(text),
        Format::Timezone => timezone::is_timezone(text),
    };
    (!fits).then(|| match format {
        Format::Line | Format::Lines | Format::Password => "must not contain control characters.".to_owned(),
        Format::Handle => "must be lower-case letters, digits and single hyphens between them.".to_owned(),
        Format::Id(prefix) => format!("must be an id that begins with {prefix}"),
        Format::Time => "must be a time as in 2026-11-20T09:30:00.000Z.".to_owned(),
        Format::Date => "must be a date as in 2026-11-20.".to_owned(),
        Format::Currency => "must be an ISO 4217 code in capitals, such as EUR.".to_owned(),
        Format::Email => "must be an e-mail address such as ann@example.org.".to_owned(),
        Format::Timezone => "must be an IANA time zone such as Europe/Berlin.".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const ITEM: Object = Object {
        name: "Item",
        about: "",
        fields: &[
            Field::required("name", Schema::line(1, 5), ""),
            Field::optional("size", Schema::Integer { min: 0, max: 10 }, ""),
            Field::optional("note", Schema::Nullable(&Schema::lines(9)), ""),
            Field::optional("live", Schema::Boolean, ""),
            Field::optional("kind", Schema::OneOf(&["a", "b"]), ""),
            Field::optional("tags", Schema::List { items: &Schema::line(1, 3), max: 2, unique: true }, ""),
            Field::optional("more", Schema::Map { values: &Schema::line(0, 3), max: 1, max_name: 3 }, ""),
            Field::optional("id", Schema::id("prd_"), ""),
            Field::optional("at", Schema::TIME, ""),
            Field::optional("money", Schema::Text { min: 3, max: 3, format: Format::Currency }, ""),
            Field::optional("handle", Schema::Text { min: 1, max: 9, format: Format::Handle }, ""),
            Field::optional("email", Schema::Text { min: 3, max: 20, format: Format::Email }, ""),
            Field::optional("zone", Schema::Text { min: 1, max: 20, format: Format::Timezone }, ""),
            Field::optional("password", Schema::Text { min: 8, max: 9, format: Format::Password }, ""),
        ],
    };

    fn faults(value: Value) -> Vec<(String, &'static str)> {
        let found = validate(&Schema::Object(&ITEM), &value);
        found.into_iter().map(|fault| (fault.pointer, fault.code)).collect()
    }

    #[test]
    fn takes_what_fits() {
        let value = json!({"name": "Ä b", "size": 10, "note": "a\nb", "live": true, "kind": "a", "tags": ["x"],
            "more": {"k": ""}, "id": "prd_01hf7yat00fapaqaxbneyqpfbb", "at": "2026-11-20T09:30:00Z",
            "money": "EUR", "handle": "a-b", "email": "ann@example.org", "zone": "Europe/Berlin",
            "password": "a b c d ü"});
        assert_eq!(faults(value), []);
        assert_eq!(faults(json!({"name": "a", "note": null})), []);
    }

    #[test]
    fn finds_every_fault() {
        let value = json!({"size": 1.5, "note": 5, "kind": "c", "tags": ["x", "x"], "more": {"long": "four"},
            "id": "usr_1", "x/y": 1});
        let expected: Vec<(String, &str)> = [
            ("/name", "required"),
            ("/size", "wrong_type"),
            ("/note", "wrong_type"),
            ("/kind", "unknown_value"),
            ("/tags/1", "duplicate"),
            ("/more/long", "wrong_name"),
            ("/more/long", "too_long"),
            ("/id", "too_short"),
            ("/x~1y", "unknown_field"),
        ]
        .map(|(pointer, code)| (pointer.to_owned(), code))
        .into();
        assert_eq!(faults(value), expected);
    }

    #[test]
    fn checks_formats_and_bounds() {
        for (value, code) in [
            (json!({"name": ""}), "too_short"),
            (json!({"name": "a\u{0}"}), "wrong_format"),
            (json!({"name": "a", "size": 11}), "out_of_range"),
            (json!({"name": "a", "size": 18_446_744_073_709_551_615_u64}), "out_of_range"),
            (json!({"name": "a", "tags": ["x", "y", "z"]}), "too_many"),
            (json!({"name": "a", "more": {"a": "", "b": ""}}), "too_many"),
            (json!({"name": "a", "id": "prd_01hf7yat00fapaqaxbneyqpfbu"}), "wrong_format"),
            (json!({"name": "a", "at": "2026-11-20 09:30:00 oclock"}), "wrong_format"),
            (json!({"name": "a", "money": "eur"}), "wrong_format"),
            (json!({"name": "a", "handle": "A"}), "wrong_format"),
            (json!({"name": "a", "email": "ann@"}), "wrong_format"),
            (json!({"name": "a", "zone": "Europe/Atlantis"}), "wrong_format"),
            (json!({"name": "a", "password": "seven 7"}), "too_short"),
            (json!({"name": "a", "password": "12345678\n"}), "wrong_format"),
            (json!([]), "wrong_type"),
        ] {
            assert_eq!(faults(value.clone()).first().map(|fault| fault.1), Some(code), "{value}");
        }
    }

    const KINDS: &[&Object] = &[
        &Object {
            name: "Up",
            about: "",
            fields: &[
                Field::required("id", Schema::line(1, 3), ""),
                Field::required("type", Schema::OneOf(&["up"]), ""),
                Field::required("by", Schema::Boolean, ""),
            ],
        },
        &Object {
            name: "Down",
            about: "",
            fields: &[
                Field::required("id", Schema::line(1, 3), ""),
                Field::required("type", Schema::OneOf(&["down"]), ""),
            ],
        },
    ];

    #[test]
    fn a_type_names_the_kind() {
        for (value, expected) in [
            (json!({"id": "a", "type": "up", "by": true}), vec![]),
            (json!({"id": "a", "type": "down"}), vec![]),
            (json!({"id": "a", "type": "down", "by": true}), vec!["/by unknown_field"]),
            (json!({"type": "up"}), vec!["/id required", "/by required"]),
            (json!({"id": "long", "type": "left", "by": 1}), vec!["/id too_long", "/type unknown_value"]),
            (json!({}), vec!["/id required", "/type required"]),
            (json!({"id": "a", "type": 1}), vec!["/type wrong_type"]),
            (json!([]), vec![" wrong_type"]),
        ] {
            let found = validate_kind(KINDS, &value);
            let found: Vec<_> =
                found.iter().map(|fault| format!("{} {}", fault.pointer, fault.code)).collect();
            assert_eq!(found, expected, "{value}");
        }
    }

    #[test]
    fn lists_a_bounded_number() {
        let many: Map<String, Value> = (0..1000).map(|n| (format!("f{n}"), json!(n))).collect();
        assert_eq!(faults(Value::Object(many)).len(), MAX_FAULTS);
    }

    #[test]
    fn reads_parameters() {
        let limit = Schema::Integer { min: 1, max: 250 };
        assert_eq!(validate_text(&limit, "limit", "25"), None);
        assert_eq!(validate_text(&limit, "limit", "x").map(|fault| fault.pointer), Some("limit".to_owned()));
        assert_eq!(validate_text(&Schema::Boolean, "live", "true"), None);
    }
}
