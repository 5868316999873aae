//! Packets of any bytes, for fuzz targets (`crate::fuzz_doors`).

use super::packet_codec::{MqttProtocolVersion, oversize_message, take_packet};
use bytes::BytesMut;

/// Reads packets until the bytes end or are none: the first byte is the version, 3 or 5.
pub(crate) fn read_any_packets(input: &[u8]) {
    let Some((version, received)) = input.split_first() else {
        return;
    };
    let version = if *version == 3 {
        MqttProtocolVersion::V3
    } else {
        MqttProtocolVersion::V5
    };
    let mut received = BytesMut::from(received);
    loop {
        let before = received.len();
        if let Some(head) = oversize_message(&received) {
            assert!(head.bytes > before, "it is skipped, not read: {head:?}");
        }
        match take_packet(&mut received, version) {
            Ok(Some(packet)) => assert!(received.len() < before, "{packet:?} took no byte"),
            Ok(None) | Err(_) => return,
        }
    }
}
