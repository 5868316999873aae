//! Registers of any unit, read once for a technician: through the task that polls the bus, or over
//! a connection of its own where no task does.

use crate::api::ApiListener;
use crate::buses::modbus::bus::BusChannel;
use crate::commissioning::fault_diagnosis;
pub(crate) use crate::commissioning::register_meanings::{RegisterMeaning, register_meanings};
use crate::commissioning::scan::{is_bus_at_port, port_error_text};
use crate::config::{Bus, BusLink, ModbusLink, Parity, SerialPortSettings};
use crate::domain::FaultDetail;
use crate::i18n::Language;
use drivers::frame::{ModbusReadFunction, ModbusReadReply, ModbusReadRequest};
use drivers::header_oddities::HeaderOddities;
use std::path::PathBuf;
use std::time::Duration;

/// Most registers in one read on the page.
const PAGE_REGISTERS_MAX: u16 = 32;
/// Timeout on a line that no bus of the configuration has.
const FREE_LINE_TIMEOUT: Duration = Duration::from_secs(1);

/// Registers that a technician asks for.
#[derive(Clone, Debug)]
pub(crate) struct RegisterQuestion {
    /// Id of a bus, file of a serial port, or `HOST:PORT`.
    pub(crate) place: String,
    /// Speed of a serial port that no bus has.
    pub(crate) baud: u32,
    pub(crate) parity: Parity,
    pub(crate) unit: u8,
    /// Input registers, in place of holding registers.
    pub(crate) is_input: bool,
    pub(crate) address: u16,
    pub(crate) count: u16,
}

/// Reads the registers; an error is a sentence with its cause, and what to do.
pub(crate) async fn read_registers(
    app: &ApiListener,
    question: &RegisterQuestion,
    lang: Language,
) -> Result<Vec<u16>, String> {
    let last = question.count.checked_sub(1);
    let last = last.and_then(|more| question.address.checked_add(more));
    if last.is_none() || question.count > PAGE_REGISTERS_MAX {
        let most = PAGE_REGISTERS_MAX.to_string();
        return Err(lang.text_with("register-count", &[("most", &most)]));
    }
    let (bus, mut channel) = open_channel(app, question, lang)?;
    let request = ModbusReadRequest {
        unit: question.unit,
        function: if question.is_input {
            ModbusReadFunction::Input
        } else {
            ModbusReadFunction::Holding
        },
        address: question.address,
        count: question.count,
    };
    match channel.ask(request, Duration::ZERO).await {
        Ok(ModbusReadReply::Data(data)) => {
            let pairs = data.chunks_exact(2);
            Ok(pairs
                .map(|pair| u16::from_be_bytes([pair[0], pair[1]]))
                .collect())
        }
        Ok(ModbusReadReply::Exception(code)) => Err(exception_text(code, lang)),
        Err(failure) => {
            let reason = failure.reason();
            let words = lang.text(&format!("reason-{}", reason.word()));
            let detail = failure.detail();
            let key = fault_diagnosis::advice_key(reason, Some(&bus.link), &[Some(reason)]);
            Err(sentence(&words, &detail, key, lang))
        }
    }
}

/// Exception of a device in words: its code and what it means.
pub(crate) fn exception_text(code: u8, lang: Language) -> String {
    let key = match code {
        1 => "frames-exception-1",
        2 => "frames-exception-2",
        3 => "frames-exception-3",
        4 => "frames-exception-4",
        6 => "frames-exception-6",
        10 | 11 => "frames-exception-11",
        _ => "frames-exception-other",
    };
    lang.text_with(key, &[("code", &code.to_string())])
}

fn sentence(words: &str, detail: &FaultDetail, key: Option<&str>, lang: Language) -> String {
    let mut text = format!("{words}: {}", lang.fault_detail(detail));
    if let Some(key) = key {
        text += ". ";
        text += &fault_diagnosis::advice_text(key, detail, lang);
    }
    text
}

/// Channel to the place: through the task that owns it, else of its own.
fn open_channel(
    app: &ApiListener,
    question: &RegisterQuestion,
    lang: Language,
) -> Result<(Bus, BusChannel), String> {
    let place = &*question.place;
    let buses = &app.state().config.buses;
    let is_there = |bus: &&Bus| {
        *bus.id == *place || place.starts_with('/') && is_bus_at_port(&bus.link, place.as_ref())
    };
    let bus = match buses.iter().find(is_there) {
        Some(bus) => bus.clone(),
        None => free_bus(question, lang)?,
    };
    let owner = app.state().bus_handles.handle(&bus.id).cloned();
    let port = bus.link.serial_port().filter(|_| owner.is_none());
    if let Some(trouble) = port.and_then(|line| port_error_text(&line.port, lang)) {
        return Err(trouble);
    }
    let channel = BusChannel::with_owner(&bus, owner);
    Ok((bus, channel))
}

/// Bus for a place that the configuration does not have.
fn free_bus(question: &RegisterQuestion, lang: Language) -> Result<Bus, String> {
    let place = &*question.place;
    let link = if place.starts_with('/') {
        ModbusLink::Rtu(SerialPortSettings {
            port: PathBuf::from(place),
            baud: question.baud,
            parity: question.parity,
            stop_bits: 1,
        })
    } else {
        let (host, port) = place.rsplit_once(':').unwrap_or((place, "502"));
        let expected = "/dev/ttyUSB0, HOST:502";
        let bad = || lang.text_with("scanpage-bad", &[("found", place), ("expected", expected)]);
        let port = port.parse().map_err(|_| bad())?;
        if host.is_empty() {
            return Err(bad());
        }
        ModbusLink::Tcp {
            host: host.to_owned(),
            port,
        }
    };
    Ok(Bus {
        // No bus of a configuration can have this id.
        id: "".into(),
        link: BusLink::Modbus(link),
        timeout: FREE_LINE_TIMEOUT,
        retries: 0,
        settle: Duration::ZERO,
        oddities: HeaderOddities::default(),
    })
}
