//! Building of indicators: fixed properties (unit, method, equation) come from the
//! [`IndicatorSpec`], the rest is added with the methods of [`FigureBuilder`].

use crate::config::Config;
use crate::domain::claim_verdict::{ClaimVerdict, NotClaimedReason};
use crate::domain::factor::Factor;
use crate::domain::indicator::{
    CONSTANT_NAMES, CompletenessShares, DailyValues, Indicator, IndicatorInput, IndicatorRemark,
    IndicatorSpec, InputSource, Uncertainty, ValueOrigin,
};
use crate::domain::input_part::day_parts;
use crate::formulas::FormulaStatus;
use crate::indicators::period_days::{PeriodDays, growth_by_day};
use crate::indicators::uncertainty::RelativeUncertainty;
use std::sync::Arc;

/// Configuration, period and asset for which figures are built.
#[derive(Clone, Debug)]
pub(crate) struct FigureContext<'a> {
    pub(crate) config: &'a Config,
    pub(crate) span: &'a PeriodDays,
    /// `None`: figures of the site.
    pub(crate) asset: Option<Arc<str>>,
    /// Daily values made so far, for figures that hold for a part of the period.
    pub(crate) daily: &'a [DailyValues],
}

/// The input, without a number where nothing was read.
fn without_unread(input: IndicatorInput) -> IndicatorInput {
    match &input.from {
        InputSource::Point(readings) if readings.last.is_none() => IndicatorInput {
            value: None,
            parts: Vec::new(),
            ..input
        },
        _ => input,
    }
}

/// A number, or the remark that says why there is none.
pub(crate) type FigureValue = Result<f64, IndicatorRemark>;

impl<'a> FigureContext<'a> {
    pub(crate) fn new(config: &'a Config, span: &'a PeriodDays, asset: Option<&Arc<str>>) -> Self {
        Self {
            config,
            span,
            asset: asset.cloned(),
            daily: &[],
        }
    }

    /// The context with these daily values.
    pub(crate) fn with_daily(self, daily: &'a [DailyValues]) -> Self {
        Self { daily, ..self }
    }
}

impl FigureContext<'_> {
    /// Builds a figure with origin `Measured` and unknown uncertainty. An input of a point without
    /// a reading has no value: a sum of no readings is no zero.
    pub(crate) fn figure(
        &self,
        spec: &IndicatorSpec<'_>,
        value: FigureValue,
        inputs: Vec<IndicatorInput>,
    ) -> Indicator {
        Indicator {
            id: Arc::from(spec.id),
            asset: self.asset.clone(),
            period: self.span.period,
            value,
            unit: Arc::from(spec.unit),
            uncertainty: Uncertainty::default(),
            completeness: CompletenessShares::default(),
            origin: ValueOrigin::Measured,
            side: spec.side,
            method: spec.method,
            equation: spec.equation,
            inputs: inputs.into_iter().map(without_unread).collect(),
            factors: Vec::new(),
            claim: ClaimVerdict::Claimable,
            remarks: Vec::new(),
        }
    }

    /// Builds the daily values of a figure, one pair (value, completeness) for each day of the
    /// period.
    pub(crate) fn daily_values(
        &self,
        spec: &IndicatorSpec<'_>,
        days: Vec<(Option<f64>, CompletenessShares)>,
    ) -> DailyValues {
        let dates = self.span.days.iter().map(|day| day.date);
        DailyValues {
            id: Arc::from(spec.id),
            asset: self.asset.clone(),
            unit: Arc::from(spec.unit),
            days: dates
                .zip(days)
                .map(|(date, (value, share))| (date, value, share))
                .collect(),
        }
    }
}

/// Builder methods of an indicator.
pub(crate) trait FigureBuilder: Sized {
    /// Sets the share of the period that was measured.
    fn with_completeness(self, share: CompletenessShares) -> Self;
    /// Sets the origin of the number.
    fn with_origin(self, origin: ValueOrigin) -> Self;
    /// Sets the uncertainty; no effect on a figure without a value.
    fn with_uncertainty(self, wide: RelativeUncertainty) -> Self;
    /// Adds a remark, once.
    fn with_remark(self, remark: IndicatorRemark) -> Self;
    /// Adds the remark `key` if the condition holds.
    fn with_remark_if(self, there: bool, key: &str) -> Self;
    /// Lowers the verdict to this one, where it is worse.
    fn with_verdict(self, verdict: ClaimVerdict) -> Self;
    /// Adds the factors and remarks of the figures that it is made of, and the worst of their
    /// verdicts.
    fn with_parts(self, parts: &[&Indicator]) -> Self;
    /// Adds a factor and its verdict. A factor that is not valid on all days of the period adds a
    /// remark, and the figure must not be claimed.
    fn with_factor(self, config: &Config, factor: &Arc<Factor>) -> Self;
}

impl FigureBuilder for Indicator {
    fn with_completeness(mut self, share: CompletenessShares) -> Self {
        self.completeness = share;
        self
    }

    fn with_origin(mut self, origin: ValueOrigin) -> Self {
        self.origin = origin;
        self
    }

    fn with_uncertainty(mut self, wide: RelativeUncertainty) -> Self {
        if let Ok(value) = self.value {
            self.uncertainty = wide.absolute(value);
        }
        let is_least = self.uncertainty.is_least;
        self.with_remark_if(is_least, "account-width-least")
    }

    fn with_remark(mut self, remark: IndicatorRemark) -> Self {
        if !self.remarks.contains(&remark) {
            self.remarks.push(remark);
        }
        self
    }

    fn with_remark_if(self, there: bool, key: &str) -> Self {
        if there {
            self.with_remark(IndicatorRemark::new(key))
        } else {
            self
        }
    }

    fn with_verdict(mut self, verdict: ClaimVerdict) -> Self {
        self.claim = ClaimVerdict::combine([self.claim, verdict]);
        self
    }

    fn with_parts(self, parts: &[&Indicator]) -> Self {
        let mut figure = self;
        for part in parts {
            // A part says itself on which days its factors do not hold.
            for factor in &part.factors {
                if figure.factors.iter().all(|known| known.id != factor.id) {
                    figure.factors.push(Arc::clone(factor));
                }
            }
            // Bounds pass on by the equation: what is subtracted moves the figure the other way.
            // And another part may have been measured from the beginning.
            let remarks = part.remarks.iter();
            let remarks = remarks.filter(|said| {
                let has_side = said.key.ends_with("-bound") || said.is_edge_amount();
                !has_side && !said.is_of_end()
            });
            figure = remarks.cloned().fold(figure, Self::with_remark);
        }
        figure.claim = ClaimVerdict::combine(parts.iter().map(|part| part.claim));
        figure
    }

    fn with_factor(mut self, config: &Config, factor: &Arc<Factor>) -> Self {
        if self.factors.iter().all(|known| known.id != factor.id) {
            self.factors.push(Arc::clone(factor));
            self = self.with_verdict(config.factors.headline(factor));
            let ends = [self.period.first(), self.period.last()];
            if !ends.iter().all(|day| factor.holds_on(*day)) {
                // Both ends of the period are checked: a factor that expires in between must be
                // named too.
                let said =
                    IndicatorRemark::new("account-factor-expired").with_arg("factor", &factor.id);
                return self
                    .with_remark(said.with_arg("validity", factor.validity()))
                    .with_verdict(ClaimVerdict::NotClaimed(NotClaimedReason::FactorOutOfDate));
            }
        }
        self
    }
}

/// This figure among figures of one asset.
pub(crate) fn figure_among<'a>(
    known: &[&'a Indicator],
    spec: &IndicatorSpec<'_>,
) -> Option<&'a Indicator> {
    known.iter().copied().find(|one| *one.id == *spec.id)
}

/// Remark with the text of a status.
pub(crate) fn status_remark(status: FormulaStatus) -> IndicatorRemark {
    IndicatorRemark::new(&status.words_key())
}

/// The number, or the remark of the status where there is none. `Status::Ok` without a number
/// becomes `NoData`.
pub(crate) fn value_or_status(value: Option<f64>, status: FormulaStatus) -> FigureValue {
    value.ok_or_else(|| {
        status_remark(if status == FormulaStatus::Ok {
            FormulaStatus::NoData
        } else {
            status
        })
    })
}

/// Input of an equation.
pub(crate) fn formula_input(
    symbol: &'static str,
    value: Option<f64>,
    unit: &str,
    from: InputSource,
) -> IndicatorInput {
    IndicatorInput {
        symbol,
        value,
        unit: Arc::from(unit),
        from,
        rule: "",
        parts: Vec::new(),
    }
}

/// Input whose value comes from readings by this rule.
pub(crate) fn measured_input(
    (symbol, rule): (&'static str, &'static str),
    value: Option<f64>,
    unit: &str,
    from: InputSource,
) -> IndicatorInput {
    IndicatorInput {
        rule,
        ..formula_input(symbol, value, unit, from)
    }
}

/// The input with the growth of each day as its parts; `ends` are the running totals at the end of
/// each day, in the unit of the input.
pub(crate) fn with_days(input: IndicatorInput, ends: &[f64], span: &PeriodDays) -> IndicatorInput {
    let parts = match input.value {
        Some(_) => day_parts(growth_by_day(ends, span)),
        None => Vec::new(),
    };
    IndicatorInput { parts, ..input }
}

/// Input that is another figure of the same period.
pub(crate) fn figure_input(symbol: &'static str, figure: &Indicator) -> IndicatorInput {
    let value = figure.value.as_ref().ok().copied();
    formula_input(symbol, value, &figure.unit, figure_source(figure))
}

/// Source that is another figure.
pub(crate) fn figure_source(figure: &Indicator) -> InputSource {
    InputSource::Indicator {
        id: Arc::clone(&figure.id),
        asset: figure.asset.clone(),
    }
}

/// Input that is a key of the configuration.
pub(crate) fn setting_input(
    symbol: &'static str,
    value: f64,
    unit: &str,
    key: &str,
) -> IndicatorInput {
    formula_input(
        symbol,
        Some(value),
        unit,
        InputSource::Setting(key.to_owned()),
    )
}

/// Input that is a convention or a constant of nature; `what` is one of [`CONSTANT_NAMES`].
pub(crate) fn constant_input(
    symbol: &'static str,
    value: f64,
    unit: &str,
    what: &'static str,
) -> IndicatorInput {
    debug_assert!(CONSTANT_NAMES.contains(&what), "no name for {what}");
    formula_input(symbol, Some(value), unit, InputSource::Constant(what))
}

/// Input that is a factor, in the unit of the equation.
pub(crate) fn factor_input(
    symbol: &'static str,
    value: f64,
    unit: &str,
    factor: &Factor,
) -> IndicatorInput {
    formula_input(
        symbol,
        Some(value),
        unit,
        InputSource::Factor(Arc::clone(&factor.id)),
    )
}
