//! [`StoreNumbering`]: the id of a store, and the stretch of numbers that it left out.
//!
//! A reading is known by site, store and `seq`. The id is made with the store, and stands in its
//! file and beside it in `pantau.seq`: either one is enough to keep it. A store that begins again
//! without both has another id, so that its numbers mean other readings.

use super::meta_table::{read_meta, write_meta};
use crate::domain::ReadingSeq;
use rusqlite::{Connection, OptionalExtension, params};

/// Key of the id in table `identity`.
const STORE_KEY: &str = "store";
/// Keys in table `meta`: last number before the numbers that were left out, and the last of them.
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
    /// Greatest number before those that were left out.
    after: ReadingSeq,
    /// Greatest number that was left out.
    until: ReadingSeq,
}

impl StoreNumbering {
    /// Reads the id and the last stretch of numbers that were left out.
    pub(super) fn read(db: &Connection) -> Result<Self, rusqlite::Error> {
        let [after, until] = LEFT_OUT_KEYS.map(|key| read_meta(db, key));
        Ok(Self {
            id: read_store_id(db)?.unwrap_or_default(),
            after: after?.unwrap_or(0).cast_unsigned(),
            until: until?.unwrap_or(0).cast_unsigned(),
        })
    }

    /// Number of readings after one number, up to another.
    pub(super) fn count_between(&self, after: ReadingSeq, until: ReadingSeq) -> u64 {
        let left_out = self.until.min(until).saturating_sub(self.after.max(after));
        until.saturating_sub(after).saturating_sub(left_out)
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
    write_meta(&transaction, LEFT_OUT_KEYS[0], after.cast_signed())?;
    write_meta(&transaction, LEFT_OUT_KEYS[1], until.cast_signed())?;
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
            after: 10,
            until: 1_000,
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
