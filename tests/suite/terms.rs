//! One concept, one term: what `docs/glossary.md` replaced is in no message that people read.

use crate::source::project_root;
use crate::tidy::assert_no_faults;

/// Terms of Bahasa Indonesia that messages do not use, and what stands in their place.
const DROPPED_ID: &[(&str, &str)] = &[
    ("perangkat", "alat"),
    ("gerbang", "gateway, konverter Modbus"),
    ("mesin ini", "komputer ini"),
    ("ditanya", "dibaca"),
    ("bertanya", "membaca"),
    ("pertanyaan", "permintaan"),
    ("tangki", "tandon"),
    ("toren", "tandon"),
    ("bak", "tandon, biopond"),
    ("bin", "biopond"),
    ("muka air", "ketinggian air"),
    ("diverifikasi", "diperiksa, dicocokkan"),
    ("terverifikasi", "diperiksa"),
    ("meteran listrik", "kWh meter"),
    ("meter listrik", "kWh meter"),
    ("meter energi", "kWh meter"),
    ("energi meter", "energi kWh meter"),
    ("energi diambil", "energi impor"),
    ("energi dikirim", "energi ekspor"),
    ("pencacah", "penghitung"),
    ("hitungan meter", "penghitung"),
    ("energi dihasilkan", "produksi energi PLTS"),
    ("energi surya", "energi PLTS"),
    ("larik", "panel surya"),
    ("insolasi", "iradiasi"),
    ("iradiasi", "iradiansi, for W/m²"),
    ("hasil acuan", "yield acuan"),
    ("hasil akhir", "yield akhir"),
    ("hasil spesifik", "yield spesifik"),
    ("pompa kering", "pompa tanpa air (dry run)"),
    ("hidrolik", "hidraulik"),
    ("hidrolika", "hidraulika"),
    ("larva", "maggot"),
    ("umpan", "pakan"),
    ("diumpankan", "diberikan"),
    ("residu", "kasgot"),
    ("lot", "batch (siklus)"),
    ("tps-3r", "TPS 3R"),
    ("timbulan", "emisi metana"),
    ("kondisi awal (baseline)", "baseline"),
    ("terhindar", "yang dihindari"),
    ("reduksi emisi", "penurunan emisi GRK"),
    ("kotor", "bruto"),
    ("bersih", "neto"),
    ("faktor jaringan", "faktor emisi jaringan"),
    ("setara co2", "CO₂e"),
    ("setara co₂", "CO₂e"),
    ("tco2e", "tCO₂e"),
    ("potensi pemanasan", "potensi pemanasan global (GWP)"),
    ("celah", "data kosong"),
    ("saat tanpa data", "data kosong"),
    ("sah", "valid"),
    ("sahih", "valid"),
    ("dipertanggungjawabkan", "valid"),
    ("belum final", "sementara"),
    ("asal", "sumber data"),
    ("halaman resmi", "dokumen resmi"),
    ("naskah asli", "dokumen asli"),
    ("anggapan", "asumsi"),
    ("aturan produk ini", "asumsi"),
    ("buku catatan", "catatan petugas"),
    ("catatan (ledger)", "catatan petugas"),
    ("sidik", "nilai hash"),
    ("kuitansi", "nota atau tanda terima"),
    ("nomor unit", "alamat unit"),
    ("setelan", "pengaturan"),
    ("disetel", "diatur"),
    ("manual", "buku petunjuk"),
    ("nasib", "penanganan"),
    ("bising", "gangguan"),
    ("tidur", "tidak aktif"),
    ("tiruan", "simulasi"),
    ("dipercaya", "diterima"),
    ("cakram", "media penyimpanan"),
    ("mis.", "misalnya"),
    ("dulu", "dahulu"),
    ("pembuat", "pabrikan"),
    ("galat", "kesalahan"),
    ("antar", "antar- joined to its noun"),
    ("bila tidak disebut", "(bawaan: ...)"),
];

/// Fixed phrases in which such a term is right.
const PHRASES_ID: &[&str] = &[
    "setelan pabrik",
    "secara manual",
    "potensi pemanasan global",
];

/// Riddles and pictures that English messages do without.
const DROPPED_EN: &[(&str, &str)] = &[
    ("believed", "accepted, limit"),
    ("nobody", "no device, not"),
    ("somebody", "a person"),
    ("stand behind", "allowed for"),
    ("stands", "is"),
    ("anew", "again, restart"),
    ("asleep", "inactive"),
    ("speaks", "is active"),
    ("listens", "is open"),
    ("silent", "does not answer"),
    ("noisy", "interference"),
    ("told", "shown, distinguished"),
    ("reckoned", "computed"),
    ("worked out", "computed"),
    ("by hand", "manually"),
    ("written down", "recorded"),
    ("write down", "record"),
    ("what became", "state"),
    ("make no", "cannot be computed"),
    ("let go", "deleted"),
    ("this machine", "this computer"),
    ("defended", "valid"),
];

/// Messages that keep a dropped term: key, term, reason.
const KEPT: &[(&str, &str, &str)] = &[
    ("analyse-method-poa-insolation", "iradiasi", "kWh/m²"),
    ("indicator-plts-insolation", "iradiasi", "kWh/m²"),
    (
        "analyse-method-soiling-ratio",
        "bersih",
        "a cell without dust",
    ),
    ("cli-arg-agreed", "bertanya", "the person is asked"),
    (
        "account-no-statement",
        "dipertanggungjawabkan",
        "about the claim",
    ),
    ("account-no-statement", "defended", "about the claim"),
    ("fault-alarm-tests", "silent", "a key of the configuration"),
];

/// Key and text of every message of a language, with its placeholders as `#`.
fn messages(language: &str) -> Vec<(String, String)> {
    let path = project_root().join(format!("gateway/assets/words/{language}.ftl"));
    let text = std::fs::read_to_string(path).unwrap();
    let mut found: Vec<(String, String)> = Vec::new();
    for line in text.lines() {
        let is_message = line.starts_with(|c: char| c.is_ascii_lowercase());
        if let Some((key, value)) = line.split_once(" = ").filter(|_| is_message) {
            found.push((key.to_owned(), plain(value)));
        } else if let Some((_, text)) = found.last_mut().filter(|_| line.starts_with(' ')) {
            *text += &plain(line);
        }
    }
    found
}

/// Small letters, with `#` for what is between braces.
fn plain(value: &str) -> String {
    let parts = value.split('{').enumerate();
    let outside = parts.map(|(at, part)| match part.split_once('}') {
        Some((_, rest)) if at > 0 => rest,
        _ => part,
    });
    outside.collect::<Vec<_>>().join("#").to_lowercase()
}

/// Whether a text has a term as a word of its own; `-nya` may follow it.
fn uses(text: &str, term: &str) -> bool {
    let is_letter = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(term).any(|(at, _)| {
        let (before, after) = (&text[..at], &text[at + term.len()..]);
        // The suffix means "its" or "the" and joins any noun.
        let after = after.strip_prefix("nya").unwrap_or(after);
        let is_open = !term.ends_with(is_letter) || !after.starts_with(is_letter);
        is_open && !before.ends_with(is_letter)
    })
}

fn dropped(language: &str, terms: &[(&str, &str)], phrases: &[&str]) -> Vec<String> {
    let mut faults = Vec::new();
    for (key, text) in messages(language) {
        let text = phrases.iter().fold(text, |text, one| text.replace(one, ""));
        for (term, instead) in terms {
            let is_kept = KEPT.iter().any(|(k, t, _)| *k == key && t == term);
            if uses(&text, term) && !is_kept {
                faults.push(format!(
                    "{language}.ftl: `{key}` says \"{term}\": write \"{instead}\", or give the \
                     message a reason in KEPT (tests/suite/terms.rs)"
                ));
            }
        }
    }
    faults
}

#[test]
fn no_message_uses_a_term_that_the_glossary_replaced() {
    let mut faults = dropped("id", DROPPED_ID, PHRASES_ID);
    faults.extend(dropped("en", DROPPED_EN, &[]));
    assert_no_faults(&faults);
}

#[test]
fn a_measuring_point_is_named_in_full_and_a_percent_sign_follows_its_number() {
    let mut faults = Vec::new();
    for (key, text) in messages("id") {
        // Alone, "titik" is also a full stop.
        let short = text.find("titik").filter(|_| uses(&text, "titik"));
        let rest = short.map_or("", |at| text[at + "titik".len()..].trim_start());
        let follows = ["ukur", "nol", "desimal", ")"];
        if short.is_some() && !follows.iter().any(|word| rest.starts_with(word)) {
            faults.push(format!(
                "id.ftl: `{key}` says \"titik\": write \"titik ukur\" first"
            ));
        }
    }
    for language in ["id", "en"] {
        for (key, text) in messages(language) {
            if text.contains(" %") {
                faults.push(format!("{language}.ftl: `{key}` has a space before %"));
            }
        }
    }
    assert_no_faults(&faults);
}
