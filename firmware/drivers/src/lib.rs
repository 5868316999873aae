//! What gateway and sensor node share. Needs no operating system and no memory allocator.
#![cfg_attr(not(test), no_std)]

pub mod frame;
pub mod identification;
pub mod units;
pub mod write;
