//! [`run_alarm_delivery`]: takes changes of alarms into the queues of the channels and sends them,
//! one task a channel.

use super::carriers::{SentMessage, carry_message};
use super::channel_memory::ChannelMemory;
use super::delivery_context::{DeliveryContext, parse_memory, parse_rows, stored_name};
use super::delivery_fault::{DeliveryFault, FaultKind, SendOutcome};
use super::delivery_plan::{
    DeliveryStep, PlanMoment, PlanRules, QueueRows, next_step, surplus_rows,
};
use super::message_text::message_of;
use super::queued_message::{QueuedMessage, is_told};
use crate::alarms::{AlarmBook, AlarmChange};
use crate::clock::ClockStamp;
use crate::config::AlarmChannel;
use crate::domain::UtcMs;
use crate::limits::{
    ALARM_BACKOFF_FIRST_MS, ALARM_BACKOFF_MAX_MS, ALARM_QUEUE_MAX, SINK_STOP_SECONDS,
};
use crate::report::render::number_format::local_time;
use crate::status::AlarmChannelState;
use crate::storage::{AlarmQueueRows, StoreError};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

/// Pause after a failure of the store.
const STORE_PAUSE: Duration = Duration::from_secs(5);
/// Longest time without a look at the queue while something waits.
const LOOK_EVERY: Duration = Duration::from_mins(1);
/// Name of the sink that tells changes itself.
const MQTT: &str = "mqtt";

/// Delivers until the stop.
pub async fn run_alarm_delivery(
    context: DeliveryContext,
    book: AlarmBook,
    mut stop: watch::Receiver<bool>,
) {
    let sinks = context.config.sinks.iter().map(|sink| sink.name());
    let sinks = sinks.filter(|name| *name == MQTT).map(str::to_owned);
    let own = context.config.alarm_channels.iter();
    let own = own.map(|channel| stored_name(&channel.id));
    let names: Vec<String> = sinks.chain(own).collect();
    while let Err(error) = context.store.set_alarm_channels(names.clone()).await {
        tracing::warn!(%error, "the channels of alarms were not noted; trying again");
        if !pause(STORE_PAUSE, &mut stop).await {
            return;
        }
    }
    let mut tasks = JoinSet::new();
    for channel in &context.config.alarm_channels {
        let sender = ChannelSender::new(context.clone(), channel.clone());
        tasks.spawn(sender.run(book.subscribe(), stop.clone()));
    }
    // A task that ends before the stop has failed; the others go on.
    while tasks.join_next().await.is_some() {}
    let _ = stop.wait_for(|stop| *stop).await;
}

/// Waits; false when the stop came.
async fn pause(time: Duration, stop: &mut watch::Receiver<bool>) -> bool {
    tokio::select! {
        () = sleep(time) => true,
        _ = stop.wait_for(|stop| *stop) => false,
    }
}

struct ChannelSender {
    context: DeliveryContext,
    channel: AlarmChannel,
    name: String,
    /// Pauses by recipient.
    pauses: BTreeMap<String, RecipientPause>,
    /// Note of the last attempt that is not in the store: written before anything else is sent.
    unkept: Option<AlarmQueueRows>,
    /// A failure was logged and has not ended.
    is_failing: bool,
}

/// Pause of a recipient after failures.
#[derive(Clone, Copy, Debug)]
struct RecipientPause {
    /// Failures in a row.
    failures: u32,
    /// Time before which it is not tried again.
    until: Instant,
    /// The last failure was one of the whole channel.
    is_of_channel: bool,
}

/// Queue and memory of the channel as they are now.
struct ChannelQueue {
    rows: QueueRows,
    memory: ChannelMemory,
}

impl ChannelSender {
    fn new(context: DeliveryContext, channel: AlarmChannel) -> Self {
        Self {
            name: stored_name(&channel.id),
            context,
            channel,
            pauses: BTreeMap::new(),
            unkept: None,
            is_failing: false,
        }
    }

    async fn run(mut self, mut told: watch::Receiver<()>, mut stop: watch::Receiver<bool>) {
        while !*stop.borrow() {
            // What changes from here on wakes the task again.
            told.borrow_and_update();
            let served = self.serve(&mut stop).await;
            self.show_state().await;
            let wait = match served {
                Ok(wait) => wait,
                Err(error) => {
                    tracing::warn!(%error, channel = %self.channel.id,
                        "messages of alarms wait for the store");
                    Some(STORE_PAUSE)
                }
            };
            let sleep = async {
                match wait {
                    Some(wait) => sleep(wait).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = sleep => {}
                changed = told.changed() => if changed.is_err() {
                    return;
                },
                _ = stop.wait_for(|stop| *stop) => return,
            }
        }
    }

    /// Takes what is new and sends what is due; returns the time after which it looks again.
    async fn serve(
        &mut self,
        stop: &mut watch::Receiver<bool>,
    ) -> Result<Option<Duration>, StoreError> {
        self.keep_unkept().await?;
        self.take_changes().await?;
        loop {
            let queue = self.load_queue().await?;
            if queue.rows.is_empty() {
                return Ok(None);
            }
            let now = self.context.clock.now();
            let queue = self.tidy_queue(queue, now).await?;
            let rules = self.rules(now).await?;
            let due = next_step(&queue.rows, &queue.memory, &rules, self.moment(now));
            let (recipient, rows) = match due {
                DeliveryStep::Send { recipient, rows } => (recipient, rows),
                DeliveryStep::Wait(_) if queue.rows.is_empty() => return Ok(None),
                DeliveryStep::Wait(wait) => return Ok(Some(self.wait_time(wait))),
            };
            if !self.send(queue, &recipient, &rows, stop).await? {
                return Ok(Some(STORE_PAUSE));
            }
        }
    }

    /// Shows the state of the channel on the board, for metrics and health.
    async fn show_state(&self) {
        // A store that fails shows it itself; the board keeps what it has.
        let Ok(queue) = self.load_queue().await else {
            return;
        };
        let memory = queue.memory;
        let state = AlarmChannelState {
            queued: u64::try_from(queue.rows.len()).unwrap_or(u64::MAX),
            oldest: queue.rows.iter().map(|(_, one)| UtcMs(one.since)).min(),
            sent: memory.sent,
            refused: memory.refused,
            given_up: memory.given_up,
            left_out: memory.left_out,
            fault: memory.fault.map(|kept| kept.fault.kind.word()),
        };
        let id = Arc::clone(&self.channel.id);
        let board = &self.context.board;
        board.update(|board| {
            board.alarm_channels.insert(id, state);
        });
    }

    /// Takes new changes into the queue, each in one transaction with the note that it was taken.
    async fn take_changes(&mut self) -> Result<(), StoreError> {
        while let Some(kept) = self.context.store.next_alarm_change(&self.name).await? {
            let now = self.context.clock.now();
            let mut rows = AlarmQueueRows {
                channel: self.name.clone(),
                taken: Some(kept.id),
                ..AlarmQueueRows::default()
            };
            // A body of a later version of the program is left out.
            let change = serde_json::from_str::<AlarmChange>(&kept.body).ok();
            if let Some(change) = change.filter(|one| is_told(one, self.channel.severity)) {
                self.enqueue(change, kept.id, now, &mut rows).await?;
            }
            self.context.store.change_alarm_queue(rows).await?;
        }
        Ok(())
    }

    async fn enqueue(
        &self,
        mut change: AlarmChange,
        number: u64,
        now: ClockStamp,
        rows: &mut AlarmQueueRows,
    ) -> Result<(), StoreError> {
        let code = self.channel.language.code();
        change.text.retain(|lang, _| lang == code);
        let mut queue = self.load_queue().await?;
        for recipient in self.channel.carrier.recipients() {
            let message = QueuedMessage {
                recipient: recipient.clone(),
                number,
                since: now.at.0,
                dated: now.trusted,
                held: false,
                change: change.clone(),
            };
            rows.added.push(encode(&message)?);
            queue.rows.push((u64::MAX, message));
            let surplus = surplus_rows(&queue.rows, &recipient, ALARM_QUEUE_MAX);
            for id in surplus.into_iter().filter(|id| *id != u64::MAX) {
                rows.changed.push((id, None));
                queue.memory.left_out += 1;
                *queue.memory.unsaid.entry(recipient.clone()).or_default() += 1;
            }
        }
        if !rows.changed.is_empty() {
            rows.state = Some(encode(&queue.memory)?);
        }
        Ok(())
    }

    async fn load_queue(&self) -> Result<ChannelQueue, StoreError> {
        let kept = self.context.store.alarm_queue(&self.name).await?;
        Ok(ChannelQueue {
            rows: parse_rows(&kept.messages),
            memory: parse_memory(kept.state.as_deref()),
        })
    }

    /// Gives up what is too old or whose recipient is gone, dates what waited for the time, and
    /// marks what quiet hours hold back.
    async fn tidy_queue(
        &mut self,
        mut queue: ChannelQueue,
        now: ClockStamp,
    ) -> Result<ChannelQueue, StoreError> {
        let mut rows = self.blank_rows();
        let recipients: BTreeSet<String> = self.channel.carrier.recipients().into_iter().collect();
        let is_quiet = self.rules(now).await?.is_quiet(self.moment(now));
        let mut gone = BTreeSet::new();
        for (id, one) in &mut queue.rows {
            let is_old = one.is_older(self.channel.give_up_after, now.at, now.trusted);
            if is_old || !recipients.contains(&one.recipient) {
                gone.insert(*id);
                rows.changed.push((*id, None));
                continue;
            }
            let before = one.clone();
            // A time from the future was set by a clock that was wrong.
            if now.trusted && (!one.dated || one.since > now.at.0) {
                (one.since, one.dated) = (now.at.0, true);
            }
            one.held |= is_quiet && !one.is_urgent();
            if *one != before {
                rows.changed.push((*id, Some(encode(one)?)));
            }
        }
        if !gone.is_empty() {
            let count = u64::try_from(gone.len()).unwrap_or(u64::MAX);
            let why = queue.memory.fault.as_ref().map(|kept| &*kept.fault.detail);
            let fault = DeliveryFault::new(FaultKind::GivenUp, why.unwrap_or_default());
            queue.memory.note_refused(&fault, now.at, 0);
            queue.memory.given_up += count;
            queue.rows.retain(|(id, _)| !gone.contains(id));
            rows.state = Some(encode(&queue.memory)?);
            tracing::warn!(channel = %self.channel.id, count, "messages of alarms were given up");
        }
        if !rows.changed.is_empty() {
            self.context.store.change_alarm_queue(rows).await?;
        }
        Ok(queue)
    }

    /// Sends rows to a recipient; false at the stop.
    async fn send(
        &mut self,
        queue: ChannelQueue,
        recipient: &str,
        ids: &[u64],
        stop: &mut watch::Receiver<bool>,
    ) -> Result<bool, StoreError> {
        let chosen = queue.rows.iter().filter(|(id, _)| ids.contains(id));
        let chosen: Vec<&(u64, QueuedMessage)> = chosen.collect();
        let unsaid = queue.memory.unsaid.get(recipient).copied().unwrap_or(0);
        let context = &self.context;
        let place = (context.site(), context.store.id());
        let made = context.clock.now();
        let message = message_of(place, self.channel.language, &chosen, unsaid, made);
        let around = (context.site(), &context.clock);
        let sent = tokio::select! {
            sent = carry_message(&self.channel, around, recipient, &message) => sent,
            // It stays in the queue, and is sent again if the far side has it already.
            () = stop_deadline(stop) => return Ok(false),
        };
        self.record(queue.memory, recipient, ids, &sent).await?;
        Ok(true)
    }

    /// Notes the end of an attempt.
    async fn record(
        &mut self,
        mut memory: ChannelMemory,
        recipient: &str,
        ids: &[u64],
        sent: &SentMessage,
    ) -> Result<(), StoreError> {
        let now = self.context.clock.now().at;
        let messages = u64::try_from(ids.len()).unwrap_or(u64::MAX);
        let mut rows = self.blank_rows();
        let removed = ids.iter().map(|id| (*id, None));
        match &sent.outcome {
            SendOutcome::Delivered => {
                memory.note_sent(recipient, now, messages);
                rows.changed.extend(removed);
                let stays =
                    |own: &str, pause: &RecipientPause| own != recipient && !pause.is_of_channel;
                self.pauses.retain(|own, pause| stays(own, pause));
                self.is_failing = false;
            }
            SendOutcome::Refused(fault) => {
                memory.note_refused(fault, now, messages);
                rows.changed.extend(removed);
                tracing::warn!(channel = %self.channel.id, fault = fault.kind.word(),
                    detail = fault.detail, "a message of an alarm was refused for good");
            }
            SendOutcome::Later(fault, after) => {
                memory.note_fault(fault, now);
                self.pause_after(recipient, fault, *after);
            }
        }
        rows.state = Some(encode(&memory)?);
        rows.traffic = Some((self.context.month(now), sent.bytes));
        self.unkept = Some(rows);
        self.keep_unkept().await
    }

    /// Writes the end of the last attempt. While that fails nothing else is sent: it would be sent
    /// twice.
    async fn keep_unkept(&mut self) -> Result<(), StoreError> {
        if let Some(rows) = &self.unkept {
            self.context.store.change_alarm_queue(rows.clone()).await?;
            self.unkept = None;
        }
        Ok(())
    }

    /// Lets a recipient pause, or all of them where the fault is one of the channel.
    fn pause_after(&mut self, recipient: &str, fault: &DeliveryFault, after: Option<Duration>) {
        if !self.is_failing {
            self.is_failing = true;
            tracing::warn!(channel = %self.channel.id, fault = fault.kind.word(),
                detail = fault.detail, "messages of alarms wait; trying again");
        }
        let failures = self.pauses.get(recipient).map_or(0, |pause| pause.failures);
        let wait = retry_pause(failures, fastrand::f64()).max(after.unwrap_or_default());
        let pause = RecipientPause {
            failures: failures.saturating_add(1),
            until: Instant::now() + wait,
            is_of_channel: fault.is_of_channel(),
        };
        let all = if pause.is_of_channel {
            self.channel.carrier.recipients()
        } else {
            vec![recipient.to_owned()]
        };
        self.pauses.extend(all.into_iter().map(|one| (one, pause)));
    }

    async fn rules(&self, now: ClockStamp) -> Result<PlanRules, StoreError> {
        let present = Instant::now();
        let pausing = self
            .pauses
            .iter()
            .filter(|(_, pause)| pause.until > present);
        Ok(PlanRules {
            quiet_hours: self.channel.quiet_hours,
            hourly: usize::try_from(self.channel.hourly).unwrap_or(usize::MAX),
            is_over_budget: self.context.is_over_budget(now.at).await?,
            pausing: pausing.map(|(recipient, _)| recipient.clone()).collect(),
        })
    }

    fn moment(&self, now: ClockStamp) -> PlanMoment {
        let local = || local_time(now.at, self.context.site().timezone.rules()).0;
        PlanMoment {
            at: now.at,
            local: now.trusted.then(local),
        }
    }

    /// Time until the next look: the plan's, or the end of a pause.
    fn wait_time(&self, planned_ms: Option<i64>) -> Duration {
        let planned = planned_ms.and_then(|wait| u64::try_from(wait).ok());
        let planned = planned.map_or(LOOK_EVERY, Duration::from_millis);
        let present = Instant::now();
        let pauses = self.pauses.values().map(|pause| pause.until);
        let next = pauses.filter(|until| *until > present).min();
        let pause = next.map_or(LOOK_EVERY, |until| until - present);
        planned.min(pause).min(LOOK_EVERY)
    }

    fn blank_rows(&self) -> AlarmQueueRows {
        AlarmQueueRows {
            channel: self.name.clone(),
            ..AlarmQueueRows::default()
        }
    }
}

/// Pause after a number of earlier failures; `chance` is a random number in 0..1.
fn retry_pause(failures: u32, chance: f64) -> Duration {
    let factor = 1_u64.checked_shl(failures.min(30)).unwrap_or(u64::MAX);
    let whole = ALARM_BACKOFF_FIRST_MS.saturating_mul(factor);
    // Jitter takes off at most half, so that the pause still grows.
    Duration::from_millis(whole.min(ALARM_BACKOFF_MAX_MS)).mul_f64(0.5 + chance / 2.0)
}

/// Ends some time after a stop was requested.
async fn stop_deadline(stop: &mut watch::Receiver<bool>) {
    // The sender is gone at a stop as well.
    let _ = stop.wait_for(|stop| *stop).await;
    sleep(Duration::from_secs(SINK_STOP_SECONDS)).await;
}

fn encode<T: serde::Serialize>(value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|fault| StoreError::Invalid(fault.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;
    use crate::status::StatusBoard;
    use crate::storage::{AlarmRows, Store};
    use crate::tests::{SiteText, load_site};

    /// A channel that nobody serves, with a store of its own.
    struct SenderBench {
        sender: ChannelSender,
        clock: Clock,
        _folder: tempfile::TempDir,
    }

    impl SenderBench {
        async fn new(more: &str) -> Self {
            let folder = tempfile::tempdir().unwrap();
            let channel = "[[alarm_channel]]\nid = 'hook'\nkind = 'webhook'\n\
                url = 'http://127.0.0.1:9/x'";
            let text = SiteText::new("s").with(channel).with(more).text();
            let config = load_site(&text);
            let clock = Clock::set(UtcMs(1_795_230_000_000), true);
            let (site, settings) = (&config.site, &config.store);
            let store = Store::open(folder.path(), site, settings, &text, &clock).unwrap();
            let name = stored_name("hook");
            store.set_alarm_channels(vec![name]).await.unwrap();
            let channel = config.alarm_channels[0].clone();
            let context = DeliveryContext {
                config: Arc::new(config),
                store,
                clock: clock.clone(),
                board: StatusBoard::default(),
            };
            Self {
                sender: ChannelSender::new(context, channel),
                clock,
                _folder: folder,
            }
        }

        async fn raise(&self, alarm: &str, severity: &str) {
            let body = serde_json::json!({
                "t": "", "dated": true, "alarm": alarm, "state": "raised", "severity": severity,
                "since": "", "text": { "id": "a", "en": "a" }
            });
            let rows = AlarmRows {
                states: Vec::new(),
                changes: vec![body.to_string()],
            };
            self.sender.context.store.keep_alarms(rows).await.unwrap();
        }

        async fn serve(&mut self) -> ChannelQueue {
            let (_keep, mut stop) = watch::channel(false);
            self.sender.serve(&mut stop).await.unwrap();
            self.sender.load_queue().await.unwrap()
        }
    }

    #[tokio::test]
    async fn a_message_that_nobody_takes_waits_and_is_given_up() {
        let mut bench = SenderBench::new("quiet_hours = 'none'").await;
        bench.raise("low/level", "warning").await;
        bench.raise("low/air", "notice").await;
        let queue = bench.serve().await;
        assert_eq!(
            queue.rows.len(),
            1,
            "a notice is below the severity of the channel"
        );
        let fault = queue.memory.fault.unwrap().fault;
        assert_eq!(fault.kind, FaultKind::NoNetwork);
        bench.clock.advance(Duration::from_hours(73));
        let queue = bench.serve().await;
        assert!(queue.rows.is_empty());
        assert_eq!((queue.memory.given_up, queue.memory.sent), (1, 0));
        assert_eq!(queue.memory.refusal.unwrap().fault.kind, FaultKind::GivenUp);
    }

    #[tokio::test]
    async fn a_full_queue_counts_what_it_leaves_out_and_a_quiet_hour_holds_back() {
        // 10:00 in Jakarta.
        let mut bench = SenderBench::new("quiet_hours = '09:00-11:00'").await;
        for _ in 0..ALARM_QUEUE_MAX + 7 {
            bench.raise("low/level", "warning").await;
        }
        let queue = bench.serve().await;
        assert_eq!(queue.rows.len(), ALARM_QUEUE_MAX);
        assert_eq!((queue.memory.left_out, queue.memory.unsaid[""]), (7, 7));
        assert!(queue.rows.iter().all(|(_, one)| one.held));
        assert_eq!(queue.memory.fault, None, "nothing was tried");
        bench.raise("hot/bin", "urgent").await;
        let queue = bench.serve().await;
        assert!(
            queue.memory.fault.is_some(),
            "what is urgent is tried at once"
        );
    }

    #[test]
    fn pauses_grow_from_seconds_to_minutes() {
        let pauses = [0, 1, 2, 40, u32::MAX].map(|failures| retry_pause(failures, 1.0).as_secs());
        assert_eq!(pauses, [5, 10, 20, 600, 600]);
        assert_eq!(retry_pause(2, 0.0).as_secs(), 10);
    }
}
