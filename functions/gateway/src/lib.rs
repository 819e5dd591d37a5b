//! The gateway: every request's way, written once.
//!
//! preflight → match → headers → token, where the body is large → body → authenticate → limit → store → idempotency key →
//! dispatch → (access and the answer under the key, when a function refused without looking) → render → log.
//! Guarantees: the contract's order of checks; every answer carries its request id and what its row
//! asks for; whatever happens is one answer and one log line.
//! Relies on: `storeroom-operations` for the table, and on a host for `Ports`, `Settings` and the request.

mod authenticate;
pub mod cors;
pub mod due;
pub mod functions;
pub mod limits;
mod record;
mod rejected;
mod render;
pub mod settings;

pub use functions::{All, Functions};
pub use settings::{Mode, Settings, SettingsError};

use std::cell::RefCell;
use storeroom_domain::Timestamp;
use storeroom_operations::operation::{Access, Row};
use storeroom_operations::route::{Match, PathParams, find};
use storeroom_operations::table::MIB;
use storeroom_operations::{Code, Operation, Problem, RateClass};
use storeroom_ports::{Clock, Ports};
use storeroom_web::call::Trace;
use storeroom_web::flow::{self, Flow, promised_hash};
use storeroom_web::memory::{Counted, Share};
use storeroom_web::published::CacheUse;
use storeroom_web::request::Whole;
use storeroom_web::{
    Answer, BodyError, Call, Caller, Incoming, Request, Response, idempotency, negotiate, query, signature,
};

/// Longest path in bytes.
const MAX_PATH: usize = 2_048;

/// Handles one request.
pub async fn handle(
    functions: &dyn Functions,
    ports: &Ports,
    settings: &Settings,
    mut request: Request,
) -> Response {
    let now = ports.clock.now();
    let mut exchange = Exchange {
        request_id: request_id(ports, now),
        now,
        row: None,
        limit: None,
        store: None,
        round_trips: 0,
        cursor: None,
        cache: None,
    };
    let response = match settings.cors.preflight(&request) {
        Some(preflight) => render::preflight(&exchange, preflight),
        None => {
            let result = answer(functions, ports, settings, &mut request, &mut exchange).await;
            let mut response = render::response(&exchange, &request, result);
            response.headers.extend(settings.cors.headers(request.header("origin")));
            response
        }
    };
    record::write(ports, &exchange, &response, elapsed(ports.clock.as_ref(), now));
    response
}

/// What is known of a request while it is on its way, for its answer's headers and its log line.
pub(crate) struct Exchange {
    request_id: String,
    now: Timestamp,
    row: Option<&'static Row>,
    limit: Option<limits::Standing>,
    store: Option<String>,
    round_trips: u32,
    cursor: Option<storeroom_domain::LogCursor>,
    cache: Option<CacheUse>,
}

async fn answer(
    functions: &dyn Functions,
    ports: &Ports,
    settings: &Settings,
    request: &mut Request,
    exchange: &mut Exchange,
) -> Result<Answer, Problem> {
    let (operation, path) = matched(settings, request)?;
    let row = operation.row();
    exchange.row = Some(row);
    check_headers(row, request)?;
    let whose = authenticate::before_body(row, &settings.secrets, request, exchange.now)?;
    let mut share = settings.memory.share(whose);
    let body = body(row, request, &share, ports.clock.as_ref()).await?;
    let caller = authenticate::caller(row, &settings.secrets, request, &body, exchange.now)?;
    share.now_known();
    limit(ports, settings, request, row, caller.as_ref(), exchange).await?;
    let flow = flow_of(row, request);
    let mut call = Call {
        ports,
        secrets: &settings.secrets,
        memory: &settings.memory,
        row,
        path,
        raw_query: request.query.clone(),
        query: query::Query::new(),
        headers: std::mem::take(&mut request.headers),
        body,
        origin: request.origin.clone(),
        client: request.client.clone(),
        caller,
        store: String::new(),
        request_id: exchange.request_id.clone(),
        idempotency_key: None,
        fingerprint: String::new(),
        flow: RefCell::new(flow),
        now: exchange.now,
        trace: Trace::default(),
    };
    let result = dispatch(functions, operation, &mut call, &request.path).await;
    exchange.store = (!call.store.is_empty()).then(|| call.store.clone());
    exchange.round_trips = call.trace.round_trips.get();
    exchange.cursor = call.trace.cursor.get();
    exchange.cache = call.trace.cache.get();
    request.headers = call.headers;
    result
}

/// Counts the request by its credential, or by the client's address where it needs none.
async fn limit(
    ports: &Ports,
    settings: &Settings,
    request: &Request,
    row: &Row,
    caller: Option<&Caller>,
    exchange: &mut Exchange,
) -> Result<(), Problem> {
    let Some(limits) = &settings.limits else { return Ok(()) };
    let by_address = || limits::bucket(&request.client);
    // Who tries passwords is told apart by address alone: a credential is what it is after.
    let who = match caller {
        Some(caller) if row.rate != RateClass::Auth => caller.actor(),
        _ => by_address(),
    };
    exchange.limit = limits.count(row.rate, &who, exchange.now);
    limits::check(exchange.limit.as_ref())?;
    let (Some(standing), Some(platform)) = (&exchange.limit, &ports.limiter) else { return Ok(()) };
    if platform.allows(standing.class, &who).await { Ok(()) } else { Err(limits::refusal(standing)) }
}

async fn dispatch(
    functions: &dyn Functions,
    operation: Operation,
    call: &mut Call<'_>,
    path: &str,
) -> Result<Answer, Problem> {
    call.store = authenticate::store(call).await?;
    let result = match keyed(call, path).and_then(|()| checked_query(call)) {
        Ok(()) => functions.call(operation, call).await,
        Err(problem) => Err(problem),
    };
    if let Some(replay) = call.take_replay() {
        return Ok(replay);
    }
    // What the request says is looked at before the database is; but a stranger must not learn from it, and what was
    // done before is answered as it was.
    if result.is_err() && call.row.needs_caller() && !call.may_refuse() {
        return call.look_first().await?.map_or(result, Ok);
    }
    result
}

/// Takes the idempotency key; the fingerprint is made only for one.
fn keyed(call: &mut Call<'_>, path: &str) -> Result<(), Problem> {
    call.idempotency_key = idempotency::key(call.row, &call.headers)?;
    if call.idempotency_key.is_some() {
        call.fingerprint = idempotency::fingerprint(call.row.method, path, &call.raw_query, &call.body);
    }
    Ok(())
}

/// Pages about no store take any parameter, because people link to them from anywhere.
fn checked_query(call: &mut Call<'_>) -> Result<(), Problem> {
    if call.row.access != Access::Open {
        call.query = query::parse(call.row, &call.raw_query)?;
    }
    Ok(())
}

fn matched(settings: &Settings, request: &Request) -> Result<(Operation, PathParams), Problem> {
    if request.path.len() > MAX_PATH {
        return Err(Problem::new(Code::NotFound, format!("The path has more than {MAX_PATH} bytes.")));
    }
    match find(&request.method, &request.path) {
        Match::Found(operation, path) => {
            offered(settings, operation.row())?;
            Ok((operation, decoded(path)?))
        }
        Match::OtherMethods(methods) => {
            let allow = cors::allow(methods);
            let detail = format!("{} is not for this address; it takes {allow}.", shown(&request.method));
            Err(Problem::new(Code::MethodNotAllowed, detail).header("Allow", allow))
        }
        Match::Nothing => {
            Err(Problem::new(Code::NotFound, "There is nothing at this address. /docs lists what there is."))
        }
    }
}

/// A method that a client made up is shown cut and without odd characters.
fn shown(method: &str) -> String {
    method.chars().filter(char::is_ascii_alphanumeric).take(20).collect()
}

fn offered(settings: &Settings, row: &Row) -> Result<(), Problem> {
    if row.needs.iter().all(|need| settings.capabilities.contains(need)) {
        return Ok(());
    }
    let detail =
        "This host has no WebSockets, so it has no rooms. Follow the store with GET /api/pms/events.";
    Err(Problem::new(Code::NotFound, detail))
}

fn decoded(path: PathParams) -> Result<PathParams, Problem> {
    let decode = |(name, value): (&'static str, String)| Some((name, query::decode_segment(&value)?));
    path.into_iter()
        .map(decode)
        .collect::<Option<_>>()
        .ok_or_else(|| Problem::new(Code::NotFound, "The path is not percent-encoded UTF-8."))
}

/// What the headers alone decide.
fn check_headers(row: &Row, request: &Request) -> Result<(), Problem> {
    let limit = limit_of(row);
    let announced = request.header("content-length").and_then(|length| length.parse::<u64>().ok());
    if announced.is_some_and(|length| usize::try_from(length).map_or(true, |length| length > limit)) {
        return Err(flow::refusal(BodyError::TooLarge, limit));
    }
    if row.takes_flow() || announced.is_some_and(|length| length > 0) {
        check_content(row, request)?;
    }
    negotiate::check_accept(row, &request.headers)?;
    negotiate::check_version(&request.headers)
}

fn check_content(row: &Row, request: &Request) -> Result<(), Problem> {
    row.body.as_ref().map_or(Ok(()), |rule| negotiate::check_content(&request.headers, rule.media))
}

/// The whole body; nothing of one that the function takes as it comes.
async fn body(
    row: &Row,
    request: &mut Request,
    share: &Share<'_>,
    clock: &dyn Clock,
) -> Result<Vec<u8>, Problem> {
    if row.takes_flow() || matches!(request.method.as_str(), "GET" | "HEAD") {
        return Ok(Vec::new());
    }
    let limit = limit_of(row);
    let bytes = whole(request, limit, share, clock).await.map_err(|error| flow::refusal(error, limit))?;
    if !bytes.is_empty() {
        check_content(row, request)?;
    }
    Ok(bytes)
}

/// Small bodies are not counted: no upload of files keeps them out.
async fn whole(
    request: &mut Request,
    limit: usize,
    share: &Share<'_>,
    clock: &dyn Clock,
) -> Result<Vec<u8>, BodyError> {
    if limit <= MIB {
        return request.body.read(limit).await;
    }
    Counted { body: request.body.as_mut(), share, clock }.read(limit).await
}

/// Most bytes of a body.
fn limit_of(row: &Row) -> usize {
    row.body.as_ref().map_or(MIB, |rule| rule.limit)
}

/// The body that the function takes as it comes.
fn flow_of(row: &Row, request: &mut Request) -> Option<Flow> {
    let body = std::mem::replace(&mut request.body, Box::new(Whole(Vec::new())));
    // Only a signature stands on the promise.
    let promised = promised_hash(&request.headers).filter(|_| signature::is_signed(&request.headers));
    row.takes_flow().then(|| Flow::new(body, limit_of(row), promised))
}

fn request_id(ports: &Ports, now: Timestamp) -> String {
    // An event's id without its prefix: sortable by time and unique, which is all that a request id must be.
    let id: storeroom_domain::EventId = storeroom_ports::random::new_id(ports.random.as_ref(), now);
    id.to_string().replace("evt_", "req_")
}

fn elapsed(clock: &dyn Clock, since: Timestamp) -> i64 {
    clock.now().ms().saturating_sub(since.ms())
}
