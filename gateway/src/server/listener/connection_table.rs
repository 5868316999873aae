//! [`ConnectionTable`]: places of open connections, and which one gives way when they run out.

use crate::limits::{
    CONNECTION_IDLE_SECONDS, CONNECTIONS_MAX, CONNECTIONS_PER_ADDRESS_MAX, REQUEST_HEAD_SECONDS,
};
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;

/// Open connections of one listener.
#[derive(Clone, Debug, Default)]
pub(super) struct ConnectionTable(Arc<Mutex<TableRows>>);

#[derive(Debug, Default)]
struct TableRows {
    next: u64,
    rows: BTreeMap<u64, TableRow>,
}

#[derive(Debug)]
struct TableRow {
    address: IpAddr,
    progress: Arc<ConnectionProgress>,
    close: Arc<Notify>,
}

/// Place of one connection; given back when dropped.
#[derive(Debug)]
pub(super) struct ConnectionPlace {
    table: ConnectionTable,
    number: u64,
    progress: Arc<ConnectionProgress>,
    close: Arc<Notify>,
}

/// State of a connection: waiting for a request since when, or busy with one.
#[derive(Debug)]
pub(super) struct ConnectionProgress {
    opened: Instant,
    /// Milliseconds after `opened` at which it began to wait; [`BUSY`] while a request is answered.
    waiting_since: AtomicU64,
    /// Requests that were begun.
    requests: AtomicU64,
}

/// Marks a connection that is answering a request.
const BUSY: u64 = u64::MAX;

/// Marks the connection as waiting again when the answer has ended.
#[derive(Debug)]
pub(super) struct BusyGuard(Arc<ConnectionProgress>);

impl ConnectionTable {
    /// Gives a place. When an address has too many, or all places are taken, the connection that
    /// waits longest is closed for it; `None` when all of them are busy.
    pub(super) fn admit(&self, address: IpAddr) -> Option<ConnectionPlace> {
        let mut rows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // The own address first: whoever opens too many loses one of these, and nobody else.
        let own = rows.rows.values().filter(|row| row.address == address);
        let is_full = own.count() >= CONNECTIONS_PER_ADDRESS_MAX;
        if is_full && !rows.close_longest_waiting(Some(address)) {
            return None;
        }
        if rows.rows.len() >= CONNECTIONS_MAX && !rows.close_longest_waiting(None) {
            return None;
        }
        let number = rows.next;
        rows.next += 1;
        let (progress, close) = (Arc::new(ConnectionProgress::new()), Arc::new(Notify::new()));
        let row = TableRow {
            address,
            progress: Arc::clone(&progress),
            close: Arc::clone(&close),
        };
        rows.rows.insert(number, row);
        Some(ConnectionPlace {
            table: self.clone(),
            number,
            progress,
            close,
        })
    }

    /// Closes the connection that waits longest, of this address or of all. False when none waits.
    pub(super) fn close_longest_waiting(&self, address: Option<IpAddr>) -> bool {
        let mut rows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        rows.close_longest_waiting(address)
    }

    /// Number of open connections.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        let rows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        rows.rows.len()
    }
}

impl TableRows {
    fn close_longest_waiting(&mut self, address: Option<IpAddr>) -> bool {
        let rows = self.rows.iter();
        let of_address = rows.filter(|(_, row)| address.is_none_or(|one| row.address == one));
        let waits = of_address.filter_map(|(number, row)| {
            let waited = row.progress.waited()?;
            Some((waited, *number))
        });
        let Some((_, number)) = waits.max() else {
            return false;
        };
        // Its place is free at once; the connection itself ends when its task runs.
        if let Some(row) = self.rows.remove(&number) {
            row.close.notify_one();
        }
        true
    }
}

impl ConnectionPlace {
    /// State of the connection.
    pub(super) fn progress(&self) -> Arc<ConnectionProgress> {
        Arc::clone(&self.progress)
    }

    /// Waits until the place is needed for another connection.
    pub(super) async fn wait_until_closed(&self) {
        self.close.notified().await;
    }
}

impl Drop for ConnectionPlace {
    fn drop(&mut self) {
        let mut rows = self.table.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Gone already when it gave way. A number is used once, so nobody else loses a place.
        rows.rows.remove(&self.number);
    }
}

impl ConnectionProgress {
    fn new() -> Self {
        Self {
            opened: Instant::now(),
            waiting_since: AtomicU64::new(0),
            requests: AtomicU64::new(0),
        }
    }

    /// A request has come; the connection is busy until the guard is dropped.
    pub(super) fn begin_request(self: &Arc<Self>) -> BusyGuard {
        // Relaxed: no other memory depends on these numbers, they only move a deadline.
        self.requests.fetch_add(1, Ordering::Relaxed);
        self.waiting_since.store(BUSY, Ordering::Relaxed);
        BusyGuard(Arc::clone(self))
    }

    /// A part of the opening is done: the time for the first request begins anew.
    pub(super) fn begin_waiting(&self) {
        let since = Instant::now().saturating_duration_since(self.opened);
        // `BUSY` itself would say that a request is being answered.
        let since = u64::try_from(since.as_millis()).unwrap_or(BUSY - 1);
        self.waiting_since.store(since, Ordering::Relaxed);
    }

    /// Time for which it has been waiting for a request; `None` while it is busy.
    pub(super) fn waited(&self) -> Option<Duration> {
        let since = self.waiting_since.load(Ordering::Relaxed);
        let waited = || {
            let since = self.opened + Duration::from_millis(since);
            Instant::now().saturating_duration_since(since)
        };
        (since != BUSY).then(waited)
    }

    /// Waits until the connection has waited too long: for the first request ten seconds, for a
    /// further one a minute.
    pub(super) async fn wait_for_idle_limit(&self) {
        loop {
            let is_first = self.requests.load(Ordering::Relaxed) == 0;
            let seconds = if is_first {
                REQUEST_HEAD_SECONDS
            } else {
                CONNECTION_IDLE_SECONDS
            };
            let limit = Duration::from_secs(seconds);
            match self.waited() {
                Some(waited) if waited >= limit => return,
                Some(waited) => tokio::time::sleep(limit.saturating_sub(waited)).await,
                // Busy: it cannot reach the limit before another whole one has passed.
                None => tokio::time::sleep(limit).await,
            }
        }
    }
}

impl Drop for BusyGuard {
    fn drop(&mut self) {
        self.0.begin_waiting();
    }
}
