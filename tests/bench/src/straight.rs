//! What a write costs the database alone: the batches of requests, sent to it without a Worker.
//!
//! Guarantees: a batch is what the service itself makes of the request, with its own ids, and is made before the turn
//! that sends it; one call is in flight at a time, as the Writer of a database keeps it; every batch of a call was done,
//! or the run ends.
//! Relies on: the gateway, whose database notes the frame down and says that nothing was done.

use crate::plan::Straight;
use async_trait::async_trait;
use std::cell::RefCell;
use std::rc::Rc;
use std::time::{SystemTime, UNIX_EPOCH};
use storeroom_domain::Timestamp;
use storeroom_gateway::settings::Texts;
use storeroom_gateway::{All, Settings};
use storeroom_hrana::codec;
use storeroom_ports::{Clock, Database, DatabaseError, Http, HttpRequest, Ports, Targets};
use storeroom_sql::group::{self, Group};
use storeroom_sql::{Frame, FrameResult, Rows, Statement};
use storeroom_testbed::http::NativeHttp;
use storeroom_testbed::{Recorded, SeededRandom, request};

const LIMIT_MS: u32 = 30_000;

/// Makes calls of requests, and sends them.
pub struct Writer {
    url: String,
    gathered: usize,
    calls: usize,
    settings: Settings,
    ports: Ports,
    noted: Rc<Noted>,
    recorded: Rc<Recorded>,
}

/// Several batches as one call.
pub struct Call {
    group: Group,
    body: Vec<u8>,
}

/// A database that notes down what it is asked to commit, and does nothing.
#[derive(Default)]
struct Noted(RefCell<Vec<Frame>>);

struct WallClock;

#[async_trait(?Send)]
impl Clock for WallClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_ms(i64::try_from(since_1970().as_millis()).unwrap())
    }

    async fn sleep(&self, ms: i64) {
        tokio::time::sleep(std::time::Duration::from_millis(ms.max(0).unsigned_abs())).await;
    }
}

#[async_trait(?Send)]
impl Database for Noted {
    async fn read(&self, _: Statement) -> Result<Rows, DatabaseError> {
        Err(DatabaseError::Unavailable("reads are not for this".to_owned()))
    }

    async fn commit(&self, frame: Frame) -> Result<FrameResult, DatabaseError> {
        self.0.borrow_mut().push(frame);
        Err(DatabaseError::Unavailable("noted".to_owned()))
    }
}

impl Writer {
    /// A writer for that database.
    pub fn new(plan: &Straight) -> Self {
        let read = |file| std::fs::read_to_string(file).unwrap();
        let (keys, master_key) = (read(&plan.keys), read(&plan.master_key));
        let texts = Texts {
            environment: "local",
            token_keys: keys.trim_end(),
            master_key: master_key.trim_end(),
            rate_limits: "off",
            cors_origins: "",
            webhook_targets: "",
        };
        let (noted, recorded) = (Rc::new(Noted::default()), Rc::new(Recorded::default()));
        let seed = u64::try_from(since_1970().as_nanos() & u128::from(u64::MAX)).unwrap();
        let ports = Ports {
            database: noted.clone(),
            rooms: recorded.clone(),
            blobs: recorded.clone(),
            http: Rc::new(NativeHttp::new()),
            targets: Targets::Public,
            clock: Rc::new(WallClock),
            random: Rc::new(SeededRandom::new(seed)),
            log: recorded.clone(),
            couriers: None,
            limiter: None,
            cache: None,
            later: None,
        };
        Self {
            url: format!("{}/v3/pipeline", plan.database),
            gathered: plan.gathered,
            calls: plan.calls,
            settings: Settings::parse(&texts, &[]).unwrap(),
            ports,
            noted,
            recorded,
        }
    }

    /// Requests of a turn.
    pub fn requests(&self) -> usize {
        self.gathered * self.calls
    }

    /// The calls that these requests come to.
    pub async fn calls(&self, requests: Vec<HttpRequest>) -> Vec<Call> {
        for each in &requests {
            self.note(each).await;
        }
        self.recorded.lines.borrow_mut().clear();
        let frames = self.noted.0.take();
        assert_eq!(frames.len(), requests.len(), "a request did not come to one batch");
        frames.chunks(self.gathered).map(|frames| Call::of(frames.to_vec())).collect()
    }

    async fn note(&self, sent: &HttpRequest) {
        let headers: Vec<(&str, &str)> =
            sent.headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let request = request(sent.method, &sent.url, Some(sent.body.clone()), &headers);
        storeroom_gateway::handle(&All, &self.ports, &self.settings, request).await;
    }

    /// Sends a call and looks at what became of each batch.
    pub async fn send(&self, call: Call, http: &NativeHttp) {
        let Call { group, body } = call;
        let headers = vec![("content-type", "application/json".to_owned())];
        let (url, timeout_ms) = (self.url.clone(), LIMIT_MS);
        let request = HttpRequest { method: "POST", url, headers, body, timeout_ms, answer_limit: None };
        let answer = http.send(request).await.unwrap_or_else(|error| panic!("straight: {error:?}"));
        assert_eq!(answer.status, 200, "straight: {}", String::from_utf8_lossy(&answer.body));
        let results = codec::decode(&answer.body, group.script.steps.len()).unwrap();
        for result in group.split(&results).unwrap() {
            assert!(matches!(result, FrameResult::Done(_)), "straight: {result:?}");
        }
    }
}

impl Call {
    fn of(frames: Vec<Frame>) -> Self {
        let group = group::merge(frames);
        let body = codec::encode(&group.script).unwrap();
        Self { group, body }
    }
}

fn since_1970() -> std::time::Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap()
}
