//! Pages of the technician: all devices with their points, plot of a point, health.

use crate::api::ApiListener;
use crate::api::error::ApiError;
use crate::api::local_time::{PlotInterval, PlotSpan};
use crate::api::request_language::query_parameter;
use crate::api::request_sender::RequestSender;
use crate::domain::UtcMs;
use crate::i18n::Language;
use crate::pages::damage_list::{DamageList, damage_list};
use crate::pages::drawings::small_curve::SmallCurve;
use crate::pages::page_frame::{PageFrame, is_for_sender, render_not_found, render_page};
use crate::pages::page_request::PageRequest;
use crate::pages::page_texts::{DeviceCard, HealthLine, PointCard, SiteHealthTexts};
use crate::pages::plot_spec::{PlotData, PlotSeries, PlotSpec, PlotStyle};
use crate::report::content::unit_text;
use askama::Template;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

const DAY_MS: i64 = 86_400_000;
/// Time between two means of a small curve.
const CURVE_STEP_MS: i64 = 900_000;

#[derive(Template)]
#[template(path = "technician.html")]
struct TechnicianPage {
    frame: PageFrame,
    status: SiteHealthTexts,
    devices: Vec<DeviceCard>,
    /// Pages for the technician: address and message key.
    places: Vec<(&'static str, &'static str)>,
    /// Lines and networks in the order of the configuration: id, place, state.
    lines: Vec<(String, String, HealthLine)>,
}

/// Pages for the technician, with the message keys of their names.
const TECHNICIAN_PLACES: &[(&str, &str)] = &[
    ("/teknisi/cari", "scanpage-title"),
    ("/teknisi/register", "register-title"),
    ("/teknisi/bingkai", "frames-title"),
    ("/teknisi/alamat", "wizard-address-title"),
    ("/teknisi/konfigurasi", "configuration-title"),
    ("/teknisi/tangki", "wizard-tank-title"),
    ("/teknisi/meter-air", "wizard-pulse-title"),
    ("/teknisi/trafo-arus", "wizard-ct-title"),
    ("/teknisi/meter", "meter-swap-title"),
    ("/teknisi/uji", "soak-page-title"),
    ("/teknisi/waktu", "site-time-title"),
    ("/teknisi/serah-terima", "handover-title"),
    ("/health", "web-health"),
];

#[derive(Template)]
#[template(path = "health.html")]
struct HealthPage {
    frame: PageFrame,
    clock: HealthLine,
    status: SiteHealthTexts,
    devices: Vec<DeviceCard>,
    damage: Option<DamageList>,
}

#[derive(Template)]
#[template(path = "point.html")]
#[expect(
    clippy::struct_excessive_bools,
    reason = "a template asks for each of them by its name"
)]
struct PointPlotPage {
    frame: PageFrame,
    device: String,
    point: PointCard,
    counter: bool,
    growth: bool,
    reach: PlotSpan,
    stretch: PlotInterval,
    /// The plotted interval contains the present.
    current: bool,
    /// Least and greatest values of each bucket are drawn as a band.
    spread: bool,
    spec: PlotSpec,
}

pub(crate) async fn technician_page(asked: PageRequest) -> Response {
    let sender = RequestSender::current();
    let is_open = |(path, _): &&(&str, &str)| is_for_sender(&sender, path);
    let places = TECHNICIAN_PLACES.iter().filter(is_open).copied().collect();
    let buses = asked.app.state().buses.iter();
    let page = |frame, (status, devices): (SiteHealthTexts, _)| TechnicianPage {
        lines: buses
            .filter_map(|bus| {
                let line = status.buses.get(&*bus.id)?.clone();
                Some((bus.id.to_string(), bus.link.summary().address, line))
            })
            .collect(),
        frame,
        status,
        devices,
        places,
    };
    show_devices(&asked, page).await
}

pub(crate) async fn health_page(asked: PageRequest) -> Response {
    let damage = damage_list(&asked).await;
    let page = |frame: PageFrame, (status, devices)| HealthPage {
        clock: asked.app.clock_line(frame.lang),
        frame,
        status,
        devices,
        damage,
    };
    show_devices(&asked, page).await
}

/// A page of health and last values. When the store does not answer, the page is still shown; its
/// health line names the fault.
async fn show_devices<T: Template>(
    asked: &PageRequest,
    page: impl FnOnce(PageFrame, (SiteHealthTexts, Vec<DeviceCard>)) -> T,
) -> Response {
    let PageRequest { app, uri, headers } = asked;
    let frame = PageFrame::new(app, "teknisi", uri, headers);
    let last = app.state().store.latest_samples().await.unwrap_or_default();
    let lang = frame.lang;
    let found = (app.status(lang), app.device_cards(&last, lang));
    render_page(uri, StatusCode::OK, &page(frame, found))
}

pub(crate) async fn point_page(
    PageRequest { app, uri, headers }: PageRequest,
    Path(id): Path<String>,
) -> Response {
    let frame = PageFrame::new(&app, "teknisi", &uri, &headers);
    let (Some((device, place)), Some(info)) = (app.site().find_point(&id), app.site().point(&id))
    else {
        return render_not_found(&uri, frame, &id);
    };
    let place = (usize::from(device), place);
    let device = &app.site().devices[place.0];
    let last = app.state().store.latest_samples().await.unwrap_or_default();
    let reach = query_parameter(&uri, "span")
        .and_then(|word| PlotSpan::parse(&word))
        .unwrap_or(PlotSpan::Day);
    let now = app.now();
    let at = query_parameter(&uri, "at")
        .and_then(|at| at.parse().ok())
        .map_or(now, UtcMs);
    // Counters are plotted as increase per bucket unless the reading itself is asked for.
    let growth = info.counter && query_parameter(&uri, "show").as_deref() != Some("value");
    let stretch = reach.interval_at(at, &app.0.zone, frame.lang);
    let last = last.iter().find(|last| *last.point == *id);
    let point = app.point_card(place, info, last, frame.lang);
    let current = (stretch.from..stretch.to).contains(&now);
    let every_ms = i64::try_from(device.every_ms).unwrap_or(i64::MAX);
    let label = frame.t(if growth { "web-growth" } else { "web-value" });
    let (series, spread) = point_series(&point, label, reach, growth, every_ms);
    let spec = PlotSpec {
        live: current,
        ..PlotSpec::new(stretch.from.0, stretch.to.0, vec![series])
    };
    let plot = PointPlotPage {
        device: app.device_title(place.0, device),
        point,
        counter: info.counter,
        growth,
        reach,
        current,
        spread,
        spec,
        stretch,
        frame,
    };
    render_page(&uri, StatusCode::OK, &plot)
}

/// Picture of the last 24 hours of a point. A browser keeps it for a step of its means.
pub(crate) async fn small_curve(
    State(app): State<ApiListener>,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    let point = app.site().point(&id);
    let point =
        point.ok_or_else(|| ApiError::bad_parameter("point", &id, "a point of this site"))?;
    // The end of the running step: all requests within it ask for the same buckets.
    let to = UtcMs((app.now().0 / CURVE_STEP_MS + 1) * CURVE_STEP_MS);
    let bounds = (UtcMs(to.0 - DAY_MS), to);
    let curve = SmallCurve {
        bounds,
        step_ms: CURVE_STEP_MS,
        unit: (!point.counter).then(|| unit_text(Language::default(), &point.unit)),
        means: app.bucket_means(&id, bounds, CURVE_STEP_MS).await?,
    };
    let headers = [
        (header::CONTENT_TYPE, "image/svg+xml"),
        // `private`: readings of a site that is not public must not stay in a proxy.
        (header::CACHE_CONTROL, "private, max-age=900"),
    ];
    Ok((headers, curve.svg()).into_response())
}

/// Series of a point, and whether the spread of each bucket is drawn.
fn point_series(
    point: &PointCard,
    label: String,
    reach: PlotSpan,
    growth: bool,
    every_ms: i64,
) -> (PlotSeries, bool) {
    let (step, step_ms) = if growth {
        reach.growth_step()
    } else {
        reach.bucket_step().unwrap_or(("", 0))
    };
    let spread = !growth && step_ms > 0;
    let series = PlotSeries {
        label,
        unit: point.unit.clone(),
        style: if growth {
            PlotStyle::Bars
        } else {
            PlotStyle::Line
        },
        data: PlotData::Samples {
            point: point.id.clone(),
            step,
            agg: if growth { "delta" } else { "mean" },
            // A device may be polled more rarely than a bucket is wide; that is no gap.
            width: step_ms.max(every_ms),
            spread,
        },
        pale: false,
    };
    (series, spread)
}

impl PointPlotPage {
    /// Link to this plot with another span, time or display.
    fn link(&self, reach: PlotSpan, at: &str, growth: bool) -> String {
        let show = match (self.counter, growth) {
            (true, false) => "&show=value",
            _ => "",
        };
        let at = if at.is_empty() {
            String::new()
        } else {
            format!("&at={at}")
        };
        format!("?span={}{at}{show}", reach.word())
    }
}
