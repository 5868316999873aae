//! The product from outside, in one binary.

mod config;
mod profiles;
