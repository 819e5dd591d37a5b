//! Cursors of lists: opaque, bound to their filters, and checked.
//!
//! Guarantees: a cursor that was changed, cut or made for another list is refused. Whoever forges one gets a place
//! in a list that they may read anyway, so the checksum needs no key.

use crate::Answer;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use storeroom_operations::{Code, Problem};

/// Items of a page unless the client says otherwise.
pub const DEFAULT_LIMIT: i64 = 25;

/// Bytes of the checksum: 64 bits against accidents and curiosity.
const CHECK: usize = 8;

/// The place after which a page begins: the sort key of the last row and its id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The sort key, as text.
    pub key: String,
    /// The id.
    pub id: String,
}

/// Prints a place in the list that `list` names with all its filters and its sort.
pub fn print(list: &str, place: &Place) -> String {
    let payload = format!("{}\n{}", place.id, place.key);
    let mut bytes = checksum(list, &payload);
    bytes.extend(payload.as_bytes());
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The answer of a list: its documents, and the cursor of the place at which the next page begins, if there is one.
pub fn answer(list: &str, documents: &[&str], next: Option<&Place>) -> Answer {
    let next = next.map_or_else(|| "null".to_owned(), |place| format!("\"{}\"", print(list, place)));
    Answer::json(200, format!(r#"{{"items":[{}],"next_cursor":{next}}}"#, documents.join(",")))
}

/// Reads a cursor that was printed for the same list.
pub fn parse(list: &str, cursor: &str) -> Result<Place, Problem> {
    read(list, cursor).ok_or_else(|| {
        let detail = "The cursor was not given out for this list. Start again without it.";
        Problem::new(Code::CursorInvalid, detail)
    })
}

fn read(list: &str, cursor: &str) -> Option<Place> {
    let bytes = URL_SAFE_NO_PAD.decode(cursor).ok()?;
    let (check, payload) = bytes.split_at_checked(CHECK)?;
    let payload = std::str::from_utf8(payload).ok()?;
    let (id, key) = payload.split_once('\n')?;
    (checksum(list, payload) == check).then(|| Place { key: key.to_owned(), id: id.to_owned() })
}

fn checksum(list: &str, payload: &str) -> Vec<u8> {
    let mut hash = Sha256::new();
    // The same bytes on every machine, whatever its pointers' width.
    hash.update(u64::try_from(list.len()).unwrap_or(u64::MAX).to_le_bytes());
    hash.update(list);
    hash.update(payload);
    hash.finalize().iter().take(CHECK).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn list_cursor_format_unchanged() {
        let place = Place { key: "Becher\nblau".into(), id: "prd_1".into() };
        let cursor = print("products?sort=title", &place);
        assert_eq!(cursor, PINNED);
        assert_eq!(parse("products?sort=title", &cursor), Ok(place));
        assert!(parse("products?sort=-title", &cursor).is_err());
    }

    const PINNED: &str = "D69joj62sppwcmRfMQpCZWNoZXIKYmxhdQ";

    proptest! {
        #[test]
        fn a_changed_cursor_is_refused(key in ".{0,40}", at in 0usize..60, to in "[A-Za-z0-9_-]") {
            let cursor = print("list", &Place { key, id: "prd_1".into() });
            let mut changed: Vec<char> = cursor.chars().collect();
            let at = at % changed.len();
            changed[at] = to.chars().next().unwrap();
            let changed: String = changed.into_iter().collect();
            prop_assert!(changed == cursor || parse("list", &changed).is_err());
        }

        #[test]
        fn nonsense_is_refused(text in ".{0,200}") {
            prop_assert!(parse("list", &text).is_err());
        }
    }
}
