//! Status of a formula's result: usable, doubtful, or the reason for which there is none.

/// Status of a result. The message in both languages has the key `analyse-status-CODE`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FormulaStatus {
    /// The value can be defended.
    Ok,
    /// Too few valid records.
    Insufficient,
    /// No record at all.
    NoData,
    /// The times do not grow.
    TimeOrder,
    /// Too many readings were left out: a wrong unit, scale, transformer ratio or rating.
    ImplausibleReadings,
    /// The readings of a counter fell too often: it is none, or was reset again and again.
    FallingCounter,
    /// No irradiance was measured: there is a yield, but no ratio.
    NoIrradiance,
    /// The energy was not measured.
    NoEnergy,
    /// Too dark for a ratio.
    Dark,
    /// No record has energy, irradiance and temperature together.
    NoValidRecords,
    /// A performance ratio above 1.05.
    PrTooHigh,
    /// Neither water nor energy: the pump was off.
    NoOperation,
    /// Water without energy.
    FlowWithoutEnergy,
    /// An efficiency above 0.80.
    EtaTooHigh,
    /// More energy exported than generated.
    ExportAboveGeneration,
    /// No energy was generated.
    NoGeneration,
    /// The level is above full; the volume is that of the full tank.
    AboveFull,
    /// The level is below empty; the volume is that of the empty tank.
    BelowEmpty,
    /// Current outside 3.6 to 21 mA: a broken loop or sensor.
    Fault,
    /// Current outside 3.8 to 20.5 mA, but not yet a fault.
    OutsideNormal,
    /// No echo came back.
    NoEcho,
    /// The surface is nearer than the sensor can measure (blanking distance).
    InsideBlanking,
    /// The mass fed was not recorded.
    FedMissing,
    /// Some but not all masses were recorded.
    MassMissing,
    /// More mass came out than went in.
    MassBalance,
    /// A quantity without a factor.
    QuantityOnly,
    /// A factor without a source.
    NoSource,
    /// An unverified factor: for illustration, not for a claim.
    Illustrative,
}

/// Side on which a value with a status lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueDirection {
    /// Neither side is known to be wrong.
    Neither,
    /// The true value is at least the given one.
    LowerBound,
    /// The true value is at most the given one.
    UpperBound,
    /// The value may be wrong in either direction.
    Unknown,
    /// There is no value.
    NoValue,
}

impl FormulaStatus {
    /// Returns the side on which a value with this status lies. The message of the status says it.
    pub fn direction(self) -> ValueDirection {
        match self {
            Self::Ok => ValueDirection::Neither,
            Self::AboveFull => ValueDirection::LowerBound,
            Self::BelowEmpty | Self::PrTooHigh | Self::EtaTooHigh => ValueDirection::UpperBound,
            Self::OutsideNormal | Self::MassBalance | Self::Illustrative => ValueDirection::Unknown,
            _ => ValueDirection::NoValue,
        }
    }

    /// All statuses.
    pub const ALL: [Self; 28] = [
        Self::Ok,
        Self::Insufficient,
        Self::NoData,
        Self::TimeOrder,
        Self::ImplausibleReadings,
        Self::FallingCounter,
        Self::NoIrradiance,
        Self::NoEnergy,
        Self::Dark,
        Self::NoValidRecords,
        Self::PrTooHigh,
        Self::NoOperation,
        Self::FlowWithoutEnergy,
        Self::EtaTooHigh,
        Self::ExportAboveGeneration,
        Self::NoGeneration,
        Self::AboveFull,
        Self::BelowEmpty,
        Self::Fault,
        Self::OutsideNormal,
        Self::NoEcho,
        Self::InsideBlanking,
        Self::FedMissing,
        Self::MassMissing,
        Self::MassBalance,
        Self::QuantityOnly,
        Self::NoSource,
        Self::Illustrative,
    ];

    /// Returns the stable English code for scripts and auditors.
    pub fn code(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Insufficient => "insufficient",
            Self::NoData => "no_data",
            Self::TimeOrder => "error_time_order",
            Self::ImplausibleReadings => "implausible_readings",
            Self::FallingCounter => "falling_counter",
            Self::NoIrradiance => "undefined_no_irradiance_data",
            Self::NoEnergy => "undefined_no_energy_data",
            Self::Dark => "undefined_night_or_dark",
            Self::NoValidRecords => "undefined_no_valid_records",
            Self::PrTooHigh => "implausible_pr_high",
            Self::NoOperation => "undefined_no_operation",
            Self::FlowWithoutEnergy => "inconsistent_flow_without_energy",
            Self::EtaTooHigh => "implausible_eta",
            Self::ExportAboveGeneration => "error_export_exceeds_generation",
            Self::NoGeneration => "undefined_no_generation",
            Self::AboveFull => "above_full",
            Self::BelowEmpty => "below_empty",
            Self::Fault => "fault",
            Self::OutsideNormal => "outside_normal",
            Self::NoEcho => "no_echo",
            Self::InsideBlanking => "inside_blanking",
            Self::FedMissing => "error_fed_missing",
            Self::MassMissing => "incomplete_mass_missing",
            Self::MassBalance => "inconsistent_mass_balance",
            Self::QuantityOnly => "quantity_only",
            Self::NoSource => "refused_no_source",
            Self::Illustrative => "illustrative_not_claimable",
        }
    }

    /// Returns the key of its message.
    pub fn words_key(self) -> String {
        format!("analyse-status-{}", self.code().replace('_', "-"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::i18n::Language;

    #[test]
    fn every_status_has_words_in_both_languages() {
        for status in FormulaStatus::ALL {
            for lang in [Language::Id, Language::En] {
                let key = status.words_key();
                assert_ne!(lang.text(&key), key, "{}", lang.code());
            }
        }
    }

    #[test]
    fn every_status_says_its_direction_and_its_reason_in_both_languages() {
        let said = |direction| match direction {
            ValueDirection::Neither => ("bukan batas", "neither a lower nor"),
            ValueDirection::LowerBound => ("batas bawah", "a lower bound"),
            ValueDirection::UpperBound => ("batas atas", "an upper bound"),
            ValueDirection::Unknown => ("arah kesalahan tidak diketahui", "unknown direction"),
            ValueDirection::NoValue => ("tidak ada nilai", "no value"),
        };
        for status in FormulaStatus::ALL {
            let (id, en) = said(status.direction());
            for (lang, phrase) in [(Language::Id, id), (Language::En, en)] {
                let text = lang.text(&status.words_key());
                assert!(text.contains(phrase), "{}: {text}", status.code());
                // The rest of the sentence is the reason.
                let reason = text.replace(phrase, "");
                assert!(reason.chars().count() > 6, "{}: {text}", status.code());
            }
        }
    }
}
