//! Static files (style, script, plotting library), compiled into the binary.

use crate::api::error::{ApiError, unknown_path_error};
use axum::body::{Body, Bytes};
use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use std::io::Write as _;
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

/// The files in gzip, made once: a browser of a phone loads them all, and compressing them for each
/// would cost more than sending them.
static COMPRESSED_FILES: LazyLock<Vec<Option<Bytes>>> = LazyLock::new(|| {
    STATIC_FILES
        .iter()
        .map(|(_, _, content)| compress(content))
        .collect()
});

/// The content in gzip; `None` when that is not shorter.
fn compress(content: &str) -> Option<Bytes> {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    packed.write_all(content.as_bytes()).ok()?;
    let packed = packed.finish().ok()?;
    (packed.len() < content.len()).then(|| packed.into())
}

pub(crate) async fn get_static_file(
    Path(path): Path<String>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let Some(index) = STATIC_FILES.iter().position(|(name, _, _)| *name == path) else {
        return Err(unknown_path_error(uri).await);
    };
    let (_, mime, content) = STATIC_FILES[index];
    let packed = COMPRESSED_FILES.get(index).and_then(Option::as_ref);
    let packed = packed.filter(|_| accepts_gzip(&headers));
    let coding = if packed.is_some() { "gzip" } else { "identity" };
    // One entity tag for each form, as RFC 9110 (8.8.3.3) asks.
    let tag = format!("\"{}-{coding}\"", *STATIC_FILES_HASH);
    let shared = [
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
        (header::VARY, "accept-encoding"),
        (header::ETAG, &tag),
    ];
    if is_known(&headers, &tag) {
        return Ok((StatusCode::NOT_MODIFIED, shared).into_response());
    }
    let body = packed.map_or_else(|| Body::from(content), |packed| Body::from(packed.clone()));
    let own = [
        (header::CONTENT_TYPE, mime),
        (header::CONTENT_ENCODING, coding),
    ];
    Ok((shared, own, body).into_response())
}

/// True when the client takes gzip.
fn accepts_gzip(headers: &HeaderMap) -> bool {
    let taken = headers.get_all(header::ACCEPT_ENCODING).iter();
    let codings = taken
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','));
    let mut codings = codings.map(|coding| coding.split_once(';').unwrap_or((coding, "")));
    codings.any(|(name, weight)| {
        let weight = weight.trim().strip_prefix("q=").map(str::parse::<f32>);
        // A weight of 0 refuses the coding (RFC 9110, 12.4.2).
        name.trim().eq_ignore_ascii_case("gzip") && weight.is_none_or(|weight| weight != Ok(0.0))
    })
}

/// True when the client has the file with this entity tag.
fn is_known(headers: &HeaderMap, tag: &str) -> bool {
    let known = headers.get_all(header::IF_NONE_MATCH).iter();
    let known = known.filter_map(|value| value.to_str().ok());
    let mut known = known.flat_map(|value| value.split(','));
    // `If-None-Match` is compared weakly (RFC 9110, 13.1.2).
    known.any(|one| matches!(one.trim().trim_start_matches("W/"), one if one == tag || one == "*"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::tests::ApiTestBench;
    use axum::http::Request;
    use http_body_util::BodyExt;
    use std::io::Read as _;
    use tower::ServiceExt as _;

    async fn ask(headers: &[(header::HeaderName, &str)]) -> Response {
        let mut request = Request::get("/assets/pantau.css").header("host", "localhost");
        for (name, value) in headers {
            request = request.header(name, *value);
        }
        let router = crate::server::build_router(ApiTestBench::new().state);
        router
            .oneshot(request.body(Body::empty()).unwrap())
            .await
            .unwrap()
    }

    #[tokio::test]
    async fn a_file_is_sent_packed_and_only_once() {
        let css = STATIC_FILES
            .iter()
            .find(|(name, ..)| *name == "pantau.css")
            .unwrap()
            .2;
        let packed = ask(&[(header::ACCEPT_ENCODING, "br, gzip;q=0.8")]).await;
        assert_eq!(packed.headers()["content-encoding"], "gzip");
        assert_eq!(packed.headers()["vary"], "accept-encoding");
        let tag = packed.headers()["etag"].to_str().unwrap().to_owned();
        let bytes = packed.into_body().collect().await.unwrap().to_bytes();
        let mut text = String::new();
        flate2::read::GzDecoder::new(&bytes[..])
            .read_to_string(&mut text)
            .unwrap();
        assert!(bytes.len() * 2 < css.len() && text == css);
        for plain in [&[][..], &[(header::ACCEPT_ENCODING, "gzip;q=0")]] {
            let plain = ask(plain).await;
            assert_ne!(plain.headers()["etag"].to_str().unwrap(), tag);
            let bytes = plain.into_body().collect().await.unwrap().to_bytes();
            assert_eq!(bytes, css);
        }
        let known = format!("\"other\", W/{tag}");
        let gzip = (header::ACCEPT_ENCODING, "gzip");
        let again = ask(&[gzip.clone(), (header::IF_NONE_MATCH, &known)]).await;
        assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
        assert!(
            again
                .into_body()
                .collect()
                .await
                .unwrap()
                .to_bytes()
                .is_empty()
        );
        let other = ask(&[gzip, (header::IF_NONE_MATCH, "\"old\"")]).await;
        assert_eq!(other.status(), StatusCode::OK);
    }
}
