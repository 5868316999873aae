//! Wizards of technicians under `/teknisi`, for a phone beside the device: tank, water meter and
//! current transformer, address, soak test, hand-over. What is begun is kept in the store, so that
//! a phone that goes dark loses nothing.

mod address_wizard;
mod calibration_form;
mod calibration_plot;
mod ct_wizard;
mod draft_note;
mod handover_checks;
mod handover_draft;
mod handover_file;
mod handover_page;
mod present_reading;
mod pulse_wizard;
mod soak_page;
mod tank_draft;
mod tank_preview;
mod tank_wizard;
#[cfg(test)]
mod tests;
mod wizard_notice;

use crate::api::ApiListener;
use crate::limits::FORM_BYTES_MAX;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};

/// Routes of the wizards.
pub(super) fn technician_routes() -> Router<ApiListener> {
    Router::new()
        .route(
            "/teknisi/tangki",
            get(tank_wizard::tank_page).post(tank_wizard::change_tank),
        )
        .route(
            "/teknisi/meter-air",
            get(pulse_wizard::pulse_page).post(pulse_wizard::change_pulses),
        )
        .route(
            "/teknisi/trafo-arus",
            get(ct_wizard::ct_page).post(ct_wizard::change_ct),
        )
        .route(
            "/teknisi/alamat",
            get(address_wizard::address_page).post(address_wizard::change_address),
        )
        .route(
            "/teknisi/uji",
            get(soak_page::soak_page).post(soak_page::change_soak),
        )
        .route(
            "/teknisi/serah-terima",
            get(handover_page::handover_page).post(handover_page::change_handover),
        )
        .route(
            "/teknisi/serah-terima/foto",
            post(handover_page::add_photo).layer(DefaultBodyLimit::max(FORM_BYTES_MAX)),
        )
        .route(
            "/teknisi/serah-terima/berkas",
            get(handover_file::draft_file),
        )
        .route(
            "/teknisi/serah-terima/berkas/{id}",
            get(handover_file::signed_file),
        )
}
