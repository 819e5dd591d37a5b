//! Several frames in one transaction: each is answered on its own, and a refused one harms no neighbour.

use crate::bench::{Bench, is_done, refusal, work};
use std::collections::BTreeMap;
use storeroom_ports::DatabaseError;
use storeroom_sql::group::MAX_FRAMES;
use storeroom_sql::{Frame, FrameResult, Statement, Value};

pub async fn a_refused_frame_harms_no_neighbour(bench: &Bench) {
    bench.commit(work([bench.add("taken")])).await.unwrap();
    let with_nonce = |nonce: &str, statements: Vec<Statement>| Frame {
        prelude: vec![bench.add(nonce)],
        work: statements,
        otherwise: vec![bench.sql("SELECT count(*) FROM things WHERE scope = :scope")],
        ..Frame::default()
    };
    let check = bench.sql("UPDATE things SET amount = -1 WHERE scope = :scope");
    let frames = vec![
        with_nonce("n1", vec![bench.add("a")]),
        with_nonce("n2", vec![bench.add("b"), check]),
        with_nonce("n1", vec![bench.add("c")]),
        with_nonce("n3", vec![bench.add("d"), bench.guard("0")]),
        with_nonce("n4", vec![bench.add("e"), bench.add("taken")]),
        with_nonce("n5", vec![bench.add("f")]),
    ];
    let results = bench.commit_all(frames).await.unwrap();
    let done: Vec<bool> = results.iter().map(is_done).collect();
    assert_eq!(done, [true, false, false, false, false, true]);
    assert_eq!(refusal(&results[3]), "guard");
    assert!(refusal(&results[2]).starts_with("UNIQUE constraint failed"));
    assert_eq!(bench.names().await, "a f n1 n2 n3 n4 n5 taken");
}

pub async fn a_frame_sees_what_those_before_it_did(bench: &Bench) {
    let count = || bench.sql("SELECT count(*) FROM things WHERE scope = :scope");
    let frames = vec![
        work([bench.add("a"), count()]),
        work([bench.add("b"), bench.guard("0"), count()]),
        work([bench.add("b"), count()]),
    ];
    let results = bench.commit_all(frames).await.unwrap();
    let counts = results.iter().map(|result| match result {
        FrameResult::Done(rows) => rows[1].integer(0, 0),
        FrameResult::Refused { .. } => None,
    });
    assert_eq!(counts.collect::<Vec<_>>(), [Some(1), None, Some(2)]);
}

pub async fn a_full_group(bench: &Bench) {
    let frame = |number: usize| {
        let refused = number.is_multiple_of(3);
        let guard = if refused { "0" } else { "1" };
        work([bench.add(&format!("{number:02}")), bench.guard(guard)])
    };
    let results = bench.commit_all((0..MAX_FRAMES).map(frame).collect()).await.unwrap();
    assert_eq!(results.len(), MAX_FRAMES);
    let expected: Vec<usize> = (0..MAX_FRAMES).filter(|number| !number.is_multiple_of(3)).collect();
    let done: Vec<usize> = (0..MAX_FRAMES).filter(|number| is_done(&results[*number])).collect();
    assert_eq!(done, expected);
    let names: Vec<String> = expected.iter().map(|number| format!("{number:02}")).collect();
    assert_eq!(bench.names().await, names.join(" "));
}

/// A full disk ends the whole transaction in SQLite: no later savepoint may begin one of its own.
pub async fn what_ends_the_transaction_ends_the_group(bench: &Bench) {
    let grow = "INSERT INTO cells VALUES (:scope, 1, zeroblob(10000000))";
    let frames = vec![
        work([bench.add("before")]),
        work([Statement::plain("PRAGMA max_page_count = 1"), bench.sql(grow)]),
        work([bench.add("after")]),
    ];
    let error = bench.commit_all(frames).await.unwrap_err();
    assert_eq!(error, DatabaseError::Unavailable("database or disk is full".to_owned()));
    assert_eq!(bench.names().await, "");
    bench.can_write().await;
}

/// What a random group should leave behind.
#[derive(Default, Clone)]
struct Model(BTreeMap<String, i64>);

enum Act {
    Add(String, i64),
    Change(String, i64),
    Demand(i64),
}

impl Model {
    /// Does it as SQLite should; false when it is refused.
    fn apply(&mut self, act: &Act) -> bool {
        match act {
            Act::Add(name, amount) => {
                let allowed = *amount >= 0 && !self.0.contains_key(name);
                if allowed {
                    self.0.insert(name.clone(), *amount);
                }
                allowed
            }
            Act::Change(name, by) => match self.0.get_mut(name) {
                Some(amount) if *amount + by < 0 => false,
                Some(amount) => {
                    *amount += by;
                    true
                }
                None => true,
            },
            Act::Demand(count) => self.0.len() as i64 >= *count,
        }
    }

    /// Whether all were allowed; if not, none leaves a trace.
    fn all_or_nothing(&mut self, acts: &[Act]) -> bool {
        let before = self.clone();
        let allowed = acts.iter().all(|act| self.apply(act));
        if !allowed {
            *self = before;
        }
        allowed
    }
}

impl Act {
    fn random(dice: &mut Dice) -> Self {
        let name = format!("n{}", dice.below(8));
        match dice.below(5) {
            0 | 1 => Self::Add(name, dice.below(10) - 1),
            2 | 3 => Self::Change(name, dice.below(12) - 6),
            _ => Self::Demand(dice.below(6)),
        }
    }

    fn statement(&self, bench: &Bench) -> Statement {
        match self {
            Self::Add(name, amount) => {
                bench.sql(format!("INSERT INTO things VALUES (:scope, '{name}', {amount})"))
            }
            Self::Change(name, by) => bench.sql(format!(
                "UPDATE things SET amount = amount + {by} WHERE scope = :scope AND name = '{name}'"
            )),
            Self::Demand(count) => {
                bench.guard(&format!("SELECT count(*) >= {count} FROM things WHERE scope = :scope"))
            }
        }
    }
}

/// SplitMix64: the same for the same seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> i64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((bits ^ (bits >> 31)) % limit) as i64
    }
}

pub async fn random_groups_do_what_the_model_does(bench: &Bench) {
    for seed in 1..=25 {
        println!("seed {seed}");
        let mut dice = Dice(seed);
        bench.commit(work([bench.sql("DELETE FROM things WHERE scope = :scope")])).await.unwrap();
        let mut model = Model::default();
        let group: Vec<Vec<Act>> = (0..=dice.below(8))
            .map(|_| (0..=dice.below(4)).map(|_| Act::random(&mut dice)).collect())
            .collect();
        let frames =
            group.iter().map(|acts| work(acts.iter().map(|act| act.statement(bench)).collect::<Vec<_>>()));
        let results = bench.commit_all(frames.collect()).await.unwrap();
        for (acts, result) in group.iter().zip(&results) {
            assert_eq!(is_done(result), model.all_or_nothing(acts), "{result:?}");
        }
        let kept =
            bench.rows(bench.sql("SELECT name, amount FROM things WHERE scope = :scope ORDER BY name")).await;
        let expected =
            model.0.iter().map(|(name, amount)| vec![Value::from(name.clone()), Value::from(*amount)]);
        assert_eq!(kept.0, expected.collect::<Vec<_>>());
    }
}
