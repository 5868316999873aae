//! Global warming potentials over 100 years, and CO2 equivalents (C.8).

/// Set of global warming potentials over 100 years, by IPCC assessment report. Printed with every
/// CO2e figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Gwp100Set {
    /// Fourth assessment report (AR4).
    Ar4,
    /// Fifth assessment report (AR5), the default.
    #[default]
    Ar5,
    /// Sixth assessment report (AR6).
    Ar6,
}

impl Gwp100Set {
    /// Names of the sets.
    pub const NAMES: &[&str] = &["AR4", "AR5", "AR6"];

    /// Parses one of [`Self::NAMES`].
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "AR4" => Some(Self::Ar4),
            "AR5" => Some(Self::Ar5),
            "AR6" => Some(Self::Ar6),
            _ => None,
        }
    }

    /// Returns the name of the set.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ar4 => "AR4",
            Self::Ar5 => "AR5",
            Self::Ar6 => "AR6",
        }
    }

    /// Returns the id of the factor of a gas, `ch4` or `n2o`.
    pub fn factor_id(self, gas: &str) -> String {
        format!("gwp.{}.{gas}", self.name().to_lowercase())
    }

    /// Returns the potential of methane.
    pub fn ch4(self) -> f64 {
        match self {
            Self::Ar4 => 25.0,
            Self::Ar5 => 28.0,
            Self::Ar6 => 27.9,
        }
    }

    /// Returns the potential of nitrous oxide.
    pub fn n2o(self) -> f64 {
        match self {
            Self::Ar4 => 298.0,
            Self::Ar5 => 265.0,
            Self::Ar6 => 273.0,
        }
    }
}

/// CO2 equivalent, kg, of masses of CO2, CH4 and N2O in kg (C.8): ΣGWP·m.
pub fn co2_equivalent_kg(carbon_kg: f64, methane_kg: f64, nitrous_kg: f64, gwp: Gwp100Set) -> f64 {
    carbon_kg + gwp.ch4() * methane_kg + gwp.n2o() * nitrous_kg
}
