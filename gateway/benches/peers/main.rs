//! The release program measured beside peers that are not ours; prints figures and ratios.
//!
//! `cargo bench --bench peers [-- w1|viewed|silent|slow|many|start|rtu|viewers|hour]`;
//! docs/benchmarks.md says what they mean. `PANTAU_BENCH_FLUSH` sets the journal's flush (`1s`),
//! `PANTAU_BENCH_BINARY` names another `pantau` to measure.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a bench prints, and ends on a fault"
)]

mod devices;
mod harness;
mod open_pages;
mod rtu_line;
mod site_cases;
mod site_load;
#[expect(
    dead_code,
    unreachable_pub,
    reason = "tests share this file, and need more of it"
)]
#[path = "../../../tests/site_text.rs"]
mod site_text;
mod year_import;

fn main() {
    let only = std::env::args().skip(1).find(|word| !word.starts_with('-'));
    let wanted = |name: &str| {
        only.as_deref()
            .map_or(name != site_load::HOUR, |only| only == name)
    };
    site_load::run_site_load(&wanted);
    if wanted("rtu") {
        rtu_line::run_rtu_bench();
    }
    if wanted("viewers") {
        open_pages::run_open_pages();
    }
}
