//! [`configuration_edit`]: one change of the text of a configuration file, which keeps comments and
//! order of everything else.
//!
//! ```text
//! let ct = ConfigurationEdit::Set { place: &["device", "meter", "ct_ratio"], value: 40.into() };
//! let text = configuration_edit(&text, &ct)?;
//! ```
//!
//! It says nothing about whether the result is a valid configuration: that is the check's matter.

use crate::i18n::Language;
use toml_edit::visit_mut::{VisitMut, visit_table_mut};
use toml_edit::{ArrayOfTables, DocumentMut, InlineTable, Item, Table, TableLike, Value};

/// Change of the text of a configuration file.
///
/// A place is a path of keys. After the name of a list (`[[device]]`, or `point = [{...}]` in a
/// device) stands the id of the entry: `["device", "meter", "point", "flow", "scale"]`.
#[derive(Clone, Debug, PartialEq)]
pub enum ConfigurationEdit<'a> {
    /// Adds a table to a list of the file, behind its last one; a list that is not there yet begins
    /// at the end of the file.
    Add {
        /// Name of the list: `device`, `bus`.
        list: &'a str,
        /// Keys of the table in their order, `id` among them.
        keys: &'a [(&'a str, toml::Value)],
    },
    /// Sets a key, which is added when it is missing.
    Set {
        /// Path of the key.
        place: &'a [&'a str],
        /// New value.
        value: toml::Value,
    },
    /// Removes a key, or an entry of a list with the comments that stand right above it.
    Remove {
        /// Path of the key or entry.
        place: &'a [&'a str],
    },
}

/// Reason why a text was not changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConfigurationEditError {
    /// The text is no TOML.
    Syntax(String),
    /// Nothing is at this place.
    Missing(String),
    /// The list has an entry with this id already.
    Taken(String),
    /// The file is written so that other lines would change as well.
    Intertwined,
}

impl ConfigurationEditError {
    /// Sentence about it in the words of a language.
    pub fn render(&self, lang: Language) -> String {
        match self {
            Self::Syntax(why) => lang.text_with("configuration-edit-syntax", &[("why", why)]),
            Self::Missing(place) => {
                lang.text_with("configuration-edit-missing", &[("place", place)])
            }
            Self::Taken(id) => lang.text_with("configuration-edit-taken", &[("id", id)]),
            Self::Intertwined => lang.text("configuration-edit-intertwined"),
        }
    }
}

/// Text with a change made; comments, blank lines and the order of all else stay as they are.
pub fn configuration_edit(
    text: &str,
    change: &ConfigurationEdit<'_>,
) -> Result<String, ConfigurationEditError> {
    // Lines end as they did: the library ends its own with a line feed alone.
    let has_windows_ends = text.contains("\r\n");
    let mut plain = text.replace("\r\n", "\n");
    if !plain.is_empty() && !plain.ends_with('\n') {
        plain.push('\n');
    }
    let parsed = plain.parse::<DocumentMut>();
    let mut document =
        parsed.map_err(|fault| ConfigurationEditError::Syntax(fault.message().to_owned()))?;
    // Dotted keys among others move together when they are written again.
    if document.to_string() != plain {
        return Err(ConfigurationEditError::Intertwined);
    }
    match change {
        ConfigurationEdit::Add { list, keys } => add_entry(document.as_table_mut(), list, keys)?,
        ConfigurationEdit::Set { place, value } => set_key(document.as_item_mut(), place, value)?,
        ConfigurationEdit::Remove { place } => remove_place(&mut document, place)?,
    }
    let edited = document.to_string();
    Ok(if has_windows_ends {
        edited.replace('\n', "\r\n")
    } else {
        edited
    })
}

fn add_entry(
    root: &mut Table,
    list: &str,
    keys: &[(&str, toml::Value)],
) -> Result<(), ConfigurationEditError> {
    let id = keys.iter().find(|(key, _)| *key == "id");
    let id = id.and_then(|(_, value)| value.as_str()).unwrap_or_default();
    if let Some(there) = root.get_mut(list)
        && entry_of(there, id).is_some()
    {
        return Err(ConfigurationEditError::Taken(id.to_owned()));
    }
    let is_new = root.get(list).is_none();
    let begin = || Item::ArrayOfTables(ArrayOfTables::new());
    match root.entry(list).or_insert_with(begin) {
        Item::ArrayOfTables(tables) => {
            let mut table = Table::new();
            for (key, value) in keys {
                table.insert(key, Item::Value(edited_value(value)));
            }
            // Behind all that is there; else it follows the last table of its list.
            table.set_position(is_new.then_some(isize::MAX));
            tables.push(table);
        }
        Item::Value(Value::Array(entries)) => {
            let pairs = keys.iter().map(|(key, value)| (*key, edited_value(value)));
            entries.push(pairs.collect::<InlineTable>());
        }
        _ => return Err(ConfigurationEditError::Missing(list.to_owned())),
    }
    Ok(())
}

fn set_key(
    root: &mut Item,
    place: &[&str],
    value: &toml::Value,
) -> Result<(), ConfigurationEditError> {
    let missing = || ConfigurationEditError::Missing(place.join("."));
    let (key, above) = place.split_last().ok_or_else(missing)?;
    let table = table_at(root, above).ok_or_else(missing)?;
    let mut new = edited_value(value);
    match table.get_mut(key) {
        // The space and the comment beside the value are the person's.
        Some(Item::Value(old)) => {
            *new.decor_mut() = old.decor().clone();
            *old = new;
        }
        Some(_) => return Err(missing()),
        None => {
            table.insert(key, Item::Value(new));
        }
    }
    Ok(())
}

fn remove_place(document: &mut DocumentMut, place: &[&str]) -> Result<(), ConfigurationEditError> {
    let missing = || ConfigurationEditError::Missing(place.join("."));
    let (last, above) = place.split_last().ok_or_else(missing)?;
    if let Some(table) = table_at(document.as_item_mut(), above)
        && table.remove(last).is_some()
    {
        return Ok(());
    }
    let (name, above) = above.split_last().ok_or_else(missing)?;
    let table = table_at(document.as_item_mut(), above).ok_or_else(missing)?;
    match table.get_mut(name) {
        Some(Item::ArrayOfTables(tables)) => {
            let at = tables.iter().position(|one| has_id(one, last));
            let removed = tables.remove(at.ok_or_else(missing)?);
            let is_empty = tables.is_empty();
            if is_empty {
                table.remove(name);
            }
            keep_heading(document, &removed);
        }
        Some(Item::Value(Value::Array(entries))) => {
            let is_it = |one: &Value| one.as_inline_table().is_some_and(|one| has_id(one, last));
            let at = entries.iter().position(is_it).ok_or_else(missing)?;
            entries.remove(at);
        }
        _ => return Err(missing()),
    }
    Ok(())
}

/// Puts comments that a blank line divides from a removed table before what follows it: they are
/// headings, or belong to the table above.
fn keep_heading(document: &mut DocumentMut, removed: &Table) {
    let above = removed.decor().prefix().and_then(|prefix| prefix.as_str());
    let heading = above.and_then(|text| text.rsplit_once("\n\n"));
    let heading = heading.map_or(String::new(), |(heading, _)| format!("{heading}\n"));
    if heading.trim().is_empty() {
        return;
    }
    let mut search = NextTable {
        after: removed.position().unwrap_or(isize::MAX),
        ..NextTable::default()
    };
    search.visit_table_mut(document.as_table_mut());
    if search.nearest.is_some() {
        search.heading = Some(heading);
        search.visit_table_mut(document.as_table_mut());
    } else {
        let trailing = document.trailing().as_str().unwrap_or_default().to_owned();
        document.set_trailing(format!("{heading}{trailing}"));
    }
}

/// The table that follows a position of the file.
#[derive(Default)]
struct NextTable {
    after: isize,
    nearest: Option<isize>,
    /// Comments for it; `None` while it is looked for.
    heading: Option<String>,
}

impl VisitMut for NextTable {
    fn visit_table_mut(&mut self, table: &mut Table) {
        let at = table.position().filter(|at| *at > self.after);
        match &self.heading {
            None => self.nearest = self.nearest.into_iter().chain(at).min(),
            Some(heading) if at.is_some() && at == self.nearest => {
                let prefix = table.decor().prefix().and_then(|prefix| prefix.as_str());
                let prefix = format!("{heading}{}", prefix.unwrap_or_default());
                table.decor_mut().set_prefix(prefix);
            }
            Some(_) => {}
        }
        visit_table_mut(self, table);
    }
}

/// The table at a path from `item`.
fn table_at<'t>(item: &'t mut Item, place: &[&str]) -> Option<&'t mut dyn TableLike> {
    match place {
        [] => item.as_table_like_mut(),
        [key, rest @ ..] => table_below(item.as_table_like_mut()?, key, rest),
    }
}

fn table_below<'t>(
    table: &'t mut dyn TableLike,
    key: &str,
    rest: &[&str],
) -> Option<&'t mut dyn TableLike> {
    let item = table.get_mut(key)?;
    if !item.is_array() && !item.is_array_of_tables() {
        return table_at(item, rest);
    }
    let (id, rest) = rest.split_first()?;
    let entry = entry_of(item, id)?;
    match rest {
        [] => Some(entry),
        [key, rest @ ..] => table_below(entry, key, rest),
    }
}

/// Entry of a list with this id.
fn entry_of<'t>(list: &'t mut Item, id: &str) -> Option<&'t mut dyn TableLike> {
    match list {
        Item::ArrayOfTables(tables) => {
            let found = tables.iter_mut().find(|one| has_id(&**one, id))?;
            Some(found)
        }
        Item::Value(Value::Array(entries)) => {
            let mut tables = entries.iter_mut().filter_map(Value::as_inline_table_mut);
            let found = tables.find(|one| has_id(&**one, id))?;
            Some(found)
        }
        _ => None,
    }
}

fn has_id(table: &dyn TableLike, id: &str) -> bool {
    table.get("id").and_then(Item::as_str) == Some(id)
}

/// A value as the file's text has it.
fn edited_value(value: &toml::Value) -> Value {
    let text = value.to_string();
    // What the one library writes, the other reads.
    text.parse().unwrap_or_else(|_| Value::from(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "# Desa\n[site]\nid = 's' # pendek\n\n# --- alat ---\n\n# di atap\n\
        [[device]]\nid = \"meter\"   # satu\nunit = 1      # DIP 1\n\n[[device]]\nid = 'flow'\n\
        point = [\n  { id = 'rate', scale = 0.1 }, # label\n]\n\n# --- aset ---\n\n[[asset]]\n\
        id = 'plts'\nbaseline = { kind = 'GRID' }\n\n# akhir\n";

    fn edited(change: &ConfigurationEdit<'_>) -> String {
        configuration_edit(FILE, change).unwrap()
    }

    #[test]
    fn an_added_table_stands_behind_its_list_and_nothing_else_changes() {
        let keys = [("id", "new\"".into()), ("unit", 3.into())];
        let device = ConfigurationEdit::Add {
            list: "device",
            keys: &keys,
        };
        let text = edited(&device);
        let table = "\n[[device]]\nid = 'new\"'\nunit = 3\n";
        let at = text.find(table).unwrap();
        assert!(text[at..].starts_with(&format!("{table}\n# --- aset ---\n")));
        assert_eq!(text.replacen(table, "", 1), FILE);
        let again = configuration_edit(&text, &device);
        let taken = ConfigurationEditError::Taken("new\"".into());
        assert_eq!(again, Err(taken));
        // A list that is not there begins at the end.
        let bus = ConfigurationEdit::Add {
            list: "bus",
            keys: &keys,
        };
        let text = edited(&bus);
        assert!(text.contains("[[bus]]\nid = 'new\"'\nunit = 3\n"), "{text}");
        assert!(text.find("[[bus]]") > text.find("[[asset]]"));
    }

    #[test]
    fn a_set_key_keeps_its_comment_and_reaches_into_lists_and_tables() {
        let set =
            |place: &[&str], value: toml::Value| edited(&ConfigurationEdit::Set { place, value });
        let text = set(&["device", "meter", "unit"], 7.into());
        assert_eq!(
            text,
            FILE.replace("unit = 1      # DIP 1", "unit = 7      # DIP 1")
        );
        let text = set(&["device", "flow", "point", "rate", "scale"], 0.25.into());
        assert_eq!(text, FILE.replace("scale = 0.1", "scale = 0.25"));
        let text = set(&["asset", "plts", "baseline", "kind"], "NONE".into());
        assert!(text.contains("baseline = { kind = \"NONE\" }\n"), "{text}");
        let text = set(&["device", "meter", "every"], "10s".into());
        let lines = "unit = 1      # DIP 1\nevery = \"10s\"\n\n[[device]]\n";
        assert!(text.contains(lines), "{text}");
        let none = ConfigurationEdit::Set {
            place: &["device", "none", "unit"],
            value: 1.into(),
        };
        let missing = configuration_edit(FILE, &none);
        let expected = ConfigurationEditError::Missing("device.none.unit".into());
        assert_eq!(missing, Err(expected));
    }

    #[test]
    fn a_removed_table_takes_its_comment_along_and_leaves_headings() {
        let remove = |place: &[&str]| edited(&ConfigurationEdit::Remove { place });
        let text = remove(&["device", "meter"]);
        assert!(!text.contains("di atap") && !text.contains("DIP"), "{text}");
        assert!(
            text.contains("# --- alat ---\n\n[[device]]\nid = 'flow'"),
            "{text}"
        );
        let text = remove(&["asset", "plts"]);
        assert!(text.ends_with("# --- aset ---\n\n# akhir\n"), "{text}");
        let text = remove(&["device", "flow", "point", "rate"]);
        assert!(!text.contains("rate") && text.contains("point ="), "{text}");
        let text = remove(&["site", "id"]);
        assert!(text.starts_with("# Desa\n[site]\n\n# --- alat"), "{text}");
    }

    #[test]
    fn what_cannot_be_changed_alone_is_refused_and_line_ends_stay() {
        let set = ConfigurationEdit::Set {
            place: &["a", "b"],
            value: 2.into(),
        };
        let mixed = "a.b = 1\nc = 1\na.d = 1\n";
        let refused = configuration_edit(mixed, &set);
        assert_eq!(refused, Err(ConfigurationEditError::Intertwined));
        assert_eq!(
            configuration_edit("a.b = 1\r\nc = 1\r\n", &set).unwrap(),
            "a.b = 2\r\nc = 1\r\n"
        );
        let broken = configuration_edit("a = ", &set).unwrap_err();
        assert!(matches!(broken, ConfigurationEditError::Syntax(_)));
    }
}
