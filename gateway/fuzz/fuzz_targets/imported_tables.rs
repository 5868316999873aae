//! Fuzz target: any file that a person imports, as readings and as ledger entries. Nothing panics;
//! readings come in order of time, each time once, between 2000 and the present, and are finite.
#![no_main]

use gateway::domain::UtcMs;
use gateway::domain::site_zone::SiteZone;
use gateway::ledger::{IndicatorDefinitions, read_table as read_entries};
use gateway::samples_csv::{DateOrder, DecimalSeparator, LoggerTableOptions, TimestampBounds};
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

/// 2026-11-28T00:00:00Z.
const NOW: i64 = 1_795_824_000_000;
/// A clock may differ from ours by so much.
const CLOCK_DIFFERENCE_MS: i64 = 15 * 60_000;
const YEAR_2000: i64 = 946_684_800_000;

static DEFINITIONS: LazyLock<IndicatorDefinitions> = LazyLock::new(IndicatorDefinitions::built_in);

fuzz_target!(|input: &[u8]| {
    let bare = LoggerTableOptions::new("Asia/Jakarta", TimestampBounds::for_now(UtcMs(NOW)));
    let said = LoggerTableOptions {
        dates: Some(DateOrder::Dmy),
        zone: Some(SiteZone::default().rules().clone()),
        decimals: Some(DecimalSeparator::Comma),
        column: Some("2".to_owned()),
        ..bare.clone()
    };
    for wishes in [bare, said] {
        if let Ok(table) = gateway::samples_csv::read_table(input, &wishes) {
            let times = table.rows.windows(2).all(|pair| pair[0].0 < pair[1].0);
            assert!(times, "in order of time, each time once");
            for (at, number) in &table.rows {
                assert!((YEAR_2000..=NOW + CLOCK_DIFFERENCE_MS).contains(&at.0));
                assert!(number.to_f64().is_finite());
            }
        }
    }
    let _ = read_entries(input, &DEFINITIONS);
});
