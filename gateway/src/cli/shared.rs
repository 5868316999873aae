//! A bus for a technician's command: through the running gateway when that owns it, else our own.

use super::running::{Running, Trouble};
use crate::config::{Bus, Config, Link};
use crate::errand::{self, Done, Errand, Failed, Heard, Said, Wanted};
use crate::model::Reason;
use crate::onsite::scan;
use crate::read::bus::Channel;
use crate::words::Lang;
use http_body_util::BodyExt;
use serde_json::Value;
use tokio::sync::mpsc;

/// A way to the devices of bus number `index`, and whether a running gateway owns it.
pub(super) async fn channel(config: &Config, index: usize) -> Result<(Channel, bool), Trouble> {
    let bus = &config.buses[index];
    Ok(match door(config, &bus.id).await? {
        Some(door) => (Channel::shared(bus, door), true),
        None => (Channel::new(bus), false),
    })
}

/// Who else has a port of these buses open, in a sentence; `None` when nobody has.
pub(super) fn holder(buses: &[Bus], lang: Lang) -> Option<String> {
    let mut ports = buses.iter().filter_map(|bus| match &bus.link {
        Link::Rtu(line) => scan::held(&line.port, lang),
        Link::Tcp { .. } | Link::RtuOverTcp { .. } => None,
    });
    ports.next()
}

/// The door to a bus that a running gateway owns; `None` when none does.
pub(super) async fn door(
    config: &Config,
    bus: &str,
) -> Result<Option<mpsc::Sender<Errand>>, Trouble> {
    let index = config.buses.iter().position(|known| *known.id == *bus);
    let has_devices = config
        .devices
        .iter()
        .any(|device| Some(device.bus) == index);
    if !has_devices {
        return Ok(None);
    }
    let running = Running::connect(&config.store.path).await?;
    Ok(running.map(|running| {
        let (door, errands) = errand::door();
        // Ends with the channels that hold the door.
        tokio::spawn(carry(running, bus.to_owned(), errands));
        door
    }))
}

/// Carries errands to the running gateway, one at a time.
async fn carry(mut running: Running, bus: String, mut errands: mpsc::Receiver<Errand>) {
    while let Some(errand) = errands.recv().await {
        let done = ask(&mut running, &bus, &errand).await;
        let done = done.unwrap_or_else(|trouble| Done {
            said: Err(Failed {
                reason: Reason::Unreachable,
                detail: trouble.to_string(),
            }),
            sent: Vec::new(),
            received: Vec::new(),
        });
        // Whoever asked may have been stopped meanwhile.
        let _ = errand.answer.send(done);
    }
}

async fn ask(running: &mut Running, bus: &str, errand: &Errand) -> Result<Done, Trouble> {
    let (gap, patience) = (errand.gap.as_millis(), errand.patience.as_millis());
    let bus = super::running::escaped(bus);
    let what = path(errand.wanted);
    let path = format!("/control/{what}&bus={bus}&gap_ms={gap}&patience_ms={patience}");
    let body = running.ask("POST", &path, "").await?.collect().await?;
    let json: Value = serde_json::from_slice(&body.to_bytes()).unwrap_or_default();
    done(&json).ok_or_else(|| Trouble::Refused(format!("an answer of no meaning: {json}")))
}

/// What is wanted, as the control socket takes it.
fn path(wanted: Wanted) -> String {
    let asked = |door: &str, unit: u8, function: u8, address: u16, count: u16| {
        format!("{door}?unit={unit}&function={function}&address={address}&count={count}")
    };
    match wanted {
        Wanted::Read(ask) => asked("ask", ask.unit, ask.function as u8, ask.address, ask.count),
        Wanted::Hear(ask) => asked("hear", ask.unit, ask.function as u8, ask.address, ask.count),
        Wanted::Identification(ask) => asked("ask", ask.unit, 0x2b, ask.object.into(), 1),
        Wanted::Write(write) => {
            let [first, second] = write.words;
            let count = u16::from(write.count);
            let begin = asked("write", write.unit, write.function(), write.address, count);
            let by = super::running::user().unwrap_or_else(|| "cli".to_owned());
            let by = super::running::escaped(&by);
            format!("{begin}&first={first}&second={second}&by={by}")
        }
    }
}

/// What the running gateway says of one errand.
fn done(json: &Value) -> Option<Done> {
    let said = &json["said"];
    let said = if let Some(data) = said["data"].as_str() {
        Ok(Said::Data(bytes(data)?))
    } else if let Some(code) = said["exception"].as_u64() {
        Ok(Said::Exception(u8::try_from(code).ok()?))
    } else if let Some(word) = said["heard"].as_str() {
        Ok(Said::Heard(
            Heard::ALL.into_iter().find(|one| one.word() == word)?,
        ))
    } else if said["written"].as_bool() == Some(true) {
        Ok(Said::Written)
    } else if let Some(objects) = said["objects"].as_array() {
        let object = |pair: &Value| {
            let number = u8::try_from(pair[0].as_u64()?).ok()?;
            Some((number, pair[1].as_str()?.to_owned()))
        };
        let next = said["next"].as_u64();
        let next = next.and_then(|next| u8::try_from(next).ok());
        Ok(Said::Objects(
            objects.iter().filter_map(object).collect(),
            next,
        ))
    } else {
        let code = u8::try_from(said["failure"].as_u64()?).ok()?;
        Err(Failed {
            reason: Reason::from_code(code)?,
            detail: said["detail"].as_str()?.to_owned(),
        })
    };
    Some(Done {
        said,
        sent: bytes(json["sent"].as_str()?)?,
        received: bytes(json["received"].as_str()?)?,
    })
}

fn bytes(hex: &str) -> Option<Vec<u8>> {
    let pairs = hex.as_bytes().chunks(2);
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    pairs.map(byte).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn what_a_gateway_says_of_an_errand_comes_back_whole() {
        let of = |said: Value| done(&json!({ "said": said, "sent": "01", "received": "" }));
        let data = of(json!({ "data": "00ff" })).unwrap();
        assert_eq!(
            (data.said, data.sent),
            (Ok(Said::Data(vec![0, 255])), vec![1])
        );
        let refused = of(json!({ "exception": 2 })).unwrap();
        assert_eq!(refused.said, Ok(Said::Exception(2)));
        let objects = of(json!({ "objects": [[0, "Acme"]], "next": 1 })).unwrap();
        assert_eq!(
            objects.said,
            Ok(Said::Objects(vec![(0, "Acme".into())], Some(1)))
        );
        for heard in Heard::ALL {
            let told = of(json!({ "heard": heard.word() })).unwrap();
            assert_eq!(told.said, Ok(Said::Heard(heard)));
        }
        assert_eq!(
            of(json!({ "written": true })).unwrap().said,
            Ok(Said::Written)
        );
        let silent = of(json!({ "failure": Reason::Timeout.code(), "detail": "x" })).unwrap();
        assert_eq!(silent.said.unwrap_err().reason, Reason::Timeout);
        assert_eq!(of(json!({})), None);
    }

    proptest! {
        #[test]
        fn any_hexadecimal_text_is_survived(text in "[0-9a-fA-F é]{0,20}") {
            if let Some(bytes) = bytes(&text) {
                prop_assert_eq!(bytes.len(), text.len().div_ceil(2));
            }
        }
    }
}
