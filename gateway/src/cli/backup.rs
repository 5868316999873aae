//! `pantau backup`: a consistent copy of the store while the gateway runs, or without one.

use super::running::{Trouble, Way, complain, escaped, failed, load, progress};
use super::{DONE, WRONG};
use crate::config::Config;
use crate::store::Access;
use crate::words::Lang;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Copies the store to `to`, which must not be there yet; the exit status.
pub(super) async fn run(file: &Path, to: &Path, lang: Lang) -> u8 {
    let config = match load(file, lang) {
        Ok(config) => config,
        Err(status) => return status,
    };
    if to.exists() {
        complain(&lang.say("cli-backup-exists", &[("file", &to.display().to_string())]));
        return WRONG;
    }
    let bar = progress(None);
    bar.enable_steady_tick(Duration::from_millis(100));
    let done = copy(&config, to).await;
    bar.finish_and_clear();
    match done {
        Ok(()) => {
            complain(&lang.say("cli-backup-done", &[("file", &to.display().to_string())]));
            DONE
        }
        Err(trouble) => failed(&trouble, lang),
    }
}

async fn copy(config: &Config, to: &Path) -> Result<(), Trouble> {
    // The running gateway has a working directory of its own.
    let to: PathBuf = std::path::absolute(to)?;
    let mut way = Way::find(config, Access::Read).await?;
    let done = match &mut way {
        Way::Running(running) => {
            let path = format!("/control/backup?to={}", escaped(&to.to_string_lossy()));
            running.ask("POST", &path, "").await.map(drop)
        }
        Way::Own(store) => store.backup(to).await.map_err(Trouble::from),
    };
    way.close().await;
    done
}
