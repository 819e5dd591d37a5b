//! A test bed for many sequences: each gets a store of its own, so that its checks read little and its counts begin at 1.

use crate::model::shop::{PRICES, Terms};
use crate::model::steps::{Sequence, VARIANTS};
use crate::model::trial::{Seen, Trial};
use serde_json::json;
use storeroom_domain::{LocationId, ProductId, Role, StoreId, VariantId};
use storeroom_sql::{Args, Batch, FrameResult};
use storeroom_testbed::Testbed;

/// Sequences on one bed: its members' tokens hold for a day of its clock, and its file grows.
const MOST_ON_A_BED: u32 = 250;

/// Beds, one after the other.
#[derive(Default)]
pub struct Stage {
    bed: Option<Testbed>,
    stores: u32,
    /// How often each operation had each outcome so far.
    pub seen: Seen,
}

impl Stage {
    /// Plays a sequence. After one that fails the bed is another.
    pub async fn play(&mut self, sequence: &Sequence) {
        let used = self.bed.take().filter(|_| !self.stores.is_multiple_of(MOST_ON_A_BED));
        let mut bed = match used {
            Some(bed) => bed,
            None => Testbed::new().await,
        };
        self.stores += 1;
        let terms = open_store(&mut bed, sequence, self.stores).await;
        let mut trial = Trial::new(&bed, terms, &mut self.seen).await;
        for step in &sequence.steps {
            trial.step(step).await;
        }
        trial.end().await;
        self.bed = Some(bed);
    }
}

/// Turns to a new store with two locations and three variants, the last of them of a product that is not published.
async fn open_store(bed: &mut Testbed, sequence: &Sequence, number: u32) -> Terms {
    let now = bed.ports.clock.now().ms();
    let random = |nth: u8| {
        let [a, b, c, d] = number.to_be_bytes();
        [nth, a, b, c, d, 0, 0, 0, 0, nth]
    };
    let store = StoreId::new(now, random(0));
    let products = [10, 11].map(|nth| ProductId::new(now, random(nth)).to_string());
    let variants: Vec<String> =
        (0..VARIANTS).map(|nth| VariantId::new(now, random(20 + nth as u8)).to_string()).collect();
    let places: Vec<String> = [30, 31].map(|nth| LocationId::new(now, random(nth)).to_string()).to_vec();
    bed.store = store;
    let printed = (0..VARIANTS).map(|nth| {
        json!({"id": variants[nth], "product": products[nth / 2], "price": PRICES[nth], "sku": format!("V-{nth}")})
    });
    let args = Args::new()
        .with("store", store.to_string())
        .with("now", now)
        .with("rate", sequence.rate)
        .with("included", i64::from(sequence.included))
        .with("order_expiry_s", sequence.order_expiry_s)
        .with("places", json!(places).to_string())
        .with("products", json!(products).to_string())
        .with("variants", json!(printed.collect::<Vec<_>>()).to_string())
        .with("user", bed.member(Role::Fulfilment).identity.user.to_string());
    let mut batch = Batch::new(args);
    for sql in OPENING {
        batch.run(sql);
    }
    let done = bed.ports.database.commit(batch.frame().unwrap()).await.unwrap();
    assert!(matches!(done, FrameResult::Done(_)), "{done:?}");
    let Sequence { rate, included, shipping, order_expiry_s, .. } = *sequence;
    Terms { variants, places, rate, included, order_expiry_s, shipping }
}

const OPENING: [&str; 5] = [
    "INSERT INTO stores (id, name, currency, timezone, created_at, tax_rate_basis_points, prices_include_tax, \
     order_expiry_s, hold_expiry_s) VALUES (:store, 'Hearth', 'EUR', 'Europe/Berlin', :now, :rate, :included, \
     :order_expiry_s, 60)",
    "INSERT INTO locations (store_id, id, name, is_default, created_at) \
     SELECT :store, value, 'Shop ' || key, key = 0, :now FROM json_each(:places)",
    "INSERT INTO memberships (store_id, user_id, role, created_at) VALUES (:store, :user, 'fulfilment', :now)",
    "INSERT INTO products (store_id, id, handle, title, description, status, tags, attributes, options, published_at, \
     version, created_at, updated_at) SELECT :store, value, 'cup-' || key, 'Cup', '', iif(key = 0, 'published', 'draft'), \
     '[]', '{}', '[]', iif(key = 0, :now, NULL), 1, :now, :now FROM json_each(:products)",
    "INSERT INTO variants (store_id, id, product_id, sku, option_values, price_minor, position) \
     SELECT :store, value ->> 'id', value ->> 'product', value ->> 'sku', '{}', value ->> 'price', key \
     FROM json_each(:variants)",
];
