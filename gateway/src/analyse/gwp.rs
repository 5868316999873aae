//! C.8: warming of one gas in the measure of another.

/// A set of global warming potentials over 100 years. Print it on every CO2e figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Gwp {
    /// IPCC's fourth assessment report.
    Ar4,
    /// The fifth: the default.
    #[default]
    Ar5,
    /// The sixth.
    Ar6,
}

impl Gwp {
    /// The names of the sets.
    pub const NAMES: &[&str] = &["AR4", "AR5", "AR6"];

    /// From its name.
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "AR4" => Some(Self::Ar4),
            "AR5" => Some(Self::Ar5),
            "AR6" => Some(Self::Ar6),
            _ => None,
        }
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ar4 => "AR4",
            Self::Ar5 => "AR5",
            Self::Ar6 => "AR6",
        }
    }

    /// Of methane.
    pub fn ch4(self) -> f64 {
        match self {
            Self::Ar4 => 25.0,
            Self::Ar5 => 28.0,
            Self::Ar6 => 27.9,
        }
    }

    /// Of nitrous oxide.
    pub fn n2o(self) -> f64 {
        match self {
            Self::Ar4 => 298.0,
            Self::Ar5 => 265.0,
            Self::Ar6 => 273.0,
        }
    }
}

/// C.8: ΣGWP·m, kg CO2e from kg of CO2, CH4 and N2O.
pub fn co2e(carbon_kg: f64, methane_kg: f64, nitrous_kg: f64, gwp: Gwp) -> f64 {
    carbon_kg + gwp.ch4() * methane_kg + gwp.n2o() * nitrous_kg
}
