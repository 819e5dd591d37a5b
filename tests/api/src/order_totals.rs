//! What orders come to, with the SQL that says so: subtotal, tax, shipping, total.
//!
//! Guarantees: the expected values stand in the table, worked out by hand, or come from whole numbers of 128 bits, which
//! share nothing with the view `order_totals`.
#![allow(clippy::disallowed_methods, reason = "the seed of a run is this machine's clock")]

use crate::orders::customer;
use crate::product::{faults, publish};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed, TestRunner};
use serde_json::{Value, json};
use std::time::SystemTime;
use storeroom_domain::Role;
use storeroom_sql::Args;
use storeroom_testbed::{Reply, Testbed};

/// The most that an amount may be.
const MAX_AMOUNT: i64 = 1_000_000_000_000;

/// What an order comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Totals {
    /// The tax of each line.
    pub taxes: Vec<i64>,
    /// The lines as priced.
    pub subtotal: i64,
    /// The tax on the lines.
    pub tax: i64,
    /// What is to be paid.
    pub total: i64,
}

/// How a store taxes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tax {
    /// In hundredths of a per cent.
    pub rate: i64,
    /// Whether prices have it in them.
    pub included: bool,
}

/// What lines of (quantity, unit price) come to.
pub fn totals(lines: &[(i64, i64)], tax: Tax, shipping: i64) -> Totals {
    let amounts = lines.iter().map(|(quantity, price)| i128::from(*quantity) * i128::from(*price));
    let amounts: Vec<i128> = amounts.collect();
    let rate = i128::from(tax.rate);
    let divisor = if tax.included { 10_000 + rate } else { 10_000 };
    let taxes: Vec<i128> = amounts.iter().map(|amount| half_even(amount * rate, divisor)).collect();
    let (subtotal, sum): (i128, i128) = (amounts.iter().sum(), taxes.iter().sum());
    let total = subtotal + i128::from(shipping) + if tax.included { 0 } else { sum };
    let narrow = |wide: i128| i64::try_from(wide).unwrap();
    Totals {
        taxes: taxes.into_iter().map(narrow).collect(),
        subtotal: narrow(subtotal),
        tax: narrow(sum),
        total: narrow(total),
    }
}

/// The quotient of two positive numbers, a tie to the even neighbour.
fn half_even(dividend: i128, divisor: i128) -> i128 {
    let (below, rest) = (dividend / divisor, dividend % divisor);
    match (2 * rest).cmp(&divisor) {
        std::cmp::Ordering::Less => below,
        std::cmp::Ordering::Greater => below + 1,
        std::cmp::Ordering::Equal => below + below % 2,
    }
}

/// A shop whose four variants cost what a test says.
struct Till {
    bed: Testbed,
    variants: Vec<String>,
}

impl Till {
    async fn open() -> Self {
        let bed = Testbed::new().await;
        let sizes = ["S", "M", "L", "XL"];
        let variant = |size: &&str| {
            json!({"sku": format!("CUP-{size}"), "option_values": {"Size": size},
                "price": {"amount": 1, "currency": "EUR"}})
        };
        let product = json!({"title": "Cup", "options": [{"name": "Size", "values": sizes}],
            "variants": sizes.iter().map(variant).collect::<Vec<_>>()});
        let product = publish(&bed, product).await;
        let variants = product["variants"].as_array().unwrap().iter();
        let variants = variants.map(|variant| variant["id"].as_str().unwrap().to_owned()).collect();
        let stock = "UPDATE levels SET on_hand = 1000000000000 WHERE store_id = :store";
        bed.sql(stock, Args::new().with("store", bed.store.to_string())).await;
        Self { bed, variants }
    }

    /// Places an order of lines of (quantity, unit price) under that tax.
    async fn order(&self, lines: &[(i64, i64)], tax: Tax, shipping: i64) -> Reply {
        let path = format!("/api/pms/stores/{}", self.bed.store);
        let settings = json!({"tax_rate_basis_points": tax.rate, "prices_include_tax": tax.included});
        let set = self.bed.call_with(Role::Owner, "PATCH", &path, Some(settings), &[("if-match", "*")]).await;
        assert_eq!(set.status(), 200, "{}", set.text());
        for (variant, (_, price)) in self.variants.iter().zip(lines) {
            let args = Args::new().with("store", self.bed.store.to_string());
            let args = args.with("variant", variant.as_str()).with("price", *price);
            let sql = "UPDATE variants SET price_minor = :price WHERE store_id = :store AND id = :variant";
            self.bed.sql(sql, args).await;
        }
        let line =
            |(variant, line): (&String, &(i64, i64))| json!({"variant_id": variant, "quantity": line.0});
        let printed: Vec<Value> = self.variants.iter().zip(lines).map(line).collect();
        let body = json!({"lines": printed, "customer": customer(),
            "shipping": {"amount": shipping, "currency": "EUR"}});
        self.bed.call(Role::Fulfilment, "POST", "/api/pms/orders", Some(body)).await
    }
}

/// What the order's document says it comes to.
fn shown(order: &Value) -> Totals {
    let amount = |of: &Value| of["amount"].as_i64().unwrap();
    let lines = order["lines"].as_array().unwrap();
    for line in lines {
        assert_eq!(amount(&line["total"]), line["quantity"].as_i64().unwrap() * amount(&line["unit_price"]));
    }
    Totals {
        taxes: lines.iter().map(|line| amount(&line["tax"])).collect(),
        subtotal: amount(&order["subtotal"]),
        tax: amount(&order["tax"]),
        total: amount(&order["total"]),
    }
}

/// Lines, tax, shipping; then the tax of each line, subtotal, tax, total.
type Case = (&'static [(i64, i64)], Tax, i64, &'static [i64], [i64; 3]);

const fn on_top(rate: i64) -> Tax {
    Tax { rate, included: false }
}

const fn within(rate: i64) -> Tax {
    Tax { rate, included: true }
}

const CASES: &[Case] = &[
    (&[(1, 1_999)], on_top(1_900), 0, &[380], [1_999, 380, 2_379]),
    (&[(1, 1_999)], within(1_900), 0, &[319], [1_999, 319, 1_999]),
    (&[(3, 333)], on_top(0), 0, &[0], [999, 0, 999]),
    (&[(3, 333)], within(0), 490, &[0], [999, 0, 1_489]),
    // Ties go to the even neighbour: 0.5, 1.5 and 2.5.
    (&[(1, 5_000), (1, 15_000), (1, 25_000)], on_top(1), 0, &[0, 2, 2], [45_000, 4, 45_004]),
    (&[(1, 4_999), (1, 5_001)], on_top(1), 0, &[0, 1], [10_000, 1, 10_001]),
    // 2.55, 25.5 and 76.5.
    (&[(1, 10), (2, 50), (3, 100)], on_top(2_550), 0, &[3, 26, 76], [410, 105, 515]),
    (&[(1, 251), (1, 252), (1, 254)], within(2_550), 0, &[51, 51, 52], [757, 154, 757]),
    // A half of each: 0.5, 1.5, 2.5 and 3.5.
    (&[(1, 1), (1, 3), (1, 5), (1, 7)], within(10_000), 0, &[0, 2, 2, 4], [16, 8, 16]),
    (&[(1, 7)], on_top(10_000), 0, &[7], [7, 7, 14]),
    (&[(1, 107), (1, 1_000)], within(700), 0, &[7, 65], [1_107, 72, 1_107]),
    (&[(1, 50), (1, 150)], on_top(700), 0, &[4, 10], [200, 14, 214]),
    (&[(1, 10_001), (1, 5_000)], within(1), 0, &[1, 0], [15_001, 1, 15_001]),
    // A line is rounded, not the order: 0.57 each.
    (&[(1, 3), (1, 3), (1, 3)], on_top(1_900), 0, &[1, 1, 1], [9, 3, 12]),
    // Shipping is not taxed.
    (&[(1, 100)], on_top(1_900), 500, &[19], [100, 19, 619]),
    (&[(1, 119)], within(1_900), 500, &[19], [119, 19, 619]),
    (&[(5, 0)], on_top(1_900), 490, &[0], [0, 0, 490]),
    (&[(5, 0), (1, 100)], within(1_900), 0, &[0, 16], [100, 16, 100]),
    // Up to the limit.
    (&[(1, MAX_AMOUNT)], within(1_900), 0, &[159_663_865_546], [MAX_AMOUNT, 159_663_865_546, MAX_AMOUNT]),
    (
        &[(1_000_000, 1_000_000)],
        within(10_000),
        0,
        &[500_000_000_000],
        [MAX_AMOUNT, 500_000_000_000, MAX_AMOUNT],
    ),
    (
        &[(1, 840_336_134_454)],
        on_top(1_900),
        0,
        &[159_663_865_546],
        [840_336_134_454, 159_663_865_546, MAX_AMOUNT],
    ),
    (&[(1, MAX_AMOUNT - 1)], on_top(0), 1, &[0], [MAX_AMOUNT - 1, 0, MAX_AMOUNT]),
];

#[tokio::test]
async fn orders_come_to_what_the_table_says() {
    let till = Till::open().await;
    for (lines, tax, shipping, taxes, [subtotal, sum, total]) in CASES {
        let expected = Totals { taxes: taxes.to_vec(), subtotal: *subtotal, tax: *sum, total: *total };
        assert_eq!(totals(lines, *tax, *shipping), expected, "{lines:?} {tax:?}: the function of the tests");
        let reply = till.order(lines, *tax, *shipping).await;
        assert_eq!(reply.status(), 201, "{lines:?} {tax:?}: {}", reply.text());
        assert_eq!(shown(&reply.json()), expected, "{lines:?} {tax:?}");
    }
}

#[tokio::test]
async fn no_order_comes_to_more_than_an_amount_may_be() {
    let till = Till::open().await;
    for (lines, tax, shipping) in [
        (&[(1, 840_336_134_455)], on_top(1_900), 0),
        (&[(1, MAX_AMOUNT)], within(1_900), 1),
        (&[(1, MAX_AMOUNT)], on_top(1), 0),
        (&[(2, MAX_AMOUNT)], on_top(0), 0),
        (&[(1_000_000, MAX_AMOUNT)], within(10_000), MAX_AMOUNT),
    ] {
        let reply = till.order(lines, tax, shipping).await;
        let fault = (reply.status(), faults(&reply));
        assert_eq!(fault, (422, vec!["/lines out_of_range".to_owned()]), "{lines:?} {tax:?}");
    }
}

/// Random carts, many of them with amounts at which a tax is a tie.
fn carts() -> impl Strategy<Value = (Vec<(i64, i64)>, Tax, i64)> {
    let quantity = prop_oneof![6 => 1..5_i64, 1 => 1..1_000_i64];
    let price = prop_oneof![
        4 => 0..3_000_i64,
        3 => (0..400_i64).prop_map(|half| half * 50),
        1 => (0..40_i64).prop_map(|half| half * 5_000),
        1 => 0..200_000_000_i64,
    ];
    let rate = prop_oneof![
        4 => prop::sample::select(vec![0_i64, 1, 700, 1_900, 2_550, 10_000]),
        2 => 0..=10_000_i64,
    ];
    let tax = (rate, any::<bool>()).prop_map(|(rate, included)| Tax { rate, included });
    (prop::collection::vec((quantity, price), 1..=4), tax, prop_oneof![Just(0_i64), 0..2_000_i64])
}

#[test]
fn random_carts_come_to_what_the_long_division_says() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let till = runtime.block_on(Till::open());
    let config = Config { cases: 400, failure_persistence: None, rng_seed: seed(), ..Config::default() };
    let result = TestRunner::new(config).run(&carts(), |(lines, tax, shipping)| {
        let reply = runtime.block_on(till.order(&lines, tax, shipping));
        assert_eq!(reply.status(), 201, "{}", reply.text());
        assert_eq!(shown(&reply.json()), totals(&lines, tax, shipping));
        Ok(())
    });
    result.unwrap_or_else(|error| panic!("{error}"));
}

fn seed() -> RngSeed {
    let given = std::env::var("TOTALS_SEED").ok().and_then(|text| text.parse().ok());
    let seed = given.unwrap_or_else(|| {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
        u64::from(since.subsec_nanos())
    });
    println!("TOTALS_SEED={seed}");
    RngSeed::Fixed(seed)
}
