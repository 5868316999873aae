//! Readings on disk: journal, sealed chunks, cursors, ledger, revisions, in one SQLite file.
//!
//! One thread owns the file (`keeper`); everybody else holds a [`Store`], which asks it through a
//! bounded channel. Start at `handle`.

mod attach;
mod audit;
mod bytes;
mod calendar;
mod calibrations;
mod chunk;
mod copy;
#[cfg(test)]
mod damage_tests;
mod digest;
mod edit;
mod feed;
mod flush;
mod fold;
mod handle;
mod hot;
mod journal;
mod keeper;
mod last;
mod ledger;
#[cfg(test)]
mod ledger_tests;
mod names;
mod pack;
mod query;
mod retain;
mod roll;
mod schema;
mod seal;
mod start;
#[cfg(test)]
mod tests;
mod track;

pub use digest::{Extent, Revision};
pub use handle::*;
