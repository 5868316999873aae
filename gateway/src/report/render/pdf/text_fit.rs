//! Fitting of texts into a place: smaller type down to a least size, then more lines than the place
//! has, and never a cut.

use super::line_wrap::{widest_word, wrap_lines};
use super::pdf_page::{PdfPage, TextStyle};

/// Smallest type on paper, points; smaller is not read without a lens.
pub(crate) const LEAST_TYPE_SIZE: f64 = 6.6;
/// Line height as a multiple of the type size.
const LINE_SPACING: f64 = 1.16;
/// Share of the type size that stays at each step.
const STEP: f64 = 0.95;
/// Steps to the smallest type that any place asks for.
const STEPS_MAX: usize = 40;
/// Share of the type size below which words may be broken.
const BREAKING_SHARE: f64 = 0.6;

/// Line of a fitted text, with its base below the top of the place.
#[derive(Clone, Debug)]
pub(crate) struct FittedLine {
    pub(crate) text: String,
    pub(crate) style: TextStyle,
    pub(crate) base: f64,
}

/// Fits texts below each other into a place, by its width and height in points. All get smaller
/// alike until every line fits or has the least size; then the lines are higher than the place.
pub(crate) fn fit_texts(parts: &[(&str, TextStyle)], place: (f64, f64)) -> Vec<FittedLine> {
    fit_lines(parts, place, usize::MAX)
}

/// Fits a short text on one line, by smaller type; at the least size it is wider than its place.
pub(crate) fn fit_line(text: &str, style: TextStyle, room: f64) -> FittedLine {
    let mut lines = fit_lines(&[(text, style)], (room, f64::INFINITY), 1);
    if lines.len() == 1
        && let Some(line) = lines.pop()
    {
        return line;
    }
    let style = TextStyle {
        size: style.size.min(LEAST_TYPE_SIZE),
        ..style
    };
    FittedLine {
        text: text.to_owned(),
        style,
        base: style.size,
    }
}

/// Fits texts into a place, on so many lines at most.
fn fit_lines(
    parts: &[(&str, TextStyle)],
    (room, height): (f64, f64),
    lines_max: usize,
) -> Vec<FittedLine> {
    let mut share = 1.0;
    let mut lines = lay_out(parts, share, room);
    for _ in 0..STEPS_MAX {
        let is_whole = share < BREAKING_SHARE || !has_wide_word(parts, share, room);
        let has_room = lines.len() <= lines_max && total_height(&lines) <= height + 0.01;
        let is_least = parts
            .iter()
            .all(|(_, style)| style.size * share <= LEAST_TYPE_SIZE);
        if (is_whole && has_room) || is_least {
            break;
        }
        share *= STEP;
        lines = lay_out(parts, share, room);
    }
    lines
}

/// Height of lines below each other, points.
pub(crate) fn total_height(lines: &[FittedLine]) -> f64 {
    lines
        .iter()
        .map(|line| line.style.size * LINE_SPACING)
        .sum()
}

/// Writes lines on a page; `at` is the left upper corner of the place.
pub(crate) fn draw_lines(page: &mut PdfPage, lines: &[FittedLine], at: (f64, f64)) {
    for line in lines {
        page.text((at.0, at.1 + line.base), line.style, &line.text);
    }
}

fn lay_out(parts: &[(&str, TextStyle)], share: f64, room: f64) -> Vec<FittedLine> {
    let mut lines = Vec::new();
    let mut top = 0.0;
    for (text, style) in parts {
        let size = sized(*style, share);
        let style = TextStyle { size, ..*style };
        for text in wrap_lines(text, style.face, size, room) {
            let base = top + size;
            lines.push(FittedLine { text, style, base });
            top += size * LINE_SPACING;
        }
    }
    lines
}

/// Type size at a share of the first, not below the least; small type stays as it is.
fn sized(style: TextStyle, share: f64) -> f64 {
    (style.size * share).max(style.size.min(LEAST_TYPE_SIZE))
}

fn has_wide_word(parts: &[(&str, TextStyle)], share: f64, room: f64) -> bool {
    let is_wide = |(text, style): &(&str, TextStyle)| {
        widest_word(text, style.face, sized(*style, share), f64::INFINITY) > room + 0.01
    };
    parts.iter().any(is_wide)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::render::font_metrics::{FontFace, text_width};
    use crate::report::render::pdf::pdf_page::{TEXT, text_style};
    use proptest::prelude::*;

    const STYLE: TextStyle = text_style(FontFace::Bold, 19.0, TEXT);

    #[test]
    fn a_short_text_keeps_its_size_and_a_long_one_gets_lines_and_smaller_type() {
        let short = fit_texts(&[("Desa", STYLE)], (300.0, 34.0));
        assert_eq!((short.len(), short[0].style.size), (1, 19.0));
        let name = "Kelompok Tani Sumber Makmur Desa Sukamaju Kecamatan Cibadak";
        let long = fit_texts(&[(name, STYLE)], (300.0, 34.0));
        assert_eq!(long.len(), 2, "{long:?}");
        assert!(long[0].style.size > 8.0, "{long:?}");
    }

    proptest! {
        #[test]
        fn no_letter_is_cut_and_no_type_is_too_small_to_read(
            name in "[A-Za-z.,]{1,30}( [A-Za-z.,]{1,24}){0,12}", office in "[a-zA-Z ]{0,60}",
            room in 90.0f64..400.0, height in 20.0f64..40.0,
        ) {
            let small = TextStyle { size: 8.0, ..STYLE };
            let lines = fit_texts(&[(&name, STYLE), (&office, small)], (room, height));
            let letters = |text: &str| text.split_whitespace().collect::<String>();
            let shown: String = lines.iter().map(|line| letters(&line.text)).collect();
            prop_assert_eq!(shown, letters(&name) + &letters(&office));
            let is_least = lines.iter().all(|line| line.style.size <= LEAST_TYPE_SIZE + 0.01);
            prop_assert!(total_height(&lines) <= height + 0.1 || is_least);
            for line in &lines {
                prop_assert!(line.style.size >= LEAST_TYPE_SIZE - 0.01);
                let wide = text_width(line.style.face, line.style.size, &line.text);
                prop_assert!(wide <= room + 0.1, "{} {}", line.text, wide);
            }
        }

        #[test]
        fn one_line_holds_all_of_a_text(text in "[A-Za-z]{1,20}( [A-Za-z]{1,20}){0,5}") {
            let line = fit_line(&text, STYLE, 200.0);
            prop_assert_eq!(&line.text, &text);
            prop_assert!(line.style.size >= LEAST_TYPE_SIZE);
        }
    }
}
