//! [`RowNumbers`]: the last numbers that rows of tables were given which people know by them. They
//! stand in `pantau.seq` beside the bound of readings: a file that is put back from a backup does
//! not know the numbers that were given after it, and some of them are on paper.

use rusqlite::{Connection, OptionalExtension, params};

/// Tables whose numbers people read: on slips of paper, in reports, and in files.
const NUMBERED_TABLES: [&str; 4] = ["ledger", "calibration", "issued_report", "sample_import"];

/// Last number of each of these tables.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct RowNumbers([u64; NUMBERED_TABLES.len()]);

impl RowNumbers {
    /// Reads the last numbers that the file gave.
    pub(super) fn read(db: &Connection) -> Result<Self, rusqlite::Error> {
        let mut find = db.prepare_cached("SELECT seq FROM sqlite_sequence WHERE name = ?")?;
        let mut read = Self::default();
        for (table, last) in NUMBERED_TABLES.iter().zip(&mut read.0) {
            let given: Option<i64> = find.query_row([table], |row| row.get(0)).optional()?;
            *last = given.unwrap_or(0).max(0).cast_unsigned();
        }
        Ok(read)
    }

    /// Last number of a table; `None` for a table that is not counted here.
    pub(super) fn last_of(self, table: &str) -> Option<u64> {
        let place = NUMBERED_TABLES.iter().position(|name| *name == table)?;
        self.0.get(place).copied()
    }

    /// Returns the greater number of each table.
    pub(super) fn max(self, other: Self) -> Self {
        let mut both = self;
        for (one, other) in both.0.iter_mut().zip(other.0) {
            *one = (*one).max(other);
        }
        both
    }

    /// Makes the file go on above these numbers.
    pub(super) fn raise_in(self, db: &Connection) -> Result<(), rusqlite::Error> {
        for (table, last) in NUMBERED_TABLES.iter().zip(self.0) {
            let last = last.cast_signed();
            let raised = db.execute(
                "UPDATE sqlite_sequence SET seq = max(seq, ?2) WHERE name = ?1",
                params![table, last],
            )?;
            if raised == 0 && last > 0 {
                db.execute(
                    "INSERT INTO sqlite_sequence(name, seq) VALUES (?1, ?2)",
                    params![table, last],
                )?;
            }
        }
        Ok(())
    }

    /// Text in the small file, `12/3/0/1`.
    pub(super) fn text(self) -> String {
        self.0.map(|last| last.to_string()).join("/")
    }

    /// Reads the text; what is missing or no number is 0.
    pub(super) fn parse(text: &str) -> Self {
        let mut read = Self::default();
        for (part, last) in text.split('/').zip(&mut read.0) {
            *last = part.parse().unwrap_or(0);
        }
        read
    }
}
