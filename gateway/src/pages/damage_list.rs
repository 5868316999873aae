//! The part of `/health` that lists what damage of the store has cost, with the form by which a
//! technician takes note of it.

use crate::access::{Caller, Role};
use crate::api::error::ApiError;
use crate::api::request_sender::RequestSender;
use crate::domain::UtcMs;
use crate::domain::data_damage::{DamagedContent, DataDamage};
use crate::domain::store_event::{StoreEvent, StoreEventKind};
use crate::i18n::Language;
use crate::pages::number_format::format_count;
use crate::pages::page_frame::{PageFrame, render_failure};
use crate::pages::page_request::PageRequest;
use crate::pages::plain_form::PlainForm;
use crate::pages::sign_in_page::redirect_to;
use crate::pages::users_page::time_text;
use crate::report::render::number_format::format_short_date;
use axum::response::Response;

/// Lines that the page shows, the newest first.
const LINES_SHOWN: usize = 200;

/// Lost data, as shown.
pub(super) struct DamageList {
    pub(super) rows: Vec<DamageRow>,
    /// Lines that are not shown.
    pub(super) more: usize,
    /// Number of the newest line of which nobody has taken note; 0 for none.
    pub(super) last: u64,
    pub(super) may_acknowledge: bool,
    /// Names of the damaged files that are kept; or a word that there are none.
    pub(super) kept: String,
    /// Sentences about what happened to the file, the newest first.
    pub(super) events: Vec<String>,
    /// Copies that were saved of a file that was gone, and what to do with them; empty without any.
    pub(super) rescued: String,
}

/// A line as shown.
pub(super) struct DamageRow {
    pub(super) day: String,
    pub(super) device: String,
    pub(super) what: String,
    pub(super) seen: String,
}

impl DamageList {
    /// Number of lines that are not shown.
    pub(super) fn more_text(&self, frame: &PageFrame) -> String {
        let count = self.more.to_string();
        frame.lang.text_with("damage-more", &[("count", &count)])
    }
}

/// Returns the list; `None` when nothing ever happened to the store, and while it does not answer.
pub(super) async fn damage_list(asked: &PageRequest) -> Option<DamageList> {
    let PageRequest { app, uri, headers } = asked;
    let found = app.state().store.list_damage().await.ok()?;
    let health = app.state().store.health().borrow().clone();
    if found.is_empty() && health.events.is_empty() && health.rescued_files.is_empty() {
        return None;
    }
    let frame = PageFrame::new(app, "teknisi", uri, headers);
    let unseen = found.iter().filter(|one| one.seen.is_none());
    let seen_text = |one: &DataDamage| match &one.seen {
        Some((by, at)) => format!("{by}, {}", time_text(app, &frame, Some(at.0))),
        None => frame.t("damage-unseen"),
    };
    let row = |one: &DataDamage| DamageRow {
        day: format_short_date(frame.lang, one.day),
        device: match (one.what, &*one.device) {
            (DamagedContent::Readings, "") => frame.t("damage-all-devices"),
            (_, device) => device.to_owned(),
        },
        what: lost_text(one, frame.lang),
        seen: seen_text(one),
    };
    let sender = RequestSender::current();
    let role = sender.caller.role();
    // At the computer itself, and where nobody signs in, the rule of the route lets everybody.
    let is_system = matches!(sender.caller, Caller::System);
    Some(DamageList {
        rows: found.iter().take(LINES_SHOWN).map(row).collect(),
        more: found.len().saturating_sub(LINES_SHOWN),
        kept: kept_text(&health.damaged_files, frame.lang),
        events: health
            .events
            .iter()
            .rev()
            .map(|event| event_text(event, |at| app.format_time(at, frame.lang), frame.lang))
            .collect(),
        rescued: rescued_text(&health.rescued_files, frame.lang),
        last: unseen.map(|one| one.id).max().unwrap_or(0),
        may_acknowledge: is_system || role.is_some_and(|role| role >= Role::Technician),
    })
}

/// Takes note of the lines up to the one that the form names.
pub(super) async fn acknowledge_damage(asked: PageRequest, fields: PlainForm) -> Response {
    let frame = PageFrame::new(&asked.app, "teknisi", &asked.uri, &asked.headers);
    let sender = RequestSender::current();
    let by = sender.recorded_name().unwrap_or_default();
    let last = fields.trimmed("sampai").parse().unwrap_or(0);
    let store = &asked.app.state().store;
    match store.acknowledge_damage(last, &by).await {
        Ok(_) => redirect_to("/health#damage"),
        Err(error) => render_failure(&asked.uri, frame, &ApiError::from(error)),
    }
}

/// Fate of the damaged file.
fn kept_text(files: &[String], lang: Language) -> String {
    if files.is_empty() {
        lang.text("damage-in-place")
    } else {
        lang.text_with("damage-kept", &[("files", &files.join(", "))])
    }
}

/// Copies of a store whose file was gone, with what to do with them; empty without any.
fn rescued_text(files: &[String], lang: Language) -> String {
    if files.is_empty() {
        return String::new();
    }
    lang.text_with("damage-rescued", &[("files", &files.join(", "))])
}

/// Event of the file, as a sentence or three.
fn event_text(event: &StoreEvent, time: impl Fn(UtcMs) -> String, lang: Language) -> String {
    let lines = format_count(event.lines as u64, lang);
    let what = lang.text_with(
        &format!("store-event-{}", event.kind.word()),
        &[("store", &event.store), ("part", &event.why)],
    );
    let missing = match (event.kind, event.missing) {
        (StoreEventKind::Mended, _) if event.lines > 0 => {
            lang.text_with("store-event-lines", &[("lines", &lines)])
        }
        (_, Some((from, to))) => lang.text_with(
            "store-event-missing",
            &[("from", &time(from)), ("to", &time(to))],
        ),
        (kind, None) if kind.is_other_store() && event.lines > 0 => {
            lang.text("store-event-unknown")
        }
        (kind, None) if kind.is_other_store() || kind == StoreEventKind::Mended => {
            lang.text("store-event-nothing")
        }
        (_, None) => String::new(),
    };
    let files = event.files.join(", ");
    let kept = match (&*files, event.kind) {
        ("", kind) if kind.is_other_store() => lang.text("store-event-backup"),
        ("", _) => String::new(),
        _ => lang.text_with("store-event-kept", &[("files", &files)]),
    };
    let parts = [format!("{}:", time(event.at)), what, missing, kept];
    let said = parts.iter().filter(|part| !part.is_empty());
    said.map(|part| &**part).collect::<Vec<_>>().join(" ")
}

/// Lost content as a line says it.
fn lost_text(one: &DataDamage, lang: Language) -> String {
    let rows = format_count(one.rows, lang);
    let key = format!("damage-{}", one.what.word());
    let is_by_number = !matches!(
        one.what,
        DamagedContent::Readings | DamagedContent::Delivery
    );
    let (first, last) = (one.numbers.0.to_string(), one.numbers.1.to_string());
    let what = lang.text(&key);
    match (one.rows, is_by_number) {
        (0, true) if !one.what.is_uncounted() => {
            let before = (one.numbers.0 - 1).to_string();
            lang.text_with("damage-after", &[("what", &what), ("before", &before)])
        }
        (0, _) => what,
        (_, true) => lang.text_with(
            "damage-numbers",
            &[
                ("what", &what),
                ("first", &first),
                ("last", &last),
                ("rows", &rows),
            ],
        ),
        (_, false) => lang.text_with("damage-rows", &[("what", &what), ("rows", &rows)]),
    }
}
