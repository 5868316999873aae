//! Readings on disk: journal, sealed chunks, cursors, ledger, revisions, in one SQLite file.
//!
//! One thread owns the file (`keeper`); everybody else holds a [`Store`], which asks it through a
//! bounded channel. Start at `handle`.

mod access;
#[cfg(test)]
mod access_tests;
mod attach;
mod audit;
mod bytes;
mod calendar;
mod calibrations;
mod chunk;
mod copy;
mod cursor;
#[cfg(test)]
mod damage_tests;
mod digest;
mod edit;
mod era;
mod fault;
mod feed;
mod floor;
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
mod presence;
mod private;
mod query;
mod retain;
#[cfg(test)]
mod retain_tests;
mod roll;
mod schema;
mod seal;
mod start;
#[cfg(test)]
mod tests;
mod track;

pub use access::Access;
pub use digest::{Extent, Revision};
pub use fault::StoreError;
pub use handle::*;
