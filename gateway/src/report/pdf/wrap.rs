//! Breaking text into lines.

use crate::report::face::{Face, drawn, width};

/// The lines of `text` that fit into `room` points; never none. Breaks at spaces and line ends, and
/// within a word that is wider than the room.
pub(super) fn lines(text: &str, face: Face, size: f64, room: f64) -> Vec<String> {
    let mut lines = Vec::new();
    for paragraph in text.split('\n') {
        let mut line = Line::new(face, size, room);
        for word in paragraph
            .split([' ', '\t', '\r'])
            .filter(|word| !word.is_empty())
        {
            line.word(word, &mut lines);
        }
        lines.push(line.text);
    }
    while lines.len() > 1 && lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    lines
}

struct Line {
    face: Face,
    size: f64,
    room: f64,
    text: String,
    wide: f64,
}

impl Line {
    fn new(face: Face, size: f64, room: f64) -> Self {
        Self {
            face,
            size,
            room: room + 0.01,
            text: String::new(),
            wide: 0.0,
        }
    }

    fn word(&mut self, word: &str, lines: &mut Vec<String>) {
        let word: String = word.chars().map(seen).collect();
        let wide = width(self.face, self.size, &word);
        let space = width(self.face, self.size, " ");
        if !self.text.is_empty() && self.wide + space + wide > self.room {
            self.close(lines);
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
        // Ids and addresses break after their marks before they break anywhere.
        for piece in word.split_inclusive(['.', '_', '-', '/']) {
            let wide = width(self.face, self.size, piece);
            if !self.text.is_empty() && self.wide + wide > self.room {
                self.close(lines);
            }
            self.letters(piece, lines);
        }
    }

    fn letters(&mut self, piece: &str, lines: &mut Vec<String>) {
        for c in piece.chars() {
            let advance = drawn(self.face, c).advance * self.size;
            if !self.text.is_empty() && self.wide + advance > self.room {
                self.close(lines);
            }
            self.text.push(c);
            self.wide += advance;
        }
    }

    fn close(&mut self, lines: &mut Vec<String>) {
        lines.push(std::mem::take(&mut self.text));
        self.wide = 0.0;
    }
}

/// What cannot be seen on paper is a space.
fn seen(c: char) -> char {
    let is_invisible = c.is_control() || ('\u{e000}'..='\u{f8ff}').contains(&c);
    if is_invisible || matches!(c, '\u{feff}' | '\u{fffe}' | '\u{200b}'..='\u{200f}') {
        ' '
    } else {
        c
    }
}

/// The widest word of `text`, points; longer than `most` are broken anyway.
pub(super) fn widest_word(text: &str, face: Face, size: f64, most: f64) -> f64 {
    let words = text.split([' ', '\n', '\t', '\r']);
    let widths = words.map(|word| width(face, size, word));
    widths.fold(0.0, f64::max).min(most)
}

/// The mark of a footnote, raised above the line: `¹²⁾`; the bracket keeps it apart from a power.
pub(super) fn raised(number: usize) -> String {
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
        let lines = lines(&"x".repeat(100), Face::Regular, 10.0, 50.0);
        assert!(lines.len() > 5);
        assert_eq!(lines.concat().len(), 100);
    }

    proptest! {
        #[test]
        fn every_line_fits_and_no_letter_is_lost(text in "[a-z0-9 \n]{0,200}", room in 12.0..200.0_f64) {
            let lines = lines(&text, Face::Bold, 9.0, room);
            for line in &lines {
                prop_assert!(width(Face::Bold, 9.0, line) <= room + 0.1, "{line:?}");
            }
            let letters = |text: &str| text.split_whitespace().collect::<String>();
            prop_assert_eq!(letters(&lines.join(" ")), letters(&text));
        }
    }
}
