//! `/catat/target`: targets and baselines of the indicators.

use super::entry_page::{definition_choices, new_form_key, next_form_key};
use super::entry_texts::{self, EntryRow};
use super::form_fields::{FormFields, SentForm};
use super::submission::{EntrySubmission, FormRefusal};
use super::writer_name::remembered_name;
use crate::api::ApiListener;
use crate::api::request_language::query_parameter;
use crate::domain::ledger::{EntryKind, QuantityBasis};
use crate::domain::period::Period;
use crate::i18n::Language;
use crate::ledger::{QuantityText, RawEntry};
use crate::pages::page_frame::{PageFrame, render_failure, render_page};
use crate::pages::page_request::PageRequest;
use crate::pages::period_choice::period_around;
use crate::report::content::period_name;
use crate::storage::{LedgerQuery, StoreError};
use askama::Template;
use axum::http::Uri;
use axum::response::Response;
use jiff::ToSpan;
use jiff::civil::Date;

/// Targets and baselines of the list.
const LISTED_TARGETS_MAX: usize = 200;

/// Values of the form, as typed.
#[derive(Clone, Debug, Default)]
struct TargetValues {
    key: String,
    kind: String,
    indicator: String,
    /// Id of the asset; empty for the site.
    asset: String,
    quantity: String,
    /// Period of the list; empty for another one.
    period: String,
    other_period: String,
    who: String,
    note: String,
}

#[derive(Template)]
#[template(path = "entry_target.html")]
struct TargetPage {
    frame: PageFrame,
    form: TargetValues,
    refusal: FormRefusal,
    /// Ids and names of the indicators.
    indicators: Vec<(String, String)>,
    /// Ids and names of the assets.
    assets: Vec<(String, String)>,
    /// Periods to choose from, with their names.
    periods: Vec<(String, String)>,
    saved: bool,
    rows: Vec<EntryRow>,
}

pub(super) async fn target_page(PageRequest { app, uri, headers }: PageRequest) -> Response {
    let frame = PageFrame::new(&app, "catat", &uri, &headers);
    let form = TargetValues {
        key: new_form_key(),
        kind: EntryKind::Target.word().to_owned(),
        period: period_around("month", app.today()).to_string(),
        who: remembered_name(&headers),
        ..TargetValues::default()
    };
    show_targets(&app, &uri, frame, form, FormRefusal::default()).await
}

async fn show_targets(
    app: &ApiListener,
    uri: &Uri,
    frame: PageFrame,
    form: TargetValues,
    refusal: FormRefusal,
) -> Response {
    let rows = match listed_targets(app, frame.lang).await {
        Ok(rows) => rows,
        Err(fault) => return render_failure(uri, frame, &fault.into()),
    };
    let page = TargetPage {
        indicators: target_choices(app, frame.lang),
        assets: asset_choices(app),
        periods: period_choices(app.today(), frame.lang),
        saved: query_parameter(uri, "tersimpan").is_some(),
        rows,
        form,
        refusal,
        frame,
    };
    render_page(uri, page.refusal.status, &page)
}

/// Indicators that people record, then figures that Pantau measures at the site.
fn target_choices(app: &ApiListener, lang: Language) -> Vec<(String, String)> {
    let measured = app.state().definitions.measured().iter();
    let measured = measured.map(|one| &one.definition);
    let measured = measured.map(|one| (one.id.to_string(), one.name.text(lang).to_owned()));
    let mut all = definition_choices(app, lang);
    all.extend(measured);
    all
}

fn asset_choices(app: &ApiListener) -> Vec<(String, String)> {
    let all = app.state().assets.iter();
    all.map(|one| (one.id.to_string(), one.name.to_string()))
        .collect()
}

async fn listed_targets(app: &ApiListener, lang: Language) -> Result<Vec<EntryRow>, StoreError> {
    let mut all = Vec::new();
    for sort in [EntryKind::Target, EntryKind::Baseline] {
        let query = LedgerQuery {
            sort: Some(sort),
            newest: Some(LISTED_TARGETS_MAX),
            ..LedgerQuery::default()
        };
        all.extend(app.state().store.ledger(query).await?);
    }
    all.sort_by_key(|entry| entry.id);
    Ok(entry_texts::entry_rows(app, &all, lang))
}

/// Periods that targets are set for most often: this and the next months, quarters and years.
fn period_choices(today: Date, lang: Language) -> Vec<(String, String)> {
    let first = today.first_of_month();
    let later = |months: i64| first.saturating_add(months.months());
    let periods = [
        period_around("month", first),
        period_around("month", later(1)),
        period_around("quarter", first),
        period_around("quarter", later(3)),
        period_around("year", first),
        period_around("year", later(12)),
    ];
    let named = |period: Period| (period.to_string(), period_name(lang, period));
    periods.into_iter().map(named).collect()
}

pub(super) async fn save_target(SentForm { asked, frame, form }: SentForm) -> Response {
    let PageRequest { app, uri, .. } = asked;
    let raw = raw_target(&app, &form);
    let submission = EntrySubmission::of_page(&app, frame.lang, &form, raw);
    let refusal = match submission
        .send_and_lead_to("/catat/target?tersimpan=")
        .await
    {
        Ok(response) => return response,
        Err(refusal) => refusal,
    };
    let text = |name| form.text(name).to_owned();
    let typed = TargetValues {
        key: next_form_key(&form, &refusal),
        kind: text("kind"),
        indicator: text("indicator"),
        asset: text("asset"),
        quantity: text("quantity"),
        period: text("period"),
        other_period: text("other_period"),
        who: text("who"),
        note: text("note"),
    };
    show_targets(&app, &uri, frame, typed, refusal).await
}

fn raw_target(app: &ApiListener, form: &FormFields) -> RawEntry {
    let definitions = &app.state().definitions;
    let id = form.text("indicator");
    let measured = || Some(&definitions.find_measured(id)?.definition);
    let definition = definitions.find(id).or_else(measured);
    let quantity = form.text("quantity");
    let has_unit = quantity.ends_with(char::is_alphabetic);
    let unit = definition.filter(|_| !has_unit);
    RawEntry {
        kind: form.optional("kind"),
        indicator: form.optional("indicator"),
        what: form.optional("asset"),
        quantity: Some(QuantityText::Written(quantity.to_owned())),
        unit: unit.map(|one| one.unit.to_string()),
        when: form
            .optional("other_period")
            .or_else(|| form.optional("period")),
        // A target is neither weighed nor counted.
        how: Some(QuantityBasis::Declared.word().to_owned()),
        who: form.optional("who"),
        note: form.optional("note"),
        ..RawEntry::default()
    }
}
