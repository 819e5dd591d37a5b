//! One sequence: a store of its own on a test bed, the model of it, and steps on both.
//!
//! Guarantees: every answer is the one that the model foresees, whatever fails, comes twice or comes at once; what a
//! failed database left is all or nothing, and the retry under the same key does it exactly once.

use crate::model::judge::Judgement;
use crate::model::request::{Meant, Request};
use crate::model::shop::{Shop, Terms};
use crate::model::steps::{Ask, Failing, Line, Step};
use serde_json::Value;
use std::collections::BTreeMap;
use storeroom_domain::Role;
use storeroom_testbed::{Fault, Reply, Testbed};

/// How often an operation had an outcome.
pub type Seen = BTreeMap<(&'static str, String), u32>;

/// A request that was done, and its answer.
struct Done {
    request: Request,
    key: String,
    answer: (u16, String),
}

/// A sequence on its way.
pub struct Trial<'a> {
    pub bed: &'a Testbed,
    pub shop: Shop,
    pub seen: &'a mut Seen,
    done: Vec<Done>,
    keys: u32,
}

impl<'a> Trial<'a> {
    /// A store with some stock.
    pub async fn new(bed: &'a Testbed, terms: Terms, seen: &'a mut Seen) -> Self {
        let shop = Shop::new(terms, bed.ports.clock.now().ms());
        let mut trial = Self { bed, shop, seen, done: Vec::new(), keys: 0 };
        let opening = trial.shop.adjust(&[Line(0, 0, 6), Line(1, 0, 4), Line(2, 0, 3), Line(0, 1, 3)]);
        trial.send_request(opening).await;
        trial
    }

    /// Does the step and compares what came of it.
    pub async fn step(&mut self, step: &Step) {
        match step {
            Step::Send(ask) => self.send(ask).await,
            Step::Fail(ask, failing) => self.fail(ask, *failing).await,
            Step::Race(asks, turns) => self.race(asks, turns).await,
            Step::Twins(ask) => self.twins(ask).await,
            Step::Retry(back, other) => self.retry(*back, *other).await,
            Step::Wait(ms) => self.wait(*ms),
            Step::WaitPastExpiry(past) => {
                let until = self.shop.next_expiry().map_or(0, |at| at + past - self.shop.now);
                self.wait(until.max(0));
            }
            Step::DueWork(failing) => self.due_work(*failing).await,
            Step::Read => self.read_all().await,
        }
        self.check().await;
    }

    /// Lets the clock go on.
    pub fn wait(&mut self, ms: i64) {
        self.bed.clock.advance(ms);
        self.shop.now += ms;
    }

    /// Sends a request and judges the answer.
    pub async fn send(&mut self, ask: &Ask) {
        let Some(request) = self.shop.request(ask) else { return };
        self.send_request(request).await;
    }

    async fn send_request(&mut self, request: Request) {
        let key = self.new_key();
        let reply = ask(self.bed, &request, &key).await;
        let most = if request.meant == Meant::Reconcile { 2 } else { 1 };
        assert!(reply.round_trips <= most, "{request:?} took {} round trips", reply.round_trips);
        self.judge(request, key, reply);
    }

    fn new_key(&mut self) -> String {
        self.keys += 1;
        format!("key-{}", self.keys)
    }

    fn judge(&mut self, request: Request, key: String, reply: Reply) {
        let judgement = self.shop.apply(&request.meant);
        if let Err(difference) = compare(&judgement, &reply) {
            panic!("{request:?}: {difference}");
        }
        self.remember(request, key, reply);
    }

    fn remember(&mut self, request: Request, key: String, reply: Reply) {
        *self.seen.entry((request.meant.name(), reply.code())).or_default() += 1;
        if reply.status() >= 300 {
            return;
        }
        self.shop.learn_id(&request.meant, reply.json()["id"].as_str().unwrap_or_default());
        if request.method == "POST" {
            self.done.push(Done { request, key, answer: (reply.status(), reply.text()) });
        }
    }

    fn note(&mut self, what: &'static str, outcome: &str) {
        *self.seen.entry((what, outcome.to_owned())).or_default() += 1;
    }

    /// Sends a request while something fails, and again once nothing does.
    async fn fail(&mut self, what: &Ask, failing: Failing) {
        let Some(request) = self.shop.request(what).filter(|request| request.method == "POST") else {
            return;
        };
        let key = self.new_key();
        self.bed.database.fault.set(failing.fault());
        let failed = ask(self.bed, &request, &key).await;
        self.bed.database.fault.set(Fault::None);
        let code = failed.code();
        self.note("failure", &code);
        if !["unavailable", "outcome-unknown", "internal"].contains(&code.as_str()) {
            assert!(failed.status() >= 400, "{request:?} was done though {failing:?}: {}", failed.text());
            return self.judge(request, key, failed);
        }
        assert_eq!(failed.status(), if code == "internal" { 500 } else { 503 }, "{}", failed.text());
        let again = ask(self.bed, &request, &key).await;
        let (was_done, replayed) = (again.status() < 300, is_replayed(&again));
        match failing {
            Failing::AnswerLost => assert_eq!(replayed, was_done, "{request:?} {}", again.text()),
            Failing::CutBefore(_) => self.note("cut", if replayed { "done" } else { "undone" }),
            _ => assert!(!replayed, "{request:?} was done though {failing:?}"),
        }
        self.judge(request, key, again);
    }

    /// Sends requests at once: there is an order in which one after the other would be answered so.
    async fn race(&mut self, asks: &[Ask; 3], turns: &[u32; 3]) {
        let requests: Vec<Request> = asks.iter().filter_map(|ask| self.shop.request(ask)).collect();
        let keyed: Vec<(Request, String)> =
            requests.into_iter().map(|request| (request, self.new_key())).collect();
        self.bed.database.turns.borrow_mut().extend(turns);
        let bed = self.bed;
        let replies =
            futures::future::join_all(keyed.iter().map(|(request, key)| ask(bed, request, key))).await;
        bed.database.turns.borrow_mut().clear();
        let answered: Vec<(Request, String, Reply)> =
            keyed.into_iter().zip(replies).map(|((request, key), reply)| (request, key, reply)).collect();
        let Some((shop, order)) = self.serial(&answered) else {
            let told: Vec<_> = answered.iter().map(|(request, _, reply)| (request, reply.text())).collect();
            panic!("no order of these is answered so: {told:#?}");
        };
        self.shop = shop;
        self.note("race", &format!("{order:?}"));
        for (request, key, reply) in answered {
            *self.seen.entry((request.meant.name(), reply.code())).or_default() += 1;
            if reply.status() < 300 && request.method == "POST" {
                self.done.push(Done { request, key, answer: (reply.status(), reply.text()) });
            }
        }
    }

    /// The store after the first order of the requests in which all answers are as the model foresees, each about a log
    /// that has grown since the one before.
    fn serial(&self, answered: &[(Request, String, Reply)]) -> Option<(Shop, Vec<usize>)> {
        orders_of(answered.len()).into_iter().find_map(|order| {
            let heads: Vec<i64> = order.iter().filter_map(|nth| head(&answered[*nth].2)).collect();
            let mut shop = self.shop.clone();
            let fits = heads.is_sorted()
                && order.iter().all(|nth| {
                    let (request, _, reply) = &answered[*nth];
                    let fits = compare(&shop.apply(&request.meant), reply).is_ok();
                    if fits {
                        shop.learn_id(&request.meant, reply.json()["id"].as_str().unwrap_or_default());
                    }
                    fits
                });
            fits.then_some((shop, order))
        })
    }

    /// Sends a request twice at once under one key: it is done once.
    async fn twins(&mut self, what: &Ask) {
        let Some(request) = self.shop.request(what).filter(|request| request.method == "POST") else {
            return;
        };
        let key = self.new_key();
        let (first, second) = futures::join!(ask(self.bed, &request, &key), ask(self.bed, &request, &key));
        if first.status() < 300 {
            assert_eq!((first.status(), first.text()), (second.status(), second.text()));
            assert_eq!(
                [&first, &second].map(is_replayed).into_iter().filter(|replayed| *replayed).count(),
                1
            );
            self.note("twins", "done once");
        } else {
            assert_eq!(first.code(), second.code(), "{request:?}");
        }
        self.judge(request, key, first);
    }

    /// Sends what was done again under its key, or something else under it.
    async fn retry(&mut self, back: usize, other: bool) {
        let Some(behind) = back.checked_rem(self.done.len()) else { return };
        let Done { request, key, answer } = &self.done[self.done.len() - 1 - behind];
        if other {
            let reply = ask_otherwise(self.bed, request, key).await;
            assert_eq!(
                (reply.status(), reply.code().as_str()),
                (422, "idempotency-key-reused"),
                "{request:?}"
            );
            return self.note("retry", "idempotency-key-reused");
        }
        let reply = ask(self.bed, request, key).await;
        assert!(is_replayed(&reply), "{request:?} was done again: {}", reply.text());
        assert_eq!(&(reply.status(), reply.text()), answer, "{request:?}");
        self.note("retry", "replayed");
    }

    async fn due_work(&mut self, failing: Failing) {
        self.bed.database.fault.set(failing.fault());
        let failed = storeroom_inventory::due::run(&self.bed.ports).await.is_err();
        self.bed.database.fault.set(Fault::None);
        self.note("due work", if failed { "failed" } else { "" });
        storeroom_inventory::due::run(&self.bed.ports).await.unwrap();
    }
}

async fn ask(bed: &Testbed, request: &Request, key: &str) -> Reply {
    let Request { method, path, body, .. } = request;
    let headers = [("idempotency-key", key)];
    let headers = if *method == "POST" { headers.as_slice() } else { &[] };
    bed.call_with(Role::Fulfilment, method, path, body.clone(), headers).await
}

/// The request with another body under its key: a blank more.
async fn ask_otherwise(bed: &Testbed, request: &Request, key: &str) -> Reply {
    let token = format!("Bearer {}", bed.member(Role::Fulfilment).token);
    let store = bed.store.to_string();
    let headers = [("authorization", token.as_str()), ("x-store-id", &store), ("idempotency-key", key)];
    let body = request.body.as_ref().map(|body| format!("{body} "));
    let path = if body.is_some() { request.path.clone() } else { format!("{}?store={store}", request.path) };
    bed.send(storeroom_testbed::request(request.method, &path, body.map(String::into_bytes), &headers)).await
}

fn is_replayed(reply: &Reply) -> bool {
    reply.header("idempotent-replayed") == Some("true")
}

/// Where the log stood when the request was answered.
fn head(reply: &Reply) -> Option<i64> {
    reply.header("store-cursor")?.split_once('.')?.1.parse().ok()
}

/// Every order of so many.
fn orders_of(count: usize) -> Vec<Vec<usize>> {
    (0..count).fold(vec![Vec::new()], |shorter, next| {
        let grown = shorter.iter().flat_map(|order| {
            (0..=order.len()).map(|place| {
                let mut order = order.clone();
                order.insert(place, next);
                order
            })
        });
        grown.collect()
    })
}

/// Where the reply is not the one that was foreseen.
pub fn compare(judgement: &Judgement, reply: &Reply) -> Result<(), String> {
    let (code, shown) = match judgement {
        Ok(shown) => ("", shown),
        Err(refusal) => (refusal.code, &refusal.shown),
    };
    let told = || format!("the answer is {} {}", reply.status(), reply.text());
    if reply.code() != code || (reply.status() < 300) != judgement.is_ok() {
        return Err(format!("the model says {code:?}, {}", told()));
    }
    differs(&reply.json(), shown).map_or(Ok(()), |difference| Err(format!("{difference}; {}", told())))
}

/// The first difference of a body from these members, as a pointer and both values. A body may have further members; a
/// list has as many.
pub fn differs(body: &Value, members: &Value) -> Option<String> {
    let inside = |name: &dyn std::fmt::Display, shown: &Value, value: &Value| {
        differs(shown, value).map(|difference| format!("/{name}{difference}"))
    };
    match (body, members) {
        (Value::Object(body), Value::Object(members)) => members
            .iter()
            .find_map(|(name, value)| inside(name, body.get(name).unwrap_or(&Value::Null), value)),
        (Value::Array(body), Value::Array(members)) if body.len() == members.len() => {
            let mut pairs = body.iter().zip(members).enumerate();
            pairs.find_map(|(nth, (shown, value))| inside(&nth, shown, value))
        }
        _ => (body != members).then(|| format!(" is {body}, the model says {members}")),
    }
}
