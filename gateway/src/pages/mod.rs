//! HTML pages for people, in Bahasa Indonesia and English.
//!
//! Entry: `page_routes`. Templates are in `gateway/assets/pages`; style, scripts and the plotting
//! library are inside the binary, and no page loads anything from another host.
//!
//! ```text
//! GET /                 how the site is today
//! GET /plts, /air, ..   assets of a kind over a period; /plts/data.csv and .xlsx download it
//! GET /jelas/ID         explanation of a figure, down to its readings
//! GET /laporan          reports: short edition, downloads, issued ones
//! GET /dampak           what the programme has achieved, for people outside
//! GET /masuk, /mulai    sign-in, the first person; POST /keluar
//! GET /akun             own password, sessions and tokens; /pengguna people; /riwayat audit log
//! GET /catat            what people weigh, count and measure
//! GET /teknisi          devices with their points; /points/ID a plot; /health buses and sinks
//! GET /points/ID/curve.svg  the last 24 hours, small
//! GET /teknisi/meter    meters that were replaced: POST confirms or withdraws one
//! GET /teknisi/konfigurasi  the configuration: POST proposes, saves and takes over
//! GET /teknisi/cari     scan of a line: POST starts and stops it; /teknisi/tambah adds a device
//! GET /teknisi/alat     first readings of a device that was added
//! GET /teknisi/register registers of a device, with what they may mean
//! GET /teknisi/bingkai  the last frames of a line
//! GET /teknisi/waktu    the time of the gateway: POST sets it
//! GET /teknisi/tangki   wizards: tank, /meter-air water meter, /trafo-arus transformer, /alamat
//!                       address, /uji soak test, /serah-terima hand-over; POST does a step
//! GET /alarm            alarms and their changes: POST takes note of one
//! GET /langsung         what changes on an open page, as server-sent events
//! ```
//!
//! Figures come from `site_figures::SiteFigures` alone; a page reads no samples by itself. Plots
//! are described by `plot_spec::PlotSpec` and drawn by `plot.js` with the options of `plot_script`.

mod account_page;
mod add_device_page;
mod alarm_channel_rows;
mod alarm_page;
mod assets;
mod audit_page;
mod bus_lines;
mod clock_line;
mod configuration_page;
mod copies_line;
mod damage_list;
mod drawings;
mod entry;
mod explanation_page;
mod frame_texts;
mod frames_page;
mod home;
mod impact;
mod live;
mod meter_swaps_page;
mod navigation;
mod number_format;
mod page_frame;
mod page_request;
mod page_texts;
mod period_choice;
mod plain_form;
mod plot_script;
mod plot_spec;
mod register_page;
mod reports;
mod scan_page;
mod set_up_page;
mod sign_in_page;
mod site_figures;
mod site_time_page;
mod stamps_line;
mod static_files;
mod store_line;
mod technician;
mod technician_pages;
mod trust_page;
mod users_page;

pub(crate) use sign_in_page::{ask_to_sign_in, redirect_to, render_refusal};

use crate::api::ApiListener;
use axum::routing::{get, post};
use axum::{Extension, Router};
pub(crate) use impact::FrameAncestors;
use navigation::ASSET_PAGES;
pub(crate) use page_frame::refusal_page;
pub(crate) use trust_page::trust_page;

/// Routes of the pages and of the files that they load.
pub(crate) fn page_routes() -> Router<ApiListener> {
    let live = get(live::stream_page_events);
    let mut routes = Router::new()
        .route(
            "/",
            get(home::home_page).layer(Extension(home::HomeShelf::default())),
        )
        .route(
            "/langsung",
            live.layer(Extension(live::LiveTexts::default())),
        )
        .route("/jelas/{id}", get(explanation_page::explanation_page))
        .route("/teknisi", get(technician_pages::technician_page))
        .route(
            "/teknisi/meter",
            get(meter_swaps_page::meter_swaps_page).post(meter_swaps_page::change_meter_swaps),
        )
        .route(
            "/teknisi/konfigurasi",
            get(configuration_page::configuration_page)
                .post(configuration_page::change_configuration),
        )
        .route(
            "/teknisi/cari",
            get(scan_page::scan_page).post(scan_page::change_scan),
        )
        .route("/teknisi/tambah", get(add_device_page::add_device_page))
        .route("/teknisi/alat", get(add_device_page::first_readings_page))
        .route("/teknisi/register", get(register_page::register_page))
        .route("/teknisi/bingkai", get(frames_page::frames_page))
        .route(
            "/teknisi/waktu",
            get(site_time_page::site_time_page).post(site_time_page::change_site_time),
        )
        .route(
            "/alarm",
            get(alarm_page::alarm_page).post(alarm_page::change_alarm),
        )
        .route("/points/{id}", get(technician_pages::point_page))
        .route("/points/{id}/curve.svg", get(technician_pages::small_curve))
        .route(
            "/health",
            get(technician_pages::health_page).post(damage_list::acknowledge_damage),
        )
        .route("/assets/{*path}", get(static_files::get_static_file))
        .merge(reports::report_routes())
        .merge(impact::impact_routes())
        .merge(entry::entry_routes())
        .merge(technician::technician_routes())
        .merge(access_routes());
    for page in &ASSET_PAGES {
        routes = routes
            .route(&format!("/{}", page.place), get(assets::asset_page))
            .route(
                &format!("/{}/data.{{format}}", page.place),
                get(assets::asset_data),
            );
    }
    routes
}

/// Routes of sign-in, people and the audit log.
fn access_routes() -> Router<ApiListener> {
    let sign_in = get(sign_in_page::sign_in_page).post(sign_in_page::sign_in);
    let set_up = get(set_up_page::set_up_page).post(set_up_page::make_first_admin);
    let users = get(users_page::users_page).post(users_page::change_users);
    let account = get(account_page::account_page).post(account_page::change_account);
    Router::new()
        .route("/masuk", sign_in)
        .route("/keluar", post(sign_in_page::sign_out))
        .route("/mulai", set_up)
        .route("/pengguna", users)
        .route("/akun", account)
        .route("/riwayat", get(audit_page::audit_page))
}
