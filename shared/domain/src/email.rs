//! E-mail addresses: what one may look like.
//!
//! Guarantees: an address has one `@`, no space and no control or invisible character, 3 to 254 bytes (RFC 5321 section
//! 4.5.3.1.3), and a domain in ASCII. Whether somebody reads it, only a letter to it can tell.
//! Relies on: HTML's "valid e-mail address", widened by the letters of all scripts before the `@` (RFC 6531).

/// The longest address in bytes.
pub const MAX_LENGTH: usize = 254;
/// The longest part before the `@` in bytes, RFC 5321 section 4.5.3.1.1.
const MAX_LOCAL: usize = 64;
/// The longest word between two dots of a domain in bytes, RFC 1034 section 3.1.
const MAX_LABEL: usize = 63;
/// What HTML allows before the `@` besides letters and digits.
const MARKS: &str = ".!#$%&'*+/=?^_`{|}~-";

/// Whether the text can be an e-mail address.
pub fn is_email(text: &str) -> bool {
    if !(3..=MAX_LENGTH).contains(&text.len()) {
        return false;
    }
    text.split_once('@').is_some_and(|(local, domain)| is_local(local) && domain.split('.').all(is_label))
}

fn is_local(local: &str) -> bool {
    (1..=MAX_LOCAL).contains(&local.len())
        && local.chars().all(|letter| letter.is_alphanumeric() || MARKS.contains(letter))
}

fn is_label(label: &str) -> bool {
    (1..=MAX_LABEL).contains(&label.len())
        && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        && !label.starts_with('-')
        && !label.ends_with('-')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn takes_what_people_have() {
        let longest = format!("{}@{}.{}.example", "a".repeat(64), "b".repeat(63), "c".repeat(63));
        for text in [
            "a@b",
            "ana@shop.example",
            "ana+orders@shop.example",
            "O'Neil_1%x@sub.shop.example",
            ".dots..anywhere.@shop.example",
            "jörg@shop.example",
            "用户@xn--fiqs8s.example",
            "a@127.0.0.1",
            longest.as_str(),
        ] {
            assert!(is_email(text), "{text}");
        }
    }

    #[test]
    fn refuses_what_cannot_be_one() {
        let long_local = format!("{}@b.example", "a".repeat(65));
        let long_label = format!("a@{}.example", "b".repeat(64));
        let long = format!("a@{}", vec!["b".repeat(50); 5].join("."));
        assert!(long.len() > MAX_LENGTH);
        for text in [
            "",
            "a@",
            "@b",
            "ab",
            "a b@c.example",
            "a@b c.example",
            "a@b@c.example",
            " a@b.example",
            "a@b.example\n",
            "a\u{0}@b.example",
            "a\u{202e}@b.example",
            "a\u{a0}@b.example",
            "a@bücher.example",
            "a@b..example",
            "a@.example",
            "a@b.",
            "a@-b.example",
            "a@b-.example",
            "a@[127.0.0.1]",
            "\"a\"@b.example",
            "Ana <a@b.example>",
            "a,b@c.example",
            &long_local,
            &long_label,
            &long,
        ] {
            assert!(!is_email(text), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn an_address_is_one_printable_word(text in "[\\PC \\n\\t@.a-z]{0,20}@[\\PC@. a-z-]{0,20}") {
            if is_email(&text) {
                prop_assert!(!text.chars().any(|letter| letter.is_whitespace() || letter.is_control()), "{text:?}");
                prop_assert_eq!(text.matches('@').count(), 1);
            }
        }
    }
}
