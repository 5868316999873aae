//! Indicator of the ledger that a site adds by its configuration.

use gateway::config::load_config_text;
use gateway::i18n::Language;
use std::path::Path;

const SITE: &str = "[site]\nid = 'a'\n[[bus]]\nid = 'b'\nkind = 'modbus-tcp'\nhost = 'h'\n";

#[test]
fn an_indicator_of_a_site_is_known_to_its_ledger() {
    let text = format!("{SITE}{}", include_str!("ledger_indicator.toml"));
    let config = load_config_text(&text, Path::new("pantau.toml"), &|_| None).unwrap();
    let sold = config.definitions.find("compost-sold").unwrap();
    assert_eq!(&*sold.unit, "kg");
    assert_eq!(sold.name.text(Language::En), "Compost sold");
    let by_name = config.definitions.find_by_name("Kompos terjual");
    assert_eq!(by_name.map(|one| &one.id), Some(&sold.id));
}
