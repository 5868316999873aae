//! Shape of the rows of each table, taken from the schema of this program.

use super::page_reader::FoundRow;
use crate::evidence;
use crate::storage::{pack_rows, schema};
use rusqlite::Connection;
use rusqlite::types::Value;

/// Table with its columns.
#[derive(Clone, Debug)]
pub(super) struct TableShape {
    /// Name.
    pub(super) name: String,
    columns: Vec<ColumnShape>,
    /// Rows are kept by their key and have no number.
    pub(super) is_keyed: bool,
}

#[derive(Clone, Debug)]
struct ColumnShape {
    name: String,
    sort: String,
    may_be_null: bool,
    /// The column repeats the number of the row and is stored as null.
    is_number: bool,
}

impl TableShape {
    /// Returns all tables of a database that was made by this program.
    pub(super) fn read_all(db: &Connection) -> Result<Vec<Self>, rusqlite::Error> {
        let find = "SELECT name, wr FROM pragma_table_list
            WHERE schema = 'main' AND type = 'table' AND substr(name, 1, 7) <> 'sqlite_'";
        let mut names = db.prepare(find)?;
        let names: Vec<(String, bool)> = names
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<Result<_, _>>()?;
        let shape = |(name, is_keyed): (String, bool)| {
            let find = "SELECT name, type, \"notnull\" = 0 AND pk = 0, pk > 0
                FROM pragma_table_info(?) ORDER BY cid";
            let mut columns = db.prepare(find)?;
            let columns = columns.query_map([&name], |row| {
                let sort: String = row.get(1)?;
                Ok(ColumnShape {
                    name: row.get(0)?,
                    is_number: row.get(3)? && !is_keyed && sort == "INTEGER",
                    sort,
                    may_be_null: row.get(2)?,
                })
            })?;
            Ok(Self {
                columns: columns.collect::<Result<_, _>>()?,
                name,
                is_keyed,
            })
        };
        names.into_iter().map(shape).collect()
    }

    /// Returns whether a row can be one of this table, with the checksums that it carries.
    pub(super) fn fits(&self, row: &FoundRow) -> bool {
        if row.values.len() != self.columns.len() || (row.is_cut && self.name != "pack") {
            return false;
        }
        let mut pairs = row.values.iter().zip(&self.columns);
        pairs.all(|(value, column)| column.fits(value)) && self.is_confirmed(row)
    }

    fn is_confirmed(&self, row: &FoundRow) -> bool {
        match (&*self.name, &*row.values) {
            ("journal", [_, _, _, _, Value::Integer(crc), Value::Blob(body)]) => {
                i64::from(crc32fast::hash(body)) == *crc
            }
            ("digest", [_, _, _, Value::Text(sha256), Value::Text(record)]) => {
                evidence::hash(record.as_bytes()) == *sha256
            }
            ("pack", [_, _, _, _, _, _, Value::Blob(parts), _]) => {
                !pack_rows::parse_pieces(parts).is_empty()
            }
            _ => true,
        }
    }

    /// Returns the statement that writes a row, with the values of all columns.
    pub(super) fn insert_statement(&self) -> String {
        let names: Vec<&str> = self.columns.iter().map(|one| &*one.name).collect();
        let places = vec!["?"; names.len()].join(", ");
        let names = names.join(", ");
        format!(
            "INSERT OR IGNORE INTO {}({names}) VALUES ({places})",
            self.name
        )
    }

    /// Returns the values of a row as they are written.
    pub(super) fn values_of(&self, row: FoundRow) -> Vec<Value> {
        let values = row.values.into_iter().zip(&self.columns);
        let filled = values.map(|(value, column)| {
            if column.is_number {
                Value::Integer(row.id)
            } else {
                value
            }
        });
        filled.collect()
    }
}

impl ColumnShape {
    fn fits(&self, value: &Value) -> bool {
        match value {
            Value::Null => self.is_number || self.may_be_null,
            _ if self.is_number => false,
            Value::Integer(_) => matches!(&*self.sort, "INTEGER" | ""),
            Value::Real(_) => matches!(&*self.sort, "REAL" | ""),
            Value::Text(_) => matches!(&*self.sort, "TEXT" | ""),
            Value::Blob(_) => matches!(&*self.sort, "BLOB" | ""),
        }
    }
}

/// Returns an empty database in memory with the tables of this version, and pages of this length.
pub(super) fn model_database(page_bytes: usize) -> Result<Connection, rusqlite::Error> {
    let db = Connection::open_in_memory()?;
    db.pragma_update(None, "page_size", schema::sql_int(page_bytes))?;
    for tables in schema::MIGRATIONS {
        db.execute_batch(tables)?;
    }
    Ok(db)
}

/// Drops the triggers that refuse to change rows.
pub(super) fn drop_guards(db: &Connection) -> Result<(), rusqlite::Error> {
    let mut find = db.prepare("SELECT name FROM sqlite_master WHERE type = 'trigger'")?;
    let names: Vec<String> = find
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    let drops = names.iter().map(|name| format!("DROP TRIGGER {name};"));
    db.execute_batch(&drops.collect::<String>())
}
