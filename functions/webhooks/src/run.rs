//! Sending what is due to one endpoint.
//!
//! Guarantees: one runner at a time is at an endpoint, by a lease in the database that it renews and that ends when the
//! runner does; an attempt begins only where the lease covers all of it; what happened is written down before the
//! delivery is due again. Events of one subject are sent one after the other, in order; one that fails does not hold up
//! the next.
//! Relies on: the host's time limit for an attempt.

mod attempt;
mod outcome;
mod taken;
mod turn;

use attempt::Attempts;
use storeroom_domain::Timestamp;
use storeroom_domain::delivery::ATTEMPT_MS;
use storeroom_ports::{DatabaseError, Ports};
use storeroom_web::answer::hex;
use storeroom_web::master::MasterKey;
use taken::Taken;

pub use attempt::{Address, GENERATIONS, send_once};
pub use outcome::{Ended, Outcome};

/// How long a lease is good after it was renewed, in milliseconds: an attempt, and as long again for the rest.
const LEASE_MS: i64 = 2 * ATTEMPT_MS as i64 + 5_000;

/// How long what has ended waits to be written down together with more, in milliseconds.
const PATIENCE_MS: i64 = 100;
/// How long it is waited for an attempt before it is looked whether there is more to send beside it, in milliseconds.
const LOOK_AGAIN_MS: i64 = 900;

/// How much a runner may do.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// Most attempts at once.
    pub at_once: usize,
    /// Most attempts in all.
    pub most: usize,
    /// Until when attempts may begin.
    pub until: Timestamp,
}

/// An endpoint and whoever is at it.
struct Runner<'a> {
    ports: &'a Ports,
    store: &'a str,
    endpoint: &'a str,
    lease: String,
    pace: Pace,
    /// Until when the lease is good.
    leased_until: Timestamp,
    /// Whether nothing more is taken: enough was done, or the lease went to another, or the endpoint was stopped.
    is_ending: bool,
    taken: Taken,
    attempts: Attempts<'a>,
    outcomes: Vec<Outcome>,
    begun: usize,
}

/// Sends what is due to the endpoint, until nothing is or the pace ends it; how many attempts it made. Another runner that is
/// at it is left alone.
pub async fn serve(
    ports: &Ports,
    master: &MasterKey,
    store: &str,
    endpoint: &str,
    pace: Pace,
) -> Result<usize, DatabaseError> {
    let mut lease = [0; 12];
    ports.random.fill(&mut lease);
    let mut runner = Runner {
        ports,
        store,
        endpoint,
        lease: hex(&lease),
        pace,
        leased_until: Timestamp::from_ms(0),
        is_ending: false,
        taken: Taken::default(),
        attempts: Attempts::new(ports, master),
        outcomes: Vec::new(),
        begun: 0,
    };
    while runner.turn().await? {
        runner.work().await;
    }
    Ok(runner.begun)
}

impl Runner<'_> {
    /// Makes attempts until something should be written down.
    async fn work(&mut self) {
        self.attempts.be_patient(PATIENCE_MS);
        let mut has_waited = false;
        loop {
            self.begin();
            match self.attempts.next().await {
                attempt::Next::Ended(outcome) => {
                    self.taken.is_free(&outcome.subject);
                    self.outcomes.push(outcome);
                    let is_enough = self.outcomes.len() >= turn::MOST_OUTCOMES;
                    if is_enough || self.taken.is_empty() || !self.attempts.is_patient() {
                        return;
                    }
                }
                attempt::Next::PatienceEnded if self.outcomes.is_empty() && !has_waited => {
                    has_waited = true;
                    self.attempts.be_patient(LOOK_AGAIN_MS);
                }
                attempt::Next::PatienceEnded | attempt::Next::Nothing => return,
            }
        }
    }

    /// Begins what may be begun now.
    fn begin(&mut self) {
        let now = self.ports.clock.now();
        self.is_ending |= now >= self.pace.until || self.begun >= self.pace.most;
        if self.is_ending {
            self.taken.clear();
        }
        while self.attempts.count() < self.pace.at_once
            && self.begun < self.pace.most
            && now.plus_ms(ATTEMPT_MS.into()) <= self.leased_until
        {
            let Some(delivery) = self.taken.next() else { return };
            self.begun = self.begun.saturating_add(1);
            self.attempts.begin(delivery, now);
        }
    }
}
