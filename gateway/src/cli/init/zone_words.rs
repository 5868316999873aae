//! [`parse_zone`]: a time zone as people in Indonesia say it: WIB, a city, or an offset.

use crate::domain::site_zone::SiteZone;

/// Zones of Indonesia with their words, in small letters.
const ZONE_WORDS: &[(&str, &[&str])] = &[
    (
        "Asia/Jakarta",
        &[
            "wib",
            "barat",
            "jakarta",
            "jawa",
            "sumatera",
            "sumatra",
            "bandung",
            "surabaya",
            "semarang",
            "yogyakarta",
            "medan",
            "palembang",
            "lampung",
            "aceh",
            "padang",
            "pekanbaru",
            "jambi",
            "bengkulu",
            "batam",
            "pontianak",
            "palangkaraya",
            "7",
            "7.00",
        ],
    ),
    (
        "Asia/Makassar",
        &[
            "wita",
            "tengah",
            "makassar",
            "bali",
            "denpasar",
            "lombok",
            "mataram",
            "kupang",
            "manado",
            "palu",
            "kendari",
            "gorontalo",
            "balikpapan",
            "samarinda",
            "banjarmasin",
            "tarakan",
            "sulawesi",
            "8",
            "8.00",
        ],
    ),
    (
        "Asia/Jayapura",
        &[
            "wit",
            "timur",
            "jayapura",
            "papua",
            "ambon",
            "ternate",
            "sorong",
            "manokwari",
            "merauke",
            "maluku",
            "9",
            "9.00",
        ],
    ),
];

/// Parses a zone; `None` when nothing known is meant.
pub(super) fn parse_zone(text: &str) -> Option<SiteZone> {
    let text = text.trim();
    let word = plain_word(text);
    let of_word = ZONE_WORDS
        .iter()
        .find(|(_, words)| words.contains(&word.as_str()));
    let by_name = |name: &str| canonical_zone(&SiteZone::by_name(name)?);
    match of_word {
        Some((name, _)) => SiteZone::by_name(name),
        // An abbreviation such as `EST` is a zone of the database, and meant by nobody here.
        None if text.contains('/') => by_name(text),
        None => by_name(&format!("Asia/{}", text.replace(' ', "_"))),
    }
}

/// The zone under the name of the database: `asia/jakarta` is `Asia/Jakarta`.
fn canonical_zone(zone: &SiteZone) -> Option<SiteZone> {
    let name = zone.rules().iana_name().unwrap_or(zone.name());
    SiteZone::by_name(name)
}

/// Word or offset without what people put around it: `UTC+07:00` and `+7` are `7`.
fn plain_word(text: &str) -> String {
    let word = text.to_lowercase().replace([' ', '_'], "");
    let word = word.strip_prefix("waktuindonesia").unwrap_or(&word);
    let word = word.strip_prefix("utc").unwrap_or(word);
    let word = word.strip_prefix("gmt").unwrap_or(word);
    let word = word.strip_prefix("asia/").unwrap_or(word);
    let Some(offset) = word.strip_prefix('+') else {
        return word.to_owned();
    };
    let offset = offset.trim_start_matches('0').replace(':', ".");
    offset.strip_suffix("00").map_or(offset.clone(), |hours| {
        hours.trim_end_matches('.').to_owned()
    })
}

/// Offsets of longitudes that use this zone, degrees east; `None` for a zone outside Indonesia.
pub(super) fn zone_longitudes(zone: &SiteZone) -> Option<(f64, f64)> {
    Some(match &**zone.name() {
        "Asia/Jakarta" | "Asia/Pontianak" => (94.0, 116.0),
        "Asia/Makassar" => (113.8, 126.0),
        "Asia/Jayapura" => (124.0, 141.1),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zone_is_understood_as_people_say_it() {
        for (text, name) in [
            ("WIB", "Asia/Jakarta"),
            ("wita", "Asia/Makassar"),
            (" WIT ", "Asia/Jayapura"),
            ("Jakarta", "Asia/Jakarta"),
            ("asia/jakarta", "Asia/Jakarta"),
            ("Asia/Makassar", "Asia/Makassar"),
            ("+7", "Asia/Jakarta"),
            ("7", "Asia/Jakarta"),
            ("UTC+8", "Asia/Makassar"),
            ("GMT+9", "Asia/Jayapura"),
            ("+07:00", "Asia/Jakarta"),
            ("+0700", "Asia/Jakarta"),
            ("UTC +9", "Asia/Jayapura"),
            ("waktu indonesia tengah", "Asia/Makassar"),
            ("Kuala Lumpur", "Asia/Kuala_Lumpur"),
            ("Europe/Amsterdam", "Europe/Amsterdam"),
        ] {
            let zone = parse_zone(text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!(&**zone.name(), name, "{text}");
        }
        for text in ["", "nowhere", "+5", "EST", "-7", "77"] {
            assert_eq!(parse_zone(text), None, "{text}");
        }
    }
}
