//! Shapes of JSON as data: what a body or a parameter may look like, with every limit.
//!
//! Guarantees: a `Schema` is both what `validate` checks and what `openapi.json` says, so the two cannot differ.

/// What a JSON value may be.
#[derive(Debug, Clone, Copy)]
pub enum Schema {
    /// A text with its length in characters.
    Text {
        /// Fewest characters.
        min: usize,
        /// Most characters.
        max: usize,
        /// What kind of text.
        format: Format,
    },
    /// A whole number.
    Integer {
        /// Smallest.
        min: i64,
        /// Largest.
        max: i64,
    },
    /// `true` or `false`.
    Boolean,
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// A list.
    List {
        /// What each item is.
        items: &'static Schema,
        /// Most items.
        max: usize,
        /// Whether an item may stand in it once only.
        unique: bool,
    },
    /// An object whose members are known.
    Object(&'static Object),
    /// An object whose members the client names.
    Map {
        /// What each value is.
        values: &'static Schema,
        /// Most members.
        max: usize,
        /// Longest name in characters.
        max_name: usize,
    },
    /// The value or `null`.
    Nullable(&'static Schema),
    /// Any JSON value: only in what the service says, never in what it takes.
    Anything,
}

/// What kind of text a text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// One line: no control characters.
    Line,
    /// Several lines: no control characters but line breaks and tabs.
    Lines,
    /// A product's handle.
    Handle,
    /// An id with this prefix.
    Id(&'static str),
    /// RFC 3339.
    Time,
    /// A date of the calendar, `YYYY-MM-DD`.
    Date,
    /// An ISO 4217 code.
    Currency,
    /// An e-mail address.
    Email,
    /// A time zone's IANA name.
    Timezone,
    /// A password: no control characters.
    Password,
}

/// An object's description; its name is its name in OpenAPI.
#[derive(Debug)]
pub struct Object {
    /// The name, such as `Product`.
    pub name: &'static str,
    /// What it is.
    pub about: &'static str,
    /// Its members, in the order in which they are printed.
    pub fields: &'static [Field],
}

/// A member of an object.
#[derive(Debug)]
pub struct Field {
    /// The member's name.
    pub name: &'static str,
    /// Whether it must be there.
    pub required: bool,
    /// What it may be.
    pub schema: Schema,
    /// What it means.
    pub about: &'static str,
}

impl Field {
    /// A member that must be there.
    pub const fn required(name: &'static str, schema: Schema, about: &'static str) -> Self {
        Self { name, required: true, schema, about }
    }

    /// A member that may be left out.
    pub const fn optional(name: &'static str, schema: Schema, about: &'static str) -> Self {
        Self { name, required: false, schema, about }
    }
}

impl Schema {
    /// A text of one line.
    pub const fn line(min: usize, max: usize) -> Self {
        Self::Text { min, max, format: Format::Line }
    }

    /// A text of several lines.
    pub const fn lines(max: usize) -> Self {
        Self::Text { min: 0, max, format: Format::Lines }
    }

    /// An id with this prefix.
    pub const fn id(prefix: &'static str) -> Self {
        Self::Text { min: 30, max: 30, format: Format::Id(prefix) }
    }

    /// A moment, RFC 3339.
    pub const TIME: Self = Self::Text { min: 20, max: 40, format: Format::Time };

    /// A date of the calendar, `YYYY-MM-DD`.
    pub const DATE: Self = Self::Text { min: 10, max: 10, format: Format::Date };
}
