//! One change after another: what it comes to, or why it cannot be done.

use super::shelf::{Current, Shelf};
use super::staged::{Moves, Staged, Standing, columns, last_columns};
use super::{Change, Effect, Meant, Target, look_up, said};
use crate::content::Content;
use crate::{patch, refusals};
use serde_json::{Value as Json, json};
use std::rc::Rc;
use storeroom_domain::id::{self, Id, Kind};
use storeroom_domain::{EventType, ProductId, ProductStatus, Timestamp};
use storeroom_operations::shapes::product::{PRODUCT_INPUT, ProductInput};
use storeroom_operations::{Code, Problem};
use storeroom_ports::random::new_id;
use storeroom_ports::{Ports, Random};
use storeroom_web::body;
use storeroom_web::precondition::stale;

/// What a change comes to.
pub struct Decided {
    /// The product.
    pub product: ProductId,
    /// The version that it has then.
    pub version: i64,
    /// What is done.
    pub effect: Effect,
    /// What is written, if anything is.
    pub staged: Option<Staged>,
}

/// Why it comes to nothing.
#[derive(Debug)]
pub enum No {
    /// It is refused.
    Refused(Problem),
    /// Not enough was looked up.
    Postponed,
}

impl From<Problem> for No {
    fn from(problem: Problem) -> Self {
        Self::Refused(problem)
    }
}

/// Gives out ids. Those of products sort in the order in which they are given out, so that products of one batch stand
/// in a list as they stood in the request.
pub struct Ids {
    random: Rc<dyn Random>,
    now: Timestamp,
    products: std::vec::IntoIter<ProductId>,
}

impl Ids {
    /// Ids for that moment and at most so many products.
    pub fn new(ports: &Ports, now: Timestamp, products: usize) -> Self {
        let random = ports.random.clone();
        let mut ids: Vec<ProductId> = (0..products).map(|_| new_id(random.as_ref(), now)).collect();
        ids.sort_unstable();
        Self { random, now, products: ids.into_iter() }
    }

    fn new_id<K: Kind>(&self) -> Id<K> {
        new_id(self.random.as_ref(), self.now)
    }

    fn product(&mut self) -> ProductId {
        self.products.next().unwrap_or_else(|| self.new_id())
    }
}

/// Decides on a change, and notes on the shelf what it does.
pub fn decide(shelf: &mut Shelf, change: &Change, ids: &mut Ids) -> Result<Decided, No> {
    match change {
        Change::Create(product) => create(shelf, product, None, ids),
        Change::Update(meant, patch) => {
            let (product, current) = named(shelf, *meant)?;
            let draft = Draft::of(product, current, patch, Next::Stays, ids.now)?;
            draft.write(shelf, ids)
        }
        Change::Publish(meant) => {
            let (product, current) = named(shelf, *meant)?;
            let now = Target { status: ProductStatus::Published, publish_at: None };
            let draft = Draft::of(product, current, &json!({}), Next::Moves(now), ids.now)?;
            draft.write(shelf, ids)
        }
        Change::Delete(meant) => delete(shelf, *meant, ids),
        Change::Upsert(said, target) => upsert(shelf, said, *target, ids),
    }
}

/// The product that is meant, if it may change.
fn named(shelf: &mut Shelf, meant: Meant) -> Result<(ProductId, &Current), No> {
    let current = current(shelf, meant.product)?;
    if meant.version != current.version {
        let document = current.document.as_ref().ok_or(No::Postponed)?;
        return Err(stale("product").member("current", document.to_string()).into());
    }
    Ok((meant.product, current))
}

fn current(shelf: &mut Shelf, product: ProductId) -> Result<&Current, No> {
    let current = shelf.products.get(&product).ok_or_else(|| Problem::not_found("product"))?;
    // Refused ones count, too: each answer may show the whole product.
    if !shelf.named.insert(product) {
        return Err(refusals::named_twice().into());
    }
    Ok(current)
}

fn create(shelf: &mut Shelf, product: &Json, target: Option<Target>, ids: &mut Ids) -> Result<Decided, No> {
    let content = Content::of(body::read(&PRODUCT_INPUT, product.clone())?)?;
    let draft = Standing { status: ProductStatus::Draft, publish_at: None, published_at: None };
    let standing = moved(draft, target.map_or(Next::Stays, Next::Reaches), ids.now)?;
    let mut input = content.into_input();
    let product = ids.product();
    if input.handle.is_none() {
        let suffix = product.to_string();
        let suffix = suffix.get(suffix.len().saturating_sub(6)..).unwrap_or_default();
        let made = Content::made_handle(&input.title, suffix);
        let is_taken = shelf.handles.contains_key(&made);
        input.handle = Some(if is_taken { format!("{made}-{suffix}") } else { made });
    }
    Draft { product, before: None, input, standing }.write(shelf, ids)
}

fn delete(shelf: &mut Shelf, meant: Meant, ids: &Ids) -> Result<Decided, No> {
    let (product, current) = named(shelf, meant)?;
    let before = Before::of(current)?;
    let gone: Vec<String> = before.input.variants.iter().filter_map(|variant| variant.id.clone()).collect();
    not_in_use(shelf, &gone)?;
    shelf.put_away(&before.input);
    let version = before.version.saturating_add(1);
    let staged = Staged {
        id: product,
        is_deleted: true,
        version,
        event: (ids.new_id(), EventType::ProductDeleted),
        product: last_columns(gone),
    };
    Ok(Decided { product, version, effect: Effect::Deleted, staged: Some(staged) })
}

fn upsert(shelf: &mut Shelf, said: &Json, target: Option<Target>, ids: &mut Ids) -> Result<Decided, No> {
    let mut owners: Vec<ProductId> =
        look_up::skus(said).filter_map(|sku| shelf.skus.get(sku).copied()).collect();
    owners.sort_unstable();
    owners.dedup();
    let product = match owners.as_slice() {
        [] => {
            let content = said::over(json!({}), said)?;
            return create(shelf, &json!(content.into_input()), target, ids);
        }
        [only] => *only,
        _ => return Err(refusals::several_products().into()),
    };
    let current = current(shelf, product)?;
    let before = Before::of(current)?;
    let document = current.document.clone().ok_or(No::Postponed)?;
    let input = said::over(document, said)?.into_input();
    let standing = moved(before.standing, target.map_or(Next::Stays, Next::Reaches), ids.now)?;
    Draft { product, before: Some(before), input, standing }.unless_same(shelf, ids)
}

/// A product as it is, as a client would send it.
struct Before {
    input: ProductInput,
    version: i64,
    standing: Standing,
}

impl Before {
    fn of(current: &Current) -> Result<Self, No> {
        let document = current.document.as_ref().ok_or(No::Postponed)?;
        let time = |name| document.get(name).and_then(Json::as_str).and_then(Timestamp::parse);
        let status = document.get("status").and_then(Json::as_str).and_then(ProductStatus::parse);
        let standing = Standing {
            status: status.unwrap_or(ProductStatus::Draft),
            publish_at: time("publish_at"),
            published_at: time("published_at"),
        };
        let input = patch::merged(document.clone(), &json!({}))?.into_input();
        Ok(Self { input, version: current.version, standing })
    }
}

/// Where a product's status goes.
#[derive(Clone, Copy)]
enum Next {
    /// Nowhere.
    Stays,
    /// There, and it must not be there yet.
    Moves(Target),
    /// There, unless it is there already.
    Reaches(Target),
}

/// Where a product stands after a move, if its states allow it.
fn moved(from: Standing, next: Next, now: Timestamp) -> Result<Standing, Problem> {
    let target = match next {
        Next::Stays => return Ok(from),
        Next::Moves(target) | Next::Reaches(target) => target,
    };
    let publish_at = target.publish_at.filter(|at| *at > now);
    // A time that has passed means now.
    let status = match target.status {
        ProductStatus::Scheduled if target.publish_at.is_none() => return Err(refusals::no_publish_at()),
        ProductStatus::Scheduled if publish_at.is_none() => ProductStatus::Published,
        status => status,
    };
    let is_there = from.status == status && matches!(next, Next::Reaches(_));
    if !is_there && !from.status.allowed().contains(&status) {
        return Err(refusals::illegal_transition(from.status, status));
    }
    let since = if is_there { from.published_at } else { Some(now) };
    Ok(Standing {
        status,
        publish_at: publish_at.filter(|_| status == ProductStatus::Scheduled),
        published_at: since.filter(|_| status == ProductStatus::Published),
    })
}

/// A product as it is to be.
struct Draft {
    product: ProductId,
    before: Option<Before>,
    input: ProductInput,
    standing: Standing,
}

impl Draft {
    /// The patch merged into the product.
    fn of(
        product: ProductId,
        current: &Current,
        patch: &Json,
        next: Next,
        now: Timestamp,
    ) -> Result<Self, No> {
        let before = Before::of(current)?;
        let document = current.document.clone().ok_or(No::Postponed)?;
        let input = patch::merged(document, patch)?.into_input();
        let standing = moved(before.standing, next, now)?;
        Ok(Self { product, before: Some(before), input, standing })
    }

    /// Writes it if it differs from what is there.
    fn unless_same(self, shelf: &mut Shelf, ids: &Ids) -> Result<Decided, No> {
        let fitted = self.fitted(shelf, ids)?;
        match &fitted.before {
            Some(before) if before.input == fitted.input && before.standing == fitted.standing => {
                let (product, version) = (fitted.product, before.version);
                Ok(Decided { product, version, effect: Effect::Unchanged, staged: None })
            }
            _ => fitted.put(shelf, ids),
        }
    }

    /// Writes it.
    fn write(self, shelf: &mut Shelf, ids: &Ids) -> Result<Decided, No> {
        self.fitted(shelf, ids)?.put(shelf, ids)
    }

    /// The same with the ids of its variants. Which of those were named must be looked at before new ones are given.
    fn fitted(mut self, shelf: &Shelf, ids: &Ids) -> Result<Self, Problem> {
        self.fits(shelf)?;
        self.match_variants(ids);
        Ok(self)
    }

    fn put(self, shelf: &mut Shelf, ids: &Ids) -> Result<Decided, No> {
        let moves = self.moves();
        not_in_use(shelf, &moves.gone)?;
        self.has_its_skus(shelf)?;
        if let Some(before) = &self.before {
            shelf.put_away(&before.input);
        }
        shelf.put(self.product, &self.input);
        let version = self.before.as_ref().map_or(0, |before| before.version).saturating_add(1);
        let staged = Staged {
            id: self.product,
            is_deleted: false,
            version,
            event: (ids.new_id(), self.event_type()),
            product: columns(&self.input, self.standing, &moves),
        };
        let effect = if self.before.is_some() { Effect::Updated } else { Effect::Created };
        Ok(Decided { product: self.product, version, effect, staged: Some(staged) })
    }

    fn event_type(&self) -> EventType {
        let Some(before) = &self.before else { return EventType::ProductCreated };
        match self.standing.status {
            status if status == before.standing.status => EventType::ProductUpdated,
            ProductStatus::Published => EventType::ProductPublished,
            ProductStatus::Draft => EventType::ProductUnpublished,
            ProductStatus::Archived => EventType::ProductArchived,
            ProductStatus::Scheduled => EventType::ProductUpdated,
        }
    }

    /// Gives each variant its id: the one that it names, else that of the product's variant with its SKU, else a new one.
    fn match_variants(&mut self, ids: &Ids) {
        let named: Vec<String> =
            self.input.variants.iter().filter_map(|variant| variant.id.clone()).collect();
        let before = self.before.as_ref().map(|before| before.input.variants.as_slice()).unwrap_or_default();
        for variant in self.input.variants.iter_mut().filter(|variant| variant.id.is_none()) {
            let same = before.iter().find(|old| old.sku == variant.sku).and_then(|old| old.id.clone());
            let same = same.filter(|id| !named.contains(id));
            variant.id = Some(same.unwrap_or_else(|| ids.new_id::<id::Variant>().to_string()));
        }
    }

    fn moves(&self) -> Moves {
        let mut moves = Moves::default();
        let before = self.before.as_ref().map(|before| before.input.variants.as_slice()).unwrap_or_default();
        for old in before {
            let Some(id) = &old.id else { continue };
            match self.input.variants.iter().find(|variant| variant.id.as_ref() == Some(id)) {
                None => moves.gone.push(id.clone()),
                Some(new) if new.sku != old.sku => moves.respelt.push(id.clone()),
                Some(_) => {}
            }
        }
        moves
    }

    /// Refuses what contradicts the rest of the store.
    fn fits(&self, shelf: &Shelf) -> Result<(), Problem> {
        let mut faults =
            refusals::foreign_variants(&self.input, self.before.as_ref().map(|before| &before.input));
        faults.extend(refusals::foreign_prices(&self.input, &shelf.currency));
        let is_other = |owner: &ProductId| *owner != self.product;
        if self.input.external_id.as_ref().and_then(|id| shelf.external_ids.get(id)).is_some_and(is_other) {
            faults.push(refusals::external_id_taken());
        }
        if matches!(self.standing.status, ProductStatus::Published | ProductStatus::Scheduled) {
            faults.extend(refusals::unsellable(&self.input));
        }
        if !faults.is_empty() {
            return Err(Problem::with_faults(Code::ValidationFailed, faults));
        }
        let owner = self.input.handle.as_ref().and_then(|handle| shelf.handles.get(handle));
        if owner.is_some_and(is_other) { Err(refusals::handle_taken()) } else { Ok(()) }
    }

    fn has_its_skus(&self, shelf: &Shelf) -> Result<(), Problem> {
        let taken = |sku: &String| shelf.skus.get(sku).is_some_and(|owner| *owner != self.product);
        let skus = self.input.variants.iter().map(|variant| &variant.sku).enumerate();
        let places: Vec<usize> = skus.filter(|(_, sku)| taken(sku)).map(|(place, _)| place).collect();
        if places.is_empty() { Ok(()) } else { Err(refusals::skus_taken(&places)) }
    }
}

fn not_in_use(shelf: &Shelf, gone: &[String]) -> Result<(), Problem> {
    if gone.iter().any(|variant| shelf.in_use.contains(variant)) { Err(refusals::in_use()) } else { Ok(()) }
}
