//! Sending a run of events to everybody who stands before or in it.
//!
//! Guarantees: a connection moves from its position to the run's end, or as far as it can take it, and is sent what it
//! may see in between, or an empty frame that moves its cursor; one frame is encoded once for all connections that are sent the same.

use crate::connection::{ConnectionId, Phase, View};
use crate::log::LogEvent;
use crate::protocol::{MAX_EVENT_BYTES_A_FRAME, MAX_EVENTS_A_FRAME, events_frame};
use crate::room::Room;
use crate::step::Effect;
use std::collections::BTreeMap;
use std::rc::Rc;
use storeroom_domain::LogCursor;

/// What a connection is sent: the places of the events in the run.
type Selection = Vec<usize>;
/// Connections and where they stand.
type Places = Vec<(ConnectionId, i64)>;

impl Room {
    /// Sends a run of events whose `seq` counts up by one.
    pub(crate) fn deliver(&mut self, run: &[LogEvent], out: &mut Vec<Effect>) {
        let (Some(first), Some(last), Some(log)) = (run.first(), run.last(), self.log.as_mut()) else {
            return;
        };
        let mut views: BTreeMap<(i64, View), Vec<ConnectionId>> = BTreeMap::new();
        for (id, connection) in &self.connections {
            let Some(at) = connection.position(log.tip) else { continue };
            if first.seq <= at.saturating_add(1) && at < last.seq {
                let view =
                    View { role: connection.state.member.role, topics: connection.state.topics.clone() };
                views.entry((at, view)).or_default().push(*id);
            }
        }
        if first.seq <= log.tip.saturating_add(1) {
            log.tip = log.tip.max(last.seq);
        }
        log.known = log.known.max(last.seq);
        let end = LogCursor { seq: last.seq, ..log.cursor() };
        for (selection, to) in by_selection(views, run) {
            self.send_selection(run, &selection, end, to, out);
        }
    }

    /// Sends the frames of a selection, to each connection as many as it takes.
    fn send_selection(
        &mut self,
        run: &[LogEvent],
        selection: &[usize],
        end: LogCursor,
        mut to: Places,
        out: &mut Vec<Effect>,
    ) {
        let events: Vec<&LogEvent> = selection.iter().filter_map(|place| run.get(*place)).collect();
        let mut rest = events.as_slice();
        loop {
            to = self.hold_back_the_full(to);
            if to.is_empty() {
                return;
            }
            let (frame, more) = rest.split_at(fitting(rest));
            let reached = frame.last().filter(|_| !more.is_empty()).map_or(end.seq, |event| event.seq);
            let documents = frame.iter().map(|event| event.document.as_str());
            let text = events_frame(documents, LogCursor { seq: reached, ..end });
            self.send_events(&mut to, reached, Rc::from(text), out);
            if more.is_empty() {
                return self.arrive(&to, end.seq);
            }
            rest = more;
        }
    }

    /// Those that can take a frame; the others stay where they are.
    fn hold_back_the_full(&mut self, to: Places) -> Places {
        let mut can_take = |(id, at): &(ConnectionId, i64)| {
            let Some(connection) = self.connections.get_mut(id) else { return false };
            if connection.in_flight.is_full() {
                connection.enter(Phase::Behind { at: *at });
            }
            !connection.in_flight.is_full()
        };
        to.into_iter().filter(|place| can_take(place)).collect()
    }

    fn send_events(&mut self, to: &mut Places, reached: i64, frame: Rc<str>, out: &mut Vec<Effect>) {
        for (id, at) in to.iter_mut() {
            *at = reached;
            if let Some(connection) = self.connections.get_mut(id) {
                connection.in_flight.push(reached, frame.len());
            }
        }
        self.pace.spend(to.len());
        out.push(Effect::Send { to: to.iter().map(|(id, _)| *id).collect(), frame });
    }

    fn arrive(&mut self, who: &Places, at: i64) {
        let is_live = self.log.is_some_and(|log| log.tip == at);
        for (id, _) in who {
            if let Some(connection) = self.connections.get_mut(id) {
                connection.enter(if is_live { Phase::Live } else { Phase::Behind { at } });
            }
        }
    }
}

/// Brings together whoever is sent the same.
fn by_selection(
    views: BTreeMap<(i64, View), Vec<ConnectionId>>,
    run: &[LogEvent],
) -> BTreeMap<Selection, Places> {
    let mut groups: BTreeMap<Selection, Places> = BTreeMap::new();
    for ((at, view), connections) in views {
        let is_sent = |event: &LogEvent| event.seq > at && view.shows(&event.event_type);
        let selection = run.iter().enumerate().filter(|(_, event)| is_sent(event)).map(|(place, _)| place);
        let places = connections.into_iter().map(|id| (id, at));
        groups.entry(selection.collect()).or_default().extend(places);
    }
    groups
}

/// How many of the events fit into a frame: at least one, when there is one.
fn fitting(events: &[&LogEvent]) -> usize {
    let mut bytes = 0_usize;
    let fits = |(index, event): &(usize, &&LogEvent)| {
        bytes = bytes.saturating_add(event.document.len());
        *index == 0 || bytes <= MAX_EVENT_BYTES_A_FRAME
    };
    events.iter().take(MAX_EVENTS_A_FRAME).enumerate().take_while(fits).count()
}
