//! Methane that waste would have made in a landfill, by first-order decay (E.5 to E.7).
//!
//! Annual accrual and lifetime commitment are two numbers; the second is never "per year".

use crate::carbon::formulas::global_warming::Gwp100Set;
use crate::formulas::CompensatedSum;
use crate::limits::FOD_YEARS_MAX;

/// Kind of waste, with its decay rate and carbon content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum WasteKind {
    /// Food waste.
    Food,
    /// Garden and park waste.
    Garden,
    /// Paper and card.
    Paper,
    /// Textiles.
    Textiles,
    /// Wood.
    Wood,
}

impl WasteKind {
    /// Words accepted by the methods.
    pub const NAMES: &[&str] = &["food", "garden", "paper", "textiles", "wood"];

    /// Parses one of [`Self::NAMES`].
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

    /// Returns the decay rate k in the wet tropics, 1/year (IPCC 2006 defaults, E.5).
    pub fn decay_rate_per_year(self) -> f64 {
        match self {
            Self::Food => 0.40,
            Self::Garden => 0.17,
            Self::Paper | Self::Textiles => 0.07,
            Self::Wood => 0.035,
        }
    }

    /// Returns the degradable organic carbon (DOC), share of the wet mass (E.5).
    pub fn degradable_carbon(self) -> f64 {
        match self {
            Self::Food => 0.15,
            Self::Garden => 0.20,
            Self::Paper => 0.40,
            Self::Textiles => 0.24,
            Self::Wood => 0.43,
        }
    }
}

/// Parameters of the landfill that the waste would have gone to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LandfillModel {
    /// Model correction factor φ; 0.85 for diverted waste in a wet climate.
    pub phi: f64,
    /// Share of methane captured at the landfill; 0 only if it captures none.
    pub f: f64,
    /// Global warming potential of methane.
    pub gwp_ch4: f64,
    /// Share of methane oxidised in the cover (OX).
    pub ox: f64,
    /// Volume share of methane in landfill gas (F).
    pub f_ch4: f64,
    /// Share of the carbon that decays (`DOCf`).
    pub docf: f64,
    /// Methane correction factor (MCF): 0.4 shallow, 0.5 managed semi-aerobic, 0.8 deep (from 5 m),
    /// 1.0 managed anaerobic.
    pub mcf: f64,
    /// Degradable carbon and decay rate (1/year) in the place of those of the kind of waste.
    pub own_waste: Option<(f64, f64)>,
}

impl Default for LandfillModel {
    fn default() -> Self {
        Self {
            phi: 0.85,
            f: 0.0,
            gwp_ch4: Gwp100Set::Ar5.ch4(),
            ox: 0.1,
            f_ch4: 0.5,
            // The 2019 IPCC refinement gives 0.7 for food; 0.5 claims less.
            docf: 0.5,
            // Shallow, the lowest: the rule for a landfill without documents.
            mcf: 0.4,
            own_waste: None,
        }
    }
}

impl LandfillModel {
    /// Degradable carbon, share of the wet mass, and decay rate, 1/year.
    fn carbon_and_decay(&self, waste: WasteKind) -> (f64, f64) {
        let usual = (waste.degradable_carbon(), waste.decay_rate_per_year());
        self.own_waste.unwrap_or(usual)
    }

    /// Returns the emission of a tonne of degradable carbon, t CO2e.
    fn co2e_per_carbon(&self) -> f64 {
        let model = self.phi * (1.0 - self.f) * self.gwp_ch4 * (1.0 - self.ox);
        model * 16.0 / 12.0 * self.f_ch4 * self.docf * self.mcf
    }
}

/// Mass of one kind of waste deposited in a year.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WasteDeposit {
    /// Year of the deposit.
    pub year: i32,
    /// Kind of waste.
    pub waste: WasteKind,
    /// Wet mass, tonnes.
    pub tonnes: f64,
}

/// Returns the share of a deposit that decays in the year `age` years after its own; its own year
/// is age 0.
fn decayed_share(k: f64, age: i32) -> f64 {
    // `exp_m1` keeps the digits of 1 − e^(−k) for slow decay.
    (-k * f64::from(age)).exp() * -(-k).exp_m1()
}

/// Emission of all deposits in one year, t CO2e (E.5, CDM TOOL04):
/// φ(1−f)·GWP·(1−OX)·16/12·F·DOCf·MCF·ΣΣ W·DOC·e^(−k(y−x))·(1−e^(−k)).
pub fn fod_tool04(deposits: &[WasteDeposit], year: i32, landfill: &LandfillModel) -> f64 {
    // The sum needs the deposits of all earlier years. It holds only for waste that would have gone
    // to an anaerobic landfill: open burning, feed and recycling have no methane baseline (E.5).
    let past = deposits.iter().filter(|deposit| deposit.year <= year);
    let carbon = past.map(|deposit| {
        let age = year.saturating_sub(deposit.year);
        let (doc, k) = landfill.carbon_and_decay(deposit.waste);
        deposit.tonnes * doc * decayed_share(k, age)
    });
    landfill.co2e_per_carbon() * carbon.collect::<CompensatedSum>().value()
}

/// Emission of all deposits in one year by the IPCC's timing, t CO2e (E.6; with a warming potential
/// of 1: t CH4). Decay starts on 1 January after the deposit, so that year y+1 here is year y of
/// [`fod_tool04`] with φ 1 and f 0. `deposits` are (year, tonnes) of one kind with its own `k`
/// (1/year) and `doc`.
pub fn fod_ipcc(
    deposits: &[(i32, f64)],
    year: i32,
    k: f64,
    doc: f64,
    landfill: &LandfillModel,
) -> f64 {
    let past = deposits.iter().filter(|(deposited, _)| *deposited < year);
    let carbon = past.map(|(deposited, tonnes)| {
        let age = year.saturating_sub(*deposited).saturating_sub(1);
        tonnes * doc * decayed_share(k, age)
    });
    landfill.co2e_per_carbon() * carbon.collect::<CompensatedSum>().value()
}

/// Emission of a wet tonne over decades, t CO2e (E.7). Never to be printed as "per year".
pub fn lifetime_per_tonne(waste: WasteKind, landfill: &LandfillModel) -> f64 {
    landfill.co2e_per_carbon() * landfill.carbon_and_decay(waste).0
}

/// Emission of a wet tonne in each of the first `years` years, t CO2e (E.7).
pub fn annual_per_tonne(waste: WasteKind, years: u32, landfill: &LandfillModel) -> Vec<f64> {
    let lifetime = lifetime_per_tonne(waste, landfill);
    let ages = (0..).take(usize::try_from(years).map_or(FOD_YEARS_MAX, |n| n.min(FOD_YEARS_MAX)));
    let (_, k) = landfill.carbon_and_decay(waste);
    ages.map(|age| lifetime * decayed_share(k, age)).collect()
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
            let landfill = LandfillModel { phi: 1.0, ..LandfillModel::default() };
            let food = WasteKind::Food;
            let (k, doc) = (food.decay_rate_per_year(), food.degradable_carbon());
            let plain: Vec<(i32, f64)> = (1..).zip(tonnes).collect();
            let typed: Vec<WasteDeposit> = plain
                .iter()
                .map(|&(year, tonnes)| WasteDeposit { year, waste: WasteKind::Food, tonnes })
                .collect();
            let ours = fod_tool04(&typed, year, &landfill);
            let theirs = fod_ipcc(&plain, year + 1, k, doc, &landfill);
            prop_assert!((ours - theirs).abs() < 1e-12);
        }
    }
}
