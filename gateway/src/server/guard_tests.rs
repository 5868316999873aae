//! Every route that may change something, requested by a page of another origin.

use crate::server::tests::ApiTestBench;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use serde_json::Value;

const TEST_HOST: &str = "localhost:8080";

/// Headers that a browser sends for a request of a page of another origin.
const FOREIGN_HEADERS: [&[(&str, &str)]; 6] = [
    &[("sec-fetch-site", "cross-site")],
    // A page of another port of this machine.
    &[("sec-fetch-site", "same-site")],
    &[("origin", "http://example.org")],
    &[("origin", "http://localhost:3000")],
    &[("origin", "null")],
    &[
        ("sec-fetch-site", "cross-site"),
        ("origin", "http://localhost:8080"),
    ],
];

/// Method and path of every described route with an unsafe method (RFC 9110, 9.2.1).
async fn unsafe_routes(bench: &ApiTestBench) -> Vec<(String, String)> {
    let described = bench.json("/api/openapi.json").await;
    let mut routes = Vec::new();
    for (path, methods) in described["paths"].as_object().unwrap() {
        for method in methods.as_object().unwrap().keys() {
            if ["post", "put", "patch", "delete"].contains(&method.as_str()) {
                let path = path.replace("{id}", "1").replace("{name}", "siti");
                assert!(!path.contains('{'), "{path}: give it a value here");
                routes.push((method.to_uppercase(), path));
            }
        }
    }
    routes
}

async fn send_route(
    bench: &ApiTestBench,
    (method, path): &(String, String),
    headers: &[(&str, &str)],
) -> (StatusCode, Value) {
    let mut request = Request::builder()
        .method(method.as_str())
        .uri(path)
        .header("host", TEST_HOST)
        .header("content-type", "application/json")
        .header("accept-language", "en");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let (status, text) = bench
        .send_request(request.body(Body::from("{}")).unwrap())
        .await;
    (status, serde_json::from_str(&text).unwrap_or_default())
}

#[tokio::test]
async fn a_page_of_another_origin_changes_nothing_by_any_route() {
    let bench = ApiTestBench::new();
    let mut routes = unsafe_routes(&bench).await;
    assert!(routes.len() >= 8, "{routes:?}");
    assert!(
        routes
            .iter()
            .any(|(_, path)| path == "/api/v1/set-address/1/continue")
    );
    // Paths without a route too: a route may be missing in the description.
    for path in ["/", "/healthz", "/api/v1/nothing"] {
        routes.push(("POST".to_owned(), path.to_owned()));
    }
    for route in &routes {
        for headers in FOREIGN_HEADERS {
            let (status, said) = send_route(&bench, route, headers).await;
            assert_eq!(status, StatusCode::FORBIDDEN, "{route:?} {headers:?}");
            assert_eq!(said["code"], "foreign-page", "{route:?} {headers:?}");
            let message = said["message"].as_str().unwrap();
            assert!(message.contains("another site"), "{message}");
        }
    }
}

#[tokio::test]
async fn our_own_page_and_a_script_reach_every_route() {
    let bench = ApiTestBench::new();
    let ours: [&[(&str, &str)]; 3] = [
        &[],
        &[("sec-fetch-site", "same-origin")],
        &[
            ("sec-fetch-site", "same-origin"),
            ("origin", "http://localhost:8080"),
        ],
    ];
    for route in &unsafe_routes(&bench).await {
        for headers in ours {
            let (status, said) = send_route(&bench, route, headers).await;
            assert_ne!(status, StatusCode::FORBIDDEN, "{route:?} {said}");
        }
    }
}

#[tokio::test]
async fn a_name_that_was_made_to_point_here_is_refused_on_every_route() {
    let bench = ApiTestBench::new();
    for (method, path) in unsafe_routes(&bench).await {
        // With DNS rebinding the browser considers page and request to be of the same origin.
        let request = Request::builder()
            .method(method.as_str())
            .uri(&path)
            .header("host", "rebound.example.org:8080")
            .header("origin", "http://rebound.example.org:8080")
            .header("sec-fetch-site", "same-origin");
        let (status, _) = bench
            .send_request(request.body(Body::empty()).unwrap())
            .await;
        assert_eq!(status, StatusCode::MISDIRECTED_REQUEST, "{method} {path}");
    }
}
