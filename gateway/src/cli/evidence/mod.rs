//! `pantau verify` and the evidence bundle: the chain held against the data, or handed out with it.
//! The data comes from the running gateway or from the store; the work is done here.

mod bundle;
mod reader;
mod say;
mod verify;

pub(super) use bundle::{Extra, bundle};
pub(super) use say::written;
pub(super) use verify::{Options, run};
