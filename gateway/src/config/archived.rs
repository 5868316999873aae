//! [`load_kept`]: checks an archived configuration again, to remake a report of that time.

use super::diagnostic_collector::DiagnosticCollector;
use super::factors::FactorTexts;
use super::revision_text::split_texts;
use super::{Config, Diagnostics, check, config_schema};
use crate::sinks::SINK_KINDS;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use toml::{Table, Value};

/// Errors that must not block an old report, so they become warnings: a changed page, and a unit
/// that earlier versions did not check, whose figures are unknown.
const SURVIVABLE_FAULTS: [&str; 2] = ["fault-evidence-hash", "fault-indicator-unit"];

/// Place of the site's own factors.
const OWN_FILE: &str = "[factors] file";
/// Name of the list of factors.
const FACTORS: &str = "factor";
/// Mark between a place and the values that differ there.
const VALUES_MARK: &str = ": ";
/// Text for a key that is not there.
const NO_VALUE: &str = "–";
/// Longest value that is told, characters.
const VALUE_CHARS_MAX: usize = 60;

/// Checks an archived text with the built-in factors of its time.
///
/// Profiles and attached pages are read as they are now; a page that has changed is a warning.
pub fn load_archived(kept: &str, built_in: &str, file: &Path) -> Result<Config, Diagnostics> {
    let (text, own) = split_texts(kept);
    let mut notes = DiagnosticCollector::new(file, text);
    let typed = config_schema::parse_config(&mut notes, SINK_KINDS);
    // No figure depends on sinks, and the secrets of that time may be gone.
    let config = typed.map(|(mut typed, _sinks)| {
        typed.web = None;
        let texts = FactorTexts::Kept { built_in, own };
        check::check_config(&mut notes, &typed, texts)
    });
    let faults = std::mem::take(&mut notes.faults);
    let (doubts, faults) = faults
        .into_iter()
        .partition(|fault| SURVIVABLE_FAULTS.contains(&fault.what));
    notes.faults = faults;
    notes.warnings.extend::<Vec<_>>(doubts);
    check::accept_config(notes, config)
}

/// Lists the tables that differ between two archived texts, such as `[site]` or `[[asset]] plts`;
/// of a factor also what differs: `[[factor]] grid.own: value 0.8 → 0.9`.
///
/// Empty when only comments differ.
pub fn changed_places(before: &str, after: &str) -> Vec<String> {
    changes(before, after, |key| key == FACTORS)
}

/// Lists the same, with the keys that differ and both values in every table: `[[asset]] plts:
/// capacity_kwp 2.0 → 3.0`.
pub fn changed_keys(before: &str, after: &str) -> Vec<String> {
    changes(before, after, |_| true)
}

/// Whether the values of a table are told, by its name.
type ValuesTold = fn(&str) -> bool;

fn changes(before: &str, after: &str, told: ValuesTold) -> Vec<String> {
    let ((before, own_before), (after, own_after)) = (split_texts(before), split_texts(after));
    // Both were valid when they were archived.
    let read = |text: &str| text.parse::<Table>().unwrap_or_default();
    let (before, after) = (read(before), read(after));
    let keys: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let mut all: Vec<String> = Vec::new();
    for key in keys {
        all.extend(changed_tables((key, told), before.get(key), after.get(key)));
    }
    if own_before != own_after {
        all.extend(changed_own_factors(own_before, own_after, told));
    }
    all
}

/// Name of a place of [`changed_places`], without the values behind it.
pub fn place_name(place: &str) -> &str {
    place
        .split_once(VALUES_MARK)
        .map_or(place, |(name, _)| name)
}

/// Factors of the site's own file that differ; the file, when it is new or gone, or when no table
/// of it differs.
fn changed_own_factors(before: &str, after: &str, told: ValuesTold) -> Vec<String> {
    let whole = || vec![OWN_FILE.to_owned()];
    if before.is_empty() || after.is_empty() {
        return whole();
    }
    let read = |text: &str| text.parse::<Table>().unwrap_or_default();
    let (before, after) = (read(before), read(after));
    let keys: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let tables = keys.into_iter();
    let tables =
        tables.flat_map(|key| changed_tables((key, told), before.get(key), after.get(key)));
    let all: Vec<String> = tables.map(|table| format!("{OWN_FILE} {table}")).collect();
    if all.is_empty() { whole() } else { all }
}

/// The only table of a list with this id.
fn only_table<'a>(side: Option<&Vec<&'a Value>>) -> Option<&'a Value> {
    match side.map(|all| &all[..]) {
        Some([one]) => Some(one),
        _ => None,
    }
}

/// Keys of a table that differ, with their values: `: value 0.8 → 0.9`; empty where one of both is
/// no table.
fn changed_values(before: Option<&Value>, after: Option<&Value>) -> String {
    let tables = (
        before.and_then(Value::as_table),
        after.and_then(Value::as_table),
    );
    let (Some(before), Some(after)) = tables else {
        return String::new();
    };
    let (before, after) = (flat_values(before), flat_values(after));
    let keys: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let text = |side: Option<&&Value>| {
        let text = side.map_or_else(|| NO_VALUE.to_owned(), ToString::to_string);
        let short: String = text.chars().take(VALUE_CHARS_MAX).collect();
        if short == text { text } else { short + "..." }
    };
    let keys = keys.into_iter();
    let changed = keys.filter(|key| before.get(*key) != after.get(*key));
    let told = changed.map(|key| {
        let [before, after] = [&before, &after].map(|side| text(side.get(key)));
        format!("{key} {before} → {after}")
    });
    let told: Vec<String> = told.collect();
    if told.is_empty() {
        return String::new();
    }
    format!("{VALUES_MARK}{}", told.join(", "))
}

/// Returns the first line of an archived text that is no TOML; `None` when all of it is.
pub fn first_faulty_line(kept: &str) -> Option<u64> {
    let (text, own) = split_texts(kept);
    let fault = |part: &str| {
        let error = part.parse::<Table>().err()?;
        Some(error.span().map_or(0, |span| span.start))
    };
    let start = match fault(text) {
        Some(start) => start,
        None => kept.len() - own.len() + fault(own)?,
    };
    let before = kept.get(..start).unwrap_or_default();
    Some(before.matches('\n').count() as u64 + 1)
}

/// Values of a table by their keys; those of tables within it by `baseline.factor`, and of a list
/// of tables by their ids: `point.energy.register`.
fn flat_values(table: &Table) -> BTreeMap<String, &Value> {
    let mut all = BTreeMap::new();
    for (key, value) in table {
        add_flat_values(key.clone(), value, &mut all);
    }
    all
}

fn add_flat_values<'a>(place: String, value: &'a Value, all: &mut BTreeMap<String, &'a Value>) {
    match value {
        Value::Table(table) => {
            for (key, value) in table {
                add_flat_values(format!("{place}.{key}"), value, all);
            }
        }
        Value::Array(list) if list.iter().any(Value::is_table) => {
            for (at, value) in list.iter().enumerate() {
                let id = value.get("id").and_then(Value::as_str);
                let id = id.map_or_else(|| (at + 1).to_string(), str::to_owned);
                add_flat_values(format!("{place}.{id}"), value, all);
            }
        }
        value => {
            all.insert(place, value);
        }
    }
}

fn changed_tables(
    (key, told): (&str, ValuesTold),
    before: Option<&Value>,
    after: Option<&Value>,
) -> Vec<String> {
    if before == after {
        return Vec::new();
    }
    let is_list = |side: Option<&Value>| side.is_none_or(Value::is_array);
    // A table that is no list has no ids: the whole table is named.
    if !is_list(before) || !is_list(after) {
        let values = if told(key) {
            changed_values(before, after)
        } else {
            String::new()
        };
        return vec![format!("[{key}]{values}")];
    }
    let (before, after) = (tables_by_id(before), tables_by_id(after));
    let ids: BTreeSet<&&str> = before.keys().chain(after.keys()).collect();
    let differ = |id: &&&str| before.get(**id) != after.get(**id);
    let named = ids.into_iter().filter(differ);
    let place = |id: &&str| {
        let name = format!("[[{key}]] {id}");
        let values = if told(key) {
            changed_values(only_table(before.get(*id)), only_table(after.get(*id)))
        } else {
            String::new()
        };
        format!("{}{values}", name.trim_end())
    };
    let all: Vec<String> = named.map(place).collect();
    // Only the order differs.
    if all.is_empty() {
        vec![format!("[[{key}]]")]
    } else {
        all
    }
}

/// Groups the tables of a list by id; tables without one are grouped together.
fn tables_by_id(list: Option<&Value>) -> BTreeMap<&str, Vec<&Value>> {
    let mut all: BTreeMap<&str, Vec<&Value>> = BTreeMap::new();
    for item in list.and_then(Value::as_array).into_iter().flatten() {
        // Attached pages have no id of their own; their factor identifies them.
        let id = item.get("id").or_else(|| item.get("factor"));
        let id = id.and_then(Value::as_str).unwrap_or_default();
        all.entry(id).or_default().push(item);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::factors::built_in_factors;
    use crate::config::revision_text::join_texts;
    use crate::config::{load_config, load_config_text};
    use proptest::prelude::*;
    use std::fs;

    const SITE: &str = "[site]\nid = 'a'\n[factors]\nfile = 'own.toml'\n\
                        [mqtt]\nurl = 'mqtt://x'\nusername = 'u'\npassword_file = 'secret'\n";
    const OWN_FACTORS: &str = "[[factor]]\nid = 'grid.own'\nvalue = 0.8\nunit = 'kgCO2/kWh'\n\
                               source = 's'\nstatus = 'official_text'\n";

    #[test]
    fn a_kept_text_is_read_without_the_files_and_secrets_of_its_time() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("pantau.toml");
        fs::write(&file, SITE).unwrap();
        fs::write(dir.path().join("own.toml"), OWN_FACTORS).unwrap();
        fs::write(dir.path().join("secret"), "s").unwrap();
        let then = load_config(&file).unwrap();
        fs::remove_file(dir.path().join("own.toml")).unwrap();
        fs::remove_file(dir.path().join("secret")).unwrap();
        let kept = load_archived(&then.revision_text(), built_in_factors(), &file).unwrap();
        assert_eq!(kept.revision_text(), then.revision_text());
        assert_eq!(kept.revision_id(), then.revision_id());
        assert!(kept.factors.find("grid.own").is_some());
    }

    #[test]
    fn the_built_in_factors_are_those_of_their_time_and_part_of_the_revisions_name() {
        let old = built_in_factors().replacen("value = 28.0", "value = 29.0", 1);
        assert_ne!(old, built_in_factors());
        let text = "[site]\nid = 'a'\n";
        let file = Path::new("pantau.toml");
        let now = load_config_text(text, file, &|_| None).unwrap();
        let then = load_archived(text, &old, file).unwrap();
        let values = |config: &Config| -> Vec<f64> {
            let all = config.factors.all().iter();
            all.map(|factor| factor.value).collect()
        };
        assert_ne!(values(&then), values(&now));
        let (then, now) = (then.revision_id(), now.revision_id());
        assert_ne!(then, now);
        assert_eq!(
            then.split_once('-').unwrap().0,
            now.split_once('-').unwrap().0
        );
    }

    #[test]
    fn an_official_page_that_has_changed_does_not_stop_an_old_revision() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("pantau.toml");
        fs::write(dir.path().join("page.pdf"), "another").unwrap();
        let text = format!(
            "[site]\nid = 'a'\n[[factor_evidence]]\nfactor = 'grid.sumatera.2019.cm5050_exante'\n\
             file = 'page.pdf'\nsha256 = '{}'\nby = 'b'\non = 2026-01-01\n",
            "0".repeat(64)
        );
        assert!(load_config_text(&text, &file, &|_| None).is_err());
        let kept = load_archived(&text, built_in_factors(), &file).unwrap();
        assert!(!kept.factors.evidence[0].present);
        let warned = |what| kept.warnings.iter().any(|fault| fault.what == what);
        assert!(warned("fault-evidence-hash"));
    }

    #[test]
    fn a_change_is_told_by_its_place() {
        let before = "[site]\nid = 'a'\n[[asset]]\nid = 'p'\nx = 1\n[[asset]]\nid = 'q'\nx = 1\n";
        let after = before.replacen("x = 1", "x = 2", 1) + "[mqtt]\nurl = 'h'\n";
        assert_eq!(changed_places(before, &after), ["[[asset]] p", "[mqtt]"]);
        assert_eq!(changed_places(before, &format!("# why\n{before}")), [""; 0]);
        let own = join_texts(before, "x = 1\n");
        assert_eq!(changed_places(before, &own), ["[factors] file"]);
        let noted = join_texts(before, "# why\nx = 1\n");
        assert_eq!(changed_places(&own, &noted), ["[factors] file"]);
        let turned = "[site]\nid = 'a'\n[[asset]]\nid = 'q'\nx = 1\n[[asset]]\nid = 'p'\nx = 1\n";
        assert_eq!(changed_places(before, turned), ["[[asset]]"]);
    }

    #[test]
    fn every_key_that_differs_is_told_with_both_values() {
        let before = "[site]\nid = 'a'\n[[asset]]\nid = 'p'\ncapacity_kwp = 2.0\n\
                      baseline = { kind = 'GRID', factor = 'x' }\n\
                      [[device]]\nid = 'd'\npoint = [{ id = 'e', scale = 1.0 }]\n";
        for (old, new, told) in [
            ("2.0", "3.0", "[[asset]] p: capacity_kwp 2.0 → 3.0"),
            ("'x'", "'y'", "[[asset]] p: baseline.factor \"x\" → \"y\""),
            (
                "scale = 1.0",
                "scale = 0.1",
                "[[device]] d: point.e.scale 1.0 → 0.1",
            ),
            ("'a'\n", "'a'\nname = 'n'\n", "[site]: name – → \"n\""),
        ] {
            let after = before.replacen(old, new, 1);
            assert_eq!(changed_keys(before, &after), [told]);
            // Reports name the tables.
            let place = place_name(told);
            assert_eq!(changed_places(before, &after), [place]);
        }
    }

    #[test]
    fn a_changed_factor_of_the_site_is_told_by_its_name_and_its_values() {
        let of = |own: &str| join_texts("[site]\nid = 'a'\n", own);
        let told = |own: &str| changed_places(&of(OWN_FACTORS), &of(own));
        let dearer = OWN_FACTORS.replace("0.8", "0.9");
        let place = "[factors] file [[factor]] grid.own";
        assert_eq!(told(&dearer), [format!("{place}: value 0.8 → 0.9")]);
        let dated = format!("{dearer}year = 2024\n");
        let values = "value 0.8 → 0.9, year – → 2024";
        assert_eq!(told(&dated), [format!("{place}: {values}")]);
        let more = format!("{OWN_FACTORS}[[factor]]\nid = 'other'\nvalue = 1.0\n");
        assert_eq!(told(&more), ["[factors] file [[factor]] other"]);
        assert_eq!(place_name(&told(&dearer)[0]), place);
    }

    proptest! {
        #[test]
        fn any_kept_text_is_survived(text in "[\\[\\]a-z=\\n #'0-9-]{0,60}", own in "\\PC{0,20}") {
            let kept = join_texts(&text, &own);
            let _ = load_archived(&kept, &own, Path::new("pantau.toml"));
            let _ = changed_places(&kept, &text);
        }
    }
}
