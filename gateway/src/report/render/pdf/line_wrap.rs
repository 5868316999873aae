//! Line breaking.

use crate::report::render::font_metrics::{FontFace, glyph_for, text_width};

/// Breaks `text` into lines of at most `room` points; returns at least one. Breaks at spaces and
/// line ends, and within a word that is wider than the line.
pub(crate) fn wrap_lines(text: &str, face: FontFace, size: f64, room: f64) -> Vec<String> {
    let mut lines = Vec::new();
    for paragraph in text.split('\n') {
        let mut line = LineBuilder::new(face, size, room);
        for word in paragraph
            .split([' ', '\t', '\r'])
            .filter(|word| !word.is_empty())
        {
            line.push_word(word, &mut lines);
        }
        lines.push(line.text);
    }
    // Line ends behind a text would leave empty lines in table cells.
    while lines.len() > 1 && lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    lines
}

struct LineBuilder {
    face: FontFace,
    size: f64,
    room: f64,
    text: String,
    wide: f64,
}

impl LineBuilder {
    fn new(face: FontFace, size: f64, room: f64) -> Self {
        Self {
            face,
            size,
            // A word that was measured to fit exactly must not be broken by a rounding error.
            room: room + 0.01,
            text: String::new(),
            wide: 0.0,
        }
    }

    fn push_word(&mut self, word: &str, lines: &mut Vec<String>) {
        let word: String = word.chars().map(printable_char).collect();
        let wide = text_width(self.face, self.size, &word);
        let space = text_width(self.face, self.size, " ");
        if !self.text.is_empty() && self.wide + space + wide > self.room {
            self.close_line(lines);
        }
        if !self.text.is_empty() {
            self.text.push(' ');
            self.wide += space;
        }
        if wide <= self.room {
            self.text.push_str(&word);
            self.wide += wide;
            return;
        }
        // Ids and addresses break after punctuation first.
        for piece in word.split_inclusive(['.', '_', '-', '/']) {
            let wide = text_width(self.face, self.size, piece);
            if !self.text.is_empty() && self.wide + wide > self.room {
                self.close_line(lines);
            }
            self.push_letters(piece, lines);
        }
    }

    fn push_letters(&mut self, piece: &str, lines: &mut Vec<String>) {
        for c in piece.chars() {
            let advance = glyph_for(self.face, c).advance * self.size;
            if !self.text.is_empty() && self.wide + advance > self.room {
                self.close_line(lines);
            }
            self.text.push(c);
            self.wide += advance;
        }
    }

    fn close_line(&mut self, lines: &mut Vec<String>) {
        lines.push(std::mem::take(&mut self.text));
        self.wide = 0.0;
    }
}

/// Replaces characters that are invisible on paper by a space.
fn printable_char(c: char) -> char {
    let is_invisible = c.is_control() || ('\u{e000}'..='\u{f8ff}').contains(&c);
    if is_invisible || matches!(c, '\u{feff}' | '\u{fffe}' | '\u{200b}'..='\u{200f}') {
        ' '
    } else {
        c
    }
}

/// Returns the width of the widest word of `text`, at most `most` points, since longer ones are
/// broken.
pub(crate) fn widest_word(text: &str, face: FontFace, size: f64, most: f64) -> f64 {
    let words = text.split([' ', '\n', '\t', '\r']);
    let widths = words.map(|word| text_width(face, size, word));
    widths.fold(0.0, f64::max).min(most)
}

/// Returns the mark of a footnote as superscript: `¹²⁾`.
pub(crate) fn footnote_mark(number: usize) -> String {
    // The bracket keeps a mark from being read as a power: m³ and footnote 2.
    const DIGITS: [char; 10] = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];
    let digits = number.to_string();
    let digits = digits
        .bytes()
        .map(|digit| DIGITS[usize::from(digit - b'0')]);
    digits.chain(['⁾']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_word_wider_than_the_column_is_broken() {
        let lines = wrap_lines(&"x".repeat(100), FontFace::Regular, 10.0, 50.0);
        assert!(lines.len() > 5);
        assert_eq!(lines.concat().len(), 100);
    }

    proptest! {
        #[test]
        fn every_line_fits_and_no_letter_is_lost(text in "[a-z0-9 \n]{0,200}", room in 12.0..200.0_f64) {
            let lines = wrap_lines(&text, FontFace::Bold, 9.0, room);
            for line in &lines {
                prop_assert!(text_width(FontFace::Bold, 9.0, line) <= room + 0.1, "{line:?}");
            }
            let letters = |text: &str| text.split_whitespace().collect::<String>();
            prop_assert_eq!(letters(&lines.join(" ")), letters(&text));
        }
    }
}
