//! A figure as it is made: what is always true of it comes from the list, the rest is added.

use crate::account::span::Span;
use crate::account::specs::find_spec;
use crate::account::wide::Wide;
use crate::analyse::Status;
use crate::config::Config;
use crate::model::factor::{Factor, Headline};
use crate::model::indicator::{
    Completeness, Daily, Indicator, Input, Origin, Remark, Side, Source, Uncertainty,
};
use std::sync::Arc;

/// Where figures of one asset, or of the site, are made.
#[derive(Clone, Debug)]
pub(super) struct Desk<'a> {
    pub(super) config: &'a Config,
    pub(super) span: &'a Span,
    /// `None`: the site.
    pub(super) asset: Option<Arc<str>>,
}

/// A figure or why there is none.
pub(super) type Value = Result<f64, Remark>;

impl Desk<'_> {
    /// A figure of the list, measured, with nothing known of its width.
    pub(super) fn figure(&self, id: &str, value: Value, inputs: Vec<Input>) -> Indicator {
        let spec = find_spec(id);
        Indicator {
            id: Arc::from(id),
            asset: self.asset.clone(),
            period: self.span.period,
            value,
            unit: Arc::from(spec.map_or("", |spec| spec.unit)),
            uncertainty: Uncertainty::default(),
            completeness: Completeness::default(),
            origin: Origin::Measured,
            side: spec.map_or(Side::Neutral, |spec| spec.side),
            method: spec.map_or("", |spec| spec.method),
            equation: spec.map_or("", |spec| spec.equation),
            inputs,
            factors: Vec::new(),
            headline: Headline::Firm,
            remarks: Vec::new(),
        }
    }

    /// Its days.
    pub(super) fn daily(&self, id: &str, days: Vec<(Option<f64>, Completeness)>) -> Daily {
        let dates = self.span.days.iter().map(|day| day.date);
        Daily {
            id: Arc::from(id),
            asset: self.asset.clone(),
            unit: Arc::from(find_spec(id).map_or("", |spec| spec.unit)),
            days: dates
                .zip(days)
                .map(|(date, (value, share))| (date, value, share))
                .collect(),
        }
    }
}

/// What is added to a figure.
pub(super) trait Build: Sized {
    /// How much of the period was measured.
    fn covered(self, share: Completeness) -> Self;
    /// Where it is from.
    fn origin(self, origin: Origin) -> Self;
    /// How wide it is.
    fn wide(self, wide: Wide) -> Self;
    /// What a reader must know as well.
    fn remark(self, remark: Remark) -> Self;
    /// The same, where there is something to know.
    fn remark_if(self, there: bool, key: &str) -> Self;
    /// A factor that it stands on.
    fn factor(self, config: &Config, factor: &Arc<Factor>) -> Self;
}

impl Build for Indicator {
    fn covered(mut self, share: Completeness) -> Self {
        self.completeness = share;
        self
    }

    fn origin(mut self, origin: Origin) -> Self {
        self.origin = origin;
        self
    }

    fn wide(mut self, wide: Wide) -> Self {
        if let Ok(value) = self.value {
            self.uncertainty = wide.of(value);
        }
        self
    }

    fn remark(mut self, remark: Remark) -> Self {
        if !self.remarks.contains(&remark) {
            self.remarks.push(remark);
        }
        self
    }

    fn remark_if(self, there: bool, key: &str) -> Self {
        if there {
            self.remark(Remark::new(key))
        } else {
            self
        }
    }

    fn factor(mut self, config: &Config, factor: &Arc<Factor>) -> Self {
        if self.factors.iter().all(|known| known.id != factor.id) {
            self.factors.push(Arc::clone(factor));
            let doubt = config.factors.headline(factor);
            self.headline = Headline::of_all([self.headline, doubt]);
            let ends = [self.period.first(), self.period.last()];
            if !ends.iter().all(|day| factor.holds_on(*day)) {
                let said = Remark::new("account-factor-expired").with("factor", &factor.id);
                return self.remark(said.with("validity", factor.validity()));
            }
        }
        self
    }
}

/// The sentence of a status.
pub(super) fn because(status: Status) -> Remark {
    Remark::new(&status.words_key())
}

/// A number, or the status's sentence where there is none.
pub(super) fn or_status(value: Option<f64>, status: Status) -> Value {
    value.ok_or_else(|| {
        because(if status == Status::Ok {
            Status::NoData
        } else {
            status
        })
    })
}

/// An input of an equation.
pub(super) fn input(symbol: &'static str, value: Option<f64>, unit: &str, from: Source) -> Input {
    Input {
        symbol,
        value,
        unit: Arc::from(unit),
        from,
    }
}

/// An input that is another figure of the same asset and period.
pub(super) fn from_figure(symbol: &'static str, figure: &Indicator) -> Input {
    let value = figure.value.as_ref().ok().copied();
    let from = Source::Indicator(Arc::clone(&figure.id));
    input(symbol, value, &figure.unit, from)
}

/// An input from the configuration.
pub(super) fn setting(symbol: &'static str, value: f64, unit: &str, key: &str) -> Input {
    input(symbol, Some(value), unit, Source::Setting(key.to_owned()))
}

/// A convention.
pub(super) fn constant(symbol: &'static str, value: f64, unit: &str, what: &'static str) -> Input {
    input(symbol, Some(value), unit, Source::Constant(what))
}

/// A number of a factor, in the unit of the equation.
pub(super) fn from_factor(symbol: &'static str, value: f64, unit: &str, factor: &Factor) -> Input {
    input(
        symbol,
        Some(value),
        unit,
        Source::Factor(Arc::clone(&factor.id)),
    )
}
