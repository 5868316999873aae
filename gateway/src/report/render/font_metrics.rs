//! Fonts embedded in the program, with the width of text in them.

use skrifa::instance::{LocationRef, Size};
use skrifa::{FontRef, MetadataProvider as _};
use std::collections::HashMap;
use std::sync::LazyLock;

/// Font face.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum FontFace {
    /// Regular weight, for running text.
    Regular,
    /// Semi-bold, for headings, table heads and totals.
    Bold,
    /// Arrows and mathematical signs, used for single characters that the other faces lack.
    Symbols,
}

/// Glyph of a character: its face, its number and its advance as a share of the type size.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct FontGlyph {
    /// Face that has the character.
    pub(crate) face: FontFace,
    /// Number of the glyph in that face.
    pub(crate) glyph: u32,
    /// Distance to the next character, in type sizes.
    pub(crate) advance: f64,
}

struct FaceGlyphs {
    glyphs: HashMap<char, (u32, f64)>,
}

impl FontFace {
    /// Returns the font file.
    pub(crate) fn file(self) -> &'static [u8] {
        match self {
            Self::Regular => include_bytes!("../../../assets/fonts/NotoSans-Regular.ttf"),
            Self::Bold => include_bytes!("../../../assets/fonts/NotoSans-SemiBold.ttf"),
            Self::Symbols => include_bytes!("../../../assets/fonts/DejaVuSans-Symbols.ttf"),
        }
    }

    fn metrics(self) -> &'static FaceGlyphs {
        // Each font is parsed once and kept.
        static REGULAR: LazyLock<FaceGlyphs> =
            LazyLock::new(|| read_glyphs(FontFace::Regular.file()));
        static BOLD: LazyLock<FaceGlyphs> = LazyLock::new(|| read_glyphs(FontFace::Bold.file()));
        static SYMBOLS: LazyLock<FaceGlyphs> =
            LazyLock::new(|| read_glyphs(FontFace::Symbols.file()));
        match self {
            Self::Regular => &REGULAR,
            Self::Bold => &BOLD,
            Self::Symbols => &SYMBOLS,
        }
    }
}

fn read_glyphs(file: &[u8]) -> FaceGlyphs {
    let mut glyphs = HashMap::new();
    // The tests read all embedded fonts; an unreadable one would draw "?" for everything.
    if let Ok(font) = FontRef::new(file) {
        let metrics = font.glyph_metrics(Size::new(1.0), LocationRef::default());
        for (code, glyph) in font.charmap().mappings() {
            let advance = metrics.advance_width(glyph).unwrap_or(0.0);
            if let Some(c) = char::from_u32(code) {
                glyphs.insert(c, (glyph.to_u32(), f64::from(advance)));
            }
        }
    }
    FaceGlyphs { glyphs }
}

/// Returns the glyph of `c`: from `face`, else from the symbols, else a question mark.
pub(crate) fn glyph_for(face: FontFace, c: char) -> FontGlyph {
    let in_face = |face: FontFace, c: char| {
        let (glyph, advance) = face.metrics().glyphs.get(&c).copied()?;
        Some(FontGlyph {
            face,
            glyph,
            advance,
        })
    };
    in_face(face, c)
        .or_else(|| in_face(FontFace::Symbols, c))
        .or_else(|| in_face(face, '?'))
        .unwrap_or(FontGlyph {
            face,
            glyph: 0,
            advance: 0.5,
        })
}

/// Returns the width of `text` at type size `size`, both in points.
pub(crate) fn text_width(face: FontFace, size: f64, text: &str) -> f64 {
    let advances = text.chars().map(|c| glyph_for(face, c).advance);
    advances.sum::<f64>() * size
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fonts_have_what_reports_are_written_with() {
        let used =
            "Aé€ 0123456789.,–−±×÷°%‰²³₂₄·•…“”‘’/()[]<>=Δ η Σ σ μ Ω → ≤ ≥ ≈ ≠ √ ∑ ∫ ∞ ¹⁰⁹ \u{a0}";
        for face in [FontFace::Regular, FontFace::Bold] {
            let question = glyph_for(face, '?').glyph;
            for c in used.chars() {
                assert_ne!(glyph_for(face, c).glyph, question, "{c:?} in {face:?}");
                assert!(glyph_for(face, c).advance > 0.1, "{c:?} in {face:?}");
            }
        }
    }

    #[test]
    fn digits_stand_below_each_other() {
        let one = text_width(FontFace::Regular, 10.0, "1111");
        assert!((one - text_width(FontFace::Regular, 10.0, "8888")).abs() < 1e-6);
    }

    #[test]
    fn a_character_that_no_font_has_is_a_question_mark() {
        assert_eq!(
            glyph_for(FontFace::Regular, '漢'),
            glyph_for(FontFace::Regular, '?')
        );
    }
}
