//! [`SiteFigures`]: the figures of one period as texts. Every page takes its figures from here, so
//! that a figure has the same digits, bounds and reasons on all pages and in the report.
//!
//! ```text
//! let month = SiteFigures::load(&app, period, FigureScope::site(), lang).await?;
//! month.figure(Some("plts"), "plts.generation")   // "252" "kWh", "± 6", "98%", ...
//! ```

use crate::api::ApiListener;
use crate::api::error::ApiError;
use crate::config::Config;
use crate::domain::UtcMs;
use crate::domain::indicator::{DailyValues, Indicator, SiteIndicators};
use crate::domain::ledger::LedgerEntry;
use crate::domain::measured_since::PeriodEnd;
use crate::domain::period::Period;
use crate::i18n::Language;
use crate::indicators::IndicatorQuery;
use crate::report::content::{self, ReportInputs};
use crate::report::render::cell_value::{CellValue, ValueKind};
use crate::report::render::figure::KeyFigure;
use crate::report::render::number_format;
use crate::storage::LedgerQuery;
use std::sync::Arc;

/// Selection of the figures of a period.
#[derive(Clone, Debug, Default)]
pub(crate) struct FigureScope {
    /// One asset; `None`: all assets and the site.
    pub(crate) asset: Option<Arc<str>>,
    /// Also the values of each day, for plots.
    pub(crate) daily: bool,
}

/// Figures of one period.
#[derive(Debug)]
pub(crate) struct SiteFigures {
    /// Configuration that they were computed with.
    pub(crate) config: Arc<Config>,
    /// The figures, unrounded.
    pub(crate) account: Arc<SiteIndicators>,
    /// Ledger entries of the period, for targets.
    pub(crate) entries: Vec<LedgerEntry>,
    /// Time of the calculation.
    pub(crate) now: UtcMs,
    /// Language of the texts.
    pub(crate) lang: Language,
}

/// One figure as texts.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct FigureText {
    /// Indicator id, `plts.generation`.
    pub(crate) id: String,
    /// Asset id; empty for the site.
    pub(crate) asset: String,
    /// Name of the indicator.
    pub(crate) label: String,
    /// Rounded number with the marks of the language; `–` when there is none.
    pub(crate) value: String,
    /// Unit as printed; empty for a bare number.
    pub(crate) unit: String,
    /// Marks beside the number: `at least`, the half-width of the 95 % interval with its sign,
    /// since when it was measured; empty when there is nothing to say.
    pub(crate) plus_minus: String,
    /// The same without the half-width, for places with less room.
    pub(crate) mark: String,
    /// Measured share of the period: `98%`; empty when it is no measurement.
    pub(crate) share: String,
    /// Key of the `FigureStatus`, `final` for one; its text has the message key
    /// `report-status-STATUS`.
    pub(crate) status: &'static str,
    /// Reason why there is no value; empty when there is one.
    pub(crate) reason: String,
    /// Remarks, one sentence each.
    pub(crate) notes: Vec<String>,
    /// Target as text with its unit; empty when there is none.
    pub(crate) target: String,
    /// Share of the target that was reached: 0.5 is half of it.
    pub(crate) target_share: Option<f64>,
    /// Address of the explanation.
    pub(crate) explain: String,
}

impl FigureScope {
    /// All assets and the site, without daily values.
    pub(crate) fn site() -> Self {
        Self::default()
    }

    /// All assets and the site, with daily values.
    pub(crate) fn site_by_day() -> Self {
        Self {
            asset: None,
            daily: true,
        }
    }

    /// One asset with daily values.
    pub(crate) fn asset_by_day(asset: &Arc<str>) -> Self {
        Self {
            asset: Some(Arc::clone(asset)),
            daily: true,
        }
    }
}

impl SiteFigures {
    /// Computes the figures of `period`.
    pub(crate) async fn load(
        app: &ApiListener,
        period: Period,
        scope: FigureScope,
        lang: Language,
    ) -> Result<Self, ApiError> {
        let now = app.now();
        let query = IndicatorQuery {
            period,
            asset: scope.asset,
            now,
            daily: scope.daily,
            snapshots: true,
        };
        let account = app.period_indicators(query, lang).await?;
        let entries = LedgerQuery {
            from: Some(period.first()),
            to: Some(period.last()),
            ..LedgerQuery::default()
        };
        Ok(Self {
            config: Arc::clone(&app.state().config),
            account,
            entries: app.state().store.all_ledger_entries(entries).await?,
            now,
            lang,
        })
    }

    /// Figure of an asset (`None`: of the site) as texts; `None` when the site has no such figure.
    pub(crate) fn figure(&self, asset: Option<&str>, id: &str) -> Option<FigureText> {
        self.indicator(asset, id).map(|one| self.figure_text(one))
    }

    /// Unrounded figure.
    pub(crate) fn indicator(&self, asset: Option<&str>, id: &str) -> Option<&Indicator> {
        self.account.find(id, asset)
    }

    /// Unrounded value; `None` when there is none.
    pub(crate) fn value(&self, asset: Option<&str>, id: &str) -> Option<f64> {
        let found = self.indicator(asset, id)?;
        found.value.as_ref().ok().copied()
    }

    /// All figures of an asset (`None`: of the site) as texts, in report order.
    pub(crate) fn figures_of(&self, asset: Option<&str>) -> Vec<FigureText> {
        let own = self.account.indicators.iter();
        let own = own.filter(|one| one.asset.as_deref() == asset);
        own.map(|one| self.figure_text(one)).collect()
    }

    /// Daily values of an asset (`None`: of the site).
    pub(crate) fn daily(&self, asset: Option<&str>, id: &str) -> Option<&DailyValues> {
        let mut all = self.account.daily.iter();
        all.find(|one| *one.id == *id && one.asset.as_deref() == asset)
    }

    /// Target of an asset's figure (`None`: of the site) for all days of the period, in the unit
    /// of the figure.
    pub(crate) fn target(&self, asset: Option<&str>, id: &str) -> Option<f64> {
        let one = self.indicator(asset, id)?;
        let figure = content::page_figure(self.report_inputs(), one);
        figure.target.filter(|_| figure.target_days.is_none())
    }

    /// Name of an asset.
    pub(crate) fn asset_name(&self, id: &str) -> String {
        self.config.asset_name(id)
    }

    /// Number of a figure as a spreadsheet takes it, with the digits of the page; empty when there
    /// is none.
    pub(crate) fn plain_number(&self, one: &Indicator) -> String {
        let figure = content::page_figure(self.report_inputs(), one);
        match (&figure.value, &figure.kind) {
            (CellValue::Number(value), ValueKind::Number(format)) => {
                let rounded = format.round(*value);
                number_format::format_plain_number(self.lang, rounded, format.shown_decimals())
            }
            _ => String::new(),
        }
    }

    /// Name of a figure.
    pub(crate) fn name(&self, id: &str) -> String {
        content::indicator_name(&self.config.definitions, self.lang, id)
    }

    /// The figure as texts.
    pub(crate) fn figure_text(&self, one: &Indicator) -> FigureText {
        self.texts_of(one, content::page_figure(self.report_inputs(), one))
    }

    /// The figure as page 1 of the report shows it: without its number where too little was
    /// measured for a headline.
    pub(crate) fn headline_text(&self, one: &Indicator) -> FigureText {
        self.texts_of(one, content::headline_figure(self.report_inputs(), one))
    }

    /// The same for a page that outsiders read; `None` when there is no such figure.
    pub(crate) fn public_headline(&self, asset: Option<&str>, id: &str) -> Option<FigureText> {
        let one = self.indicator(asset, id)?;
        let figure = content::public_figure(self.report_inputs(), one);
        Some(self.texts_of(one, figure))
    }

    /// The same by asset (`None`: the site) and id; `None` when there is no such figure.
    pub(crate) fn headline(&self, asset: Option<&str>, id: &str) -> Option<FigureText> {
        self.indicator(asset, id).map(|one| self.headline_text(one))
    }

    fn texts_of(&self, one: &Indicator, figure: KeyFigure) -> FigureText {
        let (value, reason) = match &figure.value {
            CellValue::Number(value) => {
                (shown_number(&figure.kind, *value, self.lang), String::new())
            }
            CellValue::Missing(why) => (number_format::NO_VALUE.to_owned(), why.clone()),
            _ => (number_format::NO_VALUE.to_owned(), String::new()),
        };
        let quantity = |value: f64| content::format_quantity(self.lang, value, &one.unit);
        let asset = one.asset.as_deref().unwrap_or_default().to_owned();
        FigureText {
            explain: explanation_path(&one.id, &asset, one.period),
            id: one.id.to_string(),
            asset,
            value,
            unit: content::unit_text(self.lang, &one.unit),
            plus_minus: shown_marks(&figure, one, self.lang, &shown_width(&figure, self.lang)),
            mark: shown_marks(&figure, one, self.lang, ""),
            share: figure.completeness.map_or_else(String::new, |share| {
                number_format::format_percent(self.lang, share, 0)
            }),
            status: figure.status.key(),
            reason,
            target: figure.target.map_or_else(String::new, quantity),
            target_share: figure.target_share(),
            notes: figure.notes,
            label: figure.label,
        }
    }

    /// The figures as the report takes them.
    pub(crate) fn report_inputs(&self) -> ReportInputs<'_> {
        ReportInputs {
            entries: &self.entries,
            ..ReportInputs::of_account(&self.config, &self.account, self.now, self.lang)
        }
    }
}

impl FigureText {
    /// True when there is a number.
    pub(crate) fn has_value(&self) -> bool {
        self.reason.is_empty() && self.value != number_format::NO_VALUE
    }

    /// Share of the target in percent for a bar, 0 to 100.
    pub(crate) fn target_percent(&self) -> Option<f64> {
        self.target_share
            .map(|share| (share * 100.0).clamp(0.0, 100.0))
    }
}

/// Number without unit, rounded in the direction of the figure.
fn shown_number(kind: &ValueKind, value: f64, lang: Language) -> String {
    match kind {
        ValueKind::Number(format) => {
            number_format::format_number(lang, format.round(value), format.shown_decimals())
        }
        _ => content::format_quantity(lang, value, ""),
    }
}

/// Half-width of a figure with the last digit of its number; empty when it is not known.
fn shown_width(figure: &KeyFigure, lang: Language) -> String {
    let kind = figure.kind.uncertainty_kind();
    let width = figure.shown_width();
    width.map_or_else(String::new, |width| shown_number(&kind, width, lang))
}

/// Marks beside a number on a page: `at least`, the half-width `width`, since when it was measured,
/// unless the period begins with that day, and until when; empty when there is nothing to say.
fn shown_marks(figure: &KeyFigure, one: &Indicator, lang: Language, width: &str) -> String {
    let is_number = matches!(figure.value, CellValue::Number(_));
    let width = (width, figure.is_least);
    let bounds = number_format::figure_bounds(lang, figure.is_at_least && is_number, width);
    let spread = figure.kind.uncertainty_kind();
    let reach = figure.shown_reach().map(|amount| {
        amount.map_or_else(String::new, |amount| shown_number(&spread, amount, lang))
    });
    let bounds = number_format::with_reach(lang, bounds, reach);
    let (first, last) = (one.period.first(), one.period.last());
    let since = one.measured_since().filter(|since| {
        let is_first_day = since.at.date() <= first && first < last;
        is_number && !is_first_day
    });
    let until = one.measured_until().filter(|_| is_number);
    let cuts = [(PeriodEnd::Begin, since), (PeriodEnd::End, until)];
    let cuts = cuts
        .into_iter()
        .filter_map(|(end, cut)| Some(content::end_text(lang, end, (cut?, one.period))));
    let all = std::iter::once(bounds).chain(cuts);
    let all: Vec<String> = all.filter(|text| !text.is_empty()).collect();
    all.join(", ")
}

/// Address of the page that explains a figure.
pub(crate) fn explanation_path(id: &str, asset: &str, period: Period) -> String {
    let mut path = format!("/jelas/{id}?period={period}");
    if !asset.is_empty() {
        path.push_str("&asset=");
        path.push_str(asset);
    }
    path
}
