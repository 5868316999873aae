//! [`RegisterCapture`]: what a device sends and the value that it means, the proof of a profile;
//! and its checks.

use crate::config::diagnostic_collector::DiagnosticCollector;
use crate::config::raw_profile::{RawCapture, RawCaptureOrigin, RawProfile};
use crate::config::raw_values::SpannedValue;
use crate::config::{Point, RegisterEncoding};
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

/// Registers of one point and the value that they mean.
#[derive(Clone, Debug, PartialEq)]
pub struct RegisterCapture {
    /// Line in the file, from 1.
    pub line: usize,
    /// Index of the point in the profile; facts follow the points.
    pub point: usize,
    /// Register values, in address order.
    pub words: Vec<u16>,
    /// Value in the point's unit; `None`: no value.
    pub value: Option<f64>,
    /// Text that the registers of a fact hold.
    pub text: Option<String>,
    /// Message of a sensor node, instead of `words`.
    pub payload: Option<Arc<str>>,
    /// Raw values of other points (by index) that this point depends on.
    pub with: Vec<(usize, i64)>,
    /// True for registers of a device or a document; false for computed ones.
    // Computed ones follow from the type, order and scale of the source, so they prove less.
    pub witnessed: bool,
}

fn find_point_index(points: &[Point], name: &str) -> Option<usize> {
    points.iter().position(|point| *point.name == *name)
}

/// Checks all captures of a profile; `points` are the points and the facts.
pub(crate) fn check_captures(
    notes: &mut DiagnosticCollector<'_>,
    raw: &RawProfile,
    points: &[Point],
) -> Vec<RegisterCapture> {
    let all = raw.capture.iter();
    let captures: Vec<RegisterCapture> = all
        .flat_map(|at| match &at.get().payload {
            Some(payload) => check_message_capture(notes, at, payload, points),
            None => Vec::from_iter(check_capture(notes, at, points)),
        })
        .collect();
    let spans = raw.point.iter().chain(&raw.fact).map(SpannedValue::span);
    // Every point needs a capture: it is the only proof of type, order and scale (docs/devices.md).
    for ((index, point), span) in points.iter().enumerate().zip(spans) {
        if !captures.iter().any(|capture| capture.point == index) {
            notes.add_error(span, &point.name, "fault-no-capture", &point.name, "");
        }
    }
    captures
}

fn check_capture(
    notes: &mut DiagnosticCollector<'_>,
    at: &SpannedValue<RawCapture>,
    points: &[Point],
) -> Option<RegisterCapture> {
    let typed = at.get();
    let find = |name: &str| find_point_index(points, name);
    let point = notes.parsed_text(&typed.point, "point", find, "fault-expect-point")?;
    let encoding = points[point].modbus().map(|access| access.encoding);
    // A pin or chip gives one raw number: a count, a state, a conversion.
    let wanted = encoding.map_or(1, RegisterEncoding::registers);
    if typed.words.len() != usize::from(wanted) {
        let (found, wanted) = (typed.words.len().to_string(), wanted.to_string());
        notes.add_error(at.span(), "words", "fault-value", &found, &wanted);
    }
    let is_text = matches!(encoding, Some(RegisterEncoding::Text(_)));
    if is_text != typed.text.is_some() {
        notes.add_error(
            at.span(),
            "text",
            "fault-capture-text",
            &points[point].name,
            "",
        );
    }
    Some(RegisterCapture {
        line: notes.line_number(at.span().start),
        point,
        words: typed.words.iter().map(|word| *word.get()).collect(),
        value: notes.finite_number(typed.value.as_ref(), "value"),
        text: typed.text.as_ref().map(|at| at.get().clone()),
        payload: None,
        with: check_capture_context(notes, at.span(), &typed.with, points),
        witnessed: is_witnessed(typed),
    })
}

/// Checks the message of a node: one capture for each of its values.
fn check_message_capture(
    notes: &mut DiagnosticCollector<'_>,
    at: &SpannedValue<RawCapture>,
    payload: &SpannedValue<String>,
    points: &[Point],
) -> Vec<RegisterCapture> {
    let typed = at.get();
    let topic = typed.topic.as_ref().map_or("~", |at| at.get());
    let payload: Arc<str> = Arc::from(payload.get().as_str());
    let is_of_topic = |point: &Point| point.access.mqtt().is_some_and(|at| *at.topic == *topic);
    let mut captures = Vec::new();
    for (name, value) in &typed.values {
        let index = find_point_index(points, name).filter(|index| is_of_topic(&points[*index]));
        let Some(point) = index else {
            let expected = "fault-expect-point";
            notes.add_error(value.span(), "values", "fault-value", name, expected);
            continue;
        };
        captures.push(RegisterCapture {
            line: notes.line_number(at.span().start),
            point,
            words: Vec::new(),
            value: notes.finite_number(Some(value), "values"),
            text: None,
            payload: Some(Arc::clone(&payload)),
            with: Vec::new(),
            witnessed: is_witnessed(typed),
        });
    }
    if typed.values.is_empty() {
        notes.add_error(at.span(), "values", "fault-missing", "", "");
    }
    captures
}

/// Whether a capture is of a device or a document, and not computed.
fn is_witnessed(typed: &RawCapture) -> bool {
    let origin = typed.from.as_ref().map(SpannedValue::get);
    let worked_out = [RawCaptureOrigin::WorkedOut, RawCaptureOrigin::Computed];
    origin.is_some_and(|origin| !worked_out.contains(origin))
}

fn check_capture_context(
    notes: &mut DiagnosticCollector<'_>,
    span: Range<usize>,
    typed: &BTreeMap<String, i64>,
    points: &[Point],
) -> Vec<(usize, i64)> {
    let mut with = Vec::new();
    for (name, raw) in typed {
        match find_point_index(points, name) {
            Some(index) => with.push((index, *raw)),
            None => notes.add_error(
                span.clone(),
                "with",
                "fault-value",
                name,
                "fault-expect-point",
            ),
        }
    }
    with
}
