//! The home page of sites that are well, empty, silent or badly named, in both languages.

use crate::config::Config;
use crate::domain::ledger::{EntryKind, EntryStatement, EntryTime, QuantityBasis};
use crate::domain::{ExactNumber, QualityReason, SampleOutcome, UtcMs};
use crate::server::build_router;
use crate::server::tests::{ApiTestBench, NOW, words};
use crate::status::{DeviceFault, DeviceState, SinkState};
use crate::tests::{SiteText, load_site};
use axum::body::Body;
use axum::http::Request;
use http_body_util::BodyExt as _;
use std::sync::Arc;
use tower::ServiceExt as _;

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;

/// A plant, a tank and two bins; all names can be chosen.
fn site_text(folder: &std::path::Path, plant: &str) -> String {
    SiteText::new("desa")
        .with("name = 'Desa Impian'")
        .store(folder)
        .tcp_bus("lan", 502)
        .device("inv-7", "lan", "unit = 1\nevery = '60s'\nkind = 'inverter'")
        .points(["{ id = 'p', register = 'holding:0', type = 'u16', unit = 'W' }"])
        .device("lvl-9", "lan", "unit = 2\nevery = '60s'\nkind = 'level'")
        .points(["{ id = 'h', register = 'holding:0', type = 'u16', scale = 0.001, unit = 'm' }"])
        .device("bin-3", "lan", "unit = 3\nevery = '60s'\nkind = 'bin'")
        .points([
            "{ id = 't1', register = 'holding:0', type = 'u16', scale = 0.1, unit = 'degC' }",
            "{ id = 't2', register = 'holding:1', type = 'u16', scale = 0.1, unit = 'degC' }",
        ])
        .asset(
            "plts",
            "plts",
            format_args!("name = \"{plant}\"\ncapacity_kwp = 2.0"),
        )
        .with("power = 'inv-7.p'")
        .asset("tank", "tank", "name = 'Tandon air'\nlevel = 'lvl-9.h'")
        .with("shape = { kind = 'vertical-cylinder', diameter_m = 2, height_m = 2 }")
        .asset(
            "bsf-1",
            "bsf",
            "name = 'Biopond 1'\ntemperature = 'bin-3.t1'",
        )
        .asset(
            "bsf-2",
            "bsf",
            "name = 'Biopond 2'\ntemperature = 'bin-3.t2'",
        )
        .text()
}

/// The site after two days of readings, one a minute until `until`.
struct HomeBench {
    bench: ApiTestBench,
    folder: tempfile::TempDir,
}

impl HomeBench {
    fn unread(plant: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config: Config = load_site(&site_text(folder.path(), plant));
        Self {
            bench: ApiTestBench::of_config(&config),
            folder,
        }
    }

    async fn read_until(until: i64, core: i64) -> Self {
        let home = Self::unread("PLTS desa");
        let decimal =
            |mantissa, exponent| SampleOutcome::Good(ExactNumber::Decimal { mantissa, exponent });
        let times = (NOW - 58 * HOUR..=until).step_by(60_000);
        let column = |id: &str, outcome: SampleOutcome| {
            let samples = times.clone().map(|at| (UtcMs(at), outcome));
            (Arc::from(id), samples.collect::<Vec<_>>())
        };
        let columns = vec![
            column("inv-7.p", decimal(1240, 0)),
            column("lvl-9.h", decimal(1500, -3)),
            column("bin-3.t1", decimal(core, -1)),
            column("bin-3.t2", decimal(295, -1)),
        ];
        home.bench
            .state
            .store
            .import_columns(columns)
            .await
            .unwrap();
        home.feed_yesterday().await;
        for device in ["inv-7", "lvl-9", "bin-3"] {
            home.set_device(device, None);
        }
        home
    }

    async fn feed_yesterday(&self) {
        let said = EntryStatement {
            sort: EntryKind::Record,
            indicator: "bsf-fed".into(),
            what: String::new(),
            quantity: ExactNumber::parse_quantity("12"),
            unit: "kg".into(),
            when: EntryTime::Day(jiff::civil::date(2026, 11, 24)),
            known: QuantityBasis::Weighed,
            who: "Siti".to_owned(),
            note: String::new(),
            attachments: Vec::new(),
            supersedes: None,
        };
        let store = &self.bench.state.store;
        store.append_ledger(vec![said], "test").await.unwrap();
    }

    /// Sets the state of a device: answering now, or silent since a time.
    fn set_device(&self, device: &str, silent_since: Option<i64>) {
        let fault = silent_since.map(|_| DeviceFault {
            reason: QualityReason::Timeout,
            detail: format!("{device}: no answer").into(),
        });
        let state = DeviceState {
            last_good: Some(UtcMs(silent_since.unwrap_or(NOW))),
            last_poll: Some(UtcMs(NOW)),
            misses: u32::from(fault.is_some()),
            fault,
            ..DeviceState::default()
        };
        self.bench.board().update(|board| {
            board.devices.insert(device.into(), state);
        });
    }

    /// Visible text of the page, with single spaces.
    async fn text(&self, lang: &str) -> String {
        let html = self.html(lang).await;
        assert_eq!(
            words::foreign_words(&html, lang, "Tandon Biopond"),
            Vec::<String>::new()
        );
        let text = words::visible(&html);
        for key in ["home-", "attention-", "reason-"] {
            assert!(!text.contains(key), "{text}");
        }
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    async fn html(&self, lang: &str) -> String {
        let (status, html) = self.bench.get(&format!("/?lang={lang}")).await;
        assert_eq!(status, 200, "{html}");
        html
    }
}

#[tokio::test]
async fn a_site_that_is_well_says_so_and_shows_each_asset_once() {
    let home = HomeBench::read_until(NOW, 295).await;
    let text = home.text("id").await;
    assert!(text.contains("Semua baik"), "{text}");
    for part in [
        "Keadaan 25 November 2026 10.00 WIB",
        "PLTS desa",
        "1,24 kW 10.00",
        "4.710 L",
        "terisi 75% · 1,50 m",
        "29,5 °C",
        "suhu terbaik · 10.00",
        "3 dari 3 alat menjawab",
        "lengkap",
        "Bulan ini, sejak 23 Nov 2026",
    ] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
    assert_eq!(text.matches("Biopond 1").count(), 1);
    // Ids say nothing to people.
    for id in ["inv-7", "lvl-9", "bin-3"] {
        assert!(!text.contains(id), "{text}");
    }
    let english = home.text("en").await;
    assert!(
        english.contains("All is well") && english.contains("4,710 L"),
        "{english}"
    );
}

#[tokio::test]
async fn a_page_serves_others_for_seconds_and_nobody_after_a_record() {
    let home = HomeBench::read_until(NOW, 295).await;
    let router = build_router(home.bench.state.clone());
    let page = async |lang: &str| {
        let path = format!("/?lang={lang}");
        let ask = Request::get(path).header("host", "localhost:8080");
        let asked = ask.body(Body::empty()).unwrap();
        let response = router.clone().oneshot(asked).await.unwrap();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        String::from_utf8(body.to_vec()).unwrap()
    };
    assert!(page("id").await.contains("3 dari 3 alat menjawab"));
    home.set_device("lvl-9", Some(NOW - 3 * HOUR));
    assert!(page("id").await.contains("3 dari 3 alat menjawab"));
    // Another language has content of its own.
    assert!(page("en").await.contains("2 of 3 devices answer"));
    home.feed_yesterday().await;
    assert!(page("id").await.contains("2 dari 3 alat menjawab"));
}

#[tokio::test]
async fn figures_of_today_say_that_they_are_of_today() {
    let folder = tempfile::tempdir().unwrap();
    let pump = "[[asset]]\nid = 'pump'\nkind = 'pump'\nname = 'Biopond 3'\npower = 'inv-7.p'\n\
                rated_power_kw = 2.0\n";
    let config = load_site(&format!("{}\n{pump}", site_text(folder.path(), "PLTS")));
    let bench = ApiTestBench::of_config(&config);
    let power = SampleOutcome::Good(ExactNumber::Float(1240.0));
    let samples = (NOW - 58 * HOUR..=NOW).step_by(60_000);
    let samples = samples.map(|at| (UtcMs(at), power)).collect();
    let store = &bench.state.store;
    store
        .import_columns(vec![("inv-7.p".into(), samples)])
        .await
        .unwrap();
    let home = HomeBench { bench, folder };
    let text = home.text("id").await;
    assert!(text.contains("Lama menyala, hari ini"), "{text}");
    assert!(home.text("en").await.contains("Running time, today"));
}

#[tokio::test]
async fn devices_that_answer_are_not_enough_for_green() {
    let home = HomeBench::read_until(NOW, 471).await;
    let text = home.text("id").await;
    assert!(!text.contains("Semua baik"), "{text}");
    assert!(
        text.contains("Segera: Biopond 1: 47 °C, terlalu panas; sejak kemarin sudah 34 jam"),
        "{text}"
    );
    assert!(text.contains("terlalu panas · 10.00"), "{text}");
    assert!(home.html("id").await.contains("data-level=\"urgent\""));
}

#[tokio::test]
async fn an_old_reading_is_never_shown_as_now() {
    let home = HomeBench::read_until(NOW - 3 * HOUR, 295).await;
    home.set_device("lvl-9", Some(NOW - 3 * HOUR));
    let text = home.text("id").await;
    assert!(
        text.contains("Sensor ketinggian air (Tandon air) tidak menjawab sejak pukul 07.00"),
        "{text}"
    );
    assert!(text.contains("Bacaan terakhir 3 jam lalu"), "{text}");
    assert!(!text.contains("Sekarang"), "{text}");
    assert!(text.contains("2 dari 3 alat menjawab"), "{text}");
}

#[tokio::test]
async fn a_site_that_nothing_was_read_of_is_neither_green_nor_red() {
    let home = HomeBench::unread("PLTS desa");
    let text = home.text("id").await;
    assert!(!text.contains("Semua baik"), "{text}");
    assert!(text.contains("belum pernah terbaca"), "{text}");
    assert!(text.contains("0 dari 3 alat menjawab"), "{text}");
    let nothing = SiteText::new("a").store(home.folder.path()).text();
    let bench = ApiTestBench::of_config(&load_site(&nothing));
    let (_, html) = bench.get("/?lang=id").await;
    assert!(html.contains("Belum ada bacaan atau catatan"), "{html}");
    assert!(html.contains("Tidak ada alat yang dibaca"), "{html}");
}

#[tokio::test]
async fn a_site_that_only_writes_down_is_well_while_it_writes() {
    let folder = tempfile::tempdir().unwrap();
    let text = SiteText::new("a").store(folder.path()).text();
    let home = HomeBench {
        bench: ApiTestBench::of_config(&load_site(&text)),
        folder,
    };
    home.feed_yesterday().await;
    assert!(home.text("id").await.contains("Semua baik"));
}

#[tokio::test]
async fn names_are_texts_and_never_markup() {
    let home = HomeBench::unread("<script>alert(1)</script>");
    let html = home.html("id").await;
    assert!(!html.contains("<script>alert"), "{html}");
    assert!(html.contains("alert(1)"));
}

#[tokio::test]
async fn clock_store_and_delivery_are_told() {
    let home = HomeBench::read_until(NOW, 295).await;
    home.bench.state.clock.distrust();
    home.bench.board().update(|board| {
        let away = SinkState {
            waiting: 3120,
            ..SinkState::default()
        };
        board.sinks.insert("mqtt", away);
    });
    let text = home.text("id").await;
    let clock = text.find("Jam gateway belum sinkron").unwrap();
    let sink = text.find("Pengiriman ke server MQTT terhenti; 3.120 bacaan menunggu");
    assert!(clock < sink.unwrap(), "{text}");
    let english = home.text("en").await;
    assert!(
        english.contains("Delivery to the MQTT server has stopped"),
        "{english}"
    );
}
