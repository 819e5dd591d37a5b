//! What must hold after every step and at the end of a sequence, read past the service and through it.
//!
//! Guarantees: nothing is negative; `available` is what is on hand and neither held nor committed; the ledger, the open
//! holds and the orders fold to the levels; events, movements and orders are counted without holes; every hold and
//! order is resolved at most once.

use crate::model::shop::{Order, Shop};
use crate::model::steps::{Ask, PLACES, VARIANTS};
use crate::model::trial::{Trial, differs};
use serde_json::{Value, json};
use std::sync::LazyLock;
use storeroom_domain::Role;
use storeroom_sql::documents::{COMMITTED, HELD};
use storeroom_sql::{Args, Rows, Statement};

/// What is folded of a level `l` is summed over what belongs to it.
macro_rules! of_level {
    ($sum:literal, $table:literal, $which:literal) => {
        concat!(
            "(SELECT coalesce(",
            $sum,
            ", 0) FROM ",
            $table,
            " t WHERE t.store_id = l.store_id AND ",
            "t.variant_id = l.variant_id AND t.location_id = l.location_id AND ",
            $which,
            ")"
        )
    };
}

/// Each level: what is shown, then what is stored, then what it is folded from.
static LEVELS: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT l.variant_id, l.location_id, l.on_hand, {HELD}, {COMMITTED}, l.held, l.committed, {}, {}, {} \
         FROM levels l WHERE l.store_id = :store",
        of_level!("sum(delta)", "ledger", "TRUE"),
        of_level!("sum(quantity)", "hold_lines", "t.open_until IS NOT NULL"),
        of_level!("sum(committed)", "order_lines", "TRUE"),
    )
});

/// What is missing in each count, and what is left between two transactions: all 0.
const HOLES: &str = "SELECT s.seq - (SELECT count(*) FROM events WHERE store_id = s.id), \
    s.seq - (SELECT coalesce(max(seq), 0) FROM events WHERE store_id = s.id), \
    s.last_order_number - (SELECT count(*) FROM orders WHERE store_id = s.id), \
    s.last_order_number - (SELECT coalesce(max(number), 0) FROM orders WHERE store_id = s.id), \
    (SELECT coalesce(max(seq), 0) - count(*) FROM ledger WHERE store_id = s.id), \
    (SELECT count(*) FROM crossings WHERE store_id = s.id), \
    (SELECT count(*) FROM (SELECT before - lag(after, 1, 0) OVER (PARTITION BY variant_id, location_id ORDER BY seq) \
        AS gap FROM ledger WHERE store_id = s.id) WHERE gap <> 0) \
    FROM stores s WHERE s.id = :store";

/// Each subject with the types of the events about it, in order.
const TOLD: &str = "SELECT subject, json_group_array(type) FROM (SELECT subject, type FROM events WHERE store_id = :store \
    ORDER BY seq) GROUP BY subject";

impl Trial<'_> {
    async fn rows(&self, sql: &str) -> Rows {
        let args = Args::new().with("store", self.bed.store.to_string()).with("now", self.shop.now);
        let args =
            if sql.contains(":now") { args } else { Args::new().with("store", self.bed.store.to_string()) };
        let statement = Statement::bind(sql.to_owned(), &args).unwrap();
        self.bed.ports.database.read(statement).await.unwrap()
    }

    /// What is stored adds up, and is what the model says.
    pub async fn check(&self) {
        let levels = self.rows(&LEVELS).await;
        let mut stocked = [[false; PLACES]; VARIANTS];
        for row in 0..levels.0.len() {
            let place = |column, ids: &[String]| {
                ids.iter().position(|id| Some(id.as_str()) == levels.text(row, column))
            };
            let variant = place(0, &self.shop.terms.variants).unwrap();
            let place = place(1, &self.shop.terms.places).unwrap();
            let numbers: Vec<i64> = (2..10).map(|column| levels.integer(row, column).unwrap()).collect();
            stocked[variant][place] = true;
            self.check_level(variant, place, &numbers);
        }
        for (variant, place) in
            (0..VARIANTS).flat_map(|variant| (0..PLACES).map(move |place| (variant, place)))
        {
            assert!(stocked[variant][place] || self.shop.on_hand[variant][place] == 0, "a level is missing");
        }
        let holes = self.rows(HOLES).await;
        assert_eq!(holes.0, [vec![storeroom_sql::Value::Integer(0); 7]], "something has a hole");
    }

    fn check_level(&self, variant: usize, place: usize, numbers: &[i64]) {
        let [on_hand, held, committed, stored_held, stored_committed, moved, open, kept] = numbers else {
            panic!("{numbers:?}")
        };
        let shop = &self.shop;
        let expected =
            [shop.on_hand[variant][place], shop.held(variant, place), shop.committed(variant, place)];
        assert_eq!(
            [*on_hand, *held, *committed],
            expected,
            "level {variant} at {place}: on hand, held, committed"
        );
        assert_eq!(
            [moved, open, kept],
            [on_hand, stored_held, stored_committed],
            "{variant} at {place} does not fold"
        );
        let least = [
            on_hand - held - committed,
            on_hand - stored_held - stored_committed,
            *on_hand,
            *held,
            *committed,
        ];
        assert!(
            least.iter().all(|number| *number >= 0),
            "{variant} at {place} has less than nothing: {numbers:?}"
        );
    }

    async fn get(&self, path: &str) -> Value {
        let reply = self.bed.call(Role::Fulfilment, "GET", &format!("/api/pms{path}"), None).await;
        assert_eq!((reply.status(), reply.round_trips), (200, 1), "{path}: {}", reply.text());
        reply.json()
    }

    /// Levels, holds and orders read as the model says.
    pub async fn read_all(&mut self) {
        let levels = self.get("/inventory/status?limit=250").await;
        for level in levels["items"].as_array().unwrap() {
            let place = |name: &str, ids: &[String]| {
                ids.iter().position(|id| Some(id.as_str()) == level[name].as_str())
            };
            let variant = place("variant_id", &self.shop.terms.variants).unwrap();
            let place = place("location_id", &self.shop.terms.places).unwrap();
            expect(level, &self.shop.level(variant, place));
        }
        for hold in &self.shop.holds {
            expect(&self.get(&format!("/inventory/holds/{}", hold.id)).await, &self.shop.hold_shown(hold));
        }
        for order in &self.shop.orders {
            expect(&self.get(&format!("/orders/{}", order.id)).await, &self.shop.order_shown(order));
        }
    }

    /// The list of orders is as the model says.
    async fn list(&self) {
        let mut orders: Vec<&Order> = self.shop.orders.iter().collect();
        orders.sort_by(|a, b| b.id.cmp(&a.id));
        let orders: Vec<Value> = orders.into_iter().map(|order| self.shop.order_shown(order)).collect();
        expect(&self.get("/orders?limit=250").await, &json!({"items": orders}));
    }

    /// Once everything has had its time: it reads so before and after it is written down, and the log tells it once.
    pub async fn end(&mut self) {
        self.wait(10_000);
        self.check().await;
        self.read_all().await;
        storeroom_inventory::due::run(&self.bed.ports).await.unwrap();
        self.check().await;
        self.list().await;
        self.send(&Ask::Reconcile(false)).await;
        self.check_log().await;
    }

    async fn check_log(&self) {
        let told = self.rows(TOLD).await;
        let told: Vec<(&str, Value)> = (0..told.0.len())
            .map(|row| {
                (told.text(row, 0).unwrap(), serde_json::from_str(told.text(row, 1).unwrap()).unwrap())
            })
            .collect();
        let mut expected = told_of(&self.shop);
        for (subject, types) in told {
            let known = expected.iter().position(|(known, _)| known == subject);
            let expected = match known {
                Some(known) => expected.swap_remove(known).1,
                None if types == json!(["stock.low"]) => continue,
                None => json!(["stock.low", "stock.replenished"]),
            };
            assert_eq!(types, expected, "the log about {subject}");
        }
        assert!(expected.is_empty(), "the log does not tell of {expected:?}");
    }
}

/// What the log tells of each hold and order and of the stock, once nothing is open.
fn told_of(shop: &Shop) -> Vec<(String, Value)> {
    let hold = |now: &str| json!(["hold.created", format!("hold.{now}")]);
    let holds = shop.holds.iter().map(|known| (known.id.clone(), hold(known.state(shop.now))));
    let orders = shop.orders.iter().map(|order| (order.id.clone(), json!(order.told_by(shop.now))));
    let stock = [("stock".to_owned(), json!(shop.told))];
    holds.chain(orders).chain(stock).chain(sales(shop)).collect()
}

/// One event for each change of the figures: a payment, what takes it back, a refund, a return.
fn sales(shop: &Shop) -> Option<(String, Value)> {
    let changes = |order: &Order| {
        let told = order.told_by(shop.now);
        let is_paid = told.contains(&"order.paid");
        let counts = |told: &&&str| {
            matches!(**told, "order.paid" | "order.refunded" | "order.returned")
                || (is_paid && **told == "order.cancelled")
        };
        told.iter().filter(counts).count()
    };
    let count = shop.orders.iter().map(changes).sum();
    (count > 0).then(|| ("sales".to_owned(), json!(vec!["sales.updated"; count])))
}

fn expect(shown: &Value, members: &Value) {
    let difference = differs(shown, members);
    assert!(difference.is_none(), "{} in {shown}", difference.unwrap_or_default());
}
