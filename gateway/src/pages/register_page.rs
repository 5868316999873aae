//! `/teknisi/register`: registers of a device read now, and what they may mean side by side, so
//! that a technician can pick the meaning that the display of the device shows.

use crate::api::register_reads::{
    RegisterMeaning, RegisterQuestion, read_registers, register_meanings,
};
use crate::config::Parity;
use crate::i18n::Language;
use crate::pages::number_format::format_number;
use crate::pages::page_frame::{PageFrame, render_page};
use crate::pages::page_request::PageRequest;
use crate::pages::plain_form::PlainForm;
use crate::pages::scan_page::line_choices;
use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;

/// Registers that are read when the form does not say how many.
const USUAL_COUNT: u16 = 4;

#[derive(Template)]
#[template(path = "register.html")]
struct RegisterPage {
    frame: PageFrame,
    /// Fields of the form as they were sent.
    fields: PlainForm,
    places: Vec<(String, String)>,
    refused: String,
    /// Registers as read: address, decimal, hexadecimal.
    words: Vec<(String, u16, String)>,
    meanings: Vec<MeaningRow>,
    /// A display was given, and none of the meanings agrees.
    has_no_match: bool,
}

/// A meaning as shown.
struct MeaningRow {
    value: String,
    /// Register, type, order and scale.
    form: String,
    agrees: bool,
    /// Lines of a point to copy.
    lines: String,
}

impl RegisterPage {
    /// Value of a field of the form, or what stands there at first.
    fn field(&self, name: &str, usual: &str) -> String {
        let sent = self.fields.trimmed(name);
        (if sent.is_empty() { usual } else { sent }).to_owned()
    }

    /// Whether the line of the form is one of the choices.
    fn is_listed(&self) -> bool {
        let sent = self.fields.trimmed("jalur");
        sent.is_empty() || self.places.iter().any(|(value, _)| value == sent)
    }
}

pub(crate) async fn register_page(PageRequest { app, uri, headers }: PageRequest) -> Response {
    let frame = PageFrame::new(&app, "teknisi", &uri, &headers);
    let fields = PlainForm::of_query(&uri);
    let mut page = RegisterPage {
        places: line_choices(&app),
        refused: String::new(),
        words: Vec::new(),
        meanings: Vec::new(),
        has_no_match: false,
        fields,
        frame,
    };
    // A link from a found device fills the form; reading needs the address.
    if !page.fields.trimmed("alamat").is_empty() {
        let lang = page.frame.lang;
        let read = match question(&page.fields, lang) {
            Ok(question) => read_registers(&app, &question, lang)
                .await
                .map(|words| (question, words)),
            Err(why) => Err(why),
        };
        match read {
            Ok((question, words)) => show_words(&mut page, &question, &words),
            Err(why) => page.refused = why,
        }
    }
    let status = if page.refused.is_empty() {
        StatusCode::OK
    } else {
        StatusCode::UNPROCESSABLE_ENTITY
    };
    render_page(&uri, status, &page)
}

/// Registers that the form asks for; an error is a sentence.
fn question(fields: &PlainForm, lang: Language) -> Result<RegisterQuestion, String> {
    let bad = |name: &str, expected: &str| {
        let args = [("found", fields.trimmed(name)), ("expected", expected)];
        lang.text_with("scanpage-bad", &args)
    };
    let count = fields.trimmed("banyak");
    let own = fields.trimmed("lain");
    let place = if own.is_empty() {
        fields.trimmed("jalur")
    } else {
        own
    };
    Ok(RegisterQuestion {
        place: place.to_owned(),
        baud: fields.trimmed("baud").parse().unwrap_or(9600),
        parity: match fields.trimmed("paritas") {
            "even" => Parity::Even,
            "odd" => Parity::Odd,
            _ => Parity::None,
        },
        unit: fields
            .trimmed("unit")
            .parse()
            .map_err(|_| bad("unit", "1–247"))?,
        is_input: fields.trimmed("tabel") == "input",
        address: fields
            .trimmed("alamat")
            .parse()
            .map_err(|_| bad("alamat", "0–65535"))?,
        count: match count {
            "" => USUAL_COUNT,
            count => count.parse().map_err(|_| bad("banyak", "1–32"))?,
        },
    })
}

fn show_words(page: &mut RegisterPage, question: &RegisterQuestion, words: &[u16]) {
    let lang = page.frame.lang;
    let table = if question.is_input {
        "input"
    } else {
        "holding"
    };
    let shown = (question.address..).zip(words);
    page.words = shown
        .map(|(at, word)| (format!("{table}:{at}"), *word, format!("0x{word:04X}")))
        .collect();
    let display = page.fields.trimmed("tampilan");
    let (name, unit) = (page.field("nama", "point"), page.fields.trimmed("satuan"));
    let meanings = register_meanings(question.address, words, display);
    page.has_no_match = !display.is_empty() && !meanings.iter().any(|one| one.agrees);
    let row = |one: &RegisterMeaning| MeaningRow {
        value: format_number(one.value, lang),
        form: one.form_text(table),
        agrees: one.agrees,
        lines: one.point_lines(table, &name, unit),
    };
    page.meanings = meanings.iter().map(row).collect();
}
