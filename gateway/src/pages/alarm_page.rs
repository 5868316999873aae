//! `/alarm`: alarms that are raised, their last changes, a text to share, and the channels of
//! messages. A technician takes note of an alarm, keeps it quiet, or tests a channel.

use super::alarm_channel_rows::{DeliveryPanel, delivery_panel};
use crate::access::{Caller, Role};
use crate::alarm_delivery::shared_text;
use crate::api::alarm_channels::{AlarmTestAnswerJson, load_delivery, test_alarm_channel};
use crate::api::alarms::{
    AcknowledgeRequest, AlarmChangeJson, AlarmJson, SnoozeRequest, acknowledge_alarm, load_alarms,
    snooze_alarm,
};
use crate::api::error::ApiError;
use crate::api::request_language::query_parameter;
use crate::api::request_sender::RequestSender;
use crate::i18n::Language;
use crate::pages::page_frame::{PageFrame, render_failure, render_page};
use crate::pages::page_request::PageRequest;
use crate::pages::plain_form::PlainForm;
use crate::pages::sign_in_page::redirect_to;
use crate::pages::users_page::time_text;
use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;

/// Hours that the form offers.
const SNOOZE_HOURS: [u32; 5] = [1, 4, 12, 24, 72];

#[derive(Template)]
#[template(path = "alarm.html")]
struct AlarmPage {
    frame: PageFrame,
    alarms: Vec<AlarmRow>,
    changes: Vec<ChangeRow>,
    delivery: DeliveryPanel,
    /// Text of the raised alarms, and the address that hands it to WhatsApp; empty without alarms.
    shared: String,
    share_link: String,
    /// Hours with their texts.
    hours: Vec<(u32, String)>,
    may_change: bool,
    done: String,
    refused: String,
}

/// An alarm as shown.
struct AlarmRow {
    alarm: String,
    level: String,
    text: String,
    since: String,
    /// Person who has taken note of it, with the note; empty for none.
    seen: String,
    quiet: String,
}

/// A change as shown.
struct ChangeRow {
    level: String,
    /// State, site and local time.
    head: String,
    lines: Vec<String>,
}

pub(crate) async fn alarm_page(asked: PageRequest) -> Response {
    let done = match query_parameter(&asked.uri, "hasil").as_deref() {
        Some("ya") => {
            PageFrame::new(&asked.app, "alarm", &asked.uri, &asked.headers).t("alarm-done")
        }
        _ => String::new(),
    };
    let notice = PageNotice {
        done,
        ..PageNotice::refused(StatusCode::OK, String::new())
    };
    show_page(&asked, notice).await
}

/// Words of the page about the last form.
struct PageNotice {
    status: StatusCode,
    done: String,
    refused: String,
}

impl PageNotice {
    fn refused(status: StatusCode, refused: String) -> Self {
        Self {
            status,
            done: String::new(),
            refused,
        }
    }
}

/// Sends a test message and shows what the far side answers.
async fn show_test(asked: &PageRequest, channel: &str, frame: &PageFrame) -> Response {
    let lines = |all: &[&AlarmTestAnswerJson]| {
        let texts = all.iter().map(|one| &*one.text);
        texts.collect::<Vec<&str>>().join("\n")
    };
    let notice = match test_alarm_channel(&asked.app, channel, frame.lang).await {
        Ok(found) => {
            let answers = found.answers.iter();
            let (done, refused): (Vec<_>, Vec<_>) = answers.partition(|one| one.fault.is_none());
            PageNotice {
                status: StatusCode::OK,
                done: lines(&done),
                refused: lines(&refused),
            }
        }
        Err(error) => PageNotice::refused(StatusCode::UNPROCESSABLE_ENTITY, error.error),
    };
    show_page(asked, notice).await
}

pub(crate) async fn change_alarm(asked: PageRequest, fields: PlainForm) -> Response {
    let frame = PageFrame::new(&asked.app, "alarm", &asked.uri, &asked.headers);
    if fields.trimmed("tindakan") == "uji" {
        return show_test(&asked, fields.trimmed("saluran"), &frame).await;
    }
    match apply_form(&asked, &fields, frame.lang).await {
        Ok(()) => redirect_to("/alarm?hasil=ya"),
        Err(error) if error.status < 500 => {
            let refusal = PageNotice::refused(StatusCode::UNPROCESSABLE_ENTITY, error.error);
            show_page(&asked, refusal).await
        }
        Err(error) => render_failure(&asked.uri, frame, &error),
    }
}

async fn apply_form(
    asked: &PageRequest,
    fields: &PlainForm,
    lang: Language,
) -> Result<(), ApiError> {
    let alarm = fields.trimmed("alarm").to_owned();
    let recorded_by = Some(fields.trimmed("nama").to_owned());
    if fields.trimmed("tindakan") == "tunda" {
        let sent = SnoozeRequest {
            alarm,
            hours: fields.trimmed("jam").parse().unwrap_or(0),
            recorded_by,
        };
        return snooze_alarm(&asked.app, sent, lang).await;
    }
    let sent = AcknowledgeRequest {
        alarm,
        note: fields.trimmed("catatan").to_owned(),
        recorded_by,
    };
    acknowledge_alarm(&asked.app, sent, lang).await
}

async fn show_page(asked: &PageRequest, notice: PageNotice) -> Response {
    let PageRequest { app, uri, headers } = asked;
    let frame = PageFrame::new(app, "alarm", uri, headers);
    let before = query_parameter(uri, "sebelum").and_then(|text| text.parse().ok());
    let list = match load_alarms(app, before).await {
        Ok(list) => list,
        Err(error) => return render_failure(uri, frame, &error),
    };
    let delivery = match load_delivery(app).await {
        Ok(status) => status,
        Err(error) => return render_failure(uri, frame, &error),
    };
    let sender = RequestSender::current();
    let role = sender.caller.role();
    // At the computer itself, and where nobody signs in, the rule of the route lets everybody.
    let is_system = matches!(sender.caller, Caller::System);
    let hours_text = |hours: u32| {
        let count = hours.to_string();
        (
            hours,
            frame.lang.text_with("alarm-hours", &[("count", &count)]),
        )
    };
    let may_change = is_system || role.is_some_and(|role| role >= Role::Technician);
    let shared = shared_alarms(asked, &frame, &list.alarms);
    let page = AlarmPage {
        delivery: delivery_panel(asked, &frame, &delivery, may_change),
        share_link: share_link(&shared),
        shared,
        alarms: list
            .alarms
            .iter()
            .map(|one| alarm_row(asked, &frame, one))
            .collect(),
        changes: list
            .changes
            .iter()
            .map(|one| change_row(one, frame.lang))
            .collect(),
        hours: SNOOZE_HOURS.map(hours_text).into(),
        may_change,
        done: notice.done,
        refused: notice.refused,
        frame,
    };
    render_page(uri, notice.status, &page)
}

/// Text of the alarms that are raised, for people to send themselves.
fn shared_alarms(asked: &PageRequest, frame: &PageFrame, alarms: &[AlarmJson]) -> String {
    if alarms.is_empty() {
        return String::new();
    }
    let lang = frame.lang;
    let line = |alarm: &AlarmJson| {
        let level = lang.text(&format!("attention-level-{}", alarm.severity));
        let text = alarm.text.get(lang.code()).map_or("", String::as_str);
        format!("{}: {text}", level.to_uppercase())
    };
    let lines: Vec<String> = alarms.iter().map(line).collect();
    let state = asked.app.state();
    shared_text(&state.site, lang, state.clock.now(), &lines)
}

/// Address at which WhatsApp takes a text.
fn share_link(text: &str) -> String {
    let text = percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC);
    format!("https://wa.me/?text={text}")
}

fn alarm_row(asked: &PageRequest, frame: &PageFrame, alarm: &AlarmJson) -> AlarmRow {
    let time = |at: i64| time_text(&asked.app, frame, Some(at));
    let since = if alarm.dated {
        time(alarm.since)
    } else {
        frame.t("alarm-undated")
    };
    let note = alarm.note.as_deref().unwrap_or_default();
    let seen = match &alarm.acknowledged_by {
        Some(by) if note.is_empty() => frame.lang.text_with("alarm-seen-by", &[("by", by)]),
        Some(by) => {
            let args = [("by", &**by), ("note", note)];
            frame.lang.text_with("alarm-seen-note", &args)
        }
        None => String::new(),
    };
    let until = alarm.snoozed_until.filter(|_| alarm.state == "snoozed");
    let quiet = until.map(|at| {
        frame
            .lang
            .text_with("alarm-quiet-until", &[("time", &time(at))])
    });
    AlarmRow {
        alarm: alarm.alarm.clone(),
        level: alarm.severity.clone(),
        text: alarm
            .text
            .get(frame.lang.code())
            .cloned()
            .unwrap_or_default(),
        since: frame.lang.text_with("alarm-since", &[("time", &since)]),
        seen,
        quiet: quiet.unwrap_or_default(),
    }
}

fn change_row(change: &AlarmChangeJson, lang: Language) -> ChangeRow {
    let text = change.text.get(lang.code()).map_or("", String::as_str);
    let mut lines = text.lines().map(str::to_owned);
    ChangeRow {
        level: change.severity.clone(),
        head: lines.next().unwrap_or_default(),
        lines: lines.collect(),
    }
}

#[cfg(test)]
mod tests {
    use crate::alarms::{AlarmMoment, AlarmSight, AlarmTiming, Sighting};
    use crate::config::AlarmLevel;
    use crate::domain::UtcMs;
    use crate::server::tests::{ApiTestBench, NOW};
    use axum::body::Body;
    use axum::http::{Request, StatusCode};

    async fn raise(bench: &ApiTestBench) {
        let text = |(code, text): (&str, &str)| (code.to_owned(), text.to_owned());
        let seen = Sighting {
            key: "tank-low/tank".to_owned(),
            sight: AlarmSight::Trouble,
            timing: AlarmTiming {
                after_ms: 0,
                clear_after_ms: 0,
            },
            level: AlarmLevel::Warning,
            value: Some(12.0),
            texts: [("id", "Tandon: isi 12%"), ("en", "Tank: 12%")]
                .map(text)
                .into(),
        };
        let moment = AlarmMoment {
            at: UtcMs(NOW),
            trusted: true,
            elapsed_ms: 0,
        };
        let state = &bench.state;
        let (store, site) = (&state.store, &*state.site);
        let done = state.alarms.observe(store, site, moment, vec![seen]).await;
        done.unwrap();
    }

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
        let request = Request::post("/alarm")
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
    async fn an_alarm_is_listed_taken_note_of_and_kept_quiet() {
        let bench = ApiTestBench::new();
        assert!(get(&bench, "/alarm").await.contains("Tidak ada alarm"));
        raise(&bench).await;
        let page = get(&bench, "/alarm").await;
        assert!(page.contains("Tandon: isi 12%"), "{page}");
        assert!(page.contains("PERIKSA · "), "{page}");
        // The text to share is there without a script.
        let link = "https://wa.me/?text=ALARM%20%C2%B7%20";
        assert!(
            page.contains(link) && page.contains("- PERIKSA: Tandon: isi 12%"),
            "{page}"
        );
        assert!(page.contains("Belum ada saluran"), "{page}");
        let (status, text) = post(&bench, "tindakan=uji&saluran=grup").await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(text.contains("tidak ada saluran grup"), "{text}");
        // Where nobody has signed in, a name is asked for.
        assert_eq!(page.matches("name=\"nama\"").count(), 2, "{page}");
        let (status, text) = post(&bench, "alarm=x/y&tindakan=catat&nama=Budi").await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(text.contains("sudah pulih"), "{text}");
        let (status, place) = post(
            &bench,
            "alarm=tank-low/tank&tindakan=catat&nama=Budi&catatan=pompa+dipesan",
        )
        .await;
        assert_eq!(
            (status, &*place),
            (StatusCode::SEE_OTHER, "/alarm?hasil=ya")
        );
        let page = get(&bench, "/alarm").await;
        assert!(page.contains("Dicatat oleh Budi: pompa dipesan"), "{page}");
        let (status, _) = post(&bench, "alarm=tank-low/tank&tindakan=tunda&nama=Budi&jam=0").await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
        let (status, _) = post(&bench, "alarm=tank-low/tank&tindakan=tunda&nama=Budi&jam=4").await;
        assert_eq!(status, StatusCode::SEE_OTHER);
        let list = bench.json("/api/v1/alarms").await;
        assert_eq!(list["alarms"][0]["state"], "snoozed");
        let changes = list["changes"].as_array().unwrap().iter();
        let words: Vec<&str> = changes.filter_map(|one| one["state"].as_str()).collect();
        assert_eq!(words, ["snoozed", "acknowledged", "raised"]);
    }
}
