//! Modbus RTU server ([`ModbusServer`]): bytes of the line in, reply bytes out. Does no I/O and
//! knows no clock: the caller says when the line has been silent for 3.5 characters.
//!
//! ```text
//! server.push(&bytes);                            // as they arrive
//! match server.serve(&mut registers, &mut reply) { // after 3.5 characters of silence
//!     ServedFrame::Reply(length) => line.send(&reply[..length]),
//!     _ => {}                                     // garbage, or for another device: say nothing
//! }
//! ```
//!
//! Functions 3, 4, 6, 16 and 0x2B/0x0E (device identification). The registers are the caller's, by
//! [`RegisterBank`].

use crate::frame::{FRAME_MAX, ModbusFrameWriter, ModbusFraming, has_valid_crc};

/// Length of the longest RTU frame, bytes.
pub const RTU_FRAME_MAX: usize = 256;
/// Registers of one read request at most.
const READ_WORDS_MAX: u16 = 125;
/// Registers of one write request at most.
pub const WRITE_WORDS_MAX: usize = 123;
/// Unit id to which every device listens and none answers.
const BROADCAST_UNIT: u8 = 0;
/// Function code and MEI type of the device identification.
const IDENTIFICATION: [u8; 2] = [0x2b, 0x0e];
/// Conformity level: the basic objects, as a stream or one by one.
const BASIC_CONFORMITY: u8 = 0x81;
/// Basic objects: vendor, product code, revision.
const BASIC_OBJECTS: u8 = 3;
/// Longest text of one identification object: three of them fit into one frame.
pub const OBJECT_BYTES_MAX: usize = 64;

/// Exception reply, with its code on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum ServerException {
    /// The function is not known.
    IllegalFunction = 1,
    /// There is no such register.
    IllegalAddress = 2,
    /// The number of registers or a written value is out of range.
    IllegalValue = 3,
    /// The device failed to carry it out.
    DeviceFailure = 4,
}

/// Table that a read request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServerTable {
    /// Function 3.
    Holding,
    /// Function 4.
    Input,
}

/// Holding registers that a request writes.
#[derive(Clone, Copy, Debug)]
pub struct RegisterWrite<'a> {
    /// Address of the first one.
    pub address: u16,
    /// Words of the registers from there on.
    pub words: &'a [u16],
    /// True when every device on the line got the same request.
    pub is_broadcast: bool,
}

/// Registers behind a server.
pub trait RegisterBank {
    /// Returns the word of one register. Called for each register of a request, without pause.
    fn read_word(&mut self, table: ServerTable, address: u16) -> Result<u16, ServerException>;

    /// Writes all of the registers, or none and returns an exception.
    fn write_words(&mut self, write: RegisterWrite<'_>) -> Result<(), ServerException>;

    /// Returns a basic object of the device identification: 0 vendor, 1 product code, 2 revision.
    fn identification(&self, object: u8) -> &str;
}

/// Result of what was received between two silences.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServedFrame {
    /// Nothing was received.
    Nothing,
    /// No whole frame, or a wrong checksum: no answer.
    Garbage,
    /// A frame of or for another device: no answer.
    Foreign,
    /// A request to all devices: carried out, no answer.
    Broadcast,
    /// The reply has this many bytes.
    Reply(usize),
}

/// Modbus RTU server of one device.
#[derive(Clone, Debug)]
pub struct ModbusServer {
    unit: u8,
    received: [u8; RTU_FRAME_MAX],
    used: usize,
}

impl ModbusServer {
    /// Creates the server of this unit id, 1 to 247.
    pub const fn new(unit: u8) -> Self {
        Self {
            unit,
            received: [0; RTU_FRAME_MAX],
            used: 0,
        }
    }

    /// Returns the unit id.
    pub fn unit(&self) -> u8 {
        self.unit
    }

    /// Changes the unit id.
    pub fn set_unit(&mut self, unit: u8) {
        self.unit = unit;
    }

    /// Takes received bytes. Of more than a frame, the last ones are kept.
    pub fn push(&mut self, bytes: &[u8]) {
        for byte in bytes {
            if self.used == RTU_FRAME_MAX {
                self.received.copy_within(1.., 0);
                self.used -= 1;
            }
            self.received[self.used] = *byte;
            self.used += 1;
        }
    }

    /// Drops what was received, as after a framing error or the own reply's echo.
    pub fn discard(&mut self) {
        self.used = 0;
    }

    /// Returns true when the bytes so far are a whole frame with a valid checksum. More bytes may
    /// still follow only if the line is faulty.
    pub fn is_request_whole(&self) -> bool {
        let bytes = &self.received[..self.used];
        request_length(bytes) == Some(bytes.len()) && has_valid_crc(bytes)
    }

    /// Answers what was received since the last call. To be called when the line was silent.
    pub fn serve(
        &mut self,
        bank: &mut impl RegisterBank,
        reply: &mut [u8; FRAME_MAX],
    ) -> ServedFrame {
        let used = core::mem::take(&mut self.used);
        let bytes = &self.received[..used];
        if bytes.is_empty() {
            return ServedFrame::Nothing;
        }
        let Some(frame) = find_frame(self.unit, bytes) else {
            return ServedFrame::Garbage;
        };
        let (unit, pdu) = (frame[0], &frame[1..frame.len() - 2]);
        if unit == BROADCAST_UNIT {
            let mut unsent = [0; FRAME_MAX];
            // Only writes: a broadcast read would ask everybody to answer at once.
            if matches!(pdu.first(), Some(6 | 16)) {
                let mut writer = ModbusFrameWriter::begin(ModbusFraming::Rtu, 0, 0, &mut unsent);
                let _ = answer_request(pdu, bank, &mut writer, true);
            }
            return ServedFrame::Broadcast;
        }
        if unit != self.unit {
            return ServedFrame::Foreign;
        }
        ServedFrame::Reply(write_reply(unit, pdu, bank, reply))
    }
}

/// Returns the frame in what came between two silences: the whole, else a request to this unit at
/// its end. Noise stands before a request when drivers of the line are switched.
fn find_frame(unit: u8, bytes: &[u8]) -> Option<&[u8]> {
    if bytes.len() >= 4 && has_valid_crc(bytes) {
        return Some(bytes);
    }
    let starts = 1..bytes.len().saturating_sub(3);
    let mut tails = starts.map(|start| &bytes[start..]);
    // Length, unit and checksum must all fit, so that no data of other frames is taken for one.
    tails.find(|tail| {
        tail[0] == unit && request_length(tail) == Some(tail.len()) && has_valid_crc(tail)
    })
}

/// Returns the length of the request that starts here, from its function; `None` while it is not
/// known.
fn request_length(bytes: &[u8]) -> Option<usize> {
    match *bytes {
        [_, 1..=6, ..] => Some(8),
        [_, 16, _, _, _, _, count, ..] => Some(9 + usize::from(count)),
        [_, 0x2b, ..] => Some(7),
        _ => None,
    }
}

fn write_reply(
    unit: u8,
    pdu: &[u8],
    bank: &mut impl RegisterBank,
    reply: &mut [u8; FRAME_MAX],
) -> usize {
    let mut writer = ModbusFrameWriter::begin(ModbusFraming::Rtu, 0, unit, reply);
    let Err(exception) = answer_request(pdu, bank, &mut writer, false) else {
        return writer.end();
    };
    // From the start: a part of the answer may be in the buffer already.
    let mut writer = ModbusFrameWriter::begin(ModbusFraming::Rtu, 0, unit, reply);
    let function = pdu.first().copied().unwrap_or_default();
    writer.append(&[function | 0x80, exception as u8]);
    writer.end()
}

fn answer_request(
    pdu: &[u8],
    bank: &mut impl RegisterBank,
    reply: &mut ModbusFrameWriter<'_>,
    is_broadcast: bool,
) -> Result<(), ServerException> {
    match *pdu {
        [3, ref rest @ ..] => read_registers(ServerTable::Holding, rest, bank, reply),
        [4, ref rest @ ..] => read_registers(ServerTable::Input, rest, bank, reply),
        [6, a, b, c, d] => {
            let word = u16::from_be_bytes([c, d]);
            bank.write_words(RegisterWrite {
                address: u16::from_be_bytes([a, b]),
                words: &[word],
                is_broadcast,
            })?;
            // The answer is the request itself.
            reply.append(pdu);
            Ok(())
        }
        [16, ref rest @ ..] => write_registers(rest, bank, reply, is_broadcast),
        [0x2b, 0x0e, read_code, object] => identify(read_code, object, bank, reply),
        [6, ..] => Err(ServerException::IllegalValue),
        _ => Err(ServerException::IllegalFunction),
    }
}

fn read_registers(
    table: ServerTable,
    rest: &[u8],
    bank: &mut impl RegisterBank,
    reply: &mut ModbusFrameWriter<'_>,
) -> Result<(), ServerException> {
    let [a, b, c, d] = *rest else {
        return Err(ServerException::IllegalValue);
    };
    let (address, count) = (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]));
    if !(1..=READ_WORDS_MAX).contains(&count) {
        return Err(ServerException::IllegalValue);
    }
    let last = address.checked_add(count - 1);
    let last = last.ok_or(ServerException::IllegalAddress)?;
    let function = match table {
        ServerTable::Holding => 3,
        ServerTable::Input => 4,
    };
    // 250 at most, by the range above.
    let bytes = u8::try_from(count * 2).unwrap_or(u8::MAX);
    reply.append(&[function, bytes]);
    for address in address..=last {
        reply.append(&bank.read_word(table, address)?.to_be_bytes());
    }
    Ok(())
}

fn write_registers(
    rest: &[u8],
    bank: &mut impl RegisterBank,
    reply: &mut ModbusFrameWriter<'_>,
    is_broadcast: bool,
) -> Result<(), ServerException> {
    let [a, b, c, d, bytes, ref data @ ..] = *rest else {
        return Err(ServerException::IllegalValue);
    };
    let (address, count) = (
        u16::from_be_bytes([a, b]),
        usize::from(u16::from_be_bytes([c, d])),
    );
    let is_consistent = count * 2 == usize::from(bytes) && data.len() == usize::from(bytes);
    if !(1..=WRITE_WORDS_MAX).contains(&count) || !is_consistent {
        return Err(ServerException::IllegalValue);
    }
    let mut words = [0; WRITE_WORDS_MAX];
    for (word, pair) in words.iter_mut().zip(data.chunks_exact(2)) {
        *word = u16::from_be_bytes([pair[0], pair[1]]);
    }
    bank.write_words(RegisterWrite {
        address,
        words: &words[..count],
        is_broadcast,
    })?;
    reply.append(&[16, a, b, c, d]);
    Ok(())
}

/// Answers a request for device identification: read codes 1 to 3 give the basic objects from one
/// on, code 4 a single one.
fn identify(
    read_code: u8,
    object: u8,
    bank: &impl RegisterBank,
    reply: &mut ModbusFrameWriter<'_>,
) -> Result<(), ServerException> {
    let (from, to) = match read_code {
        // An unknown object begins the stream anew (specification, 6.21).
        1..=3 if object >= BASIC_OBJECTS => (0, BASIC_OBJECTS),
        1..=3 => (object, BASIC_OBJECTS),
        4 if object < BASIC_OBJECTS => (object, object + 1),
        4 => return Err(ServerException::IllegalAddress),
        _ => return Err(ServerException::IllegalValue),
    };
    reply.append(&IDENTIFICATION);
    reply.append(&[read_code, BASIC_CONFORMITY, 0, 0, to - from]);
    for object in from..to {
        let text = bank.identification(object).as_bytes();
        let text = &text[..text.len().min(OBJECT_BYTES_MAX)];
        reply.append(&[object, u8::try_from(text.len()).unwrap_or(u8::MAX)]);
        reply.append(text);
    }
    Ok(())
}

#[cfg(test)]
#[path = "modbus_server_tests.rs"]
mod tests;
