//! Passwords: which ones are too easily guessed.
//!
//! Guarantees: no rule about kinds of characters, only about length and about what is tried first (NIST SP 800-63B
//! section 3.1.1.2). A password is taken as it was sent: nothing is trimmed, folded or normalised.

/// The shortest password in characters.
pub const MIN_LENGTH: usize = 8;
/// The longest password in characters.
pub const MAX_LENGTH: usize = 128;
/// The longest password in bytes: 128 characters at 4 bytes each.
const MAX_BYTES: usize = 512;

/// Rows and orders that fingers and heads follow; each is tried backwards too.
const RUNS: [&str; 7] = [
    "012345678901234567890",
    "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz",
    "qwertyuiop[]asdfghjkl;'zxcvbnm,./",
    "qwertyuiopasdfghjklzxcvbnm",
    "qwertzuiopasdfghjklyxcvbnm",
    "azertyuiopqsdfghjklmwxcvbn",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm",
];

/// The most common passwords of eight and more characters that no other rule catches, in lower case.
const COMMON: [&str; 68] = [
    "11112222",
    "11223344",
    "123123123",
    "12341234",
    "12344321",
    "147258369",
    "1q2w3e4r",
    "1q2w3e4r5t",
    "1q2w3e4r5t6y",
    "a1b2c3d4",
    "abc12345",
    "abcd1234",
    "admin123",
    "administrator",
    "asdf1234",
    "asdfasdf",
    "baseball",
    "baseball1",
    "blink182",
    "butterfly",
    "changeme",
    "charlie1",
    "chocolate",
    "computer",
    "corvette",
    "december",
    "dragon123",
    "elizabeth",
    "football",
    "football1",
    "hello123",
    "iloveyou",
    "iloveyou1",
    "internet",
    "jennifer",
    "jonathan",
    "letmein1",
    "letmein123",
    "liverpool",
    "maverick",
    "mercedes",
    "michelle",
    "midnight",
    "minecraft",
    "monkey123",
    "p@ssw0rd",
    "p@ssword",
    "passw0rd",
    "password",
    "password1",
    "password1!",
    "password12",
    "password123",
    "passwort",
    "pokemon1",
    "princess",
    "q1w2e3r4",
    "qwer1234",
    "qwerty12",
    "qwerty123",
    "samantha",
    "starwars",
    "sunshine",
    "superman",
    "trustno1",
    "welcome1",
    "welcome123",
    "whatever",
];

/// Why the password is refused for the account of `email` and `name`, as a sentence; `None` for one that will do.
pub fn weakness(password: &str, email: &str, name: &str) -> Option<&'static str> {
    if password.len() > MAX_BYTES || password.chars().count() > MAX_LENGTH {
        return Some("must have at most 128 characters.");
    }
    if password.chars().count() < MIN_LENGTH {
        return Some("must have at least 8 characters.");
    }
    let lower = password.to_lowercase();
    if is_one_character(&lower) {
        return Some("must not be one character over and over. Choose another.");
    }
    if is_run(&lower) {
        return Some("must not be a row of neighbours on the keyboard or in the alphabet. Choose another.");
    }
    if COMMON.contains(&lower.as_str()) {
        return Some("is one of the most common passwords. Choose another, such as several words in a row.");
    }
    is_about(&lower, email, name)
        .then_some("must not be the account's own e-mail address or name. Choose another.")
}

fn is_one_character(lower: &str) -> bool {
    let mut letters = lower.chars();
    let first = letters.next();
    letters.all(|letter| Some(letter) == first)
}

fn is_run(lower: &str) -> bool {
    let backwards: String = lower.chars().rev().collect();
    RUNS.iter().any(|run| run.contains(lower) || run.contains(&backwards))
}

fn is_about(lower: &str, email: &str, name: &str) -> bool {
    let email = email.to_lowercase();
    let local = email.split('@').next().unwrap_or_default();
    lower == email || lower == local || lower == name.trim().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn weak(password: &str) -> Option<&'static str> {
        weakness(password, "Ana.Example@shop.example", "Ana Exámple")
    }

    #[test]
    fn takes_any_other_text() {
        let umlauts = "ä".repeat(64) + &"ö".repeat(64);
        for password in
            ["correct horse", "12345679", "abcdefgi", "        x", "pass word", "漢字漢字仮名交り", &umlauts]
        {
            assert_eq!(weak(password), None, "{password}");
        }
        assert_eq!(weakness("whatever else", "", ""), None);
    }

    #[test]
    fn refuses_what_is_tried_first() {
        let long = "ab".repeat(65);
        for (password, why) in [
            ("", "at least 8"),
            ("seven77", "at least 8"),
            ("äöüäöüä", "at least 8"),
            (long.as_str(), "at most 128"),
            ("aaaaaaaa", "over and over"),
            ("aAaAaAaA", "over and over"),
            ("12345678", "neighbours"),
            ("1234567890", "neighbours"),
            ("87654321", "neighbours"),
            ("ABCDEFGH", "neighbours"),
            ("qwertyuiop", "neighbours"),
            ("poiuytrewq", "neighbours"),
            ("1qaz2wsx", "neighbours"),
            ("Password1", "most common"),
            ("ana.example@shop.example", "own"),
            ("ANA.EXAMPLE", "own"),
            ("ana EXÁMPLE", "own"),
        ] {
            let sentence = weak(password).unwrap_or("nothing");
            assert!(sentence.contains(why), "{password:?}: {sentence}");
        }
    }

    #[test]
    fn the_list_holds_only_what_it_alone_catches() {
        assert!(COMMON.is_sorted());
        for password in COMMON {
            assert_eq!(
                weak(password),
                Some("is one of the most common passwords. Choose another, such as several words in a row."),
                "{password}"
            );
        }
    }

    proptest! {
        #[test]
        fn only_length_matters_for_chance(password in "[!-~]{8}[à-ü]{1,8}") {
            prop_assert_eq!(weak(&password), None);
        }

        #[test]
        fn never_takes_a_wrong_length(password in ".{0,7}|.{129,140}") {
            prop_assert!(weak(&password).is_some());
        }
    }
}
