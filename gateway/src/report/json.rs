//! The report as JSON: every number raw and unrounded beside its shown text, keys in English.
//!
//! `percent` values are shares of one. Moments are RFC 3339 in UTC, days `2026-11-21`.

use crate::report::chart::{Along, Chart, Form};
use crate::report::document::{Block, Callout, Section};
use crate::report::figure::{Figure, Figures, Origin};
use crate::report::format;
use crate::report::photo::Photo;
use crate::report::show::{Show, Shown, plain_kind, spread_kind};
use crate::report::table::{Column, Table, Total};
use crate::report::value::{Kind, Value};
use serde_json::{Map, Value as Json, json};

/// Name and version of the shape, for scripts.
const SCHEMA: &str = "pantau.report/1";

/// The whole report.
pub(crate) fn render(show: &Show<'_>) -> Result<Vec<u8>, serde_json::Error> {
    let document = show.document;
    let sections = document.sections.iter().enumerate();
    let sections: Vec<Json> = sections.map(|(at, s)| section(show, at, s)).collect();
    let zone = document.zone.iana_name().unwrap_or("UTC");
    let report = json!({
        "schema": SCHEMA,
        "title": document.title,
        "site": { "id": document.site.id, "name": document.site.name },
        "period": { "id": document.period.id, "name": document.period.name },
        "language": document.lang.code(),
        "timezone": zone,
        "issued": format::rfc3339(document.issued),
        "revision": document.revision,
        "digest": document.digest,
        "provisional": document.is_provisional(),
        "sections": sections,
    });
    serde_json::to_vec_pretty(&report)
}

fn section(show: &Show<'_>, index: usize, section: &Section) -> Json {
    let blocks: Vec<Json> = section.blocks.iter().map(|b| block(show, b)).collect();
    let note = |(number, text): (usize, &str)| json!({ "number": number, "text": text });
    let notes: Vec<Json> = show.notes.of_section(index).map(note).collect();
    json!({
        "id": section.id,
        "number": show.document.number(index),
        "title": section.title,
        "annex": section.annex,
        "blocks": blocks,
        "notes": notes,
    })
}

fn block(show: &Show<'_>, block: &Block) -> Json {
    match block {
        Block::Heading(text) => json!({ "type": "heading", "text": text }),
        Block::Paragraph(text) => json!({ "type": "paragraph", "text": text }),
        Block::Callout(callout) => callout_json(callout),
        Block::Figures(figures) => figures_json(show, figures),
        Block::Table(table) => table_json(show, table),
        Block::Chart(chart) => chart_json(show, chart),
        Block::Photo(photo) => photo_json(photo),
    }
}

/// The picture itself stays outside: its hash says which one it is.
fn photo_json(photo: &Photo) -> Json {
    let (width, height) = photo.picture.upright();
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

fn callout_json(callout: &Callout) -> Json {
    let (title, text) = (&callout.title, &callout.text);
    json!({ "type": "callout", "tone": callout.tone.key(), "title": title, "text": text })
}

fn figures_json(show: &Show<'_>, figures: &Figures) -> Json {
    let items: Vec<Json> = figures.items.iter().map(|f| figure(show, f)).collect();
    json!({ "type": "figures", "id": figures.id, "items": items })
}

fn figure(show: &Show<'_>, figure: &Figure) -> Json {
    let mut item = Map::new();
    item.insert("id".to_owned(), json!(figure.id));
    item.insert("label".to_owned(), json!(figure.label));
    item.append(&mut cell(&figure.value, &show.figure(figure)));
    item.append(&mut measure(&figure.kind));
    let optional = |number: Option<f64>, kind: &Kind| match number {
        Some(number) => json!({ "value": number, "text": show.number(number, kind, true) }),
        None => Json::Null,
    };
    let spread = optional(figure.plus_minus, &spread_kind(&figure.kind));
    let completeness = optional(figure.completeness, &Kind::Percent(0));
    item.insert("uncertainty".to_owned(), spread);
    item.insert("completeness".to_owned(), completeness);
    let target = optional(figure.target, &plain_kind(&figure.kind));
    item.insert("target".to_owned(), target);
    item.insert("origin".to_owned(), json!(figure.origin.map(Origin::key)));
    item.insert("status".to_owned(), json!(figure.status.key()));
    item.insert("method".to_owned(), json!(figure.method));
    item.insert("factors".to_owned(), json!(figure.factors));
    item.insert("notes".to_owned(), json!(figure.notes));
    Json::Object(item)
}

fn table_json(show: &Show<'_>, table: &Table) -> Json {
    let columns: Vec<Json> = table.columns.iter().map(column).collect();
    let row = |row: &Vec<Value>| -> Json {
        let cells = row.iter().zip(&table.columns);
        let cells = cells.map(|(value, c)| Json::Object(cell(value, &show.cell(value, &c.kind))));
        cells.collect()
    };
    let rows: Vec<Json> = table.rows.iter().map(row).collect();
    let total = |index: usize| -> Json {
        let column = &table.columns[index];
        let Some(total) = table.total(index) else {
            return Json::Null;
        };
        let shown = show.total(column, total);
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

fn column(column: &Column) -> Json {
    let total = column.total.map(|total| match total {
        Total::Sum => "sum",
        Total::Mean => "mean",
    });
    let mut item = Map::new();
    item.insert("id".to_owned(), json!(column.id));
    item.insert("head".to_owned(), json!(column.head));
    item.append(&mut measure(&column.kind));
    item.insert("total".to_owned(), json!(total));
    Json::Object(item)
}

fn measure(kind: &Kind) -> Map<String, Json> {
    let decimals = match kind {
        Kind::Number(measure) => Some(measure.decimals),
        Kind::Percent(decimals) => i8::try_from(*decimals).ok(),
        _ => None,
    };
    let mut item = Map::new();
    item.insert("kind".to_owned(), json!(kind.key()));
    item.insert("unit".to_owned(), json!(kind.unit()));
    item.insert("decimals".to_owned(), json!(decimals));
    item
}

/// `value` raw, `text` as shown, `reason` when there is no value, `note` when a footnote says more.
fn cell(value: &Value, shown: &Shown) -> Map<String, Json> {
    let raw = match value {
        Value::Number(number) => json!(number),
        Value::Text(text) => json!(text),
        Value::Date(day) => json!(day.to_string()),
        Value::Time(at) => json!(format::rfc3339(*at)),
        Value::Missing(_) | Value::Empty => Json::Null,
    };
    let mut item = Map::new();
    item.insert("value".to_owned(), raw);
    item.insert("text".to_owned(), json!(shown.text));
    if let Value::Missing(reason) = value {
        item.insert("reason".to_owned(), json!(reason));
    }
    if let Some(note) = shown.note {
        item.insert("note".to_owned(), json!(note));
    }
    item
}

fn chart_json(show: &Show<'_>, chart: &Chart) -> Json {
    let form = match chart.form {
        Form::Line => "line",
        Form::Bars => "bars",
        Form::Stacked => "stacked",
        Form::Calendar => "calendar",
    };
    let along = match &chart.along {
        Along::Days(days) => days.iter().map(|day| json!(day.to_string())).collect(),
        Along::Labels(labels) => json!(labels),
    };
    let series = chart.series.iter().map(|series| {
        let text = |value: &Option<f64>| value.map(|v| show.number(v, &chart.kind, false));
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
