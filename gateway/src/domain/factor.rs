//! Factors: numbers that quantities are multiplied by, with unit, source and status.

use super::claim_verdict::{ClaimVerdict, ProvisionalReason};
use drivers::units::{self, UnitOfMeasure};
use jiff::civil::Date;
use std::fmt;
use std::sync::Arc;

/// Substances of a mass, longer names first, because suffixes are tested in this order.
const SUBSTANCES: [&str; 5] = ["CO2e", "CO2", "CH4", "N2O", "C"];

/// Factor with value, unit, scope, data year, range, source and status.
#[derive(Clone, Debug, PartialEq)]
pub struct Factor {
    /// Id, such as `grid.sumatera.2019.cm5050_expost`.
    pub id: Arc<str>,
    /// Value, in `unit`.
    pub value: f64,
    /// Unit.
    pub unit: FactorUnit,
    /// Scope for which it is valid.
    pub scope: String,
    /// Year of the data (vintage).
    pub year: Option<i16>,
    /// First day on which it is valid; `None`: no limit.
    pub valid_from: Option<Date>,
    /// Last day on which it is valid; `None`: no limit.
    pub valid_to: Option<Date>,
    /// Lower and upper end of the 95 % range, in `unit`.
    pub spread: Option<(f64, f64)>,
    /// Verification status.
    pub status: FactorStatus,
    /// Whether it may be used in a headline without further evidence.
    pub headline_ok: bool,
    /// Source of the number.
    pub source: String,
    /// Note for an auditor; empty if there is none.
    pub note: String,
}

/// Verification status of a factor (METHODS 0).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FactorStatus {
    /// Read in a copy of the official text.
    OfficialText,
    /// Two or more independent transcriptions agree.
    TranscribedTwice,
    /// One transcription.
    TranscribedOnce,
    /// Computed from published figures.
    Derived,
    /// Definition or physical property.
    Constant,
    /// Rule of this product.
    Policy,
}

/// Number that could not be verified: never a default and never used in a headline.
#[derive(Clone, Debug, PartialEq)]
pub struct UnverifiedFactor {
    /// Id, such as `genset.flat`.
    pub id: Arc<str>,
    /// Value, if it is a single number.
    pub value: Option<f64>,
    /// Number or numbers as text.
    pub said: String,
    /// Unit, as text.
    pub unit: String,
    /// Reason for which it is not trusted.
    pub why: String,
}

/// Official page of a factor, attached by a site.
#[derive(Clone, Debug, PartialEq)]
pub struct FactorEvidence {
    /// Id of the factor.
    pub factor: Arc<str>,
    /// File, as written in the configuration.
    pub file: String,
    /// SHA-256 of the file, 64 lower-case hexadecimal digits.
    pub sha256: String,
    /// Person who opened the page and compared the number.
    pub by: String,
    /// Date of the comparison.
    pub on: Date,
    /// Whether the file exists and has this hash.
    pub present: bool,
}

/// Unit of a factor: a unit with a substance, or a quotient of two.
#[derive(Clone, Debug, PartialEq)]
pub struct FactorUnit {
    text: Arc<str>,
    top: FactorUnitTerm,
    under: Option<FactorUnitTerm>,
}

/// Numerator or denominator: a unit (`None`: bare number), substance and state.
#[derive(Clone, Debug, PartialEq)]
struct FactorUnitTerm {
    unit: Option<&'static UnitOfMeasure>,
    of: &'static str,
    state: String,
}

impl Factor {
    /// Verdict with the official pages attached by the site. A factor of electricity always needs
    /// its page, by whatever name.
    pub fn headline(&self, evidence: &[FactorEvidence]) -> ClaimVerdict {
        // Transcriptions of grid factors disagree, so the official page is needed even with
        // `headline_ok` (METHODS C.2). A site gives its own factor the name that it likes: what
        // counts is the use, and electricity is claimed by these factors alone.
        if self.headline_ok && self.t_per_mwh().is_none() {
            return ClaimVerdict::Claimable;
        }
        if self.status == FactorStatus::Derived {
            return ClaimVerdict::Provisional(ProvisionalReason::Derived);
        }
        let mut pages = evidence
            .iter()
            .filter(|page| page.factor == self.id)
            .peekable();
        match (pages.peek().is_some(), pages.any(|page| page.present)) {
            (_, true) => ClaimVerdict::Claimable,
            (true, false) => ClaimVerdict::Provisional(ProvisionalReason::PageMissing),
            (false, _) => ClaimVerdict::Provisional(ProvisionalReason::NoPage),
        }
    }

    /// Value in another unit such as `tCO2/MWh`; `None` if that unit measures another quantity.
    pub fn value_in(&self, unit: &str) -> Option<f64> {
        let wanted = FactorUnit::parse(unit)?;
        self.unit.scale_to(&wanted).map(|scale| self.value * scale)
    }

    /// Value in `tCO2/MWh` of electricity, for CO2 as well as CO2e; `None` if it is no mass of
    /// either per `kWh` or `MWh`. Factors per joule are for heat of fuels.
    pub fn t_per_mwh(&self) -> Option<f64> {
        let electric = self
            .unit
            .denominator_symbol()
            .is_some_and(|unit| unit.ends_with("Wh"));
        let value = self
            .value_in("tCO2/MWh")
            .or_else(|| self.value_in("tCO2e/MWh"));
        value.filter(|_| electric)
    }

    /// Value in `kgCO2/GJ` of heat; `None` if it is no mass of CO2 per joule.
    pub fn kg_per_gj(&self) -> Option<f64> {
        // MWh and GJ are convertible, but a factor for heat must never be used for electricity.
        let heat = self
            .unit
            .denominator_symbol()
            .is_some_and(|unit| unit.ends_with('J'));
        self.value_in("kgCO2/GJ").filter(|_| heat)
    }

    /// Whether its name says that it counts the CO2 of electricity from a grid.
    pub fn is_of_grid(&self) -> bool {
        self.id.starts_with("grid.") && self.t_per_mwh().is_some()
    }

    /// Whether it is valid on that day.
    pub fn holds_on(&self, day: Date) -> bool {
        self.valid_from.is_none_or(|from| from <= day) && self.valid_to.is_none_or(|to| day <= to)
    }

    /// Validity as `2025-01-01..2025-12-31`; open ends are empty.
    pub fn validity(&self) -> String {
        let text = |day: Option<Date>| day.map_or(String::new(), |day| day.to_string());
        format!("{}..{}", text(self.valid_from), text(self.valid_to))
    }

    /// Uncertainty: half-width of the 95 % range in % of the value, larger side (METHODS G.1).
    pub fn uncertainty_percent(&self) -> Option<f64> {
        let (low, high) = self.spread?;
        let half = (self.value - low).max(high - self.value);
        (self.value != 0.0).then(|| 100.0 * half / self.value.abs())
    }
}

impl FactorUnit {
    /// Parses a unit such as `tCO2/MWh`, `kgC/kg wet`, `1/yr`, `kg/m3`, `degC` or `1`.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        // Units such as `m3/h` contain a slash themselves, so the whole text is tried first.
        let (top, under) = if let Some(whole) = FactorUnitTerm::parse(text) {
            (whole, None)
        } else {
            let (top, under) = text.split_once('/')?;
            (
                FactorUnitTerm::parse(top)?,
                Some(FactorUnitTerm::parse(under)?),
            )
        };
        Some(Self {
            text: Arc::from(text),
            top,
            under,
        })
    }

    /// Text as written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Symbol of the unit in the denominator, such as `kg`; `None` without one.
    pub fn denominator_symbol(&self) -> Option<&'static str> {
        self.under.as_ref()?.unit.map(|unit| unit.symbol)
    }

    /// Multiplier from this unit to `wanted`.
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

impl FactorUnitTerm {
    fn parse(text: &str) -> Option<Self> {
        let plain = |unit: Option<&'static UnitOfMeasure>| Self {
            unit,
            of: "",
            state: String::new(),
        };
        if text == "1" {
            return Some(plain(None));
        }
        if let Some(unit) = units::find_unit(text) {
            return Some(plain(Some(unit)));
        }
        let (head, state) = text.split_once(' ').unwrap_or((text, ""));
        let wordy = |c: char| c.is_ascii_lowercase() || c == ' ';
        if !state.chars().all(wordy) {
            return None;
        }
        let of = |of: &&'static str| Some((units::find_unit(head.strip_suffix(*of)?)?, *of));
        let named = SUBSTANCES.iter().find_map(of);
        let (unit, of) = named.or_else(|| Some((units::find_unit(head)?, "")))?;
        // Only a mass has a substance or a state: `kWhCO2` is not a unit.
        (unit.quantity == "mass").then(|| Self {
            unit: Some(unit),
            of,
            state: state.to_owned(),
        })
    }

    fn scale_to(&self, wanted: &Self) -> Option<f64> {
        // `kg wet` and `kg`, or CO2 and CO2e, are not convertible.
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
    /// Word in files, reports and message keys (`factor-status-WORD`, with `-` for `_`).
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

    fn evidence_page(present: bool) -> FactorEvidence {
        FactorEvidence {
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
        let doubt = ClaimVerdict::Provisional;
        assert_eq!(factor.headline(&[]), doubt(ProvisionalReason::NoPage));
        assert_eq!(
            factor.headline(&[evidence_page(false)]),
            doubt(ProvisionalReason::PageMissing)
        );
        assert_eq!(
            factor.headline(&[evidence_page(false), evidence_page(true)]),
            ClaimVerdict::Claimable
        );
        factor.headline_ok = true;
        assert_eq!(factor.headline(&[]), doubt(ProvisionalReason::NoPage));
        factor.status = FactorStatus::Derived;
        assert_eq!(
            factor.headline(&[evidence_page(true)]),
            doubt(ProvisionalReason::Derived)
        );
    }

    #[test]
    fn the_larger_side_of_a_range_is_its_uncertainty() {
        let mut factor = factor(0.15, "kgC/kg wet");
        factor.spread = Some((0.08, 0.20));
        assert!((factor.uncertainty_percent().unwrap() - 46.666).abs() < 1e-2);
    }

    proptest! {
        #[test]
        fn no_text_makes_the_reader_of_units_panic(text in "\\PC{0,16}") {
            let _ = FactorUnit::parse(&text);
        }
    }
}
