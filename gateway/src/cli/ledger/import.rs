//! `pantau ledger import`: a table is checked as a whole, and what was understood is shown. Only
//! `--yes`, or a person who agrees at the terminal, writes it, and only when every row is right.

use super::args::LedgerImportArgs;
use super::client::LedgerClient;
use super::output;
use crate::api::row_messages::{row_messages, skipped_messages};
use crate::cli::backend::print_stderr;
use crate::cli::command_error::{CommandError, NameFile as _};
use crate::cli::exit_status::{EXIT_DONE, EXIT_NEGATIVE, EXIT_USAGE};
use crate::cli::prompt::ConsolePrompt;
use crate::domain::ledger::EntryId;
use crate::i18n::Language;
use crate::ledger::{DecimalMark, EntryBatch, EntryTable, NamedColumn, read_named_table};
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
    let named = match named_columns(asked, desk, lang) {
        Ok(named) => named,
        Err(why) => {
            print_stderr(&why);
            return Ok(EXIT_USAGE);
        }
    };
    let bytes = read_bounded_file(&asked.table).reading(&asked.table)?;
    let table = match read_named_table(&bytes, &desk.definitions, &named) {
        Ok(table) => table,
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
    let may_ask = !json && std::io::stdin().is_terminal();
    let (batch, said) = check_table(desk, &table, asked, may_ask).await?;
    let is_good = batch.faults.is_empty();
    let mut ids = Vec::new();
    if !json {
        print_understood(&table, said, &batch, lang);
    }
    let may_ask = may_ask && !asked.dry_run;
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

/// Columns that the call names. Errors: a sentence that says what is wrong.
fn named_columns(
    asked: &LedgerImportArgs,
    desk: &LedgerClient,
    lang: Language,
) -> Result<Vec<NamedColumn>, String> {
    let parse = |text: &String| {
        let unknown = || lang.text_with("ledger-column-unknown", &[("found", text)]);
        NamedColumn::parse(text, &desk.definitions).ok_or_else(unknown)
    };
    asked.entry_column.iter().map(parse).collect()
}

/// Checks the rows, and asks the person at the terminal for the decimal sign where every quantity
/// leaves it open. Returns the sign that was said.
async fn check_table(
    desk: &mut LedgerClient,
    table: &EntryTable,
    asked: &LedgerImportArgs,
    may_ask: bool,
) -> Result<(EntryBatch, Option<DecimalMark>), CommandError> {
    let lang = desk.lang;
    let rows = || table.rows.iter().map(|row| (row.line, &row.raw));
    let said = asked.decimal.as_deref().and_then(DecimalMark::parse);
    // What the call says counts more than what the table shows.
    let batch = desk
        .check_rows(rows(), said.or(table.mark), asked.again)
        .await?;
    let mut faults = batch.faults.iter();
    let open = faults.find(|told| told.remark.key == "ledger-ambiguous");
    let Some(open) = open.filter(|_| may_ask && said.is_none()) else {
        return Ok((batch, said));
    };
    for message in row_messages(table, std::slice::from_ref(open), lang) {
        print_stderr(&message);
    }
    let mut stdin = std::io::stdin().lock();
    let question = lang.text("cli-import-answer");
    let said = ConsolePrompt::new(&mut stdin, lang).ask_parsed(&question, DecimalMark::parse);
    drop(stdin);
    let Some(said) = said else {
        return Ok((batch, None));
    };
    let batch = desk.check_rows(rows(), Some(said), asked.again).await?;
    Ok((batch, Some(said)))
}

/// Whether the person at the terminal agrees.
fn ask(batch: &EntryBatch, lang: Language) -> bool {
    let count = count_text(batch.good.len(), lang);
    let question = lang.text_with("ledger-ask", &[("count", &count)]);
    ConsolePrompt::new(&mut std::io::stdin().lock(), lang).ask_agreement(&question)
}

/// Prints how the table was read, what was left out, and what is wrong.
fn print_understood(
    table: &EntryTable,
    said: Option<DecimalMark>,
    batch: &EntryBatch,
    lang: Language,
) {
    let parts = table.format_text(said, lang);
    print_stderr(&lang.text_with("exchange-understood", &[("parts", &parts)]));
    let marks = table.mark_messages(said, lang);
    for message in marks.iter().chain(&skipped_messages(table, lang)) {
        print_stderr(message);
    }
    for told in [&batch.remarks, &batch.faults] {
        for message in row_messages(table, told, lang) {
            print_stderr(&message);
        }
    }
}

fn print_import_result(batch: &EntryBatch, ids: &[EntryId], lang: Language) {
    if !batch.faults.is_empty() {
        let count = count_text(batch.faults.len(), lang);
        print_stderr(&lang.text_with("ledger-refused", &[("count", &count)]));
    } else if ids.is_empty() {
        let count = count_text(batch.good.len(), lang);
        print_stderr(&lang.text_with("ledger-dry", &[("count", &count)]));
    } else {
        output::print_added_ids(ids, lang);
    }
}

/// Number of rows in the marks of the language.
fn count_text(count: usize, lang: Language) -> String {
    lang.locale().grouped_digits(&count.to_string())
}
