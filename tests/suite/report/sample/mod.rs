//! A report like those of a programme site: a month of solar power, water, compost and notes, with
//! gaps, long words, wide tables and a CO2 chapter that is not confirmed.

use gateway::domain::UtcMs;
use gateway::evidence::{ChainHead, ReportEvidence};
use gateway::i18n::Language;
use gateway::report::render::cell_value::{CellValue, ValueKind};
use gateway::report::render::chart::{
    ChartForm, ChartSeries, ChartSteps, ChartTarget, ReportChart,
};
use gateway::report::render::document::{
    LabelledId, PageStanding, ReportBlock, ReportDocument, ReportSection,
};
use gateway::report::render::figure::{FigureStatus, KeyFigure, KeyFigures, ValueOrigin};
use gateway::report::render::table::{ColumnTotalKind, ReportColumn, ReportTable};
use jiff::civil::{Date, date};
use jiff::tz::TimeZone;

mod later;

const ISSUED: UtcMs = UtcMs(1_796_090_400_000);
pub(super) const DIGEST: &str = "9f2c4b7e1d8a6035c4e2f19b7a6d3c8e0f5b2a917c4d6e8f1a3b5c7d9e0f2a4b";

/// Evidence with a record, and with an entry and a configuration that no record names yet.
fn sample_evidence() -> ReportEvidence {
    let digits = "c0ffee".repeat(11)[..64].to_owned();
    ReportEvidence {
        head: Some(ChainHead {
            number: 30,
            day: date(2026, 11, 30),
            sha256: DIGEST.to_owned(),
        }),
        open: vec![
            format!("ledger 31 33 {digits}"),
            format!("configuration 5 2026-12-01T02:00:00Z {digits}"),
        ],
        content: digits,
    }
}

/// The sample in one language.
pub(super) struct SampleReport {
    lang: Language,
}

impl SampleReport {
    pub(super) fn document(lang: Language) -> ReportDocument {
        let sample = Self { lang };
        ReportDocument {
            title: sample.in_language("Laporan bulanan", "Monthly report"),
            site: labelled_id("desa-impian", "PLTS Irigasi Desa Impian"),
            period: labelled_id("2026-11", "November 2026"),
            lang,
            zone: TimeZone::get("Asia/Jakarta").unwrap(),
            issued: ISSUED,
            revision: "r17 · 3e1c9a52".to_owned(),
            evidence: sample_evidence(),
            standing: PageStanding::default(),
            sections: sample.sections(),
            calculations: Vec::new(),
        }
    }

    fn in_language(&self, id: &str, en: &str) -> String {
        match self.lang {
            Language::Id => id.to_owned(),
            Language::En => en.to_owned(),
        }
    }

    fn sections(&self) -> Vec<ReportSection> {
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
                self.officer_form(),
            ),
            self.annex("method", ["Metode", "Methods"], self.methods()),
        ]
    }

    fn section(&self, id: &str, [in_id, en]: [&str; 2], blocks: Vec<ReportBlock>) -> ReportSection {
        ReportSection {
            id: id.to_owned(),
            title: self.in_language(in_id, en),
            tab: String::new(),
            annex: false,
            blocks,
        }
    }

    fn annex(&self, id: &str, title: [&str; 2], blocks: Vec<ReportBlock>) -> ReportSection {
        let mut section = self.section(id, title, blocks);
        section.annex = true;
        section
    }

    fn figure(
        &self,
        id: &str,
        [in_id, en]: [&str; 2],
        value: CellValue,
        kind: ValueKind,
    ) -> KeyFigure {
        KeyFigure::new(id, &self.in_language(in_id, en), value, kind)
    }

    fn column(&self, id: &str, [in_id, en]: [&str; 2], kind: ValueKind) -> ReportColumn {
        ReportColumn::new(id, &self.in_language(in_id, en), kind)
    }

    fn summary(&self) -> Vec<ReportBlock> {
        let text = self.in_language(
            "Pompa surya bekerja pada 27 dari 30 hari. Volume air terpompa melampaui target, \
             sedangkan energi yang dihasilkan sedikit di bawah target karena hujan pada pekan kedua.",
            "The solar pump ran on 27 of 30 days. The volume pumped exceeded its target; the energy \
             generated stayed slightly below it because of rain in the second week.",
        );
        let mut energy = self.figure(
            "energy.generated",
            ["Energi dihasilkan", "Energy generated"],
            CellValue::Number(234.567_8),
            ValueKind::number("kWh", 1),
        );
        energy.plus_minus = Some(2.41);
        energy.target = Some(250.0);
        energy.completeness = Some(0.974);
        energy.origin = Some(ValueOrigin::Meter);
        "A.1".clone_into(&mut energy.method);
        let mut water = self.figure(
            "water.pumped",
            ["Volume air terpompa", "Volume pumped"],
            CellValue::Number(1_284.36),
            ValueKind::number("m³", 0),
        );
        water.plus_minus = Some(38.2);
        water.target = Some(1_200.0);
        water.completeness = Some(0.86);
        water.origin = Some(ValueOrigin::Measured);
        water.status = FigureStatus::Partial;
        vec![
            ReportBlock::Paragraph(text),
            ReportBlock::Figures(KeyFigures {
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

    fn claim(&self) -> KeyFigure {
        let mut claim = self.figure(
            "carbon.net",
            ["CO₂ yang dihindari (bersih)", "CO₂ avoided (net)"],
            CellValue::Number(0.187_654),
            ValueKind::claim("t CO₂e", 2),
        );
        claim.plus_minus = Some(0.0188);
        claim.status = FigureStatus::Provisional;
        claim.completeness = Some(0.974);
        claim.origin = Some(ValueOrigin::Estimated);
        "C.3".clone_into(&mut claim.method);
        claim.factors = vec!["grid.sumatera.2019.cm5050_expost".to_owned()];
        claim.notes = vec![self.in_language(
            "Faktor emisi jaringan belum dikonfirmasi dengan halaman resmi.",
            "The grid emission factor is not confirmed by its official page yet.",
        )];
        claim
    }

    fn harvest(&self) -> KeyFigure {
        let mut harvest = self.figure(
            "bsf.harvest",
            ["Maggot dipanen", "Maggots harvested"],
            CellValue::Number(86.5),
            ValueKind::number("kg", 1),
        );
        harvest.origin = Some(ValueOrigin::Manual);
        harvest.target = Some(80.0);
        harvest
    }

    fn income(&self) -> KeyFigure {
        let mut income = self.figure(
            "social.income",
            ["Pendapatan kelompok", "Income of the group"],
            // Above a million, where thousands are grouped twice.
            CellValue::Number(70_700_000.0),
            ValueKind::number("Rp", 0),
        );
        income.origin = Some(ValueOrigin::Declared);
        income
    }

    fn turbidity(&self) -> KeyFigure {
        let reason = self.in_language(
            "Sensor belum terpasang.",
            "The sensor is not installed yet.",
        );
        self.figure(
            "water.turbidity",
            ["Kekeruhan air", "Turbidity"],
            // A figure without a value is a dash with a footnote in every format.
            CellValue::Missing(reason),
            ValueKind::number("NTU", 1),
        )
    }

    fn energy(&self) -> Vec<ReportBlock> {
        // Two days without power and one alone, so that gaps of both lengths are in the plots.
        let daily = daily_values(9.1, 4.0, &[8, 9, 17]);
        let used: Vec<Option<f64>> = daily.iter().map(|v| v.map(|v| v * 0.62)).collect();
        let export: Vec<Option<f64>> = daily.iter().map(|v| v.map(|v| v * 0.38)).collect();
        let title = self.in_language("Energi per hari", "Energy per day");
        let bars = ReportChart {
            id: "energy-daily".to_owned(),
            title,
            form: ChartForm::Stacked,
            kind: ValueKind::number("kWh", 1),
            along: ChartSteps::Days(november_days()),
            series: vec![
                self.series("used", ["Dipakai sendiri", "Used on site"], used.clone()),
                self.series(
                    "export",
                    ["Dikirim ke jaringan", "Exported"],
                    export.clone(),
                ),
            ],
            target: Some(ChartTarget {
                label: self.in_language("Target", "Target"),
                value: 8.33,
            }),
        };
        let ratio: Vec<Option<f64>> = (0..30)
            .map(|day| daily[day].map(|_| 0.79 + 0.03 * sine_wave(day, 3.0)))
            .collect();
        let ratio = ReportChart {
            id: "energy-pr".to_owned(),
            title: self.in_language("Rasio kinerja (PR)", "Performance ratio (PR)"),
            form: ChartForm::Line,
            kind: ValueKind::Percent(0),
            along: ChartSteps::Days(november_days()),
            series: vec![self.series("pr", ["Rasio kinerja", "Performance ratio"], ratio)],
            target: None,
        };
        vec![
            ReportBlock::Chart(bars),
            ReportBlock::Chart(ratio),
            ReportBlock::Table(self.energy_table(&daily, &used, &export)),
        ]
    }

    fn energy_table(
        &self,
        daily: &[Option<f64>],
        used: &[Option<f64>],
        export: &[Option<f64>],
    ) -> ReportTable {
        let kwh = || ValueKind::number("kWh", 2);
        let reason = self.in_language(
            "Gateway mati karena listrik padam; tidak ada bacaan.",
            "The gateway was without power; there are no readings.",
        );
        let mut table = ReportTable::new(
            "energy-days",
            &self.in_language("Energi harian", "Daily energy"),
            vec![
                self.column("date", ["Tanggal", "Date"], ValueKind::Date),
                self.column("generated", ["Dihasilkan", "Generated"], kwh())
                    .with_total(ColumnTotalKind::Sum),
                self.column("used", ["Dipakai sendiri", "Used on site"], kwh())
                    .with_total(ColumnTotalKind::Sum),
                self.column("export", ["Dikirim", "Exported"], kwh())
                    .with_total(ColumnTotalKind::Sum),
                self.column(
                    "yield",
                    ["Hasil spesifik", "Specific yield"],
                    ValueKind::number("kWh/kWp", 2),
                )
                .with_total(ColumnTotalKind::Mean),
                self.column(
                    "complete",
                    ["Kelengkapan", "Completeness"],
                    ValueKind::Percent(1),
                )
                .with_total(ColumnTotalKind::Mean),
                self.column("note", ["Cat.", "Note"], ValueKind::Note),
            ],
        );
        table.total_label = self.in_language("Jumlah / rata-rata", "Total / mean");
        for (day, date) in november_days().into_iter().enumerate() {
            let known = |v: Option<f64>| CellValue::number_or_missing(v, &reason);
            let rainy = self.in_language("Hujan sepanjang hari.", "Rain all day.");
            table.rows.push(vec![
                CellValue::Date(date),
                known(daily[day]),
                known(used[day]),
                known(export[day]),
                known(daily[day].map(|v| v / 2.0)),
                CellValue::Number(if daily[day].is_some() {
                    0.97 + 0.02 * sine_wave(day, 2.0)
                } else {
                    0.0
                }),
                if (10..14).contains(&day) {
                    CellValue::Text(rainy)
                } else {
                    CellValue::Empty
                },
            ]);
        }
        table
    }

    fn series(&self, id: &str, [in_id, en]: [&str; 2], values: Vec<Option<f64>>) -> ChartSeries {
        ChartSeries {
            id: id.to_owned(),
            label: self.in_language(in_id, en),
            values,
        }
    }

    fn water(&self) -> Vec<ReportBlock> {
        let pumped = daily_values(45.0, 12.0, &[8, 9]);
        let chart = ReportChart {
            id: "water-daily".to_owned(),
            title: self.in_language(
                "Air terpompa dan dipakai per hari",
                "Water pumped and used per day",
            ),
            form: ChartForm::Bars,
            kind: ValueKind::number("m³", 0),
            along: ChartSteps::Days(november_days()),
            series: vec![
                self.series("pumped", ["Terpompa", "Pumped"], pumped.clone()),
                self.series(
                    "used",
                    ["Dipakai", "Used"],
                    daily_values(41.0, 9.0, &[8, 9, 20]),
                ),
            ],
            target: None,
        };
        let mut table = ReportTable::new(
            "tanks",
            &self.in_language("Tandon", "Tanks"),
            vec![
                self.column("tank", ["Tandon", "Tank"], ValueKind::Text),
                self.column(
                    "capacity",
                    ["Kapasitas", "Capacity"],
                    ValueKind::number("L", 0),
                )
                .with_total(ColumnTotalKind::Sum),
                self.column(
                    "rain",
                    ["Air hujan tertangkap", "Rain captured"],
                    ValueKind::number("m³", 2),
                )
                .with_total(ColumnTotalKind::Sum),
                self.column(
                    "left",
                    ["Cukup untuk", "Lasts for"],
                    ValueKind::number(&self.in_language("hari", "days"), 1),
                ),
                self.column(
                    "leaks",
                    ["Malam diduga bocor", "Nights of suspected leaks"],
                    ValueKind::number("", 0),
                )
                .with_total(ColumnTotalKind::Sum),
            ],
        );
        table.total_label = self.in_language("Jumlah", "Total");
        let no_use = self.in_language(
            "Tidak ada pemakaian dalam periode ini.",
            "No use in this period.",
        );
        for (name, capacity, rain, left, leaks) in [
            ("Tandon A", 5_300.0, 12.4, Some(6.5), 0.0),
            ("Tandon B (toren)", 1_100.0, 3.05, None, 2.0),
        ] {
            table.rows.push(vec![
                CellValue::text(name),
                CellValue::Number(capacity),
                CellValue::Number(rain),
                CellValue::number_or_missing(left, &no_use),
                CellValue::Number(leaks),
            ]);
        }
        vec![ReportBlock::Chart(chart), ReportBlock::Table(table)]
    }

    fn compost(&self) -> Vec<ReportBlock> {
        let core: Vec<Option<f64>> = (0..30)
            .map(|day| (day != 20).then(|| 52.0 + 9.0 * sine_wave(day, 6.0)))
            .collect();
        let ambient: Vec<Option<f64>> = (0..30)
            .map(|day| Some(27.0 + 2.0 * sine_wave(day, 2.5)))
            .collect();
        let chart = ReportChart {
            id: "compost-temperature".to_owned(),
            title: self.in_language("Suhu tumpukan kompos", "Compost temperature"),
            form: ChartForm::Line,
            kind: ValueKind::number("°C", 1),
            along: ChartSteps::Days(november_days()),
            series: vec![
                self.series("core", ["Inti tumpukan", "Core"], core),
                self.series("ambient", ["Udara", "Air"], ambient),
            ],
            target: Some(ChartTarget {
                label: self.in_language("Batas higienis", "Hygienic limit"),
                value: 55.0,
            }),
        };
        vec![ReportBlock::Chart(chart)]
    }
}

fn labelled_id(id: &str, name: &str) -> LabelledId {
    LabelledId {
        id: id.to_owned(),
        name: name.to_owned(),
    }
}

pub(super) fn november_days() -> Vec<Date> {
    (1..=30).map(|day| date(2026, 11, day)).collect()
}

/// Something between -1 and 1 that goes up and down every `period` days.
#[expect(clippy::cast_precision_loss, reason = "days of a month")]
fn sine_wave(day: usize, period: f64) -> f64 {
    (day as f64 / period).sin()
}

fn daily_values(mean: f64, swing: f64, missing: &[usize]) -> Vec<Option<f64>> {
    let value = |day: usize| mean + swing * sine_wave(day, 4.3);
    let days = (0..30).map(|day| (!missing.contains(&day)).then(|| value(day)));
    days.collect()
}
