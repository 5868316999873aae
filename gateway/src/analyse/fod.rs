//! E.5 to E.7: methane that waste would have made in a landfill, by first-order decay.
//!
//! Keep annual accrual and lifetime commitment apart: the second is never "per year".

use super::{Sum, gwp::Gwp};
use crate::limits::FOD_YEARS_MAX;

/// A kind of waste.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Waste {
    /// Food.
    Food,
    /// Garden and park.
    Garden,
    /// Paper and card.
    Paper,
    /// Textiles.
    Textiles,
    /// Wood.
    Wood,
}

impl Waste {
    /// The words that the methods take.
    pub const NAMES: &[&str] = &["food", "garden", "paper", "textiles", "wood"];

    /// From its word.
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "food" => Some(Self::Food),
            "garden" => Some(Self::Garden),
            "paper" => Some(Self::Paper),
            "textiles" => Some(Self::Textiles),
            "wood" => Some(Self::Wood),
            _ => None,
        }
    }

    /// Decay in the wet tropics, 1/year.
    pub fn k(self) -> f64 {
        match self {
            Self::Food => 0.40,
            Self::Garden => 0.17,
            Self::Paper | Self::Textiles => 0.07,
            Self::Wood => 0.035,
        }
    }

    /// Degradable organic carbon, wet.
    pub fn doc(self) -> f64 {
        match self {
            Self::Food => 0.15,
            Self::Garden => 0.20,
            Self::Paper => 0.40,
            Self::Textiles => 0.24,
            Self::Wood => 0.43,
        }
    }
}

/// The landfill that the waste would have gone to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Landfill {
    /// Model correction φ (wet climate 0.85).
    pub phi: f64,
    /// Share of methane captured; 0 only when the landfill captures none.
    pub f: f64,
    /// Warming of methane.
    pub gwp_ch4: f64,
    /// Share oxidised in the cover.
    pub ox: f64,
    /// Share of methane in the gas.
    pub f_ch4: f64,
    /// Share of carbon that decays.
    pub docf: f64,
    /// Methane correction: 0.4 shallow (default), 0.5, 0.8 deep, 1.0 managed anaerobic.
    pub mcf: f64,
}

impl Default for Landfill {
    fn default() -> Self {
        Self {
            phi: 0.85,
            f: 0.0,
            gwp_ch4: Gwp::Ar5.ch4(),
            ox: 0.1,
            f_ch4: 0.5,
            docf: 0.5,
            mcf: 0.4,
        }
    }
}

impl Landfill {
    /// t CO2e of a tonne of decaying carbon of waste.
    fn per_doc(&self) -> f64 {
        let model = self.phi * (1.0 - self.f) * self.gwp_ch4 * (1.0 - self.ox);
        model * 16.0 / 12.0 * self.f_ch4 * self.docf * self.mcf
    }
}

/// A year's deposit of one kind.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Deposit {
    /// Year.
    pub year: i32,
    /// Kind.
    pub waste: Waste,
    /// Wet mass, t.
    pub tonnes: f64,
}

/// Share of a deposit that decays `age` years after its own year; the year itself is age 0.
fn decayed(k: f64, age: i32) -> f64 {
    (-k * f64::from(age)).exp() * -(-k).exp_m1()
}

/// E.5 (CDM TOOL04): t CO2e in `year` from all deposits up to it.
/// φ(1−f)·GWP·(1−OX)·16/12·F·DOCf·MCF·ΣΣ W·DOC·e^(−k(y−x))·(1−e^(−k)).
pub fn fod_tool04(deposits: &[Deposit], year: i32, landfill: &Landfill) -> f64 {
    let past = deposits.iter().filter(|deposit| deposit.year <= year);
    let carbon = past.map(|deposit| {
        let age = year.saturating_sub(deposit.year);
        deposit.tonnes * deposit.waste.doc() * decayed(deposit.waste.k(), age)
    });
    landfill.per_doc() * carbon.collect::<Sum>().value()
}

/// E.6: the IPCC's timing of the same physics, t CO2e (t CH4 with a warming of 1): decay starts on
/// 1 January after the deposit, so that year y+1 is E.5's year y with φ 1 and f 0. `deposits` are
/// (year, t) of one kind with its own `k` (1/year) and `doc`.
pub fn fod_ipcc(deposits: &[(i32, f64)], year: i32, k: f64, doc: f64, landfill: &Landfill) -> f64 {
    let past = deposits.iter().filter(|(deposited, _)| *deposited < year);
    let carbon = past.map(|(deposited, tonnes)| {
        let age = year.saturating_sub(*deposited).saturating_sub(1);
        tonnes * doc * decayed(k, age)
    });
    landfill.per_doc() * carbon.collect::<Sum>().value()
}

/// E.7: t CO2e that a wet tonne emits over decades. Never "per year".
pub fn lifetime_per_tonne(waste: Waste, landfill: &Landfill) -> f64 {
    landfill.per_doc() * waste.doc()
}

/// E.7: t CO2e that a wet tonne emits in each of the first `years` years.
pub fn annual_per_tonne(waste: Waste, years: u32, landfill: &Landfill) -> Vec<f64> {
    let lifetime = lifetime_per_tonne(waste, landfill);
    let ages = (0..).take(usize::try_from(years).map_or(FOD_YEARS_MAX, |n| n.min(FOD_YEARS_MAX)));
    ages.map(|age| lifetime * decayed(waste.k(), age)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_ipccs_year_is_one_later(
            tonnes in proptest::collection::vec(0.0..50.0_f64, 1..12),
            year in 0..30_i32,
        ) {
            let landfill = Landfill { phi: 1.0, ..Landfill::default() };
            let (k, doc) = (Waste::Food.k(), Waste::Food.doc());
            let plain: Vec<(i32, f64)> = (1..).zip(tonnes).collect();
            let typed: Vec<Deposit> = plain
                .iter()
                .map(|&(year, tonnes)| Deposit { year, waste: Waste::Food, tonnes })
                .collect();
            let ours = fod_tool04(&typed, year, &landfill);
            let theirs = fod_ipcc(&plain, year + 1, k, doc, &landfill);
            prop_assert!((ours - theirs).abs() < 1e-12);
        }
    }
}
