//! Runs that are kept: each failed once, or is about a corner that chance seldom finds.
//!
//! A failing run prints its moves as they stand here.

#[allow(unused_imports, reason = "whatever is printed can be pasted")]
use crate::moves::{Acks::*, Fate::*, Move, Move::*, Nonsense::*, Reads::*, Whence::*};

/// The runs, each with what it is about.
pub const CASES: &[(&str, &[Move])] = &[
    (
        "P4: a key that is revoked within the grace",
        &[Connect(1, Resume, 3, 2), Look, Connect(4, Now, 0, 2), Remove(4), Cut(4, 1, 0, true), Head(0)],
    ),
    (
        "P2: a newcomer is welcomed in the step that closes others of its user",
        &[Crowd(0, 102), Look, Commit(2, 465), Commit(2, 106), Connect(0, Beyond, 3, 2)],
    ),
    (
        "K1 K2: a reset is counted as received",
        &[
            Connect(5, Resume, 2, 2),
            Look,
            Connect(6, Beyond, 2, 2),
            Connect(4, Now, 1, 2),
            Commit(2, 399),
            Commit(3, 528),
            Look,
            Commit(3, 393),
            Commit(1, 556),
            Commit(3, 297),
            Hibernate,
        ],
    ),
    (
        "A5: whoever the log no longer reaches is closed when nobody else watches",
        &[Connect(7, Resume, 2, 1), Proceed(7), Look, Commit(4, 0), Prune(8), Remove(2)],
    ),
    (
        "P3: the grace of somebody ends in the step that welcomes another",
        &[
            Jump(-9918),
            Connect(1, Now, 1, 2),
            Look,
            Restore(4),
            Head(3),
            Jump(-1847),
            Look,
            Connect(3, Now, 2, 2),
        ],
    ),
    (
        "K3: who never acknowledges sleeps with the room",
        &[
            Connect(1, Now, 1, 2),
            Look,
            Commit(2, 66),
            Commit(2, 451),
            Behave(4, Slowly, Nothing, false),
            Connect(4, Now, 0, 2),
            Nudge(2, Arrives),
            Hibernate,
        ],
    ),
];
