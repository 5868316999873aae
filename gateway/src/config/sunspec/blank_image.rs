//! [`image`]: registers of a `SunSpec` device without any implemented value, for the simulator.

use super::definitions::{self, GroupCounts, SunSpecGroup, SunSpecPointDef};
use super::model::{COMMON_MODEL, END_MODEL, SUNS_MARKER, SunSpecModel};
use std::collections::BTreeMap;

/// Register values by address.
pub(crate) type SunSpecImage = BTreeMap<u16, u16>;

/// Builds the list of these consecutive models, with texts for the common model.
pub(crate) fn build_blank_image(
    base: u16,
    models: &[SunSpecModel],
    texts: &[(&str, &str)],
) -> SunSpecImage {
    let mut image = SunSpecImage::new();
    put_words(&mut image, base.into(), &SUNS_MARKER);
    for model in models {
        let mut at = u64::from(model.address);
        if let Some(definition) = definitions::find_model(model.id) {
            put_unimplemented(&mut image, definition, &model.counts, &mut at);
            for (name, offset) in definition.count_points() {
                let times = model.counts.get(name).copied().unwrap_or(0);
                put_words(&mut image, u64::from(model.address) + offset, &[times]);
            }
            if model.id == COMMON_MODEL {
                put_texts(&mut image, definition, model.address, texts);
            }
        }
        // Last, over the "not implemented" of the header registers.
        put_words(&mut image, model.address.into(), &[model.id, model.length]);
    }
    if let Some(end) = models.last().and_then(SunSpecModel::next) {
        put_words(&mut image, end.into(), &[END_MODEL, 0]);
    }
    image
}

fn put_words(image: &mut SunSpecImage, at: u64, words: &[u16]) {
    for (address, word) in (at..).zip(words) {
        if let Ok(address) = u16::try_from(address) {
            image.insert(address, *word);
        }
    }
}

/// Writes "not implemented" into all points of a group.
fn put_unimplemented(
    image: &mut SunSpecImage,
    group: &SunSpecGroup,
    counts: &GroupCounts,
    at: &mut u64,
) {
    for def in &group.points {
        put_words(image, *at, &unimplemented_words(def));
        *at += u64::from(def.size);
    }
    for inner in &group.groups {
        for _ in 0..inner.repetitions(counts) {
            put_unimplemented(image, inner, counts, at);
        }
    }
}

fn unimplemented_words(def: &SunSpecPointDef) -> Vec<u16> {
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

fn put_texts(
    image: &mut SunSpecImage,
    definition: &SunSpecGroup,
    address: u16,
    texts: &[(&str, &str)],
) {
    for (name, text) in texts {
        let size = definition.points.iter().find(|def| def.name == *name);
        let mut bytes = text.as_bytes().to_vec();
        bytes.resize(2 * size.map_or(0, |def| usize::from(def.size)), 0);
        let pairs = bytes.chunks_exact(2);
        let words: Vec<u16> = pairs
            .map(|pair| u16::from_be_bytes([pair[0], pair[1]]))
            .collect();
        if let Some(offset) = definition.offset_of(name) {
            put_words(image, u64::from(address) + offset, &words);
        }
    }
}
