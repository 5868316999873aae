//! [`NumberFormats`]: units that the number formats of a workbook write behind a number
//! (`0.0" kW"`). A reader of the sheet sees them, so they belong to the number.

use super::written_multiplier::has_multiplier;
use super::xlsx_parts::part_text;
use drivers::units;
use quick_xml::events::Event;
use quick_xml::events::attributes::Attribute;
use quick_xml::reader::Reader;
use std::collections::HashMap;

/// Bytes read of the styles and of the lists of sheets.
const STYLES_XML_BYTES_MAX: u64 = 8 << 20;
/// Formats with a percent sign that have no code in the file (ECMA-376 part 1, 18.8.30).
const BUILT_IN_PERCENT: [u32; 2] = [9, 10];

/// Unit that a format shows, and the power of ten between the stored and the shown number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ShownUnit {
    /// Text of the unit.
    pub(super) unit: String,
    /// The shown number is the stored one times ten to this power.
    pub(super) power: i32,
}

/// Units of the cell styles of a workbook, by the number of the style.
#[derive(Clone, Debug, Default)]
pub(super) struct NumberFormats {
    styles: Vec<Option<ShownUnit>>,
}

impl NumberFormats {
    /// Formats of the cell styles; none of a workbook whose styles cannot be read.
    pub(super) fn of_workbook(bytes: &[u8]) -> Self {
        let xml = part_text(bytes, "xl/styles.xml", STYLES_XML_BYTES_MAX);
        let mut codes: HashMap<u32, String> = HashMap::new();
        let mut styles = Vec::new();
        let mut is_in_cells = false;
        for_each_tag(&xml, |name, tag, is_end| match (name, is_end) {
            (b"numFmt", false) => {
                let id = attribute(tag, "numFmtId").and_then(|id| id.parse().ok());
                if let Some((id, code)) = id.zip(attribute(tag, "formatCode")) {
                    codes.insert(id, code);
                }
            }
            (b"cellXfs", is_end) => is_in_cells = !is_end,
            (b"xf", false) if is_in_cells => {
                let id = attribute(tag, "numFmtId").and_then(|id| id.parse().ok());
                styles.push(id.and_then(|id| shown_unit_of(id, &codes)));
            }
            _ => {}
        });
        Self { styles }
    }

    /// Units of the cells of a sheet, by row and column from 0.
    pub(super) fn of_sheet(&self, bytes: &[u8], sheet: &str, most: u64) -> CellUnits {
        let mut found = CellUnits::new();
        if self.styles.iter().all(Option::is_none) {
            return found;
        }
        let Some(path) = sheet_path(bytes, sheet) else {
            return found;
        };
        let xml = part_text(bytes, &path, most);
        for_each_tag(&xml, |name, tag, is_end| {
            if name != b"c" || is_end {
                return;
            }
            let style = attribute(tag, "s").and_then(|style| style.parse::<usize>().ok());
            let unit = style.and_then(|style| self.styles.get(style)?.clone());
            let place = attribute(tag, "r").and_then(|name| cell_of_name(&name));
            found.extend(place.zip(unit));
        });
        found
    }
}

/// Units of cells, by row and column from 0.
pub(super) type CellUnits = HashMap<(u32, u32), ShownUnit>;

/// Names and values of the attributes of a tag.
pub(super) type TagAttributes = [(String, String)];

/// Calls `take` with the name and the attributes of each tag, and whether it is an end.
pub(super) fn for_each_tag(xml: &str, mut take: impl FnMut(&[u8], &TagAttributes, bool)) {
    let mut reader = Reader::from_str(xml);
    loop {
        match reader.read_event() {
            Ok(Event::Start(tag) | Event::Empty(tag)) => {
                let read = |one: Attribute<'_>| {
                    let value = one.decode_and_unescape_value(reader.decoder()).ok()?;
                    let name = String::from_utf8_lossy(one.key.as_ref()).into_owned();
                    Some((name, value.into_owned()))
                };
                let all = tag.attributes().flatten();
                let all: Vec<(String, String)> = all.filter_map(read).collect();
                take(tag.local_name().as_ref(), &all, false);
            }
            Ok(Event::End(tag)) => take(tag.local_name().as_ref(), &[], true),
            // The XLSX reader refuses a damaged workbook by itself.
            Ok(Event::Eof) | Err(_) => return,
            Ok(_) => {}
        }
    }
}

/// Value of an attribute, by its name with its prefix.
pub(super) fn attribute(tag: &TagAttributes, name: &str) -> Option<String> {
    let found = tag.iter().find(|(one, _)| one == name);
    found.map(|(_, value)| value.clone())
}

/// Path of the part of a sheet.
pub(super) fn sheet_path(bytes: &[u8], sheet: &str) -> Option<String> {
    let workbook = part_text(bytes, "xl/workbook.xml", STYLES_XML_BYTES_MAX);
    let mut id = None;
    for_each_tag(&workbook, |name, tag, is_end| {
        if name == b"sheet" && !is_end && attribute(tag, "name").as_deref() == Some(sheet) {
            id = attribute(tag, "r:id");
        }
    });
    let id = id?;
    let links = part_text(bytes, "xl/_rels/workbook.xml.rels", STYLES_XML_BYTES_MAX);
    let mut path = None;
    for_each_tag(&links, |name, tag, is_end| {
        if name == b"Relationship" && !is_end && attribute(tag, "Id").as_ref() == Some(&id) {
            path = attribute(tag, "Target");
        }
    });
    let path = path?;
    Some(match path.strip_prefix('/') {
        Some(path) => path.to_owned(),
        None => format!("xl/{path}"),
    })
}

/// Row and column, from 0, of a name such as `B2`.
fn cell_of_name(name: &str) -> Option<(u32, u32)> {
    let (column, row) = super::sheet_rows::cell_place(name)?;
    Some((
        u32::try_from(row?.checked_sub(1)?).ok()?,
        u32::try_from(column).ok()?,
    ))
}

fn shown_unit_of(id: u32, codes: &HashMap<u32, String>) -> Option<ShownUnit> {
    if BUILT_IN_PERCENT.contains(&id) {
        return shown_unit("0%");
    }
    shown_unit(codes.get(&id)?)
}

/// Unit behind the number in the code of a format (ECMA-376 part 1, 18.8.31): `0.0" kW"`,
/// `0.0\ \k\W`, `0%`. A comma behind the digits shows thousands.
fn shown_unit(code: &str) -> Option<ShownUnit> {
    let (mut unit, mut power, mut has_digits) = (String::new(), 0, false);
    let (mut commas, mut front) = (0, String::new());
    let mut signs = code.chars();
    while let Some(sign) = signs.next() {
        match sign {
            ';' => break,
            '"' => unit.extend(signs.by_ref().take_while(|sign| *sign != '"')),
            '\\' => unit.extend(signs.next()),
            '[' => {
                let inside: String = signs.by_ref().take_while(|sign| *sign != ']').collect();
                let text = inside
                    .strip_prefix('$')
                    .and_then(|text| text.split('-').next());
                unit.push_str(text.unwrap_or_default());
            }
            // A space as wide as the next sign, or the next sign to the end of the cell.
            '_' | '*' => _ = signs.next(),
            '0' | '#' | '?' | '.' => {
                // What stands in front is no unit here, and a comma between digits groups them.
                (has_digits, commas) = (true, 0);
                front.push_str(&std::mem::take(&mut unit));
            }
            ',' => commas += 1,
            '%' => {
                power += 2;
                unit.push('%');
            }
            // A date, or text.
            'd' | 'm' | 'y' | 'h' | 's' | 'D' | 'M' | 'Y' | 'H' | 'S' | '@' => return None,
            other => unit.push(other),
        }
    }
    let unit = unit.trim().trim_matches(['(', ')', '[', ']']).to_owned();
    let power = power - 3 * commas;
    // A reader of the sheet sees `120 ribu`, or 120 of a stored 120000; the heading may mean
    // either, so the number is never taken without what multiplies it.
    let is_multiplied = has_multiplier(&unit) || SHORT_MULTIPLIERS.contains(&&*unit);
    let is_unit =
        units::find_unit(&unit).is_some() || units::is_unconverted_unit(&unit) || is_multiplied;
    let unit = match (is_unit, commas) {
        (true, _) => unit,
        (false, 0) if has_multiplier(&front) => front.trim().to_owned(),
        (false, 0) => return None,
        (false, _) => format!(
            "\u{d7}1{}",
            "000".repeat(usize::try_from(commas).unwrap_or(1))
        ),
    };
    has_digits.then_some(ShownUnit { unit, power })
}

/// Texts behind a number that multiply it.
const SHORT_MULTIPLIERS: [&str; 6] = ["k", "K", "M", "B", "Jt", "Rb"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_is_found_in_the_code_of_a_format() {
        for (code, unit, power) in [
            ("0.0\" kW\"", "kW", 0),
            ("#,##0.0\\ \"kWh\"", "kWh", 0),
            ("0.00\\ \\k\\W", "kW", 0),
            ("0.0 [$kW]", "kW", 0),
            ("0.0,\" kW\"", "kW", -3),
            ("#,##0.0,,\" MWh\";-0.0\" x\"", "MWh", -6),
            ("0%", "%", 2),
            ("0.0\" ton\"", "ton", 0),
            ("0\" °C\"", "°C", 0),
            ("#,##0\" ribu\"", "ribu", 0),
            ("0.0\"k\"", "k", 0),
            ("#,##0.0,\"k\"", "k", -3),
            ("0,", "\u{d7}1000", -3),
            ("#,##0,,", "\u{d7}1000000", -6),
            ("\"Rp ribu \"#,##0", "Rp ribu", 0),
            ("#,##0\".000\"", ".000", 0),
        ] {
            let found = shown_unit(code).unwrap();
            assert_eq!((&*found.unit, found.power), (unit, power), "{code}");
        }
        for code in [
            "General",
            "0.00",
            "#,##0",
            "\"Rp\"#,##0",
            "dd/mm/yyyy",
            "0\" karung\"",
            "@",
        ] {
            assert_eq!(shown_unit(code), None, "{code}");
        }
    }
}
