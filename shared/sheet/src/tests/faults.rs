//! What is wrong with a file refuses it, what is wrong with a product is told of its row.

use super::read;
use crate::Format::{self, Csv, Ndjson};
use crate::{MAX_ROWS, Row};

/// The faults of a file, each as its pointer and its code.
fn faults(format: Format, file: &[u8]) -> Vec<String> {
    match read(format, file, 7) {
        Ok(rows) => panic!("{rows:?}"),
        Err(faults) => faults.iter().map(|fault| format!("{} {}", fault.pointer, fault.code)).collect(),
    }
}

/// The mistakes of the rows of a file, each as its line, its pointer and its code.
fn mistakes(format: Format, file: &str) -> Vec<String> {
    let rows = read(format, file.as_bytes(), 7).unwrap();
    let mistakes = rows.iter().flat_map(|row| &row.mistakes);
    mistakes.map(|found| format!("{} {} {}", found.line, found.pointer, found.code)).collect()
}

#[test]
fn a_file_that_is_none_is_refused() {
    for (file, expected) in [
        (b"".as_slice(), "/lines/1 required"),
        (b"\xef\xbb\xbf", "/lines/1 required"),
        (b"title,sku\r\n", "/lines/1 required"),
        (b"title,sku\nGr\xf6\xdfe,A", "/lines/2 wrong_encoding"),
        (b"\xff\xfet\0i\0", "/lines/1 wrong_encoding"),
        (b"title;sku\nA;B", "/lines/1 wrong_separator"),
        (b"title\tsku\nA\tB", "/lines/1 wrong_separator"),
        (b"\"title\";\"sku\"\n\"A\";\"B\"", "/lines/1 wrong_separator"),
        (b"\"title\"\t\"sku\"\n\"A\"\t\"B\"", "/lines/1 wrong_separator"),
        (b"title;\"sku\"\nA;\"B\"", "/lines/1 wrong_separator"),
        (b"\"title;sku\"\n\"A;B\"", "/lines/1 wrong_separator"),
        (b"\"title\" ,\"sku\"\nA,B", "/lines/1 stray_quote"),
        (b"title,\"sku\";\"barcode\"\nA,B", "/lines/1 stray_quote"),
        (b"title,sku\n\"A\";\"B\"", "/lines/2 stray_quote"),
        (b"title,sku\nA\t\"B\"", "/lines/2 stray_quote"),
        (b"title,price_minor\nA,1", "/lines/1/sku required"),
        (b"sku\nA", "/lines/1/title required"),
        (b"title,sku,colour\nA,B,red", "/lines/1/colour unknown_column"),
        (b"title,sku,sku\nA,B,C", "/lines/1/sku duplicate"),
        (b"title,sku\nA", "/lines/2 wrong_length"),
        (b"title,sku\nA,B,C", "/lines/2 wrong_length"),
        (b"title,sku\nA,B\n\"C,D\n", "/lines/3 open_quote"),
        (b"title,sku\nA \"b\",B\n", "/lines/2 stray_quote"),
        (b"title,sku\n\"A\nB\",S\nC,S\n", "/lines/4/sku duplicate"),
        (b"title,sku,handle\nA,S,a\n,T,a\nB,U,a", "/lines/4/handle duplicate"),
        (b"title,sku\nA,S\nA,T", "/lines/3/title duplicate"),
    ] {
        assert_eq!(faults(Csv, file), [expected], "{}", String::from_utf8_lossy(file));
    }
    for (file, expected) in [
        (b"\n\n".as_slice(), "/lines/1 required"),
        (b"{\"title\":\"A\"}\n{\"title\":", "/lines/2 malformed"),
        (b"{\"title\":\"\xf6\"}", "/lines/1 wrong_encoding"),
        (
            br#"{"title":"A","variants":[{"sku":"S"}]}
{"title":"B","variants":[{"sku":"S"}]}"#,
            "/lines/2/sku duplicate",
        ),
    ] {
        assert_eq!(faults(Ndjson, file), [expected], "{}", String::from_utf8_lossy(file));
    }
}

#[test]
fn both_lines_of_a_duplicate_are_named() {
    let file = b"title,sku\nA,S\nB,T\nC,S\nD,T";
    let details: Vec<String> = read(Csv, file, 100)
        .unwrap_err()
        .into_iter()
        .map(|fault| fault.pointer + " " + &fault.detail)
        .collect();
    assert_eq!(
        details,
        [
            "/lines/4/sku is the same SKU as in line 2. A file has it once.",
            "/lines/5/sku is the same SKU as in line 3. A file has it once."
        ]
    );
}

#[test]
fn a_bad_product_is_told_and_the_others_are_taken() {
    let file = "title,sku,handle,price_minor,status,tags\n\
        Good,A,,1999,,\n\
        Bad,B,No Handle,19.99,ready,a b\n\
        Two,C,two,,,\n\
        ,D,two,x,,\n\
        ,E,two,,draft,\n\
        ,F,other,,,\n\
        ,G,,,,\n\
        Last,,,5,scheduled,\n";
    assert_eq!(
        mistakes(Csv, file),
        [
            "3 /tags wrong_type",
            "3 /variants/0/price wrong_type",
            "3 /handle wrong_format",
            "3 /status unknown_value",
            "5 /variants/1/price wrong_type",
            "6 /status misplaced",
            "7 /title too_short",
            "9 /variants/0/sku required",
            "9 /publish_at required",
        ]
    );
    let rows = read(Csv, file.as_bytes(), 100).unwrap();
    let skus: Vec<Vec<&str>> = rows.iter().map(|row| row.skus().collect()).collect();
    assert_eq!(skus, [vec!["A"], vec!["B"], vec!["C", "D", "E"], vec!["F", "G"], vec![]]);
    let line = r#"{"title":"A","id":"prd_1"}
[]
{"title":"B","variants":[{"sku":"S","price":{"amount":-1,"currency":"EUR"}}]}"#;
    assert_eq!(
        mistakes(Ndjson, line),
        ["1 /id unknown_field", "2  wrong_type", "3 /variants/0/price/amount out_of_range"]
    );
}

#[test]
fn a_product_without_variants_is_a_line_without_a_sku() {
    let rows = read(Csv, b"title,sku\nA,\nB,S\n", 100).unwrap();
    let skus: Vec<usize> = rows.iter().map(|row| row.skus().count()).collect();
    assert_eq!(skus, [0, 1]);
    assert!(rows.iter().all(|row| row.mistakes.is_empty()));
}

#[test]
fn what_the_file_does_not_have_is_not_said() {
    let rows: Vec<Row> = read(Csv, b"title,sku,category\nA,S,\n", 100).unwrap();
    let names: Vec<&String> = rows[0].product.keys().collect();
    assert_eq!(names, ["category", "title", "variants"]);
    assert!(rows[0].product["category"].is_null());
    assert_eq!(rows[0].product["variants"][0].as_object().unwrap().len(), 1);
}

#[test]
fn lines_of_nothing_mean_nothing() {
    assert!(mistakes(Csv, "title,sku\n,\nA,S\n,\n,T\n,\n").is_empty());
    assert_eq!(mistakes(Csv, "title,sku,handle\nA,S,a\nA,T,b\n"), [""; 0], "handles tell products apart");
}

#[test]
fn a_product_has_an_end() {
    let many: String =
        (0..300).map(|number| format!("{},S{number}\n", if number == 0 { "A" } else { "" })).collect();
    assert_eq!(mistakes(Csv, &format!("title,sku\n{many}")), ["2 /variants too_many"]);
    let long = "x".repeat(500_000);
    let file = format!("title,sku,barcode\nA,S,{long}\n,T,{long}\n,U,{long}\n,V,{long}\n");
    assert_eq!(mistakes(Csv, &file)[0], "4  too_long");
    let line = format!("{{\"title\":\"{}\"}}", "x".repeat(1024 * 1024));
    assert_eq!(faults(Ndjson, line.as_bytes()), ["/lines/1 too_long"]);
}

#[test]
fn a_file_has_an_end() {
    let mut file = "title,sku\n".to_owned();
    (0..=MAX_ROWS).for_each(|number| file.push_str(&format!("T{},{number:x}\n", number % 2)));
    let found = read(Csv, file.as_bytes(), 64 * 1024).unwrap_err();
    assert_eq!((found[0].code, found[0].pointer.as_str()), ("too_many", "/lines/500002"));
}
