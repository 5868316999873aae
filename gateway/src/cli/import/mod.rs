//! `pantau import`: readings of a file into the store.
//!
//! The whole file is read and checked first; what was understood, and how the readings compare with
//! those that are kept, is shown. On a terminal a person answers what the file leaves open, and
//! agrees before anything is written; without a terminal the options say it.
//!
//! A file in the exchange format is read line by line, so its length is not limited. Any other file
//! is read as the table of another program ([`samples_csv::read_table`]).

mod counter_falls;
mod heading_doubts;
mod import_args;
mod import_preview;
mod import_questions;
mod import_units;
mod import_upload;
mod planned_import;
mod samples_file;
mod value_units;

pub(super) use import_args::ImportArgs;

use super::backend::{load_config, open_client, print_stderr, report_failure};
use super::exit_status::{EXIT_DONE, EXIT_NEGATIVE, EXIT_USAGE};
use super::standard_output::print_line;
use crate::api::client::ApiClient;
use crate::cli::command_error::{CommandError, NameFile as _};
use crate::cli::prompt::ConsolePrompt;
use crate::clock::Clock;
use crate::config::Config;
use crate::i18n::Language;
use crate::limits::IMPORT_TABLE_BYTES_MAX;
use crate::samples_csv::{
    self, CsvRowErrorKind, CsvRowErrors, DetectedTableFormat, LoggerTable, LoggerTableError,
    LoggerTableOptions, TimestampBounds,
};
use crate::server::ImportedRowsJson;
use crate::storage::{StoreAccess, StoreError};
use counter_falls::{CounterDoubt, CounterFalls};
use heading_doubts::refuses_heading;
use import_args::ImportTarget;
use import_upload::{FileOrigin, ImportStep};
use planned_import::{ImportRows, PlannedImport};
use samples_file::check_samples_file;
use std::io::IsTerminal as _;
use std::path::Path;
use value_units::UnitConversion;

/// Imports the file as samples of the points; returns the exit status.
pub(super) async fn run_import(options: &ImportArgs, lang: Language) -> u8 {
    let config = match load_config(&options.config, lang) {
        Ok(config) => config,
        Err(status) => return status,
    };
    let targets = match options.targets(&config, lang) {
        Ok(targets) => targets,
        Err(why) => {
            print_stderr(&why);
            return EXIT_USAGE;
        }
    };
    let era = TimestampBounds::for_now(Clock::system().now().at);
    let mut wishes = LoggerTableOptions::new(config.site.timezone.name(), era);
    if let Err(why) = options.fill_wishes(&mut wishes, lang) {
        print_stderr(&why);
        return EXIT_USAGE;
    }
    match import_file(&config, options, (targets, wishes), lang).await {
        Ok(status) => status,
        Err(trouble) => report_failure(&trouble, lang),
    }
}

async fn import_file(
    config: &Config,
    options: &ImportArgs,
    (targets, mut wishes): (Vec<ImportTarget>, LoggerTableOptions),
    lang: Language,
) -> Result<u8, CommandError> {
    let mut plans: Vec<PlannedImport> = Vec::new();
    for target in targets {
        match plan_target((config, options), target, &plans, &mut wishes, lang)? {
            Some(plan) => plans.push(plan),
            None => return Ok(EXIT_NEGATIVE),
        }
    }
    for plan in &plans {
        import_preview::print_format(plan, options, &wishes, lang);
    }
    let origin = FileOrigin::of_file(&options.file, options.who.clone())?;
    let access = if options.dry_run {
        StoreAccess::Read
    } else {
        StoreAccess::Write
    };
    let mut client = match open_client(config, access).await {
        Ok(client) => Some(client),
        // A dry run makes no store; without one every row is new.
        Err(CommandError::Store(StoreError::Missing(_))) if options.dry_run => None,
        Err(trouble) => return Err(trouble),
    };
    let work = ImportWork {
        config,
        options,
        plans: &plans,
        origin: &origin,
    };
    let status = work.compare_and_write(client.as_mut(), lang).await;
    if let Some(client) = client {
        client.close().await;
    }
    status
}

/// Rows that were read, on their way into the store.
struct ImportWork<'a> {
    config: &'a Config,
    options: &'a ImportArgs,
    plans: &'a [PlannedImport],
    origin: &'a FileOrigin,
}

impl ImportWork<'_> {
    /// Compares the rows with the kept ones, and writes them if that is agreed. `client`: `None`
    /// without a store. Returns the exit status.
    async fn compare_and_write(
        &self,
        mut client: Option<&mut ApiClient>,
        lang: Language,
    ) -> Result<u8, CommandError> {
        let mut found = Vec::new();
        for plan in self.plans {
            let compared = match &mut client {
                Some(client) => {
                    import_upload::send(client, plan, self.origin, ImportStep::Compare).await?
                }
                None => import_upload::all_new(plan, self.config)?,
            };
            import_preview::print_comparison(plan, &compared, self.config, lang);
            found.push(compared);
        }
        let mut doubts = self.plans.iter().filter_map(PlannedImport::counter_doubt);
        let doubt = doubts.next().map(|(doubt, _)| doubt);
        let decision = decide(self.options, &found, doubt, lang);
        if let (Decision::Write(step), Some(client)) = (&decision, &mut client) {
            for (plan, written) in self.plans.iter().zip(&mut found) {
                *written = import_upload::send(client, plan, self.origin, *step).await?;
            }
        }
        print_results(self.options, self.plans, &found, lang);
        Ok(decision.exit_status())
    }
}

/// Decision after the comparison.
enum Decision {
    Write(ImportStep),
    /// A dry run, or a person who said no; `true` when a real run would be refused.
    Leave(bool),
}

impl Decision {
    fn exit_status(&self) -> u8 {
        match self {
            Self::Write(_) | Self::Leave(false) => EXIT_DONE,
            Self::Leave(true) => EXIT_NEGATIVE,
        }
    }
}

/// Asks about values that may be no readings of a counter; whether they are refused. `--yes` is no
/// answer: it is given before they are seen.
fn refuses_counter(options: &ImportArgs, doubt: Option<CounterDoubt>, lang: Language) -> bool {
    let Some(doubt) = doubt.filter(|_| !options.falling_counter) else {
        return false;
    };
    if options.may_ask() && !options.yes && !options.dry_run {
        let mut stdin = std::io::stdin().lock();
        let mut prompt = ConsolePrompt::new(&mut stdin, lang);
        return !prompt.ask_agreement(&lang.text(doubt.question_key()));
    }
    print_stderr(&lang.text(doubt.refusal_key()));
    true
}

fn decide(
    options: &ImportArgs,
    found: &[ImportedRowsJson],
    doubt: Option<CounterDoubt>,
    lang: Language,
) -> Decision {
    if refuses_counter(options, doubt, lang) {
        print_stderr(&lang.text(if options.dry_run {
            "cli-import-dry"
        } else {
            "cli-import-nothing"
        }));
        return Decision::Leave(true);
    }
    let has_conflict = found.iter().any(|one| one.differing + one.among > 0);
    let is_refused = has_conflict && !options.replace;
    if options.dry_run {
        print_stderr(&lang.text(if is_refused {
            "cli-import-dry-conflict"
        } else {
            "cli-import-dry"
        }));
        return Decision::Leave(is_refused);
    }
    let may_ask = options.may_ask() && !options.yes;
    if is_refused && !may_ask {
        print_stderr(&lang.text("cli-import-conflict"));
        return Decision::Leave(true);
    }
    if may_ask {
        let key = if is_refused {
            "cli-import-ask-replace"
        } else {
            "cli-import-ask"
        };
        let mut stdin = std::io::stdin().lock();
        let mut prompt = ConsolePrompt::new(&mut stdin, lang);
        if !prompt.ask_agreement(&lang.text(key)) {
            print_stderr(&lang.text("cli-import-nothing"));
            return Decision::Leave(true);
        }
    }
    Decision::Write(if has_conflict {
        ImportStep::Replace
    } else {
        ImportStep::Add
    })
}

impl ImportArgs {
    /// Whether a person at a terminal can be asked.
    fn may_ask(&self) -> bool {
        !self.json && std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
    }
}

/// Reads the file for one point, beside earlier ones; `None` when it was refused, after the reasons
/// were printed.
fn plan_target(
    (config, options): (&Config, &ImportArgs),
    target: ImportTarget,
    earlier: &[PlannedImport],
    wishes: &mut LoggerTableOptions,
    lang: Language,
) -> Result<Option<PlannedImport>, CommandError> {
    let file = &*options.file;
    // The exchange format is tried first: it is exact and leaves no question open.
    let falls = counter_falls(config, &target.point);
    let own = check_samples_file(file, wishes.era, falls.unwrap_or_default()).reading(file)?;
    if own.faults.count == 0 && own.rows > 0 && !options.names_layout() {
        return Ok(Some(PlannedImport {
            target,
            count: own.rows - own.repeated,
            rows: ImportRows::Lines(file.to_owned()),
            repeated: own.repeated,
            interval_ms: own.interval_ms,
            span: own.span,
            format: None,
            converted: UnitConversion::default(),
            falls: falls.map(|_| own.falls),
        }));
    }
    // A table is read as a whole, unlike a file in the exchange format.
    if std::fs::metadata(file).reading(file)?.len() > IMPORT_TABLE_BYTES_MAX {
        import_preview::print_row_errors(&own.faults, file, lang);
        let most = (IMPORT_TABLE_BYTES_MAX >> 20).to_string();
        print_stderr(&lang.text_with("exchange-too-large", &[("most", &most)]));
        return Ok(None);
    }
    let bytes = std::fs::read(file).reading(file)?;
    wishes.column.clone_from(&target.column);
    let read = match samples_csv::read_table(&bytes, wishes) {
        Err(refused) if options.may_ask() => {
            import_questions::read_with_answers(&bytes, wishes, refused, lang)
        }
        read => read,
    };
    match read {
        Ok(table) => {
            if let Some(other) = earlier.iter().find(|one| one.has_column_of(&table.format)) {
                print_column_twice(&table.format, [&other.target, &target], lang);
                return Ok(None);
            }
            Ok(plan_table(config, options, target, table, lang))
        }
        Err(refused) => {
            print_refusal(&refused, &own.faults, file, lang);
            Ok(None)
        }
    }
}

/// Count of falls for a point, if it is a counter.
fn counter_falls(config: &Config, id: &str) -> Option<CounterFalls> {
    config.site.point(id).filter(|point| point.counter)?;
    Some(CounterFalls::new(config.counter_wraps_at(id)))
}

fn plan_table(
    config: &Config,
    options: &ImportArgs,
    target: ImportTarget,
    table: LoggerTable,
    lang: Language,
) -> Option<PlannedImport> {
    let LoggerTable {
        mut rows,
        mut format,
    } = table;
    let unit = config.site.point(&target.point).map(|point| &*point.unit);
    let point = (&*target.point, unit.unwrap_or_default());
    let is_chosen = target.column.is_some();
    if !is_chosen && refuses_heading(&format.column_name, point, options.may_ask(), lang) {
        return None;
    }
    let converted = import_units::convert_values(options, point, (&mut rows, &format), lang)?;
    // The preview shows what is stored.
    if let Some((_, first)) = &mut format.first
        && let Some(stored) = rows.iter().find(|row| row.0 == first.0)
    {
        *first = *stored;
    }
    if rows.is_empty() {
        print_no_rows(&options.file, lang);
        return None;
    }
    let mut falls = counter_falls(config, &target.point);
    if let Some(falls) = &mut falls {
        for (at, number) in rows.iter().filter(|row| !format.statuses.is_wrong(row.0)) {
            falls.push(*at, number.to_f64());
        }
    }
    Some(PlannedImport {
        falls,
        target,
        count: u64::try_from(rows.len()).unwrap_or(u64::MAX),
        repeated: format.repeated,
        interval_ms: format.interval_ms,
        span: rows
            .first()
            .zip(rows.last())
            .map(|(first, last)| (first.0, last.0)),
        rows: ImportRows::Table(rows),
        format: Some(format),
        converted,
    })
}

/// Says that one column is to go to two points.
fn print_column_twice(
    format: &DetectedTableFormat,
    [first, second]: [&ImportTarget; 2],
    lang: Language,
) {
    let args = [
        (
            "column",
            &*import_preview::column_text(format.column, &format.column_name),
        ),
        ("point", &*first.point),
        ("other", &*second.point),
    ];
    print_stderr(&lang.text_with("cli-import-column-twice", &args));
    print_stderr(&lang.text("cli-import-nothing"));
}

fn print_no_rows(file: &Path, lang: Language) {
    let name = file.display().to_string();
    print_stderr(&lang.text_with("cli-import-no-rows", &[("file", &name)]));
}

/// Prints the open questions, else the errors of every kind of row.
fn print_refusal(refused: &LoggerTableError, own: &CsvRowErrors, file: &Path, lang: Language) {
    let mut faults = &refused.faults;
    let is_no_table = refused
        .sentences
        .iter()
        .any(|said| said.key == "exchange-no-table");
    // Below the heading `time,value` the errors of the rows say more than that none can be read.
    let has_heading = own
        .kinds
        .iter()
        .all(|(kind, _)| *kind != CsvRowErrorKind::Header);
    if is_no_table && has_heading && own.count > 0 {
        faults = own;
    }
    for sentence in refused.sentences.iter().filter(|_| faults.count == 0) {
        let text = import_questions::sentence_text(sentence, lang);
        print_stderr(&format!("{}: {text}", file.display()));
    }
    if faults.count > 0 {
        import_preview::print_row_errors(faults, file, lang);
    } else {
        print_stderr(&lang.text("cli-import-nothing"));
    }
}

fn print_results(
    options: &ImportArgs,
    plans: &[PlannedImport],
    found: &[ImportedRowsJson],
    lang: Language,
) {
    let each = plans.iter().zip(found);
    if options.json {
        let mut all: Vec<serde_json::Value> = each
            .map(|(plan, done)| import_preview::result_json(plan, options, done))
            .collect();
        let json = match all.len() {
            1 => all.remove(0),
            _ => serde_json::json!({ "points": all }),
        };
        print_line(&json.to_string());
        return;
    }
    for (plan, done) in each.filter(|(_, done)| done.written) {
        let args = [
            ("point", &*plan.target.point),
            ("rows", &*import_preview::count_text(plan.count, lang)),
            ("new", &*import_preview::count_text(done.new, lang)),
            ("equal", &*import_preview::count_text(done.equal, lang)),
            (
                "replaced",
                &*import_preview::count_text(done.differing, lang),
            ),
        ];
        print_line(&lang.text_with("cli-imported", &args));
    }
}
