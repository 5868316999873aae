//! A number that figures are multiplied with, and how far it may be believed.

use drivers::units::{self, Unit};
use jiff::civil::Date;
use std::fmt;
use std::sync::Arc;

/// What a mass is a mass of, the longer names first.
const SUBSTANCES: [&str; 5] = ["CO2e", "CO2", "CH4", "N2O", "C"];

/// A factor: value, unit, scope, vintage, spread, source, and who says so.
#[derive(Clone, Debug, PartialEq)]
pub struct Factor {
    /// Id, `grid.sumatera.2019.cm5050_expost`.
    pub id: Arc<str>,
    /// The number, in `unit`.
    pub value: f64,
    /// Its unit.
    pub unit: FactorUnit,
    /// What it is true for.
    pub scope: String,
    /// Year of the data: the vintage.
    pub year: Option<i16>,
    /// First day on which it holds; `None`: no such limit.
    pub valid_from: Option<Date>,
    /// Last day on which it holds; `None`: no such limit.
    pub valid_to: Option<Date>,
    /// Least and greatest value of the 95 % range, in `unit`.
    pub spread: Option<(f64, f64)>,
    /// Who says so.
    pub status: FactorStatus,
    /// May stand behind a headline as it is.
    pub headline_ok: bool,
    /// Where the number is from.
    pub source: String,
    /// What else an auditor should know; empty when there is nothing.
    pub note: String,
}

/// Who says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FactorStatus {
    /// Read in a copy of the official text.
    OfficialText,
    /// Two or more independent transcriptions agree.
    TranscribedTwice,
    /// One transcription.
    TranscribedOnce,
    /// Arithmetic from published figures.
    Derived,
    /// A definition or a property of matter.
    Constant,
    /// A rule of this product.
    Policy,
}

/// A number that nobody could check: never a default, never behind a headline.
#[derive(Clone, Debug, PartialEq)]
pub struct Unverified {
    /// Id, `genset.flat`.
    pub id: Arc<str>,
    /// The number, when it is one.
    pub value: Option<f64>,
    /// The number or numbers as text.
    pub said: String,
    /// Unit, as text.
    pub unit: String,
    /// Why it is not believed.
    pub why: String,
}

/// The official page of a factor, as a site keeps it.
#[derive(Clone, Debug, PartialEq)]
pub struct Evidence {
    /// Id of the factor.
    pub factor: Arc<str>,
    /// File, as written in the configuration.
    pub file: String,
    /// SHA-256 of the file, 64 small hexadecimal digits.
    pub sha256: String,
    /// Who opened it and compared the number.
    pub by: String,
    /// When that was.
    pub on: Date,
    /// The file is there and has this hash.
    pub present: bool,
}

/// What may be said in a headline with a factor behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Headline {
    /// The figure may stand as it is.
    Firm,
    /// It is provisional (*sementara*), and this is why.
    Provisional(Doubt),
}

/// Why a figure is provisional.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Doubt {
    /// Nobody has attached the official page.
    NoPage,
    /// The page is named, but its file is not there.
    PageMissing,
    /// It was worked out from other figures: a page cannot make it official.
    Derived,
    /// It was never checked.
    Unverified,
}

/// A unit of a factor: a unit of matter, or one for each of another.
#[derive(Clone, Debug, PartialEq)]
pub struct FactorUnit {
    text: Arc<str>,
    top: Term,
    under: Option<Term>,
}

/// One side of it: a unit (`None`: a bare number), of what, and its state.
#[derive(Clone, Debug, PartialEq)]
struct Term {
    unit: Option<&'static Unit>,
    of: &'static str,
    state: String,
}

impl Factor {
    /// Whether it may stand behind a headline, with the pages that the site has attached. A grid
    /// factor needs its page in any case.
    pub fn headline(&self, evidence: &[Evidence]) -> Headline {
        if self.headline_ok && !self.is_grid() {
            return Headline::Firm;
        }
        if self.status == FactorStatus::Derived {
            return Headline::Provisional(Doubt::Derived);
        }
        let mut pages = evidence
            .iter()
            .filter(|page| page.factor == self.id)
            .peekable();
        match (pages.peek().is_some(), pages.any(|page| page.present)) {
            (_, true) => Headline::Firm,
            (true, false) => Headline::Provisional(Doubt::PageMissing),
            (false, _) => Headline::Provisional(Doubt::NoPage),
        }
    }

    /// The number in another unit, `tCO2/MWh`; `None` when that measures something else.
    pub fn value_in(&self, unit: &str) -> Option<f64> {
        let wanted = FactorUnit::parse(unit)?;
        self.unit.scale_to(&wanted).map(|scale| self.value * scale)
    }

    /// The number in `tCO2/MWh` of electricity, whether it counts CO2 alone or CO2e; `None` when it
    /// is no mass of either for each `kWh` or `MWh`. Heat of fuels is counted in joules.
    pub fn t_per_mwh(&self) -> Option<f64> {
        let electric = self.unit.under().is_some_and(|unit| unit.ends_with("Wh"));
        let value = self
            .value_in("tCO2/MWh")
            .or_else(|| self.value_in("tCO2e/MWh"));
        value.filter(|_| electric)
    }

    /// The number in `kgCO2/GJ` of heat; `None` when it is no mass of CO2 for each joule.
    pub fn kg_per_gj(&self) -> Option<f64> {
        let heat = self.unit.under().is_some_and(|unit| unit.ends_with('J'));
        self.value_in("kgCO2/GJ").filter(|_| heat)
    }

    /// It counts the CO2 of electricity from a grid.
    pub fn is_grid(&self) -> bool {
        self.id.starts_with("grid.") && self.t_per_mwh().is_some()
    }

    /// It holds on that day.
    pub fn holds_on(&self, day: Date) -> bool {
        self.valid_from.is_none_or(|from| from <= day) && self.valid_to.is_none_or(|to| day <= to)
    }

    /// The days on which it holds, `2025-01-01..2025-12-31`, an open end left out.
    pub fn validity(&self) -> String {
        let text = |day: Option<Date>| day.map_or(String::new(), |day| day.to_string());
        format!("{}..{}", text(self.valid_from), text(self.valid_to))
    }

    /// Half-width of the 95 % range in percent of the value, the larger side (G.1).
    pub fn percent(&self) -> Option<f64> {
        let (low, high) = self.spread?;
        let half = (self.value - low).max(high - self.value);
        (self.value != 0.0).then(|| 100.0 * half / self.value.abs())
    }
}

impl Headline {
    /// What may be said of a figure from several factors: firm when all of them are.
    pub fn of_all(all: impl IntoIterator<Item = Self>) -> Self {
        let mut doubts = all.into_iter().filter(|one| *one != Self::Firm);
        doubts.next().unwrap_or(Self::Firm)
    }

    /// A stable word for APIs and the end of its catalogue key (`factor-headline-WORD`): `firm`, or
    /// that of its doubt.
    pub fn word(self) -> &'static str {
        match self {
            Self::Firm => "firm",
            Self::Provisional(doubt) => doubt.word(),
        }
    }
}

impl FactorUnit {
    /// `tCO2/MWh`, `kgC/kg wet`, `1/yr`, `kg/m3`, `degC`, `1`.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let (top, under) = if let Some(whole) = Term::parse(text) {
            (whole, None)
        } else {
            let (top, under) = text.split_once('/')?;
            (Term::parse(top)?, Some(Term::parse(under)?))
        };
        Some(Self {
            text: Arc::from(text),
            top,
            under,
        })
    }

    /// As it is written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The symbol of what it is for each of, `kg`; `None` when it is for each of nothing.
    pub fn under(&self) -> Option<&'static str> {
        self.under.as_ref()?.unit.map(|unit| unit.symbol)
    }

    /// What a value in this unit is multiplied with to be in `wanted`.
    fn scale_to(&self, wanted: &Self) -> Option<f64> {
        let top = self.top.scale_to(&wanted.top)?;
        match (&self.under, &wanted.under) {
            (None, None) => Some(top),
            (Some(under), Some(wanted)) => Some(top / under.scale_to(wanted)?),
            _ => None,
        }
    }
}

impl fmt::Display for FactorUnit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Term {
    fn parse(text: &str) -> Option<Self> {
        let plain = |unit: Option<&'static Unit>| Self {
            unit,
            of: "",
            state: String::new(),
        };
        if text == "1" {
            return Some(plain(None));
        }
        if let Some(unit) = units::find(text) {
            return Some(plain(Some(unit)));
        }
        let (head, state) = text.split_once(' ').unwrap_or((text, ""));
        let wordy = |c: char| c.is_ascii_lowercase() || c == ' ';
        if !state.chars().all(wordy) {
            return None;
        }
        let of = |of: &&'static str| Some((units::find(head.strip_suffix(*of)?)?, *of));
        let named = SUBSTANCES.iter().find_map(of);
        let (unit, of) = named.or_else(|| Some((units::find(head)?, "")))?;
        (unit.quantity == "mass").then(|| Self {
            unit: Some(unit),
            of,
            state: state.to_owned(),
        })
    }

    fn scale_to(&self, wanted: &Self) -> Option<f64> {
        if self.of != wanted.of || self.state != wanted.state {
            return None;
        }
        match (self.unit, wanted.unit) {
            (None, None) => Some(1.0),
            (Some(unit), Some(wanted)) => unit.scale_to(wanted),
            _ => None,
        }
    }
}

impl FactorStatus {
    /// Its word in files and reports, and the end of its catalogue key (`factor-status-WORD`, with
    /// `-` for `_`).
    pub fn word(self) -> &'static str {
        match self {
            Self::OfficialText => "official_text",
            Self::TranscribedTwice => "transcribed_2plus",
            Self::TranscribedOnce => "transcribed_1",
            Self::Derived => "derived",
            Self::Constant => "constant",
            Self::Policy => "policy",
        }
    }
}

impl Doubt {
    /// A stable word for APIs.
    pub fn word(self) -> &'static str {
        match self {
            Self::NoPage => "no-page",
            Self::PageMissing => "page-missing",
            Self::Derived => "derived",
            Self::Unverified => "unverified",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn factor(value: f64, unit: &str) -> Factor {
        Factor {
            id: Arc::from("grid.somewhere"),
            value,
            unit: FactorUnit::parse(unit).unwrap(),
            scope: String::new(),
            year: Some(2019),
            valid_from: None,
            valid_to: None,
            spread: None,
            status: FactorStatus::TranscribedTwice,
            headline_ok: false,
            source: "a page".to_owned(),
            note: String::new(),
        }
    }

    fn page(present: bool) -> Evidence {
        Evidence {
            factor: Arc::from("grid.somewhere"),
            file: "page.pdf".to_owned(),
            sha256: "0".repeat(64),
            by: "Siti".to_owned(),
            on: jiff::civil::date(2026, 11, 20),
            present,
        }
    }

    #[test]
    fn a_factor_moves_between_units_of_the_same_matter_only() {
        let close = |value: Option<f64>, wanted: f64| (value.unwrap() - wanted).abs() < 1e-12;
        assert!(close(factor(0.94, "tCO2/MWh").t_per_mwh(), 0.94));
        assert!(close(factor(0.94, "kgCO2/kWh").t_per_mwh(), 0.94));
        assert!(close(factor(790.0, "gCO2e/kWh").t_per_mwh(), 0.79));
        assert!(close(factor(74.1, "kgCO2/GJ").value_in("tCO2/TJ"), 74.1));
        assert!(close(
            factor(4.0, "gCH4/kg wet").value_in("kgCH4/t wet"),
            4.0
        ));
        assert!(close(factor(0.4, "1/yr").value_in("1/d"), 0.4 / 365.25));
        assert_eq!(factor(4.0, "gCH4/kg wet").value_in("kgCH4/t"), None);
        assert_eq!(factor(28.0, "kgCO2e/kgCH4").t_per_mwh(), None);
        assert_eq!(factor(74.1, "kgCO2/GJ").t_per_mwh(), None);
        assert!(close(factor(74.1, "tCO2/TJ").kg_per_gj(), 74.1));
        assert_eq!(factor(0.94, "tCO2/MWh").kg_per_gj(), None);
        assert_eq!(factor(0.196, "kWh/m3").value_in("m3/kWh"), None);
    }

    #[test]
    fn what_is_no_unit_of_a_factor_is_refused() {
        for text in [
            "",
            "parsec",
            "tCO3/MWh",
            "kWhCO2/t",
            "tCO2/MWh/yr",
            "kg Wet/t",
            "/",
            "2",
        ] {
            assert_eq!(FactorUnit::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_grid_factor_is_provisional_until_its_page_is_there() {
        let mut factor = factor(0.94, "tCO2/MWh");
        let doubt = Headline::Provisional;
        assert_eq!(factor.headline(&[]), doubt(Doubt::NoPage));
        assert_eq!(factor.headline(&[page(false)]), doubt(Doubt::PageMissing));
        assert_eq!(factor.headline(&[page(false), page(true)]), Headline::Firm);
        factor.headline_ok = true;
        assert_eq!(factor.headline(&[]), doubt(Doubt::NoPage));
        factor.status = FactorStatus::Derived;
        assert_eq!(factor.headline(&[page(true)]), doubt(Doubt::Derived));
    }

    #[test]
    fn the_larger_side_of_a_range_is_its_uncertainty() {
        let mut factor = factor(0.15, "kgC/kg wet");
        factor.spread = Some((0.08, 0.20));
        assert!((factor.percent().unwrap() - 46.666).abs() < 1e-2);
    }

    proptest! {
        #[test]
        fn no_text_makes_the_reader_of_units_panic(text in "\\PC{0,16}") {
            let _ = FactorUnit::parse(&text);
        }
    }
}
