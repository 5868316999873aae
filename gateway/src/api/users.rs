//! `/api/v1/users` and `/api/v1/tokens`: people and tokens of programs, for admins and for
//! `pantau user`.

use super::ApiListener;
use super::accounts::{AccountDesk, access_refusal};
use super::error::ApiError;
use super::json_body::JsonBody;
use super::request_language::RequestLanguage;
use super::request_sender::RequestSender;
use crate::access::{AccessError, NewToken, Role, TokenScope, TokenSummary, UserSummary};
use crate::i18n::Language;
use crate::limits::TOKEN_DAYS_MAX;
use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use std::str::FromStr;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// A person.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub(crate) struct UserJson {
    /// Name with which the person signs in.
    pub(crate) name: String,
    /// `viewer`, `technician` or `admin`.
    pub(crate) role: String,
    /// The person may not sign in.
    pub(crate) disabled: bool,
    /// Milliseconds since 1970 UTC.
    pub(crate) created: i64,
    /// Time of the last sign-in.
    pub(crate) last_sign_in: Option<i64>,
    /// Sessions that have not ended.
    pub(crate) sessions: usize,
}

/// A new person.
#[derive(Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewUserRequest {
    pub(crate) name: String,
    /// `viewer`, `technician` or `admin`.
    pub(crate) role: String,
    /// At least 10 characters.
    pub(crate) password: String,
}

/// Change of a person; what is left out stays.
#[derive(Debug, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UserChangeRequest {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) role: Option<String>,
    /// `true` ends the access and all sessions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) disabled: Option<bool>,
    /// A new password; all sessions end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) password: Option<String>,
}

/// A token without its secret.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub(crate) struct TokenJson {
    pub(crate) id: u64,
    pub(crate) name: String,
    /// `read`, `ledger` or `technician`.
    pub(crate) scope: String,
    /// Person who made it; none when it was made on the gateway itself.
    pub(crate) owner: Option<String>,
    /// Milliseconds since 1970 UTC.
    pub(crate) created: i64,
    /// End of its validity.
    pub(crate) ends: Option<i64>,
    /// It has ended.
    pub(crate) ended: bool,
    /// Last use since the start of the gateway.
    pub(crate) last_used: Option<i64>,
}

/// A new token.
#[derive(Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewTokenRequest {
    /// Name of the program that will use it.
    pub(crate) name: String,
    /// `read`, `ledger` or `technician`.
    pub(crate) scope: String,
    /// Days of validity; without end when left out.
    pub(crate) days: Option<u32>,
}

/// A token that was made.
#[derive(Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub(crate) struct TokenMadeJson {
    pub(crate) id: u64,
    /// The secret; it is shown here once.
    pub(crate) token: String,
}

/// The one-time code for the first person.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct SetUpCodeJson {
    /// `None` once a person exists.
    pub(crate) code: Option<String>,
}

/// Query parameter of every change.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct AccountChangeQuery {
    /// Person for the audit log; counts on the gateway's own control socket only.
    recorded_by: Option<String>,
}

pub(crate) fn user_routes() -> OpenApiRouter<ApiListener> {
    OpenApiRouter::new()
        .routes(routes!(list_users, add_user))
        .routes(routes!(change_user, remove_user))
        .routes(routes!(list_tokens, add_token))
        .routes(routes!(remove_token))
}

#[utoipa::path(get, path = "/api/v1/users",
    responses((status = 200, body = [UserJson]), (status = 503, body = ApiError)))]
pub(crate) async fn list_users(
    State(app): State<ApiListener>,
    RequestLanguage(lang): RequestLanguage,
) -> Result<Json<Vec<UserJson>>, ApiError> {
    let refuse = refuse_in(lang);
    let desk = AccountDesk::new(&app, None);
    let users = desk.usable_access().map_err(refuse)?.list_users();
    Ok(Json(users.into_iter().map(user_json).collect()))
}

#[utoipa::path(post, path = "/api/v1/users", params(AccountChangeQuery),
    description = "Adds a person. The body must be `application/json`.",
    request_body(content = NewUserRequest),
    responses((status = 201, body = UserJson), (status = 400, body = ApiError),
        (status = 409, body = ApiError), (status = 415, body = ApiError),
        (status = 422, body = ApiError), (status = 503, body = ApiError)))]
pub(crate) async fn add_user(
    State(app): State<ApiListener>,
    Query(ask): Query<AccountChangeQuery>,
    JsonBody { bytes, lang }: JsonBody,
) -> Result<(StatusCode, Json<UserJson>), ApiError> {
    let sent: NewUserRequest = parse_body(&bytes)?;
    let role: Role = parse_word("role", &sent.role, &Role::ALL.map(Role::word))?;
    let desk = AccountDesk::new(&app, ask.recorded_by);
    let added = desk.add_user(&sent.name, role, &sent.password).await;
    let name = added.map_err(refuse_in(lang))?;
    Ok((StatusCode::CREATED, Json(find_user(&desk, &name, lang)?)))
}

#[utoipa::path(patch, path = "/api/v1/users/{name}",
    params(AccountChangeQuery, ("name" = String, Path, description = "Name of the person")),
    description = "Changes role, access or password. The body must be `application/json`.",
    request_body(content = UserChangeRequest),
    responses((status = 200, body = UserJson), (status = 400, body = ApiError),
        (status = 404, body = ApiError), (status = 409, body = ApiError),
        (status = 415, body = ApiError), (status = 422, body = ApiError),
        (status = 503, body = ApiError)))]
pub(crate) async fn change_user(
    State(app): State<ApiListener>,
    Path(name): Path<String>,
    Query(ask): Query<AccountChangeQuery>,
    JsonBody { bytes, lang }: JsonBody,
) -> Result<Json<UserJson>, ApiError> {
    let sent: UserChangeRequest = parse_body(&bytes)?;
    let desk = AccountDesk::new(&app, ask.recorded_by);
    let refuse = refuse_in(lang);
    if let Some(role) = &sent.role {
        let role = parse_word("role", role, &Role::ALL.map(Role::word))?;
        desk.set_role(&name, role).await.map_err(refuse)?;
    }
    if let Some(off) = sent.disabled {
        desk.set_disabled(&name, off).await.map_err(refuse)?;
    }
    if let Some(password) = &sent.password {
        desk.set_password(&name, password).await.map_err(refuse)?;
    }
    Ok(Json(find_user(&desk, &name, lang)?))
}

#[utoipa::path(delete, path = "/api/v1/users/{name}",
    params(AccountChangeQuery, ("name" = String, Path, description = "Name of the person")),
    description = "Removes a person with all sessions and tokens. What the person recorded stays.",
    responses((status = 204), (status = 404, body = ApiError), (status = 409, body = ApiError),
        (status = 503, body = ApiError)))]
pub(crate) async fn remove_user(
    State(app): State<ApiListener>,
    Path(name): Path<String>,
    Query(ask): Query<AccountChangeQuery>,
    RequestLanguage(lang): RequestLanguage,
) -> Result<StatusCode, ApiError> {
    let refuse = refuse_in(lang);
    let desk = AccountDesk::new(&app, ask.recorded_by);
    desk.remove_user(&name).await.map_err(refuse)?;
    Ok(StatusCode::NO_CONTENT)
}

#[utoipa::path(get, path = "/api/v1/tokens",
    responses((status = 200, body = [TokenJson]), (status = 503, body = ApiError)))]
pub(crate) async fn list_tokens(
    State(app): State<ApiListener>,
    RequestLanguage(lang): RequestLanguage,
) -> Result<Json<Vec<TokenJson>>, ApiError> {
    let refuse = refuse_in(lang);
    let desk = AccountDesk::new(&app, None);
    let tokens = desk.usable_access().map_err(refuse)?.list_tokens(None);
    Ok(Json(tokens.into_iter().map(token_json).collect()))
}

#[utoipa::path(post, path = "/api/v1/tokens", params(AccountChangeQuery),
    description = "Makes a token for a program. The secret is in this answer only. The body must be \
        `application/json`.",
    request_body(content = NewTokenRequest),
    responses((status = 201, body = TokenMadeJson), (status = 400, body = ApiError),
        (status = 409, body = ApiError), (status = 415, body = ApiError),
        (status = 422, body = ApiError), (status = 503, body = ApiError)))]
pub(crate) async fn add_token(
    State(app): State<ApiListener>,
    Query(ask): Query<AccountChangeQuery>,
    JsonBody { bytes, lang }: JsonBody,
) -> Result<(StatusCode, Json<TokenMadeJson>), ApiError> {
    let sent: NewTokenRequest = parse_body(&bytes)?;
    let owner = RequestSender::current().caller;
    let wish = NewToken {
        scope: parse_word("scope", &sent.scope, &TokenScope::ALL.map(TokenScope::word))?,
        name: sent.name,
        owner: owner.user_name().map(str::to_owned),
        days: check_days(sent.days)?,
    };
    let desk = AccountDesk::new(&app, ask.recorded_by);
    let made = desk.add_token(wish).await;
    let (id, secret) = made.map_err(refuse_in(lang))?;
    let token = secret.reveal().to_owned();
    Ok((StatusCode::CREATED, Json(TokenMadeJson { id, token })))
}

#[utoipa::path(delete, path = "/api/v1/tokens/{id}",
    params(AccountChangeQuery, ("id" = u64, Path)),
    responses((status = 204), (status = 404, body = ApiError), (status = 503, body = ApiError)))]
pub(crate) async fn remove_token(
    State(app): State<ApiListener>,
    Path(id): Path<u64>,
    Query(ask): Query<AccountChangeQuery>,
    RequestLanguage(lang): RequestLanguage,
) -> Result<StatusCode, ApiError> {
    let refuse = refuse_in(lang);
    let desk = AccountDesk::new(&app, ask.recorded_by);
    desk.remove_token(id, None).await.map_err(refuse)?;
    Ok(StatusCode::NO_CONTENT)
}

/// The one-time code, on the control socket only.
pub(crate) async fn show_set_up_code(
    State(app): State<ApiListener>,
    RequestLanguage(lang): RequestLanguage,
) -> Result<Json<SetUpCodeJson>, ApiError> {
    let refuse = refuse_in(lang);
    let desk = AccountDesk::new(&app, None);
    let access = desk.usable_access().map_err(refuse)?;
    let code = access.set_up_code().await.map_err(refuse)?;
    Ok(Json(SetUpCodeJson { code }))
}

/// Days of validity that a token may have.
pub(crate) fn check_days(days: Option<u32>) -> Result<Option<u32>, ApiError> {
    match days {
        Some(days) if !(1..=TOKEN_DAYS_MAX).contains(&days) => {
            let expected = format!("1 to {TOKEN_DAYS_MAX}");
            Err(ApiError::bad_parameter("days", &days.to_string(), expected))
        }
        days => Ok(days),
    }
}

fn refuse_in(lang: Language) -> impl Fn(AccessError) -> ApiError + Copy {
    move |error| access_refusal(&error, lang)
}

fn parse_body<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, ApiError> {
    // The text of a JSON error has no values of the body, so no password.
    serde_json::from_slice(bytes)
        .map_err(|fault| ApiError::bad_parameter("body", &fault.to_string(), "a JSON object"))
}

fn parse_word<T: FromStr>(
    parameter: &'static str,
    word: &str,
    words: &[&str],
) -> Result<T, ApiError> {
    let expected = || words.join(", ");
    word.parse()
        .map_err(|_| ApiError::bad_parameter(parameter, word, expected()))
}

fn find_user(desk: &AccountDesk, name: &str, lang: Language) -> Result<UserJson, ApiError> {
    let refuse = refuse_in(lang);
    let access = desk.usable_access().map_err(refuse)?;
    let name = access.known_user(name).map_err(refuse)?;
    let mut users = access.list_users().into_iter();
    let user = users.find(|user| user.name == name);
    let user = user.ok_or(AccessError::UnknownUser(name));
    Ok(user_json(user.map_err(refuse)?))
}

fn user_json(user: UserSummary) -> UserJson {
    UserJson {
        name: user.name,
        role: user.role.word().to_owned(),
        disabled: user.disabled,
        created: user.created,
        last_sign_in: user.last_sign_in,
        sessions: user.sessions,
    }
}

fn token_json(token: TokenSummary) -> TokenJson {
    TokenJson {
        id: token.id,
        name: token.name,
        scope: token.scope.word().to_owned(),
        owner: token.owner,
        created: token.created,
        ends: token.ends,
        ended: token.ended,
        last_used: token.last_used,
    }
}
