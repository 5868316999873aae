//! Content of the first page.

use super::comparison::Comparison;
use super::director_context::DirectorContext;
use super::front_plot;
use crate::domain::indicator::Indicator;
use crate::formulas::claim_rounding::{RoundingMode, round_decimals};
use crate::report::content::{emissions, page_one, significant_digits};
use crate::report::render::cell_value::CellValue;
use crate::report::render::figure::KeyFigure;
use crate::report::render::front_page::{FrontFigure, FrontPage, FrontSigner};
use crate::report::render::number_format;

/// Message keys of the roles of those who sign, in the order of the configuration.
const ROLES: [&str; 3] = [
    "chapters-col-prepared",
    "chapters-col-checked",
    "chapters-col-approved",
];
/// Change since the period before, as a share of it, beyond which only the numbers are shown.
const CHANGE_MAX: f64 = 9.995;

pub(crate) fn front_page(desk: &DirectorContext<'_>) -> FrontPage {
    let book = &desk.book;
    let page = page_one::page_one(book);
    let known = page.known();
    let signers = &book.matter.config.report.signers;
    let signer = |place: usize| FrontSigner {
        role: book.message(ROLES[place]),
        name: signers[place].name.clone(),
        office: signers[place].office.clone(),
    };
    let mut figures: Vec<FrontFigure> = page
        .figures
        .into_iter()
        .map(|(one, figure)| front_figure(desk, one, figure))
        .collect();
    tell_reasons_once(&mut figures, &book.message("chapters-director-same-reason"));
    FrontPage {
        before: desk.before_name(),
        figures,
        chart: front_plot::front_plot(book, &known),
        remark: page.remark,
        is_doubtful: page.is_doubtful,
        signers: [signer(0), signer(1), signer(2)],
    }
}

/// Writes a reason out at the first of the figures that have no number for it, and `same` at those
/// that follow.
fn tell_reasons_once(figures: &mut [FrontFigure], same: &str) {
    let mut last: Option<String> = None;
    for one in figures {
        let CellValue::Missing(why) = &mut one.figure.value else {
            last = None;
            continue;
        };
        let why_told = last.replace(why.clone());
        if why_told.as_ref() == Some(why) {
            same.clone_into(why);
        }
    }
}

fn front_figure(
    desk: &DirectorContext<'_>,
    one: Option<&Indicator>,
    figure: KeyFigure,
) -> FrontFigure {
    let Some(one) = one else {
        return FrontFigure {
            figure,
            bounds: String::new(),
            before: number_format::NO_VALUE.to_owned(),
            change: String::new(),
        };
    };
    let is_number = matches!(figure.value, CellValue::Number(_));
    let bounds = match is_number {
        true if figure.is_at_least => at_least_text(desk, one),
        true => bounds_text(desk, one),
        false => String::new(),
    };
    let bounds = with_reach(desk, (one, &figure), bounds);
    let (before, change) = before_texts(desk, one, is_number);
    FrontFigure {
        figure,
        bounds,
        before,
        change,
    }
}

/// "At least" of a lower bound, with its half-width: ends on both sides would say too much.
fn at_least_text(desk: &DirectorContext<'_>, one: &Indicator) -> String {
    let width = width_text(desk, one).unwrap_or_default();
    let width = (&*width, one.uncertainty.is_least);
    number_format::figure_bounds(desk.book.lang, true, width)
}

/// Both ends of emissions, the half-width of everything else. Of emissions it is told also when the
/// bounds are not known.
pub(crate) fn bounds_text(desk: &DirectorContext<'_>, one: &Indicator) -> String {
    let is_emission = emissions::is_emission(&one.id);
    let width = significant_digits::half_width(one).filter(|width| *width > 0.0);
    match (&one.value, width) {
        // A lower bound of the uncertainty gives no ends.
        (Ok(value), Some(width)) if is_emission && !one.uncertainty.is_least => {
            let [low, high] = emission_bounds(desk, one, *value, width);
            let args = [("low", &*low), ("high", &*high)];
            desk.book.format_message("chapters-director-between", &args)
        }
        (Ok(_), Some(_)) => half_width_text(desk, one),
        _ if is_emission => desk.book.message("chapters-director-no-bounds"),
        _ => String::new(),
    }
}

/// The bounds with the amounts by which the figure may be smaller or greater.
fn with_reach(
    desk: &DirectorContext<'_>,
    (one, figure): (&Indicator, &KeyFigure),
    bounds: String,
) -> String {
    let format = desk.number_format(one);
    let amounts = figure.shown_reach().map(|amount| {
        amount.map_or_else(String::new, |amount| {
            let (amount, decimals) = (desk.rounded_width(one, amount), format.shown_decimals());
            number_format::format_quantity(desk.book.lang, amount, &format.unit, decimals)
        })
    });
    number_format::with_reach(desk.book.lang, bounds, amounts)
}

/// The half-width with its sign and unit; empty when it is not known.
pub(crate) fn half_width_text(desk: &DirectorContext<'_>, one: &Indicator) -> String {
    let width = width_text(desk, one);
    width.map_or_else(String::new, |width| {
        number_format::half_width(desk.book.lang, &width, one.uncertainty.is_least)
    })
}

/// The half-width with its unit; `None` when it is not known.
fn width_text(desk: &DirectorContext<'_>, one: &Indicator) -> Option<String> {
    let width = significant_digits::half_width(one).filter(|width| *width > 0.0)?;
    let format = desk.number_format(one);
    let width = desk.rounded_width(one, width);
    let (lang, decimals) = (desk.book.lang, format.shown_decimals());
    Some(number_format::format_quantity(
        lang,
        width,
        &format.unit,
        decimals,
    ))
}

/// Ends of the 95 % interval of emissions as texts: the lower one rounded down, the upper one up.
pub(crate) fn emission_bounds(
    desk: &DirectorContext<'_>,
    one: &Indicator,
    value: f64,
    width: f64,
) -> [String; 2] {
    let format = desk.number_format(one);
    let decimals = i32::from(format.decimals);
    let reach = one.uncertainty.reach;
    let low = round_decimals(value - width - reach.down, decimals, RoundingMode::Down);
    let high = round_decimals(value + width + reach.up, decimals, RoundingMode::Up);
    let (lang, shown) = (desk.book.lang, format.shown_decimals());
    [
        number_format::format_number(lang, low, shown),
        number_format::format_quantity(lang, high, &format.unit, shown),
    ]
}

/// The figure of the period before with the change since in one line; empty where there is none.
pub(crate) fn beside_text(
    desk: &DirectorContext<'_>,
    one: &Indicator,
    figure: &KeyFigure,
) -> String {
    let is_number = matches!(figure.value, CellValue::Number(_));
    let (before, change) = before_texts(desk, one, is_number);
    if matches!(desk.comparison(one), Comparison::None) {
        return String::new();
    }
    let change = if change.is_empty() {
        change
    } else {
        format!(" ({change})")
    };
    format!("{}: {before}{change}", desk.before_name())
}

/// The figure of the period before and the change since; without a number "–" and why. Where this
/// period has no number, its reason takes the place of the second text.
fn before_texts(desk: &DirectorContext<'_>, one: &Indicator, is_number: bool) -> (String, String) {
    let alone = |text: String| (text, String::new());
    match desk.comparison(one) {
        Comparison::Number(before) if is_number => {
            let change = change_text(desk, one, before);
            (desk.quantity(one, before), change)
        }
        Comparison::Number(before) => alone(desk.quantity(one, before)),
        Comparison::Marked(before, mark) => (desk.quantity(one, before), mark),
        Comparison::None => alone(desk.book.message("report-gap")),
        Comparison::Unlike(word, _) if is_number => (number_format::NO_VALUE.to_owned(), word),
        Comparison::Unlike(word, _) => alone(word),
    }
}

/// Change since the period before in percent of it, with its sign.
fn change_text(desk: &DirectorContext<'_>, one: &Indicator, before: f64) -> String {
    let format = desk.number_format(one);
    let Ok(now) = &one.value else {
        return String::new();
    };
    // From the printed numbers, so that a reader can check it.
    let (now, before) = (format.round(*now), format.round(before));
    if before <= 0.0 {
        return String::new();
    }
    let change = (now - before) / before;
    if change.abs() > CHANGE_MAX {
        return String::new();
    }
    // A change below one percent would read as none.
    let decimals = u8::from(change.abs() < 0.01 && change != 0.0);
    let text = number_format::format_percent(desk.book.lang, change, decimals);
    if change > 0.0 {
        format!("+{text}")
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::render::cell_value::ValueKind;

    fn figure(value: CellValue) -> FrontFigure {
        FrontFigure {
            figure: KeyFigure::new("front/a", "a", value, ValueKind::Mixed),
            bounds: String::new(),
            before: String::new(),
            change: String::new(),
        }
    }

    #[test]
    fn a_reason_is_written_once_for_figures_that_follow_each_other() {
        let missing = |why: &str| figure(CellValue::Missing(why.to_owned()));
        let mut all = [
            missing("60%"),
            missing("60%"),
            missing("60%"),
            missing("refused"),
            figure(CellValue::Number(1.0)),
            missing("refused"),
        ];
        tell_reasons_once(&mut all, "same");
        let said = all.map(|one| match one.figure.value {
            CellValue::Missing(why) => why,
            _ => String::new(),
        });
        assert_eq!(said, ["60%", "same", "same", "refused", "", "refused"]);
    }
}
