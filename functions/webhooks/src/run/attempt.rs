//! Attempts that are on their way.
//!
//! Guarantees: an attempt goes only where events may go, and ends within its time; its answer is read as far as it is
//! kept and no further.

use super::outcome::{Ended, Outcome};
use super::taken::Delivery;
use crate::sign::Signer;
use crate::target::{self, Refusal};
use futures::FutureExt;
use futures::future::{Either, LocalBoxFuture, select};
use futures::stream::{FuturesUnordered, StreamExt};
use std::collections::BTreeSet;
use storeroom_domain::Timestamp;
use storeroom_domain::delivery::{ATTEMPT_MS, MAX_ANSWER};
use storeroom_ports::{HttpError, HttpRequest, HttpResponse, Ports};
use storeroom_sql::Rows;
use storeroom_web::master::MasterKey;

/// Where an endpoint is, and whose secrets sign what is sent there.
#[derive(Debug, Clone)]
pub struct Address {
    /// Where.
    pub url: String,
    /// Whose secrets.
    pub signer: Signer,
}

/// The numbers of the secrets of `:endpoint` that are good, the newest first: a JSON list.
pub const GENERATIONS: &str = "(SELECT json_group_array(generation) FROM (SELECT generation FROM webhook_generations \
    WHERE store_id = :store AND endpoint_id = :endpoint AND coalesce(ends_at > :now, 1) ORDER BY generation DESC))";

impl Address {
    /// The address out of a row of `url` and `GENERATIONS`.
    pub fn of(endpoint: &str, rows: &Rows) -> Option<Self> {
        let generations = serde_json::from_str(rows.text(0, 1)?).ok()?;
        let signer = Signer { endpoint: endpoint.to_owned(), generations };
        Some(Self { url: rows.text(0, 0)?.to_owned(), signer })
    }
}

/// What happened next.
pub enum Next {
    /// An attempt ended.
    Ended(Outcome),
    /// It is time to write down what has ended.
    PatienceEnded,
    /// There is no attempt to wait for.
    Nothing,
}

/// The attempts of a runner.
pub struct Attempts<'a> {
    ports: &'a Ports,
    master: &'a MasterKey,
    address: Option<Address>,
    under_way: FuturesUnordered<LocalBoxFuture<'a, Outcome>>,
    ids: BTreeSet<String>,
    patience: Option<LocalBoxFuture<'a, ()>>,
}

impl<'a> Attempts<'a> {
    /// None yet.
    pub fn new(ports: &'a Ports, master: &'a MasterKey) -> Self {
        let (under_way, ids) = (FuturesUnordered::new(), BTreeSet::new());
        Self { ports, master, address: None, under_way, ids, patience: None }
    }

    /// Where the next ones go.
    pub fn go_to(&mut self, address: Address) {
        self.address = Some(address);
    }

    /// Where that is.
    pub fn url(&self) -> Option<&str> {
        self.address.as_ref().map(|address| address.url.as_str())
    }

    /// How many are on their way.
    pub fn count(&self) -> usize {
        self.ids.len()
    }

    /// The deliveries that are on their way, by id.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.ids.iter().map(String::as_str)
    }

    /// Begins one.
    pub fn begin(&mut self, delivery: Delivery, now: Timestamp) {
        let Some(address) = self.address.clone() else { return };
        self.ids.insert(delivery.id.clone());
        let (ports, master) = (self.ports, self.master);
        let attempt = async move {
            let Delivery { id, event_id, subject, failed, body } = delivery;
            let result = send_once(ports, master, &address, &event_id, now, body).await;
            let mut chance = [0; 2];
            ports.random.fill(&mut chance);
            let (ended, chance) = (ports.clock.now(), u16::from_le_bytes(chance));
            let ended =
                Ended { id: &id, subject: &subject, url: &address.url, failed, began: now, ended, chance };
            Outcome::of(&ended, result)
        };
        self.under_way.push(attempt.boxed_local());
    }

    /// From now on it is waited for so many milliseconds before something is done about it.
    pub fn be_patient(&mut self, ms: i64) {
        self.patience = Some(self.ports.clock.sleep(ms));
    }

    /// Whether it is.
    pub fn is_patient(&self) -> bool {
        self.patience.is_some()
    }

    /// Waits for what happens next.
    pub async fn next(&mut self) -> Next {
        let ended = match self.patience.take() {
            None => self.under_way.next().await,
            Some(_) if self.under_way.is_empty() => None,
            Some(patience) => match select(self.under_way.next(), patience).await {
                Either::Left((ended, patience)) => {
                    self.patience = Some(patience);
                    ended
                }
                Either::Right(_) => return Next::PatienceEnded,
            },
        };
        let Some(outcome) = ended else { return Next::Nothing };
        self.ids.remove(&outcome.id);
        Next::Ended(outcome)
    }
}

/// Sends an event once.
pub async fn send_once(
    ports: &Ports,
    master: &MasterKey,
    address: &Address,
    event_id: &str,
    now: Timestamp,
    body: String,
) -> Result<HttpResponse, HttpError> {
    // What may be sent where can have changed since the endpoint was made.
    target::check(&address.url, ports.targets).map_err(|Refusal(sentence)| HttpError(sentence.to_owned()))?;
    let request = HttpRequest {
        method: "POST",
        url: address.url.clone(),
        headers: address.signer.headers(master, event_id, now, &body),
        body: body.into_bytes(),
        timeout_ms: ATTEMPT_MS,
        answer_limit: Some(MAX_ANSWER),
    };
    ports.http.send(request).await
}
