//! [`ROUTE_ROLES`]: who may use which route. A test compares the table with the routes; a route
//! without a rule is for admins only.

use super::role::{Caller, Role, TokenScope};

/// Rule of a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RouteRule {
    /// Everyone.
    Public,
    /// Readers, and programs on this computer.
    Metrics,
    /// Readers, and everyone where the site says so (`[web] public`).
    Reading,
    /// Readers who have signed in: receipts and photos show people, and a report is noted with the
    /// person who had it made.
    KnownReading,
    /// The same, and everyone at the computer of a demo: a report is a long calculation.
    ReportFile,
    /// People who have signed in, for what is their own.
    SignedIn,
    /// People and programs that record entries of the ledger.
    Ledger,
    /// Technicians.
    Technician,
    /// Admins.
    Admin,
}

/// Where a request comes from, and what the site says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a question of its own that a rule may ask"
)]
pub struct AccessSituation {
    /// At least one person exists.
    pub has_users: bool,
    /// The site may be read without signing in.
    pub is_public: bool,
    /// The site is a demo, with readings of no real place.
    pub is_demo: bool,
    /// The request comes from this computer.
    pub is_loopback: bool,
}

/// Judgement of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RouteVerdict {
    /// It may be answered.
    Admitted,
    /// The person must sign in.
    SignInNeeded,
    /// There is no person yet: the first one must be made.
    SetUpNeeded,
    /// The role or scope is too low.
    RoleNeeded(Role),
    /// A program asks for what only a person may do.
    PersonNeeded,
}

/// Methods, path pattern and rule of every route.
pub const ROUTE_ROLES: &[(&str, &str, RouteRule)] = &[
    ("GET", "/healthz", RouteRule::Public),
    ("GET", "/metrics", RouteRule::Metrics),
    ("GET", "/assets/{*path}", RouteRule::Public),
    // What a browser installs: a form without figures, and no names of people.
    ("GET", "/catat/luring", RouteRule::Public),
    ("GET", "/luring", RouteRule::Public),
    ("GET", "/sw.js", RouteRule::Public),
    ("GET", "/manifest.webmanifest", RouteRule::Public),
    ("GET", "/ikon/{file}", RouteRule::Public),
    // How a phone is made to trust the gateway's certificate.
    ("GET", "/sertifikat", RouteRule::Public),
    ("GET", "/ca.crt", RouteRule::Public),
    ("GET POST", "/masuk", RouteRule::Public),
    ("GET POST", "/mulai", RouteRule::Public),
    // Who has no session any more is signed out already.
    ("POST", "/keluar", RouteRule::Public),
    // Pages.
    ("GET", "/", RouteRule::Reading),
    ("GET", "/plts", RouteRule::Reading),
    ("GET", "/air", RouteRule::Reading),
    ("GET", "/bsf", RouteRule::Reading),
    ("GET", "/kompos", RouteRule::Reading),
    ("GET", "/genset", RouteRule::Reading),
    ("GET", "/meter", RouteRule::Reading),
    ("GET", "/plts/data.{format}", RouteRule::Reading),
    ("GET", "/air/data.{format}", RouteRule::Reading),
    ("GET", "/bsf/data.{format}", RouteRule::Reading),
    ("GET", "/kompos/data.{format}", RouteRule::Reading),
    ("GET", "/genset/data.{format}", RouteRule::Reading),
    ("GET", "/meter/data.{format}", RouteRule::Reading),
    ("GET", "/jelas/{id}", RouteRule::Reading),
    ("GET", "/laporan", RouteRule::Reading),
    ("POST", "/laporan", RouteRule::KnownReading),
    ("GET", "/laporan/pekerjaan/{id}", RouteRule::Reading),
    ("GET", "/laporan/berkas/{id}", RouteRule::Reading),
    ("GET", "/laporan/terbitan/{id}", RouteRule::Reading),
    ("GET", "/dampak", RouteRule::Reading),
    ("GET", "/dampak/sematkan", RouteRule::Reading),
    ("GET", "/teknisi", RouteRule::Reading),
    ("GET", "/teknisi/meter", RouteRule::Reading),
    ("POST", "/teknisi/meter", RouteRule::Technician),
    ("GET POST", "/teknisi/konfigurasi", RouteRule::Technician),
    ("GET POST", "/teknisi/cari", RouteRule::Technician),
    ("GET", "/teknisi/tambah", RouteRule::Technician),
    ("GET", "/teknisi/alat", RouteRule::Technician),
    ("GET", "/teknisi/register", RouteRule::Technician),
    ("GET", "/teknisi/bingkai", RouteRule::Technician),
    ("GET", "/teknisi/waktu", RouteRule::Reading),
    ("POST", "/teknisi/waktu", RouteRule::Technician),
    ("GET POST", "/teknisi/tangki", RouteRule::Technician),
    ("GET POST", "/teknisi/meter-air", RouteRule::Technician),
    ("GET POST", "/teknisi/trafo-arus", RouteRule::Technician),
    ("GET POST", "/teknisi/alamat", RouteRule::Technician),
    ("GET POST", "/teknisi/uji", RouteRule::Technician),
    ("GET POST", "/teknisi/serah-terima", RouteRule::Technician),
    ("POST", "/teknisi/serah-terima/foto", RouteRule::Technician),
    ("GET", "/teknisi/serah-terima/berkas", RouteRule::Technician),
    (
        "GET",
        "/teknisi/serah-terima/berkas/{id}",
        RouteRule::Technician,
    ),
    ("GET", "/points/{id}", RouteRule::Reading),
    ("GET", "/points/{id}/curve.svg", RouteRule::Reading),
    ("GET", "/alarm", RouteRule::Reading),
    ("POST", "/alarm", RouteRule::Technician),
    ("GET", "/health", RouteRule::Reading),
    // Data that damage has cost, taken note of.
    ("POST", "/health", RouteRule::Technician),
    ("GET", "/langsung", RouteRule::Reading),
    ("GET POST", "/catat", RouteRule::Ledger),
    // An auditor follows a figure to its entries.
    ("GET", "/catat/entri/{id}", RouteRule::Reading),
    ("POST", "/catat/entri/{id}/perbaiki", RouteRule::Ledger),
    ("POST", "/catat/entri/{id}/batalkan", RouteRule::Ledger),
    ("GET POST", "/catat/target", RouteRule::Ledger),
    ("GET POST", "/catat/impor", RouteRule::Ledger),
    ("POST", "/catat/impor/simpan", RouteRule::Ledger),
    ("GET", "/catat/foto/{sha256}", RouteRule::KnownReading),
    ("GET", "/catat/templat/{file}", RouteRule::Ledger),
    ("GET POST", "/akun", RouteRule::SignedIn),
    ("GET POST", "/pengguna", RouteRule::Admin),
    ("GET", "/riwayat", RouteRule::Admin),
    // API.
    ("GET", "/api/openapi.json", RouteRule::Reading),
    ("GET", "/api/v1/site", RouteRule::Reading),
    ("GET", "/api/v1/devices", RouteRule::Reading),
    ("GET", "/api/v1/points", RouteRule::Reading),
    ("GET", "/api/v1/samples", RouteRule::Reading),
    ("GET", "/api/v1/samples.csv", RouteRule::Reading),
    ("GET", "/api/v1/live", RouteRule::Reading),
    ("GET", "/api/v1/sinks", RouteRule::Reading),
    ("GET", "/api/v1/alarms", RouteRule::Reading),
    ("POST", "/api/v1/alarms/acknowledge", RouteRule::Technician),
    ("POST", "/api/v1/alarms/snooze", RouteRule::Technician),
    ("GET", "/api/v1/configuration", RouteRule::Technician),
    (
        "POST",
        "/api/v1/configuration/reload",
        RouteRule::Technician,
    ),
    // What a far side answers may name recipients.
    ("GET", "/api/v1/alarms/channels", RouteRule::Technician),
    (
        "POST",
        "/api/v1/alarms/channels/test",
        RouteRule::Technician,
    ),
    ("GET", "/api/v1/damage", RouteRule::Reading),
    ("GET", "/api/v1/explanations", RouteRule::Reading),
    ("GET", "/api/v1/indicators", RouteRule::Reading),
    ("GET", "/api/v1/indicators/{id}", RouteRule::Reading),
    ("GET", "/api/v1/reports/{name}", RouteRule::ReportFile),
    ("GET", "/api/v1/revisions", RouteRule::Reading),
    ("GET", "/api/v1/ledger", RouteRule::Reading),
    ("POST", "/api/v1/ledger", RouteRule::Ledger),
    ("GET", "/api/v1/ledger/indicators", RouteRule::Reading),
    ("GET", "/api/v1/ledger/{id}", RouteRule::Reading),
    ("POST", "/api/v1/ledger/attachments", RouteRule::Ledger),
    (
        "GET",
        "/api/v1/ledger/attachments/{sha256}",
        RouteRule::KnownReading,
    ),
    ("GET", "/api/v1/calibrations", RouteRule::Reading),
    ("POST", "/api/v1/calibrations", RouteRule::Technician),
    ("GET", "/api/v1/scans", RouteRule::Reading),
    ("POST", "/api/v1/scans", RouteRule::Technician),
    ("GET", "/api/v1/scans/{id}", RouteRule::Reading),
    ("DELETE", "/api/v1/scans/{id}", RouteRule::Technician),
    ("GET", "/api/v1/scans/{id}/live", RouteRule::Reading),
    ("POST", "/api/v1/set-address", RouteRule::Technician),
    ("GET", "/api/v1/set-address/{id}", RouteRule::Reading),
    ("DELETE", "/api/v1/set-address/{id}", RouteRule::Technician),
    (
        "POST",
        "/api/v1/set-address/{id}/continue",
        RouteRule::Technician,
    ),
    ("GET POST", "/api/v1/users", RouteRule::Admin),
    ("PATCH DELETE", "/api/v1/users/{name}", RouteRule::Admin),
    ("GET POST", "/api/v1/tokens", RouteRule::Admin),
    ("DELETE", "/api/v1/tokens/{id}", RouteRule::Admin),
    ("GET", "/api/v1/audit", RouteRule::Admin),
];

/// Rule of a method and a path pattern. `HEAD` is `GET` without a body. What is not in the table is
/// for admins.
pub fn route_rule(method: &str, pattern: &str) -> RouteRule {
    let method = if method == "HEAD" { "GET" } else { method };
    let rule = ROUTE_ROLES.iter().find(|(methods, path, _)| {
        *path == pattern && methods.split(' ').any(|known| known == method)
    });
    rule.map_or(RouteRule::Admin, |(_, _, rule)| *rule)
}

/// Methods that the table has for a path pattern, as in the header `Allow`; `None` when it has none
/// for the pattern, or has this method.
pub fn other_methods(method: &str, pattern: &str) -> Option<String> {
    let method = if method == "HEAD" { "GET" } else { method };
    let rows = ROUTE_ROLES.iter().filter(|(_, path, _)| *path == pattern);
    let known: Vec<&str> = rows.flat_map(|(methods, ..)| methods.split(' ')).collect();
    (!known.is_empty() && !known.contains(&method)).then(|| known.join(", "))
}

/// Judges a request by the rule of its route.
pub fn judge_route(rule: RouteRule, caller: &Caller, situation: AccessSituation) -> RouteVerdict {
    match caller {
        Caller::System => RouteVerdict::Admitted,
        Caller::Nobody => judge_nobody(rule, situation),
        Caller::User { role, .. } => match rule.role() {
            Some(needed) if *role < needed => RouteVerdict::RoleNeeded(needed),
            _ => RouteVerdict::Admitted,
        },
        Caller::Token { scope, .. } => judge_token(rule, *scope),
    }
}

fn judge_nobody(rule: RouteRule, situation: AccessSituation) -> RouteVerdict {
    // Before the first person, programs of this computer read as they did before.
    let is_unset = !situation.has_users && situation.is_loopback;
    let is_admitted = match rule {
        RouteRule::Public => true,
        RouteRule::Metrics => situation.is_loopback,
        RouteRule::Reading => situation.is_public || is_unset,
        RouteRule::KnownReading => is_unset,
        RouteRule::ReportFile => is_unset || situation.is_demo && situation.is_loopback,
        RouteRule::SignedIn | RouteRule::Ledger | RouteRule::Technician | RouteRule::Admin => false,
    };
    match (is_admitted, situation.has_users) {
        (true, _) => RouteVerdict::Admitted,
        (false, true) => RouteVerdict::SignInNeeded,
        (false, false) => RouteVerdict::SetUpNeeded,
    }
}

fn judge_token(rule: RouteRule, scope: TokenScope) -> RouteVerdict {
    let needed = match rule {
        RouteRule::Public
        | RouteRule::Metrics
        | RouteRule::Reading
        | RouteRule::KnownReading
        | RouteRule::ReportFile => TokenScope::Read,
        RouteRule::Ledger => TokenScope::Ledger,
        RouteRule::Technician => TokenScope::Technician,
        // A token that is lost must not make people or further tokens.
        RouteRule::SignedIn | RouteRule::Admin => return RouteVerdict::PersonNeeded,
    };
    if scope < needed {
        return RouteVerdict::RoleNeeded(Role::Technician);
    }
    RouteVerdict::Admitted
}

impl RouteRule {
    /// Lowest role of a person; `None` for everyone.
    pub fn role(self) -> Option<Role> {
        match self {
            Self::Public => None,
            Self::Metrics
            | Self::Reading
            | Self::KnownReading
            | Self::ReportFile
            | Self::SignedIn => Some(Role::Viewer),
            Self::Ledger | Self::Technician => Some(Role::Technician),
            Self::Admin => Some(Role::Admin),
        }
    }
}
