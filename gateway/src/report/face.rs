//! The fonts inside the program, and how wide a text is in them.

use skrifa::instance::{LocationRef, Size};
use skrifa::{FontRef, MetadataProvider as _};
use std::collections::HashMap;
use std::sync::LazyLock;

/// A font face.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Face {
    /// Running text.
    Regular,
    /// Headings, heads of tables, totals.
    Bold,
    /// Arrows and mathematics, chosen a character at a time where the other two have none.
    Symbols,
}

/// A character as drawn: its face, its glyph and its advance as a share of the type size.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Drawn {
    /// The face that has it.
    pub(crate) face: Face,
    /// The glyph's number in that face.
    pub(crate) glyph: u32,
    /// How far the next character is, in type sizes.
    pub(crate) advance: f64,
}

struct Metrics {
    glyphs: HashMap<char, (u32, f64)>,
}

impl Face {
    /// The font file.
    pub(crate) fn file(self) -> &'static [u8] {
        match self {
            Self::Regular => include_bytes!("../../assets/fonts/NotoSans-Regular.ttf"),
            Self::Bold => include_bytes!("../../assets/fonts/NotoSans-SemiBold.ttf"),
            Self::Symbols => include_bytes!("../../assets/fonts/DejaVuSans-Symbols.ttf"),
        }
    }

    fn metrics(self) -> &'static Metrics {
        static REGULAR: LazyLock<Metrics> = LazyLock::new(|| read(Face::Regular.file()));
        static BOLD: LazyLock<Metrics> = LazyLock::new(|| read(Face::Bold.file()));
        static SYMBOLS: LazyLock<Metrics> = LazyLock::new(|| read(Face::Symbols.file()));
        match self {
            Self::Regular => &REGULAR,
            Self::Bold => &BOLD,
            Self::Symbols => &SYMBOLS,
        }
    }
}

fn read(file: &[u8]) -> Metrics {
    let mut glyphs = HashMap::new();
    // The tests show that the fonts inside the program can be read; an unreadable one draws "?".
    if let Ok(font) = FontRef::new(file) {
        let metrics = font.glyph_metrics(Size::new(1.0), LocationRef::default());
        for (code, glyph) in font.charmap().mappings() {
            let advance = metrics.advance_width(glyph).unwrap_or(0.0);
            if let Some(c) = char::from_u32(code) {
                glyphs.insert(c, (glyph.to_u32(), f64::from(advance)));
            }
        }
    }
    Metrics { glyphs }
}

/// How `c` is drawn in `face`: by that face, by the symbols, or as a question mark.
pub(crate) fn drawn(face: Face, c: char) -> Drawn {
    let in_face = |face: Face, c: char| {
        let (glyph, advance) = face.metrics().glyphs.get(&c).copied()?;
        Some(Drawn {
            face,
            glyph,
            advance,
        })
    };
    in_face(face, c)
        .or_else(|| in_face(Face::Symbols, c))
        .or_else(|| in_face(face, '?'))
        .unwrap_or(Drawn {
            face,
            glyph: 0,
            advance: 0.5,
        })
}

/// Width of `text` at type size `size`, both in points.
pub(crate) fn width(face: Face, size: f64, text: &str) -> f64 {
    let advances = text.chars().map(|c| drawn(face, c).advance);
    advances.sum::<f64>() * size
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fonts_have_what_reports_are_written_with() {
        let used =
            "Aé€ 0123456789.,–−±×÷°%‰²³₂₄·•…“”‘’/()[]<>=Δ η Σ σ μ Ω → ≤ ≥ ≈ ≠ √ ∑ ∫ ∞ ¹⁰⁹ \u{a0}";
        for face in [Face::Regular, Face::Bold] {
            let question = drawn(face, '?').glyph;
            for c in used.chars() {
                assert_ne!(drawn(face, c).glyph, question, "{c:?} in {face:?}");
                assert!(drawn(face, c).advance > 0.1, "{c:?} in {face:?}");
            }
        }
    }

    #[test]
    fn digits_stand_below_each_other() {
        let one = width(Face::Regular, 10.0, "1111");
        assert!((one - width(Face::Regular, 10.0, "8888")).abs() < 1e-6);
    }

    #[test]
    fn a_character_that_no_font_has_is_a_question_mark() {
        assert_eq!(drawn(Face::Regular, '漢'), drawn(Face::Regular, '?'));
    }
}
