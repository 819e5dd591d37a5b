//! Sequences that are kept: each failed once, or is about a corner that chance seldom finds. They run first.
//!
//! A failing run prints its sequence as it stands here.

use crate::model::steps::{Amount::*, Ask::*, Failing::*, Line, Price::*, Sequence, Step, Step::*};

/// The sequences, each with what it is about.
pub fn cases() -> Vec<(&'static str, Sequence)> {
    vec![
        (
            "an order takes a part of its hold, and the rest can be sold",
            tax_free(vec![
                Send(Hold([Line(0, 0, 6), Line(1, 0, 2)], 4)),
                Send(Place([Line(0, 0, 4), Line(1, 0, 3), Line(0, 1, 1)], Some(0), Right)),
                Send(Place([Line(0, 0, 2), Line(1, 0, 1), Line(0, 1, 2)], None, Unsaid)),
                Send(Place([Line(0, 0, 1), Line(1, 0, 0), Line(0, 1, 0)], None, Unsaid)),
            ]),
        ),
        (
            "a hold and an order expire in the same moment, seen by the write that needs both",
            tax_free(vec![
                Send(Hold([Line(0, 0, 3), Line(1, 0, 0)], 3)),
                Send(Place([Line(0, 0, 3), Line(1, 0, 0), Line(0, 1, 0)], None, Unsaid)),
                WaitPastExpiry(-1),
                Send(Adjust([Line(0, 0, -1), Line(1, 0, 0)])),
                WaitPastExpiry(0),
                Fail(Adjust([Line(0, 0, -6), Line(1, 0, 0)]), AnswerLost),
                DueWork(Nothing),
            ]),
        ),
        (
            "a hold that is late for its order",
            tax_free(vec![
                Send(Hold([Line(0, 0, 6), Line(1, 0, 0)], 1)),
                WaitPastExpiry(0),
                Fail(Place([Line(0, 0, 2), Line(1, 0, 0), Line(0, 1, 0)], Some(0), Right), CutBefore(40)),
                Send(Place([Line(0, 0, 6), Line(1, 0, 0), Line(0, 1, 0)], None, Right)),
            ]),
        ),
        (
            "an order that wants more than its hold and the rest is told what is short beside the hold",
            tax_free(vec![
                Send(Hold([Line(0, 0, 4), Line(0, 0, 0)], 1)),
                Send(Place([Line(0, 0, 3), Line(1, 1, 1), Line(1, 0, 0)], Some(0), Unsaid)),
                Send(Place([Line(0, 0, 7), Line(1, 1, 0), Line(1, 0, 0)], Some(0), Unsaid)),
                Send(Place([Line(0, 0, 6), Line(1, 1, 0), Line(1, 0, 0)], Some(0), Unsaid)),
            ]),
        ),
        (
            "two orders want one hold at once",
            tax_free(vec![
                Send(Hold([Line(0, 0, 5), Line(1, 0, 0)], 4)),
                Race(
                    [
                        Place([Line(0, 0, 5), Line(1, 0, 0), Line(0, 1, 0)], Some(0), Unsaid),
                        Commit(0, None),
                        Place([Line(0, 0, 2), Line(1, 0, 0), Line(0, 1, 0)], Some(0), Unsaid),
                    ],
                    [2, 1, 0],
                ),
            ]),
        ),
        ("what comes back comes back once, whatever is lost on the way", tax_free(a_long_way())),
        (
            "paid in the last moment, and too late",
            tax_free(vec![
                Send(Place([Line(0, 0, 1), Line(1, 0, 0), Line(0, 1, 0)], None, Unsaid)),
                Send(Place([Line(1, 0, 1), Line(1, 1, 0), Line(0, 1, 0)], None, Unsaid)),
                WaitPastExpiry(-1),
                Send(Pay(0)),
                WaitPastExpiry(0),
                Twins(Pay(1)),
                Retry(0, false),
                Retry(0, true),
                Send(Cancel(1)),
                Read,
            ]),
        ),
    ]
}

fn tax_free(steps: Vec<Step>) -> Sequence {
    Sequence { rate: 0, included: true, shipping: 0, order_expiry_s: 3, steps }
}

fn a_long_way() -> Vec<Step> {
    vec![
        Send(Place([Line(0, 0, 3), Line(1, 0, 2), Line(0, 1, 0)], None, Right)),
        Fail(Pay(0), CutBefore(10)),
        Fail(Fulfil(0), StepFails(20)),
        Send(Deliver(0)),
        Fail(Return(0, Some(2), true), AnswerLost),
        Send(Return(0, Some(2), true)),
        Twins(Return(0, Some(1), false)),
        Race([Return(0, None, true), Return(0, None, false), Refund(0, Rest)], [0, 2, 1]),
        Send(Return(0, None, true)),
        Send(Refund(0, Beyond)),
        Send(Refund(0, Units(1))),
        Send(Cancel(0)),
    ]
}
