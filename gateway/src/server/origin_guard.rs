//! Middleware that decides which requests are answered, and adds the security headers.

use crate::api::error::{ApiError, ApiErrorCode};
use crate::pages::FrameAncestors;
use crate::server::access_guard::request_connection;
use axum::extract::{Request, State};
use axum::http::header::{self, HeaderName, HeaderValue};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

/// Headers of every answer. The content security policy allows own scripts and styles only; the
/// cross-origin headers keep pages of other origins from embedding or opening these.
const SECURITY_HEADERS: [(HeaderName, HeaderValue); 6] = [
    (
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(
            "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; \
             form-action 'self'; frame-ancestors 'none'",
        ),
    ),
    (
        // Otherwise a browser may guess that an uploaded file is a page or a script.
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    ),
    // For browsers that do not know `frame-ancestors`.
    (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (
        // No address leaves this origin. `no-referrer` would make browsers send `Origin: null` with
        // every form (Fetch standard, 3.1), which `check_origin` refuses.
        header::REFERRER_POLICY,
        HeaderValue::from_static("same-origin"),
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        HeaderValue::from_static("same-origin"),
    ),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        HeaderValue::from_static("same-origin"),
    ),
];

/// Refuses a request whose `Host` is none of this gateway, with status 421: loopback names, the
/// address at which the connection came in, and the names of `[web] names`. Otherwise a page of
/// another site whose DNS name was changed to this address (DNS rebinding) could read everything
/// through the visitor's browser.
pub(crate) async fn check_host(
    State(names): State<Arc<[String]>>,
    request: Request,
    next: Next,
) -> Response {
    let local = request_connection(&request).map(|connection| connection.local_address());
    if request_host(&request).is_some_and(|host| is_own_host(host, local, &names)) {
        return next.run(request).await;
    }
    let expected = "localhost, the address of this gateway, or a name of `[web] names`".to_owned();
    let refusal = ApiError::with_code(
        StatusCode::MISDIRECTED_REQUEST,
        ApiErrorCode::Host,
        "this is not a name of this gateway",
    );
    ApiError {
        expected: Some(expected),
        ..refusal
    }
    .into_response()
}

/// Refuses a request that may change something and comes from a page of another origin, with status
/// 403, for every route. Browsers state the origin in `Sec-Fetch-Site` (Fetch Metadata) and
/// `Origin` (Fetch standard, 3.1). A script sends neither and passes.
pub(crate) async fn check_origin(request: Request, next: Next) -> Response {
    if request.method().is_safe() || is_same_origin(request.headers(), request_host(&request)) {
        return next.run(request).await;
    }
    ApiError::with_code(
        StatusCode::FORBIDDEN,
        ApiErrorCode::ForeignPage,
        "a page of another origin may not change anything here",
    )
    .into_response()
}

/// True when all headers that state the origin of a request name a page of this listener.
fn is_same_origin(headers: &HeaderMap, host: Option<&str>) -> bool {
    let sites = headers.get_all("sec-fetch-site").iter();
    // `none`: the person entered the address; no page sent the request.
    let same = |site: &HeaderValue| matches!(site.as_bytes(), b"same-origin" | b"none");
    let origins = headers.get_all(header::ORIGIN).iter();
    let own = |origin: &HeaderValue| {
        let named = origin.to_str().ok().zip(host);
        named.is_some_and(|(origin, host)| is_origin_of(origin, host))
    };
    sites.into_iter().all(same) && origins.into_iter().all(own)
}

/// True when `origin` (`http://localhost:8080`) is the origin of a page that was loaded from
/// `host`.
fn is_origin_of(origin: &str, host: &str) -> bool {
    let Some((scheme, rest)) = origin.split_once("://") else {
        return false;
    };
    let usual = match scheme {
        "http" => 80,
        // Behind a proxy that terminates TLS the port is 443, although this listener speaks HTTP.
        "https" => 443,
        _ => return false,
    };
    let place = |text: &str| {
        let (name, port) = split_host_port(text)?;
        Some((name.to_ascii_lowercase(), port.unwrap_or(usual)))
    };
    let (theirs, ours) = (place(rest), place(host));
    theirs.is_some() && theirs == ours
}

/// Middleware: adds the security headers to every answer, also to refusals.
pub(crate) async fn add_security_headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let framed = response.extensions_mut().remove::<FrameAncestors>();
    insert_security_headers(response.headers_mut());
    if let Some(FrameAncestors(sites)) = framed {
        allow_framing(response.headers_mut(), &sites);
    }
    response
}

fn insert_security_headers(headers: &mut HeaderMap) {
    for (name, value) in SECURITY_HEADERS {
        headers.insert(name, value);
    }
    // Static files set their own cache header; everything else must not be cached.
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
}

/// Lets these sites show the answer in a frame. All other rules of the policy stay.
fn allow_framing(headers: &mut HeaderMap, sites: &HeaderValue) {
    let policy = headers.get(header::CONTENT_SECURITY_POLICY);
    let (policy, sites) = (
        policy.and_then(|one| one.to_str().ok()),
        sites.to_str().ok(),
    );
    let (Some(policy), Some(sites)) = (policy, sites) else {
        return;
    };
    let policy = policy.replace(
        "frame-ancestors 'none'",
        &format!("frame-ancestors {sites}"),
    );
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
        // The older header knows no list of sites; browsers that know the policy ignore it.
        headers.remove(header::X_FRAME_OPTIONS);
    }
}

fn request_host(request: &Request) -> Option<&str> {
    let named = request
        .headers()
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    // A request over HTTP/2 has no `Host` header; the name is in the authority of its URI.
    named.or_else(|| {
        request
            .uri()
            .authority()
            .map(axum::http::uri::Authority::as_str)
    })
}

/// Name and port of `HOST`, `HOST:PORT` or `[V6]:PORT`; `None` for anything else, so that
/// `[::1].evil` is no loopback name.
fn split_host_port(text: &str) -> Option<(&str, Option<u16>)> {
    let (name, rest) = match text.strip_prefix('[') {
        Some(rest) => rest.split_once(']')?,
        None => text.split_at(text.find(':').unwrap_or(text.len())),
    };
    let port = match rest.strip_prefix(':') {
        // `parse` alone would also take a sign before the digits.
        Some(port) if port.bytes().all(|byte| byte.is_ascii_digit()) => Some(port.parse().ok()?),
        None if rest.is_empty() => None,
        _ => return None,
    };
    let is_plain = !name.is_empty() && !name.contains(['@', '/', '[', ']']);
    is_plain.then_some((name, port))
}

/// True when the host is a loopback name, the local address of the connection, or a configured
/// name. A browser that was led here by a foreign name sends that name.
fn is_own_host(host: &str, local: Option<IpAddr>, names: &[String]) -> bool {
    let Some((name, _)) = split_host_port(host) else {
        return false;
    };
    let address = name.parse::<IpAddr>().ok();
    let is_named = names.iter().any(|known| known.eq_ignore_ascii_case(name));
    let is_local = address.is_some() && address.map(|ip| ip.to_canonical()) == local;
    is_loopback(host) || is_local || is_named
}

fn is_loopback(host: &str) -> bool {
    let Some((name, _)) = split_host_port(host) else {
        return false;
    };
    name.eq_ignore_ascii_case("localhost")
        || name
            .parse::<Ipv6Addr>()
            .is_ok_and(|address| address.is_loopback())
        || name
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_this_machine_are_served() {
        for host in [
            "localhost",
            "LOCALHOST:8080",
            "127.0.0.1:8080",
            "127.1.2.3",
            "[::1]:8080",
        ] {
            assert!(is_loopback(host), "{host}");
        }
        for host in [
            "",
            "example.org",
            "192.168.1.4:8080",
            "127.0.0.1.example.org",
            "localhost.evil",
            "[::2]",
            "[::1].evil",
            "[::1",
            "localhost@evil",
            "evil@localhost",
        ] {
            assert!(!is_loopback(host), "{host}");
        }
    }

    #[test]
    fn over_the_network_only_its_own_address_and_configured_names_are_served() {
        let local = Some(IpAddr::from([192, 168, 1, 20]));
        let names = ["pantau.local".to_owned()];
        for host in ["192.168.1.20:8080", "PANTAU.local:8080", "localhost"] {
            assert!(is_own_host(host, local, &names), "{host}");
        }
        for host in [
            "192.168.1.21:8080",
            "evil.example",
            "pantau.local.evil",
            "",
            "0.0.0.0",
        ] {
            assert!(!is_own_host(host, local, &names), "{host}");
        }
        assert!(!is_own_host("192.168.1.20", None, &names));
    }

    fn passes_guard(headers: &[(&'static str, &'static str)]) -> bool {
        let headers = headers.iter().map(|(name, value)| {
            let name = HeaderName::from_static(name);
            (name, HeaderValue::from_static(value))
        });
        is_same_origin(&headers.collect(), Some("localhost:8080"))
    }

    #[test]
    fn a_page_of_this_listener_and_a_script_may_change_things_and_no_other_page() {
        for headers in [
            &[][..],
            &[("sec-fetch-site", "same-origin")],
            &[("sec-fetch-site", "none")],
            &[("origin", "http://localhost:8080")],
            &[("origin", "http://LOCALHOST:8080")],
            &[
                ("sec-fetch-site", "same-origin"),
                ("origin", "http://localhost:8080"),
            ],
        ] {
            assert!(passes_guard(headers), "{headers:?}");
        }
        for headers in [
            &[("sec-fetch-site", "cross-site")][..],
            &[("sec-fetch-site", "same-site")],
            &[("sec-fetch-site", "")],
            &[("origin", "null")],
            &[("origin", "http://localhost")],
            &[("origin", "http://localhost:8081")],
            &[("origin", "http://127.0.0.1:8080")],
            &[("origin", "http://localhost:8080.example.org")],
            &[("origin", "http://localhost:8080@example.org")],
            &[("origin", "ftp://localhost:8080")],
            &[
                ("sec-fetch-site", "same-origin"),
                ("origin", "http://example.org"),
            ],
            &[
                ("sec-fetch-site", "cross-site"),
                ("origin", "http://localhost:8080"),
            ],
        ] {
            assert!(!passes_guard(headers), "{headers:?}");
        }
    }

    #[test]
    fn a_port_that_is_the_usual_one_of_its_scheme_may_be_left_out() {
        assert!(is_origin_of("http://localhost", "localhost:80"));
        assert!(is_origin_of("https://localhost", "localhost"));
        assert!(is_origin_of("https://[::1]:443", "[::1]"));
        assert!(!is_origin_of("https://localhost", "localhost:80"));
        assert!(!is_origin_of("http://", ""));
    }

    proptest::proptest! {
        #[test]
        fn an_origin_is_ours_only_with_the_same_name_and_port(
            origin in "https?://[a-z0-9.\\[\\]:@-]{0,20}", host in "[a-z0-9.\\[\\]:@-]{0,20}",
        ) {
            if is_origin_of(&origin, &host) {
                let (scheme, rest) = origin.split_once("://").unwrap();
                let usual = if scheme == "http" { ":80" } else { ":443" };
                let whole = |text: &str| text.strip_suffix(usual).unwrap_or(text).to_owned();
                proptest::prop_assert_eq!(whole(rest), whole(&host));
            }
        }
    }
}
