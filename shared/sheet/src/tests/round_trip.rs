//! Any list of products, written and read, is the same.

use super::read;
use crate::{Format, Row, head, product};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

/// Texts with everything that a format could trip over.
const LINE: &str = "[a-z0-9=+@'\",;ä😀שلא {}\\[\\]\\\\-]{1,12}";
const LINES: &str = "[a-z\"',;\r\n\t ä😀ש=]{0,20}";

fn or_null(text: &'static str) -> impl Strategy<Value = Value> {
    prop_oneof![Just(Value::Null), text.prop_map(Value::from)]
}

fn price() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        (0..=1_000_000_000_000_i64).prop_map(|amount| json!({"amount": amount, "currency": "EUR"}))
    ]
}

fn texts() -> impl Strategy<Value = Value> {
    prop::collection::btree_map(LINE, LINES, 0..3).prop_map(|map| json!(map))
}

fn variant() -> impl Strategy<Value = Value> {
    let values = prop::collection::btree_map(LINE, LINE, 0..3);
    (or_null(LINE), values, price(), price(), prop::option::of(0..100_000_000_i64)).prop_map(
        |(barcode, option_values, price, compare_at_price, weight_grams)| {
            json!({"barcode": barcode, "option_values": option_values, "price": price,
                "compare_at_price": compare_at_price, "weight_grams": weight_grams})
        },
    )
}

fn document() -> impl Strategy<Value = Value> {
    let status = prop::sample::select(vec!["draft", "scheduled", "published", "archived"]);
    let tags = prop::collection::btree_set(LINE, 0..3);
    let options = prop::collection::vec((LINE, prop::collection::btree_set(LINE, 0..3)), 0..3);
    let variants = prop::collection::vec(variant(), 0..4);
    let texts_of_it = (LINE, LINES, or_null(LINE), or_null(LINE));
    (texts_of_it, status, tags, texts(), options, variants).prop_map(
        |((title, description, category, external_id), status, tags, attributes, options, variants)| {
            let options: Vec<_> =
                options.into_iter().map(|(name, values)| json!({"name": name, "values": values})).collect();
            let publish_at = (status == "scheduled").then_some("2026-11-20T09:30:00.000Z");
            json!({"title": title, "description": description, "category": category, "external_id": external_id,
                "status": status, "publish_at": publish_at, "tags": tags, "attributes": attributes,
                "options": options, "variants": variants})
        },
    )
}

/// Gives each a handle and each variant a SKU of its own.
fn named(mut documents: Vec<Value>) -> Vec<Value> {
    for (place, document) in documents.iter_mut().enumerate() {
        document["handle"] = json!(format!("product-{place}"));
        for (number, variant) in document["variants"].as_array_mut().unwrap().iter_mut().enumerate() {
            variant["sku"] = json!(format!("=SKU,{place}\"{number}"));
        }
    }
    documents
}

fn written(format: Format, documents: &[Value]) -> String {
    let mut file = head(format);
    documents.iter().for_each(|document| product(format, document, &mut file));
    file
}

/// What a document and what was read of it say, nothing aside that is left out because it is null.
fn said(members: &Map<String, Value>) -> Value {
    let told = members.iter().filter(|(_, value)| !value.is_null());
    let told = told.map(|(name, value)| match value {
        Value::Array(list) if name == "variants" => {
            let variants = list.iter().filter_map(Value::as_object).map(said).collect::<Vec<_>>();
            (name.clone(), json!(variants))
        }
        value => (name.clone(), value.clone()),
    });
    Value::Object(told.collect())
}

fn rows_said(rows: &[Row]) -> Vec<Value> {
    rows.iter().map(|row| said(&row.product)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn products_come_back_however_the_file_is_cut(
        documents in prop::collection::vec(document(), 1..4),
        piece in 1_usize..200,
    ) {
        let documents = named(documents);
        let expected: Vec<Value> = documents.iter().map(|document| said(document.as_object().unwrap())).collect();
        for format in [Format::Csv, Format::Ndjson] {
            let file = written(format, &documents);
            let rows = read(format, file.as_bytes(), piece).unwrap();
            for row in &rows {
                prop_assert_eq!(&row.mistakes, &vec![], "{}", file);
            }
            prop_assert_eq!(rows_said(&rows), expected.clone());
        }
    }
}

#[test]
fn product_file_format_unchanged() {
    let document = json!({"handle": "mug", "external_id": null, "title": "Mug, \"big\"", "description": "a\r\nb",
        "status": "draft", "publish_at": null, "category": null, "tags": ["a", "b"], "attributes": {"k": "v,w"},
        "options": [{"name": "Size", "values": ["S", "L"]}], "variants": [
            {"sku": "S", "barcode": null, "option_values": {"Size": "S"}, "price": {"amount": 1999, "currency": "EUR"},
             "compare_at_price": null, "weight_grams": 250},
            {"sku": "=1+1", "barcode": "4", "option_values": {}, "price": null, "compare_at_price": null,
             "weight_grams": null}]});
    let csv = "mug,,\"Mug, \"\"big\"\"\",\"a\r\nb\",draft,,,\"[\"\"a\"\",\"\"b\"\"]\",\"{\"\"k\"\":\"\"v,w\"\"}\",\
        \"[{\"\"name\"\":\"\"Size\"\",\"\"values\"\":[\"\"S\"\",\"\"L\"\"]}]\",S,,\"{\"\"Size\"\":\"\"S\"\"}\",1999,,EUR,250\r\n\
        mug,,,,,,,,,,=1+1,4,,,,,\r\n";
    assert_eq!(written(Format::Csv, std::slice::from_ref(&document)), head(Format::Csv) + csv);
    let line = r#"{"handle":"mug","external_id":null,"title":"Mug, \"big\"","description":"a\r\nb","status":"draft","publish_at":null,"category":null,"tags":["a","b"],"attributes":{"k":"v,w"},"options":[{"name":"Size","values":["S","L"]}],"variants":[{"sku":"S","barcode":null,"option_values":{"Size":"S"},"price":{"amount":1999,"currency":"EUR"},"compare_at_price":null,"weight_grams":250},{"sku":"=1+1","barcode":"4","option_values":{},"price":null,"compare_at_price":null,"weight_grams":null}]}"#;
    assert_eq!(written(Format::Ndjson, &[document]), format!("{line}\n"));
}
