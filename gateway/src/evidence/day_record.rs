//! Record of a day: a short text whose SHA-256 is the day's digest.

use super::canonical_form::hash;
use super::recorded_table::{RecordedTable, RowRange};
use crate::domain::UtcMs;
use jiff::Timestamp;
use jiff::civil::Date;
use std::fmt;
use std::fmt::Write;
use std::str::FromStr;

/// First line of a record that covers no rows but those of the ledger.
const RECORD_HEADER_LEDGER: &str = "pantau-digest 1";
/// First line of a record that also covers reports, imports or re-dated samples.
const RECORD_HEADER: &str = "pantau-digest 2";

/// Stored record with its digest.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DayDigest {
    /// Position in the chain: 1, 2, 3, ...
    pub number: u64,
    /// Local day.
    #[serde(with = "day_text")]
    pub day: Date,
    /// Revision of the day; 1 when the day was closed, higher when its samples changed later.
    pub revision: u32,
    /// SHA-256 of `record`, 64 lower-case hexadecimal digits.
    pub sha256: String,
    /// Text of the record.
    pub record: String,
}

/// Serialisation of a day as its ISO text.
mod day_text {
    use jiff::civil::Date;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    #[expect(
        clippy::trivially_copy_pass_by_ref,
        reason = "the form that serde asks for"
    )]
    pub(super) fn serialize<S: Serializer>(day: &Date, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(day)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Date, D::Error> {
        String::deserialize(from)?.parse().map_err(D::Error::custom)
    }
}

/// Reason of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RecordReason {
    /// The day is over.
    Closed,
    /// Readings of the day arrived after it was closed.
    Late,
    /// Samples were imported into the day.
    Import,
    /// Undated readings got a true time within the day.
    Redated,
    /// A part of its samples could no longer be read and was set aside.
    Damage,
}

/// Kind of a text that is stored by revision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RevisionKind {
    /// Configuration file of the site.
    Configuration,
    /// Factors built into the program.
    Factors,
    /// Calibrations; each entry is a text of its own.
    Calibrations,
}

/// Line `samples` of a record: the samples of one point.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SampleDigestLine {
    /// Point id, `device.point`.
    pub point: String,
    /// Number of samples.
    pub count: u64,
    /// SHA-256 of their lines.
    pub sha256: String,
    /// Unit at that time; empty for a bare number.
    pub unit: String,
}

/// Line of a record about a revision of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevisionLine {
    /// Number of the revision.
    pub id: u64,
    /// Time from which it holds.
    pub since: UtcMs,
    /// SHA-256 of the text.
    pub sha256: String,
}

/// Record of a local day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DayRecord {
    /// Position in the chain.
    pub number: u64,
    /// Digest of the record before; 64 zeros in the first one.
    pub before: String,
    /// Id of the site.
    pub site: String,
    /// IANA time zone of the day.
    pub zone: String,
    /// The local day.
    pub day: Date,
    /// First moment of the day.
    pub from: UtcMs,
    /// First moment after the day.
    pub to: UtcMs,
    /// Revision of the day.
    pub revision: u32,
    /// Reasons for which the record was made.
    pub reasons: Vec<RecordReason>,
    /// Time at which it was made.
    pub made: UtcMs,
    /// Version of the program that made it.
    pub program: String,
    /// Points with samples, by id.
    pub samples: Vec<SampleDigestLine>,
    /// Rows of the ledger and of other tables that were added since the record before, at most one
    /// range for a table.
    pub rows: Vec<RowRange>,
    /// Revisions of the configuration that hold on that day.
    pub configuration: Vec<RevisionLine>,
    /// Revisions of the built-in factors that hold on that day.
    pub factors: Vec<RevisionLine>,
    /// Calibrations recorded since the record before, and the last one before them.
    pub calibrations: Vec<RevisionLine>,
}

/// Error: the text is not a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not the record of a day")]
pub struct RecordParseError;

impl DayRecord {
    /// Value of `before` in the first record.
    pub const NO_PREVIOUS_DIGEST: &'static str =
        "0000000000000000000000000000000000000000000000000000000000000000";

    /// Returns the first line: what an older verifier cannot know has another one.
    fn header(&self) -> &'static str {
        let is_ledger = |range: &RowRange| range.table == RecordedTable::Ledger;
        if self.rows.iter().all(is_ledger) {
            RECORD_HEADER_LEDGER
        } else {
            RECORD_HEADER
        }
    }

    /// Returns the record in its stored form.
    pub fn to_digest(&self) -> DayDigest {
        let record = self.to_string();
        DayDigest {
            number: self.number,
            day: self.day,
            revision: self.revision,
            sha256: hash(record.as_bytes()),
            record,
        }
    }
}

impl fmt::Display for DayRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Field order and spelling are the hashed format: `docs/evidence.md`.
        let reasons: Vec<_> = self.reasons.iter().map(|why| why.word()).collect();
        writeln!(
            f,
            "{}\nnumber {}\nbefore {}",
            self.header(),
            self.number,
            self.before
        )?;
        writeln!(
            f,
            "site {}\nzone {}\nday {}",
            self.site, self.zone, self.day
        )?;
        writeln!(f, "from {}\nto {}", self.from, self.to)?;
        writeln!(
            f,
            "revision {}\nreason {}",
            self.revision,
            reasons.join("+")
        )?;
        writeln!(f, "made {}\nprogram {}", self.made, self.program)?;
        for one in &self.samples {
            write!(f, "samples {} {} {}", one.point, one.count, one.sha256)?;
            match one.unit.as_str() {
                // A bare number has no unit and no trailing space.
                "" => f.write_char('\n')?,
                unit => writeln!(f, " {unit}")?,
            }
        }
        for range in &self.rows {
            writeln!(f, "{range}")?;
        }
        for (kind, lines) in [
            (RevisionKind::Configuration, &self.configuration),
            (RevisionKind::Factors, &self.factors),
            (RevisionKind::Calibrations, &self.calibrations),
        ] {
            for one in lines {
                writeln!(f, "{}", one.line(kind))?;
            }
        }
        Ok(())
    }
}

impl RevisionLine {
    /// Returns the line of a record about this text, without its end.
    pub fn line(&self, kind: RevisionKind) -> String {
        format!("{} {} {} {}", kind.word(), self.id, self.since, self.sha256)
    }
}

impl FromStr for DayRecord {
    type Err = RecordParseError;

    /// Accepts exactly what `Display` writes.
    fn from_str(text: &str) -> Result<Self, RecordParseError> {
        let record = parse_record(text).ok_or(RecordParseError)?;
        // Written again and compared: two texts that parse alike can never share a digest.
        if record.to_string() == text {
            Ok(record)
        } else {
            Err(RecordParseError)
        }
    }
}

/// Parses the lines of a record.
fn parse_record(text: &str) -> Option<DayRecord> {
    let mut lines = text.lines();
    if ![RECORD_HEADER, RECORD_HEADER_LEDGER].contains(&lines.next()?) {
        return None;
    }
    let mut value = |key: &str| {
        let line: &str = lines.next()?;
        line.strip_prefix(key)?.strip_prefix(' ')
    };
    let mut record = DayRecord {
        number: value("number")?.parse().ok()?,
        before: value("before")?.to_owned(),
        site: value("site")?.to_owned(),
        zone: value("zone")?.to_owned(),
        day: value("day")?.parse().ok()?,
        from: parse_time(value("from")?)?,
        to: parse_time(value("to")?)?,
        revision: value("revision")?.parse().ok()?,
        reasons: value("reason")?
            .split('+')
            .map(RecordReason::parse)
            .collect::<Option<_>>()?,
        made: parse_time(value("made")?)?,
        program: value("program")?.to_owned(),
        samples: Vec::new(),
        rows: Vec::new(),
        configuration: Vec::new(),
        factors: Vec::new(),
        calibrations: Vec::new(),
    };
    // Any unknown key makes the text no record: nothing can be hidden in extra lines.
    for line in lines {
        let (key, rest) = line.split_once(' ')?;
        match key {
            "samples" => record.samples.push(parse_sample_line(rest)?),
            "configuration" => record.configuration.push(parse_revision_line(rest)?),
            "factors" => record.factors.push(parse_revision_line(rest)?),
            "calibrations" => record.calibrations.push(parse_revision_line(rest)?),
            _ => {
                let range = RowRange::parse(RecordedTable::parse(key)?, rest)?;
                // In their order, and each table once.
                if record
                    .rows
                    .last()
                    .is_some_and(|last| last.table >= range.table)
                {
                    return None;
                }
                record.rows.push(range);
            }
        }
    }
    Some(record)
}

/// Parses an RFC 3339 time.
fn parse_time(text: &str) -> Option<UtcMs> {
    let time: Timestamp = text.parse().ok()?;
    Some(UtcMs(time.as_millisecond()))
}

fn parse_sample_line(text: &str) -> Option<SampleDigestLine> {
    // The unit is last, since it may contain spaces.
    let mut words = text.splitn(4, ' ');
    Some(SampleDigestLine {
        point: words.next()?.to_owned(),
        count: words.next()?.parse().ok()?,
        sha256: words.next()?.to_owned(),
        unit: words.next().unwrap_or_default().to_owned(),
    })
}

/// Parses what stands behind the word of the kind.
pub(super) fn parse_revision_line(text: &str) -> Option<RevisionLine> {
    let mut words = text.splitn(3, ' ');
    Some(RevisionLine {
        id: words.next()?.parse().ok()?,
        since: parse_time(words.next()?)?,
        sha256: words.next()?.to_owned(),
    })
}

impl RecordReason {
    /// All reasons.
    pub const ALL: [Self; 5] = [
        Self::Closed,
        Self::Late,
        Self::Import,
        Self::Redated,
        Self::Damage,
    ];

    /// Returns its word in a record and in the store.
    pub fn word(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Late => "late",
            Self::Import => "import",
            Self::Redated => "redated",
            Self::Damage => "damage",
        }
    }

    /// Returns the reason with this word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|why| why.word() == word)
    }
}

impl RevisionKind {
    /// All kinds.
    pub const ALL: [Self; 3] = [Self::Configuration, Self::Factors, Self::Calibrations];

    /// Returns its word in a record, also its folder in a bundle.
    pub fn word(self) -> &'static str {
        match self {
            Self::Configuration => "configuration",
            Self::Factors => "factors",
            Self::Calibrations => "calibrations",
        }
    }

    /// Returns the kind with this word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }
}
