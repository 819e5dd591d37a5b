//! The words that a product is found by, as a query of the full-text index `product_search`.
//!
//! Guarantees: whatever is typed becomes a query that the index takes; every word is a phrase in quotes whose end may be
//! anything, so nothing that was typed is an operator; letters are written out as `product_texts` writes them.
//! Relies on: the tokenizer for case, for accents, and for taking a phrase such as `AB-12/3` apart.

/// Most words of a search that count.
const MAX_WORDS: usize = 10;

/// Letters that the tokenizer leaves as they are, and what is written for them on both sides.
const WRITTEN_OUT: [(char, &str); 27] = [
    ('ß', "ss"),
    ('ẞ', "ss"),
    ('æ', "ae"),
    ('Æ', "ae"),
    ('ǽ', "ae"),
    ('Ǽ', "ae"),
    ('œ', "oe"),
    ('Œ', "oe"),
    ('ø', "o"),
    ('Ø', "o"),
    ('ǿ', "o"),
    ('Ǿ', "o"),
    ('ł', "l"),
    ('Ł', "l"),
    ('đ', "d"),
    ('Đ', "d"),
    ('ð', "d"),
    ('Ð', "d"),
    ('þ', "th"),
    ('Þ', "th"),
    ('ħ', "h"),
    ('Ħ', "h"),
    ('ŧ', "t"),
    ('Ŧ', "t"),
    ('ŋ', "n"),
    ('Ŋ', "n"),
    ('ı', "i"),
];

/// The query for the products of the store of which some word begins with each word of the text; `None` when the text
/// has nothing to look for.
pub fn matching(store: &str, text: &str) -> Option<String> {
    let words: Vec<String> = text.split_whitespace().filter_map(phrase).take(MAX_WORDS).collect();
    let store: String =
        store.chars().skip_while(|letter| *letter != '_').filter(char::is_ascii_alphanumeric).collect();
    (!words.is_empty()).then(|| format!("store : \"{store}\" AND text : ({})", words.join(" AND ")))
}

/// A word as a phrase; `None` for one without a letter or a digit, which would match nothing and so all of them.
fn phrase(word: &str) -> Option<String> {
    let mut phrase = String::from("\"");
    for letter in word.chars() {
        match WRITTEN_OUT.iter().find(|(known, _)| *known == letter) {
            Some((_, written)) => phrase.push_str(written),
            // What no word has ends the one before it; quotes and NUL could end the phrase or the query.
            None if letter == '"' || letter.is_control() => phrase.push(' '),
            None => phrase.push(letter),
        }
    }
    phrase.push_str("\" *");
    word.chars().any(char::is_alphanumeric).then_some(phrase)
}

#[cfg(test)]
mod tests {
    use super::*;

    const STORE: &str = "str_01hf7yat00fentqaxbnentqaxb";

    fn text_part(text: &str) -> Option<String> {
        let found = matching(STORE, text)?;
        let rest = found.strip_prefix("store : \"01hf7yat00fentqaxbnentqaxb\" AND text : (").unwrap();
        Some(rest.strip_suffix(')').unwrap().to_owned())
    }

    #[test]
    fn every_word_is_a_phrase_with_an_open_end() {
        assert_eq!(text_part("red mug").unwrap(), r#""red" * AND "mug" *"#);
        assert_eq!(text_part(" AB-12/3 ").unwrap(), r#""AB-12/3" *"#);
        assert_eq!(text_part("Straße Łódź").unwrap(), r#""Strasse" * AND "lódź" *"#);
    }

    #[test]
    fn nothing_typed_is_an_operator() {
        assert_eq!(text_part("a OR NOT b*").unwrap(), r#""a" * AND "OR" * AND "NOT" * AND "b*" *"#);
        assert_eq!(text_part("\"a\" NEAR(x)").unwrap(), r#"" a " * AND "NEAR(x)" *"#);
    }

    #[test]
    fn what_has_no_letter_is_left_out() {
        assert_eq!(text_part("🎉 mug --").unwrap(), r#""mug" *"#);
        assert_eq!(text_part("\"\" * - 🎉"), None);
        assert_eq!(text_part(""), None);
    }

    #[test]
    fn a_few_words_count() {
        let many = vec!["w"; 99].join(" ");
        assert_eq!(text_part(&many).unwrap().matches("AND").count(), MAX_WORDS - 1);
    }

    /// What the schema writes out is what is written out here, in the same way.
    #[test]
    fn both_sides_write_out_the_same_letters() {
        let migration = include_str!("../../../migrations/0008_search.sql");
        for (letter, written) in WRITTEN_OUT {
            assert!(migration.contains(&format!(", '{letter}', '{written}')")), "{letter}");
        }
        assert_eq!(migration.matches("replace(").count(), WRITTEN_OUT.len());
    }
}
