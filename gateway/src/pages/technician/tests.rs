//! Tests of the wizards, as a browser without a script uses them.

use crate::domain::{ExactNumber, Reading, SampleOutcome, UtcMs};
use crate::server::tests::{ApiTestBench, NOW};
use crate::tests::{SiteText, load_site};
use axum::body::Body;
use axum::http::{Request, StatusCode};

/// A tank with a level sensor and a water meter, an energy meter, and two devices of one line.
fn wizard_bench() -> ApiTestBench {
    let text = SiteText::new("desa")
        .with("name = 'Desa Impian'\n[store]\npath = 'store'")
        .tcp_bus("lan", 502)
        .device("level", "lan", "unit = 1\nevery = '10s'")
        .points(["{ id = 'level', register = 'holding:0', type = 'u16', unit = 'm' }"])
        .device("water", "lan", "unit = 2\nevery = '10s'")
        .points([
            "{ id = 'volume', register = 'holding:0', type = 'u16', unit = 'L', counter = true }",
        ])
        .device("meter", "lan", "unit = 3\nevery = '10s'")
        .points([
            "{ id = 'current', register = 'holding:0', type = 'u16', unit = 'A' }",
            "{ id = 'power', register = 'holding:1', type = 'u16', unit = 'W' }",
        ])
        .asset(
            "toren",
            "tank",
            "name = 'Toren depan'\nlevel = 'level.level'\ninflow = 'water.volume'\n\
             shape = { kind = 'vertical-cylinder', diameter_m = 1.0, height_m = 2.0 }",
        );
    ApiTestBench::of_config(&load_site(&text.text()))
}

/// A reading of a device now.
async fn read(bench: &ApiTestBench, device: u16, values: &[f64]) {
    let good = |value: &f64| SampleOutcome::Good(ExactNumber::Float(*value));
    let reading = Reading {
        device,
        at: UtcMs(NOW),
        mono: bench.state.clock.now().mono,
        dated: true,
        outcomes: values.iter().map(good).collect(),
    };
    bench.state.store.append(reading).await.unwrap();
}

async fn get(bench: &ApiTestBench, path: &str) -> String {
    let request = Request::get(path)
        .header("host", "localhost:8080")
        .header("accept-language", "id")
        .body(Body::empty())
        .unwrap();
    let (status, text) = bench.send_request(request).await;
    assert_eq!(status, StatusCode::OK, "{path}: {text}");
    text
}

async fn post(bench: &ApiTestBench, path: &str, form: &str) -> (StatusCode, String) {
    let request = Request::post(path)
        .header("host", "localhost:8080")
        .header("accept-language", "id")
        .header("accept", "text/html")
        .header("sec-fetch-site", "same-origin")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(form.to_owned().into())
        .unwrap();
    let (status, place, text) = bench.send_with_location(request).await;
    (status, place.unwrap_or(text))
}

/// Sends a form that must be taken, and opens the page to which it leads.
#[track_caller]
fn taken((status, place): (StatusCode, String)) -> String {
    assert_eq!(status, StatusCode::SEE_OTHER, "{place}");
    place
}

#[tokio::test]
async fn two_levels_beside_the_sensor_become_a_calibration_and_are_withdrawn() {
    let bench = wizard_bench();
    let tank = "/teknisi/tangki";
    let (status, text) = post(&bench, tank, "id=toren&cara=kering").await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(text.contains("sepuluh menit terakhir"), "{text}");
    read(&bench, 0, &[0.03]).await;
    taken(post(&bench, tank, "id=toren&cara=kering").await);
    read(&bench, 0, &[1.53]).await;
    let (_, text) = post(&bench, tank, "id=toren&cara=ukur&tinggi=banyak").await;
    assert!(text.contains("bukan angka"), "{text}");
    taken(post(&bench, tank, "id=toren&cara=ukur&tinggi=1,5").await);
    // The draft is in the store: another phone sees it as well.
    let page = get(&bench, "/teknisi/tangki?id=toren").await;
    assert!(
        page.contains("<b>0,03</b>") && page.contains("<b>1,5 m</b>"),
        "{page}"
    );
    assert!(
        page.contains("nilai sebenarnya = 1 x nilai sensor - 0,03 m"),
        "{page}"
    );
    // 1.53 m of a tank of 1 m are 1202 L; 1.5 m are 1178 L.
    assert!(
        page.contains("1.202 L") || page.contains("1202 L"),
        "{page}"
    );
    assert!(
        page.contains("1178 L") || page.contains("1.178 L"),
        "{page}"
    );
    assert!(page.contains("<svg class=\"calibration\""), "{page}");
    assert!(
        bench
            .state
            .store
            .list_calibrations()
            .await
            .unwrap()
            .entries()
            .is_empty()
    );
    let (status, text) = post(&bench, tank, "id=toren&cara=simpan-ketinggian&nama=Budi").await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(text.contains("Tulis alasannya"), "{text}");
    let save = "id=toren&cara=simpan-ketinggian&nama=Budi&alasan=sensor+baru";
    let place = taken(post(&bench, tank, save).await);
    let page = get(&bench, &place).await;
    assert!(page.contains("Dicatat sebagai kalibrasi 1"), "{page}");
    assert!(
        page.contains("sensor baru") && !page.contains("<b>0,03</b>"),
        "{page}"
    );
    let kept = bench.state.store.list_calibrations().await.unwrap();
    assert_eq!(kept.entries()[0].said.pairs, [(0.03, 0.0), (1.53, 1.5)]);
    let undo = "id=toren&cara=batal&nomor=1&nama=Budi&alasan=salah+ukur";
    let place = taken(post(&bench, tank, undo).await);
    let page = get(&bench, &place).await;
    assert!(
        page.contains("dibatalkan") && !page.contains("sensor baru"),
        "{page}"
    );
}

#[tokio::test]
async fn a_metered_fill_becomes_a_table_that_is_seen_before_it_is_written() {
    let bench = wizard_bench();
    let tank = "/teknisi/tangki";
    read(&bench, 1, &[1000.0]).await;
    read(&bench, 0, &[0.0]).await;
    taken(post(&bench, tank, "id=toren&cara=isi-mulai").await);
    for (level, total) in [(0.0, 1000.0), (0.5, 1400.0), (1.0, 1790.0), (1.5, 2190.0)] {
        read(&bench, 0, &[level]).await;
        read(&bench, 1, &[total]).await;
        taken(post(&bench, tank, "id=toren&cara=isi&liter=&tinggi=").await);
    }
    let page = get(&bench, "/teknisi/tangki?id=toren").await;
    assert!(page.contains("<b>1,5 m</b>: 1190 L"), "{page}");
    assert!(page.contains("4 baris sampai 1,5 m: 1190 L"), "{page}");
    let save = "id=toren&cara=simpan-tabel&nama=Budi&alasan=pengisian";
    taken(post(&bench, tank, save).await);
    let kept = bench.state.store.list_calibrations().await.unwrap();
    assert_eq!(kept.entries()[0].said.pairs.len(), 4);
}

#[tokio::test]
async fn three_buckets_tell_the_factor_of_a_water_meter_and_how_sure_it_is() {
    let bench = wizard_bench();
    let page = "/teknisi/meter-air";
    let mut total = 500.0;
    for counted in [20.0, 20.4, 20.2] {
        read(&bench, 1, &[total]).await;
        taken(post(&bench, page, "id=water.volume&cara=mulai").await);
        total += counted;
        read(&bench, 1, &[total]).await;
        taken(post(&bench, page, "id=water.volume&cara=selesai&liter=21").await);
    }
    let shown = get(&bench, "/teknisi/meter-air").await;
    assert!(shown.contains("berbeda 2,0%"), "{shown}");
    assert!(shown.contains("pulsa per liter"), "{shown}");
    let save = "id=water.volume&cara=simpan-pulsa&nama=Budi&alasan=ember+20+L";
    taken(post(&bench, page, save).await);
    let kept = bench.state.store.list_calibrations().await.unwrap();
    assert_eq!(kept.entries()[0].said.pairs.len(), 3);
}

#[tokio::test]
async fn a_clamp_proposes_the_ratio_of_the_transformer() {
    let bench = wizard_bench();
    let page = "/teknisi/trafo-arus";
    read(&bench, 2, &[12.5, 2800.0]).await;
    let form = "id=meter&cara=ukur&titik=meter.current&jepit=24,6&diatur=100/5";
    let (status, shown) = post(&bench, page, form).await;
    assert_eq!(status, StatusCode::OK);
    assert!(shown.contains("1,968 kali"), "{shown}");
    assert!(
        shown.contains("name=\"terpasang\" list=\"rasio\" value=\"200/5\""),
        "{shown}"
    );
    let form = "id=meter&cara=hitung&diatur=100/5&terpasang=200/5";
    let (_, shown) = post(&bench, page, form).await;
    assert!(
        shown.contains("nilai sebenarnya = 2 x nilai sensor"),
        "{shown}"
    );
    let save = "id=meter&cara=simpan-ct&diatur=100/5&terpasang=200/5&nama=Budi&alasan=CT+diganti";
    taken(post(&bench, page, save).await);
    let kept = bench.state.store.list_calibrations().await.unwrap();
    assert_eq!(kept.entries()[0].said.targets.len(), 2);
}

#[tokio::test]
async fn an_address_of_another_device_is_refused_and_nothing_is_written_without_a_tick() {
    let bench = wizard_bench();
    let page = "/teknisi/alamat";
    assert!(get(&bench, page).await.contains("alamat <b>3</b>"));
    let other = "cara=rencana&alat=level&dari=&ke=2&register=holding:9";
    let (status, shown) = post(&bench, page, other).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(shown.contains("sudah dipakai alat water"), "{shown}");
    let free = "cara=rencana&alat=level&dari=&ke=7&register=holding:9";
    let (status, shown) = post(&bench, page, free).await;
    assert_eq!(status, StatusCode::OK);
    assert!(
        shown.contains("unit 1 -&#62; 7") && shown.contains("name=\"sendiri\""),
        "{shown}"
    );
    let write = "cara=tulis&alat=level&dari=&ke=7&register=holding:9&nama=Budi";
    let (status, shown) = post(&bench, page, write).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(shown.contains("Lepaskan alat lain"), "{shown}");
    let audit = bench.state.store.read_audit(None).await.unwrap();
    assert!(!audit.iter().any(|one| one.kind == "set-address"));
}

#[tokio::test]
async fn a_record_is_signed_by_two_names_and_is_shown_again_as_it_was() {
    let bench = wizard_bench();
    let page = "/teknisi/serah-terima";
    read(&bench, 0, &[1.53]).await;
    let shown = get(&bench, page).await;
    assert!(shown.contains("Tandon dikalibrasi") && shown.contains("belum: Toren depan"));
    let display = "cara=layar&alat=level&layar-level.level=1,52";
    taken(post(&bench, page, display).await);
    // The reading goes on; what was compared stays as it was.
    read(&bench, 0, &[0.2]).await;
    let shown = get(&bench, page).await;
    assert!(shown.contains("1 dibandingkan, 0 berbeda"), "{shown}");
    let (status, _) = post(&bench, page, "cara=setuju&siapa=teknisi&paham=ya").await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    let names = "cara=nama&teknisi=Budi&jabatan-teknisi=teknisi&penerima=Bu+Sari\
        &jabatan-penerima=kepala+desa&catatan=pagar+menyusul";
    taken(post(&bench, page, names).await);
    // Something is missing, and both must know.
    let (status, shown) = post(&bench, page, "cara=setuju&siapa=teknisi").await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(shown.contains("Masih ada yang belum selesai"), "{shown}");
    taken(post(&bench, page, "cara=setuju&siapa=teknisi&paham=ya").await);
    // A change after the first confirmation takes it back.
    taken(post(&bench, page, names).await);
    taken(post(&bench, page, "cara=setuju&siapa=penerima&paham=ya").await);
    assert!(bench.state.store.handovers().await.unwrap().is_empty());
    let place = taken(post(&bench, page, "cara=setuju&siapa=teknisi&paham=ya").await);
    assert!(get(&bench, &place).await.contains("Bu Sari"));
    let records = bench.state.store.handovers().await.unwrap();
    assert!(records[0].body.contains("pagar menyusul"), "{records:?}");
    let file = || async {
        let request = Request::get("/teknisi/serah-terima/berkas/1")
            .header("host", "localhost:8080")
            .body(Body::empty())
            .unwrap();
        bench.send_with_location(request).await
    };
    let (status, _, first) = file().await;
    assert_eq!(status, StatusCode::OK);
    assert!(first.starts_with("%PDF"));
    assert_eq!(file().await.2, first);
    let audit = bench.state.store.read_audit(None).await.unwrap();
    assert!(
        audit
            .iter()
            .any(|one| one.kind == "handover" && one.what.contains("Budi"))
    );
}
