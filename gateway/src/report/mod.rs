//! Reports: what a report contains, how one is made from the store, and its four formats.
//!
//! [`build::build_report`] is the entry: store and ledger of a period to the bytes of a file. It
//! fills a [`render::document::ReportDocument`] with [`content`], and [`render`] writes it.
//!
//! ```text
//! pantau report -c pantau.toml 2026-Q4 -o laporan.pdf
//! ```
//!
//! See docs/reports.md.

pub mod build;
pub mod content;
pub mod render;
