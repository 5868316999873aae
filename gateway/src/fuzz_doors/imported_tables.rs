//! Files that a person imports.

use crate::domain::UtcMs;
use crate::domain::site_zone::SiteZone;
use crate::ledger::{IndicatorDefinitions, read_table as read_entries};
use crate::samples_csv::{
    DateOrder, DecimalSeparator, LoggerTableOptions, TimestampBounds, read_table,
};
use std::sync::LazyLock;

/// 2026-11-28T00:00:00Z.
const NOW: i64 = 1_795_824_000_000;
/// A clock may differ from ours by so much, ms.
const CLOCK_DIFFERENCE_MS: i64 = 15 * 60_000;
/// 2000-01-01T00:00:00Z.
const YEAR_2000: i64 = 946_684_800_000;

static DEFINITIONS: LazyLock<IndicatorDefinitions> = LazyLock::new(IndicatorDefinitions::built_in);

/// A file, as readings and as ledger entries. Readings come in order of time, each time once,
/// between 2000 and the present, and are finite.
///
/// # Panics
///
/// When a promise is broken.
pub fn read_imported_table(input: &[u8]) {
    let bare = LoggerTableOptions::new("Asia/Jakarta", TimestampBounds::for_now(UtcMs(NOW)));
    let said = LoggerTableOptions {
        dates: Some(DateOrder::Dmy),
        zone: Some(SiteZone::default().rules().clone()),
        decimals: Some(DecimalSeparator::Comma),
        column: Some("2".to_owned()),
        ..bare.clone()
    };
    for wishes in [bare, said] {
        if let Ok(table) = read_table(input, &wishes) {
            let times = table.rows.windows(2).all(|pair| pair[0].0 < pair[1].0);
            assert!(times, "in order of time, each time once");
            for (at, number) in &table.rows {
                assert!((YEAR_2000..=NOW + CLOCK_DIFFERENCE_MS).contains(&at.0));
                assert!(number.to_f64().is_finite());
            }
        }
    }
    // Entries have their property tests; here they are read or refused.
    let _ = read_entries(input, &DEFINITIONS);
}
