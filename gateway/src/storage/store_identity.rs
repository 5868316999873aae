//! [`StoreNumbering`]: the id of a store, and the stretches of numbers that it left out.
//!
//! A reading is known by site, store and `seq`. The id is made with the store, and stands in its
//! file and beside it in `pantau.seq`: either one is enough to keep it. A store that begins again
//! without both has another id, so that its numbers mean other readings.

use super::meta_table::{read_meta, write_meta};
use crate::domain::ReadingSeq;
use crate::limits::LEFT_OUT_MAX;
use rusqlite::{Connection, OptionalExtension, params};

/// Key of the id in table `identity`.
const STORE_KEY: &str = "store";
/// Key in table `meta`: stretches of numbers that were left out, as JSON.
const LEFT_OUT_KEY: &str = "left_out";
/// Keys of an earlier version, which knew the last stretch only: the number before it, and its end.
const LEFT_OUT_KEYS: [&str; 2] = ["left_out_after", "left_out_until"];
/// Characters of an id.
const ID_CHARS: usize = 6;
/// Digits and letters that are not taken for one another.
const ID_ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// Id of a store, and the numbers that no reading has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct StoreNumbering {
    /// Empty for a store that no gateway of this version has opened yet.
    pub(super) id: String,
    /// Stretches that were left out: the number before each, and its last one; the oldest first.
    left_out: Vec<(ReadingSeq, ReadingSeq)>,
}

impl StoreNumbering {
    /// Reads the id and the numbers that were left out.
    pub(super) fn read(db: &Connection) -> Result<Self, rusqlite::Error> {
        Ok(Self {
            id: read_store_id(db)?.unwrap_or_default(),
            left_out: read_left_out(db)?,
        })
    }

    /// Leaves out the numbers after one, up to another.
    pub(super) fn leave_out(&mut self, after: ReadingSeq, until: ReadingSeq) {
        add_stretch(&mut self.left_out, after, until);
    }

    /// Number of readings after one number, up to another.
    pub(super) fn count_between(&self, after: ReadingSeq, until: ReadingSeq) -> u64 {
        let part = |(first, last): &(ReadingSeq, ReadingSeq)| {
            (*last).min(until).saturating_sub((*first).max(after))
        };
        let left_out: u64 = self.left_out.iter().map(part).sum();
        until.saturating_sub(after).saturating_sub(left_out)
    }
}

/// Reads the stretches of numbers that were left out.
fn read_left_out(db: &Connection) -> Result<Vec<(ReadingSeq, ReadingSeq)>, rusqlite::Error> {
    let find = "SELECT value FROM meta WHERE key = ?";
    let text: Option<String> = db
        .query_row(find, [LEFT_OUT_KEY], |row| row.get(0))
        .optional()?;
    let mut kept: Vec<(ReadingSeq, ReadingSeq)> = text
        .and_then(|text| serde_json::from_str(&text).ok())
        .unwrap_or_default();
    let [after, until] = LEFT_OUT_KEYS.map(|key| read_meta(db, key));
    if let (true, Some(after), Some(until)) = (kept.is_empty(), after?, until?) {
        kept.push((after.cast_unsigned(), until.cast_unsigned()));
    }
    Ok(kept)
}

/// Adds a stretch; of more than `LEFT_OUT_MAX` the oldest goes.
fn add_stretch(kept: &mut Vec<(ReadingSeq, ReadingSeq)>, after: ReadingSeq, until: ReadingSeq) {
    // What was written before a failure is written again.
    kept.retain(|(first, _)| *first != after);
    kept.push((after, until));
    if kept.len() > LEFT_OUT_MAX {
        kept.remove(0);
    }
}

/// Returns a new id.
pub(super) fn new_store_id() -> String {
    let mut characters = String::with_capacity(ID_CHARS);
    for _ in 0..ID_CHARS {
        let place = fastrand::usize(..ID_ALPHABET.len());
        characters.push(char::from(ID_ALPHABET[place]));
    }
    characters
}

/// Whether the text can be the id of a store.
pub(super) fn is_store_id(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| ID_ALPHABET.contains(&byte))
}

/// Returns the id in the file; `None` before it has one.
pub(super) fn read_store_id(db: &Connection) -> Result<Option<String>, rusqlite::Error> {
    let select = "SELECT value FROM identity WHERE key = ?";
    let found: Option<String> = db
        .query_row(select, [STORE_KEY], |row| row.get(0))
        .optional()?;
    Ok(found.filter(|id| is_store_id(id)))
}

/// Stores the id in the file.
pub(super) fn write_store_id(db: &Connection, id: &str) -> Result<(), rusqlite::Error> {
    db.execute(
        "INSERT INTO identity(key, value) VALUES (?1, ?2) ON CONFLICT(key) DO UPDATE SET value = ?2",
        params![STORE_KEY, id],
    )?;
    Ok(())
}

/// Leaves out the numbers after `after`, up to `until`: no reading gets them, and a sink that had
/// reached `after` has passed them.
pub(super) fn leave_out_numbers(
    db: &Connection,
    after: ReadingSeq,
    until: ReadingSeq,
) -> Result<(), rusqlite::Error> {
    let transaction = db.unchecked_transaction()?;
    let mut kept = read_left_out(&transaction)?;
    add_stretch(&mut kept, after, until);
    transaction.execute(
        "INSERT OR REPLACE INTO meta(key, value) VALUES (?, ?)",
        params![
            LEFT_OUT_KEY,
            serde_json::to_string(&kept).unwrap_or_default()
        ],
    )?;
    // Kept, since a start that is followed by no reading would else be forgotten by the next one.
    write_meta(&transaction, "last_seq", until.cast_signed())?;
    transaction.execute(
        "UPDATE cursor SET seq = ?1 WHERE seq BETWEEN ?2 AND ?1",
        params![until.cast_signed(), after.cast_signed()],
    )?;
    transaction.commit()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_short_words_that_differ() {
        let ids: std::collections::BTreeSet<String> = (0..1000).map(|_| new_store_id()).collect();
        assert!(ids.iter().all(|id| id.len() == 6 && is_store_id(id)));
        assert!(ids.len() > 990, "{}", ids.len());
        assert!(!is_store_id("") && !is_store_id("a b") && !is_store_id("\u{e9}"));
    }

    #[test]
    fn numbers_that_were_left_out_are_no_waiting_readings() {
        let numbering = StoreNumbering {
            id: String::new(),
            left_out: vec![(10, 1_000)],
        };
        for (after, until, count) in [
            (0, 10, 10),
            (0, 1_005, 15),
            (10, 1_000, 0),
            (500, 1_005, 5),
            (1_003, 1_005, 2),
            (5, 500, 5),
        ] {
            assert_eq!(
                numbering.count_between(after, until),
                count,
                "{after} {until}"
            );
        }
    }
}
