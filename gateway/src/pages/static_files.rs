//! Static files (style, script, plotting library), compiled into the binary.

use crate::api::error::{ApiError, unknown_path_error};
use axum::extract::Path;
use axum::http::{Uri, header};
use axum::response::{IntoResponse, Response};
use std::sync::LazyLock;

const CSS_TYPE: &str = "text/css; charset=utf-8";
const JS_TYPE: &str = "text/javascript; charset=utf-8";
const SVG_TYPE: &str = "image/svg+xml";
const TEXT_TYPE: &str = "text/plain; charset=utf-8";

/// Path below `/assets/`, media type, content.
const STATIC_FILES: &[(&str, &str, &str)] = &[
    (
        "pantau.css",
        CSS_TYPE,
        include_str!("../../assets/site/pantau.css"),
    ),
    (
        "home.css",
        CSS_TYPE,
        include_str!("../../assets/site/home.css"),
    ),
    (
        "access.css",
        CSS_TYPE,
        include_str!("../../assets/site/access.css"),
    ),
    (
        "assets.css",
        CSS_TYPE,
        include_str!("../../assets/site/assets.css"),
    ),
    (
        "drawings.css",
        CSS_TYPE,
        include_str!("../../assets/site/drawings.css"),
    ),
    (
        "pantau.js",
        JS_TYPE,
        include_str!("../../assets/site/pantau.js"),
    ),
    (
        "plot.js",
        JS_TYPE,
        include_str!("../../assets/site/plot.js"),
    ),
    (
        "reports.css",
        CSS_TYPE,
        include_str!("../../assets/site/reports.css"),
    ),
    (
        "impact.css",
        CSS_TYPE,
        include_str!("../../assets/site/impact.css"),
    ),
    (
        "share.js",
        JS_TYPE,
        include_str!("../../assets/site/share.js"),
    ),
    (
        "entry.css",
        CSS_TYPE,
        include_str!("../../assets/site/entry.css"),
    ),
    (
        "entry.js",
        JS_TYPE,
        include_str!("../../assets/site/entry.js"),
    ),
    (
        "icon.svg",
        SVG_TYPE,
        include_str!("../../assets/site/icon.svg"),
    ),
    (
        "icons.svg",
        SVG_TYPE,
        include_str!("../../assets/site/icons.svg"),
    ),
    (
        "htmx/htmx.min.js",
        JS_TYPE,
        include_str!("../../assets/vendor/htmx/htmx.min.js"),
    ),
    (
        "htmx/LICENSE",
        TEXT_TYPE,
        include_str!("../../assets/vendor/htmx/LICENSE"),
    ),
    (
        "uplot/uPlot.min.css",
        CSS_TYPE,
        include_str!("../../assets/vendor/uplot/uPlot.min.css"),
    ),
    (
        "uplot/uPlot.iife.min.js",
        JS_TYPE,
        include_str!("../../assets/vendor/uplot/uPlot.iife.min.js"),
    ),
    (
        "uplot/LICENSE",
        TEXT_TYPE,
        include_str!("../../assets/vendor/uplot/LICENSE"),
    ),
];

/// Checksum of all static files, part of their addresses: browsers may cache them without expiry,
/// and a new release is loaded at once.
pub(crate) static STATIC_FILES_HASH: LazyLock<String> = LazyLock::new(|| {
    let mut hash = crc32fast::Hasher::new();
    for (_, _, content) in STATIC_FILES {
        hash.update(content.as_bytes());
    }
    format!("{:08x}", hash.finalize())
});

pub(crate) async fn get_static_file(
    Path(path): Path<String>,
    uri: Uri,
) -> Result<Response, ApiError> {
    match STATIC_FILES.iter().find(|(name, _, _)| *name == path) {
        Some((_, mime, content)) => {
            let headers = [
                (header::CONTENT_TYPE, *mime),
                (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
            ];
            Ok((headers, *content).into_response())
        }
        None => Err(unknown_path_error(uri).await),
    }
}
