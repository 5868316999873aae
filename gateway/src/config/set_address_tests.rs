use super::profile::load_profile_text;
use super::set_address::DeviceSetting;
use std::path::Path;

const PROFILE: &str = "name = \"acme\"\nmanufacturer = \"A\"\nmodel = \"B\"\nkind = \"level\"\n\
    source = \"S\"\n[[point]]\nid = \"level\"\nregister = \"holding:4\"\ntype = \"i16\"\n\
    unit = \"m\"\n[[capture]]\npoint = \"level\"\nwords = [1]\nvalue = 1\nfrom = \"device\"\n";

fn load_settings(tables: &str) -> Result<(Option<DeviceSetting>, Option<DeviceSetting>), String> {
    let text = format!("{PROFILE}{tables}");
    let loaded = load_profile_text(&text, Path::new("acme.toml"));
    let loaded = loaded.map_err(|faults| faults.render(crate::i18n::Language::En))?;
    Ok((loaded.set_address, loaded.set_baud))
}

#[test]
fn an_address_is_a_number_or_a_float_and_a_speed_is_a_code() {
    let (address, baud) = load_settings(
        "[set_address]\nregister = \"holding:20\"\nfunction = 16\ntype = \"f32\"\n\
         button = true\n[set_baud]\nregister = \"holding:1\"\ncodes = { 9600 = 3, 4800 = 2 }\n",
    )
    .unwrap();
    let (address, baud) = (address.unwrap(), baud.unwrap());
    assert_eq!(address.register_words(5), Some(([0x40a0, 0], 2)));
    assert_eq!(
        (address.register_words(0), address.register_words(248)),
        (None, None)
    );
    assert_eq!(
        (baud.register_words(9600), baud.register_words(1200)),
        (Some(([3, 0], 1)), None)
    );
    let typed = DeviceSetting::parse_register("holding:0", false).unwrap();
    assert_eq!(typed.register_words(247), Some(([247, 0], 1)));
    assert_eq!(DeviceSetting::parse_register("input:0", false), None);
}

#[test]
fn what_cannot_be_written_is_a_fault_with_its_line() {
    for (tables, line) in [
        ("[set_address]\nregister = \"input:0\"\n", 17),
        ("[set_address]\nfunction = 6\n", 16),
        (
            "[set_address]\nregister = \"holding:0\"\nfunction = 5\n",
            18,
        ),
        ("[set_baud]\nregister = \"holding:0\"\n", 16),
        (
            "[set_baud]\nregister = \"holding:0\"\ncodes = { fast = 1 }\n",
            16,
        ),
    ] {
        let why = load_settings(tables).unwrap_err();
        assert!(
            why.contains(&format!("acme.toml:{line}")),
            "{tables}: {why}"
        );
    }
}
