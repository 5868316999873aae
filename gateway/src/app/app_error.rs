//! [`AppError`]: why the gateway does not start, or ends by itself.

use super::address_holder::AddressHolder;
use crate::storage::StoreError;
use std::net::SocketAddr;

/// Error at start, or the unexpected end of a task.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// The store could not be opened.
    #[error("store: {0}")]
    Store(#[from] StoreError),
    /// The page's address could not be bound.
    #[error(
        "page {address}: {why}{}: stop the program that listens there, or choose another port \
         with `listen` in [web]",
        holder.as_ref().map(|holder| format!(" by {holder}")).unwrap_or_default()
    )]
    Listen {
        /// Configured address.
        address: SocketAddr,
        /// Error of the operating system.
        why: std::io::Error,
        /// Process that listens there.
        holder: Option<AddressHolder>,
    },
    /// The certificate of the page cannot be used.
    #[error("certificate of the page: {0}")]
    Certificate(String),
    /// SQLite has found damage of the store's file, which the next start mends.
    #[error(
        "the file of the store is damaged ({0}). The next start makes a new file of everything \
         that can be read, keeps the old one, and lists what is missing on /health"
    )]
    Damaged(String),
    /// A task ended before the stop.
    #[error("{0} ended unexpectedly")]
    Ended(String),
}
