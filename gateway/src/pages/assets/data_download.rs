//! `/plts/data.csv`, `/plts/data.xlsx`: what a page shows, as a file for a spreadsheet.

use super::{daily_table, page_of_path};
use crate::api::ApiListener;
use crate::api::error::{ApiError, unknown_path_error};
use crate::api::request_language::{query_parameter, request_language};
use crate::pages::period_choice::PeriodChoice;
use crate::pages::site_figures::{FigureScope, SiteFigures};
use crate::report::content;
use crate::report::render::csv::render_csv_rows;
use crate::report::render::{ReportFormat, render_document};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};

/// `/PLACE/data.FORMAT?period=...`; `rows=figures` for one row a figure instead of one a day.
pub(crate) async fn asset_data(
    State(app): State<ApiListener>,
    Path(format): Path<String>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let lang = request_language(&uri, &headers);
    let known = [ReportFormat::Csv, ReportFormat::Xlsx];
    let format = ReportFormat::parse(&format).filter(|format| known.contains(format));
    let (Some(page), Some(format)) = (page_of_path(uri.path()), format) else {
        return Err(unknown_path_error(uri).await);
    };
    let choice = PeriodChoice::of_request(&uri, app.today(), "month", lang);
    // A file of another period would carry no sign of it.
    if !choice.refused.is_empty() {
        return Err(ApiError::new(StatusCode::BAD_REQUEST, choice.refused));
    }
    let figures = SiteFigures::load(&app, choice.period, FigureScope::site_by_day(), lang).await?;
    let assets = page.assets(&app.state().assets);
    let assets: Vec<(&str, &str)> = assets.iter().map(|one| (&*one.id, &*one.name)).collect();
    let by_figure = query_parameter(&uri, "rows").as_deref() == Some("figures");
    let bytes = match format {
        ReportFormat::Csv if by_figure => {
            render_csv_rows(lang, &daily_table::figure_csv_rows(&figures, &assets))
        }
        ReportFormat::Csv => {
            let rows = daily_table::daily_csv_rows(&figures, &assets, choice.today);
            render_csv_rows(lang, &rows)
        }
        _ => {
            let title = format!(
                "{} · {}",
                lang.text(&format!("nav-{}", page.place)),
                choice.title
            );
            let ids = assets.iter().map(|(id, _)| (*id).to_owned()).collect();
            render_workbook(figures, title, ids).await?
        }
    };
    let name = format!(
        "{}-{}-{}.{}",
        app.site().id,
        page.place,
        choice.period,
        format.key()
    );
    let headers = [
        (header::CONTENT_TYPE, format.media_type().to_owned()),
        (
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"{name}\""),
        ),
    ];
    Ok((headers, bytes).into_response())
}

/// Workbook with one sheet for each asset.
async fn render_workbook(
    figures: SiteFigures,
    title: String,
    assets: Vec<String>,
) -> Result<Vec<u8>, ApiError> {
    let render = move || {
        let assets: Vec<&str> = assets.iter().map(String::as_str).collect();
        let document = content::build_asset_document(figures.report_inputs(), title, &assets);
        render_document(&document, ReportFormat::Xlsx)
    };
    let failed = |why: String| {
        tracing::error!(%why, "a workbook could not be made");
        ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, why)
    };
    // A year of days takes a second of CPU time, which must not hold up other requests.
    let rendered = tokio::task::spawn_blocking(render).await;
    rendered
        .map_err(|why| failed(why.to_string()))?
        .map_err(|why| failed(why.to_string()))
}
