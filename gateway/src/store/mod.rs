//! Readings on disk: journal, sealed chunks, cursors, ledger, revisions, in one SQLite file.
//!
//! One thread owns the file (`keeper`); everybody else holds a [`Store`], which asks it through a
//! bounded channel. Start at [`handle`].

mod handle;

pub use handle::*;
