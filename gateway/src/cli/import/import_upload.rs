//! Rows of a file on their way to the store, in pieces.

use super::planned_import::{ImportRows, PlannedImport};
use super::samples_file::{SamplesFileLine, SamplesFileReader};
use crate::api::client::{ApiClient, path_with_query};
use crate::cli::backend::{current_user, progress_bar};
use crate::cli::command_error::{CommandError, NameFile as _};
use crate::config::Config;
use crate::domain::UtcMs;
use crate::limits::IMPORT_BYTES_MAX;
use crate::samples_csv;
use crate::server::ImportedRowsJson;
use crate::storage::{ImportRow, hash_file};
use std::path::Path;

/// Rows of one piece. A row takes at most 64 bytes as text, so that a piece fits one request.
const ROWS_PER_PIECE_MAX: usize = IMPORT_BYTES_MAX / 64 - 1;

/// Treatment of the rows by the store.
#[derive(Clone, Copy)]
pub(super) enum ImportStep {
    Compare,
    Add,
    Replace,
}

/// File that the rows come from, as it is kept with them.
pub(super) struct FileOrigin {
    name: String,
    sha256: String,
    by: Option<String>,
}

impl ImportStep {
    /// Word of the parameter.
    fn word(self) -> &'static str {
        match self {
            Self::Compare => "compare",
            Self::Add => "add",
            Self::Replace => "replace",
        }
    }
}

impl FileOrigin {
    /// Name and hash of the file. Errors: it cannot be read.
    pub(super) fn of_file(file: &Path, who: Option<String>) -> Result<Self, CommandError> {
        let name = file.file_name().unwrap_or(file.as_os_str());
        Ok(Self {
            name: name.to_string_lossy().into_owned(),
            sha256: hash_file(file).reading(file)?,
            by: Some(who.unwrap_or_else(current_user)),
        })
    }
}

/// Answer for rows that meet no store: all are new, and those beyond the range of the point are
/// counted as with one. Errors: the file cannot be read.
pub(super) fn all_new(
    plan: &PlannedImport,
    config: &Config,
) -> Result<ImportedRowsJson, CommandError> {
    let mut all = ImportedRowsJson {
        rows: plan.count,
        new: plan.count,
        ..ImportedRowsJson::default()
    };
    let range = config.point_range(&plan.target.point);
    match &plan.rows {
        ImportRows::Table(rows) => {
            let right = rows.iter().filter(|row| !plan.is_wrong(row.0));
            right.for_each(|row| all.check_range(row, range));
        }
        ImportRows::Lines(file) => {
            let mut lines = SamplesFileReader::open(file).reading(file)?;
            while let Some(line) = lines.next_line().reading(file)? {
                if let SamplesFileLine::Row(Ok(row)) = line {
                    all.check_range(&row, range);
                }
            }
        }
    }
    Ok(all)
}

/// Sends all rows; returns the sum of the answers.
pub(super) async fn send(
    client: &mut ApiClient,
    plan: &PlannedImport,
    origin: &FileOrigin,
    step: ImportStep,
) -> Result<ImportedRowsJson, CommandError> {
    let interval = plan.interval_ms.unwrap_or(0).to_string();
    let words = [
        ("point", Some(&*plan.target.point)),
        ("file", Some(&*origin.name)),
        ("sha256", Some(&*origin.sha256)),
        ("by", origin.by.as_deref()),
        ("interval_ms", Some(&*interval)),
        ("mode", Some(step.word())),
    ];
    let path = path_with_query("/control/import", &words);
    let mut all = ImportedRowsJson::default();
    match &plan.rows {
        ImportRows::Lines(file) => send_lines(client, &path, file, &mut all).await?,
        ImportRows::Table(rows) => {
            for rows in rows.chunks(ROWS_PER_PIECE_MAX) {
                send_piece(client, &path, (rows, Some(plan)), &mut all).await?;
            }
        }
    }
    Ok(all)
}

/// Sends the rows of a file in pieces.
async fn send_lines(
    client: &mut ApiClient,
    path: &str,
    file: &Path,
    all: &mut ImportedRowsJson,
) -> Result<(), CommandError> {
    let bar = progress_bar(Some(std::fs::metadata(file).reading(file)?.len()));
    let mut lines = SamplesFileReader::open(file).reading(file)?;
    let mut rows = Vec::with_capacity(ROWS_PER_PIECE_MAX);
    loop {
        let line = lines.next_line().reading(file)?;
        let ended = line.is_none();
        match line {
            Some(SamplesFileLine::Row(Ok(row))) => rows.push(row),
            // The check found no error, so another program writes to the file.
            Some(SamplesFileLine::Row(Err(_)) | SamplesFileLine::Header(false)) => {
                let why = format!("{} has changed while it was read", file.display());
                return Err(CommandError::Refused(why));
            }
            Some(SamplesFileLine::Header(true)) | None => {}
        }
        if rows.len() == ROWS_PER_PIECE_MAX || (ended && !rows.is_empty()) {
            send_piece(client, path, (&rows, None), all).await?;
            rows.clear();
            bar.set_position(lines.bytes);
        }
        if ended {
            bar.finish_and_clear();
            return Ok(());
        }
    }
}

/// Sends one piece and adds its answer; `plan` says which rows the file calls wrong.
async fn send_piece(
    client: &mut ApiClient,
    path: &str,
    (rows, plan): (&[ImportRow], Option<&PlannedImport>),
    all: &mut ImportedRowsJson,
) -> Result<(), CommandError> {
    let is_wrong = |at: UtcMs| plan.is_some_and(|plan| plan.is_wrong(at));
    let has_wrong = rows.iter().any(|(at, _)| is_wrong(*at));
    let header = if has_wrong {
        samples_csv::SAMPLES_QUALITY_HEADER
    } else {
        samples_csv::SAMPLES_CSV_HEADER
    };
    let mut text = format!("{header}\n");
    for (at, number) in rows {
        samples_csv::write_time(&mut text, *at);
        text.push(',');
        samples_csv::write_number(&mut text, *number);
        if is_wrong(*at) {
            text.push_str(",bad");
        }
        text.push('\n');
    }
    // The answer is read to its end, so that the connection is free for the next piece.
    let answer = client.post(path, "text/csv", text).await?.bytes().await?;
    all.add(&serde_json::from_slice(&answer)?);
    Ok(())
}
