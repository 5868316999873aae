//! Evidence: a record for each closed local day, chained; made by the store's thread in small
//! pieces (`close`), asked for by checks and bundles (`ask`).

mod ask;
mod close;
mod gather;
#[cfg(test)]
mod tests;

pub(crate) use ask::Evidence;
pub use ask::{Extent, Revision};
pub(super) use close::{Closing, mark};
pub(super) use gather::record_factors;
