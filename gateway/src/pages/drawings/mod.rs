//! Drawings of a page as SVG, made by the server: they need no script, print well, and take their
//! colours from `drawings.css`, except `small_curve`, which is an image.

pub(crate) mod heat_map;
pub(crate) mod small_curve;
pub(crate) mod stacked_bar;
pub(crate) mod tank;

/// Text within SVG: marks that would begin an element or end an attribute are escaped.
pub(crate) fn svg_text(text: &str) -> String {
    let escaped = text.replace('&', "&amp;").replace('<', "&lt;");
    escaped.replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_begin_an_element() {
        let text = svg_text("<script>\"&");
        assert_eq!(text, "&lt;script&gt;&quot;&amp;");
    }
}
