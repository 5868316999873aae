//! Answers of a faulty Modbus device; the suite and the unit tests of the gateway share them.

use drivers::frame::{
    FRAME_MAX, ModbusFraming, ModbusReadFunction, ModbusReadReply, ModbusReadRequest,
};

/// Fault of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReplyFault {
    /// Nothing is sent.
    Silent,
    /// The transaction before; on a line a wrong checksum.
    Transaction,
    /// As if the next unit had answered.
    Unit,
    /// Another function.
    Function,
    /// A register too few.
    Short,
    /// A register too many.
    Long,
    /// No Modbus at all.
    Garbage,
    /// Only the first half.
    Half,
    /// An exception in place of the data.
    Exception,
}

/// Bytes of a device that answers a request, with its transaction, by `data`.
pub fn faulty_reply(
    fault: Option<ReplyFault>,
    framing: ModbusFraming,
    (mut request, mut transaction): (ModbusReadRequest, u16),
    mut data: Vec<u8>,
) -> Vec<u8> {
    match fault {
        Some(ReplyFault::Transaction) => transaction = transaction.wrapping_sub(1),
        Some(ReplyFault::Unit) => request.unit += 1,
        Some(ReplyFault::Function) => request.function = ModbusReadFunction::Input,
        Some(ReplyFault::Short) => data.truncate(data.len() - 2),
        Some(ReplyFault::Long) => data.extend([9, 9]),
        _ => {}
    }
    let reply = match fault {
        Some(ReplyFault::Exception) => ModbusReadReply::Exception(4),
        _ => ModbusReadReply::Data(&data),
    };
    let mut bytes = reply_frame(framing, (request, transaction), reply);
    match fault {
        Some(ReplyFault::Silent) => bytes.clear(),
        Some(ReplyFault::Transaction) if framing == ModbusFraming::Rtu => {
            if let Some(checksum) = bytes.last_mut() {
                *checksum ^= 1;
            }
        }
        // 0xa5 is no unit of the tests and no function, so no part of it can be taken for a frame.
        Some(ReplyFault::Garbage) => bytes = vec![0xa5; 40],
        Some(ReplyFault::Half) => bytes.truncate(bytes.len() / 2),
        _ => {}
    }
    bytes
}

/// Bytes of a correct frame with this reply.
pub fn reply_frame(
    framing: ModbusFraming,
    (request, transaction): (ModbusReadRequest, u16),
    reply: ModbusReadReply<'_>,
) -> Vec<u8> {
    let mut out = [0; FRAME_MAX];
    let length = reply.build(request, framing, transaction, &mut out);
    out[..length].to_vec()
}
