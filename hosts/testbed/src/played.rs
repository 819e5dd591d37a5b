//! A room that a test plays: it says what the room says, and sees what the follower says.

use crate::ports::Recorded;
use async_trait::async_trait;
use serde_json::Value as Json;
use std::cell::RefCell;
use std::rc::Rc;
use storeroom_ports::RoomSocket;
use tokio::sync::mpsc;

/// The test's end.
pub struct PlayedRoom {
    said: mpsc::UnboundedSender<Result<String, u16>>,
    heard: Rc<RefCell<Vec<Json>>>,
}

/// The follower's end.
pub struct PlayedSocket {
    said: mpsc::UnboundedReceiver<Result<String, u16>>,
    heard: Rc<RefCell<Vec<Json>>>,
}

impl Recorded {
    /// Lets whoever follows a store next into a room that the test plays.
    pub fn play_room(&self) -> PlayedRoom {
        let (sender, said) = mpsc::unbounded_channel();
        let heard = Rc::new(RefCell::default());
        self.played.borrow_mut().push_back(PlayedSocket { said, heard: heard.clone() });
        PlayedRoom { said: sender, heard }
    }
}

impl PlayedRoom {
    /// Sends a frame.
    pub fn say(&self, frame: &Json) {
        // Nobody hears it when the follower has gone.
        let _ = self.said.send(Ok(frame.to_string()));
    }

    /// Closes the connection.
    pub fn close(&self, code: u16) {
        let _ = self.said.send(Err(code));
    }

    /// What the follower has said since the last call.
    pub fn heard(&self) -> Vec<Json> {
        self.heard.take()
    }

    /// Whether the follower has gone.
    pub fn is_left(&self) -> bool {
        self.said.is_closed()
    }
}

#[async_trait(?Send)]
impl RoomSocket for PlayedSocket {
    fn send(&mut self, frame: &str) {
        self.heard.borrow_mut().push(serde_json::from_str(frame).unwrap_or_default());
    }

    async fn receive(&mut self) -> Result<String, u16> {
        self.said.recv().await.unwrap_or(Err(1006))
    }
}
