//! A store's chain as far as it goes, and the next piece of it.
//!
//! Guarantees: rows are sealed in the order of `seq`, over holes too, because a hole shows by itself; nothing is built
//! on an anchor that is not this service's, nor behind one that was turned back.
//! Relies on: the caller for writing a piece only if the chain still ends where it was read to end.

use storeroom_sql::Rows;
use storeroom_web::chain;
use storeroom_web::master::MasterKey;

/// What stands in the place of a seal on a row that can never be part of the chain. It is no seal, so that whoever
/// checks the chain finds the row; but no more is due for it, else due work would come back to it for ever and other
/// stores would wait.
pub const BROKEN: &str = "broken";

/// Where a chain ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct End {
    /// The `seq` of the last sealed row; 0 while there is none.
    pub count: i64,
    /// Its seal; empty while there is none.
    pub seal: String,
    /// When it was written, Unix milliseconds; 0 while there is none.
    pub at_ms: i64,
}

impl End {
    /// The end that an anchor of four columns from `first_column` on (`count`, `seal`, `at`, `mac`) tells; that of an
    /// empty chain when they are NULL. `None` when whoever wrote the anchor does not know the key.
    pub fn of_anchor(key: &MasterKey, store: &str, rows: &Rows, first_column: usize) -> Option<Self> {
        let Some(count) = rows.integer(0, first_column) else {
            return Some(Self { count: 0, seal: String::new(), at_ms: 0 });
        };
        let seal = rows.text(0, first_column.saturating_add(1))?.to_owned();
        let at_ms = rows.integer(0, first_column.saturating_add(2))?;
        let mac = rows.text(0, first_column.saturating_add(3))?;
        (chain::anchor(key, store, count, &seal, at_ms) == mac).then_some(Self { count, seal, at_ms })
    }

    /// The keyed hash of the anchor that tells this end.
    pub fn mac(&self, key: &MasterKey, store: &str) -> String {
        chain::anchor(key, store, self.count, &self.seal, self.at_ms)
    }
}

/// A piece of a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// Where the chain ended before.
    pub from: End,
    /// Where it ends with the piece.
    pub to: End,
    /// The rows' `seq` and seals.
    pub seals: Vec<(i64, String)>,
    /// The content's hash of the last row; empty without rows.
    pub last_hash: String,
}

/// The piece that follows from the rows of `storeroom_sql::audit::UNSEALED`, up to the first that has a seal already;
/// `None` when the chain is broken where it ends.
pub fn next_piece(key: &MasterKey, store: &str, rows: &Rows) -> Option<Piece> {
    let from = End::of_anchor(key, store, rows, 0)?;
    let (mut to, mut seals, mut last_hash) = (from.clone(), Vec::new(), String::new());
    for row in 0..rows.0.len() {
        let (Some(seq), Some(hash), Some(at_ms)) =
            (rows.integer(row, 4), rows.text(row, 5), rows.integer(row, 6))
        else {
            continue;
        };
        // Sealed already, but behind the anchor: somebody put it there, or turned the anchor back.
        if rows.text(row, 7).is_some() {
            return (!seals.is_empty()).then_some(Piece { from, to, seals, last_hash });
        }
        let seal = chain::seal(key, store, seq, &to.seal, hash);
        seals.push((seq, seal.clone()));
        to = End { count: seq, seal, at_ms };
        hash.clone_into(&mut last_hash);
    }
    Some(Piece { from, to, seals, last_hash })
}

#[cfg(test)]
mod tests {
    use super::*;
    use storeroom_sql::Value;

    fn key() -> MasterKey {
        MasterKey::parse("dev-0123456789abcdef").unwrap()
    }

    /// Rows of UNSEALED with this anchor; a row is its `seq` and whether it has a seal.
    fn unsealed(anchor: Option<(&End, String)>, rows: &[(i64, bool)]) -> Rows {
        let anchor = anchor.map_or(vec![Value::Null; 4], |(end, mac)| {
            vec![end.count.into(), end.seal.as_str().into(), end.at_ms.into(), mac.into()]
        });
        let row = |(seq, sealed): &(i64, bool)| {
            let seal = sealed.then(|| "a seal".to_owned());
            [
                anchor.clone(),
                vec![(*seq).into(), format!("hash {seq}").into(), (*seq * 10).into(), seal.into()],
            ]
            .concat()
        };
        Rows(rows.iter().map(row).collect())
    }

    #[test]
    fn pieces_are_one_chain_however_they_are_cut() {
        let whole =
            next_piece(&key(), "str_1", &unsealed(None, &[(1, false), (2, false), (3, false)])).unwrap();
        let first = next_piece(&key(), "str_1", &unsealed(None, &[(1, false)])).unwrap();
        assert_eq!((whole.from.count, first.to.count, first.to.at_ms), (0, 1, 10));
        let mac = first.to.mac(&key(), "str_1");
        let rest = unsealed(Some((&first.to, mac)), &[(2, false), (3, false)]);
        let rest = next_piece(&key(), "str_1", &rest).unwrap();
        assert_eq!((&rest.from, &rest.to), (&first.to, &whole.to));
        assert_eq!(rest.seals, whole.seals[1..]);
    }

    #[test]
    fn a_hole_does_not_end_the_chain() {
        let piece = next_piece(&key(), "str_1", &unsealed(None, &[(1, false), (3, false)])).unwrap();
        assert_eq!((piece.to.count, piece.seals.len()), (3, 2));
    }

    #[test]
    fn a_piece_ends_before_a_row_that_was_put_there() {
        let piece =
            next_piece(&key(), "str_1", &unsealed(None, &[(1, false), (2, true), (3, false)])).unwrap();
        assert_eq!((piece.to.count, piece.seals.len()), (1, 1));
    }

    #[test]
    fn nothing_is_built_on_a_false_end() {
        let end = End { count: 2, seal: "a seal".to_owned(), at_ms: 20 };
        let broken = |mac: String, store: &str, sealed: bool| {
            next_piece(&key(), store, &unsealed(Some((&end, mac)), &[(3, sealed)])).is_none()
        };
        let mac = end.mac(&key(), "str_1");
        assert!(!broken(mac.clone(), "str_1", false));
        assert!(broken(mac.clone(), "str_2", false), "another store's anchor");
        assert!(broken(
            end.mac(&MasterKey::parse("dev-another-master-key").unwrap(), "str_1"),
            "str_1",
            false
        ));
        assert!(broken(mac, "str_1", true), "the anchor was turned back");
        assert!(next_piece(&key(), "str_1", &unsealed(None, &[(1, true)])).is_none(), "the anchor is gone");
    }
}
