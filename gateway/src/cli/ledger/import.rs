//! `pantau ledger import`: a table is checked as a whole, and what was understood is shown. Only
//! `--yes`, or a person who agrees at the terminal, writes it, and only when every row is right.

use super::args::LedgerImportArgs;
use super::client::LedgerClient;
use super::output;
use crate::api::row_messages::{row_messages, skipped_messages};
use crate::cli::backend::print_stderr;
use crate::cli::command_error::{CommandError, NameFile as _};
use crate::cli::exit_status::{EXIT_DONE, EXIT_NEGATIVE};
use crate::cli::prompt::ConsolePrompt;
use crate::domain::ledger::EntryId;
use crate::i18n::Language;
use crate::ledger::{DecimalMark, EntryBatch, EntryTable, read_table};
use crate::limits::LEDGER_FILE_BYTES_MAX;
use std::io::{IsTerminal as _, Read};
use std::path::Path;

/// Checks the table, and writes it when requested; returns the exit status.
pub(super) async fn run_ledger_import(
    desk: &mut LedgerClient,
    asked: &LedgerImportArgs,
    json: bool,
) -> Result<u8, CommandError> {
    let lang = desk.lang;
    let bytes = read_bounded_file(&asked.table).reading(&asked.table)?;
    let table = match read_table(&bytes, &desk.definitions) {
        Ok(table) => with_said_mark(table, asked.decimal.as_deref()),
        Err(why) => {
            let file = asked.table.display().to_string();
            let args = [("file", &*file), ("why", &why.message(lang))];
            print_stderr(&lang.text_with("ledger-no-table", &args));
            return Ok(EXIT_NEGATIVE);
        }
    };
    if table.rows.is_empty() {
        for message in skipped_messages(&table, lang) {
            print_stderr(&message);
        }
        print_stderr(&lang.text("ledger-empty"));
        return Ok(EXIT_NEGATIVE);
    }
    let rows = table.rows.iter().map(|row| (row.line, &row.raw));
    let batch = desk.check_rows(rows, table.mark, asked.again).await?;
    let is_good = batch.faults.is_empty();
    let mut ids = Vec::new();
    if !json {
        print_understood(&table, &batch, lang);
    }
    let may_ask = !json && !asked.dry_run && std::io::stdin().is_terminal();
    let is_agreed = is_good && !asked.dry_run && (asked.yes || (may_ask && ask(&batch, lang)));
    // All rows or none: half a table would have to be sorted out by hand.
    if is_agreed {
        let statements = batch.good.iter().map(|(_, statement)| statement.clone());
        let statements: Vec<_> = statements.collect();
        ids = desk.add_statements(&statements, asked.again).await?;
    }
    if json {
        output::print_json(&serde_json::json!({
            "rows": table.rows.len(),
            "written": ids.len(),
            "ids": ids,
            "faults": output::faults_json(&batch.faults, lang),
            "remarks": output::faults_json(&batch.remarks, lang),
            "left_out": left_out_json(&table, lang),
            "unread": { "columns": table.unread, "cells": table.unread_cells },
        }));
    } else {
        print_import_result(&batch, &ids, lang);
    }
    Ok(if is_good { EXIT_DONE } else { EXIT_NEGATIVE })
}

/// Bytes of a file, read only to one byte more than the limit. The table reader refuses the rest.
fn read_bounded_file(file: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let most = u64::try_from(LEDGER_FILE_BYTES_MAX).unwrap_or(u64::MAX);
    std::fs::File::open(file)?
        .take(most + 1)
        .read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn left_out_json(table: &EntryTable, lang: Language) -> Vec<serde_json::Value> {
    let rows = table.left_out.iter();
    rows.map(|row| serde_json::json!({ "row": row.line, "message": row.message(lang) }))
        .collect()
}

/// Table with the decimal sign that the call says, which counts more than what the table shows.
fn with_said_mark(table: EntryTable, said: Option<&str>) -> EntryTable {
    let mark = match said {
        Some("comma") => Some(DecimalMark::Comma),
        Some("point") => Some(DecimalMark::Point),
        _ => table.mark,
    };
    EntryTable { mark, ..table }
}

/// Whether the person at the terminal agrees.
fn ask(batch: &EntryBatch, lang: Language) -> bool {
    let count = batch.good.len().to_string();
    let question = lang.text_with("ledger-ask", &[("count", &count)]);
    ConsolePrompt::new(&mut std::io::stdin().lock(), lang).ask_agreement(&question)
}

/// Prints how the table was read, what was left out, and what is wrong.
fn print_understood(table: &EntryTable, batch: &EntryBatch, lang: Language) {
    let parts = table.format_text(lang);
    print_stderr(&lang.text_with("exchange-understood", &[("parts", &parts)]));
    for message in skipped_messages(table, lang) {
        print_stderr(&message);
    }
    for told in [&batch.remarks, &batch.faults] {
        for message in row_messages(table, told, lang) {
            print_stderr(&message);
        }
    }
}

fn print_import_result(batch: &EntryBatch, ids: &[EntryId], lang: Language) {
    if !batch.faults.is_empty() {
        let count = batch.faults.len().to_string();
        print_stderr(&lang.text_with("ledger-refused", &[("count", &count)]));
    } else if ids.is_empty() {
        let count = batch.good.len().to_string();
        print_stderr(&lang.text_with("ledger-dry", &[("count", &count)]));
    } else {
        output::print_added_ids(ids, lang);
    }
}
