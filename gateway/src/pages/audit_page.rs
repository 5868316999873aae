//! `/riwayat`: the audit log, for admins.

use crate::api::local_time::format_local_time;
use crate::api::request_language::query_parameter;
use crate::i18n::Language;
use crate::limits::AUDIT_PAGE_MAX;
use crate::pages::page_frame::{PageFrame, render_failure, render_page};
use crate::pages::page_request::PageRequest;
use crate::storage::AuditEntry;
use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;

#[derive(Template)]
#[template(path = "audit.html")]
struct AuditPage {
    frame: PageFrame,
    rows: Vec<AuditRow>,
    /// Number before which the next page begins; empty on the last one.
    before: String,
    is_first: bool,
}

/// An entry as shown.
#[derive(Debug, PartialEq, Eq)]
struct AuditRow {
    at: String,
    kind: String,
    what: String,
    who: String,
}

pub(crate) async fn audit_page(PageRequest { app, uri, headers }: PageRequest) -> Response {
    let frame = PageFrame::new(&app, "riwayat", &uri, &headers);
    let before = query_parameter(&uri, "sebelum").and_then(|text| text.parse().ok());
    let entries = match app.state().store.read_audit(before).await {
        Ok(entries) => entries,
        Err(error) => return render_failure(&uri, frame, &error.into()),
    };
    // A full page may be the last one; the link then leads to an empty page.
    let last = entries.last().filter(|_| entries.len() == AUDIT_PAGE_MAX);
    let next = last.map_or_else(String::new, |entry| entry.id.to_string());
    let time = |entry: &AuditEntry| format_local_time(entry.at, app.now(), &app.0.zone, frame.lang);
    let rows = entries.iter();
    let rows = rows.map(|entry| audit_row(entry, time(entry), frame.lang));
    let page = AuditPage {
        rows: rows.collect(),
        before: next,
        is_first: before.is_none(),
        frame,
    };
    render_page(&uri, StatusCode::OK, &page)
}

fn audit_row(entry: &AuditEntry, at: String, lang: Language) -> AuditRow {
    let kind = lang.find_text(&format!("audit-kind-{}", entry.kind));
    let (what, who) = split_person(&entry.what);
    AuditRow {
        at,
        kind: kind.unwrap_or_else(|| entry.kind.clone()),
        what: event_text(&entry.kind, what, lang),
        who,
    }
}

/// Event and person of an entry: the person stands after the last ` by `, up to a comma or colon.
fn split_person(what: &str) -> (String, String) {
    let Some((before, after)) = what
        .rsplit_once("by ")
        .filter(|(before, _)| before.is_empty() || before.ends_with(' '))
    else {
        return (what.to_owned(), String::new());
    };
    let end = [", ", ": "]
        .iter()
        .filter_map(|mark| after.find(mark))
        .min();
    let (who, rest) = after.split_at(end.unwrap_or(after.len()));
    (format!("{}{rest}", before.trim_end()), who.to_owned())
}

/// Event in a language. Entries of the ledger and changes of people have words of their own; the
/// others are written as the store keeps them.
fn event_text(kind: &str, what: String, lang: Language) -> String {
    match kind {
        "ledger" => {
            let mut numbers = what.split(|c: char| !c.is_ascii_digit());
            let mut next = || numbers.find(|number| !number.is_empty());
            match (next(), next()) {
                (Some(id), Some(old)) => {
                    lang.text_with("audit-entry-replaces", &[("id", id), ("old", old)])
                }
                (Some(id), None) => lang.text_with("audit-entry", &[("id", id)]),
                _ => what,
            }
        }
        "user-added" | "user-role" => {
            let named = what.rsplit_once(", ");
            let role = named.and_then(|(name, role)| {
                Some((name, lang.find_text(&format!("access-role-{role}"))?))
            });
            role.map_or_else(|| what.clone(), |(name, role)| format!("{name}, {role}"))
        }
        "token-added" => {
            let named = what.rsplit_once(", ");
            let scope = named.and_then(|(name, scope)| {
                Some((name, lang.find_text(&format!("token-scope-{scope}"))?))
            });
            scope.map_or_else(|| what.clone(), |(name, scope)| format!("{name}, {scope}"))
        }
        _ => what,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_person_is_found_in_every_kind_of_entry() {
        for (what, event, who) in [
            ("entry 7 by siti", "entry 7", "siti"),
            (
                "entry 8 by Ibu Siti, replaces 7",
                "entry 8, replaces 7",
                "Ibu Siti",
            ),
            (
                "air on rs485: unit 1 -> 5 in holding:257 by budi: done",
                "air on rs485: unit 1 -> 5 in holding:257: done",
                "budi",
            ),
            ("by admin", "", "admin"),
            ("192.168.1.7 by siti", "192.168.1.7", "siti"),
            ("readings 5 to 9", "readings 5 to 9", ""),
            ("siti, viewer by admin", "siti, viewer", "admin"),
            (
                "time set by siti: from A to B, within 5 s",
                "time set: from A to B, within 5 s",
                "siti",
            ),
            (
                "clock changed: 7000 ms, from A",
                "clock changed: 7000 ms, from A",
                "",
            ),
        ] {
            let expected = (event.to_owned(), who.to_owned());
            assert_eq!(split_person(what), expected, "{what}");
        }
    }
}
