//! Handles: the part of a product's address that people read.
//!
//! Guarantees: a handle is 1 to 100 characters of `a-z`, `0-9` and single hyphens between them.

/// The longest handle.
pub const MAX_LENGTH: usize = 100;

/// Whether the text is a handle as it stands.
pub fn is_handle(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= MAX_LENGTH
        && text.split('-').all(|word| {
            !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
        })
}

/// A handle made of a title: Latin letters lose their accents, everything else becomes a hyphen. Empty when the
/// title has no letter or digit that can be spelt so. At most 80 characters, which leaves room for a suffix.
pub fn from_title(title: &str) -> String {
    let mut handle = String::new();
    for letter in title.chars().flat_map(char::to_lowercase) {
        match spelling(letter) {
            Some(ascii) => handle.push_str(ascii),
            None if letter.is_ascii_alphanumeric() => handle.push(letter),
            None if !handle.is_empty() && !handle.ends_with('-') => handle.push('-'),
            None => {}
        }
        if handle.len() >= 80 {
            break;
        }
    }
    handle.trim_end_matches('-').to_owned()
}

/// How the lower-case Latin letters outside ASCII are spelt in it.
fn spelling(letter: char) -> Option<&'static str> {
    Some(match letter {
        'à' | 'á' | 'â' | 'ã' | 'å' | 'ā' | 'ă' | 'ą' => "a",
        'ä' | 'æ' => "ae",
        'ç' | 'ć' | 'č' => "c",
        'ď' | 'đ' | 'ð' => "d",
        'è' | 'é' | 'ê' | 'ë' | 'ē' | 'ę' | 'ě' => "e",
        'ğ' => "g",
        'ì' | 'í' | 'î' | 'ï' | 'ī' | 'ı' => "i",
        'ł' | 'ľ' | 'ĺ' => "l",
        'ñ' | 'ń' | 'ň' => "n",
        'ò' | 'ó' | 'ô' | 'õ' | 'ō' | 'ő' => "o",
        'ö' | 'ø' | 'œ' => "oe",
        'ŕ' | 'ř' => "r",
        'ś' | 'š' | 'ş' | 'ș' => "s",
        'ß' => "ss",
        'ť' | 'ţ' | 'ț' => "t",
        'þ' => "th",
        'ù' | 'ú' | 'û' | 'ū' | 'ů' | 'ű' => "u",
        'ü' => "ue",
        'ý' | 'ÿ' => "y",
        'ź' | 'ż' | 'ž' => "z",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn spells_titles_as_people_would() {
        for (title, handle) in [
            ("Becher Größe L", "becher-groesse-l"),
            ("  Café — crème!  ", "cafe-creme"),
            ("Łódź Świeca", "lodz-swieca"),
            ("咖啡", ""),
            ("100% Wool", "100-wool"),
        ] {
            assert_eq!(from_title(title), handle);
        }
    }

    proptest! {
        #[test]
        fn is_a_handle_or_empty(title in ".{0,200}") {
            let handle = from_title(&title);
            prop_assert!(handle.is_empty() || is_handle(&handle), "{handle}");
        }
    }

    #[test]
    fn refuses_what_is_no_handle() {
        for text in ["", "-a", "a-", "a--b", "A", "a b", "ä"] {
            assert!(!is_handle(text), "{text}");
        }
        assert!(!is_handle(&"a".repeat(101)));
    }
}
