//! Explanation of a figure: its equation, the equation with its numbers, inputs with their sources,
//! readings and gaps. As text for people and as JSON for scripts.
//!
//! ```text
//! explain(&account, "co2.net", Some("plts"), lang)?.text(&config, &account, lang)
//! ```
//!
//! See docs/reports.md.

mod equation_lines;
mod explanation_json;
mod explanation_text;
mod indicator_explanation;
mod input_source;
mod part_text;

pub use explanation_json::{
    EquationLineJson, ExplanationJson, IndicatorInputJson, IndicatorValueJson, InputPartJson,
    InputReadingsJson, ReadingsImportJson, RedatedReadingsJson, ReportFactorJson,
};

pub use equation_lines::EquationLine;
pub(crate) use equation_lines::substitute_numbers;
pub(crate) use explanation_text::{ExplanationStep, StepKind};
pub use indicator_explanation::IndicatorExplanation;
pub(crate) use input_source::source_text;
pub(crate) use part_text::part_label;

use super::context::ReportContext;
use super::{ReportInputs, targets};
use crate::config::Config;
use crate::domain::indicator::{Indicator, InputSource, SiteIndicators};
use crate::i18n::Language;
use crate::limits::{EXPLAIN_DEPTH_MAX, EXPLAIN_FIGURES_MAX};
use equation_lines::equation_lines;

/// Minimum similarity (Jaro-Winkler) of a suggested id.
const LIKENESS_MIN: f64 = 0.75;

/// No figure has the requested id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no figure {asked}")]
pub struct UnknownIndicatorError {
    /// Requested id, at most 100 letters.
    pub asked: String,
    /// The most similar id.
    pub near: Option<String>,
    /// Assets that have a figure with exactly this id; empty text for the site.
    pub elsewhere: Vec<String>,
}

impl UnknownIndicatorError {
    /// The error as sentences that say what to ask for instead.
    pub fn message(&self, lang: Language) -> String {
        let asked = ("asked", &*self.asked);
        let said = match (self.elsewhere.as_slice(), &self.near) {
            ([only], _) if only.is_empty() => lang.text_with("chapters-figure-of-site", &[asked]),
            ([_, ..], _) => {
                let assets = self.elsewhere.join(", ");
                lang.text_with("chapters-figure-elsewhere", &[asked, ("assets", &assets)])
            }
            ([], near) => {
                let none = lang.text_with("chapters-no-figure", &[asked]);
                let near = near
                    .as_ref()
                    .map(|near| lang.text_with("chapters-near", &[("near", near)]));
                none.trim_end().to_owned() + &near.map_or(String::new(), |near| format!(" {near}"))
            }
        };
        format!("{said} {}", lang.text("chapters-figures-all"))
    }
}

/// Explains the figure `id` of `asset`; without an asset that of the site, else of the first asset
/// that has it.
pub fn explain_indicator<'a>(
    account: &'a SiteIndicators,
    id: &str,
    asset: Option<&str>,
    lang: Language,
) -> Result<IndicatorExplanation<'a>, UnknownIndicatorError> {
    let exact = account.find(id, asset);
    let any = || {
        account
            .indicators
            .iter()
            .find(|one| *one.id == *id && asset.is_none())
    };
    let found = exact
        .or_else(any)
        .ok_or_else(|| unknown_indicator(account, id))?;
    let mut left = EXPLAIN_FIGURES_MAX;
    Ok(explain_step(account, found, lang, 0, &mut left))
}

/// Explains every figure of the account, each without the figures among its inputs.
pub fn explain_all(account: &SiteIndicators, lang: Language) -> Vec<IndicatorExplanation<'_>> {
    let alone = |indicator| IndicatorExplanation {
        indicator,
        lines: equation_lines(lang, indicator),
        below: Vec::new(),
    };
    account.indicators.iter().map(alone).collect()
}

fn unknown_indicator(account: &SiteIndicators, id: &str) -> UnknownIndicatorError {
    let likeness = |one: &Indicator| strsim::jaro_winkler(&one.id, id);
    let all = account.indicators.iter().map(|one| (likeness(one), one));
    let best = all.max_by(|a, b| a.0.total_cmp(&b.0));
    let near = best.filter(|(likeness, _)| *likeness >= LIKENESS_MIN);
    let own = account.indicators.iter().filter(|one| *one.id == *id);
    UnknownIndicatorError {
        elsewhere: own
            .map(|one| one.asset.as_deref().unwrap_or_default().to_owned())
            .collect(),
        asked: id.chars().take(100).collect(),
        near: near.map(|(_, one)| one.id.to_string()),
    }
}

fn explain_step<'a>(
    account: &'a SiteIndicators,
    one: &'a Indicator,
    lang: Language,
    depth: usize,
    left: &mut usize,
) -> IndicatorExplanation<'a> {
    let mut below = Vec::new();
    for (place, input) in one.inputs.iter().enumerate() {
        let found = match &input.from {
            InputSource::Indicator { id, asset } => account.find(id, asset.as_deref()),
            InputSource::Part(part) => Some(&**part),
            _ => continue,
        };
        // Both limits guard against figures that refer to each other in a ring.
        if depth + 1 >= EXPLAIN_DEPTH_MAX || *left == 0 {
            break;
        }
        // A figure that has itself as an input is not followed.
        if let Some(next) = found.filter(|next| !std::ptr::eq(*next, one)) {
            *left -= 1;
            below.push((place, explain_step(account, next, lang, depth + 1, left)));
        }
    }
    for part in left_out_parts(account, one) {
        if depth + 1 >= EXPLAIN_DEPTH_MAX || *left == 0 {
            break;
        }
        *left -= 1;
        let place = one.inputs.len();
        below.push((place, explain_step(account, part, lang, depth + 1, left)));
    }
    IndicatorExplanation {
        indicator: one,
        lines: equation_lines(lang, one),
        below,
    }
}

/// Figures of assets that a total of the site leaves out, because they have no value or must not be
/// claimed: the reason of the total is theirs.
fn left_out_parts<'a>(account: &'a SiteIndicators, total: &Indicator) -> Vec<&'a Indicator> {
    let Some(of) = targets::part_of_total(total) else {
        return Vec::new();
    };
    let is_input = |part: &Indicator| {
        let mut inputs = total.inputs.iter();
        inputs.any(|input| match &input.from {
            InputSource::Indicator { id, asset } => *id == part.id && *asset == part.asset,
            _ => false,
        })
    };
    // Gross emissions whose net is not claimed are left out with it.
    let net = |part: &Indicator| account.find("co2.net", part.asset.as_deref());
    let is_refused = |one: &Indicator| one.value.is_err() || one.claim.is_withheld();
    let is_left_out = |part: &Indicator| {
        let of_energy = part.id.starts_with("co2.");
        is_refused(part) || (of_energy && net(part).is_some_and(is_refused))
    };
    let parts = account.indicators.iter();
    let parts = parts.filter(|one| *one.id == *of && one.asset.is_some());
    parts
        .filter(|part| !is_input(part) && is_left_out(part))
        .collect()
}

impl IndicatorExplanation<'_> {
    /// The explanation as indented text.
    pub fn text(&self, config: &Config, account: &SiteIndicators, lang: Language) -> String {
        explanation_text::write_explanation(&explanation_context(config, account, lang), self)
    }

    /// The explanation in steps, for pages.
    pub(crate) fn steps(
        &self,
        config: &Config,
        account: &SiteIndicators,
        lang: Language,
    ) -> Vec<ExplanationStep> {
        explanation_text::explanation_steps(&explanation_context(config, account, lang), self)
    }

    /// The explanation as JSON.
    pub fn json(
        &self,
        config: &Config,
        account: &SiteIndicators,
        lang: Language,
    ) -> ExplanationJson {
        explanation_json::to_explanation_json(&explanation_context(config, account, lang), self)
    }
}

/// JSON of one figure without its explanation.
pub fn indicator_json(
    config: &Config,
    account: &SiteIndicators,
    one: &Indicator,
    lang: Language,
) -> IndicatorValueJson {
    explanation_json::to_indicator_json(&explanation_context(config, account, lang), one)
}

fn explanation_context<'a>(
    config: &'a Config,
    account: &'a SiteIndicators,
    lang: Language,
) -> ReportContext<'a> {
    ReportContext::new(ReportInputs::of_account(config, account, account.now, lang))
}
