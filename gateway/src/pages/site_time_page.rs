//! `/teknisi/waktu`: the time of the gateway, and the form by which a person sets it where neither
//! network nor battery clock knows it.

use crate::api::error::ApiError;
use crate::api::request_language::query_parameter;
use crate::api::site_time::{phone_time, set_time, typed_time, unread_time};
use crate::domain::UtcMs;
use crate::i18n::Language;
use crate::limits::EARLIEST_TIME_MS;
use crate::pages::page_frame::{PageFrame, render_failure, render_page};
use crate::pages::page_request::PageRequest;
use crate::pages::page_texts::HealthLine;
use crate::pages::plain_form::PlainForm;
use crate::pages::sign_in_page::redirect_to;
use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;

#[derive(Template)]
#[template(path = "site_time.html")]
struct SiteTimePage {
    frame: PageFrame,
    clock: HealthLine,
    /// Date by the gateway: a wrong year shall be seen.
    today: String,
    /// Fields of the form: what was refused, else what it begins with.
    day: String,
    time: String,
    /// An unlikely time needs a second word.
    needs_word: bool,
    done: String,
    refused: String,
}

pub(crate) async fn site_time_page(asked: PageRequest) -> Response {
    show_page(&asked, (String::new(), false), None)
}

pub(crate) async fn change_site_time(asked: PageRequest, fields: PlainForm) -> Response {
    let frame = PageFrame::new(&asked.app, "teknisi", &asked.uri, &asked.headers);
    match set_time_of_form(&asked, &fields, frame.lang).await {
        Ok(()) => redirect_to("/teknisi/waktu?hasil=ya"),
        Err(error) if [409, 422, 428].contains(&error.status) => {
            let needs_word = error.status == 428;
            show_page(&asked, (error.error, needs_word), Some(&fields))
        }
        Err(error) => render_failure(&asked.uri, frame, &error),
    }
}

/// Sets the time of the form: that of the phone, which its script has filled in, or a typed one.
async fn set_time_of_form(
    asked: &PageRequest,
    fields: &PlainForm,
    lang: Language,
) -> Result<(), ApiError> {
    let app = &asked.app;
    let said = if fields.trimmed("cara") == "ponsel" {
        phone_time(fields.text("ponsel")).ok_or_else(|| {
            let why = lang.text("site-time-no-phone");
            ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, why)
        })?
    } else {
        let typed = format!("{} {}", fields.trimmed("tanggal"), fields.trimmed("jam"));
        typed_time(&typed, &app.0.zone).ok_or_else(|| unread_time(typed.trim(), lang))?
    };
    let is_sure = fields.trimmed("yakin") == "ya";
    set_time(app, (said, is_sure), None, lang).await.map(drop)
}

fn show_page(
    asked: &PageRequest,
    (refused, needs_word): (String, bool),
    typed: Option<&PlainForm>,
) -> Response {
    let status = if refused.is_empty() {
        StatusCode::OK
    } else {
        StatusCode::UNPROCESSABLE_ENTITY
    };
    let PageRequest { app, uri, headers } = asked;
    let frame = PageFrame::new(app, "teknisi", uri, headers);
    let field = |name: &str| typed.map_or(String::new(), |form| form.text(name).to_owned());
    let page = SiteTimePage {
        clock: app.clock_line(frame.lang),
        today: frame.lang.locale().format_date(app.local_today(app.now())),
        day: match field("tanggal") {
            // In the year of a clock that was never set nobody looks for today.
            day if day.is_empty() && app.now() >= UtcMs(EARLIEST_TIME_MS) => {
                app.local_today(app.now()).to_string()
            }
            day => day,
        },
        time: field("jam"),
        done: match query_parameter(uri, "hasil").as_deref() {
            Some("ya") => frame.t("site-time-done"),
            _ => String::new(),
        },
        needs_word,
        refused,
        frame,
    };
    render_page(uri, status, &page)
}

#[cfg(test)]
mod tests {
    use crate::domain::UtcMs;
    use crate::server::tests::{ApiTestBench, NOW};
    use axum::body::Body;
    use axum::http::{Request, StatusCode};

    async fn get(bench: &ApiTestBench, path: &str) -> String {
        let request = Request::get(path)
            .header("host", "localhost:8080")
            .header("accept-language", "id");
        let request = request.body(Body::empty()).unwrap();
        let (status, text) = bench.send_request(request).await;
        assert_eq!(status, StatusCode::OK);
        text
    }

    async fn post(bench: &ApiTestBench, form: &str) -> (StatusCode, String) {
        let request = Request::post("/teknisi/waktu")
            .header("host", "localhost:8080")
            .header("accept-language", "id")
            .header("accept", "text/html")
            .header("sec-fetch-site", "same-origin")
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form.to_owned().into())
            .unwrap();
        let (status, place, text) = bench.send_with_location(request).await;
        (status, place.unwrap_or(text))
    }

    #[tokio::test]
    async fn a_technician_sets_the_time_with_the_phone_or_by_typing_and_the_audit_says_so() {
        let bench = ApiTestBench::new();
        let clock = &bench.state.clock;
        clock.set_wall_clock(UtcMs(1000));
        clock.distrust();
        let shown = get(&bench, "/teknisi/waktu").await;
        assert!(shown.contains("belum sinkron"), "{shown}");
        // A field that asks for a day in 1970 would be of no use.
        assert!(!shown.contains("value=\"1970"), "{shown}");
        let (status, place) = post(&bench, &format!("cara=ponsel&ponsel={NOW}")).await;
        assert_eq!(
            (status, &*place),
            (StatusCode::SEE_OTHER, "/teknisi/waktu?hasil=ya")
        );
        assert_eq!((clock.now().at, clock.now().trusted), (UtcMs(NOW), true));
        assert!(get(&bench, &place).await.contains("Waktu sudah diatur."));
        assert!(get(&bench, &place).await.contains("25 November 2026, "));
        // 2026-11-26 in Jakarta, typed as in Indonesia.
        let (status, place) = post(&bench, "cara=ketik&tanggal=2026-11-26&jam=10.05.30").await;
        assert_eq!(status, StatusCode::SEE_OTHER, "{place}");
        assert_eq!(clock.now().at.to_string(), "2026-11-26T03:05:30Z");
        let audit = bench.state.store.read_audit(None).await.unwrap();
        let said: Vec<&str> = audit
            .iter()
            .filter(|one| one.kind == "clock")
            .map(|one| &*one.what)
            .collect();
        assert_eq!(said.len(), 2, "{said:?}");
        assert!(
            said[1].contains("from 1970-01-01T00:00:01Z to 2026-"),
            "{said:?}"
        );
        assert!(
            said[0].contains("to 2026-11-26T03:05:30Z, within 5 s"),
            "{said:?}"
        );
    }

    #[tokio::test]
    async fn what_cannot_be_the_time_stays_in_the_form_with_the_reason() {
        let bench = ApiTestBench::new();
        bench.state.clock.distrust();
        for (form, reason) in [
            ("cara=ketik&tanggal=2026-11-26&jam=25:00", "bukan waktu"),
            (
                "cara=ketik&tanggal=2025-11-26&jam=10:05",
                "sebelum tahun 2026",
            ),
            ("cara=ponsel&ponsel=", "tidak mengirim waktunya"),
        ] {
            let (status, text) = post(&bench, form).await;
            assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{form}");
            assert!(text.contains(reason), "{form}: {text}");
            assert!(!bench.state.clock.now().trusted, "{form}");
        }
        let (_, text) = post(&bench, "cara=ketik&tanggal=2025-11-26&jam=10:05").await;
        assert!(text.contains("value=\"2025-11-26\"") && text.contains("value=\"10:05\""));
    }

    #[tokio::test]
    async fn a_time_far_ahead_is_asked_about_with_both_times_and_taken_with_a_second_word() {
        let bench = ApiTestBench::new();
        bench.state.clock.distrust();
        let form = "cara=ketik&tanggal=2029-11-26&jam=10:05:30";
        let (status, text) = post(&bench, form).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(text.contains("26 November 2029"), "{text}");
        assert!(text.contains("name=\"yakin\""), "{text}");
        assert!(!bench.state.clock.now().trusted);
        // Nothing of the sort stands on the page before.
        assert!(!get(&bench, "/teknisi/waktu").await.contains("yakin"));
        let (status, text) = post(&bench, &format!("{form}&yakin=ya")).await;
        assert_eq!(status, StatusCode::SEE_OTHER, "{text}");
        assert_eq!(
            bench.state.clock.now().at.to_string(),
            "2029-11-26T03:05:30Z"
        );
        let never = "cara=ketik&tanggal=2099-11-26&jam=10:05&yakin=ya";
        let (status, text) = post(&bench, never).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(text.contains("tidak mungkin"), "{text}");
    }
}
