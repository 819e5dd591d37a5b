//! A member's read that is repeated while its request lasts, or after it was answered.
//!
//! Guarantees: access is checked in the same trip as every read, by the time of that read. A signed request's nonce is
//! spent once, by the request itself. Relies on: a first `Call::read`, which let the caller in.

use crate::call::{Call, Found};
use storeroom_domain::Permission;
use storeroom_operations::Problem;
use storeroom_ports::{DatabaseError, Ports};
use storeroom_sql::access::{self, Credential};
use storeroom_sql::{Args, Statement};

/// A read that can be made again.
pub struct Watch {
    ports: Ports,
    sql: String,
    args: Args,
    credential: Credential,
    permission: Option<Permission>,
}

/// Why a repeated read came to nothing.
#[derive(Debug, Clone, PartialEq)]
pub enum Ended {
    /// The caller has no access any more.
    Refused(Problem),
    /// The database failed.
    Failed(DatabaseError),
}

impl Call<'_> {
    /// The query as a member's read that can be made again and again.
    pub fn watch(&self, query: &str, args: Args) -> Watch {
        let mut all = self.args();
        all.merge(args);
        let sql = access::read(self.credential(), query);
        let ports = self.ports.clone();
        Watch { ports, sql, args: all, credential: self.credential(), permission: self.permission() }
    }
}

impl Watch {
    /// Reads what is there now; `args` come before those that it was made with.
    pub async fn read(&self, args: Args) -> Result<Found, Ended> {
        let mut all = self.args.clone().with("now", self.ports.clock.now().ms());
        all.merge(args);
        let failed = |name: String| Ended::Failed(DatabaseError::Failed(format!("no value for :{name}")));
        let statement = Statement::bind(self.sql.clone(), &all).map_err(|missing| failed(missing.0))?;
        let rows = self.ports.database.read(statement).await.map_err(Ended::Failed)?;
        Found::admitted(rows, self.credential, self.permission).map_err(Ended::Refused)
    }
}
