//! Encoder of write requests for holding registers, functions 6 and 16. The gateway only reads; the
//! `set-address` wizard, which gives a device another address or speed, is the one user of this
//! module.

use crate::frame::{ModbusFrameWriter, ModbusFraming, ModbusRequest};

/// Registers written by one request at most: a 32-bit number.
pub const WORDS_MAX: usize = 2;

/// Write request to one device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ModbusWriteRequest {
    /// Unit id of the device.
    pub unit: u8,
    /// 0-based protocol address of the first register.
    pub address: u16,
    /// Values to write.
    pub words: [u16; WORDS_MAX],
    /// Number of values, 1 or 2.
    pub count: u8,
    /// True for function 16 (write multiple registers); false for function 6, which writes the
    /// first value alone.
    pub multiple: bool,
}

impl ModbusRequest for ModbusWriteRequest {
    fn unit(&self) -> u8 {
        self.unit
    }

    fn append_pdu(&self, frame: &mut ModbusFrameWriter<'_>) {
        frame.append(&[self.function()]);
        frame.append(&self.address.to_be_bytes());
        if self.multiple {
            // Clamped as in `values`, so that header and data agree.
            let count = self.count.clamp(1, 2);
            frame.append(&[0, count, count * 2]);
        }
        for word in self.values() {
            frame.append(&word.to_be_bytes());
        }
    }
}

impl ModbusWriteRequest {
    /// Returns the function code, 6 or 16.
    pub fn function(self) -> u8 {
        if self.multiple { 16 } else { 6 }
    }

    /// Returns the values that the request writes.
    pub fn values(&self) -> &[u16] {
        let count = if self.multiple {
            usize::from(self.count)
        } else {
            1
        };
        &self.words[..count.clamp(1, WORDS_MAX)]
    }

    /// Returns the exception code if the received bytes contain an exception reply to this request.
    pub fn exception_code(self, framing: ModbusFraming, bytes: &[u8]) -> Option<u8> {
        let start = match framing {
            ModbusFraming::Rtu => 0,
            ModbusFraming::Tcp => 6,
        };
        // Anything but an exception proves nothing: some devices answer from their new address,
        // some not at all.
        let wanted = [self.unit, self.function() | 0x80];
        let bodies = bytes.get(start..)?.windows(3);
        // Searched at every place, because noise may stand before the answer.
        let mut found = bodies.filter(|body| body[..2] == wanted);
        found.next().map(|body| body[2])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::FRAME_MAX;

    fn build_frame(write: ModbusWriteRequest, framing: ModbusFraming) -> Vec<u8> {
        let mut out = [0; FRAME_MAX];
        let length = write.build(framing, 7, &mut out);
        out[..length].to_vec()
    }

    const WRITE_ADDRESS: ModbusWriteRequest = ModbusWriteRequest {
        unit: 1,
        address: 0x0101,
        words: [5, 0],
        count: 1,
        multiple: false,
    };

    #[test]
    fn one_register_is_written_with_function_six() {
        let frame = build_frame(WRITE_ADDRESS, ModbusFraming::Rtu);
        assert_eq!(frame[..6], [1, 6, 1, 1, 0, 5]);
        assert_eq!(crate::frame::crc16(&frame), 0);
        let frame = build_frame(WRITE_ADDRESS, ModbusFraming::Tcp);
        assert_eq!(frame, [0, 7, 0, 0, 0, 6, 1, 6, 1, 1, 0, 5]);
    }

    #[test]
    fn two_registers_are_written_with_function_sixteen() {
        let write = ModbusWriteRequest {
            words: [0x40a0, 0],
            count: 2,
            multiple: true,
            ..WRITE_ADDRESS
        };
        let frame = build_frame(write, ModbusFraming::Rtu);
        assert_eq!(frame[..11], [1, 16, 1, 1, 0, 2, 4, 0x40, 0xa0, 0, 0]);
        assert_eq!(crate::frame::crc16(&frame), 0);
    }

    #[test]
    fn a_refusal_is_found_in_what_came_back() {
        assert_eq!(
            WRITE_ADDRESS.exception_code(ModbusFraming::Rtu, &[1, 0x86, 4, 0, 0]),
            Some(4)
        );
        assert_eq!(
            WRITE_ADDRESS.exception_code(ModbusFraming::Rtu, &[1, 6, 1, 1, 0, 5]),
            None
        );
        assert_eq!(WRITE_ADDRESS.exception_code(ModbusFraming::Rtu, &[]), None);
        let tcp = [0, 7, 0, 0, 0, 3, 1, 0x86, 2];
        assert_eq!(
            WRITE_ADDRESS.exception_code(ModbusFraming::Tcp, &tcp),
            Some(2)
        );
    }
}
