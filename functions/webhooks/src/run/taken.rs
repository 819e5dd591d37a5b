//! What a runner has taken and not sent yet.
//!
//! Guarantees: of one subject, the next event is given out when the one before has ended.

use std::collections::{BTreeSet, VecDeque};

/// An event to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// The delivery's id.
    pub id: String,
    /// The event's id.
    pub event_id: String,
    /// What the event is about.
    pub subject: String,
    /// How many attempts have failed.
    pub failed: i64,
    /// The body.
    pub body: String,
}

/// Deliveries in the order in which they are due.
#[derive(Debug, Default)]
pub struct Taken {
    waiting: VecDeque<Delivery>,
    /// The subjects of what is being sent.
    busy: BTreeSet<String>,
}

impl Taken {
    /// Adds deliveries at the end.
    pub fn add(&mut self, more: impl Iterator<Item = Delivery>) {
        self.waiting.extend(more);
    }

    /// The first whose subject is free, which it keeps until `is_free`.
    pub fn next(&mut self) -> Option<Delivery> {
        let place = self.waiting.iter().position(|delivery| !self.busy.contains(&delivery.subject))?;
        let delivery = self.waiting.remove(place)?;
        self.busy.insert(delivery.subject.clone());
        Some(delivery)
    }

    /// Says that the event of this subject has ended.
    pub fn is_free(&mut self, subject: &str) {
        self.busy.remove(subject);
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// The ids of those that wait.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.waiting.iter().map(|delivery| delivery.id.as_str())
    }

    /// Gives up those that wait: they are still due.
    pub fn clear(&mut self) {
        self.waiting.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delivery(id: &str, subject: &str) -> Delivery {
        let text = |text: &str| text.to_owned();
        Delivery { id: text(id), event_id: text(id), subject: text(subject), failed: 0, body: String::new() }
    }

    #[test]
    fn a_subject_is_sent_one_event_after_the_other() {
        let mut taken = Taken::default();
        taken.add(
            [delivery("1", "a"), delivery("2", "a"), delivery("3", "b"), delivery("4", "a")].into_iter(),
        );
        let mut next = || taken.next().map(|delivery| delivery.id);
        assert_eq!((next(), next(), next()), (Some("1".to_owned()), Some("3".to_owned()), None));
        taken.is_free("a");
        assert_eq!(taken.next().map(|delivery| delivery.id), Some("2".to_owned()));
        assert_eq!(taken.next(), None);
        assert_eq!(taken.ids().collect::<Vec<_>>(), ["4"]);
        taken.clear();
        taken.is_free("a");
        assert!(taken.is_empty() && taken.next().is_none());
    }
}
