//! [`site_text`]: the text of a new `pantau.toml`, with comments that say what to change next.

use super::site_answers::{SiteAnswers, coordinate_text};
use crate::i18n::Language;
use std::fmt::Write as _;

/// Parts of a new configuration beside the answers about the site.
#[derive(Debug, Default)]
pub(super) struct SiteParts {
    /// Directory of the store.
    pub(super) store: String,
    /// Port of the page.
    pub(super) web_port: u16,
    /// Tables of buses and devices.
    pub(super) devices: String,
    /// Places of devices that no profile fits.
    pub(super) unknown: Vec<String>,
    /// Tables of assets.
    pub(super) assets: String,
}

/// Text of the file.
pub(super) fn site_text(site: &SiteAnswers, parts: &SiteParts, lang: Language) -> String {
    let mut text = String::new();
    let comment = |text: &mut String, key: &str| write_comment(text, &lang.text(key));
    comment(&mut text, "cli-init-file-head");
    let _ = write!(
        text,
        "\n[site]\nid       = {}\nname     = {}\ntimezone = {}\nlanguage = \"{}\"\n",
        toml_string(&site.id),
        toml_string(&site.name),
        toml_string(site.zone.name()),
        lang.code()
    );
    if let Some((latitude, longitude)) = site.place {
        let (north, east) = (coordinate_text(latitude), coordinate_text(longitude));
        let _ = write!(text, "latitude  = {north}\nlongitude = {east}\n");
    } else {
        comment(&mut text, "cli-init-file-place");
        text.push_str("# latitude  = -3.76\n# longitude = 103.78\n");
    }
    let _ = write!(text, "\n[store]\npath = {}\n", toml_string(&parts.store));
    text.push('\n');
    comment(&mut text, "cli-init-file-web");
    let _ = writeln!(text, "[web]\nlisten = \"0.0.0.0:{}\"", parts.web_port);
    text.push('\n');
    if parts.devices.is_empty() {
        comment(&mut text, "cli-init-file-no-devices");
    } else {
        comment(&mut text, "cli-init-file-devices");
        text.push_str(&parts.devices);
    }
    for place in &parts.unknown {
        text.push('\n');
        let args = [("place", place.as_str())];
        write_comment(&mut text, &lang.text_with("cli-init-file-unknown", &args));
    }
    text.push('\n');
    comment(&mut text, "cli-init-file-assets");
    text.push_str(&parts.assets);
    text
}

/// Writes a text of several lines as comments.
fn write_comment(text: &mut String, comment: &str) {
    for line in comment.lines() {
        let _ = writeln!(text, "{}", format!("# {line}").trim_end());
    }
}

/// A TOML string.
pub(super) fn toml_string(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}
