//! `pantau calibrate`: what a sensor shows against what is true, from a day on. Values that are
//! left out are asked for beside the reading of the moment; nothing is written down before a
//! summary was agreed to. While the gateway runs it is asked; without one the store is opened here.

mod desk;
mod measure;
mod show;

use super::args::CONFIG_DEFAULT;
use super::person::{Person, number, pair};
use super::running::{Trouble, complain, failed, load};
use super::{DONE, NO, WRONG};
use crate::field::calibrate::{self, Asked, Objection};
use crate::model::calibration::{Calibration, Kind};
use crate::store::Access;
use crate::words::Lang;
use clap::{Args, Subcommand};
pub(super) use desk::Desk;
use jiff::civil::Date;
pub(super) use show::effect;
use std::io::stdin;
use std::path::PathBuf;

/// What `pantau calibrate` is asked.
#[derive(Debug, Args)]
pub(super) struct Options {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    List(List),
    Level(Level),
    Strapping(Strapping),
    Pulses(Pulses),
    Ct(Ct),
    Withdraw(Withdraw),
}

/// The site, and what may be said of every entry.
#[derive(Debug, Args)]
struct Common {
    #[arg(short, long, value_name = "FILE", default_value = CONFIG_DEFAULT)]
    config: PathBuf,
    #[arg(long)]
    json: bool,
    /// First local day.
    #[arg(long = "date", value_name = "DATE")]
    since: Option<Date>,
    #[arg(long, value_name = "NAME")]
    who: Option<String>,
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
    /// The summary is agreed to.
    #[arg(long = "yes")]
    agreed: bool,
}

#[derive(Debug, Args)]
struct List {
    #[arg(short, long, value_name = "FILE", default_value = CONFIG_DEFAULT)]
    config: PathBuf,
    #[arg(long)]
    json: bool,
    /// Withdrawn and replaced ones as well.
    #[arg(long)]
    all: bool,
}

#[derive(Debug, Args)]
struct Level {
    #[command(flatten)]
    common: Common,
    #[arg(value_name = "POINT")]
    dipped: String,
    /// Earlier measurements.
    #[arg(long, value_name = "SHOWN=TRUE", value_parser = equal)]
    pair: Vec<(f64, f64)>,
    /// The true level now.
    #[arg(long, value_name = "LEVEL", value_parser = finite)]
    dip: Option<f64>,
    /// The tank is empty now.
    #[arg(long, conflicts_with = "dip")]
    dry: bool,
}

#[derive(Debug, Args)]
struct Strapping {
    #[command(flatten)]
    common: Common,
    #[arg(value_name = "TANK")]
    tank: String,
    #[arg(long, value_name = "METRES=LITRES", value_parser = equal)]
    row: Vec<(f64, f64)>,
    /// The same as a table.
    #[arg(long, value_name = "FILE.csv", conflicts_with = "row")]
    rows: Option<PathBuf>,
}

#[derive(Debug, Args)]
struct Pulses {
    #[command(flatten)]
    common: Common,
    #[arg(value_name = "POINT")]
    counter: String,
    /// Counted meanwhile.
    #[arg(long = "pulses", value_name = "N", value_parser = finite, requires = "litres")]
    counted: Option<f64>,
    #[arg(long, value_name = "L", value_parser = finite)]
    litres: Option<f64>,
}

#[derive(Debug, Args)]
struct Ct {
    #[command(flatten)]
    common: Common,
    #[arg(value_name = "DEVICE")]
    device: String,
    /// What the meter is set to.
    #[arg(long, value_name = "A/A", value_parser = ratio)]
    set: Option<(f64, f64)>,
    /// What is mounted.
    #[arg(long, value_name = "A/A", value_parser = ratio)]
    mounted: Option<(f64, f64)>,
}

#[derive(Debug, Args)]
struct Withdraw {
    #[command(flatten)]
    common: Common,
    #[arg(value_name = "ID")]
    id: u64,
}

fn equal(text: &str) -> Result<(f64, f64), String> {
    pair(text, '=').ok_or_else(|| "0.03=0".to_owned())
}

fn ratio(text: &str) -> Result<(f64, f64), String> {
    pair(text, '/').ok_or_else(|| "100/5".to_owned())
}

fn finite(text: &str) -> Result<f64, String> {
    number(text).ok_or_else(|| "1.25".to_owned())
}

impl Command {
    fn site(&self) -> (&PathBuf, bool) {
        let common = match self {
            Self::List(list) => return (&list.config, list.json),
            Self::Level(Level { common, .. })
            | Self::Strapping(Strapping { common, .. })
            | Self::Pulses(Pulses { common, .. })
            | Self::Ct(Ct { common, .. })
            | Self::Withdraw(Withdraw { common, .. }) => common,
        };
        (&common.config, common.json)
    }
}

/// Does what is asked; the exit status.
pub(super) async fn run(options: Options, lang: Lang) -> u8 {
    let (file, json) = options.command.site();
    let config = match load(file, lang) {
        Ok(config) => config,
        Err(status) => return status,
    };
    let access = match &options.command {
        Command::List(_) => Access::Read,
        _ => Access::Write,
    };
    let mut desk = match Desk::open(&config, lang, access).await {
        Ok(desk) => desk,
        Err(trouble) => return failed(&trouble, lang),
    };
    let mut input = stdin().lock();
    let mut person = Person::new(&mut input, lang);
    let done = dispatch(&mut desk, &mut person, &options.command, json).await;
    desk.close().await;
    done.unwrap_or_else(|trouble| failed(&trouble, lang))
}

async fn dispatch(
    desk: &mut Desk<'_>,
    person: &mut Person<'_>,
    command: &Command,
    json: bool,
) -> Result<u8, Trouble> {
    let (common, kind, target) = match command {
        Command::List(list) => {
            let all = desk.all().await?;
            show::list(&all, desk.day(), list.all, json, desk.lang);
            return Ok(DONE);
        }
        Command::Withdraw(asked) => return withdraw(desk, person, asked).await,
        Command::Level(asked) => (&asked.common, Kind::Level, &asked.dipped),
        Command::Strapping(asked) => (&asked.common, Kind::Strapping, &asked.tank),
        Command::Pulses(asked) => (&asked.common, Kind::Pulses, &asked.counter),
        Command::Ct(asked) => (&asked.common, Kind::Ct, &asked.device),
    };
    let (site, assets) = (&desk.config.site, &desk.config.assets);
    let subject = match calibrate::subject(kind, target, site, assets) {
        Ok(subject) => subject,
        Err(objection) => {
            object(&[objection], desk.lang);
            return Ok(WRONG);
        }
    };
    let pairs = match command {
        Command::Level(asked) => measure::level(desk, person, asked, &subject).await?,
        Command::Strapping(asked) => measure::strapping(desk, person, asked).await?,
        Command::Pulses(asked) => measure::pulses(desk, person, asked, &subject).await?,
        Command::Ct(asked) => measure::ct(person, asked),
        Command::List(_) | Command::Withdraw(_) => Vec::new(),
    };
    let asked = Asked {
        kind,
        target: target.clone(),
        pairs,
        since: common.since,
        who: who(common, person),
        note: common.note.clone().unwrap_or_default(),
    };
    let checked = calibrate::check(&asked, &desk.config.site, &desk.config.assets, desk.today);
    match checked {
        Ok(said) => write(desk, person, said, common).await,
        Err(against) => {
            object(&against, desk.lang);
            Ok(NO)
        }
    }
}

/// Who did it: as said, the user of this computer, or asked for.
fn who(common: &Common, person: &mut Person<'_>) -> String {
    let said = common.who.clone().or_else(super::running::user);
    let question = person.lang.text("calibrate-ask-who");
    let said = said.or_else(|| person.line(&question));
    said.unwrap_or_default()
}

async fn withdraw(
    desk: &mut Desk<'_>,
    person: &mut Person<'_>,
    asked: &Withdraw,
) -> Result<u8, Trouble> {
    let all = desk.all().await?;
    let Some(old) = all.entries().iter().find(|entry| entry.id == asked.id) else {
        let id = asked.id.to_string();
        complain(&desk.lang.say("calibrate-unknown", &[("id", &id)]));
        return Ok(WRONG);
    };
    let common = &asked.common;
    let note = common.note.clone().unwrap_or_default();
    let days = (common.since, desk.today);
    match calibrate::withdraw(old, days, &who(common, person), &note) {
        Ok(said) => write(desk, person, said, common).await,
        Err(against) => {
            object(&against, desk.lang);
            Ok(NO)
        }
    }
}

/// Shows what is to be written down, and writes it when that was agreed to.
async fn write(
    desk: &mut Desk<'_>,
    person: &mut Person<'_>,
    said: Calibration,
    common: &Common,
) -> Result<u8, Trouble> {
    let before = desk.all().await?;
    complain(&show::summary(&said, &before, desk));
    if !common.agreed && !person.agrees(&desk.lang.text("calibrate-ask-agree")) {
        complain(&desk.lang.text("calibrate-not-agreed"));
        return Ok(NO);
    }
    let kept = desk.add(said).await?;
    show::added(&kept, common.json, desk.lang);
    Ok(DONE)
}

/// Everything that speaks against it.
fn object(against: &[Objection], lang: Lang) {
    for one in against {
        let args = [("found", &*one.found), ("expected", &*one.expected)];
        complain(&lang.say(one.key, &args));
    }
}
