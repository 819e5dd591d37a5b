//! Every kind of value goes in and comes out as it was.

use crate::bench::{Bench, work};
use storeroom_ports::Database;
use storeroom_ports::DatabaseError;
use storeroom_sql::{FrameResult, Rows, Statement, Value};

/// Stores the values, reads them back in a query and in RETURNING, and asks SQLite for their types.
async fn survive(bench: &Bench, values: &[Value], sql_type: &str) {
    for (number, value) in values.iter().enumerate() {
        let args = vec![Value::from(bench.scope), Value::from(i64::try_from(number).unwrap()), value.clone()];
        let sql = "INSERT INTO cells VALUES (?1, ?2, ?3) RETURNING value, typeof(value)".into();
        let stored = bench.commit(work([Statement { sql, args }])).await.unwrap();
        let row = Rows(vec![vec![value.clone(), Value::from(sql_type)]]);
        assert!(stored == FrameResult::Done(vec![row]), "{stored:?}");
    }
    let read = bench.rows(bench.sql("SELECT value FROM cells WHERE scope = :scope ORDER BY number")).await;
    assert!(read.0.iter().flatten().eq(values), "{read:?}");
}

pub async fn nulls(bench: &Bench) {
    survive(bench, &[Value::Null], "null").await;
    let row = bench.rows(bench.sql("SELECT NULL, 1, NULL")).await;
    assert_eq!(row, Rows(vec![vec![Value::Null, Value::from(1), Value::Null]]));
}

pub async fn integers_of_64_bits(bench: &Bench) {
    let edge = 1_i64 << 53;
    let numbers = [
        i64::MIN,
        i64::MIN + 1,
        -edge - 1,
        -edge,
        -1,
        0,
        1,
        edge - 1,
        edge,
        edge + 1,
        i64::MAX - 1,
        i64::MAX,
    ];
    survive(bench, &numbers.map(Value::from), "integer").await;
}

pub async fn floats(bench: &Bench) {
    let floats = [0.0, -0.5, 1.0, 0.1, 1e300, -2.5e-300, 9_007_199_254_740_993.0, 1.0 / 3.0];
    survive(bench, &floats.map(Value::Real), "real").await;
}

pub async fn a_nan_is_null(bench: &Bench) {
    let statement = Statement { sql: "SELECT typeof(?1)".into(), args: vec![Value::Real(f64::NAN)] };
    assert_eq!(bench.rows(statement).await.text(0, 0), Some("null"));
}

pub async fn blobs(bench: &Bench) {
    let all: Vec<u8> = (0..=255).collect();
    let large: Vec<u8> = all.iter().copied().cycle().take(100_000).collect();
    let blobs = [vec![], vec![0], vec![0; 3], all, large];
    survive(bench, &blobs.map(Value::Blob), "blob").await;
}

pub async fn texts(bench: &Bench) {
    let long = "ü\"\\\n".repeat(25_000);
    let texts = [
        "",
        " ",
        "plain",
        "'quoted' \"twice\"",
        "back\\slash / and \u{7f}",
        "\u{1}\u{1f}\t\r\n",
        "Grüße, Œuvre, ıİ",
        "e\u{301} and é",
        "שלום עולם",
        "مرحبا \u{202e}‏بالعالم",
        "日本語",
        "👩‍👩‍👧‍👦 🏴󠁧󠁢󠁳󠁣󠁴󠁿 𝒳𐍈",
        "\u{feff}\u{fffd}\u{10ffff}\u{2028}",
        &long,
    ];
    survive(bench, &texts.map(Value::from), "text").await;
}

pub async fn texts_compare_as_bytes(bench: &Bench) {
    let args = vec![Value::from("𝒳"), Value::from("𝒳")];
    let sql = "SELECT ?1 = ?2, length(?1), length(CAST(?1 AS BLOB)), ?1 = 'x'".into();
    let row = bench.rows(Statement { sql, args }).await;
    assert_eq!(row.0, [[1, 1, 4, 0].map(Value::from)]);
}

const THOUSAND: &str = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000) \
    SELECT i, printf('row %d', i), CASE WHEN i % 2 THEN NULL ELSE i * 1.5 END FROM n";

pub async fn a_thousand_rows(bench: &Bench) {
    let rows = bench.rows(Statement::plain(THOUSAND)).await;
    assert_eq!(rows.0.len(), 1_000);
    for (index, row) in rows.0.iter().enumerate() {
        let number = index + 1;
        let last = if number % 2 == 1 { Value::Null } else { Value::Real(number as f64 * 1.5) };
        assert_eq!(*row, [Value::from(number as i64), Value::from(format!("row {number}")), last]);
    }
}

pub async fn a_thousand_rows_into_a_table(bench: &Bench) {
    let list = format!("[{}]", (1..=1_000).map(|i| i.to_string()).collect::<Vec<_>>().join(","));
    let sql = "INSERT INTO cells SELECT ?1, value, value FROM json_each(?2) RETURNING number".into();
    let insert = Statement { sql, args: vec![Value::from(bench.scope), Value::from(list)] };
    let result = bench.commit(work([insert])).await.unwrap();
    assert!(matches!(&result, FrameResult::Done(rows) if rows[0].0.len() == 1_000));
    let count = bench.value("SELECT sum(value) FROM cells WHERE scope = :scope").await;
    assert_eq!(count, Value::from(500_500));
}

pub async fn no_rows(bench: &Bench) {
    let rows = bench.rows(bench.sql("SELECT * FROM things WHERE scope = :scope")).await;
    assert_eq!(rows, Rows::default());
}

pub async fn a_number_used_twice_is_one_argument(bench: &Bench) {
    let args = bench.args().with("b", 2).with("a", 1);
    let sql = "SELECT :a, :b, :a, ':b', :scope = :scope";
    let row = bench.rows(Statement::bind(sql, &args).unwrap()).await;
    let expected = [Value::from(1), Value::from(2), Value::from(1), Value::from(":b"), Value::from(1)];
    assert_eq!(row.0, [expected]);
}

pub async fn a_read_that_is_wrong_is_no_outage(bench: &Bench) {
    let error = bench.database().read(Statement::plain("SELECT * FROM no_such_table")).await.unwrap_err();
    assert!(matches!(error, DatabaseError::Failed(_)), "{error:?}");
}
