//! A report like those of a programme site: a month of solar power, water, compost and notes, with
//! gaps, long words, wide tables and a CO2 chapter that is not confirmed.

use gateway::model::UtcMs;
use gateway::report::chart::{Along, Chart, Form, Series, Target};
use gateway::report::document::{Block, Document, Named, Section};
use gateway::report::figure::{Figure, Figures, Origin, Status};
use gateway::report::table::{Column, Table, Total};
use gateway::report::value::{Kind, Value};
use gateway::words::Lang;
use jiff::civil::{Date, date};
use jiff::tz::TimeZone;

mod later;

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
        "A.1".clone_into(&mut energy.method);
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
        "C.3".clone_into(&mut claim.method);
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
