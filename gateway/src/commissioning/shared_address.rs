//! Look for two devices at one address before anything is known of them: some requests are
//! repeated, and their answers compared.

use crate::buses::modbus::RepeatedAnswers;
use crate::buses::modbus::bus::BusChannel;
use crate::domain::FaultDetail;
use drivers::frame::{ModbusFraming, ModbusReadFunction, ModbusReadReply, ModbusReadRequest};
use std::time::Duration;
use tokio::time::Instant;

/// Repetitions of one request.
const REPEATS: usize = 8;
/// Registers of the further requests, from the first one on: two devices differ in one of them.
const FURTHER_REGISTERS: u16 = 10;
/// Pause between two repetitions: time for a second answer.
pub(crate) const REPEAT_GAP: Duration = Duration::from_millis(50);
/// Longest time of all repetitions.
const CHECK_LIMIT: Duration = Duration::from_secs(5);

/// Result of the look at one address.
#[derive(Debug, Default)]
pub(crate) struct AddressCheck {
    /// Evidence for two devices; `None` when there is none.
    pub(crate) evidence: Option<FaultDetail>,
    /// Requests that were sent, each with the bytes of its RTU answer; `None` without an answer.
    pub(crate) requests: Vec<(ModbusReadRequest, Option<usize>)>,
}

/// Repeats `first` and reads of the first registers; ends with the first evidence.
pub(crate) async fn check_address(
    channel: &mut BusChannel,
    first: ModbusReadRequest,
) -> AddressCheck {
    let further = |function| ModbusReadRequest {
        unit: first.unit,
        function,
        address: 0,
        count: FURTHER_REGISTERS,
    };
    let all = [
        first,
        further(ModbusReadFunction::Holding),
        further(ModbusReadFunction::Input),
    ];
    let (mut check, begin) = (AddressCheck::default(), Instant::now());
    for request in all {
        check.evidence = repeat_request(channel, request, begin, &mut check.requests).await;
        if check.evidence.is_some() || begin.elapsed() > CHECK_LIMIT {
            break;
        }
    }
    check
}

async fn repeat_request(
    channel: &mut BusChannel,
    request: ModbusReadRequest,
    begin: Instant,
    sent: &mut Vec<(ModbusReadRequest, Option<usize>)>,
) -> Option<FaultDetail> {
    let mut answers = Vec::new();
    let mut twice = 0;
    channel.take_second_answers();
    while answers.len() < REPEATS && begin.elapsed() <= CHECK_LIMIT {
        let answer = match channel.ask(request, REPEAT_GAP).await {
            Ok(ModbusReadReply::Data(data)) => Ok(data_words(data)),
            Ok(ModbusReadReply::Exception(code)) => Err(code),
            Err(_) => {
                sent.push((request, None));
                break;
            }
        };
        sent.push((request, Some(request.reply_bytes(ModbusFraming::Rtu))));
        answers.push((answer, channel.last_answer_time()));
        twice += channel.take_second_answers();
    }
    let low_halves = low_half_words(&answers);
    let mut repeated = RepeatedAnswers::default();
    for (answer, took) in answers {
        let numbers = answer.map(|words| {
            let number = |(at, word): (usize, u16)| match low_halves.get(at) {
                Some(true) => f64::NAN,
                _ => word.into(),
            };
            words.into_iter().enumerate().map(number).collect()
        });
        repeated.record(numbers, took);
    }
    repeated.record_twice(twice);
    let table = if request.function == ModbusReadFunction::Input {
        "input"
    } else {
        "holding"
    };
    repeated.evidence(|at| format!("{table}:{}", usize::from(request.address) + at))
}

fn data_words(data: &[u8]) -> Vec<u16> {
    let pairs = data.chunks_exact(2);
    pairs
        .map(|pair| u16::from_be_bytes([pair[0], pair[1]]))
        .collect()
}

/// Words that may be the low half of a number: those behind a word that is not 0 and is the same in
/// all answers. A small step of the number makes a large one of its low half.
fn low_half_words(answers: &[(Result<Vec<u16>, u8>, Duration)]) -> Vec<bool> {
    let mut data = answers
        .iter()
        .filter_map(|(answer, _)| answer.as_ref().ok());
    let Some(first) = data.next() else {
        return Vec::new();
    };
    let others: Vec<&Vec<u16>> = data.collect();
    let is_steady = |at: usize| {
        let word = first.get(at).copied().unwrap_or(0);
        word != 0 && others.iter().all(|words| words.get(at) == Some(&word))
    };
    (0..first.len())
        .map(|at| at.checked_sub(1).is_some_and(is_steady))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_low_half_that_jumps_with_a_small_step_does_not_count() {
        // 230.1 and 230.2 as single precision: the high half is the same.
        let answer = |low| (Ok(vec![0x4366, low, 0, 7]), Duration::ZERO);
        let answers = [answer(0x199A), answer(0x3333)];
        assert_eq!(low_half_words(&answers), [false, true, false, false]);
        assert!(low_half_words(&[]).is_empty());
    }
}
