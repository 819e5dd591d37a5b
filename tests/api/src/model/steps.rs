//! What a sequence is made of: plain data, which prints as the Rust that makes it.
//!
//! Guarantees: a printed sequence can be pasted into `cases`; a step means something whatever came before it, because
//! holds, orders and answers are counted back from the newest, round and round.

use proptest::prelude::*;
use storeroom_testbed::Fault;

/// Variants of a store; the product of the last is not published.
pub const VARIANTS: usize = 3;
/// Locations of a store; the first is the default.
pub const PLACES: usize = 2;
/// Most steps of a random sequence after those of `WAY`.
const MOST: usize = 15;

/// So many of a variant at a location; a number of 0 is no line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line(pub usize, pub usize, pub i64);

/// What an order says that its first line costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Price {
    Unsaid,
    Right,
    Wrong,
}

/// How much is refunded of what is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Amount {
    Units(i64),
    Rest,
    Beyond,
}

/// What goes wrong, as `Fault` has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failing {
    Nothing,
    Down,
    AnswerLost,
    CutBefore(usize),
    StepFails(usize),
}

impl Failing {
    /// As the test bed takes it.
    pub fn fault(self) -> Fault {
        match self {
            Self::Nothing => Fault::None,
            Self::Down => Fault::Down,
            Self::AnswerLost => Fault::AnswerLost,
            Self::CutBefore(step) => Fault::CutBefore(step),
            Self::StepFails(step) => Fault::StepFails(step),
        }
    }
}

/// A request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ask {
    /// What comes and goes.
    Adjust([Line; 2]),
    /// A count of one level; a stale one begins from another number than there is.
    Set(Line, bool),
    /// So many of the first two variants leave that location for the other.
    Transfer(usize, [i64; 2]),
    /// When a level is low.
    Threshold(Line),
    /// What is set aside for so many seconds.
    Hold([Line; 2], i64),
    /// All of a hold, or so many of its first line.
    Commit(usize, Option<i64>),
    Release(usize),
    Extend(usize, i64),
    /// What is ordered, the hold it is taken from, and the price it expects.
    Place([Line; 3], Option<usize>, Price),
    Pay(usize),
    Fulfil(usize),
    Deliver(usize),
    Cancel(usize),
    /// All of an order, or so many of its first line; whether it can be sold again.
    Return(usize, Option<i64>, bool),
    Refund(usize, Amount),
    /// Whether it repairs.
    Reconcile(bool),
}

/// A store and what happens to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sequence {
    /// Its tax in hundredths of a per cent.
    pub rate: i64,
    /// Whether prices have the tax in them.
    pub included: bool,
    /// What shipping costs.
    pub shipping: i64,
    /// How long an order may stay unpaid.
    pub order_expiry_s: i64,
    /// In order.
    pub steps: Vec<Step>,
}

/// A step of a sequence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// A request.
    Send(Ask),
    /// A request during a failure, and again after it under the same key.
    Fail(Ask, Failing),
    /// Requests at once, and how many turns the commit of each waits.
    Race([Ask; 3], [u32; 3]),
    /// A request twice at once, under one key.
    Twins(Ask),
    /// A request that was done, again under its key; or another one under that key.
    Retry(usize, bool),
    /// Milliseconds go by.
    Wait(i64),
    /// The clock goes to the next expiry and so far past it.
    WaitPastExpiry(i64),
    /// What has expired is written down, at the second attempt where the first fails.
    DueWork(Failing),
    /// Everything is read.
    Read,
}

fn line(most: i64) -> impl Strategy<Value = Line> {
    let variant = prop_oneof![5 => Just(0_usize), 4 => Just(1), 1 => Just(2)];
    let place = prop_oneof![4 => Just(0_usize), 1 => Just(1)];
    (variant, place, 0..=most).prop_map(|(variant, place, number)| Line(variant, place, number))
}

/// Mostly the newest.
fn back() -> impl Strategy<Value = usize> {
    prop_oneof![4 => Just(0_usize), 2 => Just(1), 1 => 2..6_usize]
}

fn part() -> impl Strategy<Value = Option<i64>> {
    prop_oneof![2 => Just(None), 2 => (1..4_i64).prop_map(Some)]
}

fn stock() -> impl Strategy<Value = Ask> {
    let moved = |line: Line, sign: i64| Line(line.0, line.1, line.2 * sign);
    let change = (line(8), prop_oneof![Just(1), Just(-1)]).prop_map(move |(line, sign)| moved(line, sign));
    let change = change.boxed();
    prop_oneof![
        4 => [change.clone(), change].prop_map(Ask::Adjust),
        2 => (line(9), prop::bool::weighted(0.3)).prop_map(|(line, stale)| Ask::Set(line, stale)),
        2 => (0..PLACES, [0..4_i64, 0..4_i64]).prop_map(|(from, numbers)| Ask::Transfer(from, numbers)),
        1 => line(6).prop_map(Ask::Threshold),
        1 => any::<bool>().prop_map(Ask::Reconcile),
    ]
}

fn hold() -> impl Strategy<Value = Ask> {
    prop_oneof![
        4 => (line(4), 0..=3_i64, 1..5_i64)
            .prop_map(|(line, more, seconds)| Ask::Hold([line, Line(1, 0, more)], seconds)),
        2 => (back(), part()).prop_map(|(hold, part)| Ask::Commit(hold, part)),
        1 => back().prop_map(Ask::Release),
        1 => (back(), 1..5_i64).prop_map(|(hold, seconds)| Ask::Extend(hold, seconds)),
    ]
}

fn order() -> impl Strategy<Value = Ask> {
    let price = prop_oneof![4 => Just(Price::Unsaid), 3 => Just(Price::Right), 1 => Just(Price::Wrong)];
    let lines = (line(3), 0..=2_i64, 0..=1_i64)
        .prop_map(|(line, more, far)| [line, Line(1, 0, more), Line(0, 1, far)]);
    let from = proptest::option::weighted(0.4, back());
    let amount = prop_oneof![3 => (1..900_i64).prop_map(Amount::Units), 1 => Just(Amount::Rest), 1 => Just(Amount::Beyond)];
    prop_oneof![
        6 => (lines, from, price).prop_map(|(lines, hold, price)| Ask::Place(lines, hold, price)),
        4 => back().prop_map(Ask::Pay),
        3 => back().prop_map(Ask::Fulfil),
        1 => back().prop_map(Ask::Deliver),
        2 => back().prop_map(Ask::Cancel),
        3 => (back(), part(), any::<bool>()).prop_map(|(order, part, restock)| Ask::Return(order, part, restock)),
        3 => (back(), amount).prop_map(|(order, amount)| Ask::Refund(order, amount)),
    ]
}

fn ask() -> impl Strategy<Value = Ask> + Clone {
    prop_oneof![2 => stock(), 3 => hold(), 5 => order()].boxed()
}

fn failing() -> impl Strategy<Value = Failing> {
    prop_oneof![
        1 => Just(Failing::Down),
        2 => Just(Failing::AnswerLost),
        3 => (0..200_usize).prop_map(Failing::CutBefore),
        3 => (0..200_usize).prop_map(Failing::StepFails),
    ]
}

/// Random steps.
fn steps() -> impl Strategy<Value = Vec<Step>> {
    let ask = ask();
    let step = prop_oneof![
        20 => ask.clone().prop_map(Step::Send),
        3 => (ask.clone(), failing()).prop_map(|(ask, failing)| Step::Fail(ask, failing)),
        2 => ([ask.clone(), ask.clone(), ask.clone()], [0..3_u32, 0..3_u32, 0..3_u32])
            .prop_map(|(asks, turns)| Step::Race(asks, turns)),
        1 => ask.prop_map(Step::Twins),
        2 => (back(), prop::bool::weighted(0.3)).prop_map(|(answer, other)| Step::Retry(answer, other)),
        2 => prop_oneof![Just(1), Just(999), Just(1_000), 1..3_000_i64].prop_map(Step::Wait),
        3 => (-1..2_i64).prop_map(Step::WaitPastExpiry),
        1 => prop_oneof![3 => Just(Failing::Nothing), 1 => failing()].prop_map(Step::DueWork),
        1 => Just(Step::Read),
    ];
    prop::collection::vec(step, 4..=MOST)
}

/// The way of the first order, which a sequence begins at any place of.
const WAY: [Step; 4] = [
    Step::Send(Ask::Place([Line(0, 0, 2), Line(1, 0, 2), Line(0, 1, 1)], None, Price::Right)),
    Step::Send(Ask::Pay(0)),
    Step::Send(Ask::Fulfil(0)),
    Step::Send(Ask::Deliver(0)),
];

/// Random sequences.
pub fn sequences() -> impl Strategy<Value = Sequence> {
    let rate = prop::sample::select(vec![0_i64, 1, 700, 1_900, 2_550, 10_000]);
    let terms = (rate, any::<bool>(), prop_oneof![Just(0_i64), Just(490)], 2..6_i64);
    let begun = prop_oneof![2 => Just(0_usize), 1 => Just(1), 3 => 2..=WAY.len()];
    (terms, begun, steps()).prop_map(|((rate, included, shipping, order_expiry_s), begun, more)| {
        let steps = WAY.into_iter().take(begun).chain(more).collect();
        Sequence { rate, included, shipping, order_expiry_s, steps }
    })
}
