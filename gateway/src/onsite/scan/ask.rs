//! Questions to devices over a channel, and what they cost.

use super::{Found, Host, Place, Scan};
use crate::config::Link;
use crate::field::scan::{Answer, Identify, Next, Question, Tuning, sweep};
use crate::model::Reason;
use crate::read::bus::{Channel, Failure};
use drivers::frame::{Framing, Reply, Request};
use std::time::Duration;
use tokio::time::Instant;

/// Pause between two requests to a device of which nothing is known.
const GAP: Duration = Duration::from_millis(10);
/// Bytes of a refusal, and of an identification around its texts.
const REFUSAL: usize = 5;
const IDENTIFICATION: usize = 10;
/// The longest pause to a device that has not shown that it needs more.
const GAP_MOST: Duration = Duration::from_millis(60);
/// How long an answer may take once a device is found: nobody else waits for it.
const FOUND_PATIENCE: Duration = Duration::from_millis(400);

/// What a scan has asked, and how long that takes at most.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cost {
    /// Requests.
    pub questions: u64,
    /// Time on the wire, pauses, and the timeouts of what was not answered.
    pub limit: Duration,
}

impl Cost {
    /// A request that came back with so many bytes; `None`: that nothing came for.
    fn add(&mut self, asker: &Asker, gap: Duration, reply_bytes: Option<usize>, most: usize) {
        self.questions += 1;
        let reply = reply_bytes.unwrap_or(most);
        self.limit += sweep::wire(asker.tuning, reply) + gap.max(sweep::silence(asker.tuning));
        if reply_bytes.is_none() {
            self.limit += asker.channel.timeout();
        }
    }
}

/// A way to devices, in the settings that it has now.
pub(super) struct Asker {
    pub(super) channel: Channel,
    pub(super) tuning: Option<Tuning>,
    /// The device needs the pauses of its profile.
    is_slow: bool,
    /// Bytes came for the last request that were no answer.
    pub(super) is_garbled: bool,
    /// Why the last answer did not fit, when that has a name.
    pub(super) misfit: Option<String>,
    /// That was said of a network host already.
    pub(super) has_told_misfit: bool,
    /// When the settings were changed last.
    pub(super) tuned_at: Instant,
    /// Units of which it was said that they answer late.
    pub(super) told_late: Vec<u8>,
}

impl Asker {
    pub(super) fn new(channel: Channel, tuning: Option<Tuning>) -> Self {
        Self {
            channel,
            tuning,
            is_slow: false,
            is_garbled: false,
            misfit: None,
            has_told_misfit: false,
            tuned_at: Instant::now(),
            told_late: Vec::new(),
        }
    }

    /// One request; `Err` when there is no way to the device any more.
    pub(super) async fn ask(
        &mut self,
        request: Request,
        gap: Duration,
        cost: &mut Cost,
    ) -> Result<Answer, String> {
        (self.is_garbled, self.misfit) = (false, None);
        let reply = self.channel.ask(request, gap).await;
        let answer = match reply {
            Ok(Reply::Data(data)) => Ok(Answer::Words(words(request, data))),
            Ok(Reply::Exception(code)) => Ok(Answer::Refused(code)),
            Err(failure) => {
                let reason = failure.reason();
                self.is_garbled = reason == Reason::Corrupt;
                self.misfit = (reason == Reason::Header).then(|| failure.to_string());
                silence(&failure)
            }
        };
        let most = request.reply_bytes(Framing::Rtu);
        let bytes = match answer {
            Ok(Answer::Refused(_)) => Some(REFUSAL),
            Ok(Answer::Silence) | Err(_) => None,
            Ok(_) => Some(most),
        };
        cost.add(self, gap, bytes, most);
        answer
    }

    /// Registers of a device that may be of a kind that wants long pauses: they are kept once it
    /// has shown that it needs them.
    async fn read(&mut self, request: Request, gap: Duration, cost: &mut Cost) -> Answer {
        let short = if self.is_slow { gap } else { gap.min(GAP_MOST) };
        let answer = self.ask(request, short, cost).await;
        let answer = answer.unwrap_or(Answer::Silence);
        if answer != Answer::Silence || short == gap {
            return answer;
        }
        let again = self.ask(request, gap, cost).await;
        let again = again.unwrap_or(Answer::Silence);
        self.is_slow = again != Answer::Silence;
        again
    }

    async fn question(&mut self, asked: Question, unit: u8, cost: &mut Cost) -> Answer {
        match asked {
            Question::Read(request, gap) => self.read(request, gap.max(GAP), cost).await,
            Question::Identification => {
                let answer = match self.channel.identify(unit, GAP).await {
                    Ok(Ok(objects)) => Answer::Objects(objects),
                    Ok(Err(code)) => Answer::Refused(code),
                    Err(_) => Answer::Silence,
                };
                let bytes = match &answer {
                    Answer::Objects(objects) => {
                        let text = |object: &(u8, String)| 2 + object.1.len();
                        Some(IDENTIFICATION + objects.iter().map(text).sum::<usize>())
                    }
                    Answer::Silence => None,
                    Answer::Refused(_) | Answer::Words(_) => Some(REFUSAL),
                };
                cost.add(self, GAP, bytes, 0);
                answer
            }
        }
    }
}

impl<H: Host> Scan<'_, H> {
    /// Asks a found device until it is named.
    pub(super) async fn name(
        &mut self,
        asker: &mut Asker,
        link: &Link,
        place: Place,
        probe: (Request, Answer),
    ) -> Found {
        let (request, first) = probe;
        let patience = asker.channel.timeout();
        asker.channel.set_timeout(FOUND_PATIENCE.max(patience));
        asker.is_slow = false;
        let mut identify = Identify::new(&self.profiles, request.unit, link);
        identify.heard(request, &first);
        let verdict = loop {
            match identify.step() {
                Next::Done(verdict) => break verdict,
                Next::Ask(question) => {
                    let answer = asker.question(question, request.unit, &mut self.cost).await;
                    identify.answer(answer);
                }
            }
        };
        asker.channel.set_timeout(patience);
        Found {
            place,
            unit: request.unit,
            verdict,
            configured: None,
        }
    }
}

/// What came may be noise, or nothing; both are silence. A way that is gone is an end.
fn silence(failure: &Failure) -> Result<Answer, String> {
    match failure.reason() {
        Reason::Timeout | Reason::Late | Reason::Corrupt | Reason::Header => Ok(Answer::Silence),
        _ => Err(failure.to_string()),
    }
}

/// Registers of an answer; bits as registers of 0 and 1.
fn words(request: Request, data: &[u8]) -> Vec<u16> {
    if request.function.is_bits() {
        let bit = |at: usize| Some(u16::from(data.get(at / 8)? >> (at % 8) & 1));
        return (0..usize::from(request.count)).map_while(bit).collect();
    }
    let pairs = data.chunks_exact(2);
    pairs
        .map(|pair| u16::from_be_bytes([pair[0], pair[1]]))
        .collect()
}
