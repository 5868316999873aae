//! Tests of the entry pages without a network.

use crate::config::load_config_text;
use crate::server::tests::ApiTestBench;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use serde_json::{Value, json};
use std::path::Path;

const BOUNDARY: &str = "------pantau-test";

/// Form as a browser sends it; a value of the field `photo` or `file` is the content of a file.
fn form_body(fields: &[(&str, &str)]) -> String {
    let mut body = String::new();
    for (name, value) in fields {
        let file = match *name {
            "photo" => "; filename=\"nota.jpg\"\r\nContent-Type: image/jpeg",
            "file" => "; filename=\"tabel.csv\"\r\nContent-Type: text/csv",
            _ => "",
        };
        let head = format!("Content-Disposition: form-data; name=\"{name}\"{file}");
        let part = ["--", BOUNDARY, "\r\n", &head, "\r\n\r\n", value, "\r\n"];
        body += &part.concat();
    }
    body + &format!("--{BOUNDARY}--\r\n")
}

/// Status, address of a redirect or text of the page.
async fn post_form(
    bench: &ApiTestBench,
    path: &str,
    fields: &[(&str, &str)],
) -> (StatusCode, String) {
    post_form_for(bench, path, "text/html", fields).await
}

async fn post_form_for(
    bench: &ApiTestBench,
    path: &str,
    accept: &str,
    fields: &[(&str, &str)],
) -> (StatusCode, String) {
    let request = Request::post(path)
        .header("host", "localhost:8080")
        .header("accept-language", "id")
        .header("accept", accept)
        .header("sec-fetch-site", "same-origin")
        .header(
            "content-type",
            format!("multipart/form-data; boundary={BOUNDARY}"),
        )
        .body(pieces_of(form_body(fields)))
        .unwrap();
    let (status, place, text) = bench.send_with_location(request).await;
    (status, place.unwrap_or(text))
}

/// Body that comes in pieces, as from a network.
fn pieces_of(text: String) -> Body {
    let bytes = axum::body::Bytes::from(text);
    let starts = (0..bytes.len()).step_by(64 << 10);
    let pieces = starts.map(move |at| {
        let end = bytes.len().min(at + (64 << 10));
        Ok::<_, std::io::Error>(bytes.slice(at..end))
    });
    Body::from_stream(futures_util::stream::iter(pieces))
}

async fn get_page(bench: &ApiTestBench, path: &str) -> (StatusCode, String) {
    let request = Request::get(path)
        .header("host", "localhost:8080")
        .header("accept-language", "id")
        .body(Body::empty())
        .unwrap();
    bench.send_request(request).await
}

/// The usual form with other values for some fields.
fn usual_form<'a>(changed: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let mut fields = vec![
        ("key", "form-1"),
        ("written", ""),
        ("indicator", "bsf-fed"),
        ("quantity", "12,5"),
        ("day", "today"),
        ("date", ""),
        ("who", "Siti"),
        ("note", ""),
    ];
    for (name, value) in changed {
        fields.retain(|(known, _)| known != name);
        fields.push((name, value));
    }
    fields
}

async fn all_entries(bench: &ApiTestBench) -> Vec<Value> {
    let all = bench.json("/api/v1/ledger?superseded=true").await;
    all.as_array().unwrap().clone()
}

#[tokio::test]
async fn an_entry_is_saved_once_however_often_its_form_is_sent() {
    let bench = ApiTestBench::new();
    let form = usual_form(&[]);
    for _ in 0..3 {
        let (status, place) = post_form(&bench, "/catat", &form).await;
        assert_eq!(status, StatusCode::SEE_OTHER, "{place}");
        assert_eq!(place, "/catat?tersimpan=1");
    }
    let entries = all_entries(&bench).await;
    assert_eq!(entries.len(), 1);
    assert_eq!(entries[0]["quantity"], 12.5);
    assert_eq!(entries[0]["unit"], "kg");
    assert_eq!(entries[0]["when"], "2026-11-25");
    assert_eq!(entries[0]["how"], "weighed");
    assert_eq!(entries[0]["recorded_by"], "page");
    let (status, page) = get_page(&bench, "/catat?tersimpan=1").await;
    assert_eq!(status, StatusCode::OK);
    for part in [
        "Tersimpan",
        "12,5 kg",
        "Satu lagi",
        "/catat?isi=bsf-fed",
        "/catat/entri/1/batalkan",
        "terakhir 12,5 kg, 25 Nov 2026",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
}

#[tokio::test]
async fn a_used_form_with_other_content_is_refused_and_can_be_sent_again() {
    let bench = ApiTestBench::new();
    post_form(&bench, "/catat", &usual_form(&[])).await;
    let (status, page) = post_form(&bench, "/catat", &usual_form(&[("quantity", "9,5")])).await;
    assert_eq!(status, StatusCode::CONFLICT);
    assert!(
        page.contains("sudah tersimpan dengan isi yang lain"),
        "{page}"
    );
    assert!(page.contains("value=\"9,5\""), "{page}");
    assert!(!page.contains("value=\"form-1\""), "{page}");
    assert_eq!(all_entries(&bench).await.len(), 1);
}

#[tokio::test]
async fn a_refused_form_says_which_field_and_keeps_what_was_typed() {
    let bench = ApiTestBench::new();
    for (changed, words) in [
        (("quantity", "dua belas"), "bukan angka"),
        (("quantity", "-3"), "kurang dari nol"),
        (("who", ""), "belum diisi"),
        (("indicator", "bsf-fod"), "tidak ada indikator"),
        (("unit", "L"), "tidak cocok"),
        (("quantity", "3 L"), "tidak cocok"),
    ] {
        let form = usual_form(&[changed, ("note", "basah & <b>berat</b>")]);
        let (status, page) = post_form(&bench, "/catat", &form).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{changed:?}");
        assert!(page.contains(words), "{changed:?}: {page}");
        assert!(page.contains("Belum tersimpan"), "{changed:?}");
        assert!(
            page.contains("basah &#38; &#60;b&#62;berat&#60;/b&#62;</textarea>"),
            "{page}"
        );
        assert!(page.contains("value=\"form-1\""), "{changed:?}");
    }
    assert!(all_entries(&bench).await.is_empty());
    let form = usual_form(&[("day", "other"), ("date", "2026-12-01")]);
    let (_, page) = post_form(&bench, "/catat", &form).await;
    assert!(page.contains("belum terjadi"), "{page}");
}

#[tokio::test]
async fn comma_and_point_are_understood_and_an_unclear_number_is_asked_about() {
    let bench = ApiTestBench::new();
    for (key, quantity, kept) in [
        ("a", "12,5", 12.5),
        ("b", "12.5", 12.5),
        ("c", "1.050,5 kg", 1050.5),
        ("d", "500 g", 0.5),
    ] {
        let form = usual_form(&[("key", key), ("quantity", quantity), ("who", key)]);
        let (status, place) = post_form(&bench, "/catat", &form).await;
        assert_eq!(status, StatusCode::SEE_OTHER, "{quantity}: {place}");
        let entries = all_entries(&bench).await;
        assert_eq!(entries.last().unwrap()["quantity"], kept, "{quantity}");
    }
    let form = usual_form(&[("key", "e"), ("quantity", "1.234")]);
    let (status, page) = post_form(&bench, "/catat", &form).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        page.contains("name=\"choice\" value=\"1234\">1.234 kg<"),
        "{page}"
    );
    assert!(
        page.contains("name=\"choice\" value=\"1.234\">1,234 kg<"),
        "{page}"
    );
    let form = usual_form(&[("key", "e"), ("quantity", "1.234"), ("choice", "1.234")]);
    assert_eq!(
        post_form(&bench, "/catat", &form).await.0,
        StatusCode::SEE_OTHER
    );
    assert_eq!(all_entries(&bench).await.last().unwrap()["quantity"], 1.234);
}

#[tokio::test]
async fn a_quantity_far_from_the_history_is_kept_only_after_one_more_tap() {
    let bench = ApiTestBench::new();
    for (key, day) in [
        ("a", "2026-11-20"),
        ("b", "2026-11-21"),
        ("c", "2026-11-22"),
    ] {
        let form = usual_form(&[("key", key), ("day", "other"), ("date", day)]);
        assert_eq!(
            post_form(&bench, "/catat", &form).await.0,
            StatusCode::SEE_OTHER
        );
    }
    let large = usual_form(&[("key", "d"), ("quantity", "50000")]);
    let (status, page) = post_form(&bench, "/catat", &large).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        page.contains("50.000 kg: yakin? Yang terbesar sebelumnya 12,5 kg."),
        "{page}"
    );
    let confirm = "bsf-fed 50000 2026-11-25";
    assert!(
        page.contains(&format!("name=\"confirm\" value=\"{confirm}\"")),
        "{page}"
    );
    assert_eq!(all_entries(&bench).await.len(), 3);
    // An answer to another question does not count.
    let other = usual_form(&[("key", "d"), ("quantity", "60000"), ("confirm", confirm)]);
    let (status, _) = post_form(&bench, "/catat", &other).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    let yes = usual_form(&[("key", "d"), ("quantity", "50000"), ("confirm", confirm)]);
    assert_eq!(
        post_form(&bench, "/catat", &yes).await.0,
        StatusCode::SEE_OTHER
    );
    assert_eq!(all_entries(&bench).await.len(), 4);
}

#[tokio::test]
async fn an_amount_that_cannot_be_is_refused_and_nothing_is_asked_about() {
    let bench = ApiTestBench::new();
    for (quantity, answer, confirm) in [
        ("999999999", "tidak mungkin dalam satu catatan", "999999999"),
        ("0", "0 kg: yakin tidak ada hasilnya?", ""),
    ] {
        let confirm = format!("bsf-fed {confirm} 2026-11-25");
        let form = usual_form(&[("quantity", quantity), ("confirm", &confirm)]);
        let (status, page) = post_form(&bench, "/catat", &form).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(page.contains(answer), "{page}");
    }
    assert_eq!(all_entries(&bench).await.len(), 0);
}

#[tokio::test]
async fn the_same_entry_twice_is_asked_about() {
    let bench = ApiTestBench::new();
    post_form(&bench, "/catat", &usual_form(&[])).await;
    let (status, page) = post_form(&bench, "/catat", &usual_form(&[("key", "b")])).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.contains("Catat sekali lagi?"), "{page}");
    let yes = usual_form(&[("key", "b"), ("confirm", "bsf-fed 12.5 2026-11-25")]);
    assert_eq!(
        post_form(&bench, "/catat", &yes).await.0,
        StatusCode::SEE_OTHER
    );
    assert_eq!(all_entries(&bench).await.len(), 2);
}

#[tokio::test]
async fn more_out_of_a_bin_than_was_fed_is_asked_about() {
    let text = crate::tests::SiteText::new("desa")
        .with("[store]\npath = 'store'")
        .tcp_bus("lan", 502)
        .device("probe", "lan", "unit = 1")
        .points(["{ id = 'core', register = 'holding:0', type = 'i16', unit = 'degC' }"])
        .asset("bin", "bsf", "temperature = 'probe.core'\nprobe = 'centre'")
        .text();
    let config = load_config_text(&text, Path::new("pantau.toml"), &|_| None).unwrap();
    let bench = ApiTestBench::of_config(&config);
    post_form(&bench, "/catat", &usual_form(&[])).await;
    let out = [
        ("key", "b"),
        ("indicator", "bsf-kasgot"),
        ("quantity", "20"),
    ];
    let (status, page) = post_form(&bench, "/catat", &usual_form(&out)).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.contains("pakannya hanya 12,5 kg"), "{page}");
    let less = [("key", "c"), ("indicator", "bsf-kasgot"), ("quantity", "5")];
    let (status, place) = post_form(&bench, "/catat", &usual_form(&less)).await;
    assert_eq!(status, StatusCode::SEE_OTHER, "{place}");
    let confirmed = [&out[..], &[("confirm", "bsf-kasgot 20 2026-11-25")]].concat();
    let (status, place) = post_form(&bench, "/catat", &usual_form(&confirmed)).await;
    assert_eq!(status, StatusCode::SEE_OTHER, "{place}");
}

#[tokio::test]
async fn an_entry_is_corrected_and_withdrawn_with_a_reason_and_stays_in_sight() {
    let bench = ApiTestBench::new();
    post_form(&bench, "/catat", &usual_form(&[])).await;
    let correction = [
        ("key", "k2"),
        ("quantity", "11,5"),
        ("when", "2026-11-25"),
        ("who", "Dewi"),
    ];
    let path = "/catat/entri/1/perbaiki";
    let (status, page) = post_form(&bench, path, &correction).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.contains("koreksi harus menyebut alasannya"), "{page}");
    let whole: Vec<_> = correction
        .iter()
        .copied()
        .chain([("reason", "salah baca")])
        .collect();
    let (status, place) = post_form(&bench, path, &whole).await;
    assert_eq!(
        (status, &*place),
        (StatusCode::SEE_OTHER, "/catat?tersimpan=2")
    );
    let (_, page) = get_page(&bench, "/catat").await;
    assert!(page.contains("<s>12,5 kg</s>"), "{page}");
    assert!(
        page.contains("Diganti oleh Dewi, 10.00.00 (entri 2)"),
        "{page}"
    );
    // The old entry cannot be replaced a second time.
    let again: Vec<_> = whole
        .iter()
        .copied()
        .filter(|(name, _)| *name != "key")
        .collect();
    let again: Vec<_> = again.into_iter().chain([("key", "k3")]).collect();
    let (status, page) = post_form(&bench, path, &again).await;
    assert_eq!(status, StatusCode::CONFLICT);
    assert!(page.contains("Entri itu sudah dikoreksi"), "{page}");
    let withdrawal = [("key", "k4"), ("reason", "dua kali"), ("who", "Dewi")];
    let (status, place) = post_form(&bench, "/catat/entri/2/batalkan", &withdrawal).await;
    assert_eq!(
        (status, &*place),
        (StatusCode::SEE_OTHER, "/catat?tersimpan=3")
    );
    assert!(
        get_page(&bench, &place)
            .await
            .1
            .contains("Entri dibatalkan")
    );
    let (_, page) = get_page(&bench, "/catat").await;
    assert!(
        page.contains("Dibatalkan oleh Dewi, 10.00.00 (entri 3)"),
        "{page}"
    );
    assert!(page.contains("dua kali"), "{page}");
    assert_eq!(bench.json("/api/v1/ledger").await, json!([]));
    assert_eq!(
        get_page(&bench, "/catat/entri/99").await.0,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn a_photo_is_kept_opens_and_survives_a_refusal() {
    let bench = ApiTestBench::new();
    let photo = "\u{7f}JPEG";
    let form = usual_form(&[("quantity", "x"), ("photo", photo)]);
    let (_, page) = post_form(&bench, "/catat", &form).await;
    let kept = page.split("name=\"kept_photo\" value=\"").nth(1).unwrap();
    let kept = kept.split('"').next().unwrap().to_owned();
    let form = usual_form(&[("kept_photo", &kept)]);
    assert_eq!(
        post_form(&bench, "/catat", &form).await.0,
        StatusCode::SEE_OTHER
    );
    let entries = all_entries(&bench).await;
    let file = &entries[0]["attachments"][0];
    assert_eq!(file["name"], "nota.jpg");
    let path = format!("/catat/foto/{}", file["sha256"].as_str().unwrap());
    let (_, page) = get_page(&bench, "/catat").await;
    assert!(page.contains(&path), "{page}");
    assert_eq!(
        get_page(&bench, &path).await,
        (StatusCode::OK, photo.to_owned())
    );
}

#[tokio::test]
async fn a_photo_of_fifteen_megabytes_goes_to_disk_and_the_same_form_again_is_one_entry() {
    let bench = ApiTestBench::new();
    let photo = "x".repeat(15 << 20);
    let form = usual_form(&[("photo", &photo)]);
    for _ in 0..2 {
        let (status, page) = post_form(&bench, "/catat", &form).await;
        assert_eq!(status, StatusCode::SEE_OTHER, "{page}");
    }
    let entries = all_entries(&bench).await;
    assert_eq!(entries.len(), 1);
    assert_eq!(entries[0]["attachments"][0]["bytes"], 15 << 20);
    // With another photo it is another form.
    let other = usual_form(&[("photo", "y")]);
    let (status, _) = post_form(&bench, "/catat", &other).await;
    assert_eq!(status, StatusCode::CONFLICT);
}

#[tokio::test]
async fn a_photo_of_fifty_megabytes_is_refused_and_the_form_is_not_lost() {
    let bench = ApiTestBench::new();
    let photo = "x".repeat(50 << 20);
    let form = usual_form(&[("note", "dengan foto"), ("photo", &photo)]);
    let (status, page) = post_form(&bench, "/catat", &form).await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
    assert!(
        page.contains("Foto terlalu besar: paling besar 20,9 MB"),
        "{page}"
    );
    assert!(
        page.contains("dengan foto") && page.contains("value=\"12,5\""),
        "{page}"
    );
    assert!(all_entries(&bench).await.is_empty());
}

#[tokio::test]
async fn a_form_that_waited_is_dated_by_its_own_time_and_answered_as_json() {
    let bench = ApiTestBench::new();
    // 2026-11-23 10:00 in Jakarta, two days before the present of the test.
    let form = usual_form(&[("queued", "1"), ("written", "1795402800000")]);
    let json_form = async |form: &[(&str, &str)]| {
        let (status, text) = post_form_for(&bench, "/catat", "application/json", form).await;
        let said: Value = serde_json::from_str(&text).unwrap();
        (status, said)
    };
    let first = json_form(&form).await;
    assert_eq!(first, (StatusCode::CREATED, json!({"id": 1})));
    // The first try of the same form was sent without these two fields.
    assert_eq!(json_form(&usual_form(&[])).await, first);
    let entries = all_entries(&bench).await;
    assert_eq!(entries.len(), 1);
    assert_eq!(entries[0]["when"], "2026-11-23");
    assert_eq!(
        entries[0]["note"],
        "(ditulis di ponsel 23 November 2026 10.00)"
    );
    let large = usual_form(&[("key", "b"), ("quantity", "50000")]);
    let (status, said) = json_form(&large).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        said["reason"].as_str().unwrap().contains("yakin?"),
        "{said}"
    );
    assert_eq!(said["confirm"], "bsf-fed 50000 2026-11-25");
    // A clock of a phone that is ahead does not date entries in the future.
    let ahead = usual_form(&[("key", "c"), ("queued", "1"), ("written", "1995402800000")]);
    assert_eq!(json_form(&ahead).await.0, StatusCode::CREATED);
    let entries = all_entries(&bench).await;
    assert_eq!(entries.last().unwrap()["when"], "2026-11-25");
}

#[tokio::test]
async fn what_is_measured_has_a_target_and_is_not_offered_to_be_written_down() {
    let text = include_str!("../../../assets/demo.toml");
    let config = load_config_text(text, Path::new("demo.toml"), &|_| None).unwrap();
    let bench = ApiTestBench::of_config(&config);
    for path in ["/catat", "/catat/luring", "/catat?isi=plts-generation"] {
        let (_, page) = get_page(&bench, path).await;
        let tile = |id: &str| page.contains(&format!("name=\"indicator\" value=\"{id}\""));
        assert!(tile("pupuk-cair") && tile("bsf-fed"), "{page}");
        assert!(!tile("plts-generation") && !tile("co2-net"), "{path}");
    }
    let (_, page) = get_page(&bench, "/catat/target").await;
    assert!(page.contains("\"plts-generation\""), "{page}");
}

#[tokio::test]
async fn targets_are_set_once_for_a_period() {
    let bench = ApiTestBench::new();
    let form = |key: &'static str, period: &'static str| {
        [
            ("key", key),
            ("kind", "target"),
            ("indicator", "jelantah"),
            ("quantity", "60"),
            ("period", "2026-11"),
            ("other_period", period),
            ("who", "Rina"),
        ]
    };
    let (status, place) = post_form(&bench, "/catat/target", &form("a", "")).await;
    assert_eq!(
        (status, &*place),
        (StatusCode::SEE_OTHER, "/catat/target?tersimpan=1")
    );
    let (status, page) = post_form(&bench, "/catat/target", &form("b", "")).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.contains("koreksi entri itu"), "{page}");
    let (status, page) = post_form(&bench, "/catat/target", &form("c", "bulan depan")).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.contains("bukan periode"), "{page}");
    let (_, page) = get_page(&bench, "/catat/target").await;
    assert!(
        page.contains("60 L") && page.contains("November 2026"),
        "{page}"
    );
    assert_eq!(all_entries(&bench).await[0]["kind"], "target");
}

const TABLE: &str = "tanggal;indikator;jumlah;satuan;cara;oleh\n\
    24/11/2026;bsf-fed;12,5;kg;ditimbang;Siti\n25/11/2026;jelantah;3;L;diukur;<b>Dewi</b>\n";

#[tokio::test]
async fn a_table_is_shown_before_it_is_recorded() {
    let bench = ApiTestBench::new();
    let (status, page) = post_form(&bench, "/catat/impor", &[("file", TABLE)]).await;
    assert_eq!(status, StatusCode::OK, "{page}");
    assert!(
        page.contains("Simpan semua") && page.contains("12,5 kg"),
        "{page}"
    );
    let read = "judul kolom di baris 1; koma desimal; 1 = tanggal, 2 = indikator";
    assert!(page.contains(read), "{page}");
    assert!(page.contains("&#60;b&#62;Dewi"), "{page}");
    assert!(all_entries(&bench).await.is_empty());
    let entries = page.split("name=\"entries\" value=\"").nth(1).unwrap();
    let entries = entries.split("\">").next().unwrap();
    let entries = [
        ("&#34;", "\""),
        ("&#60;", "<"),
        ("&#62;", ">"),
        ("&#38;", "&"),
    ]
    .iter()
    .fold(entries.to_owned(), |text, (from, to)| {
        text.replace(from, to)
    });
    let form = [("key", "tabel-1"), ("again", ""), ("entries", &*entries)];
    for _ in 0..2 {
        let (status, place) = post_form(&bench, "/catat/impor/simpan", &form).await;
        assert_eq!(
            (status, &*place),
            (StatusCode::SEE_OTHER, "/catat/impor?tersimpan=2")
        );
    }
    assert_eq!(all_entries(&bench).await.len(), 2);
    let (_, page) = post_form(&bench, "/catat/impor", &[("file", TABLE)]).await;
    assert!(page.contains("sudah tercatat sebagai entri 1"), "{page}");
    assert!(!page.contains("name=\"entries\""), "{page}");
}

#[tokio::test]
async fn a_table_with_headings_that_nobody_knows_is_read_by_the_columns_that_the_person_names() {
    let bench = ApiTestBench::new();
    let table = "Hari;Jenis;Berat (kg);Petugas lapangan\n24/11/2026;bsf-fed;12,5;Siti\n";
    let send = async |columns: &str| {
        let form = [("columns", columns), ("file", table)];
        post_form(&bench, "/catat/impor", &form).await
    };
    let (status, page) = send("").await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.contains("--column NAMA=tanggal"), "{page}");
    assert!(page.contains("name=\"columns\""), "{page}");
    let columns = "Hari=tanggal\r\n2=indikator\r\nBerat (kg)=jumlah\r\n\r\nPetugas lapangan=oleh";
    let (status, page) = send(columns).await;
    assert_eq!(status, StatusCode::OK, "{page}");
    assert!(page.contains("12,5 kg") && page.contains("Siti"), "{page}");
    // They stay in the form for the next try.
    assert!(page.contains("Petugas lapangan=oleh</textarea>"), "{page}");
    for (wrong, part) in [
        ("Hari=berat", "&#34;Hari=berat&#34; bukan NAMA=ISIAN"),
        ("Tgl panen=tanggal", "Tgl panen"),
    ] {
        let (status, page) = send(wrong).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{wrong}");
        assert!(page.contains(part), "{part}: {page}");
    }
}

#[tokio::test]
async fn faults_of_a_table_name_row_and_column() {
    let bench = ApiTestBench::new();
    let bad = TABLE.replace("jelantah;3", "jelantah;tiga");
    let (_, page) = post_form(&bench, "/catat/impor", &[("file", &bad)]).await;
    assert!(
        page.contains("baris 3, kolom C (jumlah): &#34;tiga&#34; bukan angka"),
        "{page}"
    );
    for (table, words) in [
        ("a;b\n1;2\n", "judul kolom tidak ada"),
        ("", "Pilih berkas"),
    ] {
        let (status, page) = post_form(&bench, "/catat/impor", &[("file", table)]).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(page.contains(words), "{page}");
    }
    for file in ["catatan.csv", "catatan.xlsx"] {
        let request = Request::get(format!("/catat/templat/{file}"))
            .header("host", "localhost")
            .body(Body::empty())
            .unwrap();
        let (status, place, _) = bench.send_with_location(request).await;
        assert_eq!((status, place), (StatusCode::OK, None), "{file}");
    }
}

#[tokio::test]
async fn the_kept_page_has_no_figures_and_the_application_has_its_files() {
    let bench = ApiTestBench::new();
    post_form(&bench, "/catat", &usual_form(&[])).await;
    let (_, page) = get_page(&bench, "/catat/luring").await;
    assert!(page.contains("data-offline=\"true\""), "{page}");
    assert!(page.contains("value=\"bsf-fed\""), "{page}");
    assert!(!page.contains("12,5") && !page.contains("2026"), "{page}");
    let (_, script) = get_page(&bench, "/sw.js").await;
    assert!(script.starts_with("const TAG = \"") && script.contains("/assets/entry.js?v="));
    let manifest = bench.json("/manifest.webmanifest?lang=en").await;
    assert_eq!(manifest["start_url"], "/catat");
    assert_eq!(manifest["lang"], "en");
    for icon in manifest["icons"].as_array().unwrap() {
        let request = Request::get(icon["src"].as_str().unwrap())
            .header("host", "localhost")
            .body(Body::empty())
            .unwrap();
        assert_eq!(bench.send_with_location(request).await.0, StatusCode::OK);
    }
    assert!(
        get_page(&bench, "/luring")
            .await
            .1
            .contains("Tidak ada koneksi")
    );
}

#[tokio::test]
async fn a_form_of_another_page_or_without_a_key_records_nothing() {
    let bench = ApiTestBench::new();
    let request = Request::post("/catat")
        .header("host", "localhost:8080")
        .header("origin", "http://evil.example")
        .header(
            "content-type",
            format!("multipart/form-data; boundary={BOUNDARY}"),
        )
        .body(Body::from(form_body(&usual_form(&[]))))
        .unwrap();
    assert_eq!(bench.send_request(request).await.0, StatusCode::FORBIDDEN);
    for key in ["", "a b", &"k".repeat(65)] {
        let (status, page) = post_form(&bench, "/catat", &usual_form(&[("key", key)])).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{key}");
        assert!(page.contains("value=\"12,5\""), "{page}");
    }
    let request = Request::post("/catat")
        .header("host", "localhost:8080")
        .body(Body::from("indicator=bsf-fed"))
        .unwrap();
    assert_eq!(bench.send_request(request).await.0, StatusCode::BAD_REQUEST);
    assert!(all_entries(&bench).await.is_empty());
}

#[tokio::test]
async fn the_texts_of_a_form_share_one_limit() {
    let bench = ApiTestBench::new();
    let long = "x".repeat(6 << 20);
    let form = usual_form(&[("a", &long), ("b", &long), ("what", "sisa dapur")]);
    let (status, page) = post_form(&bench, "/catat", &form).await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE, "{page}");
    assert!(page.contains("sisa dapur"));
    assert!(all_entries(&bench).await.is_empty());
}
