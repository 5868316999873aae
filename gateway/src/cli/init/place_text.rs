//! [`parse_place`]: latitude and longitude from what people type or paste: decimal commas, degrees
//! and minutes, `LS` and `BT`, links of map services.

use crate::domain::parse_finite;

/// Words of a side of the world, in capital letters, the longest first, each with its letter.
const SIDE_WORDS: &[(&str, &str)] = &[
    ("LINTANG SELATAN", "S"),
    ("LINTANG UTARA", "N"),
    ("BUJUR TIMUR", "E"),
    ("BUJUR BARAT", "W"),
    ("LINTANG", ""),
    ("BUJUR", ""),
    ("LATITUDE", ""),
    ("LONGITUDE", ""),
    ("SELATAN", "S"),
    ("UTARA", "N"),
    ("TIMUR", "E"),
    ("BARAT", "W"),
    ("SOUTH", "S"),
    ("NORTH", "N"),
    ("EAST", "E"),
    ("WEST", "W"),
    ("DERAJAT", "°"),
    ("MENIT", "'"),
    ("DETIK", "\""),
    ("LAT", ""),
    ("LON", ""),
    ("LS", "S"),
    ("LU", "N"),
    ("BT", "E"),
    ("BB", "W"),
];

/// Signs in the form that the parser knows.
const SIGN_FORMS: &[(char, char)] = &[
    ('−', '-'),
    ('–', '-'),
    ('º', '°'),
    ('˚', '°'),
    ('′', '\''),
    ('’', '\''),
    ('‘', '\''),
    ('´', '\''),
    ('″', '"'),
    ('”', '"'),
    ('“', '"'),
    (':', ' '),
    ('=', ' '),
    ('(', ' '),
    (')', ' '),
];

/// Parameters of map links before a pair of coordinates.
const LINK_PARAMETERS: &[&str] = &["query=", "q=", "ll=", "center=", "destination="];

/// Parses a pair of coordinates, latitude first unless letters say otherwise, in degrees; `None`
/// when the text is no pair, or a short link, which has no coordinates in it.
pub(super) fn parse_place(text: &str) -> Option<(f64, f64)> {
    let text = text.trim();
    if text.contains("://") || text.starts_with("geo:") {
        return parse_link(text);
    }
    let text = plain_signs(text);
    let (first, second) = split_pair(&text)?;
    let (first, second) = (parse_part(&first)?, parse_part(&second)?);
    let pair = match (first.axis, second.axis) {
        (Some(Axis::Longitude), Some(Axis::Latitude)) => (second.degrees, first.degrees),
        (Some(Axis::Longitude), _) | (_, Some(Axis::Latitude)) => return None,
        _ => (first.degrees, second.degrees),
    };
    // A latitude beyond 90 is for the caller to turn round.
    (pair.0.abs() <= 180.0 && pair.1.abs() <= 180.0).then_some(pair)
}

/// Parses one coordinate, in degrees.
pub(super) fn parse_coordinate(text: &str) -> Option<f64> {
    let part = parse_part(&plain_signs(text))?;
    (part.degrees.abs() <= 180.0).then_some(part.degrees)
}

/// The coordinates in a link.
fn parse_link(link: &str) -> Option<(f64, f64)> {
    let link = link.replace("%2C", ",").replace("%2c", ",");
    let link = link.replace("%20", " ").replace('+', " ");
    let after = |mark: &str| link.split_once(mark).map(|(_, rest)| leading_number(rest));
    // The pin of a place is more exact than the middle of the map.
    if let (Some(latitude), Some(longitude)) = (after("!3d"), after("!4d")) {
        return Some((latitude?, longitude?));
    }
    if let (Some(latitude), Some(longitude)) = (after("mlat="), after("mlon=")) {
        return Some((latitude?, longitude?));
    }
    let pair = |text: &str, between: char| {
        let (latitude, longitude) = text.split_once(between)?;
        Some((
            parse_finite(latitude.trim())?,
            leading_number(longitude.trim())?,
        ))
    };
    if let Some(rest) = link.strip_prefix("geo:") {
        return pair(rest, ',');
    }
    let asked = LINK_PARAMETERS.iter().find_map(|name| {
        let starts = ['?', '&'].map(|sign| format!("{sign}{name}"));
        let (_, rest) = starts
            .iter()
            .find_map(|start| link.split_once(start.as_str()))?;
        pair(rest.strip_prefix("loc:").unwrap_or(rest), ',')
    });
    let centre = || pair(link.split_once("/@")?.1, ',');
    let open_map = || pair(link.split_once("#map=")?.1.split_once('/')?.1, '/');
    asked.or_else(centre).or_else(open_map)
}

/// The number at the start of a text.
fn leading_number(text: &str) -> Option<f64> {
    let fits = |c: char| c.is_ascii_digit() || c == '.' || c == '-';
    let end = text.find(|c| !fits(c)).unwrap_or(text.len());
    parse_finite(&text[..end])
}

/// The text in capital letters with one form of each sign and side.
fn plain_signs(text: &str) -> String {
    let sign = |c: char| {
        let form = SIGN_FORMS.iter().find(|(from, _)| *from == c);
        form.map_or(c, |(_, to)| *to)
    };
    let mut text: String = text.chars().map(sign).collect::<String>().to_uppercase();
    for (word, letter) in SIDE_WORDS {
        text = text.replace(word, letter);
    }
    text.replace("''", "\"").trim().to_owned()
}

/// Axis of the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Axis {
    Latitude,
    Longitude,
}

/// One coordinate, and its axis when a letter says it.
struct PlacePart {
    degrees: f64,
    axis: Option<Axis>,
}

/// Axis and sign of a letter: the four sides in English, and in Bahasa Indonesia (U, S, T, B).
fn side_of(letter: char) -> Option<(Axis, f64)> {
    Some(match letter {
        'S' => (Axis::Latitude, -1.0),
        'N' | 'U' => (Axis::Latitude, 1.0),
        'E' | 'T' => (Axis::Longitude, 1.0),
        'W' | 'B' => (Axis::Longitude, -1.0),
        _ => return None,
    })
}

/// The two coordinates of a text.
fn split_pair(text: &str) -> Option<(String, String)> {
    let cut = |at: usize| Some((text.get(..at)?.to_owned(), text.get(at..)?.to_owned()));
    if let Some((first, second)) = text.split_once(';') {
        return Some((first.to_owned(), second.to_owned()));
    }
    let letters: Vec<usize> = text
        .char_indices()
        .filter(|(_, c)| side_of(*c).is_some())
        .map(|(at, _)| at)
        .collect();
    if let [first, second] = letters[..] {
        // Letters stand before both numbers, or behind both.
        return cut(if first == 0 { second } else { first + 1 });
    }
    let degrees: Vec<usize> = text.match_indices('°').map(|(at, _)| at).collect();
    if let [_, second] = degrees[..] {
        let before = text.get(..second)?;
        let is_number = |c: char| c.is_ascii_digit() || c == '.' || c == '-';
        return cut(before.rfind(|c| !is_number(c))? + 1);
    }
    let words: Vec<&str> = text.split_whitespace().collect();
    let trimmed = |words: &[&str]| words.join(" ").trim_matches(',').to_owned();
    match words.as_slice() {
        [one] => split_commas(one),
        [..] if words.len().is_multiple_of(2) && words.len() <= 6 => {
            let (first, second) = words.split_at(words.len() / 2);
            Some((trimmed(first), trimmed(second)))
        }
        _ => None,
    }
}

/// The two coordinates of `-3.76,103.78` or `-3,76,103,78`.
fn split_commas(text: &str) -> Option<(String, String)> {
    let parts: Vec<&str> = text.split(',').collect();
    match parts.as_slice() {
        [first, second] if text.contains('.') => Some(((*first).into(), (*second).into())),
        // Two whole numbers may be one number with a decimal comma: only a longitude of Indonesia
        // is taken for a second number.
        [first, second] if (95..=141).contains(&second.parse().unwrap_or(0)) => {
            Some(((*first).into(), (*second).into()))
        }
        [first, part, second, other] => {
            Some((format!("{first}.{part}"), format!("{second}.{other}")))
        }
        _ => None,
    }
}

/// One coordinate: degrees, with minutes and seconds, a sign or a letter.
fn parse_part(text: &str) -> Option<PlacePart> {
    let mut side = None;
    let mut plain = String::new();
    for c in text.chars() {
        match side_of(c) {
            Some(found) if side.replace(found).is_none() => {}
            Some(_) => return None,
            None => plain.push(c),
        }
    }
    let plain = plain.trim().trim_matches(',').replace(',', ".");
    let is_negative = plain.starts_with('-');
    let unsigned = plain.trim_start_matches(['-', '+']);
    let numbers = unsigned.split(['°', '\'', '"', ' ']);
    let numbers = numbers.filter(|part| !part.is_empty()).map(|part| {
        // A sign within the number is no coordinate.
        let is_plain = part.bytes().all(|b| b.is_ascii_digit() || b == b'.');
        parse_finite(part).filter(|_| is_plain)
    });
    let numbers: Vec<f64> = numbers.collect::<Option<_>>()?;
    let degrees = match numbers.as_slice() {
        [degrees] => *degrees,
        [degrees, minutes] if *minutes < 60.0 => degrees + minutes / 60.0,
        [degrees, minutes, seconds] if *minutes < 60.0 && *seconds < 60.0 => {
            degrees + minutes / 60.0 + seconds / 3600.0
        }
        _ => return None,
    };
    let sign = side.map_or(1.0, |(_, sign)| sign);
    let degrees = if is_negative {
        -degrees
    } else {
        sign * degrees
    };
    Some(PlacePart {
        degrees,
        axis: side.map(|(axis, _)| axis),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn assert_place(text: &str, wanted: (f64, f64)) {
        let found = parse_place(text).unwrap_or_else(|| panic!("{text}"));
        let near = |a: f64, b: f64| (a - b).abs() < 1e-4;
        assert!(
            near(found.0, wanted.0) && near(found.1, wanted.1),
            "{text}: {found:?}"
        );
    }

    #[test]
    fn a_place_is_understood_as_people_write_and_paste_it() {
        let village = (-3.76, 103.78);
        for text in [
            "-3.76 103.78",
            "-3,76 103,78",
            "-3.76, 103.78",
            "-3.76,103.78",
            "-3,76, 103,78",
            "-3,76,103,78",
            "-3,76; 103,78",
            "−3,76 103,78",
            "3.76 S 103.78 E",
            "3,76 LS 103,78 BT",
            "3.76S, 103.78E",
            "S3.76 E103.78",
            "103.78 E 3.76 S",
            "3°45'36\"S 103°46'48\"E",
            "3°45′36″S, 103°46′48″E",
            "3° 45,6' LS 103° 46,8' BT",
            "3º45'36\" Lintang Selatan, 103º46'48\" Bujur Timur",
            "-3°45'36\", 103°46'48\"",
            "-3 45.6 103 46.8",
            "-3 45 36 103 46 48",
            "lat: -3,76 lon: 103,78",
            "(-3.76, 103.78)",
            "https://www.google.com/maps/@-3.76,103.78,17z",
            "https://www.google.com/maps/place/X/@-3.7,103.7,17z/data=!3m1!3d-3.76!4d103.78",
            "https://maps.google.com/?q=-3.76,103.78",
            "https://www.google.com/maps/search/?api=1&query=-3.76%2C103.78",
            "https://www.openstreetmap.org/#map=17/-3.76/103.78",
            "https://www.openstreetmap.org/?mlat=-3.76&mlon=103.78#map=12/1/2",
            "geo:-3.76,103.78?z=17",
        ] {
            assert_place(text, village);
        }
        assert_place("5,55 LU 95,32 BT", (5.55, 95.32));
        assert_place("-3,103", (-3.0, 103.0));
        // The order is for the person to confirm.
        assert_place("103.78 -3.76", (103.78, -3.76));
    }

    #[test]
    fn what_is_no_pair_is_refused() {
        for text in [
            "",
            "Tanjung Enim",
            "-3,76",
            "-3.76",
            "3 S 4 S",
            "3°75'S 103°46'E",
            "-3.76 203.78",
            "1 2 3",
            "https://maps.app.goo.gl/AbCdEf12345",
            "https://www.google.com/maps/place/Jakarta",
            "nan inf",
            "1e400 5",
        ] {
            assert_eq!(parse_place(text), None, "{text}");
        }
        assert_eq!(parse_coordinate("3,5 LS"), Some(-3.5));
        assert_eq!(parse_coordinate("103°30' BT"), Some(103.5));
    }

    #[test]
    fn no_text_panics() {
        for text in [
            "°",
            "S",
            "SS",
            "é;ü",
            "°°",
            "1°2°",
            ";",
            ",,,",
            "\u{301}S E",
        ] {
            let _ = (parse_place(text), parse_coordinate(text));
        }
    }
}
