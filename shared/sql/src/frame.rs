//! A frame: one batch as it travels to the writer, and what comes back.
//!
//! Guarantees: serialisable, without the problems (they stay with the caller, by the step's number).

use crate::value::{Rows, Statement};
use serde::{Deserialize, Serialize};

/// One batch.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Frame {
    /// Kept even when the work is refused.
    #[serde(rename = "p", default, skip_serializing_if = "Vec::is_empty")]
    pub prelude: Vec<Statement>,
    /// All or nothing.
    #[serde(rename = "w")]
    pub work: Vec<Statement>,
    /// What is asked for when the work was refused.
    #[serde(rename = "o", default, skip_serializing_if = "Vec::is_empty")]
    pub otherwise: Vec<Statement>,
    /// The work steps whose rows are events, in the columns of `events::ANNOUNCED`.
    #[serde(rename = "e", default, skip_serializing_if = "Vec::is_empty")]
    pub announces: Vec<usize>,
    /// Parts of the work that are done only when there is a reason.
    #[serde(rename = "g", default, skip_serializing_if = "Vec::is_empty")]
    pub gates: Vec<Gate>,
    /// The work step whose single value is the next moment at which something is due, Unix milliseconds or NULL.
    #[serde(rename = "d", default, skip_serializing_if = "Option::is_none")]
    pub due: Option<usize>,
    /// Whether no client waits for it, so that others go first.
    #[serde(rename = "b", default, skip_serializing_if = "is_urgent")]
    pub is_patient: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_urgent(is_patient: &bool) -> bool {
    !is_patient
}

/// Steps of the work that are skipped, and not even compiled, unless a statement before them succeeds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gate {
    /// The step that succeeds or fails; its failure refuses nothing.
    #[serde(rename = "p")]
    pub probe: usize,
    /// The step after the last one that is skipped when it fails.
    #[serde(rename = "e")]
    pub end: usize,
}

impl Frame {
    /// How many statements the frame has.
    pub fn steps(&self) -> usize {
        self.prelude.len() + self.work.len() + self.otherwise.len()
    }

    /// About how many bytes it is on the wire: SQL, texts and blobs.
    pub fn size(&self) -> usize {
        let statements = self.prelude.iter().chain(&self.work).chain(&self.otherwise);
        statements
            .map(|statement| statement.sql.len() + statement.args.iter().map(value_size).sum::<usize>())
            .sum()
    }
}

fn value_size(value: &crate::Value) -> usize {
    match value {
        crate::Value::Text(text) => text.len(),
        crate::Value::Blob(bytes) => bytes.len(),
        _ => 8,
    }
}

/// Which part of a frame a step belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Part {
    /// The prelude.
    Prelude,
    /// The work.
    Work,
}

/// What became of a frame whose transaction was committed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum FrameResult {
    /// The work was done: the rows of each work step.
    Done(Vec<Rows>),
    /// The work was refused and left nothing but the prelude.
    Refused {
        /// Where.
        part: Part,
        /// The number of the step in its part.
        step: usize,
        /// SQLite's message.
        message: String,
        /// The rows of each step of otherwise.
        otherwise: Vec<Rows>,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Value;

    #[test]
    fn frame_format_unchanged() {
        let frame = Frame {
            work: vec![Statement {
                sql: "SELECT ?".into(),
                args: vec![Value::from("abc"), Value::Blob(vec![1])],
            }],
            announces: vec![0],
            gates: vec![Gate { probe: 0, end: 1 }],
            due: Some(0),
            ..Frame::default()
        };
        let text =
            r#"{"w":[{"s":"SELECT ?","a":[{"t":"abc"},{"b":"AQ"}]}],"e":[0],"g":[{"p":0,"e":1}],"d":0}"#;
        assert_eq!(serde_json::to_string(&frame).unwrap(), text);
        assert_eq!(serde_json::from_str::<Frame>(text).unwrap(), frame);
        assert_eq!((frame.steps(), frame.size()), (1, 12));
        let patient = Frame { is_patient: true, ..Frame::default() };
        assert_eq!(serde_json::to_string(&patient).unwrap(), r#"{"w":[],"b":true}"#);
    }
}
