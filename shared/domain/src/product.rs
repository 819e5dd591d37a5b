//! A product's states and the edges between them.
//!
//! Guarantees: `EDGES` is the state machine; guards, refusals and the reference take it from here.

/// Where a product stands between draft and archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ProductStatus {
    /// Being prepared, not public.
    Draft,
    /// Public from `publish_at` on.
    Scheduled,
    /// Public.
    Published,
    /// Put away, kept for the records.
    Archived,
}

/// What a client asks for to change a status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transition {
    /// Make it public now.
    Publish,
    /// Make it public later.
    Schedule,
    /// Take it back to draft.
    Unpublish,
    /// Put it away.
    Archive,
}

use ProductStatus::{Archived, Draft, Published, Scheduled};

/// Every allowed change of status.
pub const EDGES: [(ProductStatus, ProductStatus); 9] = [
    (Draft, Published),
    (Draft, Scheduled),
    (Scheduled, Draft),
    (Scheduled, Published),
    (Published, Draft),
    (Draft, Archived),
    (Scheduled, Archived),
    (Published, Archived),
    (Archived, Draft),
];

/// Every status, in the order of a product's life.
pub const STATUSES: [ProductStatus; 4] = [Draft, Scheduled, Published, Archived];

impl ProductStatus {
    /// The status as clients and tables spell it.
    pub fn as_str(self) -> &'static str {
        match self {
            Draft => "draft",
            Scheduled => "scheduled",
            Published => "published",
            Archived => "archived",
        }
    }

    /// The status of that name.
    pub fn parse(name: &str) -> Option<Self> {
        STATUSES.into_iter().find(|status| status.as_str() == name)
    }

    /// The states that may follow this one.
    pub fn allowed(self) -> Vec<ProductStatus> {
        EDGES.iter().filter(|(from, _)| *from == self).map(|(_, to)| *to).collect()
    }
}

impl Transition {
    /// Where the transition leads.
    pub fn target(self) -> ProductStatus {
        match self {
            Self::Publish => Published,
            Self::Schedule => Scheduled,
            Self::Unpublish => Draft,
            Self::Archive => Archived,
        }
    }

    /// The states from which it may be asked for.
    pub fn sources(self) -> Vec<ProductStatus> {
        EDGES.iter().filter(|(_, to)| *to == self.target()).map(|(from, _)| *from).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_edges_are_the_contracts() {
        assert_eq!(Draft.allowed(), [Published, Scheduled, Archived]);
        assert_eq!(Scheduled.allowed(), [Draft, Published, Archived]);
        assert_eq!(Published.allowed(), [Draft, Archived]);
        assert_eq!(Archived.allowed(), [Draft]);
    }

    #[test]
    fn transitions_follow_the_edges() {
        assert_eq!(Transition::Publish.sources(), [Draft, Scheduled]);
        assert_eq!(Transition::Schedule.sources(), [Draft]);
        assert_eq!(Transition::Unpublish.sources(), [Scheduled, Published, Archived]);
        assert_eq!(Transition::Archive.sources(), [Draft, Scheduled, Published]);
        assert_eq!(ProductStatus::parse("gone"), None);
    }
}
