//! `/mulai`: the first person, with the code that the gateway shows on its own terminal.

use crate::api::ApiListener;
use crate::api::accounts::{AccountDesk, access_message, access_status};
use crate::api::request_sender::RequestSender;
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
    /// Name of the damaged list of people that was set aside; empty without one.
    aside: String,
    /// The page is open on the gateway's own computer.
    is_here: bool,
}

impl SetUpPage {
    fn new(frame: PageFrame, app: &ApiListener) -> Self {
        let access = app.state().access.control();
        let aside = access.and_then(|access| access.set_aside()?.file_name());
        let aside = aside.map(|name| name.to_string_lossy().into_owned());
        Self {
            frame,
            code: String::new(),
            name: String::new(),
            message: String::new(),
            aside: aside.unwrap_or_default(),
            is_here: RequestSender::current().address().is_loopback(),
        }
    }
}

pub(crate) async fn set_up_page(PageRequest { app, uri, headers }: PageRequest) -> Response {
    if !is_unset(&app) {
        return redirect_to("/masuk");
    }
    let frame = PageFrame::new(&app, "mulai", &uri, &headers);
    let page = SetUpPage::new(frame, &app);
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
                ..SetUpPage::new(frame, &app)
            };
            render_page(&uri, access_status(&error), &page)
        }
    }
}
