//! Table of time stamps: answers of a time-stamp authority for digests of the chain.

use super::schema::disk_error;
use super::store_error::StoreError;
use super::store_handle::Store;
use super::store_request::{KeptStampRequest, StoreRequest};
use super::store_values::KeptStamp;
use super::writer::StoreWriter;
use crate::domain::UtcMs;
use rusqlite::{Connection, OptionalExtension, Row, params};

const STAMP_COLUMNS: &str = "id, number, sha256, at, url, token";

impl Store {
    /// Keeps a time stamp; its number and time are those of the store.
    pub async fn keep_time_stamp(&self, stamp: KeptStamp) -> Result<(), StoreError> {
        self.ask(|reply| StoreRequest::Stamp(KeptStampRequest::Keep(stamp, reply)))
            .await
    }

    /// Returns the first time stamp with a number greater than `after`.
    pub async fn time_stamp_after(&self, after: u64) -> Result<Option<KeptStamp>, StoreError> {
        self.ask(|reply| StoreRequest::Stamp(KeptStampRequest::After(after, reply)))
            .await
    }

    /// Returns the last time stamp.
    pub async fn last_time_stamp(&self) -> Result<Option<KeptStamp>, StoreError> {
        self.ask(|reply| StoreRequest::Stamp(KeptStampRequest::Last(reply)))
            .await
    }
}

impl StoreWriter {
    /// Serves a request about time stamps.
    pub(super) fn serve_stamp_request(&mut self, request: KeptStampRequest) {
        let failed = |fault: rusqlite::Error| disk_error("time stamps", &fault);
        // A send fails when the caller has gone; there is nobody to report that to.
        match request {
            KeptStampRequest::Keep(stamp, reply) => {
                let kept =
                    self.change_file(|db, now| insert_stamp(db, now, &stamp).map_err(failed));
                drop(reply.send(kept));
            }
            KeptStampRequest::After(after, reply) => {
                let find = format!(
                    "SELECT {STAMP_COLUMNS} FROM time_stamp WHERE id > ? ORDER BY id LIMIT 1"
                );
                let found = self.db.query_row(&find, [after.cast_signed()], parse_stamp);
                drop(reply.send(found.optional().map_err(failed)));
            }
            KeptStampRequest::Last(reply) => {
                let find =
                    format!("SELECT {STAMP_COLUMNS} FROM time_stamp ORDER BY id DESC LIMIT 1");
                let found = self.db.query_row(&find, [], parse_stamp);
                drop(reply.send(found.optional().map_err(failed)));
            }
        }
    }
}

fn insert_stamp(db: &Connection, now: UtcMs, stamp: &KeptStamp) -> Result<(), rusqlite::Error> {
    db.execute(
        "INSERT INTO time_stamp(number, sha256, at, url, token) VALUES (?, ?, ?, ?, ?)",
        params![
            stamp.number.cast_signed(),
            stamp.sha256,
            now.0,
            stamp.url,
            stamp.answer
        ],
    )?;
    Ok(())
}

/// Reads a stamp from a row in the order of `STAMP_COLUMNS`.
fn parse_stamp(row: &Row<'_>) -> Result<KeptStamp, rusqlite::Error> {
    Ok(KeptStamp {
        id: row.get::<_, i64>(0)?.cast_unsigned(),
        number: row.get::<_, i64>(1)?.cast_unsigned(),
        sha256: row.get(2)?,
        at: UtcMs(row.get(3)?),
        url: row.get(4)?,
        // Whatever stands there: the check says what it is not.
        answer: row.get_ref(5)?.as_bytes().unwrap_or_default().to_vec(),
    })
}
