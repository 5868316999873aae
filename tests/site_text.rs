//! Text of a site's configuration for tests; the suite and the unit tests of the gateway share it.

use std::fmt::{Display, Write as _};
use std::path::Path;

/// Configuration of a test site: each method appends a table, in TOML.
///
/// ```text
/// SiteText::new("desa")
///     .tcp_bus("lan", 502)
///     .device("level", "lan", "unit = 1\nevery = '10s'")
///     .points(["{ id = 'level', register = 'holding:0', type = 'u16', unit = 'm' }"])
///     .text()
/// ```
#[derive(Clone, Debug)]
pub struct SiteText(String);

impl SiteText {
    /// Site in southern Sumatra, without further tables.
    pub fn new(id: &str) -> Self {
        let place = "timezone = 'Asia/Jakarta'\nlatitude = -3.76\nlongitude = 103.78";
        Self(format!("[site]\nid = '{id}'\n{place}\n"))
    }

    /// Further lines: keys of the last table, or tables.
    #[must_use]
    pub fn with(mut self, lines: impl Display) -> Self {
        // Writing into a `String` cannot fail.
        let _ = writeln!(self.0, "{lines}");
        self
    }

    /// `[store]` in this folder.
    #[must_use]
    pub fn store(self, folder: &Path) -> Self {
        self.with(format_args!("[store]\npath = '{}'", folder.display()))
    }

    /// `[[bus]]` with these keys.
    #[must_use]
    pub fn bus(self, id: &str, keys: impl Display) -> Self {
        self.with(format_args!("[[bus]]\nid = '{id}'\n{keys}"))
    }

    /// `[[bus]]` to a Modbus TCP port of this machine.
    #[must_use]
    pub fn tcp_bus(self, id: &str, port: impl Display) -> Self {
        let keys = "kind = 'modbus-tcp'\nhost = '127.0.0.1'";
        self.bus(id, format_args!("{keys}\ntcp_port = {port}"))
    }

    /// `[[device]]` on a bus, with these keys.
    #[must_use]
    pub fn device(self, id: &str, bus: &str, keys: impl Display) -> Self {
        self.with(format_args!(
            "[[device]]\nid = '{id}'\nbus = '{bus}'\n{keys}"
        ))
    }

    /// `point` of the last device: tables of the form `{ id = .., register = .. }`.
    #[must_use]
    pub fn points(self, points: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        let mut list = "point = [\n".to_owned();
        for point in points {
            list = list + "  " + point.as_ref() + ",\n";
        }
        self.with(list + "]")
    }

    /// `[[asset]]` with these keys.
    #[must_use]
    pub fn asset(self, id: &str, kind: &str, keys: impl Display) -> Self {
        self.with(format_args!(
            "[[asset]]\nid = '{id}'\nkind = '{kind}'\n{keys}"
        ))
    }

    /// Text of the file.
    pub fn text(self) -> String {
        self.0
    }
}
