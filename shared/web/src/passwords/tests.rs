//! Tests of passwords: known answers, costs, damaged hashes, permits.

use super::*;
use argon2::ParamsBuilder;

const CHEAP: Cost = Cost { memory_kib: 64, passes: 1, lanes: 1 };
const SALT: [u8; 16] = *b"sixteen bytes...";

/// Known answers of the reference implementation's `src/test.c`: "password" with the salt "somesalt".
const REFERENCE: [&str; 3] = [
    "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
    "$argon2id$v=19$m=256,t=2,p=2$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc",
    "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
];

fn verify(password: &str, phc: Option<&str>) -> Checked {
    Passwords::new(CHEAP).enter().unwrap().verify(password, phc)
}

fn hash(cost: Cost, password: &str) -> String {
    Passwords::new(cost).enter().unwrap().hash(password, SALT).unwrap()
}

#[test]
fn a_password_matches_its_hash_and_no_other() {
    let stored = hash(CHEAP, "correct horse");
    assert_eq!(verify("correct horse", Some(&stored)), Checked { matches: true, outdated: false });
    for other in ["", "correct hors", "Correct horse", "correct horse ", "correct horse\0"] {
        assert_eq!(verify(other, Some(&stored)), Checked { matches: false, outdated: false }, "{other}");
    }
}

#[test]
fn known_answers_of_the_reference() {
    // The small ones again after the largest: memory that was used before must not change an answer.
    for stored in REFERENCE.iter().chain(REFERENCE.iter().take(2)) {
        assert!(verify("password", Some(stored)).matches, "{stored}");
    }
}

#[test]
fn known_answer_of_rfc_9106() {
    // Section 5.3, which also has a secret and associated data.
    let mut builder = ParamsBuilder::new();
    builder.m_cost(32).t_cost(3).p_cost(4).output_len(32);
    let params = builder.data(argon2::AssociatedData::new(&[4; 12]).unwrap()).build().unwrap();
    let argon2 = Argon2::new_with_secret(&[3; 8], Algorithm::Argon2id, Version::V0x13, params).unwrap();
    let (mut tag, mut blocks) = ([0; 32], [Block::new(); 32]);
    argon2.hash_password_into_with_memory(&[1; 32], &[2; 16], &mut tag, &mut blocks).unwrap();
    assert_eq!(crate::answer::hex(&tag), "0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659");
}

#[test]
fn stored_password_format_unchanged() {
    let stored = hash(Cost::STANDARD, "correct horse");
    assert_eq!(
        stored,
        "$argon2id$v=19$m=19456,t=2,p=1$c2l4dGVlbiBieXRlcy4uLg$vrnWxuYqhRN078D3ZMWqbbLZRiCRL8O0ejcfb8jgJSI"
    );
    assert_eq!(stored.len(), 97);
    assert_eq!(Phc::parse(&stored).unwrap().to_string(), stored);
}

#[test]
fn a_hash_of_another_cost_is_outdated() {
    for cost in [
        Cost { memory_kib: 65, ..CHEAP },
        Cost { passes: Cost::HIGHEST.passes, ..CHEAP },
        Cost { lanes: Cost::HIGHEST.lanes, ..CHEAP },
    ] {
        let stored = hash(cost, "correct horse");
        let current = Passwords::new(CHEAP);
        let permit = current.enter().unwrap();
        assert_eq!(permit.verify("correct horse", Some(&stored)), Checked { matches: true, outdated: true });
        let fresh = permit.hash("correct horse", SALT).unwrap();
        assert_eq!(permit.verify("correct horse", Some(&fresh)), Checked { matches: true, outdated: false });
    }
}

#[test]
fn a_damaged_hash_never_matches() {
    let good = hash(CHEAP, "password");
    let refused = Checked { matches: false, outdated: false };
    assert_eq!(verify("password", None), refused);
    for (from, to) in [
        ("argon2id", "argon2i"),
        ("v=19", "v=16"),
        ("m=64", "m=064"),
        ("m=64", "m=+64"),
        ("m=64,t=1", "t=1,m=64"),
        ("p=1", "p=1,data=AA"),
        ("m=64", "m=7"),
        ("p=1", "p=0"),
        ("t=1", "t=0"),
        ("p=1$", "p=1$$"),
        ("m=64", "m=65537"),
        ("t=1", "t=11"),
        ("p=1", "p=5"),
        ("m=64", "m=4294967295"),
        ("m=64", "m=4294967296"),
    ] {
        let damaged = good.replacen(from, to, 1);
        assert!(damaged != good && verify("password", Some(&damaged)) == refused, "{damaged}");
    }
    let (cut, longer) = (&good[..good.len() - 2], format!("{good}AA"));
    let (more, padded, long) = (format!("{good}$"), format!("{good}="), format!("{good}{}", "A".repeat(999)));
    for damaged in ["", "$", "password", cut, &longer, &more, &padded, &long, &good.to_uppercase()] {
        assert_eq!(verify("password", Some(damaged)), refused, "{damaged}");
    }
}

#[test]
fn absurd_costs_do_the_usual_work_only() {
    std::thread::spawn(|| {
        let absurd = REFERENCE[2].replace("m=65536", "m=4000000");
        assert!(!verify("password", Some(&absurd)).matches);
        assert_eq!(BLOCKS.with_borrow(Vec::len), 64, "as many blocks as CHEAP has KiB");
    })
    .join()
    .unwrap();
}

#[test]
fn an_unknown_account_does_the_usual_work() {
    std::thread::spawn(|| {
        assert!(!verify("password", None).matches);
        assert_eq!(BLOCKS.with_borrow(Vec::len), 64);
    })
    .join()
    .unwrap();
}

#[test]
fn an_impossible_cost_is_a_problem_and_no_panic() {
    let impossible = Passwords::new(Cost { memory_kib: 0, passes: 0, lanes: 0 });
    let permit = impossible.enter().unwrap();
    assert_eq!(permit.hash("password", SALT).unwrap_err().code, Code::Internal);
    assert!(!permit.verify("password", None).matches);
}

#[test]
fn two_may_enter_and_who_leaves_makes_room() {
    let passwords = Passwords::new(CHEAP);
    let first = passwords.enter().unwrap();
    let second = passwords.enter().unwrap();
    let problem = passwords.enter().unwrap_err();
    assert_eq!(problem.code, Code::Unavailable);
    assert_eq!(problem.headers, [("Retry-After", "1".to_owned())]);
    drop(first);
    let third = passwords.enter().unwrap();
    assert!(passwords.enter().is_err());
    drop((second, third));
    assert_eq!(passwords.inside.get(), 0);
}
