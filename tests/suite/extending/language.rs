//! The example of a further language in `docs/extending.md`.

use gateway::i18n::{Language, LocaleRow, MessageCatalogue};
use jiff::civil::Date;

/// Basa Jawa, with numbers and dates as in Bahasa Indonesia.
static JAVANESE: LocaleRow = LocaleRow {
    code: "jv",
    other_codes: &[],
    name: "Basa Jawa",
    page_tag: "jv-ID",
    workbook_id: "421",
    decimal_mark: ',',
    thousands_mark: '.',
    time_mark: '.',
    list_separator: ';',
    date_form: "{day} {month} {year}",
    numeric_date_form: "%d/%m/%Y",
    months: [
        &["Januari", "Jan"],
        &["Fèbruari", "Fèb", "Februari"],
        &["Maret", "Mar"],
        &["April", "Apr"],
        &["Mèi", "Mèi", "Mei"],
        &["Juni", "Jun"],
        &["Juli", "Jul"],
        &["Agustus", "Agu"],
        &["Sèptèmber", "Sèp", "September"],
        &["Oktober", "Okt"],
        &["Novèmber", "Nov"],
        &["Dhésèmber", "Dhé", "Desember"],
    ],
    weekdays: [
        &["Senèn", "Sèn", "Senin"],
        &["Selasa", "Sel"],
        &["Rebo", "Reb", "Rabu"],
        &["Kemis", "Kem", "Kamis"],
        &["Jemuwah", "Jem", "Jumat"],
        &["Setu", "Set", "Sabtu"],
        &["Ngahad", "Nga", "Minggu"],
    ],
    messages: MessageCatalogue::new("jv", include_str!("jv.ftl")),
};

#[test]
fn a_further_language_is_a_row_and_a_catalogue() {
    assert_eq!(JAVANESE.grouped_digits("-1234.5"), "\u{2212}1.234,5");
    let day = Date::constant(2026, 11, 21);
    assert_eq!(JAVANESE.format_date(day), "21 Novèmber 2026");
    assert_eq!(JAVANESE.text_with("web-health", &[]), "Kasarasan");
    // What the catalogue lacks is shown in English, and what English lacks as its key.
    assert_eq!(
        JAVANESE.text_with("web-theme", &[]),
        Language::En.text("web-theme")
    );
    assert_eq!(JAVANESE.text_with("no-such-key", &[]), "no-such-key");
}
