//! Indicator of the ledger that a site adds by its configuration.

use gateway::config::load_config_text;
use gateway::i18n::Language;
use std::path::Path;
use tests::site_text::SiteText;

#[test]
fn an_indicator_of_a_site_is_known_to_its_ledger() {
    let site = SiteText::new("a").tcp_bus("b", 502);
    let text = site.with(include_str!("ledger_indicator.toml")).text();
    let config = load_config_text(&text, Path::new("pantau.toml"), &|_| None).unwrap();
    let sold = config.definitions.find("compost-sold").unwrap();
    assert_eq!(&*sold.unit, "kg");
    assert_eq!(sold.name.text(Language::En), "Compost sold");
    let by_name = config.definitions.find_by_name("Kompos terjual");
    assert_eq!(by_name.map(|one| &one.id), Some(&sold.id));
}
