//! `/pengguna`: people and all tokens, for admins.

use crate::access::{AccessControl, AccessError, Role, TokenSummary, UserSummary};
use crate::api::ApiListener;
use crate::api::accounts::{AccountDesk, access_message, access_status};
use crate::api::local_time::format_local_time;
use crate::api::request_language::query_parameter;
use crate::domain::UtcMs;
use crate::pages::page_frame::{PageFrame, render_page};
use crate::pages::page_request::PageRequest;
use crate::pages::plain_form::PlainForm;
use crate::pages::sign_in_page::redirect_to;
use askama::Template;
use axum::http::{StatusCode, Uri};
use axum::response::Response;

#[derive(Template)]
#[template(path = "users.html")]
struct UsersPage {
    frame: PageFrame,
    users: Vec<UserRow>,
    tokens: Vec<TokenRow>,
    /// Result of the last change.
    done: String,
    /// Why the last change was refused.
    message: String,
    /// Typed values of a refused new person.
    typed_name: String,
    /// Roles, with the one that is chosen for a new person.
    new_roles: RoleChoice,
}

/// Words of all roles, and whether each is the chosen one.
type RoleChoice = [(&'static str, bool); 3];

/// A person as shown.
struct UserRow {
    name: String,
    /// Roles, with the one that the person has.
    roles: RoleChoice,
    role: &'static str,
    disabled: bool,
    last_sign_in: String,
    sessions: usize,
    is_self: bool,
}

/// A token as shown.
pub(crate) struct TokenRow {
    pub(crate) id: u64,
    pub(crate) name: String,
    pub(crate) scope: &'static str,
    pub(crate) owner: String,
    pub(crate) ends: String,
    pub(crate) ended: bool,
    pub(crate) last_used: String,
}

pub(crate) async fn users_page(PageRequest { app, uri, headers }: PageRequest) -> Response {
    let frame = PageFrame::new(&app, "pengguna", &uri, &headers);
    let page = build_page(&app, frame, &uri);
    render_page(&uri, StatusCode::OK, &page)
}

pub(crate) async fn change_users(
    PageRequest { app, uri, headers }: PageRequest,
    fields: PlainForm,
) -> Response {
    match apply_change(&app, &fields).await {
        Ok(done) => redirect_to(&format!("/pengguna?hasil={done}")),
        Err(error) => {
            let frame = PageFrame::new(&app, "pengguna", &uri, &headers);
            let mut page = build_page(&app, frame, &uri);
            page.message = access_message(&error, page.frame.lang);
            if fields.text("aksi") == "tambah" {
                page.typed_name = fields.trimmed("nama").chars().take(100).collect();
                let role = fields.text("peran").parse::<Role>();
                page.new_roles = role_choice(role.unwrap_or(Role::Viewer));
            }
            render_page(&uri, access_status(&error), &page)
        }
    }
}

/// Does what the form asks for; returns the word of the result.
async fn apply_change(app: &ApiListener, fields: &PlainForm) -> Result<&'static str, AccessError> {
    let desk = AccountDesk::new(app, None);
    let (name, password) = (fields.trimmed("nama"), fields.text("sandi"));
    let role = fields.text("peran").parse().unwrap_or(Role::Viewer);
    match fields.text("aksi") {
        "tambah" => {
            desk.add_user(name, role, password).await?;
            Ok("added")
        }
        "peran" => desk.set_role(name, role).await.map(|()| "changed"),
        "sandi" => desk.set_password(name, password).await.map(|()| "password"),
        "tutup" => desk.set_disabled(name, true).await.map(|()| "disabled"),
        "buka" => desk.set_disabled(name, false).await.map(|()| "enabled"),
        "sesi" => {
            let name = desk.access()?.known_user(name)?;
            desk.end_sessions(&name, None).await?;
            Ok("sessions")
        }
        "hapus" if fields.text("yakin") == "ya" => desk.remove_user(name).await.map(|()| "removed"),
        "hapus" => Ok("unsure"),
        "token" => {
            let id = fields.text("token").parse().unwrap_or(0);
            desk.remove_token(id, None).await.map(|()| "token-removed")
        }
        _ => Ok("nothing"),
    }
}

fn build_page(app: &ApiListener, frame: PageFrame, uri: &Uri) -> UsersPage {
    let access = app.state().access.control();
    let users = access.map(AccessControl::list_users).unwrap_or_default();
    let tokens = access.map(|access| access.list_tokens(None));
    let own = frame.user_name().to_owned();
    let users = users.into_iter();
    UsersPage {
        users: users
            .map(|user| user_row(app, &frame, user, &own))
            .collect(),
        tokens: token_rows(app, &frame, tokens.unwrap_or_default()),
        done: result_text(&frame, uri),
        message: String::new(),
        typed_name: String::new(),
        new_roles: role_choice(Role::Viewer),
        frame,
    }
}

/// All roles, the lowest first.
fn role_choice(chosen: Role) -> RoleChoice {
    Role::ALL.map(|role| (role.word(), role == chosen))
}

/// Text of the result in the address; empty for an unknown one.
pub(crate) fn result_text(frame: &PageFrame, uri: &Uri) -> String {
    let word = query_parameter(uri, "hasil").unwrap_or_default();
    let text = frame.lang.find_text(&format!("users-done-{word}"));
    text.unwrap_or_default()
}

fn user_row(app: &ApiListener, frame: &PageFrame, user: UserSummary, own: &str) -> UserRow {
    UserRow {
        is_self: user.name == own,
        name: user.name,
        roles: role_choice(user.role),
        role: user.role.word(),
        disabled: user.disabled,
        last_sign_in: time_text(app, frame, user.last_sign_in),
        sessions: user.sessions,
    }
}

pub(crate) fn token_rows(
    app: &ApiListener,
    frame: &PageFrame,
    tokens: Vec<TokenSummary>,
) -> Vec<TokenRow> {
    let row = |token: TokenSummary| TokenRow {
        id: token.id,
        name: token.name,
        scope: token.scope.word(),
        owner: token.owner.unwrap_or_default(),
        ends: time_text(app, frame, token.ends),
        ended: token.ended,
        last_used: time_text(app, frame, token.last_used),
    };
    tokens.into_iter().map(row).collect()
}

/// Local time; empty for none.
pub(crate) fn time_text(app: &ApiListener, frame: &PageFrame, at: Option<i64>) -> String {
    let text = |at| format_local_time(UtcMs(at), app.now(), &app.0.zone, frame.lang);
    at.map(text).unwrap_or_default()
}
