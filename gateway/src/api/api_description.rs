//! Parts of `/api/openapi.json` that every operation has alike: refusals, and who may ask.

use crate::access::{COOKIE_NAME, RouteRule, route_rule};
use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::{OpenApi, Ref, RefOr, Response, ResponseBuilder};

/// Name of the scheme of people.
const SESSION: &str = "session";
/// Name of the scheme of programs.
const TOKEN: &str = "token";

/// Describes refusals: whatever else an operation answers, it is an `ApiError`, also where the
/// server refuses a request before the operation sees it (host, origin, length, time).
pub(super) fn describe_refusals(description: &mut OpenApi) {
    for item in description.paths.paths.values_mut() {
        for (_, operation) in operations(item) {
            let responses = &mut operation.responses.responses;
            responses.insert("default".to_owned(), refusal_response());
        }
    }
}

/// Describes who may ask: the schemes, and by the rule of each route those that fit.
pub(super) fn describe_access(description: &mut OpenApi) {
    let components = description.components.get_or_insert_default();
    let cookie = "Session of a person, from the sign-in at /masuk. Over HTTPS its name begins with \
                  `__Host-`. A request that changes something needs an `Origin` of this gateway.";
    let cookie = ApiKeyValue::with_description(COOKIE_NAME, cookie);
    components.add_security_scheme(SESSION, SecurityScheme::ApiKey(ApiKey::Cookie(cookie)));
    let token = "Token of a program: `pantau user token add NAME --scope read`, `ledger` or \
                 `technician`, or on the page /akun.";
    let token = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some(token))
        .build();
    components.add_security_scheme(TOKEN, SecurityScheme::Http(token));
    for (path, item) in &mut description.paths.paths {
        for (method, operation) in operations(item) {
            operation.security = Some(requirements(route_rule(method, path)));
        }
    }
}

/// Schemes of which one is needed; an empty one says that there are senders who need none.
fn requirements(rule: RouteRule) -> Vec<SecurityRequirement> {
    let scheme = |name: &str| SecurityRequirement::new(name, Vec::<String>::new());
    let (session, token) = (scheme(SESSION), scheme(TOKEN));
    match rule {
        RouteRule::Public => Vec::new(),
        // Where the site is public, or on this computer.
        RouteRule::Metrics | RouteRule::Reading => {
            vec![session, token, SecurityRequirement::default()]
        }
        RouteRule::KnownReading
        | RouteRule::ReportFile
        | RouteRule::Ledger
        | RouteRule::Technician => vec![session, token],
        RouteRule::SignedIn | RouteRule::Admin => vec![session],
    }
}

/// Operations of a path with their methods.
fn operations(item: &mut PathItem) -> impl Iterator<Item = (&'static str, &mut Operation)> {
    let all = [
        ("GET", &mut item.get),
        ("POST", &mut item.post),
        ("PUT", &mut item.put),
        ("DELETE", &mut item.delete),
        ("PATCH", &mut item.patch),
    ];
    let all = all.into_iter();
    all.filter_map(|(method, operation)| Some((method, operation.as_mut()?)))
}

fn refusal_response() -> RefOr<Response> {
    let schema = Ref::from_schema_name("ApiError");
    let content = ContentBuilder::new().schema(Some(schema)).build();
    ResponseBuilder::new()
        .description("Any other status: a refusal")
        .content("application/json", content)
        .into()
}
