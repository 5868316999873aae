//! `/laporan`: reports of a period, ordered, downloaded, shared, and compared with issued ones.
//!
//! ```text
//! GET  /laporan                  short edition, orders, text to share, issued reports
//! POST /laporan                  orders a file; leads to
//! GET  /laporan/pekerjaan/ID     its progress, then the download
//! GET  /laporan/berkas/ID        the file
//! GET  /laporan/terbitan/NUMBER  an issued report; ?bandingkan=1 compares it with today
//! ```

mod issued_page;
mod issued_texts;
mod order_page;
mod reports_page;
mod usual_period;

use crate::api::ApiListener;
use axum::Router;
use axum::routing::get;

/// Routes of the pages of reports.
pub(crate) fn report_routes() -> Router<ApiListener> {
    let reports = get(reports_page::reports_page).post(order_page::order_report);
    Router::new()
        .route("/laporan", reports)
        .route("/laporan/pekerjaan/{id}", get(order_page::order_page))
        .route("/laporan/berkas/{id}", get(order_page::ordered_file))
        .route("/laporan/terbitan/{id}", get(issued_page::issued_page))
}
