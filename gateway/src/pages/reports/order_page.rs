//! Orders of reports: the form, the page with the progress, and the file.

use crate::api::ApiListener;
use crate::api::error::ApiError;
use crate::api::report_jobs::{ReportJob, ReportStage};
use crate::api::report_orders::ReportOrderWish;
use crate::domain::period::Period;
use crate::pages::number_format;
use crate::pages::page_frame::{PageFrame, render_failure, render_page};
use crate::pages::page_request::PageRequest;
use crate::report::content::{ReportEdition, period_name};
use crate::report::render::ReportFormat;
use askama::Template;
use axum::Form;
use axum::extract::Path;
use axum::extract::rejection::FormRejection;
use axum::http::{HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

/// Seconds after which the page of a running order loads itself again.
const REFRESH_SECONDS: &str = "2";

/// Form that orders a report.
#[derive(Debug, Deserialize)]
pub(crate) struct OrderForm {
    period: String,
    #[serde(default)]
    asset: String,
    format: String,
    /// Edition of a PDF; the director's when it is left out.
    #[serde(default)]
    edition: String,
}

#[derive(Template)]
#[template(path = "report_order.html")]
struct OrderPage {
    frame: PageFrame,
    period: String,
    format: String,
    id: String,
    file: String,
    /// Where the form was.
    back: String,
    stage: OrderStage,
}

/// Stage of an order as texts.
enum OrderStage {
    /// Share that is done, 0 to 100; `None` while it waits for its turn.
    Running(Option<u64>),
    /// Size of the file.
    Ready(String),
    /// The reason.
    Failed(String),
}

pub(crate) async fn order_report(
    PageRequest { app, uri, headers }: PageRequest,
    form: Result<Form<OrderForm>, FormRejection>,
) -> Response {
    let frame = PageFrame::new(&app, "laporan", &uri, &headers);
    let ordered = match form {
        Ok(Form(form)) => order_by_form(&app, &frame, &form),
        Err(fault) => Err(ApiError::new(StatusCode::BAD_REQUEST, fault.body_text())),
    };
    match ordered {
        Ok(id) => Redirect::to(&format!("/laporan/pekerjaan/{id}")).into_response(),
        Err(error) => render_failure(&uri, frame, &error),
    }
}

/// Orders what the form asks for; returns the name of the order.
fn order_by_form(
    app: &ApiListener,
    frame: &PageFrame,
    form: &OrderForm,
) -> Result<String, ApiError> {
    let lang = frame.lang;
    let period = form.period.parse::<Period>().map_err(|_| {
        let found = [("found", &*form.period)];
        ApiError::new(
            StatusCode::BAD_REQUEST,
            lang.text_with("reporting-no-period", &found),
        )
    })?;
    let format = ReportFormat::parse(&form.format)
        .ok_or_else(|| ApiError::new(StatusCode::BAD_REQUEST, lang.text("reporting-no-format")))?;
    let known = app.state().assets.iter().find(|one| *one.id == *form.asset);
    if known.is_none() && !form.asset.is_empty() {
        let found = [("found", &*form.asset)];
        let said = lang.text_with("reporting-no-asset", &found);
        return Err(ApiError::new(StatusCode::NOT_FOUND, said));
    }
    let asset = known.map(|one| one.id.clone());
    let edition = match form.edition.as_str() {
        "" => ReportEdition::default(),
        word => ReportEdition::parse(word).ok_or_else(|| {
            let said = lang.text_with("reporting-no-edition", &[("found", word)]);
            ApiError::new(StatusCode::BAD_REQUEST, said)
        })?,
    };
    let wish = ReportOrderWish {
        period,
        asset,
        format,
        edition,
    };
    app.order_report(wish, lang)
}

pub(crate) async fn order_page(
    PageRequest { app, uri, headers }: PageRequest,
    Path(id): Path<String>,
) -> Response {
    let frame = PageFrame::new(&app, "laporan", &uri, &headers);
    let Some(job) = app.state().report_jobs.find(&id) else {
        return render_gone(&uri, frame);
    };
    let lang = frame.lang;
    let stage = order_stage(&job, &frame);
    let is_running = matches!(stage, OrderStage::Running(_));
    let asset = job.wish.asset.as_deref();
    let page = OrderPage {
        period: period_name(lang, job.wish.period),
        format: job.wish.format.key().to_uppercase(),
        back: match asset {
            Some(asset) => format!("/laporan?period={}&asset={asset}", job.wish.period),
            None => format!("/laporan?period={}", job.wish.period),
        },
        id: job.id,
        file: job.file,
        frame,
        stage,
    };
    let mut response = render_page(&uri, StatusCode::OK, &page);
    if is_running {
        let again = HeaderValue::from_static(REFRESH_SECONDS);
        response.headers_mut().insert(header::REFRESH, again);
    }
    response
}

fn order_stage(job: &ReportJob, frame: &PageFrame) -> OrderStage {
    match &job.stage {
        ReportStage::Running => {
            let now = *job.progress.borrow();
            let share = (now.done * 100).checked_div(now.all);
            OrderStage::Running(share.map(|share| share.min(100)))
        }
        ReportStage::Ready(file) => {
            let bytes = u64::try_from(file.len()).unwrap_or(u64::MAX);
            OrderStage::Ready(number_format::format_bytes(bytes, frame.lang))
        }
        ReportStage::Failed(error) => OrderStage::Failed(error.person_message(frame.lang)),
    }
}

/// Page for an order that is not kept any more.
fn render_gone(uri: &Uri, frame: PageFrame) -> Response {
    let gone = ApiError::new(StatusCode::NOT_FOUND, frame.t("laporan-gone"));
    render_failure(uri, frame, &gone)
}

pub(crate) async fn ordered_file(
    PageRequest { app, uri, headers }: PageRequest,
    Path(id): Path<String>,
) -> Response {
    let job = app.state().report_jobs.find(&id);
    let Some((job, file)) = job.and_then(|job| match job.stage.clone() {
        ReportStage::Ready(file) => Some((job, file)),
        _ => None,
    }) else {
        return render_gone(&uri, PageFrame::new(&app, "laporan", &uri, &headers));
    };
    let headers = [
        (
            header::CONTENT_TYPE,
            job.wish.format.media_type().to_owned(),
        ),
        (
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"{}\"", job.file),
        ),
    ];
    (headers, file).into_response()
}
