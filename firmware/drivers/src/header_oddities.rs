//! Errors in the header of a Modbus TCP reply that is right otherwise: told exactly, or accepted.

use crate::frame::{
    ModbusFrameError, ModbusFraming, ModbusReadReply, ModbusReadRequest, ParsedFrame, parse_pdu,
};

/// Errors in the TCP header of an otherwise right reply that are accepted, for devices that are
/// known to make them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HeaderOddities {
    /// A length field that does not fit the reply.
    pub wrong_length: bool,
    /// Transaction 0 in place of that of the request.
    pub transaction_zero: bool,
}

impl HeaderOddities {
    /// Returns true when any error is accepted.
    pub fn any(self) -> bool {
        self.wrong_length || self.transaction_zero
    }

    /// Returns what either of the two accepts.
    #[must_use]
    pub fn union(self, other: Self) -> Self {
        Self {
            wrong_length: self.wrong_length || other.wrong_length,
            transaction_zero: self.transaction_zero || other.transaction_zero,
        }
    }
}

impl<'a> ModbusReadReply<'a> {
    /// Decodes the reply to `request` over TCP, also with these errors in its header. The length is
    /// then that of the expected reply.
    pub fn parse_odd(
        request: ModbusReadRequest,
        transaction: u16,
        oddities: HeaderOddities,
        bytes: &'a [u8],
    ) -> ParsedFrame<Self> {
        // 9 bytes are the shortest reply, an exception.
        let Some((header, body)) = bytes.split_first_chunk::<6>() else {
            return ParsedFrame::Incomplete(9 - bytes.len());
        };
        let number = u16::from_be_bytes([header[0], header[1]]);
        let is_ours = number == transaction || (oddities.transaction_zero && number == 0);
        if !is_ours || header[2..4] != [0, 0] {
            return ParsedFrame::Garbage(ModbusFrameError::Stale, 1);
        }
        let expected = match *body {
            [_, code, ..] if code == request.function as u8 | 0x80 => 3,
            [_, _, ..] => 3 + request.data_bytes(),
            _ => return ParsedFrame::Incomplete(3 - body.len()),
        };
        let stated = usize::from(u16::from_be_bytes([header[4], header[5]]));
        if stated != expected && !oddities.wrong_length {
            return ParsedFrame::Garbage(ModbusFrameError::Length, 1);
        }
        let Some(body) = body.get(..expected) else {
            return ParsedFrame::Incomplete(expected - body.len());
        };
        if body[0] != request.unit {
            return ParsedFrame::Garbage(ModbusFrameError::Unit, 1);
        }
        match parse_pdu(request, &body[1..]) {
            Ok(reply) => ParsedFrame::Frame(reply, 6 + expected),
            Err(misfit) => ParsedFrame::Garbage(misfit, 1),
        }
    }

    /// Returns the transaction error of a TCP reply that is complete and matches the request except
    /// for the transaction in its header; `None` for anything else.
    pub fn transaction_error(
        request: ModbusReadRequest,
        transaction: u16,
        bytes: &[u8],
    ) -> Option<ModbusFrameError> {
        let stated = u16::from_be_bytes([*bytes.first()?, *bytes.get(1)?]);
        let parsed = ModbusReadReply::parse(request, ModbusFraming::Tcp, stated, bytes);
        let is_ours = matches!(parsed, ParsedFrame::Frame(..)) && stated != transaction;
        is_ours.then_some(ModbusFrameError::Transaction {
            stated,
            expected: transaction,
        })
    }

    /// Returns the header error of a TCP reply that is complete and matches the request except for
    /// the length field of its header; `None` for anything else.
    ///
    /// Called for bytes that the parser did not accept and that nothing follows. Such a reply stays
    /// refused, but the error message can name both lengths: devices that send a wrong length
    /// exist (`docs/field-reports.md`).
    pub fn header_length_error(
        request: ModbusReadRequest,
        transaction: u16,
        bytes: &[u8],
    ) -> Option<ModbusFrameError> {
        let (header, rest) = bytes.split_first_chunk::<6>()?;
        let (unit, pdu) = rest.split_first()?;
        let says = u16::from_be_bytes([header[4], header[5]]);
        let ours = header[..2] == transaction.to_be_bytes() && header[2..4] == [0, 0];
        let whole = match *pdu {
            [code, _] if code == request.function as u8 | 0x80 => pdu,
            _ => pdu.get(..2 + request.data_bytes())?,
        };
        let should = u16::try_from(1 + whole.len()).ok()?;
        let fits = ours && *unit == request.unit && parse_pdu(request, whole).is_ok();
        (fits && says != should).then_some(ModbusFrameError::HeaderLength {
            stated: says,
            expected: should,
        })
    }
}
