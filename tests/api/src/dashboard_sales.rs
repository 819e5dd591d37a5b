//! `GET /dashboard/sales`: days and weeks as the store lives them.

use crate::dashboard::{Till, figures, numbers};
use serde_json::{Value, json};

fn days(expected: &[(&str, i64)]) -> Vec<(String, [i64; 5])> {
    let day = |(date, orders): &(&str, i64)| ((*date).to_owned(), [*orders, *orders, 1_200 * orders, 0, 0]);
    expected.iter().map(day).collect()
}

/// Sells one at each moment, in a store of that zone, and looks at the days from the first to the last.
async fn sold(timezone: &'static str, moments: &[&str], query: &str, expected: &[(&str, i64)]) {
    let till = Till::ageless([50, 0], timezone).await;
    for at in moments {
        till.sell(at, 1).await;
    }
    assert_eq!(till.days(query).await, days(expected), "{timezone}");
}

#[tokio::test]
async fn every_day_is_listed() {
    let till = Till::with([5, 5]).await;
    let order = till.order(2).await;
    till.pay(&order).await;
    let report = till.see("/sales?from=2026-11-19&to=2026-11-21").await;
    let item = |date: &str, numbers: [i64; 5]| {
        let mut item = figures(numbers);
        item["date"] = json!(date);
        item
    };
    let items =
        [item("2026-11-19", [0; 5]), item("2026-11-20", [1, 2, 2_400, 0, 0]), item("2026-11-21", [0; 5])];
    assert_eq!(
        report,
        json!({"from": "2026-11-19", "to": "2026-11-21", "by": "day", "timezone": "Europe/Berlin", "items": items})
    );
    let whole = till.see("/sales").await;
    assert_eq!((&whole["from"], &whole["to"]), (&json!("2026-10-22"), &json!("2026-11-20")));
    assert_eq!(whole["items"].as_array().unwrap().len(), 30);
    let year = till.see("/sales?from=2025-11-20&to=2026-11-20").await;
    assert_eq!(year["items"].as_array().unwrap().len(), 366);
}

#[tokio::test]
async fn days_change_when_the_clocks_of_the_shop_say_so() {
    // 28 March has 24 hours, 29 March 23, 25 October 25.
    sold(
        "Europe/Berlin",
        &[
            "2026-03-28T22:59:59.999Z",
            "2026-03-28T23:00:00Z",
            "2026-03-29T21:59:59.999Z",
            "2026-03-29T22:00:00Z",
        ],
        "?from=2026-03-28&to=2026-03-30",
        &[("2026-03-28", 1), ("2026-03-29", 2), ("2026-03-30", 1)],
    )
    .await;
    sold(
        "Europe/Berlin",
        &["2026-10-24T21:59:59Z", "2026-10-24T22:00:00Z", "2026-10-25T22:59:59Z", "2026-10-25T23:00:00Z"],
        "?from=2026-10-24&to=2026-10-26",
        &[("2026-10-24", 1), ("2026-10-25", 2), ("2026-10-26", 1)],
    )
    .await;
}

#[tokio::test]
async fn days_may_begin_at_any_quarter_of_an_hour() {
    sold(
        "Asia/Kathmandu",
        &[
            "2026-11-19T18:14:59.999Z",
            "2026-11-19T18:15:00Z",
            "2026-11-20T18:14:59.999Z",
            "2026-11-20T18:15:00Z",
        ],
        "?from=2026-11-19&to=2026-11-21",
        &[("2026-11-19", 1), ("2026-11-20", 2), ("2026-11-21", 1)],
    )
    .await;
    sold(
        "America/St_Johns",
        &["2026-03-08T03:29:59Z", "2026-03-08T03:30:00Z", "2026-03-09T02:29:59Z", "2026-03-09T02:30:00Z"],
        "?from=2026-03-07&to=2026-03-09",
        &[("2026-03-07", 1), ("2026-03-08", 2), ("2026-03-09", 1)],
    )
    .await;
}

#[tokio::test]
async fn a_day_may_have_no_midnight() {
    for (zone, moments, query, expected) in [
        (
            "America/Santiago",
            ["2026-09-06T03:59:59Z", "2026-09-06T04:00:00Z", "2026-09-07T02:59:59Z", "2026-09-07T03:00:00Z"],
            "?from=2026-09-05&to=2026-09-07",
            [("2026-09-05", 1), ("2026-09-06", 2), ("2026-09-07", 1)],
        ),
        (
            "Africa/Cairo",
            ["2026-04-23T21:59:59Z", "2026-04-23T22:00:00Z", "2026-04-24T20:59:59Z", "2026-04-24T21:00:00Z"],
            "?from=2026-04-23&to=2026-04-25",
            [("2026-04-23", 1), ("2026-04-24", 2), ("2026-04-25", 1)],
        ),
    ] {
        sold(zone, &moments, query, &expected).await;
    }
}

#[tokio::test]
async fn weeks_begin_on_monday_and_are_cut_by_the_range() {
    let till = Till::ageless([50, 0], "Europe/Berlin").await;
    // Sunday, Monday, Sunday, Monday.
    for at in ["2026-11-08T12:00:00Z", "2026-11-08T23:00:00Z", "2026-11-15T22:59:59Z", "2026-11-15T23:00:00Z"]
    {
        till.sell(at, 1).await;
    }
    let weeks = |query: &'static str| {
        let till = &till;
        async move { till.days(query).await }
    };
    let whole = weeks("?from=2026-11-02&to=2026-11-22&by=week").await;
    assert_eq!(whole, days(&[("2026-11-02", 1), ("2026-11-09", 2), ("2026-11-16", 1)]));
    let cut = weeks("?from=2026-11-10&to=2026-11-16&by=week").await;
    assert_eq!(cut, days(&[("2026-11-10", 1), ("2026-11-16", 1)]));
    let report = till.see("/sales?from=2026-11-10&to=2026-11-30&by=week").await;
    let dates: Vec<&Value> = report["items"].as_array().unwrap().iter().map(|item| &item["date"]).collect();
    assert_eq!(dates, ["2026-11-10", "2026-11-16", "2026-11-23", "2026-11-30"]);
    assert_eq!(report["by"], "week");
}

#[tokio::test]
async fn a_sale_counts_when_it_was_paid_and_a_refund_and_a_return_when_they_happen() {
    let till = Till::ageless([50, 0], "Europe/Berlin").await;
    let first = till.sell("2026-11-10T12:00:00Z", 3).await;
    let second = till.sell("2026-11-11T12:00:00Z", 2).await;
    till.turn_to("2026-11-13T12:00:00Z");
    till.ship(&first).await;
    till.refund(&first, 500).await;
    till.turn_to("2026-11-14T12:00:00Z");
    till.take_back(&first, 1).await;
    till.turn_to("2026-11-15T12:00:00Z");
    till.take_back(&first, 2).await;
    till.cancel(&second).await;
    let expected = [
        ("2026-11-10", [1, 3, 3_600, 0, 0]),
        ("2026-11-13", [0, 0, 0, 500, 0]),
        ("2026-11-14", [0, 0, 0, 0, 1]),
        ("2026-11-15", [0, 0, 0, 0, 2]),
    ];
    let expected: Vec<_> = expected.map(|(date, numbers)| (date.to_owned(), numbers)).into();
    assert_eq!(till.days("?from=2026-11-01&to=2026-11-30").await, expected);
}

/// A store that moves keeps its sales; only its days begin at other moments.
#[tokio::test]
async fn a_store_that_moves_has_other_days() {
    let till = Till::ageless([50, 0], "Europe/Berlin").await;
    till.sell("2026-11-20T04:00:00Z", 1).await;
    assert_eq!(numbers(&till.see("").await["today"])[0], 1);
    till.move_to("America/New_York").await;
    assert_eq!(till.days("").await, days(&[("2026-11-19", 1)]));
    till.move_to("Pacific/Auckland").await;
    assert_eq!(till.days("").await, days(&[("2026-11-20", 1)]));
}
