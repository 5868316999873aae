//! Reading of a line drawing: the few elements of SVG that the drawings of this project have, as
//! marks for every format.

use super::chart_drawing::{ChartDrawing, DrawingColour, DrawingMark, TextAnchor};
use crate::domain::parse_finite;
use quick_xml::encoding::Decoder;
use quick_xml::events::{BytesStart, Event};
use quick_xml::reader::Reader;
use std::collections::BTreeMap;

/// Corners of the polygon that stands for a circle.
const CIRCLE_CORNERS: u32 = 32;

/// Reads a drawing and fits it into a width, points. Errors: an element that it does not know, or
/// text that is no SVG, in words.
pub fn read_line_drawing(svg: &str, width: f64) -> Result<ChartDrawing, String> {
    let mut reader = Reader::from_str(svg);
    let mut drawing = SvgReader::default();
    loop {
        match reader.read_event().map_err(|error| error.to_string())? {
            Event::Start(element) => drawing.open(&element, reader.decoder(), width)?,
            Event::Empty(element) => {
                drawing.open(&element, reader.decoder(), width)?;
                drawing.close()?;
            }
            Event::Text(text) => {
                let text = text.decode().map_err(|error| error.to_string())?;
                drawing.text.push_str(&text);
            }
            Event::GeneralRef(name) => {
                let name = name.decode().map_err(|error| error.to_string())?;
                let letter = quick_xml::escape::resolve_predefined_entity(&name);
                drawing.text.push_str(letter.ok_or(name.as_ref())?);
            }
            Event::End(_) => drawing.close()?,
            Event::Eof => break,
            _ => {}
        }
    }
    drawing.scene.ok_or_else(|| "no svg element".to_owned())
}

/// Drawing as far as it has been read.
#[derive(Default)]
struct SvgReader {
    scene: Option<ChartDrawing>,
    scale: f64,
    /// Open element with text in it.
    open: Option<(String, SvgElement)>,
    text: String,
}

/// Attributes of an element.
#[derive(Default)]
struct SvgElement(BTreeMap<String, String>);

impl SvgReader {
    fn open(
        &mut self,
        element: &BytesStart<'_>,
        decoder: Decoder,
        width: f64,
    ) -> Result<(), String> {
        let name = String::from_utf8_lossy(element.name().as_ref()).into_owned();
        let read = SvgElement::read(element, decoder)?;
        self.text.clear();
        self.open = None;
        match name.as_str() {
            "svg" => {
                let (wide, high) = (read.number("width")?, read.number("height")?);
                self.scale = width / wide;
                self.scene = Some(ChartDrawing::new("", width, high * self.scale));
            }
            "title" | "text" => self.open = Some((name, read)),
            "rect" => self.rect(&read)?,
            "circle" => self.circle(&read)?,
            "polyline" => {
                let points = read.points(self.scale)?;
                self.outline(&read, points)?;
            }
            "polygon" => {
                let points = read.points(self.scale)?;
                self.area(&read, points)?;
            }
            other => return Err(format!("element {other}")),
        }
        Ok(())
    }

    /// Ends a title or a text.
    fn close(&mut self) -> Result<(), String> {
        let text = std::mem::take(&mut self.text);
        let Some((name, read)) = self.open.take() else {
            return Ok(());
        };
        if name == "title" {
            if let Some(scene) = &mut self.scene {
                scene.title = text;
            }
            return Ok(());
        }
        let number = |key| Ok::<_, String>(read.number(key)? * self.scale);
        let mark = DrawingMark::Text {
            at: (number("x")?, number("y")?),
            anchor: match read.word("text-anchor") {
                "middle" => TextAnchor::Middle,
                "end" => TextAnchor::End,
                _ => TextAnchor::Start,
            },
            size: number("font-size")?,
            ink: read.colour("fill", "#000")?.unwrap_or(DrawingColour::Text),
            text,
        };
        self.push(mark);
        Ok(())
    }

    fn push(&mut self, mark: DrawingMark) {
        if let Some(scene) = &mut self.scene {
            scene.marks.push(mark);
        }
    }

    fn rect(&mut self, read: &SvgElement) -> Result<(), String> {
        let (x, y) = (read.number_or("x", 0.0)?, read.number_or("y", 0.0)?);
        let (wide, high) = (read.number("width")?, read.number("height")?);
        let corners = [(x, y), (x + wide, y), (x + wide, y + high), (x, y + high)];
        let scaled = corners.map(|(x, y)| (x * self.scale, y * self.scale));
        self.area(read, scaled.into())
    }

    fn circle(&mut self, read: &SvgElement) -> Result<(), String> {
        let (x, y, radius) = (read.number("cx")?, read.number("cy")?, read.number("r")?);
        let corner = |step: u32| {
            let turn = std::f64::consts::TAU * f64::from(step) / f64::from(CIRCLE_CORNERS);
            let (sine, cosine) = turn.sin_cos();
            (
                (x + radius * cosine) * self.scale,
                (y + radius * sine) * self.scale,
            )
        };
        let corners: Vec<(f64, f64)> = (0..CIRCLE_CORNERS).map(corner).collect();
        self.area(read, corners)
    }

    /// A closed form, filled and with its outline.
    fn area(&mut self, read: &SvgElement, mut points: Vec<(f64, f64)>) -> Result<(), String> {
        if let Some(ink) = read.colour("fill", "#000")? {
            self.push(DrawingMark::Area(points.clone(), ink));
        }
        points.extend(points.first().copied());
        self.outline(read, points)
    }

    fn outline(&mut self, read: &SvgElement, points: Vec<(f64, f64)>) -> Result<(), String> {
        let Some(ink) = read.colour("stroke", "none")? else {
            return Ok(());
        };
        let width = read.number_or("stroke-width", 1.0)? * self.scale;
        let dashed = read.0.contains_key("stroke-dasharray");
        self.push(DrawingMark::Line {
            points,
            ink,
            width,
            dashed,
        });
        Ok(())
    }
}

impl SvgElement {
    fn read(element: &BytesStart<'_>, decoder: Decoder) -> Result<Self, String> {
        let mut all = BTreeMap::new();
        for attribute in element.attributes() {
            let attribute = attribute.map_err(|error| error.to_string())?;
            let key = String::from_utf8_lossy(attribute.key.as_ref()).into_owned();
            let value = attribute
                .decode_and_unescape_value(decoder)
                .map_err(|error| error.to_string())?;
            all.insert(key, value.into_owned());
        }
        Ok(Self(all))
    }

    fn word(&self, key: &str) -> &str {
        self.0.get(key).map_or("", String::as_str)
    }

    fn number(&self, key: &str) -> Result<f64, String> {
        let text = self.word(key);
        text.parse().map_err(|_| format!("{key}=\"{text}\""))
    }

    fn number_or(&self, key: &str, default: f64) -> Result<f64, String> {
        match self.0.get(key) {
            Some(_) => self.number(key),
            None => Ok(default),
        }
    }

    /// Colour of a property; `None` for no paint.
    fn colour(&self, key: &str, default: &str) -> Result<Option<DrawingColour>, String> {
        let typed = self.0.get(key).map_or(default, String::as_str);
        Ok(match typed {
            "none" => None,
            "#000" => Some(DrawingColour::Text),
            "#fff" => Some(DrawingColour::Paper),
            "#f0f0f0" => Some(DrawingColour::Missing),
            "#d8d8d8" | "#c8c8c8" => Some(DrawingColour::Grid),
            other => return Err(format!("colour {other}")),
        })
    }

    fn points(&self, scale: f64) -> Result<Vec<(f64, f64)>, String> {
        let text = self.word("points");
        let point = |pair: &str| {
            let (x, y) = pair.split_once(',')?;
            Some((parse_finite(x)? * scale, parse_finite(y)? * scale))
        };
        let points: Option<Vec<_>> = text.split_ascii_whitespace().map(point).collect();
        points.ok_or_else(|| format!("points=\"{text}\""))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_lines_and_texts_are_fitted_into_the_width() {
        let svg = "<svg width=\"200\" height=\"100\"><title>A &amp; B</title>\
                   <rect x=\"20\" y=\"10\" width=\"40\" height=\"20\" fill=\"#fff\" stroke=\"#000\"/>\
                   <text x=\"100\" y=\"50\" font-size=\"16\" fill=\"#fff\">4.7 k</text>\
                   <polyline points=\"0,0 10,20\" fill=\"none\" stroke=\"#000\" stroke-width=\"2\"/>\
                   </svg>";
        let drawing = read_line_drawing(svg, 100.0).unwrap();
        assert_eq!((drawing.width, drawing.height), (100.0, 50.0));
        assert_eq!(drawing.title, "A & B");
        let [
            DrawingMark::Area(corners, DrawingColour::Paper),
            DrawingMark::Line { points: box_, .. },
            DrawingMark::Text {
                at,
                text,
                size,
                ink: DrawingColour::Paper,
                ..
            },
            DrawingMark::Line { points, width, .. },
        ] = &drawing.marks[..]
        else {
            panic!("{:?}", drawing.marks);
        };
        assert_eq!(corners[2], (30.0, 15.0));
        assert_eq!((box_.len(), box_[0]), (5, (10.0, 5.0)));
        assert_eq!((*at, text.as_str(), *size), ((50.0, 25.0), "4.7 k", 8.0));
        assert_eq!((points[1], *width), ((5.0, 10.0), 1.0));
    }

    #[test]
    fn an_element_that_is_not_known_is_an_error_and_is_not_left_out() {
        let svg = "<svg width=\"1\" height=\"1\"><path d=\"M0 0\"/></svg>";
        assert_eq!(read_line_drawing(svg, 1.0).unwrap_err(), "element path");
        assert!(read_line_drawing("<svg", 1.0).is_err());
    }
}
