//! Modbus TCP answers whose header is wrong: told exactly, and accepted where the bus says so.

use super::bench::{
    GatewayProcess, ONE_POINT, TcpAnswer, device_toml, read_device, reply_frame, said_in,
    start_server, tcp_bus_toml,
};
use crate::wizards::write_site;
use serde_json::Value;

/// Transaction 0 in every answer.
const TRANSACTION_ZERO: TcpAnswer = |asked, _, _| {
    let mut frame = reply_frame(asked, &[0x39, 2]);
    frame[..2].copy_from_slice(&[0, 0]);
    frame
};

/// A length that counts the header too.
const LONG: TcpAnswer = |asked, _, _| {
    let mut frame = reply_frame(asked, &[0x39, 2]);
    frame[5] += 6;
    frame
};

#[test]
fn a_wrong_header_is_told_exactly_and_accepted_where_the_bus_says_so() {
    for (answer, word, told) in [
        (
            TRANSACTION_ZERO,
            "transaction-zero",
            [
                "transaction in the header is 0",
                "nomor transaksi di header 0",
            ],
        ),
        (
            LONG,
            "wrong-length",
            [
                "length in the header is 11, should be 5",
                "panjang di header 11, seharusnya 5",
            ],
        ),
    ] {
        let scratch = tempfile::tempdir().unwrap();
        let (port, _) = start_server(answer);
        let device = device_toml(ONE_POINT);
        let config = write_site(scratch.path(), &(tcp_bus_toml(port, "") + &device));
        let (said, output) = read_device(&config, "1");
        assert_eq!(said["failure"]["reason"], "header", "{output:?}");
        for (lang, told) in ["en", "id"].into_iter().zip(told) {
            let text = said_in(lang, &["read", "d", "-c", config.to_str().unwrap()]);
            assert!(text.contains(told) && text.contains(word), "{text}");
        }
        let gateway = GatewayProcess::start(&config);
        let is_told = |status: &Value| status["fault"]["reason"] == "header";
        let status = gateway.wait_for_status("the fault", is_told);
        let detail = status["fault"]["detail"].as_str().unwrap();
        assert!(detail.contains(told[0]), "{detail}");
        drop(gateway);
        let of_device = device.replace(
            "every",
            &format!("limits = {{ accept = [\"{word}\"] }}\nevery"),
        );
        let of_bus = format!("accept = [\"{word}\"]");
        for (bus, device) in [(of_bus.as_str(), &device), ("", &of_device)] {
            let config = write_site(scratch.path(), &(tcp_bus_toml(port, bus) + device));
            let (said, output) = read_device(&config, "1");
            assert_eq!(said["points"][0]["value"], 14594.0, "{output:?}");
        }
    }
}
