//! A report like those of a programme site: a month of solar power, water, compost and notes, with
//! gaps, long words, wide tables and a CO2 chapter that is not confirmed.

use gateway::model::UtcMs;
use gateway::report::chart::{Along, Chart, Form, Series, Target};
use gateway::report::document::{Block, Callout, Document, Named, Section, Tone};
use gateway::report::figure::{Figure, Figures, Origin, Status};
use gateway::report::table::{Column, Table, Total};
use gateway::report::value::{Kind, Value};
use gateway::words::Lang;
use jiff::civil::{Date, date};
use jiff::tz::TimeZone;

const ISSUED: UtcMs = UtcMs(1_796_090_400_000);
pub(super) const DIGEST: &str = "9f2c4b7e1d8a6035c4e2f19b7a6d3c8e0f5b2a917c4d6e8f1a3b5c7d9e0f2a4b";

/// The sample in one language.
pub(super) struct Sample {
    lang: Lang,
}

impl Sample {
    pub(super) fn document(lang: Lang) -> Document {
        let sample = Self { lang };
        Document {
            title: sample.say("Laporan bulanan", "Monthly report"),
            site: named("desa-impian", "PLTS Irigasi Desa Impian"),
            period: named("2026-11", "November 2026"),
            lang,
            zone: TimeZone::get("Asia/Jakarta").unwrap(),
            issued: ISSUED,
            revision: "r17 · 3e1c9a52".to_owned(),
            digest: DIGEST.to_owned(),
            sections: sample.sections(),
        }
    }

    fn say(&self, id: &str, en: &str) -> String {
        match self.lang {
            Lang::Id => id.to_owned(),
            Lang::En => en.to_owned(),
        }
    }

    fn sections(&self) -> Vec<Section> {
        vec![
            self.section("summary", ["Ringkasan", "Summary"], self.summary()),
            self.section("energy", ["Energi surya", "Solar energy"], self.energy()),
            self.section("water", ["Air", "Water"], self.water()),
            self.section(
                "compost",
                ["Kompos dan maggot", "Compost and maggots"],
                self.compost(),
            ),
            self.section("ledger", ["Buku catatan", "Ledger"], self.ledger()),
            self.section(
                "carbon",
                ["Emisi yang dihindari", "Emissions avoided"],
                self.carbon(),
            ),
            self.section(
                "coverage",
                ["Kelengkapan data", "Data completeness"],
                self.coverage(),
            ),
            self.annex(
                "form",
                ["Formulir petugas TJSL", "TJSL officer's form"],
                self.form(),
            ),
            self.annex("method", ["Metode", "Methods"], self.methods()),
        ]
    }

    fn section(&self, id: &str, [in_id, en]: [&str; 2], blocks: Vec<Block>) -> Section {
        Section {
            id: id.to_owned(),
            title: self.say(in_id, en),
            tab: String::new(),
            annex: false,
            blocks,
        }
    }

    fn annex(&self, id: &str, title: [&str; 2], blocks: Vec<Block>) -> Section {
        let mut section = self.section(id, title, blocks);
        section.annex = true;
        section
    }

    fn figure(&self, id: &str, [in_id, en]: [&str; 2], value: Value, kind: Kind) -> Figure {
        Figure::new(id, &self.say(in_id, en), value, kind)
    }

    fn column(&self, id: &str, [in_id, en]: [&str; 2], kind: Kind) -> Column {
        Column::new(id, &self.say(in_id, en), kind)
    }

    fn summary(&self) -> Vec<Block> {
        let text = self.say(
            "Pompa surya bekerja pada 27 dari 30 hari. Volume air terpompa melampaui target, \
             sedangkan energi yang dihasilkan sedikit di bawah target karena hujan pada pekan kedua.",
            "The solar pump ran on 27 of 30 days. The volume pumped exceeded its target; the energy \
             generated stayed slightly below it because of rain in the second week.",
        );
        let mut energy = self.figure(
            "energy.generated",
            ["Energi dihasilkan", "Energy generated"],
            Value::Number(234.567_8),
            Kind::number("kWh", 1),
        );
        energy.plus_minus = Some(2.41);
        energy.target = Some(250.0);
        energy.completeness = Some(0.974);
        energy.origin = Some(Origin::Meter);
        energy.method = "A.1".to_owned();
        let mut water = self.figure(
            "water.pumped",
            ["Volume air terpompa", "Volume pumped"],
            Value::Number(1_284.36),
            Kind::number("m³", 0),
        );
        water.plus_minus = Some(38.2);
        water.target = Some(1_200.0);
        water.completeness = Some(0.86);
        water.origin = Some(Origin::Measured);
        water.status = Status::Partial;
        vec![
            Block::Paragraph(text),
            Block::Figures(Figures {
                id: "headline".to_owned(),
                items: vec![
                    energy,
                    water,
                    self.claim(),
                    self.harvest(),
                    self.income(),
                    self.turbidity(),
                ],
            }),
        ]
    }

    fn claim(&self) -> Figure {
        let mut claim = self.figure(
            "carbon.net",
            ["CO₂ yang dihindari (bersih)", "CO₂ avoided (net)"],
            Value::Number(0.187_654),
            Kind::claim("t CO₂e", 2),
        );
        claim.plus_minus = Some(0.0188);
        claim.status = Status::Provisional;
        claim.completeness = Some(0.974);
        claim.origin = Some(Origin::Estimated);
        claim.method = "C.3".to_owned();
        claim.factors = vec!["grid.sumatera.2019.cm5050_expost".to_owned()];
        claim.notes = vec![self.say(
            "Faktor emisi jaringan belum dikonfirmasi dengan halaman resmi.",
            "The grid emission factor is not confirmed by its official page yet.",
        )];
        claim
    }

    fn harvest(&self) -> Figure {
        let mut harvest = self.figure(
            "bsf.harvest",
            ["Maggot dipanen", "Maggots harvested"],
            Value::Number(86.5),
            Kind::number("kg", 1),
        );
        harvest.origin = Some(Origin::Manual);
        harvest.target = Some(80.0);
        harvest
    }

    fn income(&self) -> Figure {
        let mut income = self.figure(
            "social.income",
            ["Pendapatan kelompok", "Income of the group"],
            Value::Number(70_700_000.0),
            Kind::number("Rp", 0),
        );
        income.origin = Some(Origin::Declared);
        income
    }

    fn turbidity(&self) -> Figure {
        let reason = self.say(
            "Sensor belum terpasang.",
            "The sensor is not installed yet.",
        );
        self.figure(
            "water.turbidity",
            ["Kekeruhan air", "Turbidity"],
            Value::Missing(reason),
            Kind::number("NTU", 1),
        )
    }

    fn energy(&self) -> Vec<Block> {
        let daily = daily(9.1, 4.0, &[8, 9, 17]);
        let used: Vec<Option<f64>> = daily.iter().map(|v| v.map(|v| v * 0.62)).collect();
        let export: Vec<Option<f64>> = daily.iter().map(|v| v.map(|v| v * 0.38)).collect();
        let title = self.say("Energi per hari", "Energy per day");
        let bars = Chart {
            id: "energy-daily".to_owned(),
            title,
            form: Form::Stacked,
            kind: Kind::number("kWh", 1),
            along: Along::Days(days()),
            series: vec![
                self.series("used", ["Dipakai sendiri", "Used on site"], used.clone()),
                self.series(
                    "export",
                    ["Dikirim ke jaringan", "Exported"],
                    export.clone(),
                ),
            ],
            target: Some(Target {
                label: self.say("Target", "Target"),
                value: 8.33,
            }),
        };
        let ratio: Vec<Option<f64>> = (0..30)
            .map(|day| daily[day].map(|_| 0.79 + 0.03 * wave(day, 3.0)))
            .collect();
        let ratio = Chart {
            id: "energy-pr".to_owned(),
            title: self.say("Rasio kinerja (PR)", "Performance ratio (PR)"),
            form: Form::Line,
            kind: Kind::Percent(0),
            along: Along::Days(days()),
            series: vec![self.series("pr", ["Rasio kinerja", "Performance ratio"], ratio)],
            target: None,
        };
        vec![
            Block::Chart(bars),
            Block::Chart(ratio),
            Block::Table(self.energy_table(&daily, &used, &export)),
        ]
    }

    fn energy_table(
        &self,
        daily: &[Option<f64>],
        used: &[Option<f64>],
        export: &[Option<f64>],
    ) -> Table {
        let kwh = || Kind::number("kWh", 2);
        let reason = self.say(
            "Gateway mati karena listrik padam; tidak ada bacaan.",
            "The gateway was without power; there are no readings.",
        );
        let mut table = Table::new(
            "energy-days",
            &self.say("Energi harian", "Daily energy"),
            vec![
                self.column("date", ["Tanggal", "Date"], Kind::Date),
                self.column("generated", ["Dihasilkan", "Generated"], kwh())
                    .totalled(Total::Sum),
                self.column("used", ["Dipakai sendiri", "Used on site"], kwh())
                    .totalled(Total::Sum),
                self.column("export", ["Dikirim", "Exported"], kwh())
                    .totalled(Total::Sum),
                self.column(
                    "yield",
                    ["Hasil spesifik", "Specific yield"],
                    Kind::number("kWh/kWp", 2),
                )
                .totalled(Total::Mean),
                self.column(
                    "complete",
                    ["Kelengkapan", "Completeness"],
                    Kind::Percent(1),
                )
                .totalled(Total::Mean),
                self.column("note", ["Cat.", "Note"], Kind::Note),
            ],
        );
        table.total_label = self.say("Jumlah / rata-rata", "Total / mean");
        for (day, date) in days().into_iter().enumerate() {
            let known = |v: Option<f64>| Value::known(v, &reason);
            let rainy = self.say("Hujan sepanjang hari.", "Rain all day.");
            table.rows.push(vec![
                Value::Date(date),
                known(daily[day]),
                known(used[day]),
                known(export[day]),
                known(daily[day].map(|v| v / 2.0)),
                Value::Number(if daily[day].is_some() {
                    0.97 + 0.02 * wave(day, 2.0)
                } else {
                    0.0
                }),
                if (10..14).contains(&day) {
                    Value::Text(rainy)
                } else {
                    Value::Empty
                },
            ]);
        }
        table
    }

    fn series(&self, id: &str, [in_id, en]: [&str; 2], values: Vec<Option<f64>>) -> Series {
        Series {
            id: id.to_owned(),
            label: self.say(in_id, en),
            values,
        }
    }

    fn water(&self) -> Vec<Block> {
        let pumped = daily(45.0, 12.0, &[8, 9]);
        let chart = Chart {
            id: "water-daily".to_owned(),
            title: self.say(
                "Air terpompa dan dipakai per hari",
                "Water pumped and used per day",
            ),
            form: Form::Bars,
            kind: Kind::number("m³", 0),
            along: Along::Days(days()),
            series: vec![
                self.series("pumped", ["Terpompa", "Pumped"], pumped.clone()),
                self.series("used", ["Dipakai", "Used"], daily(41.0, 9.0, &[8, 9, 20])),
            ],
            target: None,
        };
        let mut table = Table::new(
            "tanks",
            &self.say("Tandon", "Tanks"),
            vec![
                self.column("tank", ["Tandon", "Tank"], Kind::Text),
                self.column("capacity", ["Kapasitas", "Capacity"], Kind::number("L", 0))
                    .totalled(Total::Sum),
                self.column(
                    "rain",
                    ["Air hujan tertangkap", "Rain captured"],
                    Kind::number("m³", 2),
                )
                .totalled(Total::Sum),
                self.column(
                    "left",
                    ["Cukup untuk", "Lasts for"],
                    Kind::number(&self.say("hari", "days"), 1),
                ),
                self.column(
                    "leaks",
                    ["Malam diduga bocor", "Nights of suspected leaks"],
                    Kind::number("", 0),
                )
                .totalled(Total::Sum),
            ],
        );
        table.total_label = self.say("Jumlah", "Total");
        let no_use = self.say(
            "Tidak ada pemakaian dalam periode ini.",
            "No use in this period.",
        );
        for (name, capacity, rain, left, leaks) in [
            ("Tandon A", 5_300.0, 12.4, Some(6.5), 0.0),
            ("Tandon B (toren)", 1_100.0, 3.05, None, 2.0),
        ] {
            table.rows.push(vec![
                Value::text(name),
                Value::Number(capacity),
                Value::Number(rain),
                Value::known(left, &no_use),
                Value::Number(leaks),
            ]);
        }
        vec![Block::Chart(chart), Block::Table(table)]
    }

    fn compost(&self) -> Vec<Block> {
        let core: Vec<Option<f64>> = (0..30)
            .map(|day| (day != 20).then(|| 52.0 + 9.0 * wave(day, 6.0)))
            .collect();
        let ambient: Vec<Option<f64>> = (0..30)
            .map(|day| Some(27.0 + 2.0 * wave(day, 2.5)))
            .collect();
        let chart = Chart {
            id: "compost-temperature".to_owned(),
            title: self.say("Suhu tumpukan kompos", "Compost temperature"),
            form: Form::Line,
            kind: Kind::number("°C", 1),
            along: Along::Days(days()),
            series: vec![
                self.series("core", ["Inti tumpukan", "Core"], core),
                self.series("ambient", ["Udara", "Air"], ambient),
            ],
            target: Some(Target {
                label: self.say("Batas higienis", "Hygienic limit"),
                value: 55.0,
            }),
        };
        vec![Block::Chart(chart)]
    }

    fn ledger(&self) -> Vec<Block> {
        let mut table = Table::new(
            "entries",
            &self.say("Catatan petugas", "Staff records"),
            vec![
                self.column("time", ["Waktu", "Time"], Kind::Time),
                self.column("what", ["Kegiatan", "Activity"], Kind::Text),
                self.column("mass", ["Massa", "Mass"], Kind::number("kg", 1))
                    .totalled(Total::Sum),
                self.column("value", ["Nilai", "Value"], Kind::number("Rp", 0))
                    .totalled(Total::Sum),
                self.column("who", ["Petugas", "By"], Kind::Text),
                self.column("note", ["Keterangan", "Remark"], Kind::Text),
            ],
        );
        table.total_label = self.say("Jumlah", "Total");
        let remark = self.say(
            "Ditimbang di lokasi dengan timbangan gantung, foto 12",
            "Weighed on site with a hanging scale, photo 12",
        );
        for entry in 0..14_u8 {
            let at = UtcMs(1_793_500_000_000 + i64::from(entry) * 86_400_000 * 2);
            let fed = self.say("Sampah organik untuk maggot", "Organic waste for maggots");
            let sold = self.say("Kasgot dijual", "Frass sold");
            let is_sale = entry % 4 == 3;
            table.rows.push(vec![
                Value::Time(at),
                Value::Text(if is_sale { sold } else { fed }),
                Value::Number(12.0 + f64::from(entry) * 0.7),
                if is_sale {
                    Value::Number(150_000.0)
                } else {
                    Value::Empty
                },
                Value::text("Siti Rahmawati"),
                Value::Text(remark.clone()),
            ]);
        }
        vec![Block::Table(table)]
    }

    fn carbon(&self) -> Vec<Block> {
        let callout = Callout {
            tone: Tone::Provisional,
            title: self.say("Angka sementara", "Provisional figures"),
            text: self.say(
                "Faktor emisi jaringan Sumatera 2019 belum dibandingkan dengan halaman resminya. \
                 Angka CO₂ di bawah ini dapat berubah dan belum boleh dikutip sebagai hasil akhir.",
                "The emission factor of the Sumatera grid, 2019, has not been compared with its \
                 official page. The CO₂ figures below may change and are not to be quoted as final.",
            ),
        };
        let mut table = Table::new(
            "carbon-lines",
            &self.say("Perhitungan", "Computation"),
            vec![
                self.column("line", ["Baris", "Line"], Kind::Text),
                self.column("value", ["Nilai", "Value"], Kind::number("t CO₂e", 4)),
                self.column("how", ["Asal angka", "Where it comes from"], Kind::Text),
            ],
        );
        for (line, en, value, how) in [
            (
                "Emisi kondisi awal (baseline)",
                "Baseline emissions",
                0.2205,
                "234,57 kWh × 0,94 t/MWh ÷ 1000",
            ),
            (
                "Emisi proyek",
                "Project emissions",
                0.0328,
                "listrik cadangan 34,9 kWh → 0,0328 t",
            ),
            ("Kebocoran emisi", "Leakage", 0.0, "≤ 1 %"),
            ("Bersih", "Net", 0.1877, "gross − proyek ≥ 0"),
        ] {
            table.rows.push(vec![
                Value::Text(self.say(line, en)),
                Value::Number(value),
                Value::text(how),
            ]);
        }
        vec![
            Block::Callout(callout),
            Block::Table(table),
            Block::Heading(self.say("Cara membulatkan", "Rounding")),
            Block::Paragraph(self.say(
                "Manfaat dibulatkan ke bawah dan beban dibulatkan ke atas, sehingga angka yang \
                 diklaim tidak pernah lebih besar daripada hasil hitungan.",
                "Benefits are rounded down and burdens up, so that a claim is never larger than what \
                 was computed.",
            )),
        ]
    }

    fn coverage(&self) -> Vec<Block> {
        let share: Vec<Option<f64>> = (0..30)
            .map(|day| match day {
                8 | 9 => None,
                17 => Some(0.41),
                _ => Some(0.96 + 0.04 * wave(day, 2.0)),
            })
            .collect();
        let calendar = Chart {
            id: "coverage-days".to_owned(),
            title: self.say("Kelengkapan data per hari", "Data completeness per day"),
            form: Form::Calendar,
            kind: Kind::Percent(0),
            along: Along::Days(days()),
            series: vec![self.series("share", ["Terukur", "Measured"], share)],
            target: None,
        };
        let mut table = Table::new(
            "events",
            &self.say("Kejadian data", "Data events"),
            vec![
                self.column("time", ["Waktu", "Time"], Kind::Time),
                self.column("point", ["Titik ukur", "Point"], Kind::Text),
                self.column("event", ["Kejadian", "Event"], Kind::Text),
            ],
        );
        for (at, point, id, en) in [
            (
                1_794_100_000_000,
                "inverter.ac_energy",
                "Penghitung kembali ke nol; dijumlahkan dari nol.",
                "Counter reset; added up from zero.",
            ),
            (
                1_794_200_000_000,
                "tandon_atas_pengisian_otomatis_irigasi_blok_utara_dan_selatan.tinggi_muka_air",
                "Jeda 31 jam.",
                "Gap of 31 hours.",
            ),
        ] {
            table.rows.push(vec![
                Value::Time(UtcMs(at)),
                Value::text(point),
                Value::Text(self.say(id, en)),
            ]);
        }
        let warning = Callout {
            tone: Tone::Warning,
            title: self.say("Dua hari tanpa data", "Two days without data"),
            text: self.say(
                "Pada 9 dan 10 November gateway tidak mendapat listrik. Hari-hari itu tidak diisi \
                 dengan perkiraan.",
                "On 9 and 10 November the gateway had no power. Those days are not filled in.",
            ),
        };
        vec![
            Block::Callout(warning),
            Block::Chart(calendar),
            Block::Table(table),
        ]
    }

    /// The line table of a TJSL officer: wider than any paper.
    fn form(&self) -> Vec<Block> {
        let text = |id, in_id, en| self.column(id, [in_id, en], Kind::Text);
        let number = |id, in_id, en, unit| self.column(id, [in_id, en], Kind::number(unit, 2));
        let mut table = Table::new(
            "officer",
            &self.say(
                "Satu baris untuk tiap indikator",
                "One line for each indicator",
            ),
            vec![
                text("indicator", "Indikator", "Indicator"),
                text("site", "Lokasi", "Site"),
                text("programme", "Program", "Programme"),
                self.column("quantity", ["Jumlah", "Quantity"], Kind::number("", 2)),
                text("unit", "Satuan", "Unit"),
                self.column("from", ["Dari", "From"], Kind::Date),
                self.column("to", ["Sampai", "To"], Kind::Date),
                text("origin", "Asal", "Origin"),
                self.column("share", ["Terukur", "Measured"], Kind::Percent(0)),
                text("baseline", "Kode baseline", "Baseline code"),
                text("method", "Metode", "Method"),
                text("factor", "Faktor dan tahun", "Factor and vintage"),
                text("status", "Status faktor", "Factor status"),
                number("gross", "Kotor", "Gross", "t CO₂e"),
                number("project", "Proyek", "Project", "t CO₂e"),
                number("net", "Bersih", "Net", "t CO₂e"),
                self.column(
                    "spread",
                    ["Ketidakpastian", "Uncertainty"],
                    Kind::Percent(0),
                ),
                text("rounding", "Pembulatan", "Rounding"),
                text("evidence", "Bukti", "Evidence"),
                text("prepared", "Disiapkan oleh", "Prepared by"),
                text("checked", "Diperiksa oleh", "Checked by"),
                text("owner", "Pemilik klaim", "Claim owner"),
                text("proper", "Aspek PROPER", "PROPER aspect"),
                text("sdg", "TPB", "SDG"),
                text("gri", "GRI", "GRI"),
                text("note", "Keterangan", "Remark"),
            ],
        );
        for (id, en, quantity, unit) in [
            (
                "Energi surya dihasilkan",
                "Solar energy generated",
                234.57,
                "kWh",
            ),
            ("Air terpompa", "Water pumped", 1284.36, "m³"),
            (
                "Sampah organik diolah",
                "Organic waste treated",
                412.0,
                "kg",
            ),
        ] {
            table
                .rows
                .push(self.form_row(&self.say(id, en), quantity, unit));
        }
        vec![Block::Table(table)]
    }

    fn form_row(&self, indicator: &str, quantity: f64, unit: &str) -> Vec<Value> {
        let is_energy = unit == "kWh";
        let carbon = |value: f64| {
            if is_energy {
                Value::Number(value)
            } else {
                Value::Empty
            }
        };
        let text = |value: &str| {
            if is_energy {
                Value::text(value)
            } else {
                Value::Empty
            }
        };
        vec![
            Value::text(indicator),
            Value::text("Desa Impian"),
            Value::Text(self.say("PLTS irigasi", "Solar irrigation")),
            Value::Number(quantity),
            Value::text(unit),
            Value::Date(date(2026, 11, 1)),
            Value::Date(date(2026, 11, 30)),
            Value::Text(self.say("terukur", "measured")),
            Value::Number(0.974),
            text("GRID"),
            text("C.3"),
            text("grid.sumatera.2019.cm5050_expost"),
            text(&self.say("sementara", "provisional")),
            carbon(0.2205),
            carbon(0.0328),
            carbon(0.1877),
            Value::Number(0.1),
            Value::Text(self.say("ke bawah", "down")),
            Value::text("L-0031, L-0032"),
            Value::text("Siti Rahmawati"),
            Value::Empty,
            Value::text("Desa Impian"),
            Value::Text(self.say("Pemberdayaan masyarakat", "Community empowerment")),
            Value::text("7, 13"),
            Value::text("302-4, 305-5"),
            Value::Empty,
        ]
    }

    fn methods(&self) -> Vec<Block> {
        let mut table = Table::new(
            "method-list",
            &self.say("Persamaan", "Equations"),
            vec![
                self.column("id", ["Kode", "Id"], Kind::Text),
                self.column("equation", ["Persamaan", "Equation"], Kind::Text),
                self.column("meaning", ["Arti", "Meaning"], Kind::Text),
            ],
        );
        for (id, equation, in_id, en) in [
            (
                "A.1",
                "E = Σ ½ (P₁ + P₂) · Δt, Δt ≤ Δt_max",
                "Energi dari daya; jeda tidak diisi.",
                "Energy from power; gaps are not filled.",
            ),
            (
                "C.3",
                "BE = E × EF, ER = BE − PE − L ≥ 0",
                "Emisi yang dihindari.",
                "Emissions avoided.",
            ),
            (
                "G.2",
                "u²(y) = ∑ (∂y/∂x)² u²(x), k = 2",
                "Ketidakpastian gabungan.",
                "Combined uncertainty.",
            ),
        ] {
            table.rows.push(vec![
                Value::text(id),
                Value::text(equation),
                Value::Text(self.say(in_id, en)),
            ]);
        }
        vec![Block::Table(table)]
    }
}

fn named(id: &str, name: &str) -> Named {
    Named {
        id: id.to_owned(),
        name: name.to_owned(),
    }
}

pub(super) fn days() -> Vec<Date> {
    (1..=30).map(|day| date(2026, 11, day)).collect()
}

/// Something between -1 and 1 that goes up and down every `period` days.
#[expect(clippy::cast_precision_loss, reason = "days of a month")]
fn wave(day: usize, period: f64) -> f64 {
    (day as f64 / period).sin()
}

fn daily(mean: f64, swing: f64, missing: &[usize]) -> Vec<Option<f64>> {
    let value = |day: usize| mean + swing * wave(day, 4.3);
    let days = (0..30).map(|day| (!missing.contains(&day)).then(|| value(day)));
    days.collect()
}
