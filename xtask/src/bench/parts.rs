//! Which figures are measured.

use clap::{Args, ValueEnum};

/// Options of `cargo xtask bench`.
#[derive(Args)]
pub struct Options {
    /// One part alone; all when it is left out.
    #[arg(long)]
    only: Option<Part>,
    /// Turns of each run that count: many short ones, because a machine's speed drifts within seconds.
    #[arg(long, default_value_t = 40)]
    pub rounds: usize,
}

/// A part of the bench.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Part {
    /// Reads and writes beside the plain Worker.
    Requests,
    /// What credentials and sign-ins cost.
    Credentials,
    /// Orders beside the peer and beside the database alone.
    Orders,
    /// The same requests on a small database and on one of a million variants and a million orders.
    Growth,
    /// Searches and filtered lists, with 1,000 and with 100,000 products.
    Search,
    /// The public catalogue, kept and made.
    Catalog,
    /// The room with 1,000 sockets, beside a plain Durable Object.
    Room,
    /// Events to 0, 1, 10 and 50 webhook endpoints.
    Webhooks,
    /// Pictures of 12 megapixels, until they are stored in all sizes.
    Images,
    /// A file of products that is applied, and one of 100 MB.
    Import,
    /// The Worker's size, and how long workerd takes to start.
    Start,
}

impl Options {
    /// Whether the part is asked for.
    pub fn includes(&self, part: Part) -> bool {
        self.only.is_none_or(|only| only == part)
    }

    /// How many parts are asked for.
    pub fn count(&self) -> usize {
        Part::value_variants().iter().filter(|part| self.includes(**part)).count()
    }
}
