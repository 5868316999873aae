//! The later chapters: notes of staff, CO2, completeness, and the annexes.

use super::{Sample, days, wave};
use gateway::model::UtcMs;
use gateway::report::chart::{Along, Chart, Form};
use gateway::report::document::{Block, Callout, Tone};
use gateway::report::table::{Table, Total};
use gateway::report::value::{Kind, Value};
use jiff::civil::date;

impl Sample {
    pub(super) fn ledger(&self) -> Vec<Block> {
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

    pub(super) fn carbon(&self) -> Vec<Block> {
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

    pub(super) fn coverage(&self) -> Vec<Block> {
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
    pub(super) fn form(&self) -> Vec<Block> {
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

    pub(super) fn methods(&self) -> Vec<Block> {
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
