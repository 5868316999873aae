//! `/laporan`: the short edition of a report, with everything that can be done with it.

use super::issued_texts::{IssuedLine, issued_line};
use super::usual_period::UsualPeriod;
use crate::api::ApiListener;
use crate::api::client::percent_encode;
use crate::api::issued_reports::ShortEdition;
use crate::api::request_language::query_parameter;
use crate::api::request_sender::RequestSender;
use crate::limits::ISSUED_REPORTS_PAGE_MAX;
use crate::pages::page_frame::{PageFrame, render_failure, render_page};
use crate::pages::page_request::PageRequest;
use crate::pages::period_choice::PeriodChoice;
use crate::pages::site_figures::explanation_path;
use crate::report::render::html::render_html_section;
use crate::report::render::short_text::render_short_text;
use askama::Template;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::Response;
use std::sync::Arc;
use std::time::Duration;

/// Time for which a reader waits for figures before the page says that they are computed.
const EDITION_WAIT: Duration = Duration::from_secs(4);
/// Seconds after which a page without figures loads itself again.
const REFRESH_SECONDS: &str = "2";

#[derive(Template)]
#[template(path = "reports.html")]
struct ReportsPage {
    frame: PageFrame,
    choice: PeriodChoice,
    /// Why this period is shown; empty when it was asked for.
    reason: String,
    /// Id, name, and whether it is chosen.
    assets: Vec<(String, String, bool)>,
    edition: Result<EditionTexts, String>,
    issued: Vec<IssuedLine>,
    /// Number below which there may be older ones; 0 when there are none.
    older: u64,
}

/// Short edition of a report as texts.
struct EditionTexts {
    title: String,
    /// First page of the report, as HTML.
    html: String,
    events: String,
    /// Text to share.
    shared: String,
    /// Address that opens the messenger with this text.
    whatsapp: String,
}

pub(crate) async fn reports_page(PageRequest { app, uri, headers }: PageRequest) -> Response {
    let frame = PageFrame::new(&app, "laporan", &uri, &headers);
    let lang = frame.lang;
    let asset = query_parameter(&uri, "asset").unwrap_or_default();
    let all = &app.state().assets;
    let assets: Vec<(String, String, bool)> = all
        .iter()
        .map(|one| (one.id.to_string(), one.name.to_string(), *one.id == *asset))
        .collect();
    let is_unknown = !asset.is_empty() && !assets.iter().any(|(.., chosen)| *chosen);
    let unknown = is_unknown.then(|| lang.text_with("reporting-no-asset", &[("found", &asset)]));
    // An asset that the site does not have counts as none, and the page says so.
    let asset: Option<Arc<str>> = assets
        .iter()
        .find(|(_, _, chosen)| *chosen)
        .map(|(id, ..)| id.as_str().into());
    let store = &app.state().store;
    let extent = match store.evidence_extent().await {
        Ok(extent) => extent,
        Err(error) => return render_failure(&uri, frame, &error.into()),
    };
    let usual = UsualPeriod::of_site(&extent, app.today());
    let (choice, reason) = report_period(&app, &uri, &frame, usual);
    let reason = unknown.unwrap_or(reason);
    let kept_all = extent.raw_deleted_before.is_none();
    let first = extent.days.first().copied().filter(|_| kept_all);
    let mut choice = choice.since_readings(first, lang);
    choice.asset = asset.as_deref().unwrap_or_default().to_owned();
    let before = query_parameter(&uri, "sebelum").and_then(|text| text.parse().ok());
    let found = match store
        .issued_reports_before(before.unwrap_or(u64::MAX))
        .await
    {
        Ok(found) => found,
        Err(error) => return render_failure(&uri, frame, &error.into()),
    };
    let older = match found.last() {
        Some(last) if found.len() >= ISSUED_REPORTS_PAGE_MAX => last.id,
        _ => 0,
    };
    let edition = app.short_edition(choice.period, asset, lang);
    // The calculation goes on by itself, and the page asks for it again.
    let edition = tokio::time::timeout(EDITION_WAIT, edition).await;
    let is_computing = edition.is_err();
    let place = page_place(&headers, RequestSender::current().is_tls());
    let edition = match edition {
        Ok(Ok(edition)) => Ok(edition_texts(&frame, &choice, &edition, &place)),
        Ok(Err(error)) => Err(error.person_message(lang)),
        Err(_) => Err(frame.t("laporan-computing")),
    };
    let page = ReportsPage {
        issued: found
            .iter()
            .map(|one| issued_line(&app, lang, one))
            .collect(),
        frame,
        choice,
        reason,
        assets,
        edition,
        older,
    };
    let mut response = render_page(&uri, StatusCode::OK, &page);
    if is_computing {
        let again = HeaderValue::from_static(REFRESH_SECONDS);
        response.headers_mut().insert(header::REFRESH, again);
    }
    response
}

/// Period of the page: the one asked for, else the usual one with the reason for it.
fn report_period(
    app: &ApiListener,
    uri: &Uri,
    frame: &PageFrame,
    usual: UsualPeriod,
) -> (PeriodChoice, String) {
    let choice = PeriodChoice::of_request_or(uri, app.today(), usual.period, frame.lang);
    let is_asked = ["period", "from"].map(|name| query_parameter(uri, name).is_some());
    if is_asked.contains(&true) && choice.refused.is_empty() {
        return (choice, String::new());
    }
    (choice, frame.t(usual.reason))
}

/// Start of the address under which the reader has opened the page.
fn page_place(headers: &HeaderMap, is_tls: bool) -> String {
    let host = headers.get(header::HOST);
    let host = host.and_then(|host| host.to_str().ok()).unwrap_or_default();
    let scheme = if is_tls { "https" } else { "http" };
    format!("{scheme}://{host}")
}

fn edition_texts(
    frame: &PageFrame,
    choice: &PeriodChoice,
    edition: &ShortEdition,
    place: &str,
) -> EditionTexts {
    let document = &edition.document;
    let link = |id: &str| {
        // `summary/ASSET/ID`, or `summary/ID` for a figure of the site.
        let (asset, id) = match *id.split('/').collect::<Vec<_>>() {
            [_, asset, id] => (asset, id),
            [_, id] => ("", id),
            _ => return None,
        };
        Some(explanation_path(id, asset, choice.period))
    };
    let mut address = format!("{place}/laporan?period={}", choice.period);
    if !choice.asset.is_empty() {
        address.push_str("&asset=");
        address.push_str(&choice.asset);
    }
    let shared = format!("{}\n\n{address}", render_short_text(document));
    let events = edition.events.to_string();
    EditionTexts {
        title: format!("{} · {}", document.title, document.period.name),
        html: render_html_section(document, "summary", &link),
        events: match edition.events {
            0 => frame.t("laporan-no-events"),
            _ => frame
                .lang
                .text_with("laporan-events", &[("count", &events)]),
        },
        whatsapp: format!("https://wa.me/?text={}", percent_encode(&shared)),
        shared,
    }
}

#[cfg(test)]
mod tests {
    use crate::domain::{ExactNumber, SampleOutcome, UtcMs};
    use crate::server::tests::{ApiTestBench, NOW};
    use axum::http::StatusCode;

    #[tokio::test]
    async fn an_asset_or_a_language_that_there_is_not_is_said() {
        let bench = ApiTestBench::with_readings(2).await;
        let (status, page) = bench.get("/laporan?asset=zzz&lang=id").await;
        assert_eq!(status, StatusCode::OK);
        assert!(page.contains("Tidak ada aset bernama zzz"), "{page}");
        let (status, said) = bench.get("/api/v1/indicators?period=2026-11&lang=xx").await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{said}");
        assert!(said.contains("\"parameter\":\"lang\""), "{said}");
        let (status, _) = bench.get("/api/v1/indicators?period=2026-11&lang=en").await;
        assert_eq!(status, StatusCode::OK);
    }

    #[tokio::test]
    async fn a_period_that_has_not_begun_is_said_and_never_silently_another() {
        let bench = ApiTestBench::with_readings(2).await;
        let at = UtcMs(NOW - 3 * 86_400_000);
        let reading = (at, SampleOutcome::Good(ExactNumber::Float(1.0)));
        let column = ("inverter.ac_energy".into(), vec![reading]);
        let store = &bench.state.store;
        store.import_columns(vec![column]).await.unwrap();
        for (path, part) in [
            ("/laporan?period=2099-01", "Januari 2099 belum dimulai."),
            ("/laporan?period=besok", "bukan periode"),
            ("/plts?period=2099", "2099 belum dimulai."),
            ("/dampak?period=2099-01", "Januari 2099 belum dimulai."),
            (
                "/laporan?period=2019-05",
                "Bacaan lokasi ini dimulai pada 22 November 2026",
            ),
        ] {
            let (status, page) = bench.get(&format!("{path}&lang=id")).await;
            assert_eq!(status, StatusCode::OK, "{path}");
            assert!(page.contains(part), "{path}: {page}");
        }
        let (_, page) = bench.get("/laporan?period=2019-05&lang=id").await;
        assert!(page.contains("Tampilkan periode terdekat"), "{page}");
        let (_, page) = bench.get("/laporan?lang=id").await;
        assert!(
            !page.contains("belum dimulai") && !page.contains("terdekat"),
            "{page}"
        );
        let (status, said) = bench.get("/plts/data.csv?period=2099-01&lang=id").await;
        assert_eq!(status, StatusCode::BAD_REQUEST);
        assert!(said.contains("belum dimulai"), "{said}");
    }
}
