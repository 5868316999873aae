//! Plot of the first page: what the programme does over the period.

use crate::domain::indicator::{CompletenessShares, DailyValues, Indicator, InputSource};
use crate::domain::ledger::EntryKind;
use crate::report::content::context::ReportContext;
use crate::report::content::{daily_values, targets};
use crate::report::render::chart::{ChartSteps, ChartTarget, ReportChart};

/// Daily values behind totals of the site.
const DAILY_OF_TOTALS: [(&str, &str); 4] = [
    ("site.generation", "plts.generation"),
    ("site.self_use", "plts.self_use"),
    ("site.water", "pump.volume"),
    ("site.rain_captured", "catchment.rain"),
];

/// Bars of the first figure that has values for days, with its target as a line; `None` when none
/// has. Emissions come last: their days only repeat those of the energy.
pub(crate) fn front_plot(book: &ReportContext<'_>, known: &[&Indicator]) -> Option<ReportChart> {
    let (late, first): (Vec<&Indicator>, Vec<&Indicator>) =
        known.iter().partition(|one| one.id.starts_with("co2."));
    // Where the chosen figures have no days, what else the programme does.
    let others = book.indicators().iter();
    let mut all = first.into_iter().chain(late).chain(others);
    let (one, days) = all.find_map(|one| Some((one, summed_days(book, one)?)))?;
    let mut chart = daily_values::plot_of_series(book, "front", &[&days])?;
    let target = targets::find_target(book, EntryKind::Target, one);
    // The target of the period in equal parts, also where some of its days are still to come.
    let (first, last) = (
        book.matter.account.period.first(),
        book.matter.account.period.last(),
    );
    let days = (last - first).get_days() + 1;
    let months = 12 * (last.year() - first.year()) + i16::from(last.month() - first.month()) + 1;
    let (key, parts) = match chart.along {
        ChartSteps::Days(_) => ("day", f64::from(days)),
        ChartSteps::Labels(_) => ("month", f64::from(months)),
    };
    // That of a part of the days says nothing about the others.
    let target = target.and_then(|target| target.whole());
    chart.target = target.map(|target| ChartTarget {
        label: book.message(&format!("chapters-director-target-{key}")),
        value: target / parts,
    });
    let name = book.indicator_name(&one.id);
    let args = [("name", &*name)];
    chart.title = book.format_message(&format!("chapters-director-plot-{key}"), &args);
    Some(chart)
}

/// Values by day of a flow, added over the assets of a total of the site: those that the total adds
/// up, and none that must not be claimed.
fn summed_days(book: &ReportContext<'_>, one: &Indicator) -> Option<DailyValues> {
    let total = DAILY_OF_TOTALS.iter().find(|(id, _)| *id == &*one.id);
    let id = total.map_or(&*one.id, |(_, of)| *of);
    let all = book.matter.account.daily.iter();
    let all = all.filter(|days| *days.id == *id && daily_values::is_flow(days));
    let own = all.filter(|days| match total {
        Some(_) => is_in_total(one, days),
        None => days.asset == one.asset,
    });
    let withheld = |days: &&DailyValues| {
        let figure = book.matter.account.find(id, days.asset.as_deref());
        figure.is_some_and(|figure| figure.claim.is_withheld())
    };
    let own = own.filter(|days| !withheld(days));
    let mut own = own.filter(|days| days.days.iter().any(|(_, value, _)| value.is_some()));
    let mut sum = daily_values::over_period(book, own.next()?);
    for other in own {
        let other = daily_values::over_period(book, other);
        for ((_, value, share), (_, more, of)) in sum.days.iter_mut().zip(&other.days) {
            *value = match (*value, *more) {
                (Some(value), Some(more)) => Some(value + more),
                (value, more) => value.or(more),
            };
            *share = CompletenessShares {
                all: lower(share.all, of.all),
                daylight: lower(share.daylight, of.daylight),
            };
        }
    }
    Some(sum)
}

/// Whether a total adds up the asset with these days.
fn is_in_total(total: &Indicator, days: &DailyValues) -> bool {
    let mut assets = total.inputs.iter().filter_map(|input| match &input.from {
        InputSource::Indicator { asset, .. } => Some(asset),
        _ => None,
    });
    total.inputs.is_empty() || assets.any(|asset| *asset == days.asset)
}

/// The lower one of two shares.
fn lower(one: Option<f64>, other: Option<f64>) -> Option<f64> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::claim_verdict::{ClaimVerdict, NotClaimedReason};
    use crate::i18n::Language;
    use crate::report::content::ReportInputs;
    use crate::report::content::tests::{NOW, test_account, test_config, test_indicator};

    #[test]
    fn the_bars_of_the_first_page_are_of_what_may_be_claimed() {
        let config = test_config();
        let mut account = test_account(&config);
        let id = "plts.generation";
        let mut sold = test_indicator(id, Some("sold"), 60.0, "kWh");
        sold.claim = ClaimVerdict::NotClaimed(NotClaimedReason::Certified);
        account.indicators.push(sold);
        let days = |asset: &str, value: f64| DailyValues {
            id: id.into(),
            asset: Some(asset.into()),
            unit: "kWh".into(),
            days: (1..=30)
                .map(|day| {
                    let date = jiff::civil::date(2026, 11, day);
                    (date, Some(value), CompletenessShares::default())
                })
                .collect(),
        };
        account.daily = vec![days("plts", 5.0), days("sold", 2.0)];
        let total = test_indicator("site.generation", None, 150.0, "kWh");
        let inputs = ReportInputs::of_account(&config, &account, NOW, Language::En);
        let book = ReportContext::new(inputs);
        let shown = summed_days(&book, &total).unwrap();
        let sum: f64 = shown.days.iter().filter_map(|(_, value, _)| *value).sum();
        assert!((sum - 150.0).abs() < 1e-9, "{sum}");
    }
}
