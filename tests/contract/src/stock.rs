//! Movements of stock: judged together, written down, told with what they make low.

use crate::bench::Bench;
use crate::shop::Shop;
use storeroom_domain::EventType;
use storeroom_operations::Code;
use storeroom_sql::{Args, Batch, stock};

async fn shop_with_variants(bench: &Bench) -> Shop<'_> {
    let shop = Shop::open(bench).await;
    let mut batch = Batch::new(shop.args.clone());
    batch.run(
        "INSERT INTO locations (store_id, id, name, is_default, created_at) VALUES (:store, 'loc_a', 'Here', 1, :now)",
    );
    shop.done(&batch).await;
    for product in ["prd_a", "prd_b"] {
        shop.add(product, None).await;
    }
    shop
}

/// Moves of (product, delta); `number` makes the ids of their events.
fn moves(shop: &Shop<'_>, number: u8, deltas: &[(&str, i64)]) -> Batch {
    let lines =
        deltas.iter().map(|(product, delta)| format!(r#"{{"variant_id":"var_{product}","delta":{delta}}}"#));
    let mut batch = Batch::new(shop.args.clone());
    batch.set("lines", format!("[{}]", lines.collect::<Vec<_>>().join(",")));
    batch.set("event_id", format!("evt_adjusted_{number}"));
    batch.set("crossing_id", format!("evt_{number:026}"));
    stock::guard_known(&mut batch);
    stock::guard_available(&mut batch);
    stock::make_levels(&mut batch);
    stock::move_on_hand(&mut batch, "adjusted");
    stock::tell_levels(&mut batch, EventType::StockAdjusted, "TRUE");
    stock::tell_crossings(&mut batch);
    batch
}

pub async fn movements_are_written_and_told(bench: &Bench) {
    let shop = shop_with_variants(bench).await;
    shop.done(&moves(&shop, 1, &[("prd_a", 4), ("prd_b", 9), ("prd_a", 5)])).await;
    let told = shop.done(&moves(&shop, 2, &[("prd_a", -5), ("prd_b", -5)])).await;
    let told: Vec<_> =
        told.iter().flat_map(|one| &one.events).map(|event| (event.seq, event.event_type.as_str())).collect();
    assert_eq!(told, [(4, "stock.adjusted"), (5, "stock.low"), (6, "stock.low")]);
    let told = shop.done(&moves(&shop, 3, &[("prd_a", 2)])).await;
    assert_eq!(told.last().unwrap().events.last().unwrap().event_type, "stock.replenished");
    assert_eq!((shop.log().await, shop.head().await), ((1..=8).collect(), 8));
    let ledger = shop
        .rows("SELECT group_concat(delta || ':' || after) FROM ledger WHERE store_id = :store", Args::new())
        .await;
    assert_eq!(ledger.text(0, 0), Some("4:4,9:9,5:9,-5:4,-5:4,2:6"));
    let open = shop
        .rows("SELECT variant_id, id FROM alerts WHERE store_id = :store AND closed_at IS NULL", Args::new())
        .await;
    assert_eq!((open.0.len(), open.text(0, 0)), (1, Some("var_prd_b")));
    assert_eq!(open.text(0, 1), Some("alr_00000000000000000000000002"), "the second of the second request");
}

pub async fn what_is_not_there_names_its_lines(bench: &Bench) {
    let shop = shop_with_variants(bench).await;
    shop.done(&moves(&shop, 1, &[("prd_a", 3)])).await;
    let refused = bench.batch(&moves(&shop, 2, &[("prd_b", 1), ("prd_a", -4)])).await.unwrap_err().problem;
    assert_eq!(refused.code, Code::InsufficientStock);
    let lines = r#"[{"pointer":"/lines/1","variant_id":"var_prd_a","requested":4,"available":3}]"#;
    assert_eq!(refused.members, [("lines", lines.to_owned())]);
    let unknown = bench.batch(&moves(&shop, 3, &[("prd_a", 1), ("prd_x", 1)])).await.unwrap_err().problem;
    assert_eq!((unknown.code, unknown.faults.len()), (Code::ValidationFailed, 1));
    assert_eq!(unknown.faults[0].pointer, "/lines/1/variant_id");
    assert_eq!(shop.head().await, 3);
}
