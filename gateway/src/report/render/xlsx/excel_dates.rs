//! Days and times as a workbook stores them.

use crate::domain::UtcMs;
use crate::report::render::number_format;
use crate::report::render::render_context::RenderContext;
use jiff::civil::Date;
use rust_xlsxwriter::{ExcelDateTime, XlsxError};

/// Converts a time to local time as a workbook stores it.
pub(super) fn excel_datetime(
    show: &RenderContext<'_>,
    at: UtcMs,
) -> Result<ExcelDateTime, XlsxError> {
    let (local, _) = number_format::local_time(at, &show.document.zone);
    excel_date(local.date())?.and_hms(
        u16::from(local.hour().unsigned_abs()),
        local.minute().unsigned_abs(),
        f64::from(local.second()),
    )
}

/// Converts a day as a workbook stores it.
pub(super) fn excel_date(date: Date) -> Result<ExcelDateTime, XlsxError> {
    let (year, month, day) = (date.year(), date.month(), date.day());
    ExcelDateTime::from_ymd(
        year.unsigned_abs(),
        month.unsigned_abs(),
        day.unsigned_abs(),
    )
}
