//! `/mulai`: the first person, with the code that the gateway shows on its own terminal.

use crate::api::accounts::{AccountDesk, access_message, access_status};
use crate::pages::page_frame::{PageFrame, render_page};
use crate::pages::page_request::PageRequest;
use crate::pages::plain_form::PlainForm;
use crate::pages::sign_in_page::{is_unset, redirect_to, with_session};
use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;

#[derive(Template)]
#[template(path = "set_up.html")]
struct SetUpPage {
    frame: PageFrame,
    code: String,
    name: String,
    message: String,
}

pub(crate) async fn set_up_page(PageRequest { app, uri, headers }: PageRequest) -> Response {
    if !is_unset(&app) {
        return redirect_to("/masuk");
    }
    let page = SetUpPage {
        frame: PageFrame::new(&app, "mulai", &uri, &headers),
        code: String::new(),
        name: String::new(),
        message: String::new(),
    };
    render_page(&uri, StatusCode::OK, &page)
}

pub(crate) async fn make_first_admin(
    PageRequest { app, uri, headers }: PageRequest,
    fields: PlainForm,
) -> Response {
    let desk = AccountDesk::new(&app, None);
    let (code, name) = (fields.trimmed("kode"), fields.trimmed("nama"));
    match desk
        .make_first_admin(code, name, fields.text("sandi"))
        .await
    {
        Ok(session) => with_session(redirect_to("/pengguna"), Some(&session)),
        Err(error) => {
            let frame = PageFrame::new(&app, "mulai", &uri, &headers);
            let page = SetUpPage {
                code: code.chars().take(20).collect(),
                name: name.chars().take(100).collect(),
                message: access_message(&error, frame.lang),
                frame,
            };
            render_page(&uri, access_status(&error), &page)
        }
    }
}
