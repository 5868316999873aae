//! Questions about a table to the person at the terminal.

use crate::cli::backend::print_stderr;
use crate::cli::prompt::{ConsolePrompt, PROMPT_TRIES};
use crate::i18n::Language;
use crate::samples_csv::{
    self, DateOrder, DecimalSeparator, LoggerTable, LoggerTableError, LoggerTableMessage,
    LoggerTableOptions,
};
use std::io::BufRead;

/// Questions of one file: each kind is asked once, and a wrong column again.
const QUESTIONS_MAX: usize = 6 * PROMPT_TRIES;

/// Sentence in a language.
pub(super) fn sentence_text(sentence: &LoggerTableMessage, lang: Language) -> String {
    let args = sentence.args.iter().map(|(name, value)| match *name {
        "source" | "second" => (*name, source_text(value, lang)),
        name => (name, value.clone()),
    });
    let args: Vec<(&str, String)> = args.collect();
    let args = args.iter().map(|(name, value)| (*name, &**value));
    lang.text_with(sentence.key, &args.collect::<Vec<_>>())
}

/// Name of a place that says something, by its key and the number of its line.
pub(super) fn source_text(key: &str, lang: Language) -> String {
    let (key, line) = key.split_once(' ').unwrap_or((key, ""));
    lang.text_with(key, &[("line", line)])
}

/// Asks what the table leaves open until it can be read, or a person gives no answer. Errors: those
/// of the last reading.
pub(super) fn read_with_answers(
    bytes: &[u8],
    wishes: &mut LoggerTableOptions,
    refused: LoggerTableError,
    lang: Language,
) -> Result<LoggerTable, LoggerTableError> {
    ask_and_read(bytes, wishes, refused, &mut std::io::stdin().lock(), lang)
}

fn ask_and_read(
    bytes: &[u8],
    wishes: &mut LoggerTableOptions,
    mut refused: LoggerTableError,
    from: &mut dyn BufRead,
    lang: Language,
) -> Result<LoggerTable, LoggerTableError> {
    let mut prompt = ConsolePrompt::new(from, lang);
    for _ in 0..QUESTIONS_MAX {
        let Some(question) = refused.sentences.first() else {
            return Err(refused);
        };
        print_stderr(&sentence_text(question, lang));
        if !take_answer(question.key, wishes, &mut prompt, lang) {
            return Err(refused);
        }
        match samples_csv::read_table(bytes, wishes) {
            Ok(table) => return Ok(table),
            Err(again) => refused = again,
        }
    }
    Err(refused)
}

/// Unit of the values from the person at the terminal, who may agree to that of the point.
pub(super) fn ask_unit(point_unit: &str, lang: Language) -> Option<String> {
    let question = lang.text_with("cli-import-answer-unit", &[("unit", point_unit)]);
    let unit = |text: &str| {
        let is_yes = ["y", "ya", "yes"].contains(&text.to_lowercase().as_str());
        let found = drivers::units::find_unit(if is_yes { point_unit } else { text.trim() });
        let own = || (is_yes || text.trim() == point_unit).then_some(point_unit);
        found
            .map(|unit| unit.symbol)
            .or_else(own)
            .map(str::to_owned)
    };
    let mut stdin = std::io::stdin().lock();
    ConsolePrompt::new(&mut stdin, lang).ask_parsed(&question, unit)
}

/// Asks for one answer and keeps it; false when there is none, or when nothing can be asked.
fn take_answer(
    key: &str,
    wishes: &mut LoggerTableOptions,
    prompt: &mut ConsolePrompt<'_>,
    lang: Language,
) -> bool {
    let text = |text: &str| Some(text.to_owned());
    match key {
        "exchange-zone" | "exchange-zones-differ" | "exchange-stated-zones-differ" => {
            let site = wishes.site_zone.clone();
            let question = lang.text_with("cli-import-answer-zone", &[("zone", &site)]);
            let zone = |text: &str| {
                let is_yes = ["y", "ya", "yes"].contains(&text.to_lowercase().as_str());
                samples_csv::parse_zone(if is_yes { &site } else { text })
            };
            wishes.zone = prompt.ask_parsed(&question, zone);
            wishes.zone.is_some()
        }
        "exchange-dates"
        | "exchange-dates-short"
        | "exchange-dates-heading"
        | "exchange-dates-said" => {
            let question = lang.text("cli-import-answer");
            wishes.dates = prompt.ask_parsed(&question, DateOrder::parse);
            wishes.dates.is_some()
        }
        "exchange-decimals" | "exchange-decimals-said" => {
            let question = lang.text("cli-import-answer");
            wishes.decimals = prompt.ask_parsed(&question, DecimalSeparator::parse);
            wishes.decimals.is_some()
        }
        "exchange-column" | "exchange-column-unknown" | "exchange-column-twice" => {
            wishes.column = prompt.ask_parsed(&lang.text("cli-import-answer"), text);
            wishes.column.is_some()
        }
        "exchange-time-column" | "exchange-time-column-unknown" => {
            wishes.time_column = prompt.ask_parsed(&lang.text("cli-import-answer"), text);
            wishes.time_column.is_some()
        }
        "exchange-sheet" | "exchange-sheet-unknown" => {
            wishes.sheet = prompt.ask_parsed(&lang.text("cli-import-answer"), text);
            wishes.sheet.is_some()
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples_csv::TimestampBounds;

    fn read(file: &str, answers: &str) -> Result<LoggerTable, LoggerTableError> {
        let now = samples_csv::parse_time("2026-11-28T00:00:00Z").unwrap();
        let era = TimestampBounds::for_now(now);
        let mut wishes = LoggerTableOptions::new("Asia/Jakarta", era);
        let refused = samples_csv::read_table(file.as_bytes(), &wishes).unwrap_err();
        let mut answers = answers.as_bytes();
        ask_and_read(
            file.as_bytes(),
            &mut wishes,
            refused,
            &mut answers,
            Language::En,
        )
    }

    #[test]
    fn a_person_answers_what_the_file_leaves_open() {
        let file = "waktu;volt;daya\n02/08/2022 15:30;230,1;1.234\n02/08/2022 15:45;230,2;1.235\n";
        // Column, date order after a wrong answer, decimal sign, zone of the site.
        let table = read(file, "daya\nhari\ndmy\ncomma\ny\n").unwrap();
        let mut text = String::new();
        samples_csv::write_time(&mut text, table.rows[0].0);
        text.push(' ');
        samples_csv::write_number(&mut text, table.rows[0].1);
        assert_eq!(text, "2022-08-02T08:30:00Z 1234");
        // No answer leaves the file as it is.
        let refused = read(file, "daya\n").unwrap_err();
        assert_eq!(refused.sentences[0].key, "exchange-dates");
    }
}
