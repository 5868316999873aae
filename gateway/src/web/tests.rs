//! The pages and the API without a network: requests are handed to the router.

use crate::model::Site;

pub(in crate::web) fn site() -> Site {
    let point = |device: &str, name: &str, unit: &str, quantity: &str, counter| crate::model::PointInfo {
        id: format!("{device}.{name}").into(),
        name: name.into(),
        unit: unit.into(),
        quantity: quantity.into(),
        counter,
    };
    let device = |id: &str, kind: &str, points| crate::model::DeviceInfo {
        id: id.into(),
        bus: "rs485".into(),
        profile: None,
        kind: kind.into(),
        every_ms: 10_000,
        points,
    };
    let inverter = vec![
        point("inverter", "ac_power", "W", "power", false),
        point("inverter", "ac_energy", "kWh", "energy", true),
    ];
    let level = vec![point("level", "level", "m", "level", false)];
    Site {
        id: "desa-impian".into(),
        name: "Desa Impian".into(),
        timezone: "Asia/Jakarta".into(),
        latitude: -3.76,
        longitude: 103.78,
        devices: vec![device("inverter", "inverter", inverter), device("level", "level", level)],
    }
}
