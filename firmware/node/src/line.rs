//! Modbus line of the node: [`serve_line`] answers what a [`SerialLine`] receives.

use crate::shared_node::{SharedNode, uptime_s};
use drivers::frame::FRAME_MAX;
use drivers::modbus_server::{ModbusServer, ServedFrame};
use drivers::node::LineSettings;
use embassy_time::{Duration, with_timeout};

/// Bits of one character on the line: start, eight data bits, stop.
const CHARACTER_BITS: u64 = 10;
/// Longest pause between two pieces of one frame, in characters. A UART hands over up to 28 bytes
/// at once, so that a piece may come this late.
const PIECE_CHARACTERS: u64 = 32;
/// Longest wait for a request, after which settings on trial are looked at.
const IDLE_WAIT: Duration = Duration::from_millis(500);

/// UART of a board with the direction pin of its RS-485 driver.
#[expect(async_fn_in_trait, reason = "used within this program, by one task")]
pub trait SerialLine {
    /// Waits for bytes; returns their number, or `None` after a framing error or a lost byte.
    async fn receive(&mut self, bytes: &mut [u8]) -> Option<usize>;
    /// Sends all bytes, and returns when the last stop bit is on the line and the direction pin is
    /// back at receiving.
    async fn send(&mut self, bytes: &[u8]);
    /// Changes the speed, bit/s.
    fn set_speed(&mut self, baud: u32);
}

/// Returns the time of this many characters, at least one tick of the clock.
fn characters(count: u64, baud: u32) -> Duration {
    Duration::from_micros(count * CHARACTER_BITS * 1_000_000 / u64::from(baud) + 1)
}

/// Returns the silence behind a request: 3.5 characters, and above 19200 baud a fixed time, as the
/// specification of the serial line says (2.5.1.1).
fn request_silence(baud: u32) -> Duration {
    if baud > 19_200 {
        Duration::from_micros(1750)
    } else {
        characters(7, baud) / 2
    }
}

/// Answers requests for ever.
pub async fn serve_line(node: &SharedNode, mut line: impl SerialLine) -> ! {
    let mut settings = node.with_settings(|settings| settings.line());
    let mut server = ModbusServer::new(settings.unit);
    let mut reply = [0; FRAME_MAX];
    line.set_speed(settings.baud());
    loop {
        receive_frame(&mut server, &mut line, settings.baud()).await;
        let outcome = node.with_bank(|bank| server.serve(bank, &mut reply));
        if let ServedFrame::Reply(length) = outcome {
            let _turn = node.wait_for_turn().await;
            line.send(&reply[..length]).await;
        }
        // Behind the reply, which still has the old address and speed.
        settings = apply_settings(node, &mut server, &mut line, settings);
    }
}

/// Receives until the line has been silent.
async fn receive_frame(server: &mut ModbusServer, line: &mut impl SerialLine, baud: u32) {
    let mut piece = [0; 32];
    let mut wait = IDLE_WAIT;
    loop {
        match with_timeout(wait, line.receive(&mut piece)).await {
            Ok(Some(count)) => server.push(&piece[..count]),
            Ok(None) => server.discard(),
            Err(_) => return,
        }
        wait = if server.is_request_whole() {
            request_silence(baud)
        } else {
            characters(PIECE_CHARACTERS, baud)
        };
    }
}

fn apply_settings(
    node: &SharedNode,
    server: &mut ModbusServer,
    line: &mut impl SerialLine,
    before: LineSettings,
) -> LineSettings {
    let after = node.with_settings(|settings| {
        settings.end_trial(uptime_s());
        settings.line()
    });
    server.set_unit(after.unit);
    if after.baud() != before.baud() {
        line.set_speed(after.baud());
        server.discard();
    }
    after
}
