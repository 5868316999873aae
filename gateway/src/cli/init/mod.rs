//! `pantau init`: asks for a site, finds its devices, and writes a `pantau.toml` that runs at once.
//!
//! Entry point: [`run_init`]. Each answer is kept in a draft beside the file, so that Ctrl-C loses
//! nothing; an existing file is never changed.
//!
//! ```text
//! $ pantau init ~/desa-impian
//! $ pantau init -c pantau.toml --name "Desa Impian" --zone WIB --port /dev/ttyUSB0 --yes
//! ```
//!
//! User documentation: `docs/field.md`, "A new site".

mod asset_questions;
mod found_devices;
mod init_args;
mod kept_device;
mod local_networks;
mod place_text;
mod site_answers;
mod site_file;
mod zone_words;

use super::backend::print_stderr;
use super::exit_status::print_usage_error;
use super::exit_status::{EXIT_DONE, EXIT_NEGATIVE, EXIT_USAGE, fail_with_message};
use super::file_error::io_reason;
use super::interview::{AnswerDraft, Interview};
use super::run::wait_for_stop;
use crate::commissioning::scan::plan_additions;
use crate::config::{self, Config};
use crate::i18n::Language;
use found_devices::FoundChoice;
pub(super) use init_args::InitArgs;
use site_answers::{NoAnswer, SiteAnswers};
use site_file::SiteParts;
use std::io::{IsTerminal as _, Write as _};
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Name of a configuration.
const FILE_NAME: &str = "pantau.toml";
/// Directory of the store, beside the configuration, for a user who cannot write the usual one.
const OWN_STORE: &str = "data";
/// Directory of the store of a gateway that runs as a service.
const SERVICE_STORE: &str = "/var/lib/pantau";
/// Ports of the page that are tried.
const WEB_PORTS: std::ops::RangeInclusive<u16> = 8080..=8099;

/// Asks, scans and writes; returns the exit status.
pub(super) async fn run_init(args: &InitArgs, lang: Language) -> u8 {
    let file = match (&args.config, &args.dir) {
        (Some(file), _) => file.clone(),
        (None, Some(dir)) => dir.join(FILE_NAME),
        (None, None) => PathBuf::from(FILE_NAME),
    };
    if file.exists() {
        let file = file.display().to_string();
        return print_usage_error(&lang.text_with("cli-init-exists", &[("file", &file)]));
    }
    let draft = draft_file(&file);
    if let Err(why) = prepare_folder(&draft) {
        let why = io_reason(&why, lang);
        return fail_with_message(&format!("{}: {why}", file.display()));
    }
    let stdin = std::io::stdin();
    let is_terminal = stdin.is_terminal() && !args.yes;
    let mut input = stdin.lock();
    let mut talk = Interview::new(&mut input, is_terminal, lang);
    if args.yes {
        talk.accept_all();
    }
    let scanning = Arc::new(AtomicBool::new(false));
    if is_terminal {
        match AnswerDraft::open(&draft) {
            Ok(kept) => talk.draft = kept,
            Err(why) => {
                let why = io_reason(&why, lang);
                return fail_with_message(&format!("{}: {why}", draft.display()));
            }
        }
        watch_interrupt(&scanning, &draft, lang);
        let shown = draft.display().to_string();
        print_stderr(&lang.text_with("cli-init-hello", &[("draft", &shown)]));
        talk.offer_draft();
    }
    match make_site(&mut talk, args, &file, &scanning).await {
        Ok(text) => write_site(&mut talk, &file, &text),
        Err(NoAnswer::WrongOption) => EXIT_USAGE,
        Err(NoAnswer::Ended) => {
            if is_terminal {
                print_kept(&draft, lang);
            } else {
                print_stderr(&lang.text("cli-init-ended"));
            }
            EXIT_NEGATIVE
        }
    }
}

/// File of the draft beside the configuration.
fn draft_file(file: &Path) -> PathBuf {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    file.with_file_name(format!("{name}.draft"))
}

/// Makes the directory, and tries whether a file can be written there, before the first question.
fn prepare_folder(draft: &Path) -> std::io::Result<()> {
    if let Some(folder) = draft
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
    {
        std::fs::create_dir_all(folder)?;
    }
    let is_new = !draft.exists();
    std::fs::OpenOptions::new()
        .append(true)
        .create(true)
        .open(draft)?;
    if is_new {
        std::fs::remove_file(draft)?;
    }
    Ok(())
}

fn print_kept(draft: &Path, lang: Language) {
    let draft = draft.display().to_string();
    print_stderr(&lang.text_with("cli-init-kept", &[("draft", &draft)]));
}

/// Ends the program at Ctrl-C while a question waits. A scan listens for itself, for there Ctrl-C
/// ends only the search.
fn watch_interrupt(scanning: &Arc<AtomicBool>, draft: &Path, lang: Language) {
    let (scanning, draft) = (Arc::clone(scanning), draft.to_owned());
    // A thread of its own: the question blocks the only thread of the runtime.
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        // Without it Ctrl-C ends the program by itself, without a word.
        let Ok(runtime) = runtime else { return };
        loop {
            runtime.block_on(wait_for_stop());
            if !scanning.load(Ordering::SeqCst) {
                print_stderr("");
                print_kept(&draft, lang);
                std::process::exit(i32::from(EXIT_NEGATIVE));
            }
        }
    });
}

/// Asks everything and returns the text of the file.
async fn make_site(
    talk: &mut Interview<'_>,
    args: &InitArgs,
    file: &Path,
    scanning: &AtomicBool,
) -> Result<String, NoAnswer> {
    let lang = talk.lang();
    let site = site_answers::ask_site(talk, args)?;
    let found = found_devices::find_devices(talk, args, scanning).await?;
    let mut parts = SiteParts {
        store: store_path(),
        web_port: free_web_port(),
        unknown: found.unknown_places(lang),
        ..SiteParts::default()
    };
    add_devices(&site, &found, &mut parts, (file, lang))?;
    let config = load_text(&site_file::site_text(&site, &parts, lang), file, lang)?;
    parts.assets = asset_questions::ask_assets(talk, &config)?;
    let text = site_file::site_text(&site, &parts, lang);
    load_text(&text, file, lang)?;
    Ok(text)
}

/// Adds the tables of the chosen devices.
fn add_devices(
    site: &SiteAnswers,
    found: &FoundChoice,
    parts: &mut SiteParts,
    (file, lang): (&Path, Language),
) -> Result<(), NoAnswer> {
    let base = load_text(&site_file::site_text(site, parts, lang), file, lang)?;
    let additions = plan_additions(&base, &found.chosen, lang);
    for sentence in &additions.left_out {
        print_stderr(sentence);
    }
    parts.devices = additions.text;
    Ok(())
}

/// Configuration of a text; its faults are told, with the text, so that nothing is lost.
fn load_text(text: &str, file: &Path, lang: Language) -> Result<Config, NoAnswer> {
    config::load_config_text(text, file, &|_| None).map_err(|faults| {
        print_stderr(text);
        print_stderr(&faults.render(lang));
        NoAnswer::Ended
    })
}

/// Directory of the store: that of the service when this user can write it, else one beside the
/// configuration.
fn store_path() -> String {
    let probe = Path::new(SERVICE_STORE).join(".pantau-init");
    let is_writable = std::fs::File::create_new(&probe).is_ok();
    if is_writable {
        // A probe that stays is an empty file.
        let _ = std::fs::remove_file(&probe);
        return SERVICE_STORE.to_owned();
    }
    OWN_STORE.to_owned()
}

/// The first free port for the page.
fn free_web_port() -> u16 {
    let is_free = |port: &u16| TcpListener::bind((Ipv4Addr::UNSPECIFIED, *port)).is_ok();
    WEB_PORTS
        .into_iter()
        .find(is_free)
        .unwrap_or(*WEB_PORTS.start())
}

/// Shows the text and writes it after agreement; returns the exit status.
fn write_site(talk: &mut Interview<'_>, file: &Path, text: &str) -> u8 {
    let lang = talk.lang();
    let shown = file.display().to_string();
    print_stderr(&lang.text_with("cli-init-show", &[("file", &shown)]));
    print_stderr(text);
    let question = lang.text_with("cli-init-ask-write", &[("file", &shown)]);
    if talk.ask_yes("write", &question, true) != Some(true) {
        print_stderr(&lang.text("cli-init-not-written"));
        return EXIT_NEGATIVE;
    }
    if let Err(why) = write_new_file(file, text) {
        let key = match why.kind() {
            std::io::ErrorKind::AlreadyExists => "cli-init-exists",
            _ => "cli-init-failed",
        };
        let why = io_reason(&why, lang);
        let args = [("file", shown.as_str()), ("why", &why)];
        return fail_with_message(&lang.text_with(key, &args));
    }
    talk.draft.finish();
    print_stderr(&lang.text_with("cli-init-done", &[("file", &shown)]));
    EXIT_DONE
}

/// Writes a new file; an existing one is never changed.
fn write_new_file(file: &Path, text: &str) -> std::io::Result<()> {
    let mut out = std::fs::File::create_new(file)?;
    out.write_all(text.as_bytes())?;
    out.sync_all()
}
