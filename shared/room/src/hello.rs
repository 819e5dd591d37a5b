//! From `hello` to `welcome`.
//!
//! Guarantees: nobody is welcomed who has not been judged by every event up to the tip; a cursor that leads nowhere is
//! answered with a `reset`, decided by a look that began after the `hello`.

use crate::connection::{ConnectionId, Phase};
use crate::protocol::{CloseCode, HEARTBEAT_MS, Myself, PROTOCOL, ResetReason, ServerFrame};
use crate::room::{Room, is_reached};
use crate::step::Effect;
use storeroom_domain::LogCursor;

impl Room {
    /// A connection says where it wants to go on.
    pub(crate) fn greeted(
        &mut self,
        id: ConnectionId,
        cursor: Option<LogCursor>,
        topics: Option<Vec<String>>,
    ) {
        let tip = self.log.map(|log| log.cursor());
        let Some(connection) = self.connections.get_mut(&id) else { return };
        connection.subscribe(topics);
        connection.enter(Phase::Joining { cursor });
        // What a look that is under way brings may be older than the cursor and the ticket.
        let epoch = connection.state.member.as_of.epoch;
        self.doubt |= !cursor.is_none_or(|cursor| is_reached(cursor, tip));
        self.doubt |= tip.is_none_or(|tip| tip.epoch != epoch);
    }

    /// Answers whoever said `hello`, has been judged and can be answered. With `is_judging`, the room's epoch and head are the
    /// database's, so that a cursor beyond them was never given out.
    pub(crate) fn admit(&mut self, is_judging: bool, out: &mut Vec<Effect>) {
        let Some(log) = self.log else { return };
        let joining = self.connections.iter().filter_map(|(id, connection)| match connection.state.phase {
            Phase::Joining { cursor } => {
                Some((*id, connection.state.member.as_of, cursor.unwrap_or(log.cursor())))
            }
            _ => None,
        });
        for (id, as_of, cursor) in joining.collect::<Vec<_>>() {
            if as_of.epoch == log.epoch && as_of.seq >= log.tip {
                self.answer(id, cursor, is_judging, out);
            } else if as_of.epoch != log.epoch && is_judging {
                self.close(id, CloseCode::Unauthenticated, out);
            }
        }
    }

    fn answer(&mut self, id: ConnectionId, cursor: LogCursor, is_judging: bool, out: &mut Vec<Effect>) {
        let Some(log) = self.log else { return };
        if is_reached(cursor, Some(log.cursor())) {
            self.welcome(id, cursor, out);
        } else if is_judging && cursor.epoch != log.epoch {
            self.welcome(id, log.cursor(), out);
            self.reset(vec![id], ResetReason::Epoch, out);
        } else if is_judging && cursor.seq > log.known {
            self.welcome(id, log.cursor(), out);
            self.reset(vec![id], ResetReason::Unknown, out);
        }
    }

    fn welcome(&mut self, id: ConnectionId, cursor: LogCursor, out: &mut Vec<Effect>) {
        let tip = self.log.map_or(cursor.seq, |log| log.tip);
        self.enters(id);
        let Some(connection) = self.connections.get_mut(&id) else { return };
        connection.state.acked = cursor.seq;
        connection.enter(if cursor.seq == tip { Phase::Live } else { Phase::Behind { at: cursor.seq } });
        let Some(connection) = self.connections.get(&id) else { return };
        let member = &connection.state.member;
        let frame = ServerFrame::Welcome {
            protocol: PROTOCOL,
            member: Myself { user: &member.user, role: member.role.as_str() },
            cursor,
            members: self.present(),
            shared: self.shared_values(),
            heartbeat_ms: HEARTBEAT_MS,
        };
        let frame = frame.to_json();
        self.post(vec![id], &frame, out);
    }
}
