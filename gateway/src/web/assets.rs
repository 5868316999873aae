//! Style, script and plotting library, from inside the binary.

use super::error::{ApiError, unknown_path};
use axum::extract::Path;
use axum::http::{Uri, header};
use axum::response::{IntoResponse, Response};
use std::sync::LazyLock;

const CSS: &str = "text/css; charset=utf-8";
const JS: &str = "text/javascript; charset=utf-8";
const SVG: &str = "image/svg+xml";
const TEXT: &str = "text/plain; charset=utf-8";

/// Path below `/assets/`, type, content.
const FILES: [(&str, &str, &str); 7] = [
    (
        "pantau.css",
        CSS,
        include_str!("../../assets/site/pantau.css"),
    ),
    ("pantau.js", JS, include_str!("../../assets/site/pantau.js")),
    ("plot.js", JS, include_str!("../../assets/site/plot.js")),
    ("icon.svg", SVG, include_str!("../../assets/site/icon.svg")),
    (
        "uplot/uPlot.min.css",
        CSS,
        include_str!("../../assets/vendor/uplot/uPlot.min.css"),
    ),
    (
        "uplot/uPlot.iife.min.js",
        JS,
        include_str!("../../assets/vendor/uplot/uPlot.iife.min.js"),
    ),
    (
        "uplot/LICENSE",
        TEXT,
        include_str!("../../assets/vendor/uplot/LICENSE"),
    ),
];

/// Changes whenever an asset does, so that browsers may keep them for good.
pub(super) static TAG: LazyLock<String> = LazyLock::new(|| {
    let mut hash = crc32fast::Hasher::new();
    for (_, _, content) in FILES {
        hash.update(content.as_bytes());
    }
    format!("{:08x}", hash.finalize())
});

pub(super) async fn file(Path(path): Path<String>, uri: Uri) -> Result<Response, ApiError> {
    match FILES.iter().find(|(name, _, _)| *name == path) {
        Some((_, mime, content)) => {
            let headers = [
                (header::CONTENT_TYPE, *mime),
                (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
            ];
            Ok((headers, *content).into_response())
        }
        None => Err(unknown_path(uri).await),
    }
}
