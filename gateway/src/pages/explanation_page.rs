//! `/jelas/ID`: explanation of a figure: equation with its numbers, inputs, factors, readings and
//! gaps.

use crate::api::request_language::query_parameter;
use crate::pages::navigation::page_of_kind;
use crate::pages::page_frame::{PageFrame, render_failure, render_not_found, render_page};
use crate::pages::page_request::PageRequest;
use crate::pages::period_choice::PeriodChoice;
use crate::pages::site_figures::{FigureScope, FigureText, SiteFigures};
use crate::report::content::explain::{ExplanationStep, StepKind, explain_indicator};
use askama::Template;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;

/// Steps up to this depth are open at first: the inputs of the figure itself.
const OPEN_DEPTH: usize = 1;

#[derive(Template)]
#[template(path = "explanation.html")]
struct ExplanationPage {
    frame: PageFrame,
    choice: PeriodChoice,
    figure: FigureText,
    /// Name of the asset; empty for the site.
    asset_name: String,
    /// Address of its page; empty for the site.
    asset_link: String,
    steps: Vec<NestedStep>,
}

/// Line of the explanation, with those that belong to it folded below it.
#[derive(Debug)]
struct NestedStep {
    /// CSS class: `figure`, `value`, `equation`, `input` or `detail`.
    class: &'static str,
    text: String,
    /// Address of the plot of the point; empty for other lines.
    plot: String,
    /// Others belong to it.
    opens: bool,
    /// It is open at first: the first figure and its inputs.
    is_open: bool,
    /// Number of lines that end after this one, with all that belongs to them.
    closes: usize,
}

pub(crate) async fn explanation_page(
    PageRequest { app, uri, headers }: PageRequest,
    Path(id): Path<String>,
) -> Response {
    let frame = PageFrame::new(&app, "", &uri, &headers);
    let lang = frame.lang;
    let choice = PeriodChoice::of_request(&uri, app.today(), "month", lang);
    let asset = query_parameter(&uri, "asset").filter(|asset| !asset.is_empty());
    let scope = FigureScope::site();
    let figures = match SiteFigures::load(&app, choice.period, scope, lang).await {
        Ok(figures) => figures,
        Err(error) => return render_failure(&uri, frame, &error),
    };
    let (Some(figure), Ok(found)) = (
        figures.figure(asset.as_deref(), &id),
        explain_indicator(&figures.account, &id, asset.as_deref(), lang),
    ) else {
        return render_not_found(&uri, frame, &id);
    };
    // The first line repeats the heading of the page.
    let mut steps = found.steps(&figures.config, &figures.account, lang);
    // Notes of the figure itself stand above the steps.
    let own_note = |note: &String| lang.text_with("chapters-explain-note", &[("note", note)]);
    let own_notes: Vec<String> = figure.notes.iter().map(own_note).collect();
    steps.retain(|step| step.depth != 1 || !own_notes.contains(&step.text));
    let (from, _) = app.period_bounds(choice.period);
    let steps = nest_steps(steps.get(1..).unwrap_or_default(), from, choice.days());
    let mut assets = app.state().assets.iter();
    let asset = assets.find(|one| Some(&*one.id) == asset.as_deref());
    let shown_on = asset.and_then(|one| page_of_kind(one.kind.word()));
    let asset_link = shown_on.zip(asset).map_or_else(String::new, |(page, one)| {
        format!("/{}?period={}#asset-{}", page.place, choice.period, one.id)
    });
    let page = ExplanationPage {
        asset_name: asset.map_or_else(String::new, |one| one.name.to_string()),
        asset_link,
        steps,
        frame,
        choice,
        figure,
    };
    render_page(&uri, StatusCode::OK, &page)
}

/// Folds the steps below those that they belong to.
fn nest_steps(steps: &[ExplanationStep], from: i64, days: i32) -> Vec<NestedStep> {
    let span = match days {
        ..=1 => "day",
        2..=7 => "week",
        8..=31 => "month",
        _ => "year",
    };
    let mut open: Vec<usize> = Vec::new();
    let nested = steps.iter().enumerate().map(|(index, step)| {
        let next = steps.get(index + 1).map_or(0, |next| next.depth);
        let opens = next > step.depth;
        if opens {
            open.push(step.depth);
        }
        let before = open.len();
        open.retain(|depth| *depth < next);
        NestedStep {
            class: step_class(&step.kind),
            text: step.text.clone(),
            plot: match &step.kind {
                StepKind::Point(point) => format!("/points/{point}?span={span}&at={from}"),
                _ => String::new(),
            },
            opens,
            is_open: step.depth <= OPEN_DEPTH,
            closes: before - open.len(),
        }
    });
    nested.collect()
}

fn step_class(kind: &StepKind) -> &'static str {
    match kind {
        StepKind::Figure => "figure",
        StepKind::Value => "value",
        StepKind::Equation => "equation",
        StepKind::Input | StepKind::Point(_) => "input",
        StepKind::Detail => "detail",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_that_opens_is_closed_once() {
        let step = |depth| ExplanationStep {
            depth,
            kind: StepKind::Input,
            text: String::new(),
        };
        let depths = [1, 1, 2, 3, 4, 2, 1, 2];
        let steps: Vec<_> = depths.into_iter().map(step).collect();
        let nested = nest_steps(&steps, 0, 30);
        let opens: Vec<bool> = nested.iter().map(|one| one.opens).collect();
        let closes: Vec<usize> = nested.iter().map(|one| one.closes).collect();
        assert_eq!(opens, [false, true, true, true, false, false, true, false]);
        assert_eq!(closes, [0, 0, 0, 0, 2, 1, 0, 1]);
    }
}
