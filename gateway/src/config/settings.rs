//! [`Config`]: the checked configuration, the only form that the rest of the program sees.

use crate::assets::{Asset, AssetRelation};
use crate::config::Diagnostic;
use crate::config::factors::Factors;
use crate::config::revision_text::join_texts;
use crate::config::sunspec::SunSpecSelection;
use crate::config::{AlarmChannel, AlarmRule};
use crate::config::{BackupSettings, Bus, DeviceLimits, Point, TimeStampSettings, ValueWords};
use crate::domain::Site;
use crate::domain::factor::Factor;
use crate::domain::hex_text::to_hex;
use crate::i18n::Language;
use crate::ledger::IndicatorDefinitions;
use crate::sinks::ConfiguredSink;
use jiff::civil::Date;
use ring::digest::{SHA256, digest};
use std::any::Any;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// Checked configuration of one site.
#[derive(Clone, Debug)]
pub struct Config {
    /// Path of the file.
    pub file: PathBuf,
    /// Text of the file, archived as a revision that figures refer to.
    pub text: String,
    /// Site, devices and points for store, sinks and pages; same order as `devices`.
    pub site: Site,
    /// Language of the site's people, when configured.
    pub language: Option<Language>,
    /// Buses in file order.
    pub buses: Vec<Bus>,
    /// Devices in file order, indexed by `Reading::device`.
    pub devices: Vec<Device>,
    /// Assets in file order; figures are computed from them.
    pub assets: Vec<Asset>,
    /// Declared relations between assets.
    pub relations: Vec<AssetRelation>,
    /// Factors of the site.
    pub factors: Factors,
    /// Ledger indicators.
    pub definitions: IndicatorDefinitions,
    /// Settings of the store.
    pub store: StoreSettings,
    /// Sinks in the order of `sinks::SINK_KINDS`.
    pub sinks: Vec<Arc<dyn ConfiguredSink>>,
    /// Settings of the page.
    pub web: WebSettings,
    /// First page of reports.
    pub report: ReportSettings,
    /// Authority that stamps the records of the evidence chain.
    pub time_stamp: Option<TimeStampSettings>,
    /// The copy on another disk.
    pub backup: BackupSettings,
    /// Rules of alarms, in the order in which they hold.
    pub alarms: Vec<AlarmRule>,
    /// Ways on which messages of alarms reach people.
    pub alarm_channels: Vec<AlarmChannel>,
    /// Bytes a month of all these channels together; `None`: no limit.
    pub alarm_budget: Option<u64>,
    /// Directory of the site's own profiles.
    pub profiles: Option<PathBuf>,
    /// Warnings, which do not prevent the start.
    pub warnings: Vec<Diagnostic>,
    /// Id of the revision, made when it is first asked for; see [`Self::revision_id`].
    pub revision: OnceLock<String>,
}

impl Config {
    /// Lowest and highest value of a point; infinite where none is set.
    pub(crate) fn point_range(&self, id: &str) -> (f64, f64) {
        let point = self.find_settings(id);
        let least = point.and_then(|point| point.min);
        let most = point.and_then(|point| point.max);
        let none = (f64::NEG_INFINITY, f64::INFINITY);
        (least.unwrap_or(none.0), most.unwrap_or(none.1))
    }

    /// Value at which a counter restarts at 0, in the unit of the point.
    pub(crate) fn counter_wraps_at(&self, id: &str) -> Option<f64> {
        self.find_settings(id)?.wraps_at
    }

    fn find_settings(&self, id: &str) -> Option<&super::point::Point> {
        let (device, place) = self.site.find_point(id)?;
        self.devices.get(usize::from(device))?.points.get(place)
    }

    /// Returns the name of a point for people with its id: `AC energy, School roof
    /// (inverter.ac_energy)`; the id alone when the site has no such point.
    pub fn point_title(&self, id: &str, lang: Language) -> String {
        let found = self.site.find_point(id).and_then(|(device, point)| {
            let device = self.devices.get(usize::from(device))?;
            Some((device, device.points.get(point)?))
        });
        let Some((device, point)) = found else {
            return id.to_owned();
        };
        let label = point.label(lang);
        if device.name == device.id {
            return format!("{label} ({id})");
        }
        format!("{label}, {} ({id})", device.name)
    }

    /// Returns the name of an asset for people; its id when the site has none of this id.
    pub fn asset_name(&self, id: &str) -> String {
        let mut all = self.assets.iter();
        let found = all.find(|asset| *asset.id == *id);
        found.map_or_else(|| id.to_owned(), |asset| asset.name.to_string())
    }

    /// Returns the settings of a sink by their type, when it is configured.
    pub fn sink<T: ConfiguredSink>(&self) -> Option<&T> {
        let mut all = self.sinks.iter().map(|sink| &**sink as &dyn Any);
        all.find_map(<dyn Any>::downcast_ref)
    }

    /// Beginnings of the MQTT topics on which the sinks publish.
    pub fn published_topics(&self) -> Vec<String> {
        let sinks = self.sinks.iter();
        let topics = sinks.filter_map(|sink| sink.published_topics(&self.site.id));
        topics.collect()
    }

    /// Text of the revision: the file and the site's own factors.
    // Beyond readings and ledger a figure depends on nothing else. The store archives this text,
    // so that an old report can be computed again.
    pub fn revision_text(&self) -> String {
        join_texts(&self.text, &self.factors.own_text)
    }

    /// Revision id that reports print: hashes of the configuration and of the built-in factors,
    /// joined by `-`.
    pub fn revision_id(&self) -> String {
        let hash_texts = || {
            let configuration = configuration_name(&self.revision_text());
            let factors = factors_name(&self.factors.built_in_text);
            format!("{configuration}-{factors}")
        };
        // Kept: every figure of every page names it, and the texts are long.
        self.revision.get_or_init(hash_texts).clone()
    }

    /// Replaces the text of the file, and with it the revision.
    pub fn replace_text(&mut self, text: String) {
        self.text = text;
        self.revision = OnceLock::new();
    }

    /// Warnings about factors used by assets that are not valid on `today`.
    pub fn expired_factors(&self, today: Date) -> Vec<Diagnostic> {
        let used = self.assets.iter().flat_map(Asset::factors);
        let mut all: Vec<&Arc<Factor>> = used.filter(|factor| !factor.holds_on(today)).collect();
        all.sort_by_key(|factor| Arc::clone(&factor.id));
        all.dedup();
        all.into_iter()
            .map(|factor| self.expired_diagnostic(factor, today))
            .collect()
    }

    /// First days of assets, baselines and changes that are later than the year after `today`:
    /// slips of the keyboard, since nothing is declared so far ahead.
    // Loading knows no date, and a clock that is wrong must not keep a gateway from starting.
    pub fn far_days(&self, today: Date) -> Vec<Diagnostic> {
        let mut all = Vec::new();
        for asset in &self.assets {
            let own = ("since", asset.days);
            let declared = asset.kind.settings().declared_stretches();
            for (key, days) in [own].into_iter().chain(declared) {
                let is_far = |day: &Date| day.year() > today.year().saturating_add(1);
                if let Some(day) = days.since.filter(is_far) {
                    all.push(self.far_diagnostic(key, day, today));
                }
            }
        }
        all
    }

    fn far_diagnostic(&self, key: &str, day: Date, today: Date) -> Diagnostic {
        let day = day.to_string();
        let before = self.text.find(&day).map_or("", |at| &self.text[..at]);
        Diagnostic {
            file: self.file.clone(),
            line: 1 + before.matches('\n').count(),
            key: key.to_owned(),
            what: "fault-range",
            found: day,
            expected: format!("..={}-12-31", today.year().saturating_add(1)),
            hint: None,
        }
    }

    fn expired_diagnostic(&self, factor: &Factor, today: Date) -> Diagnostic {
        // The place of its first use in the file; a default factor has none.
        let before = self
            .text
            .find(&*factor.id)
            .map_or("", |at| &self.text[..at]);
        Diagnostic {
            file: self.file.clone(),
            line: 1 + before.matches('\n').count(),
            key: "factor".to_owned(),
            what: "fault-factor-expired",
            found: format!("{} ({today})", factor.id),
            expected: factor.validity(),
            hint: None,
        }
    }
}

/// Id of a configuration text: the first twelve hexadecimal digits of its SHA-256.
pub fn configuration_name(text: &str) -> String {
    hash_prefix(text, 6)
}

/// Id of a built-in factor text: the first eight hexadecimal digits of its SHA-256.
pub fn factors_name(text: &str) -> String {
    hash_prefix(text, 4)
}

/// First bytes of a text's SHA-256 as hexadecimal digits.
fn hash_prefix(text: &str, bytes: usize) -> String {
    let hash = digest(&SHA256, text.as_bytes());
    to_hex(&hash.as_ref()[..bytes])
}

/// Device: its address, poll interval and points.
#[derive(Clone, Debug)]
pub struct Device {
    /// Id in the configuration.
    pub id: Arc<str>,
    /// Name for people; the id when none is given.
    pub name: Arc<str>,
    /// Index of its bus in `Config::buses`.
    pub bus: usize,
    /// Modbus unit id, 0..=255 (1..=247 on a serial line).
    pub unit: u8,
    /// Poll interval.
    pub every: Duration,
    /// Limits of one request.
    pub limits: DeviceLimits,
    /// Points, indexed as `Reading::outcomes`.
    // Shared: bus, page and figures hold the same device, and its points are most of it.
    pub points: Arc<[Point]>,
    /// Half-width of the 95 % interval of each point by name, % of the reading; unknown points are
    /// absent.
    pub accuracy: BTreeMap<Arc<str>, f64>,
    /// True when no answer at night is normal.
    pub asleep_at_night: bool,
    /// Registers with facts about the device, such as its serial number; not stored as samples.
    pub facts: Vec<Point>,
    /// `SunSpec` selection; then `points` has the addresses of a simulated device.
    pub sunspec: Option<Arc<SunSpecSelection>>,
}

impl Device {
    /// Words for the values of a point, by its index; `None` for a measured number.
    ///
    /// The codes of a `SunSpec` point depend on the model in which the device has it. `models` are
    /// those that it has; without them the code is not known.
    pub fn value_words(&self, point: usize, models: &[u16], lang: Language) -> Option<ValueWords> {
        let settings = self.points.get(point)?;
        match &self.sunspec {
            Some(selection) => ValueWords::new(settings, &selection.describe(point, models), lang),
            None => ValueWords::new(settings, &settings.about, lang),
        }
    }
}

/// Directory, flush interval and retention of the store.
#[derive(Clone, Debug, PartialEq)]
pub struct StoreSettings {
    /// Directory.
    pub path: PathBuf,
    /// Flush interval: the longest time of readings that a power cut can lose.
    pub flush: Duration,
    /// Age at which sealed raw samples may be deleted; `None`: no limit.
    pub keep: Option<Duration>,
    /// Maximum bytes of the store on disk; `None`: no limit.
    pub budget: Option<u64>,
}

/// First page of reports, from `[report]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReportSettings {
    /// Chosen figures; empty: the usual ones.
    pub headlines: Vec<ChosenHeadline>,
    /// People who prepare, check and approve a report.
    pub signers: [ReportSigner; 3],
}

/// Figure that a site chose for the first page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChosenHeadline {
    /// Id of the indicator.
    pub id: Arc<str>,
    /// Its asset; `None`: of the site, else of every asset that has it.
    pub asset: Option<Arc<str>>,
}

/// Person who signs a report; both texts are empty where nobody is named.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReportSigner {
    /// Name.
    pub name: String,
    /// Function.
    pub office: String,
}

/// Settings of the local page.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WebSettings {
    /// Address to listen on; `None`: no page. Beyond this computer only once a user exists.
    pub listen: Option<std::net::SocketAddr>,
    /// Pages and figures are open without signing in.
    pub is_public: bool,
    /// The site is a demo; no file says so.
    pub is_demo: bool,
    /// Certificate for HTTPS.
    pub certificate: PageCertificate,
    /// Host names under which the page is reached, besides its addresses.
    pub names: Vec<String>,
    /// Origins of sites that may show the card of the impact in a frame.
    pub embed: Vec<String>,
}

/// Certificate of the page.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum PageCertificate {
    /// None: plain HTTP.
    #[default]
    None,
    /// Signed by the gateway's own authority, which is made at the first start.
    LocalAuthority,
    /// PEM files of the certificate chain and of its private key.
    Files {
        /// Certificate chain.
        chain: PathBuf,
        /// Private key.
        key: PathBuf,
    },
}
