//! A room whose network, database and memory fail in every way that they can, against a model of the log.
//!
//! Each client checks every frame on arrival: between its cursor and the frame's cursor it must have been sent
//! exactly the log's events of its view (E1, N3, S1), and none from its removal on (A1 to A5). No connection is closed
//! without a reason. At the end, after one head nudge, every client that has stayed has everything, and whoever was
//! removed is gone.

use super::world::World;
use proptest::prelude::*;
use storeroom_domain::LogCursor;

#[derive(Debug, Clone)]
pub enum Move {
    Commit {
        events: usize,
    },
    /// Hands a pending nudge over, or drops or doubles it.
    Nudge {
        which: usize,
        fate: Fate,
    },
    /// Takes a ticket, if it may, and goes so many steps of connecting and saying `hello`.
    Connect {
        who: u64,
        resumes: bool,
        topics: usize,
        steps: usize,
    },
    /// Goes the next step.
    Proceed {
        who: u64,
    },
    /// Ends a membership, or revokes a key.
    Remove {
        who: u64,
    },
    /// Begins a membership anew, or changes its role.
    Grant {
        who: u64,
        role: usize,
    },
    Expel {
        who: u64,
    },
    Subscribe {
        who: u64,
        topics: usize,
    },
    Disconnect {
        who: u64,
    },
    /// Reads the page of the look that is under way, or hands it over, or fails it.
    Read,
    Answer {
        fails: bool,
    },
    Hibernate,
    Head,
    Wait {
        ms: i64,
    },
    Prune {
        events: i64,
    },
    Restore {
        lost: usize,
    },
}

#[derive(Debug, Clone, Copy)]
pub enum Fate {
    Arrives,
    Doubles,
    Lost,
}

fn moves() -> impl Strategy<Value = Move> {
    let fate = prop_oneof![4 => Just(Fate::Arrives), 1 => Just(Fate::Doubles), 2 => Just(Fate::Lost)];
    prop_oneof![
        6 => (1usize..5).prop_map(|events| Move::Commit { events }),
        6 => (any::<usize>(), fate).prop_map(|(which, fate)| Move::Nudge { which, fate }),
        4 => (0u64..6, any::<bool>(), 0usize..4, prop_oneof![3 => Just(2usize), 1 => 0usize..2])
            .prop_map(|(who, resumes, topics, steps)| Move::Connect { who, resumes, topics, steps }),
        2 => (0u64..6).prop_map(|who| Move::Proceed { who }),
        1 => (0u64..6).prop_map(|who| Move::Remove { who }),
        2 => (0u64..6, 0usize..5).prop_map(|(who, role)| Move::Grant { who, role }),
        1 => (0u64..6).prop_map(|who| Move::Expel { who }),
        1 => (0u64..6, 0usize..4).prop_map(|(who, topics)| Move::Subscribe { who, topics }),
        2 => (0u64..6).prop_map(|who| Move::Disconnect { who }),
        4 => Just(Move::Read),
        4 => prop_oneof![4 => Just(false), 1 => Just(true)].prop_map(|fails| Move::Answer { fails }),
        3 => Just(Move::Hibernate),
        1 => Just(Move::Head),
        2 => (0i64..3_000).prop_map(|ms| Move::Wait { ms }),
        1 => (0i64..8).prop_map(|events| Move::Prune { events }),
        1 => (0usize..6).prop_map(|lost| Move::Restore { lost }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn e1_n3_s1_a1_a4_every_client_has_the_log_while_it_may(chosen in proptest::collection::vec(moves(), 1..120)) {
        let mut world = World::new();
        for each in chosen {
            world.make(each);
        }
        world.come_to_rest();
        let end = LogCursor { epoch: world.epoch, seq: world.head() };
        for (who, client) in world.clients.iter().filter(|(_, client)| client.connection.is_some()) {
            prop_assert!(client.is_welcome);
            prop_assert_eq!(client.cursor, Some(end));
            prop_assert!(world.has_access(*who, client, end), "{:?}", client.ticket);
        }
    }
}
