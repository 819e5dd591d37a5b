//! `spin:sqlite@3.1.0` over [`database`](crate::database).
//!
//! Guarantees that every `open` is a new connection, and that a component opens only databases that its manifest entry
//! lists. Relies on the check at the start that the listed labels are known to this host.

use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::sync::mpsc;
use wasmtime::StoreContextMut;
use wasmtime::component::{
    Accessor, Destination, FutureReader, HasSelf, Resource, StreamProducer, StreamReader, StreamResult,
};

use crate::bindings::spin::sqlite::sqlite::{
    Error, Host, HostConnection, HostConnectionWithStore, QueryResult, RowResult, Value,
};
use crate::database::{Connection, Outcome};
use crate::guest::GuestState;

type Statement = (Vec<String>, StreamReader<RowResult>, FutureReader<Outcome<()>>);

impl Host for GuestState {}

impl GuestState {
    fn open_database(&mut self, label: &str) -> wasmtime::Result<Outcome<Resource<Connection>>> {
        if !self.grants.databases.contains(label) {
            return Ok(Err(Error::AccessDenied));
        }
        let connection = Connection::new(self.shared.database.clone());
        Ok(Ok(self.table.push(connection)?))
    }

    fn connection(&self, handle: &Resource<Connection>) -> wasmtime::Result<Connection> {
        Ok(self.table.get(handle)?.clone())
    }
}

impl HostConnection for GuestState {
    async fn open(&mut self, label: String) -> wasmtime::Result<Outcome<Resource<Connection>>> {
        self.open_database(&label)
    }

    async fn execute(
        &mut self,
        handle: Resource<Connection>,
        statement: String,
        parameters: Vec<Value>,
    ) -> wasmtime::Result<Outcome<QueryResult>> {
        Ok(self.connection(&handle)?.collect(statement, parameters).await)
    }

    async fn last_insert_rowid(&mut self, handle: Resource<Connection>) -> wasmtime::Result<i64> {
        last_insert_rowid(self.connection(&handle)?).await
    }

    async fn changes(&mut self, handle: Resource<Connection>) -> wasmtime::Result<u64> {
        changes(self.connection(&handle)?).await
    }

    async fn drop(&mut self, handle: Resource<Connection>) -> wasmtime::Result<()> {
        self.table.delete(handle)?;
        Ok(())
    }
}

impl<T: Send> HostConnectionWithStore<T> for HasSelf<GuestState> {
    async fn open_async(
        guest: &Accessor<T, Self>,
        label: String,
    ) -> wasmtime::Result<Outcome<Resource<Connection>>> {
        guest.with(|mut access| access.get().open_database(&label))
    }

    async fn execute_async(
        guest: &Accessor<T, Self>,
        handle: Resource<Connection>,
        statement: String,
        parameters: Vec<Value>,
    ) -> wasmtime::Result<Outcome<Statement>> {
        let connection = guest.with(|mut access| access.get().connection(&handle))?;
        let running = connection.start(statement, parameters).await;
        let (rows, outcome) = (Rows(running.rows), running.outcome);
        let outcome = async move {
            let ended = outcome.await.unwrap_or_else(|lost| Err(Error::Io(lost.to_string())));
            wasmtime::error::Ok(ended)
        };
        guest.with(|mut access| {
            let rows = StreamReader::new(&mut access, rows)?;
            let outcome = FutureReader::new(&mut access, outcome)?;
            Ok(Ok((running.columns, rows, outcome)))
        })
    }

    async fn last_insert_rowid_async(
        guest: &Accessor<T, Self>,
        handle: Resource<Connection>,
    ) -> wasmtime::Result<i64> {
        last_insert_rowid(guest.with(|mut access| access.get().connection(&handle))?).await
    }

    async fn changes_async(guest: &Accessor<T, Self>, handle: Resource<Connection>) -> wasmtime::Result<u64> {
        changes(guest.with(|mut access| access.get().connection(&handle))?).await
    }
}

async fn last_insert_rowid(connection: Connection) -> wasmtime::Result<i64> {
    Ok(connection.run(|opened| Ok(opened.last_insert_rowid())).await?)
}

async fn changes(connection: Connection) -> wasmtime::Result<u64> {
    Ok(connection.run(|opened| Ok(opened.changes())).await?)
}

/// Hands rows to the guest one at a time, so that an unread result keeps its connection busy.
struct Rows(mpsc::Receiver<RowResult>);

impl<D> StreamProducer<D> for Rows {
    type Item = RowResult;
    type Buffer = Option<RowResult>;

    fn poll_produce<'a>(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        _: StoreContextMut<'a, D>,
        mut destination: Destination<'a, Self::Item, Self::Buffer>,
        finish: bool,
    ) -> Poll<wasmtime::Result<StreamResult>> {
        match self.get_mut().0.poll_recv(context) {
            Poll::Ready(Some(row)) => {
                destination.set_buffer(Some(row));
                Poll::Ready(Ok(StreamResult::Completed))
            }
            Poll::Ready(None) => Poll::Ready(Ok(StreamResult::Dropped)),
            Poll::Pending if finish => Poll::Ready(Ok(StreamResult::Cancelled)),
            Poll::Pending => Poll::Pending,
        }
    }
}
