//! `pantau ledger import`: a table is checked as a whole; only `--yes` writes, and only when every
//! row is right.

use super::args::Import;
use super::desk::Desk;
use super::{faults, show};
use crate::cli::running::{Trouble, complain};
use crate::cli::{DONE, NO};
use crate::ledger::{Batch, Field, Table, Told, read_table};
use crate::limits::LEDGER_FILE_BYTES_MAX;
use crate::model::ledger::EntryId;
use crate::words::Lang;
use std::io::Read;
use std::path::Path;

/// Checks the table, and writes it down when asked to; the exit status.
pub(super) async fn run(desk: &mut Desk, asked: &Import, json: bool) -> Result<u8, Trouble> {
    let lang = desk.lang;
    let bytes = bounded(&asked.table)?;
    let table = match read_table(&bytes, &desk.definitions) {
        Ok(table) => table,
        Err(why) => {
            let file = asked.table.display().to_string();
            let args = [("file", &*file), ("why", &why.say(lang))];
            complain(&lang.say("ledger-no-table", &args));
            return Ok(NO);
        }
    };
    if table.rows.is_empty() {
        complain(&lang.text("ledger-empty"));
        return Ok(NO);
    }
    let rows = table.rows.iter().map(|row| (row.line, &row.raw));
    let batch = desk.check(rows, table.mark, asked.again).await?;
    let is_good = batch.faults.is_empty();
    let mut ids = Vec::new();
    if is_good && asked.yes {
        let statements = batch.good.iter().map(|(_, statement)| statement.clone());
        ids = desk.add(statements.collect(), asked.again).await?;
    }
    if json {
        show::json(&serde_json::json!({
            "rows": table.rows.len(),
            "written": ids.len(),
            "ids": ids,
            "faults": faults(&batch.faults, lang),
            "remarks": faults(&batch.remarks, lang),
            "left_out": left_out(&table, lang),
        }));
    } else {
        tell(&table, &batch, &ids, lang);
    }
    Ok(if is_good { DONE } else { NO })
}

/// A file that is longer than any table is not read to its end.
fn bounded(file: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let most = u64::try_from(LEDGER_FILE_BYTES_MAX).unwrap_or(u64::MAX);
    std::fs::File::open(file)?
        .take(most + 1)
        .read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn left_out(table: &Table, lang: Lang) -> Vec<serde_json::Value> {
    let rows = table.left_out.iter();
    rows.map(|row| serde_json::json!({ "row": row.line, "message": row.say(lang) }))
        .collect()
}

fn tell(table: &Table, batch: &Batch, ids: &[EntryId], lang: Lang) {
    for row in &table.left_out {
        complain(&row.say(lang));
    }
    for told in batch.remarks.iter().chain(&batch.faults) {
        complain(&row(table, told, lang));
    }
    if !batch.faults.is_empty() {
        let count = batch.faults.len().to_string();
        complain(&lang.say("ledger-refused", &[("count", &count)]));
    } else if ids.is_empty() {
        let count = batch.good.len().to_string();
        complain(&lang.say("ledger-dry", &[("count", &count)]));
    } else {
        show::added(ids, lang);
    }
}

fn row(table: &Table, told: &Told, lang: Lang) -> String {
    let (line, why) = (told.line.to_string(), told.remark.say(lang));
    let field = told.remark.field.name(lang);
    match letter(table, told.remark.field) {
        Some(letter) => {
            let column = format!("{letter} ({field})");
            lang.say(
                "ledger-row",
                &[("row", &line), ("column", &column), ("why", &why)],
            )
        }
        None => lang.say(
            "ledger-row-bare",
            &[("row", &line), ("field", &field), ("why", &why)],
        ),
    }
}

/// The column of a field as a spreadsheet names it: A to Z, AA, ...
fn letter(table: &Table, field: Field) -> Option<String> {
    let (at, _) = table.columns.iter().find(|(_, one)| *one == field)?;
    let mut at = *at + 1;
    let mut letters = String::new();
    while at > 0 {
        let digit = u8::try_from((at - 1) % 26).unwrap_or(0);
        letters.insert(0, char::from(b'A' + digit));
        at = (at - 1) / 26;
    }
    Some(letters)
}
