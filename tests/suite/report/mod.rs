//! Reports from outside: what people and other programs get to see.

mod sample;

use gateway::report::document::Document;
use gateway::report::{Format, render};
use gateway::words::Lang;
use sample::Sample;

const FORMATS: [Format; 4] = [Format::Pdf, Format::Xlsx, Format::Csv, Format::Json];

fn written(document: &Document, format: Format) -> Vec<u8> {
    render(document, format).unwrap()
}

/// Writes the sample where somebody can look at it: `PANTAU_REPORT_SAMPLE=DIR`.
#[test]
fn the_same_report_has_the_same_bytes() {
    for lang in [Lang::Id, Lang::En] {
        for format in FORMATS {
            let first = written(&Sample::document(lang), format);
            assert!(
                first == written(&Sample::document(lang), format),
                "{format:?}"
            );
            if let Some(place) = std::env::var_os("PANTAU_REPORT_SAMPLE") {
                let name = format!("sample-{}.{}", lang.code(), format.key());
                std::fs::write(std::path::Path::new(&place).join(name), &first).unwrap();
            }
        }
    }
}
