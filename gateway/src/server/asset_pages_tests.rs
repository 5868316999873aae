//! Pages of assets: their content in both languages, without data, with a dead device, and with
//! hostile names.

use super::tests::words::{foreign_words, visible};
use super::tests::{ApiTestBench, NOW};
use crate::domain::{ExactNumber, QualityReason, Reading, SampleOutcome, UtcMs};
use crate::tests::load_site;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use http_body_util::BodyExt;
use tower::ServiceExt;

const DEMO: &str = include_str!("../../assets/demo.toml");
const PLACES: [&str; 4] = ["plts", "air", "bsf", "meter"];
/// Names that the demo gives to its assets.
const NAMES: &str = "PLTS irigasi Pompa sumur Tandon air Atap balai desa Biopond kWh meter PLN \
    kasgot";
const HOUR_MS: i64 = 3_600_000;

fn village(text: &str) -> ApiTestBench {
    ApiTestBench::of_config(&load_site(text))
}

impl ApiTestBench {
    /// Writes hourly readings of the last two days, up to the present hour.
    async fn import_hours(&self, point: &str, value: impl Fn(i64) -> f64) {
        let rows = (0..48).map(|hour| {
            let at = UtcMs(NOW - (47 - hour) * HOUR_MS);
            (at, ExactNumber::Float(value(hour)))
        });
        let store = &self.state.store;
        store.import_rows(point, rows.collect()).await.unwrap();
    }
}

#[tokio::test]
async fn a_site_that_has_read_nothing_says_so_in_words_of_the_reader() {
    let bench = village(DEMO);
    for place in PLACES {
        for period in [
            "2026-11-25",
            "2026-W48",
            "2026-11",
            "2026-11-20..2026-11-24",
        ] {
            for lang in ["id", "en"] {
                let path = format!("/{place}?period={period}&lang={lang}");
                let (status, html) = bench.get(&path).await;
                assert_eq!(status, StatusCode::OK, "{path}: {html}");
                for key in [
                    "assets-",
                    "role-",
                    "tank-",
                    "chapters-",
                    "indicator-",
                    "event-",
                ] {
                    assert!(!visible(&html).contains(key), "{path}: {key}: {html}");
                }
                let foreign = foreign_words(&html, lang, NAMES);
                assert_eq!(foreign, Vec::<String>::new(), "{path}");
            }
        }
    }
}

#[tokio::test]
async fn probes_of_a_bin_have_the_labels_of_their_devices() {
    let (_, html) = village(DEMO).get("/bsf?period=2026-11&lang=id").await;
    for label in ["Suhu bagian tengah", "Suhu bagian tepi"] {
        assert!(html.contains(&format!(">{label}</a>")), "{html}");
    }
    assert!(!html.contains("Suhu 2"), "{html}");
}

#[tokio::test]
async fn a_device_that_never_answered_was_never_updated() {
    let (_, html) = village(DEMO).get("/teknisi?lang=id").await;
    let never = "Terakhir diperbarui <time data-field=\"last\">belum pernah</time>";
    assert!(html.contains(never), "{html}");
    assert!(!html.contains("data-field=\"last\"></time>"), "{html}");
}

#[tokio::test]
async fn the_page_of_reports_says_why_it_shows_its_month() {
    let bench = village(DEMO);
    let (_, html) = bench.get("/laporan?lang=id").await;
    assert!(html.contains("Yang tampil: bulan terakhir"), "{html}");
    bench.import_hours("level.level", |_| 1.2).await;
    let (_, html) = bench.get("/laporan?lang=id").await;
    assert!(html.contains("bulan yang sedang berjalan"), "{html}");
    let (_, html) = bench.get("/laporan?period=2026-11&lang=id").await;
    assert!(!html.contains("Yang tampil"), "{html}");
}

#[tokio::test]
async fn a_year_of_nothing_has_no_picture_and_no_zero() {
    let (_, html) = village(DEMO).get("/plts?period=2026&lang=id").await;
    assert!(!html.contains("<svg class=\"heat\""), "{html}");
    assert!(!html.contains(">0 <") && !html.contains(">0,0<"), "{html}");
}

#[tokio::test]
async fn the_present_comes_first_and_the_tank_is_drawn_with_its_water() {
    let bench = village(DEMO);
    bench.import_hours("level.level", |_| 1.2).await;
    let (_, html) = bench.get("/air?period=2026-11&lang=id").await;
    let now = html.find("Sekarang").unwrap();
    assert!(now < html.find("November 2026</h3>").unwrap(), "{html}");
    // 1.2 m of 2.6 m in a cylinder of 3.6 m: 12,215 L, shown with the digits that a sensor knows.
    assert!(
        html.contains("class=\"water\" x=\"104\" y=\"121.8\""),
        "{html}"
    );
    assert!(
        html.contains("12.200\u{a0}L") && html.contains(">46%<"),
        "{html}"
    );
    let (_, past) = bench.get("/air?period=2026-10&lang=id").await;
    assert!(
        !past.contains("Sekarang") && !past.contains("class=\"water\""),
        "{past}"
    );
}

#[tokio::test]
async fn a_day_without_readings_is_a_gap_and_the_present_day_is_marked() {
    let bench = village(DEMO);
    let energy = |hour: i64| f64::from(u32::try_from(100 + hour).unwrap());
    bench.import_hours("inverter.ac_energy_total", energy).await;
    let (_, html) = bench.get("/plts?period=2026-11&lang=en").await;
    let midnight = (NOW - 10 * HOUR_MS) / 1000;
    assert!(
        html.contains(&format!(
            "{{\"at\":{midnight}.0,\"label\":\"not complete yet\"}}"
        )),
        "{html}"
    );
    assert!(html.contains("\"v\":[null,null,"), "{html}");
    let (_, csv) = bench.get("/plts/data.csv?period=2026-11&lang=en").await;
    let lines: Vec<&str> = csv.lines().collect();
    assert!(lines[0].starts_with('\u{feff}') && lines[0].contains("Energy generated (kWh)"));
    assert!(
        lines[1].starts_with("2026-11-01,,") && lines[1].ends_with("no data"),
        "{csv}"
    );
    assert!(lines[25].starts_with("2026-11-25,"), "{csv}");
    assert!(lines[25].ends_with("not complete yet"), "{csv}");
    assert_eq!(lines.len(), 26, "days to come are left out: {csv}");
}

#[tokio::test]
async fn a_table_opens_in_the_spreadsheet_of_its_language() {
    let bench = village(DEMO);
    bench
        .import_hours("level.level", |hour| if hour % 2 == 0 { 1.0 } else { 1.5 })
        .await;
    let (_, id) = bench.get("/air/data.csv?period=2026-11-24&lang=id").await;
    let (_, en) = bench.get("/air/data.csv?period=2026-11-24&lang=en").await;
    assert!(id.contains("Tanggal;Tandon air: "), "{id}");
    assert!(id.contains("\n2026-11-24;\"15,3\";;;1;"), "{id}");
    assert!(en.contains("Date,Tandon air: "), "{en}");
    assert!(en.contains("\n2026-11-24,15.3,,,1,"), "{en}");
    let (_, figures) = bench
        .get("/air/data.csv?period=2026-11&rows=figures&lang=id")
        .await;
    assert!(figures.contains("Aset;Indikator;Nilai;Satuan"), "{figures}");
    assert!(
        figures.contains("Tandon air;Isi tandon pada akhir periode;"),
        "{figures}"
    );
}

#[tokio::test]
async fn the_workbook_is_a_workbook_and_other_formats_do_not_exist() {
    let bench = village(DEMO);
    let request = Request::get("/plts/data.xlsx?period=2026-11&lang=id");
    let request = request.header("host", "localhost:8080");
    let router = super::build_router(bench.state.clone());
    let request = request.body(Body::empty()).unwrap();
    let response = router.oneshot(request).await.unwrap();
    let name = response.headers()["content-disposition"]
        .to_str()
        .unwrap()
        .to_owned();
    assert!(name.contains("desa-impian-plts-2026-11.xlsx"), "{name}");
    let body = response.into_body().collect().await.unwrap().to_bytes();
    assert!(body.starts_with(b"PK"));
    for path in ["/plts/data.pdf", "/plts/data.", "/catat/data.csv"] {
        assert_eq!(bench.get(path).await.0, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn a_name_cannot_bring_a_script_into_a_page_or_a_formula_into_a_table() {
    let hostile = "name        = \"<script>alert(1)</script>\"\n";
    let text = DEMO
        .replace("name           = \"PLTS irigasi\"\n", hostile)
        .replace("name       = \"Tandon air\"\n", "name = \"=1+1<script>\"\n")
        .replace("name        = \"Biopond 1\"\n", hostile);
    let bench = village(&text);
    bench.import_hours("level.level", |_| 1.0).await;
    for place in ["plts", "air", "bsf"] {
        let (status, html) = bench.get(&format!("/{place}?lang=id")).await;
        assert_eq!(status, StatusCode::OK);
        let unsafe_parts = html.matches("<script>").count();
        assert_eq!(unsafe_parts, 0, "{place}: {html}");
    }
    let (_, csv) = bench
        .get("/air/data.csv?period=2026-11&rows=figures&lang=id")
        .await;
    assert!(csv.contains("\n'=1+1"), "{csv}");
}

#[tokio::test]
async fn a_site_without_such_an_asset_has_a_page_that_says_so() {
    let (status, html) = village(DEMO).get("/kompos?lang=id").await;
    assert_eq!(status, StatusCode::OK);
    assert!(html.contains("Belum ada alat jenis ini"), "{html}");
}

#[tokio::test]
async fn every_asset_of_a_kind_has_its_section_and_a_link_to_it() {
    let second = r#"
[[asset]]
id = "tank-2"
name = "Tandon sekolah"
kind = "tank"
level = "level.level"
shape = { kind = "box", length_m = 1.0, width_m = 1.0, height_m = 2.0 }
"#;
    let bench = village(&format!("{DEMO}{second}"));
    bench.import_hours("level.level", |_| 1.0).await;
    let (_, html) = bench.get("/air?lang=id").await;
    for id in ["tank", "tank-2"] {
        assert!(
            html.contains(&format!("href=\"#asset-{id}\"")),
            "{id}: {html}"
        );
        assert!(html.contains(&format!("id=\"asset-{id}\"")), "{id}: {html}");
        assert!(
            html.contains(&format!("<clipPath id=\"tank-{id}\">")),
            "{id}: {html}"
        );
    }
    assert!(html.contains("Tandon sekolah"), "{html}");
}

#[tokio::test]
async fn a_dead_device_is_told_in_place_of_its_value() {
    let bench = village(DEMO);
    let device = &bench.state.site.devices[0];
    let bad = SampleOutcome::Bad(QualityReason::Timeout);
    let reading = Reading {
        device: 0,
        at: UtcMs(NOW),
        mono: bench.state.clock.now().mono,
        dated: true,
        outcomes: vec![bad; device.points.len()].into(),
    };
    bench.state.store.append(reading).await.unwrap();
    for (lang, words) in [
        ("id", "alat tidak menjawab"),
        ("en", "device did not answer"),
    ] {
        let (_, html) = bench.get(&format!("/plts?lang={lang}")).await;
        let now = html.split("<h3>November 2026").next().unwrap();
        assert!(now.contains(words), "{lang}: {now}");
        assert!(!now.contains(">0<") && !now.contains(">0,0<"), "{now}");
    }
}

#[tokio::test]
async fn the_way_down_from_a_figure_leads_to_its_readings() {
    let bench = village(DEMO);
    let energy = |hour: i64| f64::from(u32::try_from(100 + hour).unwrap());
    bench.import_hours("inverter.ac_energy_total", energy).await;
    let path = "/jelas/plts.generation?period=2026-11&asset=plts&lang=id";
    let (status, html) = bench.get(path).await;
    assert_eq!(status, StatusCode::OK);
    assert!(
        html.contains("/points/inverter.ac_energy_total?span=month"),
        "{html}"
    );
    let (open, closed) = (
        html.matches("<details").count(),
        html.matches("</details>").count(),
    );
    assert_eq!(open, closed);
    assert!(html.contains("pertama 100"), "{html}");
}
