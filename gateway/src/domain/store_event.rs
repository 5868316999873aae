//! [`StoreEvent`]: what a start of the gateway found about the file of its store, and did about it.

use super::UtcMs;
use std::fmt;

/// Kind of what was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreEventKind {
    /// The file was gone: a new store was begun, of what its log still had, if that was there.
    Lost,
    /// The file of another store was in its place, and is used.
    Replaced,
    /// An older copy of the file was in its place, and is used.
    Older,
    /// The end of its log was gone: commits that had been on the disk are missing.
    LogLost,
    /// It was damaged, and made anew of what could be read.
    Mended,
    /// Nothing of it could be read: a new store was begun.
    Begun,
    /// A garbled row of the journal was set aside.
    RowSetAside,
    /// An exchange of the file that was stopped is complete.
    Exchanged,
    /// Leftovers of a stopped restore were removed.
    RestoreStopped,
    /// A part of a long log was not looked through for damage.
    LogUnread,
    /// The file of users and tokens was damaged, and set aside.
    AccessSetAside,
}

/// Finding of a start, and the action on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreEvent {
    /// Time of the start.
    pub at: UtcMs,
    /// Kind.
    pub kind: StoreEventKind,
    /// Id of the store that was there before; empty when it is not known.
    pub store: String,
    /// Names of the files beside the store in which it is kept; none when nothing is left of it.
    pub files: Vec<String>,
    /// First and last time of readings that are missing, as far as they are known.
    pub missing: Option<(UtcMs, UtcMs)>,
    /// Lines of the list of losses that came of it.
    pub lines: usize,
    /// Cause, or the place of what was found: words of the system.
    pub why: String,
}

impl StoreEventKind {
    /// All kinds.
    pub const ALL: [Self; 11] = [
        Self::Lost,
        Self::Replaced,
        Self::Older,
        Self::LogLost,
        Self::Mended,
        Self::Begun,
        Self::RowSetAside,
        Self::Exchanged,
        Self::RestoreStopped,
        Self::LogUnread,
        Self::AccessSetAside,
    ];

    /// Word in the store and in message keys.
    pub fn word(self) -> &'static str {
        match self {
            Self::Lost => "lost",
            Self::Replaced => "replaced",
            Self::Older => "older",
            Self::LogLost => "log-lost",
            Self::Mended => "mended",
            Self::Begun => "begun",
            Self::RowSetAside => "row",
            Self::Exchanged => "exchanged",
            Self::RestoreStopped => "restore-stopped",
            Self::LogUnread => "log-unread",
            Self::AccessSetAside => "access",
        }
    }

    /// Returns the kind of a word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.word() == word)
    }

    /// True when another store is used than the one that was written last: nothing was repaired.
    pub fn is_other_store(self) -> bool {
        matches!(
            self,
            Self::Lost | Self::Replaced | Self::Older | Self::Begun
        )
    }
}

impl StoreEvent {
    /// Returns an event without particulars.
    pub fn new(kind: StoreEventKind, at: UtcMs, why: impl Into<String>) -> Self {
        Self {
            at,
            kind,
            store: String::new(),
            files: Vec::new(),
            missing: None,
            lines: 0,
            why: why.into(),
        }
    }

    fn missing_text(&self) -> String {
        match self.missing {
            Some((first, last)) => format!("readings from {first} to {last} are missing in it"),
            None => "it is not known what was there before".to_owned(),
        }
    }

    fn kept_text(&self) -> String {
        if self.files.is_empty() {
            return "nothing of it is kept beside the store: `pantau restore` puts a backup back"
                .to_owned();
        }
        let files = self.files.join(", ");
        format!("it is kept as {files}; `pantau restore` puts a backup back if there is one")
    }
}

/// The sentence of the log and of `/healthz`.
impl fmt::Display for StoreEvent {
    fn fmt(&self, into: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (files, why) = (self.files.join(", "), &self.why);
        let (missing, kept) = (self.missing_text(), self.kept_text());
        let store = match &*self.store {
            "" => "of the store".to_owned(),
            id => format!("of the store {id}"),
        };
        match self.kind {
            StoreEventKind::Lost => write!(
                into,
                "pantau.db {store} was gone ({why}): a new store was begun; {missing}; {kept}"
            ),
            StoreEventKind::Replaced => write!(
                into,
                "pantau.db is that of another store ({why}) than the one that was written last; \
                 what was read {store} is not in it"
            ),
            StoreEventKind::Older => write!(
                into,
                "pantau.db is an older copy {store}: {missing}; put the newer file back if you \
                 have it"
            ),
            StoreEventKind::LogLost => write!(
                into,
                "pantau.db lacks what had been stored: its log was cut or overwritten, or an \
                 older copy is in its place; {missing}; {kept}"
            ),
            StoreEventKind::Begun => write!(
                into,
                "pantau.db {store} could not be read ({why}): a new one was begun; {missing}; \
                 {kept}"
            ),
            StoreEventKind::Mended if self.lines == 0 => write!(
                into,
                "pantau.db was damaged ({why}); what could be read is in a new file, the old one \
                 is kept as {files}; nothing is missing"
            ),
            StoreEventKind::Mended => write!(
                into,
                "pantau.db was damaged ({why}); what could be read is in a new file, the old one \
                 is kept as {files}; {} lines of what is missing are on /health",
                self.lines
            ),
            StoreEventKind::RowSetAside => write!(into, "{why} was garbled and set aside"),
            StoreEventKind::Exchanged => write!(
                into,
                "the exchange of pantau.db that was stopped is complete; the old one: {files}"
            ),
            StoreEventKind::RestoreStopped => {
                write!(into, "what a restore that was stopped had left was removed")
            }
            StoreEventKind::LogUnread => write!(
                into,
                "the log of pantau.db is very large: what follows {why} was not looked through \
                 for damage"
            ),
            StoreEventKind::AccessSetAside => write!(
                into,
                "access.json was damaged; kept as {files}. There are no users now"
            ),
        }
    }
}
