//! The configuration file as a person changes it on the page: its text, what differs, what is wrong
//! with it, and saving it so that a power cut leaves the old file or the new one.

use super::ApiListener;
use super::error::ApiError;
use crate::config::{self, Config, ConfigurationEdit, Diagnostics, configuration_edit};
use crate::domain::parse_finite;
use crate::evidence::RevisionKind;
use crate::file_replacement::{FileRights, replace_file};
use crate::i18n::Language;
use crate::storage::{StoreError, TextRevision};
use axum::http::StatusCode;
use similar::{ChangeTag, TextDiff};
use std::sync::Arc;
use std::time::Duration;

/// Unchanged lines shown before and after a change.
const CONTEXT_LINES: usize = 2;
/// Most lines of a difference that are shown.
const DIFFERENCE_LINES_MAX: usize = 400;
/// Most revisions that are listed, the newest ones.
const REVISIONS_SHOWN_MAX: usize = 30;

/// Largest file that the page reads, bytes: a difference holds up everything else meanwhile.
const PAGE_FILE_BYTES_MAX: u64 = 256 << 10;
/// Time for the smallest difference; then a coarser one is shown.
const DIFFERENCE_TIME: Duration = Duration::from_millis(100);
/// Shown in place of a line with a password.
const HIDDEN_LINE: &str = "***";

/// Line of a difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DifferenceLine {
    /// `added`, `removed`, `same`, or `gap` where lines are left out.
    pub(crate) kind: &'static str,
    /// Text; `***` where it has a password.
    pub(crate) text: String,
}

/// Revision of the configuration that the store keeps.
#[derive(Clone, Debug)]
pub(crate) struct KeptConfiguration {
    /// Number in the store.
    pub(crate) number: u64,
    /// First digits of the hash of its text.
    pub(crate) name: String,
    /// Time since which it held, ms since 1970 UTC.
    pub(crate) since: i64,
    /// Text of the file, secrets in comments masked.
    pub(crate) text: String,
}

/// Text of the file as it is on the disk now.
pub(crate) fn read_file(app: &ApiListener) -> Result<String, ApiError> {
    let file = &app.state().config.file;
    let refused = |why: &dyn std::fmt::Display| {
        let text = format!("{}: {why}", file.display());
        ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, text)
    };
    match std::fs::metadata(file) {
        Ok(about) if about.len() > PAGE_FILE_BYTES_MAX || !about.is_file() => {
            Err(refused(&"too large for the page"))
        }
        _ => std::fs::read_to_string(file).map_err(|fault| refused(&fault)),
    }
}

/// Checks a text in the place of the file.
pub(crate) fn check_text(app: &ApiListener, text: &str) -> Result<Config, Diagnostics> {
    let env = |name: &str| std::env::var(name).ok();
    config::load_config_text(text, &app.state().config.file, &env)
}

/// Whether a text has a password, in an address or in a comment: it must not be shown.
pub(crate) fn has_secret(text: &str) -> bool {
    text.lines().any(is_secret_line)
}

/// Whether a line has a password in a comment, or an address with a name before its host.
fn is_secret_line(line: &str) -> bool {
    let address = line.split_once("://").map(|(_, rest)| rest);
    let host = address.and_then(|rest| rest.split(['/', '"', '\'', ' ']).next());
    host.is_some_and(|host| host.contains('@')) || config::has_comment_secret(line)
}

/// Lines that differ between two texts, with some around them; empty when none does.
pub(crate) fn difference(before: &str, after: &str) -> Vec<DifferenceLine> {
    let mut settings = TextDiff::configure();
    // Texts that have little in common: it gives up looking for the smallest difference.
    settings.timeout(DIFFERENCE_TIME);
    let diff = settings.diff_lines(before, after);
    let mut lines = Vec::new();
    for (place, group) in diff.grouped_ops(CONTEXT_LINES).iter().enumerate() {
        if place > 0 {
            lines.push(gap());
        }
        for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
            let kind = match change.tag() {
                ChangeTag::Delete => "removed",
                ChangeTag::Insert => "added",
                ChangeTag::Equal => "same",
            };
            let text = change.value().trim_end_matches(['\r', '\n']);
            let text = if is_secret_line(text) {
                HIDDEN_LINE.to_owned()
            } else {
                text.to_owned()
            };
            lines.push(DifferenceLine { kind, text });
        }
    }
    if lines.len() > DIFFERENCE_LINES_MAX {
        lines.truncate(DIFFERENCE_LINES_MAX);
        lines.push(gap());
    }
    lines
}

fn gap() -> DifferenceLine {
    DifferenceLine {
        kind: "gap",
        text: "…".to_owned(),
    }
}

/// Revisions that the store keeps, the newest first.
pub(crate) async fn kept_configurations(
    app: &ApiListener,
) -> Result<Vec<KeptConfiguration>, StoreError> {
    let store = &app.state().store;
    let mut all: Vec<KeptConfiguration> = Vec::new();
    let mut after = 0;
    while let Some(one) = store
        .revision_after(RevisionKind::Configuration, after)
        .await?
    {
        after = one.id;
        all.push(kept_configuration(&one));
        if all.len() > REVISIONS_SHOWN_MAX {
            all.remove(0);
        }
    }
    all.reverse();
    Ok(all)
}

fn kept_configuration(one: &TextRevision) -> KeptConfiguration {
    KeptConfiguration {
        number: one.id,
        name: config::configuration_name(&one.text),
        since: one.since.0,
        text: config::file_text(&one.text).to_owned(),
    }
}

/// Puts a text back as the file, where a change of it was not taken over.
pub(crate) fn put_back(app: &ApiListener, text: &str) {
    if let Err(fault) = replace_file(
        &app.state().config.file,
        text.as_bytes(),
        FileRights::AsBefore,
    ) {
        tracing::error!(%fault, "the configuration file could not be put back");
    }
}

/// Saves a text as the file, when the file is still `expected`. Errors: 409 when somebody else has
/// changed it, 422 with the faults of the text, 403 when the gateway may not write there.
pub(crate) fn save_text(
    app: &ApiListener,
    (text, expected): (&str, &str),
    lang: Language,
) -> Result<(), ApiError> {
    if config::configuration_name(&read_file(app)?) != expected {
        let why = lang.text("configuration-changed-meanwhile");
        return Err(ApiError::new(StatusCode::CONFLICT, why));
    }
    if let Err(faults) = check_text(app, text) {
        let why = faults.render(lang);
        return Err(ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, why));
    }
    let file = &app.state().config.file;
    replace_file(file, text.as_bytes(), FileRights::AsBefore).map_err(|fault| {
        let args = [
            ("file", &*file.display().to_string()),
            ("why", &fault.to_string()),
        ];
        ApiError::new(
            StatusCode::FORBIDDEN,
            lang.text_with("configuration-not-written", &args),
        )
    })
}

/// A text with a number in an entry of a list; the key may be that of a table within it, as in
/// `sensor.height_m`. Errors: 422 with the reason why the text stays as it is.
pub(crate) fn with_number(
    text: &str,
    (list, id): (&str, &str),
    (key, number): (&str, &str),
    lang: Language,
) -> Result<String, ApiError> {
    let refused = |why: String| ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, why);
    let whole = number.parse::<i64>().ok().map(toml::Value::from);
    let decimal = || parse_finite(number).map(toml::Value::from);
    let Some(value) = whole.or_else(decimal) else {
        let args = [("found", number), ("example", "1.25")];
        return Err(refused(lang.text_with("wizard-number", &args)));
    };
    let place: Vec<&str> = [list, id].into_iter().chain(key.split('.')).collect();
    let change = ConfigurationEdit::Set {
        place: &place,
        value,
    };
    configuration_edit(text, &change).map_err(|fault| refused(fault.render(lang)))
}

/// Ids of the buses of the configuration in use, and the names of all profiles.
pub(crate) fn device_choices(app: &ApiListener) -> (Vec<Arc<str>>, Vec<String>) {
    let config = &app.state().config;
    let buses = config.buses.iter().map(|bus| bus.id.clone()).collect();
    (buses, config::profile_names(config.profiles.as_deref()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_has_the_changed_lines_with_those_around_and_no_password() {
        let before = "a\nb\nc\nurl = 'mqtt://u:word@h'\ne\nf\ng\nh\n";
        let after = "a\nb\nC\nurl = 'mqtt://u:word@h'\ne\nf\ng\nh\ni\n";
        let found: Vec<(&str, String)> = difference(before, after)
            .into_iter()
            .map(|line| (line.kind, line.text))
            .collect();
        let kinds: Vec<&str> = found.iter().map(|(kind, _)| *kind).collect();
        let expected = [
            "same", "same", "removed", "added", "same", "same", "gap", "same", "same", "added",
        ];
        assert_eq!(kinds, expected);
        assert!(
            !found.iter().any(|(_, text)| text.contains("word")),
            "{found:?}"
        );
        assert_eq!(difference(before, before), []);
    }

    #[test]
    fn a_number_is_set_where_it_stands_and_its_comment_stays() {
        let before = "[[asset]]\nid = 'toren'\nsensor = { height_m = 2.5 } # tiang\n";
        let set =
            |key, number| with_number(before, ("asset", "toren"), (key, number), Language::Id);
        let after = set("sensor.height_m", "2.431").unwrap();
        assert_eq!(after, before.replace("2.5", "2.431"));
        assert!(set("sensor.height_m", "2,4").is_err() && set("no.where", "1").is_err());
    }
}
