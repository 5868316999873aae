//! What people write down: what may be said (`definitions`), how it is written (`written`,
//! `table`, `workbook`), what is wrong with it (`check`, `batch`), and its JSON. Pure: no store, no
//! clock.

mod batch;
mod calibration;
mod check;
mod definitions;
mod json;
mod table;
mod template;
#[cfg(test)]
mod tests;
mod workbook;
mod written;

pub use batch::{Batch, Told};
pub use calibration::{CalibrationJson, CalibrationSent};
pub use check::{Checked, Field, Raw, Remark, Rules, Typed, check};
pub use definitions::{Both, Definition, Definitions, Total};
pub use json::{Added, EntryJson, FaultJson, FileJson, IndicatorJson, Refused, Sent, SentBatch};
pub use table::{LeftOut, NoTable, Row, Table, read as read_table};
pub use template::{csv as csv_template, xlsx as xlsx_template};
pub use written::Mark;
