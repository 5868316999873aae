//! `/teknisi/uji`: the soak test of all lines on a phone. It runs in the gateway, so that the phone
//! may go dark meanwhile.

use super::wizard_notice::WizardNotice;
use crate::api::api_listener::ApiListener;
use crate::api::error::ApiError;
use crate::api::soak_job::{
    SoakLength, SoakNote, last_soak, running_soak, soak_length_ms, start_soak, stop_soak,
};
use crate::commissioning::fault_diagnosis::past_advice_key;
use crate::commissioning::soak_record::SoakRecord;
use crate::commissioning::soak_test::rounded_down;
use crate::config::BusLink;
use crate::domain::QualityReason;
use crate::formulas::claim_rounding::nearest_digits;
use crate::i18n::Language;
use crate::pages::page_frame::{PageFrame, render_failure, render_page};
use crate::pages::page_request::PageRequest;
use crate::pages::plain_form::PlainForm;
use crate::pages::sign_in_page::redirect_to;
use crate::pages::users_page::time_text;
use askama::Template;
use axum::response::Response;

/// Seconds after which the page of a running test asks for itself again.
const REFRESH_S: u32 = 3;

#[derive(Template)]
#[template(path = "soak.html")]
struct SoakPage {
    frame: PageFrame,
    notice: WizardNotice,
    refresh_s: u32,
    running: Option<RunningSoak>,
    last: Option<SoakResultPanel>,
    has_devices: bool,
    /// Minutes of the usual and of the shortest test.
    usual: String,
    shortest: String,
}

/// The test that runs.
struct RunningSoak {
    percent: u64,
    passed: String,
    length: String,
    rows: Vec<SoakRow>,
}

/// Result of the last test.
struct SoakResultPanel {
    passes: bool,
    words: String,
    when: String,
    by: String,
    /// The configuration has changed since.
    is_old: bool,
    rows: Vec<SoakRow>,
}

/// Device as shown.
struct SoakRow {
    device: String,
    /// `ok`, `waiting` or `fault`.
    state: &'static str,
    verdict: String,
    /// `99,5% · 199/200`
    counts: String,
    fault: String,
    advice: String,
}

pub(super) async fn soak_page(asked: PageRequest) -> Response {
    show_page(&asked, WizardNotice::default()).await
}

pub(super) async fn change_soak(asked: PageRequest, fields: PlainForm) -> Response {
    let frame = PageFrame::new(&asked.app, "teknisi", &asked.uri, &asked.headers);
    let done = match fields.trimmed("cara") {
        "berhenti" => {
            stop_soak(&asked.app);
            Ok(())
        }
        "mulai" if fields.trimmed("nama").is_empty() => {
            let notice = WizardNotice::refusal(frame.t("wizard-no-name"));
            return show_page(&asked, notice).await;
        }
        "mulai" => {
            let length = match fields.trimmed("lama") {
                "singkat" => SoakLength::Shortest,
                text => text.parse().map_or(SoakLength::Usual, SoakLength::Minutes),
            };
            start_soak(&asked.app, length, fields.trimmed("nama"))
        }
        _ => Ok(()),
    };
    match done {
        Ok(()) => redirect_to("/teknisi/uji"),
        Err(error) => match WizardNotice::of_error(error, &frame) {
            Ok(notice) => show_page(&asked, notice).await,
            Err(error) => render_failure(&asked.uri, frame, &error),
        },
    }
}

async fn show_page(asked: &PageRequest, notice: WizardNotice) -> Response {
    let PageRequest { app, uri, headers } = asked;
    let frame = PageFrame::new(app, "teknisi", uri, headers);
    let last = match last_soak(app).await {
        Ok(last) => last,
        Err(error) => return render_failure(uri, frame, &ApiError::from(error)),
    };
    let lang = frame.lang;
    let running = running_soak(app).map(|now| RunningSoak {
        percent: (now.record.elapsed_ms.saturating_mul(100))
            .checked_div(now.length_ms)
            .unwrap_or_default()
            .min(100),
        passed: minutes_text(now.record.elapsed_ms, lang),
        length: minutes_text(now.length_ms, lang),
        rows: soak_rows(&now.record, app, lang),
    });
    let revision = app.state().config.revision_id();
    let last = last.map(|note| SoakResultPanel {
        passes: note.result.passes,
        words: result_text(&note, lang),
        when: time_text(app, &frame, Some(note.at)),
        is_old: note.revision != revision,
        rows: soak_rows(&note.result, app, lang),
        by: note.by,
    });
    let status = notice.status();
    let page = SoakPage {
        notice,
        refresh_s: REFRESH_S,
        running,
        last,
        has_devices: !app.site().devices.is_empty(),
        usual: minutes_text(soak_length_ms(app, SoakLength::Usual), lang),
        shortest: minutes_text(soak_length_ms(app, SoakLength::Shortest), lang),
        frame,
    };
    render_page(uri, status, &page)
}

/// Minutes, with one decimal where they are not whole.
fn minutes_text(ms: u64, lang: Language) -> String {
    let minutes = std::time::Duration::from_millis(ms).as_secs_f64() / 60.0;
    let digits = nearest_digits(minutes, 1);
    lang.locale().plain_digits(digits.trim_end_matches(".0"))
}

/// The result in one sentence.
pub(super) fn result_text(note: &SoakNote, lang: Language) -> String {
    let result = &note.result;
    let key = match (result.passes, note.is_whole) {
        (true, _) => "soak-passed",
        (false, true) if result.devices.iter().all(|row| row.passes) => "handover-soak-few",
        (false, true) => "soak-failed",
        (false, false) => "soak-stopped",
    };
    let minutes = minutes_text(result.elapsed_ms, lang);
    let polls = result.devices.iter().map(|row| row.polls).min();
    let polls = polls.unwrap_or_default().to_string();
    lang.text_with(key, &[("minutes", &minutes), ("polls", &polls)])
}

/// Link of this device in the present configuration.
fn link_of_device<'a>(app: &'a ApiListener, id: &str) -> Option<&'a BusLink> {
    let mut devices = app.site().devices.iter();
    let bus = &devices.find(|device| &*device.id == id)?.bus;
    let mut buses = app.state().buses.iter();
    Some(&buses.find(|other| other.id == *bus)?.link)
}

fn soak_rows(record: &SoakRecord, app: &ApiListener, lang: Language) -> Vec<SoakRow> {
    let row = |row: &crate::commissioning::soak_record::SoakRecordRow| {
        let percent = row.percent.map(|percent| {
            let digits = nearest_digits(rounded_down(percent), 1);
            format!("{}%", lang.locale().plain_digits(&digits))
        });
        let fault = row.fault.as_deref().and_then(QualityReason::from_word);
        let has_begun = row.polls > 0;
        SoakRow {
            state: match (has_begun, row.passes, row.is_enough()) {
                (false, ..) | (true, true, false) => "waiting",
                (true, true, true) => "ok",
                (true, false, _) => "fault",
            },
            verdict: if has_begun {
                lang.text(row.verdict_key())
            } else {
                lang.text("web-health-waiting")
            },
            counts: format!(
                "{} · {}/{}",
                percent.unwrap_or("–".to_owned()),
                row.good,
                row.polls
            ),
            fault: fault.map_or(String::new(), |fault| {
                lang.text(&format!("reason-{}", fault.word()))
            }),
            advice: if row.passes || !has_begun {
                String::new()
            } else {
                let link = link_of_device(app, &row.device);
                let key = past_advice_key(fault, link);
                key.map_or(String::new(), |key| lang.text(key))
            },
            device: row.device.clone(),
        }
    };
    record.devices.iter().map(row).collect()
}
