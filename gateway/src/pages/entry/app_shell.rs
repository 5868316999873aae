//! The page as an application of a phone: manifest, icons, and the service worker that keeps the
//! form for times without a connection.

use crate::api::error::{ApiError, unknown_path_error};
use crate::api::request_language::request_language;
use crate::pages::page_frame::{PageFrame, render_page};
use crate::pages::page_request::PageRequest;
use crate::pages::static_files::STATIC_FILES_HASH;
use askama::Template;
use axum::extract::Path;
use axum::http::{StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};

static WORKER_SCRIPT: &str = include_str!("../../../assets/site/sw.js");
static ICON_192: &[u8] = include_bytes!("../../../assets/site/icon-192.png");
static ICON_512: &[u8] = include_bytes!("../../../assets/site/icon-512.png");

/// Static files that the kept pages load.
const SHELL_FILES: [&str; 6] = [
    "pantau.css",
    "pantau.js",
    "entry.css",
    "entry.js",
    "icon.svg",
    "icons.svg",
];

#[derive(Template)]
#[template(path = "offline.html")]
struct OfflineNotice {
    frame: PageFrame,
}

/// Page that the service worker shows instead of one that cannot be loaded.
pub(super) async fn offline_notice(PageRequest { app, uri, headers }: PageRequest) -> Response {
    let mut frame = PageFrame::new(&app, "", &uri, &headers);
    frame.hide_person();
    render_page(&uri, StatusCode::OK, &OfflineNotice { frame })
}

/// The service worker with the addresses of the present static files: a new release is another
/// script, so the browser installs it.
pub(super) async fn service_worker() -> Response {
    let tag = &*STATIC_FILES_HASH;
    let files = SHELL_FILES.map(|name| format!("/assets/{name}?v={tag}"));
    let files = serde_json::json!(files);
    let script = format!("const TAG = \"{tag}\";\nconst FILES = {files};\n{WORKER_SCRIPT}");
    let headers = [
        (header::CONTENT_TYPE, "text/javascript; charset=utf-8"),
        (header::CACHE_CONTROL, "no-cache"),
    ];
    (headers, script).into_response()
}

/// Name, icons and start page for the home screen of a phone.
pub(super) async fn manifest(PageRequest { app, uri, headers }: PageRequest) -> Response {
    let lang = request_language(&uri, &headers);
    let icon = |name: &str, size: u16| {
        serde_json::json!({
            "src": format!("/ikon/{name}.png"),
            "sizes": format!("{size}x{size}"),
            "type": "image/png",
            "purpose": "any maskable",
        })
    };
    let manifest = serde_json::json!({
        "id": "/catat",
        "name": format!("Pantau {}", app.site().name),
        "short_name": "Pantau",
        "description": lang.text("entry-app-description"),
        "lang": lang.code(),
        "start_url": "/catat",
        "scope": "/",
        "display": "standalone",
        "theme_color": "#0b6e5f",
        "background_color": "#f4f6f5",
        "icons": [icon("192", 192), icon("512", 512)],
    });
    let headers = [
        (header::CONTENT_TYPE, "application/manifest+json"),
        (header::CACHE_CONTROL, "no-cache"),
    ];
    (headers, manifest.to_string()).into_response()
}

/// Icon for the home screen of a phone.
pub(super) async fn icon(Path(file): Path<String>, uri: Uri) -> Result<Response, ApiError> {
    let bytes = match file.as_str() {
        "192.png" => ICON_192,
        "512.png" => ICON_512,
        _ => return Err(unknown_path_error(uri).await),
    };
    let headers = [
        (header::CONTENT_TYPE, "image/png"),
        // A day only: the address has no hash that a new release would change.
        (header::CACHE_CONTROL, "public, max-age=86400"),
    ];
    Ok((headers, bytes).into_response())
}
