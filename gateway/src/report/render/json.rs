//! JSON renderer: every number unrounded beside its shown text, keys in English.
//!
//! Values of kind `percent` are shares of one. Times are RFC 3339 in UTC, days `2026-11-21`.

use crate::evidence::{OWN_HASH_KEY, OWN_HASH_PLACEHOLDER, ReportEvidence, with_own_hash};
use crate::report::render::cell_value::{CellValue, ValueKind};
use crate::report::render::chart::{ChartForm, ChartSteps, ReportChart};
use crate::report::render::document::{CalloutBox, ReportBlock, ReportSection};
use crate::report::render::figure::{KeyFigure, KeyFigures, ValueOrigin};
use crate::report::render::number_format;
use crate::report::render::photo::ReportPhoto;
use crate::report::render::render_context::{DisplayText, RenderContext, nearest_kind};
use crate::report::render::table::{ColumnTotalKind, ReportColumn, ReportTable};
use serde_json::{Map, Value as Json, json};

/// Name and version of the JSON schema, for scripts.
const REPORT_SCHEMA: &str = "pantau.report/1";

/// Renders the whole report as JSON.
pub(crate) fn render_json(show: &RenderContext<'_>) -> Result<Vec<u8>, serde_json::Error> {
    let document = show.document;
    let sections = document.sections.iter().enumerate();
    let sections: Vec<Json> = sections.map(|(at, s)| section_json(show, at, s)).collect();
    let zone = document.zone.iana_name().unwrap_or("UTC");
    let report = json!({
        "schema": REPORT_SCHEMA,
        "title": document.title,
        "site": { "id": document.site.id, "name": document.site.name },
        "period": { "id": document.period.id, "name": document.period.name },
        "language": document.lang.code(),
        "timezone": zone,
        "issued": number_format::format_rfc3339(document.issued),
        "revision": document.revision,
        "digest": document.evidence.digest(),
        "evidence": evidence_json(&document.evidence),
        "provisional": document.is_provisional(),
        "sections": sections,
        OWN_HASH_KEY: OWN_HASH_PLACEHOLDER,
    });
    let text = serde_json::to_string_pretty(&report)?;
    Ok(with_own_hash(&text).into_bytes())
}

/// Evidence behind a report: last record, lines that no record has yet, and hash of the content.
fn evidence_json(evidence: &ReportEvidence) -> Json {
    let head = evidence.head.as_ref().map(
        |head| json!({ "number": head.number, "day": head.day.to_string(), "sha256": head.sha256 }),
    );
    json!({
        "head": head,
        "open": evidence.open,
        "open_sha256": evidence.open_sha256(),
        "content": evidence.content,
    })
}

fn section_json(show: &RenderContext<'_>, index: usize, section: &ReportSection) -> Json {
    let blocks: Vec<Json> = section.blocks.iter().map(|b| block_json(show, b)).collect();
    let note = |(number, text): (usize, &str)| json!({ "number": number, "text": text });
    let notes: Vec<Json> = show.notes.of_section(index).map(note).collect();
    json!({
        "id": section.id,
        "number": show.document.section_number(index),
        "title": section.title,
        "annex": section.annex,
        "blocks": blocks,
        "notes": notes,
    })
}

fn block_json(show: &RenderContext<'_>, block: &ReportBlock) -> Json {
    match block {
        ReportBlock::Heading(text) => json!({ "type": "heading", "text": text }),
        ReportBlock::Paragraph(text) => json!({ "type": "paragraph", "text": text }),
        ReportBlock::Callout(callout) => callout_json(callout),
        ReportBlock::Figures(figures) => figures_json(show, figures),
        ReportBlock::Table(table) => table_json(show, table),
        ReportBlock::Chart(chart) => chart_json(show, chart),
        ReportBlock::Drawing(drawing) => {
            json!({ "type": "drawing", "id": drawing.id, "title": drawing.title() })
        }
        ReportBlock::Photo(photo) => photo_json(photo),
    }
}

/// Describes a photo by its hash; the picture itself is not in the JSON.
fn photo_json(photo: &ReportPhoto) -> Json {
    let (width, height) = photo.picture.upright_size();
    json!({
        "type": "photo",
        "id": photo.id,
        "name": photo.name,
        "sha256": photo.sha256,
        "media_type": photo.picture.media_type(),
        "width": width,
        "height": height,
    })
}

fn callout_json(callout: &CalloutBox) -> Json {
    let (title, text) = (&callout.title, &callout.text);
    json!({ "type": "callout", "tone": callout.tone.key(), "title": title, "text": text })
}

fn figures_json(show: &RenderContext<'_>, figures: &KeyFigures) -> Json {
    let items: Vec<Json> = figures.items.iter().map(|f| figure_json(show, f)).collect();
    json!({ "type": "figures", "id": figures.id, "items": items })
}

fn figure_json(show: &RenderContext<'_>, figure: &KeyFigure) -> Json {
    let mut item = Map::new();
    item.insert("id".to_owned(), json!(figure.id));
    item.insert("label".to_owned(), json!(figure.label));
    item.append(&mut cell_json(&figure.value, &show.figure_text(figure)));
    item.append(&mut kind_json(&figure.kind));
    let optional = |number: Option<f64>, kind: &ValueKind| match number {
        Some(number) => json!({ "value": number, "text": show.number_text(number, kind, true) }),
        None => Json::Null,
    };
    let spread = optional(figure.shown_width(), &figure.kind.uncertainty_kind());
    let completeness = optional(figure.completeness, &ValueKind::Percent(0));
    item.insert("uncertainty".to_owned(), spread);
    item.insert("uncertainty_is_least".to_owned(), json!(figure.is_least));
    item.insert("at_least".to_owned(), json!(figure.is_at_least));
    let [less, more] = figure.shown_reach();
    let reach = |amount| optional(amount, &figure.kind.uncertainty_kind());
    item.insert("perhaps_less".to_owned(), reach(less));
    item.insert("perhaps_more".to_owned(), reach(more));
    let since = figure.since.map(|since| since.to_string());
    item.insert("measured_since".to_owned(), json!(since));
    let until = figure.until.map(|until| until.to_string());
    item.insert("measured_until".to_owned(), json!(until));
    item.insert("completeness".to_owned(), completeness);
    let target = optional(figure.target, &nearest_kind(&figure.kind));
    item.insert("target".to_owned(), target);
    let days = figure.target_days;
    let days = days.map(|(covered, days)| json!({ "covered": covered, "days": days }));
    item.insert("target_days".to_owned(), json!(days));
    item.insert(
        "origin".to_owned(),
        json!(figure.origin.map(ValueOrigin::key)),
    );
    let origins = figure.origins.iter().map(|origin| origin.key());
    item.insert("origins".to_owned(), json!(origins.collect::<Vec<_>>()));
    item.insert("status".to_owned(), json!(figure.status.key()));
    item.insert("method".to_owned(), json!(figure.method));
    item.insert("factors".to_owned(), json!(figure.factors));
    item.insert("notes".to_owned(), json!(figure.notes));
    Json::Object(item)
}

fn table_json(show: &RenderContext<'_>, table: &ReportTable) -> Json {
    let columns: Vec<Json> = table.columns.iter().map(column_json).collect();
    let row = |row: &Vec<CellValue>| -> Json {
        let cells = row.iter().zip(&table.columns);
        let cells =
            cells.map(|(value, c)| Json::Object(cell_json(value, &show.cell_text(value, &c.kind))));
        cells.collect()
    };
    let rows: Vec<Json> = table.rows.iter().map(row).collect();
    let total = |index: usize| -> Json {
        let column = &table.columns[index];
        let Some(total) = table.total(index) else {
            return Json::Null;
        };
        let shown = show.total_text(column, total);
        json!({
            "value": total.value,
            "text": shown.text,
            "note": shown.note,
            "rows": total.rows,
            "present": total.present,
        })
    };
    let totals: Json = (0..table.columns.len()).map(total).collect();
    json!({
        "type": "table",
        "id": table.id,
        "title": table.title,
        "columns": columns,
        "rows": rows,
        "total": if table.has_total() { totals } else { Json::Null },
    })
}

fn column_json(column: &ReportColumn) -> Json {
    let total = column.total.map(|total| match total {
        ColumnTotalKind::Sum => "sum",
        ColumnTotalKind::Mean => "mean",
    });
    let mut item = Map::new();
    item.insert("id".to_owned(), json!(column.id));
    item.insert("head".to_owned(), json!(column.head));
    item.append(&mut kind_json(&column.kind));
    item.insert("total".to_owned(), json!(total));
    Json::Object(item)
}

fn kind_json(kind: &ValueKind) -> Map<String, Json> {
    let decimals = match kind {
        ValueKind::Number(measure) => Some(measure.decimals),
        ValueKind::Percent(decimals) => i8::try_from(*decimals).ok(),
        _ => None,
    };
    let mut item = Map::new();
    item.insert("kind".to_owned(), json!(kind.key()));
    item.insert("unit".to_owned(), json!(kind.unit()));
    item.insert("decimals".to_owned(), json!(decimals));
    item
}

/// Describes a value: `value` unrounded, `text` as shown, `reason` if there is no value, `note` for
/// its footnote.
fn cell_json(value: &CellValue, shown: &DisplayText) -> Map<String, Json> {
    let raw = match value {
        CellValue::Number(number) => json!(number),
        CellValue::Text(text) => json!(text),
        CellValue::Date(day) => json!(day.to_string()),
        CellValue::Time(at) => json!(number_format::format_rfc3339(*at)),
        CellValue::Missing(_) | CellValue::Empty => Json::Null,
    };
    let mut item = Map::new();
    item.insert("value".to_owned(), raw);
    item.insert("text".to_owned(), json!(shown.text));
    if let CellValue::Missing(reason) = value {
        item.insert("reason".to_owned(), json!(reason));
    }
    if let Some(note) = shown.note {
        item.insert("note".to_owned(), json!(note));
    }
    item
}

fn chart_json(show: &RenderContext<'_>, chart: &ReportChart) -> Json {
    let form = match chart.form {
        ChartForm::Line => "line",
        ChartForm::Bars => "bars",
        ChartForm::Stacked => "stacked",
        ChartForm::Calendar => "calendar",
        ChartForm::Strips => "strips",
    };
    let along = match &chart.along {
        ChartSteps::Days(days) => days.iter().map(|day| json!(day.to_string())).collect(),
        ChartSteps::Labels(labels) => json!(labels),
    };
    let series = chart.series.iter().map(|series| {
        let text = |value: &Option<f64>| value.map(|v| show.number_text(v, &chart.kind, false));
        let texts: Vec<Option<String>> = series.values.iter().map(text).collect();
        let (id, label, values) = (&series.id, &series.label, &series.values);
        json!({ "id": id, "label": label, "values": values, "texts": texts })
    });
    let target = chart.target.as_ref();
    let target = target.map(|t| json!({ "label": t.label, "value": t.value }));
    json!({
        "type": "chart",
        "id": chart.id,
        "title": chart.title,
        "form": form,
        "kind": chart.kind.key(),
        "unit": chart.kind.unit(),
        "along": along,
        "series": series.collect::<Vec<Json>>(),
        "target": target,
    })
}
