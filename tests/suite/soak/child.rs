//! The gateway of the soak in a process of its own, which can be killed and whose memory can be
//! measured: store, sink and figures of the gateway with a simulated clock.

use super::faults::{DAY_SLOTS, FLUSH_SLOTS, FaultPlan, SLOTS, SoakSite, slot_of};
use gateway::api::ApiState;
use gateway::clock::Clock;
use gateway::config::{Config, StoreSettings, load_config};
use gateway::fuzz_doors::SimulatedComputer;
use gateway::server::serve_http;
use gateway::sinks::{SinkContext, run_sink};
use gateway::status::StatusBoard;
use gateway::storage::Store;
use std::cell::Cell;
use std::io::Write as _;
use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::watch;

/// Environment of the child: folder, seed, first slot.
pub(super) const ENVIRONMENT: [&str; 3] =
    ["PANTAU_SOAK_FOLDER", "PANTAU_SOAK_SEED", "PANTAU_SOAK_FROM"];
/// Beginning of each line for the parent.
pub(super) const SAID: &str = "soak: ";
/// Pages that somebody looks at each week.
const PAGES: [&str; 6] = [
    "/",
    "/dampak",
    "/laporan",
    "/teknisi",
    "/api/v1/devices",
    "/metrics",
];

/// The child of `a_year_with_faults_..`, which starts it; by itself it does nothing.
#[tokio::test]
async fn gateway_of_the_soak() {
    let [folder, seed, from] = ENVIRONMENT.map(|name| std::env::var(name).ok());
    if let (Some(folder), Some(seed), Some(from)) = (folder, seed, from) {
        let config = load_config(&Path::new(&folder).join("pantau.toml")).unwrap();
        let plan = FaultPlan::of_seed(seed.parse().unwrap());
        SoakGateway::open(config, plan, from.parse().unwrap())
            .await
            .run()
            .await;
    }
}

/// Says something to the parent.
fn say(what: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "\n{SAID}{what}")
        .and_then(|()| out.flush())
        .unwrap();
}

/// Says something and waits until the parent has done it.
fn ask(what: &str) {
    say(what);
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).unwrap();
}

struct SoakGateway {
    config: Config,
    plan: FaultPlan,
    site: SoakSite,
    computer: SimulatedComputer,
    clock: Clock,
    store: Store,
    board: StatusBoard,
    from: u32,
    /// Readings may wait for their time.
    may_be_undated: Cell<bool>,
}

impl SoakGateway {
    async fn open(config: Config, plan: FaultPlan, from: u32) -> Self {
        let computer = SimulatedComputer::start(&format!("boot-{}", plan.boot_of(from)));
        let shown = plan.clocks(from);
        computer.show(shown.wall, shown.mono, shown.synchronised);
        let clock = computer.clock();
        let settings = StoreSettings {
            // The soak flushes by itself, so that it knows what was acknowledged.
            flush: Duration::from_hours(1),
            ..config.store.clone()
        };
        let text = config.revision_text();
        let path = &config.store.path;
        let store = Store::open(path, &config.site, &settings, &text, &clock).unwrap();
        store.set_configured_sinks(vec!["influx"]).await.unwrap();
        Self {
            site: SoakSite::new(),
            board: StatusBoard::default(),
            may_be_undated: Cell::new(true),
            config,
            plan,
            computer,
            clock,
            store,
            from,
        }
    }

    async fn run(self) {
        let newest = self.store.latest_samples().await.unwrap();
        let newest = newest.iter().map(|one| slot_of(one.sample.at)).max();
        say(&format!("kept {}", newest.map_or(-1, i64::from)));
        let (stop, stopped) = watch::channel(false);
        let sink = tokio::spawn(run_sink(
            Arc::clone(&self.config.sinks[0]),
            SinkContext {
                site: Arc::new(self.config.site.clone()),
                store: self.store.clone(),
                clock: self.clock.clone(),
                board: self.board.clone(),
                stop: stopped.clone(),
            },
        ));
        let page = self.serve_pages(stopped.clone()).await;
        for slot in self.from..SLOTS {
            self.poll(slot, page).await;
        }
        self.store.flush().await.unwrap();
        self.store.close_due_days().await.unwrap();
        self.wait_delivered().await;
        stop.send(true).unwrap();
        sink.await.unwrap();
        self.store.stop().await;
        ask("done");
    }

    /// Starts the pages; returns their port.
    async fn serve_pages(&self, stop: watch::Receiver<bool>) -> u16 {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = ApiState::new(&self.config, &self.store, &self.board, &self.clock);
        tokio::spawn(serve_http(listener, state, stop));
        port
    }

    async fn poll(&self, slot: u32, page: u16) {
        for full in &self.plan.full {
            match slot {
                slot if slot == full.start => ask("fill"),
                slot if slot == full.end => ask("free"),
                _ => {}
            }
        }
        let shown = self.plan.clocks(slot);
        self.computer
            .show(shown.wall, shown.mono, shown.synchronised);
        let now = self.clock.now();
        let mut readings = self.site.readings(slot, &self.plan);
        for reading in &mut readings {
            (reading.at, reading.mono, reading.dated) = (now.at, now.mono, now.trusted);
        }
        // As the gateway does: a full disk refuses it, and it is tried again.
        if now.trusted && self.may_be_undated.get() {
            self.may_be_undated
                .set(self.store.redate_all().await.is_err());
        }
        self.store.append_all(readings).await.unwrap();
        if slot % FLUSH_SLOTS == FLUSH_SLOTS - 1 && self.store.flush().await.is_ok() {
            say(&format!("acknowledged {slot}"));
        }
        if slot % (7 * DAY_SLOTS) == DAY_SLOTS / 2 {
            look_at_pages(page).await;
        }
        if self.plan.kills.iter().any(|kill| kill.at == slot) {
            ask("kill");
        }
    }

    async fn wait_delivered(&self) {
        let durable = *self.store.durable().borrow();
        crate::servers::wait_until("all is delivered", || {
            let board = self.board.snapshot();
            board
                .sinks
                .get("influx")
                .is_some_and(|sink| sink.settled >= durable)
        })
        .await;
    }
}

/// Looks at each page, as people do.
async fn look_at_pages(port: u16) {
    for page in PAGES {
        let (head, body) = crate::servers::http_response(port, page, "GET").await;
        assert!(
            head.contains(" 200 ") && !body.is_empty(),
            "{page}: {head}\n{body}"
        );
    }
}
