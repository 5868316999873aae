//! Registers of a `SunSpec` device that implements no value at all: for a simulator to fill in.

use super::definitions::{self, Counts, Def, Group};
use super::{COMMON, END, MARKER, Model};
use std::collections::BTreeMap;

/// Registers by address.
pub(super) type Image = BTreeMap<u16, u16>;

/// The list of these models, which follow each other, with texts for the common one.
pub(super) fn image(base: u16, models: &[Model], texts: &[(&str, &str)]) -> Image {
    let mut image = Image::new();
    put(&mut image, base.into(), &MARKER);
    for model in models {
        let mut at = u64::from(model.address);
        if let Some(definition) = definitions::model(model.id) {
            blank(&mut image, definition, &model.counts, &mut at);
            for (name, offset) in definition.count_points() {
                let times = model.counts.get(name).copied().unwrap_or(0);
                put(&mut image, u64::from(model.address) + offset, &[times]);
            }
            if model.id == COMMON {
                say(&mut image, definition, model.address, texts);
            }
        }
        put(&mut image, model.address.into(), &[model.id, model.length]);
    }
    if let Some(end) = models.last().and_then(Model::next) {
        put(&mut image, end.into(), &[END, 0]);
    }
    image
}

fn put(image: &mut Image, at: u64, words: &[u16]) {
    for (address, word) in (at..).zip(words) {
        if let Ok(address) = u16::try_from(address) {
            image.insert(address, *word);
        }
    }
}

/// "Not implemented" everywhere.
fn blank(image: &mut Image, group: &Group, counts: &Counts, at: &mut u64) {
    for def in &group.points {
        put(image, *at, &unimplemented(def));
        *at += u64::from(def.size);
    }
    for inner in &group.groups {
        for _ in 0..inner.times(counts) {
            blank(image, inner, counts, at);
        }
    }
}

fn unimplemented(def: &Def) -> Vec<u16> {
    let pattern = def.encoding().map_or(0, |(_, missing)| missing);
    let bytes = pattern.to_be_bytes();
    let words = bytes
        .chunks_exact(2)
        .map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
    let words: Vec<u16> = words.collect();
    match words.len().checked_sub(usize::from(def.size)) {
        Some(first) => words[first..].to_vec(),
        None => vec![0; usize::from(def.size)],
    }
}

fn say(image: &mut Image, definition: &Group, address: u16, texts: &[(&str, &str)]) {
    for (name, text) in texts {
        let size = definition.points.iter().find(|def| def.name == *name);
        let mut bytes = text.as_bytes().to_vec();
        bytes.resize(2 * size.map_or(0, |def| usize::from(def.size)), 0);
        let pairs = bytes.chunks_exact(2);
        let words: Vec<u16> = pairs
            .map(|pair| u16::from_be_bytes([pair[0], pair[1]]))
            .collect();
        if let Some(offset) = definition.offset(name) {
            put(image, u64::from(address) + offset, &words);
        }
    }
}
