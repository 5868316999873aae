//! Configuration of the test site.

/// One device for each quantity, all polled once a minute.
pub(crate) const SITE_DEVICES: &str = include_str!("village.toml");

/// Plant with all optional points.
pub(crate) const SITE_PLANT: &str = r#"
[[asset]]
id = "plts"
kind = "plts"
capacity_kwp = 2.0
ac_rating_kw = 2.0
gamma = -0.004
power = "inverter.power"
energy = "inverter.energy"
export = "meter.export"
import = "meter.import"
irradiance = "sun.poa"
module_temperature = "sun.cell"
baseline = { kind = "GRID", factor = "grid.sumatera.2019.cm5050_expost", since = 2026-01-01, evidence = "bill" }
"#;

/// Pump, tank, catchment, BSF bin and compost heap.
pub(crate) const OTHER_ASSETS: &str = r#"
[[asset]]
id = "pump"
kind = "pump"
power = "pump.power"
energy = "pump.energy"
volume = "pump.volume"
flow = "pump.flow"
rated_power_kw = 1.0
rated_flow_m3_h = 4.0
head = { static_m = 20.0 }
plts = "plts"
[[asset]]
id = "tank"
kind = "tank"
level = "tank.level"
shape = { kind = "box", length_m = 2.0, width_m = 1.0, height_m = 2.0 }
outlet_m = 0.1
deadband_l = 10.0
[[asset]]
id = "roof"
kind = "catchment"
area_m2 = 100.0
runoff = 0.9
first_flush_mm = 0.5
rain = "tank.rain"
tank = "tank"
[[asset]]
id = "bin"
kind = "bsf"
temperature = "bin.core"
probe = "5 cm deep, centre"
disposal = { fate = "landfill", mcf = "swds.mcf.unmanaged_shallow", gas_captured = 0.0, evidence = "letter" }
[[asset]]
id = "heap"
kind = "compost"
process = "in_vessel"
temperature = "bin.heap"
"#;

/// Configuration text with the devices and the given assets.
pub(crate) fn site_text(assets: &[&str]) -> String {
    [&[SITE_DEVICES], assets].concat().concat()
}
