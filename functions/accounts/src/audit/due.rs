//! Due work: sealing the audit log.
//!
//! Guarantees: idempotent, and safe to run from many places at once, because a piece is written only if the chain
//! still ends where the piece begins; a store whose chain was tampered with is told in the log, stays as it is for
//! `verify` to show, and holds up no other; never needed for what a read shows.

use super::seals::{BROKEN, Piece, next_piece};
use serde_json::json;
use storeroom_operations::{Code, Problem};
use storeroom_ports::{DatabaseError, Level, Ports, due};
use storeroom_sql::{Args, Batch, audit};
use storeroom_web::master::MasterKey;

/// Most rows that one batch seals: 500 seals of 64 digits are some 40 kB.
const MAX_PIECE: i64 = 500;
/// What the log says of a batch that could not be done.
const FAILURE: &str = "sealing failed";

/// Rows that are due and that no piece of the chain will hold: those that somebody put before its end, or all of
/// them when nothing can follow its end. By the index of what is unsealed, because the store's log is long.
const MARK: &str = "UPDATE audit SET seal = :broken WHERE (store_id, seq) IN (SELECT u.store_id, u.seq \
    FROM audit u INDEXED BY audit_unsealed WHERE u.seal IS NULL AND u.at <= :now - 20000 AND u.store_id = :store \
    AND (:end_is_broken OR u.seq <= (SELECT count FROM audit_anchors WHERE store_id = :store)) LIMIT 500)";

/// Seals what was written 20 s ago and more, at most 100 stores; returns how many stores it looked at.
pub async fn seal_all(ports: &Ports, master: &MasterKey) -> Result<usize, DatabaseError> {
    let args = Args::new().with("now", ports.clock.now().ms());
    let stores = due::texts(ports, audit::STORES_TO_SEAL, &args).await?;
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
        let rows = due::read(ports, audit::UNSEALED, &args).await?;
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
    let is_done = due::commit(ports, batch, FAILURE, ("store", store)).await?;
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
        let detail = "see GET /api/pms/audit/verify";
        due::log(ports, "the audit log's chain is broken", ("store", store), detail);
    }
    due::commit(ports, batch, FAILURE, ("store", store)).await.map(|_| ())
}
