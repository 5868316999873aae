//! The way down as lines for people, each step further in.

use super::Explanation;
use crate::chapters::book::Book;
use crate::chapters::{factors, figures, naming, points};
use crate::model::UtcMs;
use crate::model::indicator::{Indicator, Input, Readings, Source};
use crate::report::figure::Figure;
use crate::report::format;
use crate::report::value::{Kind, Value};
use std::fmt::Write as _;

const INDENT: &str = "  ";

/// Lines with their depth.
struct Lines<'b, 'a> {
    book: &'b Book<'a>,
    text: String,
}

pub(super) fn text(book: &Book<'_>, one: &Explanation<'_>) -> String {
    let mut lines = Lines {
        book,
        text: String::new(),
    };
    lines.figure(one, 0);
    lines.text
}

impl Lines<'_, '_> {
    fn line(&mut self, depth: usize, text: &str) {
        let _ = writeln!(self.text, "{}{text}", INDENT.repeat(depth));
    }

    fn say(&mut self, depth: usize, key: &str, args: &[(&str, &str)]) {
        let text = self.book.say(&format!("chapters-explain-{key}"), args);
        self.line(depth, &text);
    }

    fn figure(&mut self, one: &Explanation<'_>, depth: usize) {
        let (book, indicator) = (self.book, one.indicator);
        let name = book.full_name(indicator);
        let period = naming::period(book.lang, indicator.period);
        self.line(depth, &format!("{name} ({}), {period}", indicator.id));
        let said = said(book, indicator);
        self.line(depth + 1, &said);
        let origin = book.text(&format!("report-origin-{}", indicator.origin.key()));
        let args = [("method", indicator.method), ("origin", &*origin)];
        self.say(depth + 1, "method", &args);
        self.line(depth + 1, indicator.equation);
        if let (Ok(value), true) = (&indicator.value, one.numbers != indicator.equation) {
            let result = naming::quantity(book.lang, *value, &indicator.unit);
            self.line(depth + 1, &format!("{} → {result}", one.numbers));
        }
        for (place, input) in indicator.inputs.iter().enumerate() {
            self.input(input, depth + 1);
            let below = one.below.iter().filter(|(at, _)| *at == place);
            for (_, next) in below {
                self.figure(next, depth + 2);
            }
        }
        for note in figures::notes(book, indicator) {
            self.say(depth + 1, "note", &[("note", &note)]);
        }
    }

    fn input(&mut self, input: &Input, depth: usize) {
        let book = self.book;
        let value = match input.value {
            Some(value) => naming::quantity(book.lang, value, &input.unit),
            None => format::NONE.to_owned(),
        };
        let (key, of) = match &input.from {
            Source::Point(readings) => ("point", readings.point.to_string()),
            Source::Ledger { indicator, .. } => {
                ("ledger", book.name(&format!("ledger.{indicator}")))
            }
            Source::Factor(id) => ("factor", id.to_string()),
            Source::Setting(key) => ("setting", key.clone()),
            Source::Indicator(id) => ("indicator", book.name(id)),
            Source::Constant(what) => ("constant", (*what).to_owned()),
        };
        let from = book.say(&format!("chapters-explain-{key}"), &[("of", &of)]);
        self.line(depth, &format!("{} = {value} ← {from}", input.symbol));
        match &input.from {
            Source::Point(readings) => self.readings(readings, depth + 1),
            Source::Factor(id) => self.factor(id, depth + 1),
            Source::Ledger { entries, .. } => {
                let all = entries.iter().map(ToString::to_string).collect::<Vec<_>>();
                self.say(depth + 1, "entries", &[("entries", &all.join(", "))]);
            }
            _ => {}
        }
    }

    fn readings(&mut self, one: &Readings, depth: usize) {
        let book = self.book;
        let point = book.matter.config.site.point(&one.point);
        let unit = point.map_or("", |point| &*point.unit);
        let read = |read: Option<(UtcMs, f64)>| match read {
            Some((at, value)) => format!(
                "{} ({})",
                naming::quantity(book.lang, value, unit),
                format::time(book.lang, at, &book.zone)
            ),
            None => format::NONE.to_owned(),
        };
        let [first, last] = [one.first, one.last].map(read);
        self.say(depth, "readings", &[("first", &first), ("last", &last)]);
        let number = |count: u64| format::number(book.lang, points::count(count), 0);
        let longest = format::number(book.lang, points::hours(one.longest_gap_ms), 1);
        let args = [
            ("good", &*number(one.good)),
            ("expected", &*number(one.expected)),
            ("gaps", &*number(one.gaps)),
            ("longest", &*longest),
        ];
        self.say(depth, "gaps", &args);
    }

    fn factor(&mut self, id: &str, depth: usize) {
        let book = self.book;
        let Some(factor) = book.matter.config.factors.find(id) else {
            return;
        };
        let year = factor
            .year
            .map_or_else(|| format::NONE.to_owned(), |year| year.to_string());
        let (status, headline) = (
            factors::status(book, factor),
            factors::headline(book, factor),
        );
        let args = [
            ("year", &*year),
            ("status", &*status),
            ("headline", &*headline),
            (
                "source",
                book.matter.config.factors.source(factor, book.lang),
            ),
        ];
        self.say(depth, "factor-is", &args);
    }
}

/// The figure as the report prints it, with its uncertainty and how final it is.
fn said(book: &Book<'_>, one: &Indicator) -> String {
    let figure: Figure = figures::figure(book, one, "", "");
    let shown = |value: f64| match &figure.kind {
        Kind::Number(measure) => {
            let rounded = measure.round(value);
            format::quantity(book.lang, rounded, &measure.unit, measure.shown_decimals())
        }
        _ => naming::number(book.lang, value),
    };
    let mut text = match &figure.value {
        Value::Number(value) => shown(*value),
        Value::Missing(why) => format!("{} {why}", format::NONE),
        _ => format::NONE.to_owned(),
    };
    if let Some(width) = figure.plus_minus {
        let _ = write!(text, " ± {}", naming::quantity(book.lang, width, &one.unit));
    }
    if let Some(share) = figure.completeness {
        let share = format::percent(book.lang, share, 1);
        text.push_str(" · ");
        text.push_str(&book.say("report-card-completeness", &[("share", &share)]));
    }
    let status = book.text(&format!("report-status-{}", figure.status.key()));
    let _ = write!(text, " · {status}");
    text
}
