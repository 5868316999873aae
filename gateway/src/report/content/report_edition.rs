//! [`ReportEdition`]: for whom a report is.

/// Edition of a report as PDF. Workbook, CSV and JSON are always full.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ReportEdition {
    /// For directors: what the programme is judged by, on 8 pages at most.
    #[default]
    Director,
    /// For auditors: everything.
    Full,
}

impl ReportEdition {
    /// Parses the word of an option or of an address: `director` or `full`.
    pub fn parse(word: &str) -> Option<Self> {
        let all = [Self::Director, Self::Full];
        all.into_iter().find(|edition| edition.key() == word)
    }

    /// Stable English word.
    pub fn key(self) -> &'static str {
        match self {
            Self::Director => "director",
            Self::Full => "full",
        }
    }
}
