//! `/akun`: the own password, sessions and tokens of a person.

use crate::access::{AccessError, Caller, NewToken, TokenScope};
use crate::api::ApiListener;
use crate::api::accounts::{AccountDesk, access_message, access_status};
use crate::api::request_sender::RequestSender;
use crate::limits::TOKEN_DAYS_MAX;
use crate::pages::page_frame::{PageFrame, render_page};
use crate::pages::page_request::PageRequest;
use crate::pages::plain_form::PlainForm;
use crate::pages::sign_in_page::redirect_to;
use crate::pages::users_page::{TokenRow, result_text, time_text, token_rows};
use askama::Template;
use axum::http::{StatusCode, Uri};
use axum::response::Response;

#[derive(Template)]
#[template(path = "account.html")]
struct AccountPage {
    frame: PageFrame,
    sessions: Vec<SessionRow>,
    tokens: Vec<TokenRow>,
    /// Scopes that a token of this person may have.
    scopes: Vec<&'static str>,
    done: String,
    message: String,
    /// Secret of a token that was just made; shown once.
    secret: String,
    typed_token: String,
}

/// A session as shown.
struct SessionRow {
    id: String,
    created: String,
    last_seen: String,
    from: String,
    is_this: bool,
}

/// Result of a form.
enum AccountChange {
    Done(&'static str),
    /// Secret of a new token.
    TokenMade(String),
}

pub(crate) async fn account_page(PageRequest { app, uri, headers }: PageRequest) -> Response {
    let frame = PageFrame::new(&app, "akun", &uri, &headers);
    let page = build_page(&app, frame, &uri);
    render_page(&uri, StatusCode::OK, &page)
}

pub(crate) async fn change_account(
    PageRequest { app, uri, headers }: PageRequest,
    fields: PlainForm,
) -> Response {
    let change = apply_change(&app, &fields).await;
    if let Ok(AccountChange::Done(done)) = change {
        return redirect_to(&format!("/akun?hasil={done}"));
    }
    let frame = PageFrame::new(&app, "akun", &uri, &headers);
    let mut page = build_page(&app, frame, &uri);
    match change {
        Ok(AccountChange::TokenMade(secret)) => {
            page.secret = secret;
            render_page(&uri, StatusCode::OK, &page)
        }
        Ok(AccountChange::Done(_)) => render_page(&uri, StatusCode::OK, &page),
        Err(error) => {
            page.message = access_message(&error, page.frame.lang);
            page.typed_token = fields.trimmed("nama").chars().take(100).collect();
            render_page(&uri, access_status(&error), &page)
        }
    }
}

async fn apply_change(app: &ApiListener, fields: &PlainForm) -> Result<AccountChange, AccessError> {
    let desk = AccountDesk::new(app, None);
    let sender = RequestSender::current();
    let own = sender.caller.user_name().unwrap_or_default();
    let done = match fields.text("aksi") {
        "sandi" => {
            let (old, new) = (fields.text("sandi_lama"), fields.text("sandi_baru"));
            desk.change_own_password(old, new).await?;
            "password"
        }
        "sesi" => {
            let one = Some(fields.text("sesi")).filter(|id| !id.is_empty());
            desk.end_sessions(own, one).await?;
            "sessions"
        }
        "token" => {
            let days = fields.trimmed("hari").parse().ok();
            let wish = NewToken {
                name: fields.trimmed("nama").to_owned(),
                scope: fields.text("cakupan").parse().unwrap_or(TokenScope::Read),
                owner: Some(own.to_owned()),
                days: days.map(|days: u32| days.clamp(1, TOKEN_DAYS_MAX)),
            };
            let (_, secret) = desk.add_token(wish).await?;
            return Ok(AccountChange::TokenMade(secret.reveal().to_owned()));
        }
        "hapus_token" => {
            let id = fields.text("token").parse().unwrap_or(0);
            desk.remove_token(id, Some(own)).await?;
            "token-removed"
        }
        _ => "nothing",
    };
    Ok(AccountChange::Done(done))
}

fn build_page(app: &ApiListener, frame: PageFrame, uri: &Uri) -> AccountPage {
    let sender = RequestSender::current();
    let access = app.state().access.control();
    let (own, this, highest) = match &sender.caller {
        Caller::User {
            name,
            session,
            role,
        } => (name.to_string(), session.to_string(), role.token_scope()),
        _ => (String::new(), String::new(), TokenScope::Read),
    };
    let sessions = access.map(|access| access.list_sessions(&own));
    let tokens = access.map(|access| access.list_tokens(Some(&own)));
    let sessions = sessions.unwrap_or_default().into_iter();
    let sessions = sessions.map(|session| SessionRow {
        is_this: session.id == this,
        created: time_text(app, &frame, Some(session.created)),
        last_seen: time_text(app, &frame, Some(session.last_seen)),
        from: session.from,
        id: session.id,
    });
    let scopes = TokenScope::ALL.into_iter();
    AccountPage {
        sessions: sessions.collect(),
        tokens: token_rows(app, &frame, tokens.unwrap_or_default()),
        scopes: scopes
            .filter(|scope| *scope <= highest)
            .map(TokenScope::word)
            .collect(),
        done: result_text(&frame, uri),
        message: String::new(),
        secret: String::new(),
        typed_token: String::new(),
        frame,
    }
}
