//! Why a picture is not taken.
//!
//! Guarantees: each text is a sentence for whoever sent the picture: what is wrong with it, and what to do. It holds
//! nothing of the picture's content but its measures.

use crate::format::Format;

/// Why a picture is not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refused {
    /// Too many bytes or pixels, or more memory than there is.
    TooLarge(String),
    /// Not one of the formats that are taken.
    Unsupported(String),
    /// Of a format that is taken, and damaged.
    Corrupt(String),
}

impl Refused {
    /// The sentence for whoever sent the picture.
    pub fn detail(&self) -> &str {
        match self {
            Refused::TooLarge(detail) | Refused::Unsupported(detail) | Refused::Corrupt(detail) => detail,
        }
    }

    pub(crate) fn truncated(format: Format) -> Refused {
        Refused::Corrupt(format!("The {} ends before it is complete. Send the whole file.", format.name()))
    }

    pub(crate) fn damaged(format: Format, what: &str) -> Refused {
        Refused::Corrupt(format!(
            "The {} is damaged: {what}. Save the picture again and send that.",
            format.name()
        ))
    }

    pub(crate) fn unusual(format: Format, what: &str) -> Refused {
        Refused::Unsupported(format!(
            "The {} {what}, which is not taken. Save it as an ordinary JPEG or PNG.",
            format.name()
        ))
    }
}
