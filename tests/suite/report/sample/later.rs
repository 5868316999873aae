//! The later chapters: notes of staff, CO2, completeness, and the annexes.

use super::{SampleReport, november_days, sine_wave};
use gateway::domain::UtcMs;
use gateway::report::render::cell_value::{CellValue, ValueKind};
use gateway::report::render::chart::{ChartForm, ChartSteps, ReportChart};
use gateway::report::render::document::{CalloutBox, CalloutTone, ReportBlock};
use gateway::report::render::table::{ColumnTotalKind, ReportTable};
use jiff::civil::date;

impl SampleReport {
    pub(super) fn ledger(&self) -> Vec<ReportBlock> {
        let mut table = ReportTable::new(
            "entries",
            &self.in_language("Catatan petugas", "Staff records"),
            vec![
                self.column("time", ["Waktu", "Time"], ValueKind::Time),
                self.column("what", ["Kegiatan", "Activity"], ValueKind::Text),
                self.column("mass", ["Massa", "Mass"], ValueKind::number("kg", 1))
                    .with_total(ColumnTotalKind::Sum),
                self.column("value", ["Nilai", "CellValue"], ValueKind::number("Rp", 0))
                    .with_total(ColumnTotalKind::Sum),
                self.column("who", ["Petugas", "By"], ValueKind::Text),
                self.column("note", ["Keterangan", "Remark"], ValueKind::Text),
            ],
        );
        table.total_label = self.in_language("Jumlah", "Total");
        // A remark longer than its column, in every row.
        let remark = self.in_language(
            "Ditimbang di lokasi dengan timbangan gantung, foto 12",
            "Weighed on site with a hanging scale, photo 12",
        );
        for entry in 0..14_u8 {
            let at = UtcMs(1_793_500_000_000 + i64::from(entry) * 86_400_000 * 2);
            let fed = self.in_language("Sampah organik untuk maggot", "Organic waste for maggots");
            let sold = self.in_language("Kasgot dijual", "Frass sold");
            let is_sale = entry % 4 == 3;
            table.rows.push(vec![
                CellValue::Time(at),
                CellValue::Text(if is_sale { sold } else { fed }),
                CellValue::Number(12.0 + f64::from(entry) * 0.7),
                if is_sale {
                    CellValue::Number(150_000.0)
                } else {
                    CellValue::Empty
                },
                CellValue::text("Siti Rahmawati"),
                CellValue::Text(remark.clone()),
            ]);
        }
        vec![ReportBlock::Table(table)]
    }

    pub(super) fn carbon(&self) -> Vec<ReportBlock> {
        let callout = CalloutBox {
            tone: CalloutTone::Provisional,
            title: self.in_language("Angka sementara", "Provisional figures"),
            text: self.in_language(
                "Faktor emisi jaringan Sumatera 2019 belum dibandingkan dengan halaman resminya. \
                 Angka CO₂ di bawah ini dapat berubah dan belum boleh dikutip sebagai hasil akhir.",
                "The emission factor of the Sumatera grid, 2019, has not been compared with its \
                 official page. The CO₂ figures below may change and are not to be quoted as final.",
            ),
        };
        let mut table = ReportTable::new(
            "carbon-lines",
            &self.in_language("Perhitungan", "Computation"),
            vec![
                self.column("line", ["Baris", "Line"], ValueKind::Text),
                self.column(
                    "value",
                    ["Nilai", "CellValue"],
                    ValueKind::number("t CO₂e", 4),
                ),
                self.column(
                    "how",
                    ["Asal angka", "Where it comes from"],
                    ValueKind::Text,
                ),
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
            // Zero is a value here and must not become a dash; the signs are outside of Latin-1.
            ("Kebocoran emisi", "Leakage", 0.0, "≤ 1 %"),
            ("Bersih", "Net", 0.1877, "gross − proyek ≥ 0"),
        ] {
            table.rows.push(vec![
                CellValue::Text(self.in_language(line, en)),
                CellValue::Number(value),
                CellValue::text(how),
            ]);
        }
        vec![
            ReportBlock::Callout(callout),
            ReportBlock::Table(table),
            ReportBlock::Heading(self.in_language("Cara membulatkan", "Rounding")),
            ReportBlock::Paragraph(self.in_language(
                "Manfaat dibulatkan ke bawah dan beban dibulatkan ke atas, sehingga angka yang \
                 diklaim tidak pernah lebih besar daripada hasil hitungan.",
                "Benefits are rounded down and burdens up, so that a claim is never larger than what \
                 was computed.",
            )),
        ]
    }

    pub(super) fn coverage(&self) -> Vec<ReportBlock> {
        let share: Vec<Option<f64>> = (0..30)
            .map(|day| match day {
                8 | 9 => None,
                17 => Some(0.41),
                _ => Some(0.96 + 0.04 * sine_wave(day, 2.0)),
            })
            .collect();
        let calendar = ReportChart {
            id: "coverage-days".to_owned(),
            title: self.in_language("Kelengkapan data per hari", "Data completeness per day"),
            form: ChartForm::Calendar,
            kind: ValueKind::Percent(0),
            along: ChartSteps::Days(november_days()),
            series: vec![self.series("share", ["Terukur", "Measured"], share)],
            target: None,
        };
        let mut table = ReportTable::new(
            "events",
            &self.in_language("Kejadian data", "Data events"),
            vec![
                self.column("time", ["Waktu", "Time"], ValueKind::Time),
                self.column("point", ["Titik ukur", "Point"], ValueKind::Text),
                self.column("event", ["Kejadian", "Event"], ValueKind::Text),
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
                // An id without any space, as sites give them: it must break within a narrow
                // column.
                1_794_200_000_000,
                "tandon_atas_pengisian_otomatis_irigasi_blok_utara_dan_selatan.tinggi_muka_air",
                "Jeda 31 jam.",
                "Gap of 31 hours.",
            ),
        ] {
            table.rows.push(vec![
                CellValue::Time(UtcMs(at)),
                CellValue::text(point),
                CellValue::Text(self.in_language(id, en)),
            ]);
        }
        let warning = CalloutBox {
            tone: CalloutTone::Warning,
            title: self.in_language("Dua hari tanpa data", "Two days without data"),
            text: self.in_language(
                "Pada 9 dan 10 November gateway tidak mendapat listrik. Hari-hari itu tidak diisi \
                 dengan perkiraan.",
                "On 9 and 10 November the gateway had no power. Those days are not filled in.",
            ),
        };
        vec![
            ReportBlock::Callout(warning),
            ReportBlock::Chart(calendar),
            ReportBlock::Table(table),
        ]
    }

    /// The line table of a TJSL officer: wider than any paper.
    pub(super) fn officer_form(&self) -> Vec<ReportBlock> {
        let text = |id, in_id, en| self.column(id, [in_id, en], ValueKind::Text);
        let number = |id, in_id, en, unit| self.column(id, [in_id, en], ValueKind::number(unit, 2));
        let mut table = ReportTable::new(
            "officer",
            &self.in_language(
                "Satu baris untuk tiap indikator",
                "One line for each indicator",
            ),
            vec![
                text("indicator", "Indikator", "Indicator"),
                text("site", "Lokasi", "Site"),
                text("programme", "Program", "Programme"),
                self.column("quantity", ["Jumlah", "Quantity"], ValueKind::number("", 2)),
                text("unit", "Satuan", "Unit"),
                self.column("from", ["Dari", "From"], ValueKind::Date),
                self.column("to", ["Sampai", "To"], ValueKind::Date),
                text("origin", "Asal", "Origin"),
                self.column("share", ["Terukur", "Measured"], ValueKind::Percent(0)),
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
                    ValueKind::Percent(0),
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
                .push(self.form_row(&self.in_language(id, en), quantity, unit));
        }
        vec![ReportBlock::Table(table)]
    }

    fn form_row(&self, indicator: &str, quantity: f64, unit: &str) -> Vec<CellValue> {
        let is_energy = unit == "kWh";
        let carbon = |value: f64| {
            if is_energy {
                CellValue::Number(value)
            } else {
                CellValue::Empty
            }
        };
        let text = |value: &str| {
            if is_energy {
                CellValue::text(value)
            } else {
                CellValue::Empty
            }
        };
        vec![
            CellValue::text(indicator),
            CellValue::text("Desa Impian"),
            CellValue::Text(self.in_language("PLTS irigasi", "Solar irrigation")),
            CellValue::Number(quantity),
            CellValue::text(unit),
            CellValue::Date(date(2026, 11, 1)),
            CellValue::Date(date(2026, 11, 30)),
            CellValue::Text(self.in_language("terukur", "measured")),
            CellValue::Number(0.974),
            text("GRID"),
            text("C.3"),
            text("grid.sumatera.2019.cm5050_expost"),
            text(&self.in_language("sementara", "provisional")),
            carbon(0.2205),
            carbon(0.0328),
            carbon(0.1877),
            CellValue::Number(0.1),
            CellValue::Text(self.in_language("ke bawah", "down")),
            CellValue::text("L-0031, L-0032"),
            CellValue::text("Siti Rahmawati"),
            CellValue::Empty,
            CellValue::text("Desa Impian"),
            CellValue::Text(self.in_language("Pemberdayaan masyarakat", "Community empowerment")),
            CellValue::text("7, 13"),
            CellValue::text("302-4, 305-5"),
            CellValue::Empty,
        ]
    }

    pub(super) fn methods(&self) -> Vec<ReportBlock> {
        let mut table = ReportTable::new(
            "method-list",
            &self.in_language("Persamaan", "Equations"),
            vec![
                self.column("id", ["Kode", "Id"], ValueKind::Text),
                self.column("equation", ["Persamaan", "Equation"], ValueKind::Text),
                self.column("meaning", ["Arti", "Meaning"], ValueKind::Text),
            ],
        );
        for (id, equation, in_id, en) in [
            (
                "A.1",
                // Equations need characters that only the font of symbols has.
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
                CellValue::text(id),
                CellValue::text(equation),
                CellValue::Text(self.in_language(in_id, en)),
            ]);
        }
        vec![ReportBlock::Table(table)]
    }
}
