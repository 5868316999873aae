//! Middleware that finds the sender of a request and asks the rule of its route. An event stream
//! ends when its sender may no longer have it.

use crate::access::{
    AccessControl, AccessPolicy, AccessSituation, Caller, ConnectionSecurity, Role, RouteRule,
    RouteVerdict, bearer_token, judge_route, other_methods, route_rule, session_values,
};
use crate::api::ApiListener;
use crate::api::error::{ApiError, ApiErrorCode, wrong_method_error};
use crate::api::live_events::until_next_round;
use crate::api::request_sender::RequestSender;
use crate::pages;
use axum::body::Body;
use axum::extract::{MatchedPath, Request, State};
use axum::http::header::{self, HeaderValue};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::stream::StreamExt;

/// Circumstances that decide about a request, kept as long as its answer goes on.
struct RequestJudge {
    app: ApiListener,
    access: AccessControl,
    /// `None` without a route: the answer says so to everyone.
    rule: Option<RouteRule>,
    connection: Option<ConnectionSecurity>,
    headers: HeaderMap,
    caller: Caller,
}

/// Connection of a request; the listener puts it there.
pub(crate) fn request_connection(request: &Request) -> Option<ConnectionSecurity> {
    request.extensions().get().copied()
}

/// Answers a request when its sender may use the route; otherwise asks to sign in, or refuses.
pub(crate) async fn check_access(
    State(app): State<ApiListener>,
    request: Request,
    next: Next,
) -> Response {
    let connection = request_connection(&request);
    let AccessPolicy::Guarded(access) = &app.state().access else {
        let sender = RequestSender {
            connection,
            ..RequestSender::system()
        };
        return sender.scope(next.run(request)).await;
    };
    let is_tls = connection.is_some_and(|connection| connection.tls);
    let of_session = |secret: &str| access.session_caller(secret);
    let caller = match find_caller(access, request.headers(), is_tls, of_session) {
        Ok(caller) => caller,
        Err(refusal) => return with_challenge(refusal.into_response()),
    };
    let pattern = request.extensions().get::<MatchedPath>();
    // Before the rule: a method without a row in the table counts as for admins, and a wrong method
    // would be answered with a sign-in instead of 405.
    let others = pattern
        .and_then(|pattern| other_methods(request.method().as_str(), pattern.as_str()))
        .and_then(|methods| HeaderValue::from_str(&methods).ok());
    if let Some(methods) = others {
        let refusal = wrong_method_error().await;
        return ([(header::ALLOW, methods)], refusal).into_response();
    }
    let judge = RequestJudge {
        app: app.clone(),
        access: access.clone(),
        rule: pattern.map(|pattern| route_rule(request.method().as_str(), pattern.as_str())),
        connection,
        // The request goes on to its handler; an open stream is checked by these headers later.
        headers: request.headers().clone(),
        caller: caller.clone(),
    };
    let sender = RequestSender {
        caller,
        connection,
        is_guarded: true,
    };
    // Within the scope of the sender: the page of a refusal names the person who is signed in.
    let answer = async {
        match judge.verdict() {
            RouteVerdict::Admitted => judge.end_stream_in_time(next.run(request).await),
            refused if is_for_programs(request.uri().path()) => {
                with_challenge(refusal_error(refused).into_response())
            }
            RouteVerdict::SignInNeeded => pages::ask_to_sign_in(&app, request).await,
            RouteVerdict::SetUpNeeded => pages::redirect_to("/mulai"),
            refused => pages::render_refusal(&app, &request, &refusal_error(refused)),
        }
    };
    sender.scope(answer).await
}

impl RequestJudge {
    fn verdict(&self) -> RouteVerdict {
        let Some(rule) = self.rule else {
            return RouteVerdict::Admitted;
        };
        let situation = AccessSituation {
            has_users: self.access.has_users(),
            is_public: self.app.state().config.web.is_public,
            is_demo: self.app.state().config.web.is_demo,
            is_loopback: self.connection.is_some_and(|one| one.is_loopback()),
        };
        judge_route(rule, &self.caller, situation)
    }

    /// An event stream, which otherwise goes on for days, ends once its sender has signed out, was
    /// removed, or has another role. Other answers end by themselves.
    fn end_stream_in_time(self, answer: Response) -> Response {
        let media = answer.headers().get(header::CONTENT_TYPE);
        if media.is_none_or(|media| media != "text/event-stream") {
            return answer;
        }
        let (head, body) = answer.into_parts();
        let body = body.into_data_stream();
        let body = body.take_until(Box::pin(self.wait_for_end()));
        Response::from_parts(head, Body::from_stream(body))
    }

    async fn wait_for_end(self) {
        let is_tls = self.connection.is_some_and(|one| one.tls);
        // An open page alone does not lengthen a session.
        let of_session = |secret: &str| self.access.present_session_caller(secret);
        loop {
            // Once a second, by the wake-up that the stream itself needs.
            tokio::time::sleep(until_next_round(&self.app.state().clock)).await;
            let present = find_caller(&self.access, &self.headers, is_tls, of_session);
            let is_same = present.is_ok_and(|present| present == self.caller);
            if !is_same || self.verdict() != RouteVerdict::Admitted {
                return;
            }
        }
    }
}

/// Sender of a request: a token counts before a session, which `of_session` finds by its secret. A
/// wrong token is an error, so that a program notices; an old cookie is nobody.
fn find_caller(
    access: &AccessControl,
    headers: &HeaderMap,
    is_tls: bool,
    of_session: impl Fn(&str) -> Option<Caller>,
) -> Result<Caller, ApiError> {
    // Another scheme is for a proxy in front of the gateway.
    let all = headers.get_all(header::AUTHORIZATION).iter();
    let mut all = all.filter(|value| is_bearer(value));
    if let Some(value) = all.next() {
        let token = value.to_str().ok().and_then(bearer_token);
        // With two tokens it is open which one is meant: refused as a wrong one.
        let token = token.filter(|_| all.next().is_none());
        let caller = token.and_then(|token| access.token_caller(token));
        return caller.ok_or_else(|| {
            ApiError::with_code(
                StatusCode::UNAUTHORIZED,
                ApiErrorCode::BadToken,
                "no such token, or it has ended",
            )
        });
    }
    let cookies = headers.get_all(header::COOKIE).iter();
    let cookies = cookies.filter_map(|cookie| cookie.to_str().ok());
    let mut secrets = session_values(cookies, is_tls).into_iter();
    let caller = secrets.find_map(of_session);
    Ok(caller.unwrap_or(Caller::Nobody))
}

fn is_bearer(value: &HeaderValue) -> bool {
    let scheme = value.as_bytes().get(..6);
    scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case(b"bearer"))
}

/// Paths that programs ask: their refusals are JSON.
fn is_for_programs(path: &str) -> bool {
    path.starts_with("/api/") || path == "/metrics"
}

fn refusal_error(verdict: RouteVerdict) -> ApiError {
    let (status, code, error) = match verdict {
        RouteVerdict::Admitted | RouteVerdict::SignInNeeded => (
            StatusCode::UNAUTHORIZED,
            ApiErrorCode::SignIn,
            "a session or a token is needed".to_owned(),
        ),
        RouteVerdict::SetUpNeeded => (
            StatusCode::UNAUTHORIZED,
            ApiErrorCode::SetUp,
            "there is no user yet: make the first one with `pantau user`".to_owned(),
        ),
        RouteVerdict::RoleNeeded(role) => (
            StatusCode::FORBIDDEN,
            ApiErrorCode::Role,
            format!("role {} is needed", Role::word(role)),
        ),
        RouteVerdict::PersonNeeded => (
            StatusCode::FORBIDDEN,
            ApiErrorCode::Person,
            "a token may not do this".to_owned(),
        ),
    };
    let needed = match verdict {
        RouteVerdict::RoleNeeded(role) => Some(role.word().to_owned()),
        _ => None,
    };
    ApiError {
        expected: needed,
        ..ApiError::with_code(status, code, error)
    }
}

/// Names the scheme of a token in a 401 (RFC 9110, 11.6.1).
fn with_challenge(mut response: Response) -> Response {
    if response.status() == StatusCode::UNAUTHORIZED {
        let challenge = HeaderValue::from_static("Bearer realm=\"pantau\"");
        response
            .headers_mut()
            .insert(header::WWW_AUTHENTICATE, challenge);
    }
    response
}

/// Middleware of the control socket, to which only the gateway's own user can connect.
pub(crate) async fn trust_system(request: Request, next: Next) -> Response {
    RequestSender::system().scope(next.run(request)).await
}
