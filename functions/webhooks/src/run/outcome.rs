//! What came of an attempt.

use serde::Serialize;
use storeroom_domain::Timestamp;
use storeroom_domain::delivery::{MAX_ANSWER, next_attempt};
use storeroom_ports::{HttpError, HttpResponse};

/// Longest sentence about an attempt without an answer, in characters.
const MAX_ERROR: usize = 300;
/// The endpoint says that it is there no more.
const GONE: u16 = 410;

/// What came of an attempt, as it is written down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Outcome {
    /// The delivery's id.
    pub id: String,
    /// What the event is about.
    #[serde(skip)]
    pub subject: String,
    /// Where it went.
    #[serde(skip)]
    pub url: String,
    /// How many attempts had failed before.
    pub had_failed: i64,
    /// When the attempt began, Unix milliseconds.
    pub at: i64,
    /// How long it took.
    pub latency_ms: i64,
    /// The answer's status.
    pub status: Option<u16>,
    /// Why there was no answer.
    pub error: Option<String>,
    /// The beginning of the answer's body.
    pub answer: Option<String>,
    /// Whether the endpoint took it.
    pub delivered: bool,
    /// When to try again, Unix milliseconds.
    pub next_at: Option<i64>,
}

/// An attempt that has ended.
pub struct Ended<'a> {
    /// The delivery's id.
    pub id: &'a str,
    /// What the event is about.
    pub subject: &'a str,
    /// Where it went.
    pub url: &'a str,
    /// How many attempts had failed before.
    pub failed: i64,
    /// When it began.
    pub began: Timestamp,
    /// When it ended.
    pub ended: Timestamp,
    /// A number by chance, for the pause.
    pub chance: u16,
}

impl Outcome {
    /// What an attempt came to: 2xx is success, everything else is tried again.
    pub fn of(ended: &Ended<'_>, result: Result<HttpResponse, HttpError>) -> Self {
        let mut outcome = Self {
            id: ended.id.to_owned(),
            subject: ended.subject.to_owned(),
            url: ended.url.to_owned(),
            had_failed: ended.failed,
            at: ended.began.ms(),
            latency_ms: ended.ended.ms().saturating_sub(ended.began.ms()).max(0),
            status: None,
            error: None,
            answer: None,
            delivered: false,
            next_at: None,
        };
        let retry_after = match result {
            Ok(response) => {
                outcome.delivered = (200..300).contains(&response.status);
                outcome.status = Some(response.status);
                outcome.answer = answer(&response.body);
                response.retry_after
            }
            Err(HttpError(sentence)) => {
                outcome.error = Some(sentence.chars().map(shown).take(MAX_ERROR).collect());
                None
            }
        };
        if !outcome.delivered {
            let failed = ended.failed.saturating_add(1);
            let next = next_attempt(failed, ended.ended, retry_after.as_deref(), ended.chance);
            outcome.next_at = next.map(Timestamp::ms);
        }
        outcome
    }

    /// Whether the endpoint wants nothing any more.
    pub fn is_gone(&self) -> bool {
        self.status == Some(GONE)
    }
}

/// The beginning of a body as text that can be shown.
fn answer(body: &[u8]) -> Option<String> {
    let beginning = body.get(..MAX_ANSWER).unwrap_or(body);
    let text: String = String::from_utf8_lossy(beginning).chars().map(shown).collect();
    (!text.is_empty()).then_some(text)
}

/// A control character is shown as the sign for what cannot be shown.
fn shown(character: char) -> char {
    let is_plain = !character.is_control() || matches!(character, '\n' | '\r' | '\t');
    if is_plain { character } else { char::REPLACEMENT_CHARACTER }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(failed: i64, result: Result<HttpResponse, HttpError>) -> Outcome {
        let [began, ended] = [1_000, 1_250].map(Timestamp::from_ms);
        Outcome::of(
            &Ended { id: "dlv_1", subject: "s", url: "u", failed, began, ended, chance: 32_768 },
            result,
        )
    }

    fn answered(status: u16, body: &[u8]) -> Result<HttpResponse, HttpError> {
        Ok(HttpResponse { status, retry_after: None, body: body.to_vec() })
    }

    #[test]
    fn two_hundreds_are_success_and_nothing_else() {
        for status in [200, 201, 204, 299] {
            let outcome = outcome(0, answered(status, b""));
            assert!(outcome.delivered && outcome.next_at.is_none(), "{status}");
        }
        for status in [100, 199, 300, 301, 304, 400, 404, 429, 500, 503] {
            let outcome = outcome(0, answered(status, b""));
            assert!(!outcome.delivered && outcome.next_at == Some(6_250), "{status} {outcome:?}");
        }
        assert!(outcome(0, answered(410, b"")).is_gone());
    }

    #[test]
    fn the_last_failure_has_no_next_attempt() {
        assert!(outcome(10, answered(500, b"")).next_at.is_some());
        assert_eq!(outcome(11, answered(500, b"")).next_at, None);
    }

    #[test]
    fn retry_after_counts() {
        let response = HttpResponse { status: 503, retry_after: Some("60".to_owned()), body: Vec::new() };
        assert_eq!(outcome(0, Ok(response)).next_at, Some(61_250));
    }

    #[test]
    fn what_is_shown_can_be_shown() {
        let answer = |body: &[u8]| outcome(0, answered(200, body)).answer;
        assert_eq!(answer(b""), None);
        assert_eq!(
            answer(b"a\0b\x1b[1m\xff\r\n\tc").as_deref(),
            Some("a\u{fffd}b\u{fffd}[1m\u{fffd}\r\n\tc")
        );
        assert_eq!(answer(&[b'x'; 5_000]).map(|text| text.len()), Some(MAX_ANSWER));
        let error = outcome(0, Err(HttpError("no\u{0}\n".repeat(400)))).error.unwrap();
        assert!(error.chars().count() == MAX_ERROR && error.starts_with("no\u{fffd}"));
    }
}
