//! The record of a day: a short text whose SHA-256 is the day's digest.

use super::canon::hash;
use crate::model::UtcMs;
use jiff::Timestamp;
use jiff::civil::Date;
use std::fmt;
use std::fmt::Write;
use std::str::FromStr;

/// First line of every record.
const HEAD: &str = "pantau-digest 1";

/// A kept record with its digest.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Digest {
    /// Place in the chain: 1, 2, 3, ...
    pub number: u64,
    /// The local day.
    #[serde(with = "day_text")]
    pub day: Date,
    /// 1 when the day was closed first; a later one replaces it.
    pub revision: u32,
    /// SHA-256 of `record`, 64 small hexadecimal digits.
    pub sha256: String,
    /// The text.
    pub record: String,
}

/// A day as its ISO text.
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

/// Why a record was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Why {
    /// The day was over.
    Closed,
    /// Readings of the day came after it was closed.
    Late,
    /// Readings were imported into it.
    Import,
    /// Readings got their true time, which lies in it.
    Redated,
    /// A part of its readings could no longer be read and was set aside.
    Damage,
}

/// Which texts are kept by revision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// The site's file.
    Configuration,
    /// The factors that the program brings.
    Factors,
    /// What corrects readings; each entry is a text of its own.
    Calibrations,
}

/// What a record says of a point's samples.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SampleLine {
    /// `device.point`.
    pub point: String,
    /// How many samples.
    pub count: u64,
    /// SHA-256 of their lines.
    pub sha256: String,
    /// Unit at the time; empty for a bare number.
    pub unit: String,
}

/// What a record says of a revision of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextLine {
    /// Number of the revision.
    pub id: u64,
    /// Since when it holds.
    pub since: UtcMs,
    /// SHA-256 of the text.
    pub sha256: String,
}

/// Everything that is said of a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Place in the chain.
    pub number: u64,
    /// Digest of the record before; 64 zeros in the first one.
    pub before: String,
    /// Id of the site.
    pub site: String,
    /// IANA time zone of the day.
    pub zone: String,
    /// The local day.
    pub day: Date,
    /// Its first moment.
    pub from: UtcMs,
    /// The first moment after it.
    pub to: UtcMs,
    /// Revision of the day.
    pub revision: u32,
    /// Why the record was made.
    pub reasons: Vec<Why>,
    /// When it was made.
    pub made: UtcMs,
    /// Version of the program that made it.
    pub program: String,
    /// Points with samples, by id.
    pub samples: Vec<SampleLine>,
    /// First and last number of the entries written down that day, and SHA-256 of their lines.
    pub ledger: Option<(u64, u64, String)>,
    /// Revisions of the configuration that hold on that day.
    pub configuration: Vec<TextLine>,
    /// Revisions of the built-in factors that hold on that day.
    pub factors: Vec<TextLine>,
    /// Calibrations written down since the record before, and the last one before them.
    pub calibrations: Vec<TextLine>,
}

/// The text is no record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not the record of a day")]
pub struct NotRecord;

impl Record {
    /// `before` of the first record.
    pub const NONE_BEFORE: &'static str =
        "0000000000000000000000000000000000000000000000000000000000000000";

    /// As it is kept.
    pub fn digest(&self) -> Digest {
        let record = self.to_string();
        Digest {
            number: self.number,
            day: self.day,
            revision: self.revision,
            sha256: hash(record.as_bytes()),
            record,
        }
    }
}

impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reasons: Vec<_> = self.reasons.iter().map(|why| why.word()).collect();
        writeln!(f, "{HEAD}\nnumber {}\nbefore {}", self.number, self.before)?;
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
                "" => f.write_char('\n')?,
                unit => writeln!(f, " {unit}")?,
            }
        }
        if let Some((first, last, sha256)) = &self.ledger {
            writeln!(f, "ledger {first} {last} {sha256}")?;
        }
        for (kind, lines) in [
            (Kind::Configuration, &self.configuration),
            (Kind::Factors, &self.factors),
            (Kind::Calibrations, &self.calibrations),
        ] {
            for one in lines {
                writeln!(f, "{} {} {} {}", kind.word(), one.id, one.since, one.sha256)?;
            }
        }
        Ok(())
    }
}

impl FromStr for Record {
    type Err = NotRecord;

    /// Takes exactly what `Display` writes.
    fn from_str(text: &str) -> Result<Self, NotRecord> {
        let record = read(text).ok_or(NotRecord)?;
        if record.to_string() == text {
            Ok(record)
        } else {
            Err(NotRecord)
        }
    }
}

fn read(text: &str) -> Option<Record> {
    let mut lines = text.lines();
    if lines.next()? != HEAD {
        return None;
    }
    let mut value = |key: &str| {
        let line: &str = lines.next()?;
        line.strip_prefix(key)?.strip_prefix(' ')
    };
    let mut record = Record {
        number: value("number")?.parse().ok()?,
        before: value("before")?.to_owned(),
        site: value("site")?.to_owned(),
        zone: value("zone")?.to_owned(),
        day: value("day")?.parse().ok()?,
        from: time(value("from")?)?,
        to: time(value("to")?)?,
        revision: value("revision")?.parse().ok()?,
        reasons: value("reason")?
            .split('+')
            .map(Why::parse)
            .collect::<Option<_>>()?,
        made: time(value("made")?)?,
        program: value("program")?.to_owned(),
        samples: Vec::new(),
        ledger: None,
        configuration: Vec::new(),
        factors: Vec::new(),
        calibrations: Vec::new(),
    };
    for line in lines {
        let (key, rest) = line.split_once(' ')?;
        match key {
            "samples" => record.samples.push(sample_line(rest)?),
            "ledger" => record.ledger = Some(ledger_line(rest)?),
            "configuration" => record.configuration.push(text_line(rest)?),
            "factors" => record.factors.push(text_line(rest)?),
            "calibrations" => record.calibrations.push(text_line(rest)?),
            _ => return None,
        }
    }
    Some(record)
}

fn time(text: &str) -> Option<UtcMs> {
    let time: Timestamp = text.parse().ok()?;
    Some(UtcMs(time.as_millisecond()))
}

fn sample_line(text: &str) -> Option<SampleLine> {
    let mut words = text.splitn(4, ' ');
    Some(SampleLine {
        point: words.next()?.to_owned(),
        count: words.next()?.parse().ok()?,
        sha256: words.next()?.to_owned(),
        unit: words.next().unwrap_or_default().to_owned(),
    })
}

fn ledger_line(text: &str) -> Option<(u64, u64, String)> {
    let mut words = text.splitn(3, ' ');
    let (first, last) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
    Some((first, last, words.next()?.to_owned()))
}

fn text_line(text: &str) -> Option<TextLine> {
    let mut words = text.splitn(3, ' ');
    Some(TextLine {
        id: words.next()?.parse().ok()?,
        since: time(words.next()?)?,
        sha256: words.next()?.to_owned(),
    })
}

impl Why {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Closed,
        Self::Late,
        Self::Import,
        Self::Redated,
        Self::Damage,
    ];

    /// Its word in a record and in the store.
    pub fn word(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Late => "late",
            Self::Import => "import",
            Self::Redated => "redated",
            Self::Damage => "damage",
        }
    }

    /// The reason with this word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|why| why.word() == word)
    }
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Configuration, Self::Factors, Self::Calibrations];

    /// Its word in a record, and its folder in a bundle.
    pub fn word(self) -> &'static str {
        match self {
            Self::Configuration => "configuration",
            Self::Factors => "factors",
            Self::Calibrations => "calibrations",
        }
    }

    /// The kind with this word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }
}
