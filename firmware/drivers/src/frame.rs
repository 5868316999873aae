//! Encoder and decoder of Modbus frames: requests and replies of functions 1 to 4, as TCP or RTU
//! bytes (Modbus Application Protocol V1.1b3, Modbus over Serial Line V1.02).
//!
//! The client side and the server side are both here, so that sensor node, gateway and simulator
//! share one implementation. A reply is accepted only if unit, function, byte count and length
//! match the request, and also the transaction id (TCP) or the checksum (RTU). The parsers do no
//! I/O and no allocation, and no input makes them panic.

pub use crate::crc::crc16;
pub(crate) use crate::crc::has_valid_crc;

/// Length of the longest frame, bytes (TCP: 7 of header, 253 of PDU; RTU: 256).
pub const FRAME_MAX: usize = 260;

/// Frame format on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ModbusFraming {
    /// Modbus TCP: MBAP header with a transaction id and a length, no checksum.
    Tcp,
    /// Modbus RTU: unit first, CRC-16 last, frames separated by 3.5 characters of silence.
    Rtu,
}

/// The four read functions, with their codes on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum ModbusReadFunction {
    /// Function 1, read coils.
    Coils = 1,
    /// Function 2, read discrete inputs.
    DiscreteInputs = 2,
    /// Function 3, read holding registers.
    Holding = 3,
    /// Function 4, read input registers.
    Input = 4,
}

/// Read request to one device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ModbusReadRequest {
    /// Unit id of the device, also called slave address.
    pub unit: u8,
    /// Function code, which selects the table.
    pub function: ModbusReadFunction,
    /// 0-based protocol address of the first item.
    pub address: u16,
    /// Registers (1..=125) or bits (1..=2000).
    pub count: u16,
}

/// Reply of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ModbusReadReply<'a> {
    /// Data bytes: registers big endian, or bits packed from the least significant bit on.
    Data(&'a [u8]),
    /// Exception reply with its code: 1 illegal function, 2 illegal address, 3 illegal value, ...
    Exception(u8),
}

/// Reason for which received bytes are not the reply to the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ModbusFrameError {
    /// The request itself came back: an RS-485 adapter that echoes what it sends.
    Echo,
    /// A complete valid frame that answers something else, such as an earlier request.
    Stale,
    /// Noise: no frame starts at this byte.
    Noise,
    /// The checksum does not match.
    Checksum,
    /// The reply is from another unit.
    Unit,
    /// The reply is of another function.
    Function,
    /// Byte count or frame length do not match the request.
    Length,
    /// The reply itself matches, but its TCP header has the number of another transaction.
    Transaction {
        /// Number in the header.
        stated: u16,
        /// Number of the request.
        expected: u16,
    },
    /// The reply itself matches, but the length field of its TCP header has another value.
    HeaderLength {
        /// Bytes after the length field, as the header states them.
        stated: u16,
        /// Bytes after the length field, as the reply has them.
        expected: u16,
    },
}

impl core::fmt::Display for ModbusFrameError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Echo => "our own request came back",
            Self::Stale => "it answers another request",
            Self::Noise => "no frame in it",
            Self::Checksum => "wrong checksum",
            Self::Unit => "another unit answers",
            Self::Function => "another function is answered",
            Self::Length => "wrong length",
            Self::Transaction { stated, expected } => {
                return write!(
                    f,
                    "transaction in the header is {stated}, should be {expected}"
                );
            }
            Self::HeaderLength {
                stated: says,
                expected: should,
            } => {
                return write!(f, "length in the header is {says}, should be {should}");
            }
        })
    }
}

/// Result of parsing the bytes received so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParsedFrame<T> {
    /// Incomplete: at least this many more bytes are needed.
    Incomplete(usize),
    /// A frame that matches, and the number of bytes it took.
    Frame(T, usize),
    /// The number of leading bytes (at least one) to drop, and the reason.
    Garbage(ModbusFrameError, usize),
}

impl ModbusReadFunction {
    /// Returns the function with this code; `None` for codes other than 1 to 4.
    pub fn from_code(code: u8) -> Option<Self> {
        Some(match code {
            1 => Self::Coils,
            2 => Self::DiscreteInputs,
            3 => Self::Holding,
            4 => Self::Input,
            _ => return None,
        })
    }

    /// Returns true for the functions that read single bits (1 and 2).
    pub fn is_bits(self) -> bool {
        matches!(self, Self::Coils | Self::DiscreteInputs)
    }
}

impl ModbusReadRequest {
    /// Returns the number of data bytes of the expected reply, 0..=255. A count beyond the protocol
    /// gives 255, which no reply can have.
    pub fn data_bytes(self) -> usize {
        let count = usize::from(self.count);
        if self.function.is_bits() {
            count.div_ceil(8).min(255)
        } else {
            (count * 2).min(255)
        }
    }

    /// Returns the length of the whole expected reply, bytes.
    pub fn reply_bytes(self, framing: ModbusFraming) -> usize {
        self.data_bytes()
            + match framing {
                // Beside the data: 7 of header, function and byte count (TCP); unit, function, byte
                // count and two of CRC (RTU).
                ModbusFraming::Tcp => 9,
                ModbusFraming::Rtu => 5,
            }
    }

    /// Decodes a request and its transaction id (0 for RTU). Functions other than 1 to 4 are
    /// `Garbage`.
    pub fn parse(framing: ModbusFraming, bytes: &[u8]) -> ParsedFrame<(Self, u16)> {
        let (start, length) = match framing {
            // A read request has a fixed length: 6 bytes and the CRC (RTU), or 6 of header and 6
            // (TCP).
            ModbusFraming::Rtu => (0, 8),
            ModbusFraming::Tcp => match tcp_frame_length(bytes) {
                Ok(12) => (6, 12),
                Ok(other) => {
                    return ParsedFrame::Garbage(ModbusFrameError::Length, other.min(bytes.len()));
                }
                Err(parsed) => return parsed.without_frame(),
            },
        };
        let Some(frame) = bytes.get(..length) else {
            return ParsedFrame::Incomplete(length - bytes.len());
        };
        if framing == ModbusFraming::Rtu && !has_valid_crc(frame) {
            // One byte only: after noise the next frame may start at any byte.
            return ParsedFrame::Garbage(ModbusFrameError::Checksum, 1);
        }
        let body = &frame[start..];
        let Some(function) = ModbusReadFunction::from_code(body[1]) else {
            return ParsedFrame::Garbage(ModbusFrameError::Function, length);
        };
        let request = Self {
            unit: body[0],
            function,
            address: u16::from_be_bytes([body[2], body[3]]),
            count: u16::from_be_bytes([body[4], body[5]]),
        };
        let transaction = match framing {
            ModbusFraming::Tcp => u16::from_be_bytes([frame[0], frame[1]]),
            ModbusFraming::Rtu => 0,
        };
        ParsedFrame::Frame((request, transaction), length)
    }
}

/// Request of a Modbus master.
pub trait ModbusRequest {
    /// Returns the unit address of the asked device.
    fn unit(&self) -> u8;

    /// Appends what follows the unit address: function code and data, at most 252 bytes.
    fn append_pdu(&self, frame: &mut ModbusFrameWriter<'_>);

    /// Encodes the request into `out`; returns the number of bytes used.
    fn build(&self, framing: ModbusFraming, transaction: u16, out: &mut [u8; FRAME_MAX]) -> usize {
        let mut frame = ModbusFrameWriter::begin(framing, transaction, self.unit(), out);
        self.append_pdu(&mut frame);
        frame.end()
    }
}

impl ModbusRequest for ModbusReadRequest {
    fn unit(&self) -> u8 {
        self.unit
    }

    fn append_pdu(&self, frame: &mut ModbusFrameWriter<'_>) {
        frame.append(&[self.function as u8]);
        frame.append(&self.address.to_be_bytes());
        frame.append(&self.count.to_be_bytes());
    }
}

impl<'a> ModbusReadReply<'a> {
    /// Encodes a reply to `request` into `out`; returns the number of bytes used. Data beyond 250
    /// bytes is cut off (125 registers, the most that the protocol allows).
    pub fn build(
        self,
        request: ModbusReadRequest,
        framing: ModbusFraming,
        transaction: u16,
        out: &mut [u8; FRAME_MAX],
    ) -> usize {
        let mut frame = ModbusFrameWriter::begin(framing, transaction, request.unit, out);
        match self {
            Self::Exception(code) => frame.append(&[request.function as u8 | 0x80, code]),
            Self::Data(data) => {
                let data = &data[..data.len().min(250)];
                let count = u8::try_from(data.len()).unwrap_or(u8::MAX);
                frame.append(&[request.function as u8, count]);
                frame.append(data);
            }
        }
        frame.end()
    }

    /// Decodes the reply to `request` from the bytes received so far.
    pub fn parse(
        request: ModbusReadRequest,
        framing: ModbusFraming,
        transaction: u16,
        bytes: &'a [u8],
    ) -> ParsedFrame<Self> {
        match framing {
            ModbusFraming::Tcp => parse_tcp(request, transaction, bytes),
            ModbusFraming::Rtu => parse_rtu(request, bytes),
        }
    }
}

fn parse_tcp(
    request: ModbusReadRequest,
    transaction: u16,
    bytes: &[u8],
) -> ParsedFrame<ModbusReadReply<'_>> {
    let frame = match tcp_reply_frame(request.unit, transaction, bytes) {
        Ok(frame) => frame,
        Err(parsed) => return parsed.without_frame(),
    };
    match parse_pdu(request, &frame[7..]) {
        Ok(reply) => ParsedFrame::Frame(reply, frame.len()),
        Err(misfit) => ParsedFrame::Garbage(misfit, frame.len()),
    }
}

/// Returns the whole TCP frame that starts here, when it answers this transaction and comes from
/// this unit.
pub(crate) fn tcp_reply_frame(
    unit: u8,
    transaction: u16,
    bytes: &[u8],
) -> Result<&[u8], ParsedFrame<()>> {
    let length = tcp_frame_length(bytes)?;
    let Some(frame) = bytes.get(..length) else {
        return Err(ParsedFrame::Incomplete(length - bytes.len()));
    };
    // Dropped as a whole: the header says where the next frame begins.
    if frame[..2] != transaction.to_be_bytes() {
        return Err(ParsedFrame::Garbage(ModbusFrameError::Stale, length));
    }
    // Reports have answers of unit 0; behind a gateway they could be of any device.
    if frame[6] != unit {
        return Err(ParsedFrame::Garbage(ModbusFrameError::Unit, length));
    }
    Ok(frame)
}

/// Returns the length of the TCP frame that starts here, header included.
fn tcp_frame_length(bytes: &[u8]) -> Result<usize, ParsedFrame<()>> {
    if bytes.len() < 6 {
        // 8 bytes are the shortest frame that is read here: header, unit and function.
        return Err(ParsedFrame::Incomplete(8 - bytes.len()));
    }
    let length = usize::from(u16::from_be_bytes([bytes[4], bytes[5]]));
    // The protocol id is 0; unit and function make two bytes at least, 254 at most. After a wrong
    // header the next frame cannot be located, so all bytes are dropped.
    if bytes[2..4] != [0, 0] || !(3..=254).contains(&length) {
        return Err(ParsedFrame::Garbage(ModbusFrameError::Noise, bytes.len()));
    }
    Ok(6 + length)
}

/// Decodes a PDU (function and data, without unit and checksum) as the reply to `request`.
pub(crate) fn parse_pdu(
    request: ModbusReadRequest,
    pdu: &[u8],
) -> Result<ModbusReadReply<'_>, ModbusFrameError> {
    let function = request.function as u8;
    match *pdu {
        [code, exception] if code == function | 0x80 => Ok(ModbusReadReply::Exception(exception)),
        [code, count, ref data @ ..] if code == function => {
            let fits = data.len() == usize::from(count) && data.len() == request.data_bytes();
            fits.then_some(ModbusReadReply::Data(data))
                .ok_or(ModbusFrameError::Length)
        }
        // The right function with too few bytes behind it: a device that cuts its answer, not
        // another one's.
        [code, ..] if code & 0x7f == function => Err(ModbusFrameError::Length),
        _ => Err(ModbusFrameError::Function),
    }
}

/// Parses `bytes` as if the reply started at the first byte. Bytes that cannot be the reply are
/// dropped one by one; a valid frame of another unit or another request is dropped as a whole.
fn parse_rtu(request: ModbusReadRequest, bytes: &[u8]) -> ParsedFrame<ModbusReadReply<'_>> {
    let mut echo = [0; FRAME_MAX];
    let length = request.build(ModbusFraming::Rtu, 0, &mut echo);
    // An RS-485 adapter that echoes returns the request before the reply.
    if bytes.starts_with(&echo[..length]) {
        return ParsedFrame::Garbage(ModbusFrameError::Echo, length);
    }
    let Some(length) = bytes.get(..3).and_then(rtu_reply_length) else {
        return if bytes.len() < 3 {
            ParsedFrame::Incomplete(5 - bytes.len())
        } else {
            ParsedFrame::Garbage(ModbusFrameError::Noise, 1)
        };
    };
    let ours = bytes[0] == request.unit;
    let Some(frame) = bytes.get(..length) else {
        // Waiting for more bytes is worth it only if the frame starts with our unit; anything else
        // is most likely noise.
        return if ours {
            ParsedFrame::Incomplete(length - bytes.len())
        } else {
            ParsedFrame::Garbage(ModbusFrameError::Noise, 1)
        };
    };
    if !has_valid_crc(frame) {
        return ParsedFrame::Garbage(ModbusFrameError::Checksum, 1);
    }
    if !ours {
        return ParsedFrame::Garbage(ModbusFrameError::Unit, length);
    }
    match parse_pdu(request, &frame[1..length - 2]) {
        Ok(reply) => ParsedFrame::Frame(reply, length),
        // A valid frame of this unit that does not match is the late reply to an earlier request.
        Err(_) => ParsedFrame::Garbage(ModbusFrameError::Stale, length),
    }
}

/// Returns the length of the RTU reply that starts with these three bytes.
fn rtu_reply_length(start: &[u8]) -> Option<usize> {
    match *start {
        [_, 1..=4, count] => Some(5 + usize::from(count)),
        // An exception has no byte count, so its length is fixed.
        [_, 0x81..=0x84, _] => Some(5),
        _ => None,
    }
}

/// Encoder of one frame into a fixed buffer.
#[derive(Debug)]
pub struct ModbusFrameWriter<'a> {
    framing: ModbusFraming,
    out: &'a mut [u8; FRAME_MAX],
    used: usize,
}

impl<'a> ModbusFrameWriter<'a> {
    pub(crate) fn begin(
        framing: ModbusFraming,
        transaction: u16,
        unit: u8,
        out: &'a mut [u8; FRAME_MAX],
    ) -> Self {
        let mut writer = Self {
            framing,
            out,
            used: 0,
        };
        if framing == ModbusFraming::Tcp {
            let [high, low] = transaction.to_be_bytes();
            // The length field is filled in at the end, when the length is known.
            writer.append(&[high, low, 0, 0, 0, 0]);
        }
        writer.append(&[unit]);
        writer
    }

    /// Appends bytes. Callers append at most 252, so that the buffer never overflows.
    pub(crate) fn append(&mut self, bytes: &[u8]) {
        for (place, byte) in self.out[self.used..].iter_mut().zip(bytes) {
            *place = *byte;
            self.used += 1;
        }
    }

    pub(crate) fn end(mut self) -> usize {
        match self.framing {
            ModbusFraming::Rtu => {
                let sum = crc16(&self.out[..self.used]).to_le_bytes();
                self.append(&sum);
            }
            ModbusFraming::Tcp => {
                let length = u16::try_from(self.used - 6).unwrap_or(u16::MAX);
                self.out[4..6].copy_from_slice(&length.to_be_bytes());
            }
        }
        self.used
    }
}

impl ParsedFrame<()> {
    /// Converts a result that holds no frame into the result of another frame type.
    pub(crate) fn without_frame<T>(self) -> ParsedFrame<T> {
        match self {
            Self::Incomplete(bytes) => ParsedFrame::Incomplete(bytes),
            Self::Frame((), bytes) => ParsedFrame::Garbage(ModbusFrameError::Noise, bytes),
            Self::Garbage(misfit, bytes) => ParsedFrame::Garbage(misfit, bytes),
        }
    }
}

#[cfg(test)]
#[path = "frame_tests.rs"]
mod tests;
