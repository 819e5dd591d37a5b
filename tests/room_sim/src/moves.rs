//! What a run is made of: plain data, which prints as the Rust that makes it.
//!
//! Guarantees: a printed run can be pasted into `cases`; a move means something whatever came before it, so that a run
//! without one of its moves is a run. A run has a theme, so that what needs many moves of a kind comes up.

use crate::chance::Chance;

/// Clients that moves name; a user has two of them.
pub const SLOTS: usize = 8;
/// Users; the last is an API key.
pub const USERS: usize = 5;

/// What becomes of a nudge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    Arrives,
    Doubles,
    Lost,
}

/// When a client takes what has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reads {
    AtOnce,
    Slowly,
    Never,
}

/// How a client acknowledges.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Acks {
    Received,
    Cursor,
    Nothing,
}

/// Where a client wants to go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whence {
    Now,
    Resume,
    Beyond,
}

/// What no client should send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nonsense {
    NotJson,
    Unknown,
    Binary,
    TooLarge,
    SecondHello,
    AckBeyond,
}

/// Something that happens. Clients, nudges and topics are counted round and round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Move {
    /// So many events of so many KiB each.
    Commit(usize, usize),
    /// A pending nudge is handed over, or dropped, or handed over and kept.
    Nudge(usize, Fate),
    /// The log's head, and so many more.
    Head(i64),
    /// A client takes a ticket, if it may, and goes so many steps: it connects and says `hello`.
    Connect(usize, Whence, usize, usize),
    /// How a client behaves from its next connection on; the last says whether what it sends waits for `Upload`.
    Behave(usize, Reads, Acks, bool),
    /// A client goes the next step.
    Proceed(usize),
    /// Somebody comes without a ticket.
    Stranger,
    /// A user opens so many further connections.
    Crowd(usize, usize),
    /// A user is a member no more, or a key revoked.
    Remove(usize),
    /// A user becomes a member, or gets another role.
    Grant(usize, usize),
    /// A client's session ends.
    Expel(usize),
    Subscribe(usize, usize),
    /// A client says where it is; 0 takes it back, 9 is too large.
    Present(usize, usize),
    /// A client sets a key to a value; 0 takes it away, 9 is too large.
    Share(usize, usize, usize),
    /// One of the clients that are welcome sets keys so many times; each fourth of them to large values.
    Burst(usize, usize),
    Ping(usize),
    Say(usize, Nonsense),
    /// A client sends so many pings at once.
    Flood(usize, usize),
    /// A slow client takes so many frames.
    Read(usize, usize),
    /// So many frames of a client whose sending waits.
    Upload(usize, usize),
    /// A socket is cut when so many frames have arrived there, and so many here; whether the room is told at once.
    Cut(usize, usize, usize, bool),
    /// The room is told of a socket that was cut.
    Tell(usize),
    /// The host reads a page of at most so many events for the look.
    ReadPage(usize),
    /// The page is handed over.
    Answer,
    /// The look fails.
    Fail,
    /// All looks that are needed are made at once.
    Look,
    /// An answer to a look that the room has forgotten.
    Late,
    Hibernate,
    /// So many milliseconds go by.
    Wait(i64),
    /// The clock is set on or back.
    Jump(i64),
    Prune(i64),
    /// The database goes back to a backup without so many of its last events.
    Restore(usize),
}

type Maker = fn(&mut Chance) -> Move;

fn slot(chance: &mut Chance) -> usize {
    chance.below(SLOTS)
}

fn connect(chance: &mut Chance) -> Move {
    let whence = chance.pick(&[Whence::Now, Whence::Now, Whence::Resume, Whence::Resume, Whence::Resume]);
    let whence = if chance.below(20) == 0 { Whence::Beyond } else { whence };
    Move::Connect(slot(chance), whence, chance.below(4), chance.pick(&[2, 2, 2, 1, 0]))
}

fn behave(chance: &mut Chance) -> Move {
    let reads = chance.pick(&[Reads::AtOnce, Reads::AtOnce, Reads::Slowly, Reads::Slowly, Reads::Never]);
    let acks = chance.pick(&[Acks::Received, Acks::Received, Acks::Cursor, Acks::Nothing]);
    Move::Behave(slot(chance), reads, acks, chance.below(4) == 0)
}

fn cut(chance: &mut Chance) -> Move {
    Move::Cut(slot(chance), chance.below(6), chance.below(3), chance.below(2) == 0)
}

fn nudge(chance: &mut Chance) -> Move {
    let fate =
        chance.pick(&[Fate::Arrives, Fate::Arrives, Fate::Arrives, Fate::Arrives, Fate::Doubles, Fate::Lost]);
    Move::Nudge(chance.below(8), fate)
}

fn nonsense(chance: &mut Chance) -> Move {
    use Nonsense::*;
    Move::Say(slot(chance), chance.pick(&[NotJson, Unknown, Binary, TooLarge, SecondHello, AckBeyond]))
}

fn wait(chance: &mut Chance) -> Move {
    let most = chance.pick(&[5, 60, 60, 1_500, 6_000, 12_000]);
    Move::Wait(chance.between(0, most))
}

fn jump(chance: &mut Chance) -> Move {
    let most = chance.pick(&[60, 3_000, 40_000]);
    Move::Jump(chance.between(-most, most))
}

/// What happens in every run, with how often.
const ALWAYS: &[(usize, Maker)] = &[
    (12, |chance| Move::Commit(1 + chance.below(4), 0)),
    (14, nudge),
    (10, connect),
    (3, behave),
    (4, |chance| Move::Proceed(slot(chance))),
    (1, |_| Move::Stranger),
    (2, |chance| Move::Remove(chance.below(USERS))),
    (4, |chance| Move::Grant(chance.below(USERS), chance.below(5))),
    (2, |chance| Move::Expel(slot(chance))),
    (2, |chance| Move::Subscribe(slot(chance), chance.below(4))),
    (3, |chance| Move::Present(slot(chance), chance.below(10))),
    (3, |chance| Move::Share(slot(chance), chance.below(4), chance.below(10))),
    (1, |chance| Move::Ping(slot(chance))),
    (1, nonsense),
    (3, |chance| Move::Read(slot(chance), chance.below(40))),
    (2, |chance| Move::Upload(slot(chance), 1 + chance.below(4))),
    (4, cut),
    (4, |chance| Move::Tell(chance.below(4))),
    (5, |chance| Move::ReadPage(1 + chance.below(5))),
    (5, |_| Move::Answer),
    (2, |_| Move::Fail),
    (8, |_| Move::Look),
    (1, |_| Move::Late),
    (5, |_| Move::Hibernate),
    (2, |chance| Move::Head(chance.pick(&[0, 0, 3]))),
    (7, wait),
    (2, jump),
    (2, |chance| Move::Prune(chance.between(0, 8))),
    (1, |chance| Move::Restore(chance.below(6))),
];

/// Events that fill windows.
const LARGE: &[(usize, Maker)] = &[
    (20, |chance| Move::Commit(1 + chance.below(3), 60 + chance.below(540))),
    (10, nudge),
    (12, |chance| Move::Read(slot(chance), chance.below(8))),
    (6, behave),
    (6, connect),
    (10, |_| Move::Look),
    (4, wait),
    (2, |_| Move::Hibernate),
];

/// So many frames that they are gathered, after a crowd has come.
const CROWDED: &[(usize, Maker)] = &[
    (14, |chance| Move::Commit(1 + chance.below(3), 0)),
    (14, nudge),
    (6, |chance| Move::Present(slot(chance), chance.below(10))),
    (6, |chance| Move::Share(slot(chance), chance.below(4), chance.below(10))),
    (9, |chance| Move::Burst(chance.below(100), 30 + chance.below(40))),
    (6, connect),
    (6, cut),
    (3, |_| Move::Hibernate),
    (2, jump),
    (16, |chance| Move::Wait(chance.between(0, 55))),
];

/// Members who talk a lot.
const TALKING: &[(usize, Maker)] = &[
    (10, |chance| Move::Present(slot(chance), chance.below(10))),
    (10, |chance| Move::Share(slot(chance), chance.below(80), chance.below(10))),
    (2, |chance| Move::Burst(chance.below(8), 60 + chance.below(30))),
    (1, |chance| Move::Flood(slot(chance), 90 + chance.below(40))),
    (8, connect),
    (6, cut),
    (4, |chance| Move::Tell(chance.below(4))),
    (4, wait),
    (3, behave),
];

fn draw(chance: &mut Chance, tables: &[&[(usize, Maker)]]) -> Move {
    let table = tables[chance.below(tables.len())];
    let total = table.iter().map(|(weight, _)| weight).sum();
    let mut left = chance.below(total);
    for (weight, make) in table {
        match left.checked_sub(*weight) {
            Some(less) => left = less,
            None => return make(chance),
        }
    }
    Move::Look
}

/// A room that is full of one user's connections.
fn crowd(chance: &mut Chance) -> Vec<Move> {
    let (who, count) = (chance.below(3), 70 + chance.below(45));
    vec![Move::Connect(who, Whence::Now, 0, 2), Move::Look, Move::Crowd(who, count), Move::Look]
}

/// A room with some who do not read, or say nothing of it.
fn lazy(chance: &mut Chance) -> Vec<Move> {
    let reads = chance.pick(&[Reads::AtOnce, Reads::Slowly, Reads::Never]);
    let behave = [Move::Behave(1, reads, Acks::Nothing, false), Move::Behave(2, reads, Acks::Cursor, true)];
    let connect = (0..4).map(|slot| Move::Connect(slot, Whence::Now, 0, 2));
    behave.into_iter().chain(connect).chain([Move::Look]).collect()
}

/// The moves of a seed.
pub fn moves(seed: u64) -> Vec<Move> {
    let mut chance = Chance::new(seed);
    let (mut list, tables): (Vec<Move>, &[&[_]]) = match chance.below(120) {
        0..=2 => (lazy(&mut chance), &[ALWAYS, LARGE, LARGE]),
        3 => (crowd(&mut chance), &[ALWAYS, LARGE]),
        4..=6 => (crowd(&mut chance), &[ALWAYS, CROWDED, CROWDED]),
        7..=8 => (lazy(&mut chance), &[ALWAYS, TALKING, TALKING]),
        9..=22 => (vec![], &[ALWAYS, TALKING]),
        _ => (vec![], &[ALWAYS]),
    };
    let count = 10 + chance.below(100);
    list.extend((0..count).map(|_| draw(&mut chance, tables)));
    list
}
