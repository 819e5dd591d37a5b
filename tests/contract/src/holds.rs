//! Holds on the schema: what a level has held follows its open lines, and expiry shows before it is written down.

use crate::bench::Bench;
use crate::shop::{NOW, Shop};
use storeroom_sql::settle::{self, NEXT_CHANGE, NEXT_DUE, STORES_WITH_EXPIRED};
use storeroom_sql::{Args, Batch, documents};

const OPEN: [&str; 4] = [
    "INSERT INTO locations (store_id, id, name, is_default, created_at) VALUES (:store, 'loc_a', 'Shop', 1, :now)",
    "INSERT INTO levels (store_id, variant_id, location_id, on_hand) SELECT store_id, id, 'loc_a', 9 FROM variants \
     WHERE store_id = :store",
    "INSERT INTO holds (store_id, id, state, expires_at, created_at, created_by) SELECT :store, value ->> 'id', 'open', \
     :now + (value ->> 'after'), :now - 9000, 'usr_a' FROM json_each(:holds)",
    "INSERT INTO hold_lines (store_id, hold_id, line, variant_id, location_id, quantity, open_until) \
     SELECT h.store_id, h.id, 0, v.id, 'loc_a', 2, h.expires_at FROM holds h JOIN variants v ON v.store_id = h.store_id \
     WHERE h.store_id = :store",
];

const HOLDS: &str = r#"[{"id":"hld_00000000000000000000000001","after":-1000},
    {"id":"hld_00000000000000000000000002","after":0},{"id":"hld_00000000000000000000000003","after":1}]"#;
const STORED: &str = "SELECT document FROM hold_documents WHERE store_id = :store AND id = :hold";
const LEVEL: &str = "SELECT on_hand, held FROM levels WHERE store_id = :store AND variant_id = :variant";
const EVENTS: &str = "SELECT subject, at, version, actor, id FROM events WHERE store_id = :store \
    AND type = 'hold.expired' ORDER BY seq";

fn hold(number: u32) -> Args {
    Args::new().with("hold", format!("hld_0000000000000000000000000{number}"))
}

/// A store with two variants, 9 of each, and three holds of 2 of each: two have expired.
async fn shop_with_holds(bench: &Bench) -> Shop<'_> {
    let shop = Shop::open(bench).await;
    shop.add("prd_a", None).await;
    shop.add("prd_b", None).await;
    let mut batch = Batch::new(shop.args.clone().with("holds", HOLDS));
    for sql in OPEN {
        batch.run(sql);
    }
    shop.done(&batch).await;
    shop
}

async fn held(shop: &Shop<'_>, product: &str) -> (Option<i64>, Option<i64>) {
    let rows = shop.rows(LEVEL, Args::new().with("variant", format!("var_{product}"))).await;
    (rows.integer(0, 0), rows.integer(0, 1))
}

async fn settle_lines(shop: &Shop<'_>, lines: &str) -> usize {
    let mut batch = Batch::new(shop.args.clone().with("lines", lines));
    settle::settle_lines(&mut batch);
    shop.done(&batch).await.iter().map(|announcement| announcement.events.len()).sum()
}

async fn settle_store(shop: &Shop<'_>) -> usize {
    let mut batch = Batch::new(shop.args.clone());
    settle::settle_expired(&mut batch);
    shop.done(&batch).await.iter().map(|announcement| announcement.events.len()).sum()
}

pub async fn what_is_shown_is_what_settling_writes(bench: &Bench) {
    let shop = shop_with_holds(bench).await;
    let mut shown = Vec::new();
    for number in 1..=3 {
        shown.push(shop.text(documents::HOLD, hold(number)).await);
    }
    assert_eq!(settle_store(&shop).await, 2);
    for (number, before) in (1..=3).zip(&shown) {
        assert_eq!(shop.text(STORED, hold(number)).await, *before);
        assert_eq!(shop.text(documents::HOLD, hold(number)).await, *before);
    }
    assert!(shown[1].contains(r#""state":"expired""#) && shown[2].contains(r#""state":"open""#));
    assert_eq!((settle_store(&shop).await, shop.head().await), (0, 4));
}

pub async fn whole_holds_settle_by_one_of_their_lines(bench: &Bench) {
    let shop = shop_with_holds(bench).await;
    assert_eq!(
        (held(&shop, "prd_a").await, held(&shop, "prd_b").await),
        ((Some(9), Some(6)), (Some(9), Some(6)))
    );
    assert_eq!(settle_lines(&shop, r#"[{"variant_id":"var_none"}]"#).await, 0);
    let twice = r#"[{"variant_id":"var_prd_a"},{"variant_id":"var_prd_a","location_id":"loc_a"}]"#;
    assert_eq!(settle_lines(&shop, twice).await, 2);
    assert_eq!(
        (held(&shop, "prd_a").await, held(&shop, "prd_b").await),
        ((Some(9), Some(2)), (Some(9), Some(2)))
    );
    assert_eq!(settle_lines(&shop, twice).await, 0);
    assert_eq!((shop.log().await, shop.head().await), (vec![1, 2, 3, 4], 4));
}

pub async fn an_expiry_is_told_with_its_moment(bench: &Bench) {
    let shop = shop_with_holds(bench).await;
    settle_store(&shop).await;
    let events = shop.rows(EVENTS, Args::new()).await;
    let told = |row: usize| {
        (events.text(row, 0), events.integer(row, 1), events.integer(row, 2), events.text(row, 3))
    };
    assert_eq!(told(0), (Some("hld_00000000000000000000000001"), Some(NOW - 1_000), Some(2), Some("system")));
    assert_eq!(told(1), (Some("hld_00000000000000000000000002"), Some(NOW), Some(2), Some("system")));
    let id = storeroom_domain::EventId::new(NOW, [0; 10]).to_string();
    assert_eq!(events.text(1, 4), Some(format!("{}0000000000000002", &id[..14]).as_str()));
}

pub async fn a_committed_line_leaves_in_one_step(bench: &Bench) {
    let shop = shop_with_holds(bench).await;
    let mut batch = Batch::new(shop.args.clone());
    batch.run("UPDATE levels SET on_hand = 6 WHERE store_id = :store");
    batch.run(
        "UPDATE hold_lines SET committed = 1, open_until = NULL WHERE store_id = :store \
         AND hold_id = 'hld_00000000000000000000000003'",
    );
    batch.run(
        "UPDATE holds SET state = 'committed', resolved_at = :now WHERE store_id = :store \
         AND id = 'hld_00000000000000000000000003'",
    );
    shop.done(&batch).await;
    assert_eq!(held(&shop, "prd_a").await, (Some(5), Some(4)));
}

pub async fn what_is_due_is_found(bench: &Bench) {
    let shop = shop_with_holds(bench).await;
    let stores = |rows: storeroom_sql::Rows| rows.0.contains(&vec![format!("str_{}", bench.scope).into()]);
    assert!(stores(shop.rows(STORES_WITH_EXPIRED, Args::new()).await));
    assert!(shop.rows(NEXT_DUE, Args::new()).await.integer(0, 0).is_some_and(|at| at <= NOW - 1_000));
    assert_eq!(shop.rows(NEXT_CHANGE, Args::new()).await.integer(0, 0), Some(NOW + 1));
    settle_store(&shop).await;
    assert!(!stores(shop.rows(STORES_WITH_EXPIRED, Args::new()).await));
    assert_eq!(shop.rows(NEXT_CHANGE, Args::new()).await.integer(0, 0), Some(NOW + 1));
}
