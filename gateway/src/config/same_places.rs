//! [`SamePlaces`]: devices and points of a configuration that are one device and one register,
//! though they have two names.
//!
//! ```text
//! bus a: host = "127.0.0.1"        device one: bus a, unit 1, holding:0
//! bus b: host = "LOCALHOST"        device two: bus b, unit 1, holding:0      the same register
//! ```

use crate::config::{Bus, Device};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Later ids of devices and points, each with the first id of the same place.
#[derive(Clone, Debug, Default)]
pub(crate) struct SamePlaces {
    devices: BTreeMap<Arc<str>, Arc<str>>,
    points: BTreeMap<String, String>,
}

impl SamePlaces {
    /// Finds what has two names among the Modbus devices. Pins and nodes are compared elsewhere.
    pub(crate) fn of(buses: &[Bus], devices: &[Device]) -> Self {
        let mut all = Self::default();
        let mut units: BTreeMap<(String, u8), Arc<str>> = BTreeMap::new();
        let mut registers: BTreeMap<(Arc<str>, String), String> = BTreeMap::new();
        for device in devices {
            let bus = buses.get(device.bus);
            let Some(link) = bus.and_then(|bus| bus.link.modbus()) else {
                continue;
            };
            let first = units.entry((link.place(), device.unit));
            let first = Arc::clone(first.or_insert_with(|| Arc::clone(&device.id)));
            if first != device.id {
                all.devices
                    .insert(Arc::clone(&device.id), Arc::clone(&first));
            }
            for point in device.points.iter() {
                let Some(access) = point.modbus() else {
                    continue;
                };
                let register = format!("{} {:?}", access.register_text(), access.bits);
                let id = format!("{}.{}", device.id, point.name);
                let known = registers.entry((Arc::clone(&first), register));
                let known = known.or_insert_with(|| id.clone());
                if *known != id && first != device.id {
                    all.points.insert(id, known.clone());
                }
            }
        }
        all
    }

    /// Returns true if the two ids are one point, or two points at one register.
    pub(crate) fn is_one_point(&self, one: &str, other: &str) -> bool {
        let first = |id| self.points.get(id).map_or(id, String::as_str);
        first(one) == first(other)
    }

    /// Returns true if the two ids are one device, or two of the same unit.
    pub(crate) fn is_one_device(&self, one: &str, other: &str) -> bool {
        let first = |id| self.devices.get(id).map_or(id, |first| &**first);
        first(one) == first(other)
    }
}

#[cfg(test)]
mod tests {
    use crate::config::load_config_text;
    use crate::tests::{SiteText, load_site};
    use std::path::Path;

    const POINTS: [&str; 2] = [
        "{ id = 'energy', register = 'holding:0', type = 'u32', unit = 'kWh', counter = true }",
        "{ id = 'volume', register = 'holding:2', type = 'u32', unit = 'm3', counter = true }",
    ];

    /// Site with two devices on two buses, and these assets.
    fn site(buses: [&str; 2], unit: u8, assets: &str) -> String {
        let device = format!("unit = {unit}");
        let site = SiteText::new("s")
            .bus("a", buses[0])
            .bus("b", buses[1])
            .device("one", "a", "unit = 1")
            .points(POINTS)
            .device("two", "b", device)
            .points(POINTS);
        site.text() + assets
    }

    fn plant(id: &str, device: &str) -> String {
        format!(
            "[[asset]]\nid = '{id}'\nkind = 'plts'\ncapacity_kwp = 2.0\nenergy = \
             '{device}.energy'\nbaseline = {{ kind = 'GRID', factor = \
             'grid.sumatera.2019.cm5050_expost', evidence = 'bill' }}\n"
        )
    }

    fn is_warned(text: &str) -> bool {
        let config = load_site(text);
        let mut all = config.warnings.iter();
        all.any(|one| one.what == "fault-same-unit-host")
    }

    #[test]
    fn two_buses_with_one_host_are_one_host_however_it_is_written() {
        let tcp = |host: &str| format!("kind = 'modbus-tcp'\nhost = '{host}'");
        for (one, other, is_one) in [
            ("192.168.1.20", "192.168.1.20", true),
            ("192.168.1.20", "192.168.1.21", false),
            ("localhost", "127.0.0.1", true),
            ("127.0.0.1", "::1", true),
            ("localhost", "[::1]", true),
            ("Inverter.local", "inverter.LOCAL.", true),
            ("::ffff:192.168.1.20", "192.168.1.20", true),
        ] {
            let buses = [tcp(one), tcp(other)];
            let text = |unit| site([&*buses[0], &*buses[1]], unit, "");
            assert_eq!(is_warned(&text(1)), is_one, "{one} {other}");
            assert!(!is_warned(&text(2)), "another unit of {one}");
            let said = format!("{}\ntcp_port = 502", buses[1]);
            assert_eq!(is_warned(&site([&*buses[0], &*said], 1, "")), is_one);
            let moved = format!("{}\ntcp_port = 1502", buses[1]);
            assert!(!is_warned(&site([&*buses[0], &*moved], 1, "")));
        }
    }

    #[test]
    fn one_register_by_two_names_is_claimed_and_counted_once() {
        let buses = ["localhost", "127.0.0.1"];
        let buses = buses.map(|host| format!("kind = 'modbus-tcp'\nhost = '{host}'"));
        let both = [&*buses[0], &*buses[1]];
        let faults = |unit: u8, assets: &str| -> Vec<&'static str> {
            let text = site(both, unit, assets);
            match load_config_text(&text, Path::new("pantau.toml"), &|_| None) {
                Ok(_) => Vec::new(),
                Err(faults) => faults.0.iter().map(|one| one.what).collect(),
            }
        };
        let plants = plant("p", "one") + &plant("q", "two");
        assert_eq!(faults(1, &plants), ["fault-claimed-twice-device"]);
        assert!(faults(2, &plants).is_empty());
        let pump = |id: &str, device: &str| {
            format!("[[asset]]\nid = '{id}'\nkind = 'pump'\nvolume = '{device}.volume'\n")
        };
        let pumps = pump("p", "one") + &pump("q", "two");
        assert_eq!(faults(1, &pumps), ["fault-water-counted-twice"]);
        assert!(faults(2, &pumps).is_empty());
        let set = "[[asset]]\nid = 'g'\nkind = 'genset'\nfuel = 'diesel'\nenergy = 'two.energy'\n";
        let mixed = plant("p", "one") + set;
        assert!(!faults(1, &mixed).is_empty());
    }

    #[test]
    fn a_serial_port_has_one_owner_by_whatever_name() {
        let folder = tempfile::tempdir().unwrap();
        let port = folder.path().join("ttyUSB0");
        let by_id = folder.path().join("by-id");
        std::fs::write(&port, "").unwrap();
        std::os::unix::fs::symlink(&port, &by_id).unwrap();
        let line = |path: &Path| format!("kind = 'modbus-rtu'\nport = '{}'", path.display());
        let buses = [line(&port), line(&by_id)];
        let text = site([&*buses[0], &*buses[1]], 1, "");
        let faults = load_config_text(&text, Path::new("pantau.toml"), &|_| None).unwrap_err();
        assert!(faults.0.iter().any(|one| one.what == "fault-duplicate"));
    }
}
