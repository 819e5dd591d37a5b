//! Which names stood in the file before.
//!
//! Guarantees: every name that stands in the file twice is found, with both lines. It keeps 16 bytes a name: a hash of 64
//! bits, so that of a million names that differ two count as one with a chance below 1 in 30 million.

use std::hash::{DefaultHasher, Hash, Hasher};

/// A power of two: each grows by itself, so that no growth copies much.
const BUCKETS: usize = 256;

/// A name that must be alone of its kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Of a product.
    Handle,
    /// Of a variant.
    Sku,
}

/// A name that stands on two lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Twice {
    /// The line that is at fault.
    pub line: u32,
    /// The line on which it stood before.
    pub first: u32,
    /// What is twice there.
    pub kind: Kind,
}

/// The names so far.
pub struct Names {
    buckets: Vec<Vec<(u64, u32)>>,
}

impl Names {
    /// None yet.
    pub fn new() -> Self {
        Self { buckets: vec![Vec::new(); BUCKETS] }
    }

    /// Notes a name.
    pub fn note(&mut self, kind: Kind, name: &str, line: u32) {
        let mut hasher = DefaultHasher::new();
        (kind, name).hash(&mut hasher);
        // The last bit says the kind.
        let hash = hasher.finish() & !1 | u64::from(kind == Kind::Sku);
        let place = usize::try_from(hash >> 56).unwrap_or(0);
        if let Some(bucket) = self.buckets.get_mut(place) {
            bucket.push((hash, line));
        }
    }

    /// Names that were noted twice, by line, at most so many.
    pub fn twice(mut self, most: usize) -> Vec<Twice> {
        let mut found = Vec::new();
        for bucket in &mut self.buckets {
            bucket.sort_unstable();
            for pair in bucket.windows(2) {
                let [(one, first), (other, line)] = pair else { continue };
                if one == other {
                    let kind = if one & 1 == 1 { Kind::Sku } else { Kind::Handle };
                    found.push(Twice { line: *line, first: *first, kind });
                }
            }
        }
        found.sort_unstable();
        found.truncate(most);
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_lines_are_named() {
        let mut names = Names::new();
        for (line, name) in [(2, "a"), (3, "b"), (4, "a"), (5, "c"), (6, "a")] {
            names.note(Kind::Sku, name, line);
            names.note(Kind::Handle, &format!("{name}{line}"), line);
        }
        names.note(Kind::Handle, "a2", 7);
        let twice = |line, first, kind| Twice { line, first, kind };
        let expected = [twice(4, 2, Kind::Sku), twice(6, 4, Kind::Sku), twice(7, 2, Kind::Handle)];
        assert_eq!(names.twice(100), expected);
    }
}
