//! Import of the samples of a file: compared with the kept samples, noted with the file, and what
//! is replaced is kept aside.
//!
//! The tables only grow. An import is noted once for a file, point and person, however many pieces
//! it is sent in; each run of written samples is one stretch.

use super::chunk_codec;
use super::import_values::{FileImport, ImportComparison, ImportMode};
use super::schema::{disk_error, sql_int};
use super::seal::SamplesByPoint;
use super::store_error::StoreError;
use super::store_handle::Store;
use super::store_request::{ImportRequest, StoreRequest};
use super::writer::StoreWriter;
use crate::domain::hex_text::to_hex;
use crate::domain::redated_stretch::RedatedStretch;
use crate::domain::sample_import::{ImportedStretch, SampleImport};
use crate::domain::{ExactNumber, Sample, SampleOutcome, UtcMs};
use crate::limits::{IMPORT_STRETCHES_MAX, IMPORT_STRETCHES_READ_MAX};
use ring::digest::{Context, SHA256};
use rusqlite::{Connection, OptionalExtension, Row, params};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

/// Intervals without a row from which a stretch ends.
const STRETCH_GAP_INTERVALS: i64 = 3;

/// Replaced samples of one row: its line in the evidence is a JSON text.
const REPLACED_SAMPLES_PER_ROW: usize = 10_000;

/// Bytes of a file that are hashed at once.
const HASH_BLOCK_BYTES: usize = 64 << 10;

/// Samples to write, and the kept ones that they replace.
#[derive(Default)]
struct ImportPlan {
    comparison: ImportComparison,
    /// In time order, with whether a kept sample is replaced.
    writes: Vec<(Sample, bool)>,
    originals: Vec<Sample>,
    /// Places in `writes` before which kept samples lie.
    breaks: Vec<usize>,
}

impl Store {
    /// Compares the samples of a file with the kept ones, and writes them as `mode` says. Durable
    /// on return. Errors: `UnknownPoint`, or the disk.
    pub async fn import_file(
        &self,
        import: FileImport,
        mode: ImportMode,
    ) -> Result<ImportComparison, StoreError> {
        let import = Box::new(import);
        self.ask(|reply| StoreRequest::FileImport(ImportRequest::Samples(import, mode, reply)))
            .await
    }

    /// Returns the imported stretches that touch a range of time, in time order, at most
    /// `IMPORT_STRETCHES_READ_MAX`.
    pub async fn imported_stretches(
        &self,
        from: UtcMs,
        to: UtcMs,
    ) -> Result<Vec<ImportedStretch>, StoreError> {
        self.ask(|reply| StoreRequest::FileImport(ImportRequest::Stretches(from, to, reply)))
            .await
    }

    /// Returns the re-dated stretches that touch a range of time, in time order, at most
    /// `IMPORT_STRETCHES_READ_MAX`.
    pub async fn redated_stretches(
        &self,
        from: UtcMs,
        to: UtcMs,
    ) -> Result<Vec<RedatedStretch>, StoreError> {
        self.ask(|reply| StoreRequest::FileImport(ImportRequest::Redated(from, to, reply)))
            .await
    }
}

impl StoreWriter {
    /// Serves a request about imports of files.
    pub(super) fn serve_import_request(&mut self, request: ImportRequest) {
        // A send fails when the caller has gone; there is nobody to report that to.
        match request {
            ImportRequest::Samples(import, mode, reply) => {
                drop(reply.send(self.import_file(*import, mode)));
            }
            ImportRequest::Stretches(from, to, reply) => {
                let found = read_stretches(&self.db, from, to);
                let failed = |fault: rusqlite::Error| disk_error("reading imports", &fault);
                drop(reply.send(found.map_err(failed)));
            }
            ImportRequest::Redated(from, to, reply) => {
                let found = super::redated::read_redated(&self.db, from, to);
                let failed = |fault: rusqlite::Error| disk_error("reading re-dated", &fault);
                drop(reply.send(found.map_err(failed)));
            }
        }
    }

    fn import_file(
        &mut self,
        mut import: FileImport,
        mode: ImportMode,
    ) -> Result<ImportComparison, StoreError> {
        let failed = |fault: rusqlite::Error| disk_error("merging samples", &fault);
        let id = &import.origin.point;
        let unknown = || StoreError::UnknownPoint(id.to_string());
        let point = self.names.point(id).ok_or_else(unknown)?;
        import.samples.sort_by_key(|sample| sample.at);
        import.samples.dedup_by_key(|sample| sample.at);
        if mode != ImportMode::Compare {
            self.check_files()?;
            // As in every import: earlier readings are on disk first, so that they are compared,
            // and the imported sample is the later one in the merge order.
            self.flush()?;
        }
        let plan = self.plan_import(point, &import).map_err(failed)?;
        let mut comparison = plan.comparison.clone();
        let has_conflict = comparison.differing + comparison.among > 0;
        if mode == ImportMode::Compare || (has_conflict && mode == ImportMode::Add) {
            return Ok(comparison);
        }
        comparison.written = true;
        if plan.writes.is_empty() {
            return Ok(comparison);
        }
        self.seal_parts().map_err(failed)?;
        let samples: Vec<Sample> = plan.writes.iter().map(|(sample, _)| *sample).collect();
        let newest = samples.last().copied();
        let columns = SamplesByPoint::from([(point, samples)]);
        let days = self.group_by_day(columns);
        let now = self.clock.now().at;
        let noted = |db: &Connection| note_import(db, now, &import, &plan);
        self.merge_days(days, noted).map_err(failed)?;
        if let Some(sample) = newest {
            self.latest.set_imported(point, sample.at, sample.outcome);
        }
        self.publish_health();
        Ok(comparison)
    }

    /// Compares samples in time order with the kept ones, day by day.
    fn plan_import(
        &mut self,
        point: super::key_registry::PointKey,
        import: &FileImport,
    ) -> Result<ImportPlan, rusqlite::Error> {
        let mut plan = ImportPlan::default();
        let mut days: BTreeMap<_, Vec<Sample>> = BTreeMap::new();
        for sample in &import.samples {
            let day = self.calendar.day(sample.at);
            days.entry(day).or_default().push(*sample);
        }
        for (day, samples) in days {
            let kept = self.samples(point, day, false)?;
            plan.compare_day(&samples, &kept, import.every_ms);
        }
        Ok(plan)
    }
}

impl ImportPlan {
    fn compare_day(&mut self, samples: &[Sample], kept: &[Sample], every_ms: i64) {
        let mut next = 0;
        let mut last_seen = next;
        for sample in samples {
            while kept.get(next).is_some_and(|one| one.at < sample.at) {
                next += 1;
            }
            // A run of written samples ends where kept ones lie before the next.
            if next > last_seen {
                self.breaks.push(self.writes.len());
            }
            let same = kept.get(next).filter(|one| one.at == sample.at);
            let before = next.checked_sub(1).and_then(|at| kept.get(at));
            let after = kept.get(next + usize::from(same.is_some()));
            self.compare_sample(*sample, same, (before, after), every_ms);
            last_seen = next + usize::from(same.is_some());
        }
    }

    fn compare_sample(
        &mut self,
        sample: Sample,
        same: Option<&Sample>,
        (before, after): (Option<&Sample>, Option<&Sample>),
        every_ms: i64,
    ) {
        let found = &mut self.comparison;
        let number = |one: &Sample| one.outcome.number();
        let bits = |number: Option<ExactNumber>| number.map(|number| number.to_f64().to_bits());
        match same {
            Some(kept) if is_same_outcome(&kept.outcome, &sample.outcome) => {
                found.equal += 1;
                self.breaks.push(self.writes.len());
                return;
            }
            Some(kept) if bits(number(kept)).is_some() => {
                found.differing += 1;
                let pair = (sample.at, number(kept), number(&sample));
                found.first_differing.get_or_insert(pair);
            }
            // A poll without an answer left no number that could be lost.
            Some(_) => found.new += 1,
            None => {
                found.new += 1;
                let is_near = |one: Option<&Sample>| {
                    one.is_some_and(|one| {
                        number(one).is_some() && (one.at.0 - sample.at.0).abs() < every_ms
                    })
                };
                if is_near(before) && is_near(after) {
                    found.among += 1;
                    found.first_among.get_or_insert(sample.at);
                }
            }
        }
        self.originals.extend(same.copied());
        self.writes.push((sample, same.is_some()));
    }

    /// Runs of written samples between which nothing is kept and no row is missing for long.
    fn stretches(&self, interval_ms: i64) -> Vec<(UtcMs, UtcMs, u64, u64)> {
        let longest = interval_ms.max(1).saturating_mul(STRETCH_GAP_INTERVALS);
        let mut all: Vec<(UtcMs, UtcMs, u64, u64)> = Vec::new();
        let mut breaks = self.breaks.iter().copied().peekable();
        for (at, (sample, is_replaced)) in self.writes.iter().enumerate() {
            let mut is_broken = false;
            while breaks.next_if(|place| *place <= at).is_some() {
                is_broken = true;
            }
            let replaced = u64::from(*is_replaced);
            match all.last_mut() {
                Some(last) if !is_broken && sample.at.0 - last.1.0 <= longest => {
                    last.1 = sample.at;
                    last.2 += 1;
                    last.3 += replaced;
                }
                _ => all.push((sample.at, sample.at, 1, replaced)),
            }
        }
        // Rows that alternate with kept ones have the interval of those: one stretch says as much.
        if all.len() > IMPORT_STRETCHES_MAX
            && let (Some(first), Some(last)) = (all.first(), all.last())
        {
            let sum = |part: fn(&(UtcMs, UtcMs, u64, u64)) -> u64| all.iter().map(part).sum();
            return vec![(first.0, last.1, sum(|one| one.2), sum(|one| one.3))];
        }
        all
    }
}

/// SHA-256 of a file, hexadecimal. Errors: it cannot be read.
pub fn hash_file(file: &Path) -> io::Result<String> {
    let mut hash = Context::new(&SHA256);
    let (mut file, mut block) = (File::open(file)?, vec![0; HASH_BLOCK_BYTES]);
    loop {
        match file.read(&mut block)? {
            0 => return Ok(to_hex(hash.finish().as_ref())),
            read => hash.update(&block[..read]),
        }
    }
}

/// Whether two samples say the same: one number whatever its digits, or the same reason.
fn is_same_outcome(kept: &SampleOutcome, given: &SampleOutcome) -> bool {
    match (kept.number(), given.number()) {
        (Some(kept), Some(given)) => kept.to_f64().to_bits() == given.to_f64().to_bits(),
        _ => kept == given,
    }
}

/// Notes an import, its stretches and the samples that it replaces.
fn note_import(
    db: &Connection,
    now: UtcMs,
    import: &FileImport,
    plan: &ImportPlan,
) -> Result<(), rusqlite::Error> {
    let origin = &import.origin;
    let id = origin_id(db, now, origin)?;
    for (first, last, samples, replaced) in plan.stretches(origin.interval_ms) {
        let (samples, replaced) = (samples.cast_signed(), replaced.cast_signed());
        db.execute(
            "INSERT INTO import_stretch(import, at, first, last, samples, replaced)
             VALUES (?, ?, ?, ?, ?, ?)",
            params![id, now.0, first.0, last.0, samples, replaced],
        )?;
    }
    for piece in plan.originals.chunks(REPLACED_SAMPLES_PER_ROW) {
        db.execute(
            "INSERT INTO replaced_samples(import, at, body) VALUES (?, ?, ?)",
            params![id, now.0, chunk_codec::encode_chunk(piece)],
        )?;
    }
    let (samples, replaced) = (plan.writes.len(), plan.originals.len());
    let what = format!(
        "{samples} samples of {} from {} (SHA-256 {}) by {}, {replaced} kept ones replaced",
        origin.point, origin.file, origin.sha256, origin.by
    );
    super::audit::append_audit(db, now, "imported", &what)
}

/// Number of the import of this file into this point by this person, which is noted if it is new.
fn origin_id(db: &Connection, now: UtcMs, origin: &SampleImport) -> Result<i64, rusqlite::Error> {
    let known = db
        .prepare(
            "SELECT id FROM sample_import
             WHERE sha256 = ? AND point = ? AND file = ? AND by = ? AND interval_ms = ?",
        )?
        .query_row(
            params![
                origin.sha256,
                &*origin.point,
                origin.file,
                origin.by,
                origin.interval_ms
            ],
            |row| row.get(0),
        )
        .optional()?;
    if let Some(id) = known {
        return Ok(id);
    }
    db.execute(
        "INSERT INTO sample_import(point, file, sha256, by, at, interval_ms)
         VALUES (?, ?, ?, ?, ?, ?)",
        params![
            &*origin.point,
            origin.file,
            origin.sha256,
            origin.by,
            now.0,
            origin.interval_ms
        ],
    )?;
    Ok(db.last_insert_rowid())
}

fn read_stretches(
    db: &Connection,
    from: UtcMs,
    to: UtcMs,
) -> Result<Vec<ImportedStretch>, rusqlite::Error> {
    let mut rows = db.prepare(
        "SELECT i.id, i.point, i.file, i.sha256, i.by, i.at, i.interval_ms,
           s.first, s.last, s.samples, s.replaced
         FROM import_stretch s JOIN sample_import i ON i.id = s.import
         WHERE s.last >= ? AND s.first <= ? ORDER BY s.first, s.id LIMIT ?",
    )?;
    let mut imports: BTreeMap<u64, Arc<SampleImport>> = BTreeMap::new();
    let most = sql_int(IMPORT_STRETCHES_READ_MAX);
    let found = rows.query_map(params![from.0, to.0, most], |row| {
        let id = row.get::<_, i64>(0)?.cast_unsigned();
        let import = if let Some(import) = imports.get(&id) {
            Arc::clone(import)
        } else {
            let import = Arc::new(parse_import(row)?);
            imports.insert(id, Arc::clone(&import));
            import
        };
        Ok(ImportedStretch {
            import,
            first: UtcMs(row.get(7)?),
            last: UtcMs(row.get(8)?),
            samples: row.get::<_, i64>(9)?.cast_unsigned(),
            replaced: row.get::<_, i64>(10)?.cast_unsigned(),
        })
    })?;
    found.collect()
}

fn parse_import(row: &Row<'_>) -> Result<SampleImport, rusqlite::Error> {
    Ok(SampleImport {
        id: row.get::<_, i64>(0)?.cast_unsigned(),
        point: row.get::<_, String>(1)?.into(),
        file: row.get(2)?,
        sha256: row.get(3)?,
        by: row.get(4)?,
        at: UtcMs(row.get(5)?),
        interval_ms: row.get(6)?,
    })
}

#[cfg(test)]
pub(in crate::storage) mod tests {
    use super::*;
    use crate::domain::QualityReason;
    use crate::storage::tests::{MIDNIGHT, ask, decimal, open, raw, reading, site};

    pub(in crate::storage) fn file_import(
        every_ms: i64,
        rows: &[(i64, SampleOutcome)],
    ) -> FileImport {
        let sample = |(at, outcome): &(i64, SampleOutcome)| Sample {
            at: UtcMs(MIDNIGHT + at),
            outcome: *outcome,
        };
        FileImport {
            origin: SampleImport {
                id: 0,
                point: "meter.power".into(),
                file: "logger.csv".to_owned(),
                sha256: "ab".repeat(32),
                by: "Siti".to_owned(),
                at: UtcMs(0),
                interval_ms: 1000,
            },
            every_ms,
            samples: rows.iter().map(sample).collect(),
        }
    }

    /// Samples that imports have replaced, in the order of the imports.
    fn read_originals(directory: &Path) -> Vec<Sample> {
        let db = Connection::open(directory.join("pantau.db")).unwrap();
        let mut rows = db
            .prepare("SELECT body FROM replaced_samples ORDER BY id")
            .unwrap();
        let bodies = rows.query_map([], |row| row.get::<_, Vec<u8>>(0)).unwrap();
        let samples = bodies.map(|body| chunk_codec::decode_chunk(&body.unwrap()).unwrap());
        samples.flatten().collect()
    }

    async fn store_with_readings(directory: &Path) -> Store {
        let store = open(directory, &site(&["power"]));
        for (at, outcome) in [
            (0, decimal(1)),
            (1000, decimal(2)),
            (2000, SampleOutcome::Bad(QualityReason::Timeout)),
            (3000, decimal(4)),
        ] {
            store
                .append(reading(MIDNIGHT + at, &[outcome]))
                .await
                .unwrap();
        }
        store.flush().await.unwrap();
        store
    }

    #[tokio::test]
    async fn a_comparison_counts_what_is_new_equal_and_different_and_writes_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let store = store_with_readings(dir.path()).await;
        let before = ask(&store, raw("meter.power")).await;
        let rows = [
            (0, decimal(1)),
            (1000, decimal(9)),
            // The poll had no answer: nothing is lost.
            (2000, decimal(3)),
            (2500, decimal(3)),
            (4000, decimal(5)),
        ];
        for mode in [ImportMode::Compare, ImportMode::Add] {
            let found = store
                .import_file(file_import(1000, &rows), mode)
                .await
                .unwrap();
            assert_eq!((found.new, found.equal, found.differing), (3, 1, 1));
            let (at, kept, given) = found.first_differing.unwrap();
            let numbers = [kept, given].map(|number| number.unwrap().to_string());
            assert_eq!(at, UtcMs(MIDNIGHT + 1000));
            assert_eq!(numbers, ["0.2", "0.9"]);
            assert!(!found.written);
            assert_eq!(ask(&store, raw("meter.power")).await, before);
        }
        let found = store.imported_stretches(UtcMs(0), UtcMs(i64::MAX)).await;
        assert_eq!(found.unwrap(), []);
    }

    #[tokio::test]
    async fn a_row_between_kept_readings_is_a_conflict_and_one_in_a_hole_is_none() {
        let dir = tempfile::tempdir().unwrap();
        let store = store_with_readings(dir.path()).await;
        let among = store.import_file(file_import(1000, &[(500, decimal(7))]), ImportMode::Add);
        let among = among.await.unwrap();
        assert_eq!((among.among, among.written), (1, false));
        assert_eq!(among.first_among, Some(UtcMs(MIDNIGHT + 500)));
        let hole = [(2000, decimal(3)), (2400, decimal(3))];
        let hole = store.import_file(file_import(1000, &hole), ImportMode::Add);
        assert!(hole.await.unwrap().written);
    }

    #[tokio::test]
    async fn what_is_replaced_is_kept_and_the_import_is_noted_once() {
        let dir = tempfile::tempdir().unwrap();
        let store = store_with_readings(dir.path()).await;
        let rows = [(0, decimal(1)), (1000, decimal(9)), (2000, decimal(3))];
        for written in [2, 0] {
            let done = store.import_file(file_import(1000, &rows), ImportMode::Replace);
            let done = done.await.unwrap();
            assert_eq!(done.new + done.differing, written);
        }
        let later = [(5000, decimal(6)), (60_000, decimal(7))];
        let later = store.import_file(file_import(1000, &later), ImportMode::Add);
        assert!(later.await.unwrap().written);
        let now = ask(&store, raw("meter.power")).await;
        let values: Vec<_> = now.iter().map(|one| one.outcome).collect();
        assert_eq!(values, [1, 9, 3, 4, 6, 7].map(decimal));
        let found = store
            .imported_stretches(UtcMs(MIDNIGHT), UtcMs(MIDNIGHT + 70_000))
            .await
            .unwrap();
        let spans: Vec<_> = found
            .iter()
            .map(|one| (one.first.0 - MIDNIGHT, one.last.0 - MIDNIGHT))
            .collect();
        // One row follows the other at the interval of the file; the last is alone.
        assert_eq!(spans, [(1000, 2000), (5000, 5000), (60_000, 60_000)]);
        assert_eq!((found[0].samples, found[0].replaced), (2, 2));
        let origin = &found[0].import;
        assert_eq!(
            (origin.id, &*origin.by, &*origin.file),
            (1, "Siti", "logger.csv")
        );
        assert!(found.iter().all(|one| one.import == *origin));
        store.stop().await;
        let originals: Vec<_> = read_originals(dir.path())
            .iter()
            .map(|one| one.outcome)
            .collect();
        let timeout = SampleOutcome::Bad(QualityReason::Timeout);
        assert_eq!(originals, [decimal(2), timeout]);
    }

    #[tokio::test]
    async fn the_file_itself_refuses_every_change_of_an_import() {
        let dir = tempfile::tempdir().unwrap();
        let store = store_with_readings(dir.path()).await;
        let rows = file_import(1000, &[(1000, decimal(9))]);
        store.import_file(rows, ImportMode::Replace).await.unwrap();
        store.stop().await;
        let db = Connection::open(dir.path().join("pantau.db")).unwrap();
        for table in ["sample_import", "import_stretch", "replaced_samples"] {
            for change in [
                format!("UPDATE {table} SET at = 0"),
                format!("DELETE FROM {table}"),
                format!("INSERT OR REPLACE INTO {table} SELECT * FROM {table} WHERE id = 1"),
            ] {
                let said = db.execute(&change, []).unwrap_err().to_string();
                assert!(said.contains("only grow"), "{change}: {said}");
            }
        }
    }
}
