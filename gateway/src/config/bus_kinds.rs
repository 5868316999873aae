//! The kinds of bus in the configuration: keys of `[[bus]]` and of points, and what they become.
//!
//! A new kind of bus has its line in [`RawBusKind`], [`BusLink`], [`PointAccess`] and the checks
//! below, and nowhere else in the configuration: see docs/extending.md, "A kind of bus".

use crate::config::chip_point::{
    self, ChipDeviceKeys, ChipPoint, ChipSignal, I2cLink, OneWireLink, SensorChip, UartLink,
    VoltageKeys,
};
use crate::config::diagnostic::nearest_name;
use crate::config::diagnostic_collector::DiagnosticCollector;
use crate::config::gpio_point::{
    self, GpioLink, GpioPoint, GpioPointKeys, GpioSignal, LineBias, LineEdge, RawActiveLevel,
};
use crate::config::modbus_link::{
    self, ModbusLink, ModbusLinkKeys, ModbusTransport, check_modbus_link,
};
use crate::config::modbus_point::{ModbusPoint, ModbusPointKeys, check_modbus_point};
use crate::config::mqtt_point::{
    self, MqttLink, MqttLinkKeys, MqttPoint, MqttPointKeys, SensorNodeKeys,
};
use crate::config::other_bus::report_other_bus;
use crate::config::raw_values::{
    OneOrMany, RawConfidence, RawExponentTable, RawHeaderOddity, RawInteger, RawNumber, RawNumbers,
    RawParity, RawText, RawValidWhen, RawWordOrder, SpannedValue,
};
use crate::config::{BusLinkSummary, LinearScale, SerialPortSettings};
use crate::domain::ExactNumber;
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::ops::Range;

/// `[[bus]]`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct RawBus {
    /// Letters, digits, `-` and `_`.
    #[schemars(required)]
    pub(crate) id: RawText,
    /// Kind of bus.
    #[schemars(required)]
    pub(crate) kind: Option<SpannedValue<RawBusKind>>,
    /// Chip of a GPIO bus, `gpiochip0` by default.
    pub(crate) chip: RawText,
    /// Serial device, e.g. `/dev/ttyUSB0`.
    pub(crate) port: RawText,
    /// Serial speed in bit/s, 9600 by default.
    pub(crate) baud: RawInteger,
    /// Parity, `none` by default.
    pub(crate) parity: Option<SpannedValue<RawParity>>,
    /// Stop bits: 1 or 2.
    pub(crate) stop_bits: RawInteger,
    /// Name or address of a Modbus TCP server or a serial device server.
    pub(crate) host: RawText,
    /// TCP port, 502 by default.
    pub(crate) tcp_port: Option<SpannedValue<u16>>,
    /// Timeout of one request, `"500ms"` by default.
    pub(crate) timeout: RawText,
    /// Times that a request without an answer is sent again, 1 by default.
    pub(crate) retries: RawInteger,
    /// Quiet time between connecting (or opening the port) and the first request; by default the
    /// longest time in the profiles of its devices.
    pub(crate) settle: RawText,
    /// Errors in the header of Modbus TCP answers that are accepted: `wrong-length`,
    /// `transaction-zero`.
    pub(crate) accept: Option<SpannedValue<Vec<RawHeaderOddity>>>,
    /// Broker with sensor nodes: `mqtt://HOST:PORT` or `mqtts://HOST:PORT`.
    pub(crate) url: RawText,
    /// User name at the broker.
    pub(crate) username: RawText,
    /// File with the password at the broker.
    pub(crate) password_file: RawText,
    /// PEM file of the authority that signed the broker's certificate; the system's by default.
    pub(crate) ca_file: RawText,
    /// PEM file of the certificate that the broker knows this gateway by.
    pub(crate) certificate: RawText,
    /// PEM file of its private key.
    pub(crate) certificate_key_file: RawText,
    /// MQTT client id; one of its own at each start by default.
    pub(crate) client_id: RawText,
}

/// Kinds of bus.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum RawBusKind {
    ModbusTcp,
    ModbusRtu,
    ModbusRtuOverTcp,
    Gpio,
    I2c,
    OneWire,
    Uart,
    Mqtt,
}

impl RawBusKind {
    /// Keys of `[[bus]]` that apply to this kind, beside those of all kinds.
    pub(crate) fn keys(self) -> &'static [&'static str] {
        match self {
            Self::ModbusTcp => &["host", "tcp_port", "retries", "accept"],
            Self::ModbusRtu => &["port", "baud", "parity", "stop_bits", "retries"],
            Self::ModbusRtuOverTcp => &["host", "tcp_port", "baud", "retries"],
            Self::Gpio => &["chip"],
            Self::I2c | Self::OneWire => &["port"],
            Self::Uart => &["port", "baud"],
            Self::Mqtt => mqtt_point::LINK_KEYS,
        }
    }
}

/// One point.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct RawPoint {
    /// Letters, digits, `-` and `_`.
    #[schemars(required)]
    pub(crate) id: RawText,
    /// Name for people; by default it follows from the id.
    pub(crate) name: RawText,
    /// On a Modbus bus: `holding:N`, `input:N`, `coil:N` or `discrete:N`; N is the 0-based protocol
    /// address.
    pub(crate) register: RawText,
    /// On a Modbus bus: `u16 i16 u32 i32 u64 i64 f32 f64 bool bcd16 bcd32` or `string:N`.
    pub(crate) r#type: RawText,
    /// On a GPIO bus: `pulses` (a count), `rate` (pulses per second), `state` (1 while active) or
    /// `state-seconds`. Of a sensor chip: `temperature`, `humidity`, `distance`, or an input of a
    /// converter: `a0` to `a3`, `a0-a1`, `a0-a3`, `a1-a3`, `a2-a3`.
    pub(crate) signal: RawText,
    /// On an MQTT bus: place of the value in a JSON message, e.g. `"ENERGY.Total"`; without it the
    /// message is the value.
    pub(crate) field: RawText,
    /// On an MQTT bus: topic of the messages, whole or below that of the device (`"~/SENSOR"`);
    /// that of the device by default.
    pub(crate) topic: RawText,
    /// Line of a GPIO bus, by number or name: `17` or `"GPIO17"`; that of the device by default.
    #[schemars(with = "Option<serde_json::Value>")]
    pub(crate) line: Option<SpannedValue<toml::Value>>,
    /// Resistor of a GPIO line, `pull-up` by default.
    pub(crate) bias: Option<SpannedValue<LineBias>>,
    /// Level at which a GPIO line is active: `low` (default), as with a contact to ground, or
    /// `high`.
    pub(crate) active: Option<SpannedValue<RawActiveLevel>>,
    /// Edges that count as a pulse, `rising` by default: the line becomes active.
    pub(crate) edge: Option<SpannedValue<LineEdge>>,
    /// Time for which a GPIO line must be stable, e.g. `"50ms"`; no debounce by default.
    pub(crate) debounce: RawText,
    /// Most pulses per second that the meter on a GPIO line can give; more are a bouncing contact.
    pub(crate) max_rate: RawNumber,
    /// Longest pulse on a GPIO line, e.g. `"5s"`: a line that is active for longer is stuck.
    /// Without it a contact may rest closed.
    pub(crate) max_pulse: RawText,
    /// Values of a 4-20 mA probe at 4 mA and at 20 mA: `[0.0, 5.0]`.
    pub(crate) loop_values: RawNumbers,
    /// Resistor at which the current of a 4-20 mA probe is measured, 150 ohm by default.
    pub(crate) shunt_ohm: RawNumber,
    /// Upper and lower resistor of a voltage divider before the input: `[22000, 10000]`.
    pub(crate) divider_ohm: RawNumbers,
    /// Order of bytes and words, `abcd` (big endian) by default.
    pub(crate) words: Option<SpannedValue<RawWordOrder>>,
    /// Bits to use: `3`, `"0-3"` or `[0, 3]`; 0 is the least significant.
    #[schemars(with = "Option<serde_json::Value>")]
    pub(crate) bits: Option<SpannedValue<toml::Value>>,
    /// Address of the high word, when the words are not neighbours: `"holding:N"`.
    pub(crate) high_register: RawText,
    /// value = raw x scale + offset.
    pub(crate) scale: Option<SpannedValue<f64>>,
    /// value = raw x scale + offset.
    pub(crate) offset: Option<SpannedValue<f64>>,
    /// Unit symbol: `W`, `kWh`, `m3`, `degC`, ...
    pub(crate) unit: RawText,
    /// Physical quantity: `power`, `energy`, `level`, ...; that of the unit by default.
    pub(crate) quantity: RawText,
    /// True for a counter: it only grows, and may wrap or be reset.
    pub(crate) counter: Option<bool>,
    /// Value at which the counter restarts at 0, in the point's unit.
    pub(crate) wraps_at: Option<SpannedValue<f64>>,
    /// Minimum valid value.
    pub(crate) min: Option<SpannedValue<f64>>,
    /// Maximum valid value.
    pub(crate) max: Option<SpannedValue<f64>>,
    /// Raw values that mean "no value": `[0x8000]`.
    #[schemars(with = "Option<serde_json::Value>")]
    pub(crate) missing: Option<SpannedValue<toml::Value>>,
    /// Id of the point whose value is the power of ten of this point's scale.
    pub(crate) scale_from: RawText,
    /// Id of the point whose raw value multiplies this one, such as a transformer ratio.
    pub(crate) multiply_from: RawText,
    /// Other points whose raw values add powers of ten: `[{ point = "decimals", powers = [[1, -1]]
    /// }]`.
    #[serde(default)]
    pub(crate) powers_from: Vec<SpannedValue<RawExponentTable>>,
    /// Other point and its raw values for which this one is valid; a list: all must hold.
    #[serde(default)]
    pub(crate) valid_when: OneOrMany<RawValidWhen>,
    /// Names of raw values: `{ 0 = "idle", 1 = "running" }`.
    #[serde(default)]
    pub(crate) values: BTreeMap<String, String>,
    /// Names of single bits, 0 the least significant: `{ 0 = "over-voltage" }`.
    #[serde(default)]
    pub(crate) flags: BTreeMap<String, String>,
    /// Confidence in these facts; that of the profile by default.
    pub(crate) confidence: Option<SpannedValue<RawConfidence>>,
}

/// Keys of a device that say where it is on its bus, as typed.
pub(crate) struct DeviceAddressKeys<'a> {
    /// `profile`, for the error about points that it has for another bus.
    pub(crate) profile: &'a RawText,
    /// `line`, of a device on a GPIO bus.
    pub(crate) line: Option<&'a SpannedValue<toml::Value>>,
    /// Chip, its address and serial number, and the place of the device.
    pub(crate) chip: ChipDeviceKeys<'a>,
    /// Topics of a device on an MQTT bus.
    pub(crate) node: SensorNodeKeys<'a>,
}

impl RawPoint {
    fn modbus_keys(&self) -> ModbusPointKeys<'_> {
        ModbusPointKeys {
            register: &self.register,
            encoding: &self.r#type,
            words: &self.words,
            bits: &self.bits,
            high_register: &self.high_register,
            missing: &self.missing,
            scale_from: &self.scale_from,
            multiply_from: &self.multiply_from,
            powers_from: &self.powers_from,
            valid_when: &self.valid_when,
        }
    }

    fn gpio_keys(&self) -> GpioPointKeys<'_> {
        GpioPointKeys {
            line: self.line.as_ref(),
            bias: &self.bias,
            active: &self.active,
            edge: &self.edge,
            debounce: &self.debounce,
            max_rate: &self.max_rate,
            max_pulse: &self.max_pulse,
        }
    }

    fn mqtt_keys(&self) -> MqttPointKeys<'_> {
        MqttPointKeys {
            topic: &self.topic,
            field: &self.field,
            missing: self.missing.as_ref(),
        }
    }

    fn voltage_keys(&self) -> VoltageKeys<'_> {
        VoltageKeys {
            loop_values: &self.loop_values,
            shunt_ohm: &self.shunt_ohm,
            divider_ohm: &self.divider_ohm,
        }
    }
}

fn link_keys(at: &SpannedValue<RawBus>) -> ModbusLinkKeys<'_> {
    let typed = at.get();
    ModbusLinkKeys {
        span: at.span(),
        port: &typed.port,
        host: &typed.host,
        tcp_port: &typed.tcp_port,
        baud: &typed.baud,
        parity: &typed.parity,
        stop_bits: &typed.stop_bits,
    }
}

fn broker_keys(at: &SpannedValue<RawBus>) -> MqttLinkKeys<'_> {
    let typed = at.get();
    MqttLinkKeys {
        span: at.span(),
        url: &typed.url,
        username: &typed.username,
        password_file: &typed.password_file,
        ca_file: &typed.ca_file,
        certificate: &typed.certificate,
        certificate_key_file: &typed.certificate_key_file,
        client_id: &typed.client_id,
    }
}

/// Connection of a bus, of its kind.
#[derive(Clone, Debug, PartialEq)]
pub enum BusLink {
    /// Modbus on a serial line or a network.
    Modbus(ModbusLink),
    /// Lines of a GPIO chip.
    Gpio(GpioLink),
    /// Sensor chips on I2C.
    I2c(I2cLink),
    /// Sensor chips on 1-Wire.
    OneWire(OneWireLink),
    /// A sensor at a serial port that sends by itself.
    Uart(UartLink),
    /// Sensor nodes that publish at an MQTT broker.
    Mqtt(MqttLink),
}

impl BusLink {
    /// Serial port, which only one program may open; `None` when the bus has none.
    pub fn serial_port(&self) -> Option<&SerialPortSettings> {
        match self {
            Self::Modbus(link) => link.serial_port(),
            Self::Uart(UartLink(line)) => Some(line),
            Self::Gpio(_) | Self::I2c(_) | Self::OneWire(_) | Self::Mqtt(_) => None,
        }
    }

    /// Description for tables and texts.
    pub fn summary(&self) -> BusLinkSummary {
        match self {
            Self::Modbus(link) => link.summary(),
            Self::Gpio(link) => link.summary(),
            Self::I2c(link) => chip_point::link_summary("i2c", "I2C", &link.port),
            Self::OneWire(link) => chip_point::link_summary("one-wire", "1-Wire", &link.folder),
            Self::Uart(UartLink(line)) => BusLinkSummary {
                baud: Some(line.baud),
                ..chip_point::link_summary("uart", "UART", &line.port)
            },
            Self::Mqtt(link) => link.summary(),
        }
    }
}

/// Source of a point's raw value, of the kind of its bus.
#[derive(Clone, Debug, PartialEq)]
pub enum PointAccess {
    /// Modbus registers.
    Modbus(ModbusPoint),
    /// Line of a GPIO chip.
    Gpio(GpioPoint),
    /// Sensor chip on I2C, 1-Wire or a UART.
    Chip(ChipPoint),
    /// Message of a sensor node.
    Mqtt(MqttPoint),
}

impl PointAccess {
    /// Word of the kind of bus that has such points, for messages.
    fn bus_word(&self) -> &'static str {
        match self {
            Self::Modbus(_) => "modbus",
            Self::Gpio(_) => "gpio",
            Self::Chip(point) => point.chip.map_or("i2c", SensorChip::bus_word),
            Self::Mqtt(_) => "mqtt",
        }
    }

    /// Value of one raw number, as in a capture; `None` when it has none.
    pub(crate) fn scale_raw(&self, raw: u16, scale: LinearScale) -> Option<ExactNumber> {
        match self {
            Self::Modbus(_) | Self::Mqtt(_) => None,
            Self::Gpio(_) => scale.scale_integer(raw.into(), 0),
            Self::Chip(point) => point.scale_raw(raw, scale),
        }
    }

    /// Whether the gateway itself counts, and has to know the count of its last run.
    pub(crate) fn counts_in_gateway(&self) -> bool {
        match self {
            Self::Modbus(_) | Self::Chip(_) | Self::Mqtt(_) => false,
            Self::Gpio(line) => line.signal == GpioSignal::Pulses,
        }
    }
}

/// Checks the keys that say where a point's value comes from; `names` are the points of its device.
pub(crate) fn check_point_access(
    notes: &mut DiagnosticCollector<'_>,
    raw: &RawPoint,
    span: &Range<usize>,
    names: &[String],
) -> PointAccess {
    let is_message = raw.field.is_some() || raw.topic.is_some();
    if raw.signal.is_none() && !is_message {
        return PointAccess::Modbus(check_modbus_point(notes, &raw.modbus_keys(), span, names));
    }
    let signal = if is_message { &raw.signal } else { &None };
    let strays = [
        ("register", &raw.register),
        ("type", &raw.r#type),
        ("signal", signal),
    ];
    for (key, typed) in strays {
        if let Some(stray) = typed {
            notes.add_error(stray.span(), key, "fault-register-and-signal", key, "");
        }
    }
    let Some(at) = raw.signal.as_ref().filter(|_| !is_message) else {
        return PointAccess::Mqtt(mqtt_point::check_mqtt_point(notes, &raw.mqtt_keys()));
    };
    if let Some(signal) = ChipSignal::from_word(at.get()) {
        return PointAccess::Chip(chip_point::check_chip_point(
            notes,
            &raw.voltage_keys(),
            signal,
        ));
    }
    let signal = GpioSignal::from_word(at.get());
    if signal.is_none() {
        let words = GpioSignal::ALL.map(GpioSignal::word);
        let words: Vec<&str> = words.into_iter().chain(ChipSignal::words()).collect();
        let (hint, all) = (
            nearest_name(at.get(), words.iter().copied()),
            words.join(", "),
        );
        notes.add_error_with_hint(at.span(), "signal", "fault-word", at.get(), &all, hint);
    }
    let signal = signal.unwrap_or(GpioSignal::State);
    PointAccess::Gpio(gpio_point::check_gpio_point(
        notes,
        &raw.gpio_keys(),
        signal,
    ))
}

/// Checks the keys of `[[bus]]` that its kind has.
pub(crate) fn check_bus_link(
    notes: &mut DiagnosticCollector<'_>,
    at: &SpannedValue<RawBus>,
) -> BusLink {
    let (typed, lines) = (at.get(), link_keys(at));
    let modbus = |notes: &mut DiagnosticCollector<'_>, transport| {
        BusLink::Modbus(check_modbus_link(notes, &lines, transport))
    };
    let Some(kind) = &typed.kind else {
        return modbus(notes, None);
    };
    match *kind.get() {
        RawBusKind::ModbusTcp => modbus(notes, Some(ModbusTransport::Tcp)),
        RawBusKind::ModbusRtu => modbus(notes, Some(ModbusTransport::Rtu)),
        RawBusKind::ModbusRtuOverTcp => modbus(notes, Some(ModbusTransport::RtuOverTcp)),
        RawBusKind::Gpio => BusLink::Gpio(gpio_point::check_gpio_link(&typed.chip)),
        RawBusKind::I2c => BusLink::I2c(chip_point::check_i2c_link(&typed.port)),
        RawBusKind::OneWire => BusLink::OneWire(chip_point::check_one_wire_link(&typed.port)),
        RawBusKind::Uart => BusLink::Uart(UartLink(modbus_link::check_serial_line(notes, &lines))),
        RawBusKind::Mqtt => BusLink::Mqtt(mqtt_point::check_mqtt_link(notes, &broker_keys(at))),
    }
}

/// Gives points the line that their device names, and reports those of another kind of bus.
pub(crate) fn complete_points<'a>(
    notes: &mut DiagnosticCollector<'_>,
    keys: &DeviceAddressKeys<'_>,
    link: &BusLink,
    points: impl Iterator<Item = (&'a str, &'a mut PointAccess)>,
) {
    let own = gpio_point::check_line(notes, keys.line);
    let summary = link.summary();
    if link.mqtt().is_none() {
        mqtt_point::report_stray_keys(notes, &keys.node, summary.kind);
    }
    let topics = link.mqtt();
    let topics = topics.map(|_| mqtt_point::check_device_topics(notes, &keys.node));
    let mut has_topics = true;
    for (name, access) in points {
        let fits = match (&mut *access, link) {
            (PointAccess::Gpio(access), BusLink::Gpio(_)) => {
                access.line = access.line.take().or_else(|| own.clone());
                if access.line.is_none() {
                    let span = keys.chip.span.clone();
                    notes.add_error(span, "line", "fault-missing", "", "");
                }
                true
            }
            (
                PointAccess::Chip(access),
                BusLink::I2c(_) | BusLink::OneWire(_) | BusLink::Uart(_),
            ) => {
                chip_point::complete_chip_point(notes, &keys.chip, access);
                access
                    .chip
                    .is_none_or(|chip| chip.bus_word() == summary.kind)
            }
            (PointAccess::Mqtt(access), BusLink::Mqtt(_)) => {
                let known = topics.as_ref().is_none_or(|all| all.complete_point(access));
                has_topics &= known;
                true
            }
            (access, link) => access.modbus().is_some() && link.modbus().is_some(),
        };
        if !fits {
            let found = (name, access.bus_word());
            report_other_bus(notes, keys.profile, &keys.chip, found, summary.kind);
            return;
        }
    }
    // A topic that is no topic was reported already.
    if !has_topics && keys.node.topic.is_none() {
        let span = keys.chip.span.clone();
        notes.add_error(span, "topic", "fault-missing", "", "");
    }
}
