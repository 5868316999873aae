//! Modbus frames without a wire: requests and replies of functions 1 to 4, as TCP or RTU bytes.
//!
//! Both ends are here, so that a node and the gateway read the same code. A reply is believed only
//! if it fits the request in unit, function, byte count and length, and in its transaction id (TCP)
//! or checksum (RTU). No input makes this code panic; nothing is allocated.

/// Bytes of the longest frame (TCP: 7 of header, 253 of PDU; RTU: 256).
pub const FRAME_MAX: usize = 260;

/// How frames look on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// Header with a transaction id and a length.
    Tcp,
    /// Unit first, checksum last, silence between frames.
    Rtu,
}

/// The four reading functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Function {
    /// Read coils.
    Coils = 1,
    /// Read discrete inputs.
    Discretes = 2,
    /// Read holding registers.
    Holding = 3,
    /// Read input registers.
    Input = 4,
}

/// A question to one device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    /// Whom.
    pub unit: u8,
    /// Which table.
    pub function: Function,
    /// 0-based protocol address of the first item.
    pub address: u16,
    /// Registers (1..=125) or bits (1..=2000).
    pub count: u16,
}

/// What a device answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reply<'a> {
    /// The data bytes: registers big endian, or bits from the least significant on.
    Data(&'a [u8]),
    /// The device refuses, with this exception code.
    Exception(u8),
}

/// Why bytes are not the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Misfit {
    /// Our own request came back (an adapter that echoes).
    Echo,
    /// A whole, sound frame that answers something else, such as an earlier request.
    Stale,
    /// Noise: no frame begins here.
    Noise,
    /// The checksum is wrong.
    Checksum,
    /// Another unit answered.
    Unit,
    /// Another function was answered.
    Function,
    /// Byte count or frame length do not fit the request.
    Length,
    /// The answer itself fits, but the length in its TCP header is another one.
    Header {
        /// Bytes behind the length, as the header has them.
        says: u16,
        /// Bytes behind the length, as the answer has them.
        should: u16,
    },
}

impl core::fmt::Display for Misfit {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Echo => "our own request came back",
            Self::Stale => "it answers another request",
            Self::Noise => "no frame in it",
            Self::Checksum => "wrong checksum",
            Self::Unit => "another unit answers",
            Self::Function => "another function is answered",
            Self::Length => "wrong length",
            Self::Header { says, should } => {
                return write!(f, "length in the header is {says}, should be {should}");
            }
        })
    }
}

/// What a parser makes of the bytes so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parsed<T> {
    /// Not yet: at least so many more bytes are needed.
    More(usize),
    /// A frame that fits, and how many bytes it took.
    Frame(T, usize),
    /// The first so many bytes (at least one) are to be dropped, and why.
    Garbage(Misfit, usize),
}

impl Function {
    /// From its code on the wire.
    pub fn from_code(code: u8) -> Option<Self> {
        Some(match code {
            1 => Self::Coils,
            2 => Self::Discretes,
            3 => Self::Holding,
            4 => Self::Input,
            _ => return None,
        })
    }

    /// It reads single bits.
    pub fn is_bits(self) -> bool {
        matches!(self, Self::Coils | Self::Discretes)
    }
}

impl Request {
    /// Data bytes of a reply that fits, 0..=255; a count beyond the protocol gives 255.
    pub fn data_bytes(self) -> usize {
        let count = usize::from(self.count);
        if self.function.is_bits() {
            count.div_ceil(8).min(255)
        } else {
            (count * 2).min(255)
        }
    }

    /// Bytes of the whole reply that fits.
    pub fn reply_bytes(self, framing: Framing) -> usize {
        self.data_bytes()
            + match framing {
                Framing::Tcp => 9,
                Framing::Rtu => 5,
            }
    }

    /// Writes the request; how many bytes of `out` it took.
    pub fn build(self, framing: Framing, transaction: u16, out: &mut [u8; FRAME_MAX]) -> usize {
        let [address_high, address_low] = self.address.to_be_bytes();
        let [count_high, count_low] = self.count.to_be_bytes();
        let body = [
            self.function as u8,
            address_high,
            address_low,
            count_high,
            count_low,
        ];
        let mut frame = Writer::begin(framing, transaction, self.unit, out);
        frame.put(&body);
        frame.end()
    }

    /// Reads a request; its transaction id is 0 for RTU. A function that is not ours is `Garbage`.
    pub fn parse(framing: Framing, bytes: &[u8]) -> Parsed<(Self, u16)> {
        let (start, length) = match framing {
            Framing::Rtu => (0, 8),
            Framing::Tcp => match tcp_length(bytes) {
                Ok(12) => (6, 12),
                Ok(other) => return Parsed::Garbage(Misfit::Length, other.min(bytes.len())),
                Err(parsed) => return parsed.without_value(),
            },
        };
        let Some(frame) = bytes.get(..length) else {
            return Parsed::More(length - bytes.len());
        };
        if framing == Framing::Rtu && !checksum_fits(frame) {
            return Parsed::Garbage(Misfit::Checksum, 1);
        }
        let body = &frame[start..];
        let Some(function) = Function::from_code(body[1]) else {
            return Parsed::Garbage(Misfit::Function, length);
        };
        let request = Self {
            unit: body[0],
            function,
            address: u16::from_be_bytes([body[2], body[3]]),
            count: u16::from_be_bytes([body[4], body[5]]),
        };
        let transaction = match framing {
            Framing::Tcp => u16::from_be_bytes([frame[0], frame[1]]),
            Framing::Rtu => 0,
        };
        Parsed::Frame((request, transaction), length)
    }
}

impl<'a> Reply<'a> {
    /// Writes a reply to `request`; how many bytes of `out` it took. Data longer than 250 bytes is
    /// cut.
    pub fn build(
        self,
        request: Request,
        framing: Framing,
        transaction: u16,
        out: &mut [u8; FRAME_MAX],
    ) -> usize {
        let mut frame = Writer::begin(framing, transaction, request.unit, out);
        match self {
            Self::Exception(code) => frame.put(&[request.function as u8 | 0x80, code]),
            Self::Data(data) => {
                let data = &data[..data.len().min(250)];
                let count = u8::try_from(data.len()).unwrap_or(u8::MAX);
                frame.put(&[request.function as u8, count]);
                frame.put(data);
            }
        }
        frame.end()
    }

    /// Reads the reply to `request` from the bytes received so far.
    pub fn parse(
        request: Request,
        framing: Framing,
        transaction: u16,
        bytes: &'a [u8],
    ) -> Parsed<Self> {
        match framing {
            Framing::Tcp => parse_tcp(request, transaction, bytes),
            Framing::Rtu => parse_rtu(request, bytes),
        }
    }

    /// What is wrong with the header of a TCP frame that begins with these bytes, when its answer
    /// is here in full, fits the request, and only the length in the header is another one.
    ///
    /// For bytes that no parser took, and behind which nothing comes: such a frame is refused, but
    /// its fault has a name.
    pub fn wrong_header(request: Request, transaction: u16, bytes: &[u8]) -> Option<Misfit> {
        let (header, rest) = bytes.split_first_chunk::<6>()?;
        let (unit, pdu) = rest.split_first()?;
        let says = u16::from_be_bytes([header[4], header[5]]);
        let ours = header[..2] == transaction.to_be_bytes() && header[2..4] == [0, 0];
        let whole = match *pdu {
            [code, _] if code == request.function as u8 | 0x80 => pdu,
            _ => pdu.get(..2 + request.data_bytes())?,
        };
        let should = u16::try_from(1 + whole.len()).ok()?;
        let fits = ours && *unit == request.unit && body(request, whole).is_ok();
        (fits && says != should).then_some(Misfit::Header { says, should })
    }
}

fn parse_tcp(request: Request, transaction: u16, bytes: &[u8]) -> Parsed<Reply<'_>> {
    let length = match tcp_length(bytes) {
        Ok(length) => length,
        Err(parsed) => return parsed.without_value(),
    };
    let Some(frame) = bytes.get(..length) else {
        return Parsed::More(length - bytes.len());
    };
    if frame[..2] != transaction.to_be_bytes() {
        return Parsed::Garbage(Misfit::Stale, length);
    }
    if frame[6] != request.unit {
        return Parsed::Garbage(Misfit::Unit, length);
    }
    match body(request, &frame[7..]) {
        Ok(reply) => Parsed::Frame(reply, length),
        Err(misfit) => Parsed::Garbage(misfit, length),
    }
}

/// Bytes of the TCP frame that begins here.
pub(crate) fn tcp_length(bytes: &[u8]) -> Result<usize, Parsed<()>> {
    if bytes.len() < 6 {
        return Err(Parsed::More(8 - bytes.len()));
    }
    let length = usize::from(u16::from_be_bytes([bytes[4], bytes[5]]));
    // The protocol id is 0; unit and function make two bytes at least, 254 at most. Behind a header
    // that is wrong nothing can be found again.
    if bytes[2..4] != [0, 0] || !(3..=254).contains(&length) {
        return Err(Parsed::Garbage(Misfit::Noise, bytes.len()));
    }
    Ok(6 + length)
}

/// A PDU as the reply to `request`.
fn body(request: Request, pdu: &[u8]) -> Result<Reply<'_>, Misfit> {
    let function = request.function as u8;
    match *pdu {
        [code, exception] if code == function | 0x80 => Ok(Reply::Exception(exception)),
        [code, count, ref data @ ..] if code == function => {
            let fits = data.len() == usize::from(count) && data.len() == request.data_bytes();
            fits.then_some(Reply::Data(data)).ok_or(Misfit::Length)
        }
        [code, ..] if code & 0x7f == function => Err(Misfit::Length),
        _ => Err(Misfit::Function),
    }
}

/// Looks at the first byte of `bytes` as the start of the reply; what cannot be it is dropped byte
/// by byte, a sound frame for somebody else as a whole.
fn parse_rtu(request: Request, bytes: &[u8]) -> Parsed<Reply<'_>> {
    let mut echo = [0; FRAME_MAX];
    let length = request.build(Framing::Rtu, 0, &mut echo);
    if bytes.starts_with(&echo[..length]) {
        return Parsed::Garbage(Misfit::Echo, length);
    }
    let Some(length) = bytes.get(..3).and_then(rtu_length) else {
        return if bytes.len() < 3 {
            Parsed::More(5 - bytes.len())
        } else {
            Parsed::Garbage(Misfit::Noise, 1)
        };
    };
    let ours = bytes[0] == request.unit;
    let Some(frame) = bytes.get(..length) else {
        // Only our own unit is worth waiting for: what begins otherwise is most likely noise.
        return if ours {
            Parsed::More(length - bytes.len())
        } else {
            Parsed::Garbage(Misfit::Noise, 1)
        };
    };
    if !checksum_fits(frame) {
        return Parsed::Garbage(Misfit::Checksum, 1);
    }
    if !ours {
        return Parsed::Garbage(Misfit::Unit, length);
    }
    match body(request, &frame[1..length - 2]) {
        Ok(reply) => Parsed::Frame(reply, length),
        Err(_) => Parsed::Garbage(Misfit::Stale, length),
    }
}

/// Bytes of the RTU reply that begins with these three.
fn rtu_length(start: &[u8]) -> Option<usize> {
    match *start {
        [_, 1..=4, count] => Some(5 + usize::from(count)),
        [_, 0x81..=0x84, _] => Some(5),
        _ => None,
    }
}

pub(crate) fn checksum_fits(frame: &[u8]) -> bool {
    frame
        .split_last_chunk()
        .is_some_and(|(body, sum)| crc(body).to_le_bytes() == *sum)
}

/// CRC-16 of the specification (polynomial 0xA001, start 0xFFFF); low byte goes first on the wire.
pub fn crc(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0xffff, |sum, byte| {
        (sum >> 8) ^ CRC_TABLE[usize::from((sum ^ u16::from(*byte)) & 0xff)]
    })
}

const CRC_TABLE: [u16; 256] = crc_table();

const fn crc_table() -> [u16; 256] {
    let mut table = [0; 256];
    let mut byte = 0u16;
    while byte < 256 {
        let mut sum = byte;
        let mut bit = 0;
        while bit < 8 {
            sum = if sum & 1 == 1 {
                (sum >> 1) ^ 0xa001
            } else {
                sum >> 1
            };
            bit += 1;
        }
        table[byte as usize] = sum;
        byte += 1;
    }
    table
}

/// Puts a frame together.
pub(crate) struct Writer<'a> {
    framing: Framing,
    out: &'a mut [u8; FRAME_MAX],
    used: usize,
}

impl<'a> Writer<'a> {
    pub(crate) fn begin(
        framing: Framing,
        transaction: u16,
        unit: u8,
        out: &'a mut [u8; FRAME_MAX],
    ) -> Self {
        let mut writer = Self {
            framing,
            out,
            used: 0,
        };
        if framing == Framing::Tcp {
            let [high, low] = transaction.to_be_bytes();
            writer.put(&[high, low, 0, 0, 0, 0]);
        }
        writer.put(&[unit]);
        writer
    }

    /// Callers put at most 252 bytes in, so that nothing is ever cut.
    pub(crate) fn put(&mut self, bytes: &[u8]) {
        for (place, byte) in self.out[self.used..].iter_mut().zip(bytes) {
            *place = *byte;
            self.used += 1;
        }
    }

    pub(crate) fn end(mut self) -> usize {
        match self.framing {
            Framing::Rtu => {
                let sum = crc(&self.out[..self.used]).to_le_bytes();
                self.put(&sum);
            }
            Framing::Tcp => {
                let length = u16::try_from(self.used - 6).unwrap_or(u16::MAX);
                self.out[4..6].copy_from_slice(&length.to_be_bytes());
            }
        }
        self.used
    }
}

impl Parsed<()> {
    /// The same verdict about a frame of another kind; there is no frame in it.
    pub(crate) fn without_value<T>(self) -> Parsed<T> {
        match self {
            Self::More(bytes) => Parsed::More(bytes),
            Self::Frame((), bytes) => Parsed::Garbage(Misfit::Noise, bytes),
            Self::Garbage(misfit, bytes) => Parsed::Garbage(misfit, bytes),
        }
    }
}

#[cfg(test)]
#[path = "frame_tests.rs"]
mod tests;
