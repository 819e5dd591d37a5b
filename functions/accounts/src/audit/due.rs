//! Due work: sealing the audit log.
//!
//! Guarantees: idempotent, and safe to run from many places at once, because a piece is written only if the chain
//! still ends where the piece begins; a store whose chain was tampered with is told in the log, stays as it is for
//! `verify` to show, and holds up no other; never needed for what a read shows.

use super::seals::{BROKEN, Piece, next_piece};
use serde_json::json;
use storeroom_operations::{Code, Problem};
use storeroom_ports::{DatabaseError, Level, Ports};
use storeroom_sql::settle::NEXT_DUE;
use storeroom_sql::{Args, Batch, MissingArgument, Statement, audit};
use storeroom_web::master::MasterKey;

/// Most rows that one batch seals: 500 seals of 64 digits are some 40 kB.
const MAX_PIECE: i64 = 500;

/// Rows that are due and that no piece of the chain will hold: those that somebody put before its end, or all of
/// them when nothing can follow its end. By the index of what is unsealed, because the store's log is long.
const MARK: &str = "UPDATE audit SET seal = :broken WHERE (store_id, seq) IN (SELECT u.store_id, u.seq \
    FROM audit u INDEXED BY audit_unsealed WHERE u.seal IS NULL AND u.at <= :now - 20000 AND u.store_id = :store \
    AND (:end_is_broken OR u.seq <= (SELECT count FROM audit_anchors WHERE store_id = :store)) LIMIT 500)";

/// Seals what was written 20 s ago and more, at most 100 stores; returns how many stores it looked at.
pub async fn seal_all(ports: &Ports, master: &MasterKey) -> Result<usize, DatabaseError> {
    let args = Args::new().with("now", ports.clock.now().ms());
    let stores = ports.database.read(Statement::bind(audit::STORES_TO_SEAL, &args).map_err(missing)?).await?;
    let stores: Vec<&str> = (0..stores.0.len()).filter_map(|row| stores.text(row, 0)).collect();
    for store in &stores {
        match seal(ports, master, store).await? {
            Sealed::Rows(0) => mark(ports, store, false).await?,
            Sealed::Rows(_) => {}
            Sealed::Broken => mark(ports, store, true).await?,
        }
    }
    Ok(stores.len())
}

/// What became of a sealing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sealed {
    /// So many rows were sealed.
    Rows(usize),
    /// The anchor is not this service's or was turned back: nothing was sealed.
    Broken,
}

/// Seals all rows of a store's audit log that are not sealed yet, 500 a batch.
pub async fn seal(ports: &Ports, master: &MasterKey, store: &str) -> Result<Sealed, DatabaseError> {
    let args = Args::new().with("store", store).with("limit", MAX_PIECE);
    let mut sealed = 0_usize;
    loop {
        let rows = ports.database.read(Statement::bind(audit::UNSEALED, &args).map_err(missing)?).await?;
        let Some(piece) = next_piece(master, store, &rows) else { return Ok(Sealed::Broken) };
        if piece.seals.is_empty() || !append(ports, master, store, &piece).await? {
            return Ok(Sealed::Rows(sealed));
        }
        sealed = sealed.saturating_add(piece.seals.len());
        if i64::try_from(piece.seals.len()).is_ok_and(|count| count < MAX_PIECE) {
            return Ok(Sealed::Rows(sealed));
        }
    }
}

/// Writes a piece; whether it did. It does not when another was faster.
async fn append(
    ports: &Ports,
    master: &MasterKey,
    store: &str,
    piece: &Piece,
) -> Result<bool, DatabaseError> {
    let args = Args::new()
        .with("store", store)
        .with("count_before", piece.from.count)
        .with("seals", by_seq(piece))
        .with("count", piece.to.count)
        .with("seal", piece.to.seal.as_str())
        .with("at", piece.to.at_ms)
        .with("mac", piece.to.mac(master, store));
    let mut batch = Batch::new(args);
    let sealed_by_another = Problem::new(Code::NotFound, "The rows were sealed by another.");
    batch.guard(
        "SELECT coalesce((SELECT count FROM audit_anchors WHERE store_id = :store), 0) = :count_before",
        sealed_by_another,
    );
    batch.run(
        "UPDATE audit SET seal = :seals ->> ('s' || seq) WHERE store_id = :store AND seq > :count_before \
         AND seq <= :count AND seal IS NULL",
    );
    batch.run(
        "INSERT INTO audit_anchors (store_id, count, seal, at, mac) VALUES (:store, :count, :seal, :at, :mac) \
         ON CONFLICT (store_id) DO UPDATE SET count = excluded.count, seal = excluded.seal, at = excluded.at, \
         mac = excluded.mac",
    );
    let is_done = commit(ports, batch, store).await?;
    if is_done {
        tell(ports, store, piece);
    }
    Ok(is_done)
}

/// Says in the log, which is kept apart from the database, how far the chain goes: no row of that `seq` may ever have
/// another hash.
fn tell(ports: &Ports, store: &str, piece: &Piece) {
    let line = json!({"time": ports.clock.now().to_string(), "level": "info", "message": "audit log sealed",
        "store": store, "seq": piece.to.count, "hash": piece.last_hash});
    ports.log.line(Level::Info, &line.to_string());
}

/// The seals as a JSON object, each under `s` and its row's `seq`.
fn by_seq(piece: &Piece) -> String {
    let members = piece.seals.iter().map(|(seq, seal)| (format!("s{seq}"), json!(seal)));
    serde_json::Value::Object(members.collect()).to_string()
}

/// Marks what can never be sealed, so that it is due no more, and says so in the log.
async fn mark(ports: &Ports, store: &str, end_is_broken: bool) -> Result<(), DatabaseError> {
    let args = Args::new()
        .with("store", store)
        .with("now", ports.clock.now().ms())
        .with("broken", BROKEN)
        .with("end_is_broken", i64::from(end_is_broken));
    let mut batch = Batch::new(args);
    batch.run(MARK);
    if end_is_broken {
        log(ports, store, "the audit log's chain is broken", "see GET /api/pms/audit/verify");
    }
    commit(ports, batch, store).await.map(|_| ())
}

/// Whether the batch was done.
async fn commit(ports: &Ports, mut batch: Batch, store: &str) -> Result<bool, DatabaseError> {
    batch.due(NEXT_DUE);
    let result = ports.database.commit(batch.frame().map_err(missing)?).await?;
    let refused = batch.interpret(result).err();
    if let Some(detail) = refused.as_ref().and_then(|refused| refused.unforeseen.as_deref()) {
        log(ports, store, "sealing failed", detail);
    }
    Ok(refused.is_none())
}

fn log(ports: &Ports, store: &str, message: &str, detail: &str) {
    let time = ports.clock.now().to_string();
    let line = json!({"time": time, "level": "error", "message": message, "store": store, "detail": detail});
    ports.log.line(Level::Error, &line.to_string());
}

fn missing(argument: MissingArgument) -> DatabaseError {
    DatabaseError::Failed(format!("no value for :{}", argument.0))
}
