//! The page of the impact, and the card of it for other sites.

use super::impact_figures::{ImpactFigures, ImpactPeriods, first_day};
use crate::api::ApiListener;
use crate::api::error::ApiError;
use crate::pages::page_frame::{PageFrame, render_failure, render_page};
use crate::pages::page_request::PageRequest;
use crate::pages::period_choice::{PeriodChoice, period_around};
use crate::report::content::period_kind;
use askama::Template;
use axum::http::{HeaderValue, StatusCode, Uri};
use axum::response::Response;

/// Value of the directive `frame-ancestors` that an answer asks for: the sites that may show it in
/// a frame. Without this extension of the answer none may.
#[derive(Clone, Debug)]
pub(crate) struct FrameAncestors(pub(crate) HeaderValue);

#[derive(Template)]
#[template(path = "impact.html")]
struct ImpactPage {
    frame: PageFrame,
    choice: PeriodChoice,
    figures: ImpactFigures,
    /// Day and time of the page.
    at: String,
}

#[derive(Template)]
#[template(path = "impact_card.html")]
struct ImpactCard {
    frame: PageFrame,
    figures: ImpactFigures,
    at: String,
}

pub(crate) async fn impact_page(PageRequest { app, uri, headers }: PageRequest) -> Response {
    let frame = PageFrame::new(&app, "dampak", &uri, &headers);
    let choice = chosen_month(&app, &uri, &frame);
    let figures = match load_figures(&app, &choice, &frame).await {
        Ok(figures) => figures,
        Err(error) => return render_failure(&uri, frame, &error),
    };
    let at = time_text(&app, &frame);
    let page = ImpactPage {
        frame,
        choice,
        figures,
        at,
    };
    render_page(&uri, StatusCode::OK, &page)
}

pub(crate) async fn embedded_card(PageRequest { app, uri, headers }: PageRequest) -> Response {
    let frame = PageFrame::new(&app, "dampak", &uri, &headers);
    let choice = chosen_month(&app, &uri, &frame);
    let mut response = match load_figures(&app, &choice, &frame).await {
        Ok(figures) => {
            let at = time_text(&app, &frame);
            render_page(&uri, StatusCode::OK, &ImpactCard { frame, figures, at })
        }
        Err(error) => return render_failure(&uri, frame, &error),
    };
    let sites = app.state().config.web.embed.join(" ");
    if let Ok(sites) = HeaderValue::from_str(&sites)
        && !sites.is_empty()
    {
        response.extensions_mut().insert(FrameAncestors(sites));
    }
    response
}

/// The month that is asked for, or that contains the end of the period asked for.
fn chosen_month(app: &ApiListener, uri: &Uri, frame: &PageFrame) -> PeriodChoice {
    let today = app.today();
    let choice = PeriodChoice::of_request(uri, today, "month", frame.lang);
    if period_kind(choice.period) == "month" {
        return choice;
    }
    let month = period_around("month", choice.period.last().min(today));
    let refused = choice.refused;
    let choice = PeriodChoice::new(month, today, frame.lang);
    PeriodChoice { refused, ..choice }
}

async fn load_figures(
    app: &ApiListener,
    choice: &PeriodChoice,
    frame: &PageFrame,
) -> Result<ImpactFigures, ApiError> {
    let periods = ImpactPeriods::new(choice, first_day(app).await?);
    ImpactFigures::load(app, &periods, frame.lang).await
}

fn time_text(app: &ApiListener, frame: &PageFrame) -> String {
    crate::report::render::number_format::time(frame.lang, app.now(), &app.0.zone)
}
