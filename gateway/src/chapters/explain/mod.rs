//! The way down from a figure: equation, the same with its numbers, inputs and their sources,
//! readings and gaps; as text for people, as JSON for scripts.

mod json;
mod text;

pub use json::{ExplanationJson, FactorJson, IndicatorJson, InputJson, ReadingsJson};

use super::Matter;
use super::book::Book;
use super::naming;
use crate::config::Config;
use crate::limits::{EXPLAIN_DEPTH_MAX, EXPLAIN_FIGURES_MAX};
use crate::model::UtcMs;
use crate::model::indicator::{Account, Indicator, Source};
use crate::words::Lang;

/// A likeness (Jaro-Winkler) below this is no help.
const LIKENESS_MIN: f64 = 0.75;

/// A figure and those that it stands on.
#[derive(Clone, Debug)]
pub struct Explanation<'a> {
    /// The figure.
    pub indicator: &'a Indicator,
    /// Its equation with the numbers in it.
    pub numbers: String,
    /// The figures among its inputs, each with the place of that input.
    pub below: Vec<(usize, Self)>,
}

/// There is no figure of that name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no figure {asked}")]
pub struct Unknown {
    /// What was asked for.
    pub asked: String,
    /// The id that is most like it.
    pub near: Option<String>,
}

impl Unknown {
    /// What to change, in one language.
    pub fn say(&self, lang: Lang) -> String {
        let mut text = lang.say("chapters-no-figure", &[("asked", &self.asked)]);
        if let Some(near) = &self.near {
            text.push(' ');
            text.push_str(&lang.say("chapters-near", &[("near", near)]));
        }
        text
    }
}

/// Explains the figure `id`, of `asset` when one is named, else of the site, else of the only or
/// first asset that has it.
pub fn explain<'a>(
    account: &'a Account,
    id: &str,
    asset: Option<&str>,
    lang: Lang,
) -> Result<Explanation<'a>, Unknown> {
    let exact = account.find(id, asset);
    let any = || {
        account
            .indicators
            .iter()
            .find(|one| *one.id == *id && asset.is_none())
    };
    let found = exact.or_else(any).ok_or_else(|| unknown(account, id))?;
    let mut left = EXPLAIN_FIGURES_MAX;
    Ok(step(account, found, lang, 0, &mut left))
}

fn unknown(account: &Account, id: &str) -> Unknown {
    let likeness = |one: &Indicator| strsim::jaro_winkler(&one.id, id);
    let all = account.indicators.iter().map(|one| (likeness(one), one));
    let best = all.max_by(|a, b| a.0.total_cmp(&b.0));
    let near = best.filter(|(likeness, _)| *likeness >= LIKENESS_MIN);
    Unknown {
        asked: id.chars().take(100).collect(),
        near: near.map(|(_, one)| one.id.to_string()),
    }
}

fn step<'a>(
    account: &'a Account,
    one: &'a Indicator,
    lang: Lang,
    depth: usize,
    left: &mut usize,
) -> Explanation<'a> {
    let mut below = Vec::new();
    for (place, input) in one.inputs.iter().enumerate() {
        let Source::Indicator(id) = &input.from else {
            continue;
        };
        if depth + 1 >= EXPLAIN_DEPTH_MAX || *left == 0 {
            break;
        }
        let found = account
            .find(id, one.asset.as_deref())
            .or_else(|| account.find(id, None));
        if let Some(next) = found.filter(|next| !std::ptr::eq(*next, one)) {
            *left -= 1;
            below.push((place, step(account, next, lang, depth + 1, left)));
        }
    }
    Explanation {
        indicator: one,
        numbers: substituted(lang, one),
        below,
    }
}

impl Explanation<'_> {
    /// The way down as text.
    pub fn text(&self, config: &Config, account: &Account, lang: Lang) -> String {
        text::text(&book(config, account, lang), self)
    }

    /// The same for scripts.
    pub fn json(&self, config: &Config, account: &Account, lang: Lang) -> ExplanationJson {
        json::explanation(&book(config, account, lang), self)
    }
}

/// A figure for scripts.
pub fn indicator_json(
    config: &Config,
    account: &Account,
    one: &Indicator,
    lang: Lang,
) -> IndicatorJson {
    json::indicator(&book(config, account, lang), one)
}

fn book<'a>(config: &'a Config, account: &'a Account, lang: Lang) -> Book<'a> {
    Book::new(Matter {
        config,
        account,
        entries: &[],
        changes: &[],
        changes_left_out: 0,
        past: None,
        digest: "",
        asset: None,
        issued: UtcMs(0),
        lang,
    })
}

/// An equation with the numbers of its inputs in place of their symbols.
pub(super) fn substituted(lang: Lang, one: &Indicator) -> String {
    let (head, body) = match one.equation.split_once(" = ") {
        Some((head, body)) if !head.contains(' ') => (format!("{head} = "), body),
        _ => (String::new(), one.equation),
    };
    let known = one
        .inputs
        .iter()
        .filter_map(|input| Some((input.symbol, input.value?)));
    let mut symbols: Vec<(&str, f64)> = known.filter(|(symbol, _)| !symbol.is_empty()).collect();
    // The longest first, so that `E_export` is not taken for `E`.
    symbols.sort_by_key(|(symbol, _)| std::cmp::Reverse(symbol.len()));
    let mut text = head;
    let mut rest = body;
    let mut before = ' ';
    while let Some(letter) = rest.chars().next() {
        let found = symbols.iter().find(|(symbol, _)| {
            let after = rest.strip_prefix(symbol).map(|after| after.chars().next());
            !is_word(before) && after.is_some_and(|next| !next.is_some_and(is_word))
        });
        let taken = if let Some((symbol, value)) = found {
            text.push_str(&bracketed(lang, *value));
            symbol.len()
        } else {
            text.push(letter);
            letter.len_utf8()
        };
        before = rest[..taken].chars().next_back().unwrap_or(' ');
        rest = &rest[taken..];
    }
    text
}

fn bracketed(lang: Lang, value: f64) -> String {
    let text = naming::number(lang, value);
    if value < 0.0 {
        format!("({text})")
    } else {
        text
    }
}

fn is_word(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_' || letter == '′'
}
